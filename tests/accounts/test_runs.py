from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts import documents, render, runs
from ewater.accounts.client import Client
from ewater.balance.expressions import codes
from ewater.errors import NotReadyError, UsageError
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import folder, recording, registry

pytestmark = pytest.mark.db

COUNTRY = Path(__file__).parents[1] / "countries" / "two_basins"
ISSUED = pd.Timestamp("2024-02-01T00:00Z")


def csv_of(values: dict[str, float], days: pd.DatetimeIndex) -> bytes:
    """Write one constant value a day for each series; counters grow by theirs."""
    parts = []
    for series, value in values.items():
        growing = series.endswith(".N")
        numbers = value * np.arange(len(days)) if growing else np.full(len(days), value)
        times = days.strftime("%Y-%m-%dT%H:%M:%SZ")
        parts.append(pd.DataFrame({"series": series, "time": times, "value": numbers}))
    return pd.concat(parts).to_csv(index=False).encode()


HOURS = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")  # in Baku
YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))
VALUES = {"G-IN.Q": 10.0, "G-MID.Q": 8.0, "RES.H": 7500.0, "PUMP.N": 3600.0}
QUANTITY = {"value", "known", "missing", "u", "coverage", "status", "status_shares"}


@pytest.fixture
def ingest(engine):
    """Load rows that were issued on a day."""

    def load(data, issued=ISSUED):
        options = Options(issued_at=issued.to_pydatetime())
        return jobs.ingest(engine, Memory(f"{issued:%Y%m%d}.csv", data), options)

    return load


@pytest.fixture
def country(engine):
    """Database with two basins, without readings."""
    frames = folder.read(COUNTRY, expression_codes=codes)
    curves = frames["curves"]  # its areas suit the folder's own tests, not its volumes
    frames["curves"] = curves[curves["kind"] != "area"]
    registry.load(engine, frames, expression_codes=codes)
    return engine


@pytest.fixture
def measured(country, ingest):
    ingest(csv_of(VALUES, HOURS))
    return country


def balance(engine, **options):
    return documents.balance(runs.obtain(engine, *YEAR, "year", **options), "TB")


def test_the_document_has_the_promised_keys(measured):
    document = balance(measured)
    assert {"territory", "boundary", "basis", "unit", "as_of", "run", "periods"} <= set(
        document
    )
    (period,) = document["periods"]
    assert period["start"] == "2023-01-01T00:00:00+04:00"
    for name in ("inflow", "outflow", "storage_change"):
        assert set(period[name]) == QUANTITY
    assert set(period["residual"]) > QUANTITY | {"z"}
    assert set(period["sectors"]) == {
        "agriculture", "industry", "energy", "water_supply", "sewerage", "services",
        "households",
    }  # fmt: skip
    assert all(set(q) == QUANTITY for q in period["sectors"]["agriculture"].values())
    json.loads(render.as_json(document), parse_constant=pytest.fail)


def test_what_nobody_measured_is_null_and_named(measured):
    (period,) = balance(measured)["periods"]
    outflow = period["outflow"]
    assert outflow["value"] is None
    assert "EVAP" in outflow["missing"]
    assert outflow["known"] > 0
    assert period["residual"]["value"] is None
    inflow = period["terms"]["inflow_from_neighbours"]
    assert inflow["value"] == pytest.approx(10 * 365 * 86400)


def test_a_run_is_kept_and_reads_back_the_same_to_the_bit(measured):
    first = balance(measured)
    with measured.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM run")).scalar_one()
        flow = connection.execute(
            text("SELECT volume FROM run_flow WHERE flow = 'IN'")
        ).scalar_one()
    assert kept == 1
    assert flow == pytest.approx(10 * 365 * 86400)
    assert balance(measured) == first
    with measured.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM run")).scalar_one() == 1


def test_the_account_as_of_t_never_changes_when_later_data_arrive(measured, ingest):
    with measured.connect() as connection:
        then = recording.latest(connection)
    before = balance(measured, as_of=then)
    ingest(csv_of({"G-IN.Q": 12.5}, HOURS), pd.Timestamp("2024-03-01T00:00Z"))
    frames = folder.read(COUNTRY, expression_codes=codes)
    frames["flows"].loc[frames["flows"]["code"] == "OUT", "measured_by"] = "G-IN.Q"
    registry.load(measured, {"flows": frames["flows"]}, expression_codes=codes)
    now = balance(measured)
    with measured.begin() as connection:
        connection.execute(text("DELETE FROM run"))
    assert balance(measured, as_of=then) == before
    term = now["periods"][0]["terms"]["inflow_from_neighbours"]
    assert term["value"] == pytest.approx(12.5 * 365 * 86400)
    assert now["run"] != before["run"]


def test_before_a_country_was_loaded_there_is_no_account(measured):
    with pytest.raises(NotReadyError, match="no country was loaded by"):
        balance(measured, as_of=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


def test_without_a_country_the_error_says_what_to_run(engine):
    with pytest.raises(NotReadyError, match="ewater load"):
        runs.obtain(engine, *YEAR, "year")


def test_an_unknown_territory_is_refused(measured):
    with pytest.raises(UsageError, match="ATLANTIS"):
        documents.balance(runs.obtain(measured, *YEAR, "year"), "ATLANTIS")


def test_months_add_up_to_the_year_where_all_is_measured(measured):
    monthly = documents.balance(runs.obtain(measured, *YEAR, "month"), "TB")
    (year,) = balance(measured)["periods"]
    parts = [p["terms"]["inflow_from_neighbours"]["value"] for p in monthly["periods"]]
    assert len(parts) == 12
    total = year["terms"]["inflow_from_neighbours"]["value"]
    assert sum(parts) == pytest.approx(total, rel=1e-12)


def test_a_new_storage_curve_is_a_line_of_its_own(measured):
    surveyed = folder.read(COUNTRY, expression_codes=codes)["curves"]
    stored = surveyed[surveyed["kind"] == "storage"].copy()
    summer = pd.Timestamp("2023-07-01", tz="UTC").as_unit("us")
    for edge in ("valid_from", "valid_to"):
        stored.loc[stored[edge].notna(), edge] = summer
    registry.load(measured, {"curves": stored}, expression_codes=codes)
    ours = 0.5  # the national share of the border reservoir
    for _ in ("computed", "kept"):
        (period,) = balance(measured)["periods"]
        assert period["storage_change"]["value"] == 0
        assert period["other_change"]["value"] == pytest.approx(-2e6 * ours)
    document = balance(measured)
    assert "other_change" in render.as_csv(document)


def test_the_client_gives_the_numbers_of_the_document(measured):
    store = Client(measured)
    account = store.account("TB", "2023")
    (period,) = balance(measured)["periods"]
    known = account["outflow_known"].sel(territory="TB").item()
    assert known == period["outflow"]["known"]
    assert account["outflow"].attrs["units"] == "m3"
    readings = store.readings("G-IN.Q", "2023-02")
    assert readings["row_size"].item() == 28 * 24
    volume = store.volumes("G-IN.Q", "2023", step="month")["volume"]
    np.testing.assert_allclose(volume.sel(series="G-IN.Q").sum(), 10 * 365 * 86400)
    assert list(store.series()["code"]) == sorted(store.table("series")["code"])


def test_csv_has_a_line_per_quantity_and_leaves_the_unknown_empty(measured):
    rows = [
        line for line in render.as_csv(balance(measured)).splitlines() if line[0] != "#"
    ]
    header = rows[0].split(",")
    outflow = next(row.split(",") for row in rows if ",outflow," in row)
    cells = dict(zip(header, outflow, strict=True))
    assert cells["value_m3"] == ""
    assert float(cells["known_m3"]) > 0
    assert "EVAP" in cells["missing"]
