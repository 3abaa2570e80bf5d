"""Jackson Lake, 2009-2016, as a country of one reservoir.

This tests the plumbing and proves no accuracy: the publisher computed the inflow
from the other two series.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "calendars.csv": "code,timezone,day_start,year_start\nUTC,UTC,00:00,01-01\n",
    "sites.csv": (
        "code,kind,name_az,name_en,name_ru,lat,lon,capacity_m3\n"
        "JCK,reservoir,Jackson,Jackson Lake,Джексон,43.86,-110.6,1044000000\n"
    ),
    "series.csv": (
        "code,site,quantity,unit,signal,interval_s,timezone,u_random_pct,"
        "u_systematic_pct,derived\n"
        "JCK.S,JCK,storage,m3,mean_preceding,86400,UTC,0.1,2.5,false\n"
        "JCK.OUT,JCK,discharge,m3/d,mean_preceding,86400,UTC,2,3,false\n"
        "JCK.IN,JCK,discharge,m3/d,mean_preceding,86400,UTC,2,3,true\n"
    ),
    "accounts.csv": (
        "code,kind,territory,site\n"
        "LAKE,reservoir,WY,JCK\nABOVE,neighbour,,\nBELOW,neighbour,,\n"
    ),
    "flows.csv": (
        "code,from,to,term,measured_by\n"
        "IN,ABOVE,LAKE,inflow_from_neighbours,JCK.IN\n"
        "OUT,LAKE,BELOW,outflow_to_neighbours,JCK.OUT\n"
    ),
    "stocks.csv": "account,measured_by\nLAKE,JCK.S\n",
}
SQUARE = [[-111, 43], [-110, 43], [-110, 45], [-111, 45], [-111, 43]]
TERRITORY = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "code": "WY",
                "kind": "country",
                "parent": None,
                "name_az": "Jackson",
                "name_en": "Jackson",
                "name_ru": "Джексон",
            },
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
    ],
}


@pytest.fixture(scope="module")
def published(shared_data: Path) -> pd.DataFrame:
    path = shared_data / "real/telemetry/reservoir/jackson_lake_daily_2009_2016.csv"
    frame = pd.read_csv(path)
    times = pd.to_datetime(frame.pop("DateTime"), format="%m/%d/%Y")
    frame.columns = ["JCK.S", "JCK.OUT", "JCK.IN"]
    return frame.set_axis(times)


@pytest.fixture
def country(tmp_path: Path) -> Path:
    folder = tmp_path / "jackson"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "territories.geojson").write_text(json.dumps(TERRITORY))
    return folder


@pytest.fixture
def readings_file(tmp_path: Path, published: pd.DataFrame) -> Path:
    long = published.rename_axis("time").reset_index().melt("time", var_name="series")
    long["time"] = long["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    path = tmp_path / "readings.csv"
    long[["series", "time", "value"]].to_csv(path, index=False)
    return path


def test_the_publishers_own_numbers_leave_2_8_hm3_in_eight_years(
    country: Path, published: pd.DataFrame
) -> None:
    import xarray as xr

    from ewater.accounts import pipeline
    from ewater.balance.account import account
    from ewater.series.calendars import Calendar
    from ewater.store import folder

    frames = folder.complete(folder.read(country))
    frames["site_territories"] = pd.DataFrame({"site": ["JCK"], "territory": ["WY"]})
    days = published.index.to_numpy().astype("M8[us]")
    scale = {"JCK.S": 1.0, "JCK.OUT": 1 / 86400, "JCK.IN": 1 / 86400}
    readings = xr.Dataset(
        {
            "row_size": ("series", np.full(3, len(days))),
            "time": ("reading", np.tile(days, 3)),
            "value": (
                "reading",
                np.concatenate([published[c] * f for c, f in scale.items()]),
            ),
            "flag": ("reading", np.ones(3 * len(days), dtype=np.uint8)),
            "lineage": ("reading", np.zeros(3 * len(days), dtype=np.uint8)),
        },
        coords={"series": list(scale)},
    )
    bounds = days[[0, -1]].astype(np.int64)  # first stock 2009-01-01
    inputs = pipeline.compute(frames, readings, bounds, Calendar.UTC)
    result = account(inputs.ledger, inputs.sources, inputs.weights, inputs.stocks).sel(
        territory="WY"
    )
    assert inputs.stocks["volume"].values[0, 0] == published["JCK.S"].iloc[0]
    assert result["residual"].item() / 1e6 == pytest.approx(2.76, abs=0.005)
    assert result["inflow_coverage"].item() == pytest.approx(1.0)


@pytest.mark.db
def test_the_same_through_the_store_day_by_day(
    country: Path, readings_file: Path, published: pd.DataFrame, database_url: str
) -> None:
    from typer.testing import CliRunner

    from ewater.cli.main import app

    runner = CliRunner(env={"EWATER_DATABASE_URL": database_url})

    def ewater(*arguments: str) -> str:
        done = runner.invoke(app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    ewater("load", str(country))
    ewater("ingest", str(readings_file), "--no-progress")
    answer = json.loads(
        ewater(
            *["balance", "--territory", "WY", "--step", "day", "--format", "json"],
            *["--from", "2009-01-01", "--to", "2016-12-31"],
        )
    )
    residuals = [period["residual"]["value"] for period in answer["periods"]]
    assert len(residuals) == len(published) - 1
    assert sum(residuals) / 1e6 == pytest.approx(2.76, abs=0.005)
    inflows = [
        period["terms"]["inflow_from_neighbours"] for period in answer["periods"]
    ]
    assert sum(q["value"] < 0 for q in inflows) == (published["JCK.IN"] < 0).sum() == 15
    assert {q["status"] for q in inflows} == {"modelled"}
