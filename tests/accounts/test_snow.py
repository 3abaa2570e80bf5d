"""Snow of a country as its forecast takes it: by month and basin, and for whom."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ewater.accounts.forecasting import history, make
from ewater.store import folder, registry

pytestmark = pytest.mark.db
DAYS = pd.date_range("2021-01-01", "2023-12-31", freq="D", tz="Asia/Baku")


@pytest.fixture
def snowy(three_years, two_basins, ingest):
    """Two stations in the upper west, one with twice the snow of the other."""
    frames = folder.read(two_basins)
    sites, series = frames["sites"].head(2).copy(), frames["series"].head(2).copy()
    sites["code"], sites["kind"] = ["S1", "S2"], "climate"
    sites["lat"], sites["lon"] = 40.3, [46.2, 46.3]
    series["code"], series["site"] = ["S1.W", "S2.W"], ["S1", "S2"]
    series["quantity"], series["unit"], series["signal"] = "snow", "mm", "instantaneous"
    more = {"sites": sites, "series": series}
    both = {
        name: pd.concat([frames[name], rows], ignore_index=True)
        for name, rows in more.items()
    }
    registry.load(three_years, both)
    depth = 100.0 * (1 + DAYS.month.to_numpy() % 3)
    times = DAYS.strftime("%Y-%m-%dT%H:%M:%S%z")
    rows = [
        pd.DataFrame({"series": code, "time": times, "value": factor * depth})
        for code, factor in (("S1.W", 1.0), ("S2.W", 2.0))
    ]
    ingest(pd.concat(rows).to_csv(index=False).encode())
    return three_years


def test_snow_is_taken_by_month_and_basin(snowy):
    origin = dt.date(2023, 7, 1)
    found = history.read(snowy, history.plan(snowy, origin))
    snow = found.snow
    assert [str(c) for c in snow.records.codes] == [
        "snow:WEST-UP",
        "snow:WEST",
    ]
    assert snow.records.first == found.flows.first
    value = snow.records.value
    assert value.shape[1] == found.flows.value.shape[1]
    # 100, 200 and 300 mm in turn; two stations count alike, whatever they have
    calendar = (snow.records.first + np.arange(value.shape[1])) % 12 + 1
    wanted = 100.0 * (1 + calendar % 3)
    np.testing.assert_allclose(value[0], wanted / wanted.mean(), rtol=1e-9)

    flows = [str(code) for code in found.run.inputs.ledger.flows]
    speaks = {c: int(n) for c, n in zip(flows, snow.of_flow, strict=True)}
    assert speaks["IN"] == 0  # enters the river of the upper west
    assert speaks["RELEASE"] == 1  # of a reservoir elsewhere in the west
    assert speaks["OUT"] == -1  # of the east, which has no station
    assert speaks["USE"] == -1  # of no river

    records = make._joined(found)
    row = flows.index("IN")
    assert [str(records.codes[n]) for n in records.companions[row]][1] == (
        "snow:WEST-UP"
    )
    outlook = make.make(found, 3)
    assert outlook.flow.shape[0] == len(flows)
    assert not outlook.scores["code"].str.startswith("snow:").any()


def test_without_snow_there_is_nothing_to_look_at(three_years):
    found = history.read(three_years, history.plan(three_years))
    assert (found.snow.of_flow == -1).all()
    assert make._joined(found).companions.shape[1] == 1
