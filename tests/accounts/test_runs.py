from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts import documents, render, runs
from ewater.accounts.client import Client
from ewater.balance.expressions import codes
from ewater.errors import NotReadyError, UsageError
from ewater.store import folder, recording, registry

pytestmark = pytest.mark.db

YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))
QUANTITY = {"value", "known", "missing", "u", "coverage", "status", "status_shares"}


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


def test_the_account_as_of_t_never_changes_when_later_data_arrive(
    measured, ingest, hourly, two_basins
):
    with measured.connect() as connection:
        then = recording.latest(connection)
    before = balance(measured, as_of=then)
    ingest(hourly({"G-IN.Q": 12.5}), pd.Timestamp("2024-03-01T00:00Z"))
    frames = folder.read(two_basins, expression_codes=codes)
    frames["flows"].loc[frames["flows"]["code"] == "OUT", "measured_by"] = "G-IN.Q"
    registry.load(measured, {"flows": frames["flows"]}, expression_codes=codes)
    now = balance(measured)
    with measured.begin() as connection:
        connection.execute(text("DELETE FROM run"))
    assert balance(measured, as_of=then) | {"stale": None} == before
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


def test_a_counter_that_begins_again_gives_all_its_volume(measured):
    (period,) = balance(measured)["periods"]
    taken = period["terms"]["abstraction"]
    ours = 0.5  # the national share of the border reservoir
    assert taken["value"] == pytest.approx(ours * 3600 * 365 * 24)
    assert taken["missing"] == []


def test_months_add_up_to_the_year_where_all_is_measured(measured):
    monthly = documents.balance(runs.obtain(measured, *YEAR, "month"), "TB")
    (year,) = balance(measured)["periods"]
    parts = [p["terms"]["inflow_from_neighbours"]["value"] for p in monthly["periods"]]
    assert len(parts) == 12
    total = year["terms"]["inflow_from_neighbours"]["value"]
    assert sum(parts) == pytest.approx(total, rel=1e-12)


def test_a_new_storage_curve_is_a_line_of_its_own(measured, two_basins):
    surveyed = folder.read(two_basins, expression_codes=codes)["curves"]
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


def test_a_territory_that_nobody_described_is_unknown_and_says_what_to_do(
    country, two_basins, capsys
):
    frames = folder.read(two_basins, expression_codes=codes)
    land = frames["territories"]
    dry = land.iloc[[1]].assign(code="DRY", kind="system")
    dry["geometry"] = dry.geometry.translate(9, 0)  # where no site lies
    frames["territories"] = pd.concat([land, dry], ignore_index=True)
    curves = frames["curves"]
    frames["curves"] = curves[curves["kind"] != "area"]
    registry.load(country, frames, expression_codes=codes)
    document = documents.balance(runs.obtain(country, *YEAR, "year"), "DRY")
    (period,) = document["periods"]
    assert document["empty"]
    for name in ("inflow", "outflow", "storage_change", "residual", "use"):
        found = period[name]
        assert (found["value"], found["known"]) == (None, 0.0), name
        assert (found["coverage"], found["missing"]) == (None, []), name
    assert period["sectors"]["agriculture"]["use"]["value"] is None
    assert period["terms"] == {}
    render.print_table(document)
    assert "account_territories.csv" in capsys.readouterr().out
    assert render.as_csv(document)
