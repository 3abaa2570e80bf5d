from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.accounts import documents, pipeline, runs, stale
from ewater.balance.expressions import codes
from ewater.cli.main import app
from ewater.ingest import edits
from ewater.ingest.reports_csv import HEADER
from ewater.store import folder, recording, registry
from ewater.store.instants import microseconds
from ewater.terms import Flag

pytestmark = pytest.mark.db

YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))
MARCH = pd.Timestamp("2024-03-01T00:00Z")
JUNE = pd.Timestamp("2023-06-01T00:00Z")


@pytest.fixture
def correct(ingest, hourly):
    """Load one later value of a series."""

    def load(series, when, value=11.0, issued=MARCH):
        times = pd.DatetimeIndex([pd.Timestamp(when)])
        return ingest(hourly({series: value}, times), issued)

    return load


def causes(engine):
    """List what overtook each stale run, as (kind, code)."""
    return [
        [(cause["kind"], cause["code"]) for cause in row["stale"]["causes"]]
        for row in stale.listing(engine, only=True)
    ]


def test_a_new_run_is_not_stale(kept):
    (row,) = stale.listing(kept)
    assert row["stale"] is None
    assert causes(kept) == []


def test_a_correction_within_the_periods_names_series_span_time_and_load(kept, correct):
    outcome = correct("G-IN.Q", JUNE)
    (row,) = stale.listing(kept, only=True)
    assert row["stale"] == {
        "since": outcome.recorded_from.isoformat(),
        "count": 1,
        "causes": [
            {
                "kind": "series",
                "code": "G-IN.Q",
                "since": outcome.recorded_from.isoformat(),
                "load": outcome.load,
                "from": JUNE.isoformat(),
                "to": JUNE.isoformat(),
            }
        ],
    }
    assert f"load {outcome.load}" in stale.why(row["stale"])


def test_readings_long_after_the_periods_leave_a_full_series_alone(kept, correct):
    correct("G-IN.Q", "2025-06-01T00:00Z")
    assert causes(kept) == []


def test_a_series_of_long_term_means_counts_with_its_whole_record(kept, correct):
    correct("G-MID.Q", "2025-06-01T00:00Z")  # OUT is rule:seasonal(G-MID.Q)
    assert causes(kept) == [[("series", "G-MID.Q")]]


def test_the_reading_that_ends_the_step_over_the_last_bound_counts(kept, correct):
    correct("G-IN.Q", "2023-12-31T20:30:00Z")  # half an hour beyond the year in Baku
    assert causes(kept) == [[("series", "G-IN.Q")]]


def test_a_gap_of_a_counter_reaches_to_its_neighbours_however_far(
    country, ingest, hourly, correct
):
    hours = pd.date_range("2022-12-31T20:00Z", "2023-12-30T00:00Z", freq="h")
    after = pd.DatetimeIndex([pd.Timestamp("2024-01-02T12:00Z")])
    ingest(hourly({"PUMP.N": 5.0}, hours.append(after)))
    runs.obtain(country, *YEAR, "year")
    correct("PUMP.N", "2024-01-02T18:00Z", 9.0)
    assert causes(country) == []
    correct("PUMP.N", "2024-01-01T10:00Z", 9.0, pd.Timestamp("2024-04-01T00:00Z"))
    assert causes(country) == [[("series", "PUMP.N")]]


def test_what_changes_nothing_marks_nothing(kept, correct):
    assert correct("G-IN.Q", JUNE, 10.0).counts.unchanged == 1
    correct("G-OUT.H", JUNE, 3.0)  # a series that no flow or stock uses
    assert causes(kept) == []


@pytest.mark.parametrize("act", ["retract", "flag"])
def test_edits_of_a_person_mark_as_files_do(kept, act):
    time = np.array([microseconds(JUNE.to_pydatetime())])
    if act == "retract":
        edits.retract(kept, "G-IN.Q", time, note="sensor out of water")
    else:
        edits.flag(kept, "G-IN.Q", time, Flag.FAIL, note="sensor out of water")
    assert causes(kept) == [[("series", "G-IN.Q")]]


def test_the_first_change_is_named_and_later_ones_cost_nothing(kept, correct):
    first = correct("G-IN.Q", JUNE)
    correct("G-IN.Q", JUNE, 12.0, pd.Timestamp("2024-04-01T00:00Z"))
    (row,) = stale.listing(kept, only=True)
    assert row["stale"]["causes"][0]["load"] == first.load


CURVE = {"y": 60e6}  # storage of RES at its highest level


def changed(two_basins, table, row, **cells):
    """Frame of a table with some cells of one row replaced."""
    frame = folder.read(two_basins, expression_codes=codes)[table]
    if table == "curves":  # as they were loaded
        frame = frame[frame["kind"] != "area"]
    for name, value in cells.items():
        frame.loc[frame.index[row], name] = value
    return {table: frame}


@pytest.mark.parametrize(
    ("table", "row", "cells"),
    [
        ("flows", -1, {"measured_by": "G-IN.Q"}),
        ("series", 0, {"u_random_pct": 7.0}),
        ("accounts", 0, {"share": 0.5}),
        ("curves", -1, CURVE),
    ],
)
def test_a_change_of_the_registry_marks_and_names_the_table(
    kept, two_basins, table, row, cells
):
    frames = changed(two_basins, table, row, **cells)
    summary = registry.load(kept, frames, expression_codes=codes)
    (row_,) = stale.listing(kept, only=True)
    (cause,) = row_["stale"]["causes"]
    assert (cause["kind"], cause["code"]) == ("registry", table)
    assert cause["since"] == summary.recorded_at.isoformat()


def test_events_and_series_that_the_run_did_not_use_leave_it_alone(kept, two_basins):
    frames = folder.read(two_basins, expression_codes=codes)
    series = frames["series"]
    new = series[series["code"] == "G-OUT.H"].assign(code="G-OUT.H2")
    both = {"series": pd.concat([series, new], ignore_index=True)}
    registry.load(kept, both, expression_codes=codes)
    assert causes(kept) == []


REPORT = "E1,{start},{end},use,{value},dam3,,irrigation,approved,,{revision}"


@pytest.mark.parametrize(
    ("year", "marks"), [(2023, True), (2022, True), (2020, False), (2026, False)]
)
def test_returns_mark_the_runs_of_their_year_and_of_the_next(kept, ingest, year, marks):
    row = REPORT.format(
        start=f"{year}-01-01", end=f"{year + 1}-01-01", value=5, revision=9
    )
    ingest(f"{HEADER}\n{row}\n".encode(), MARCH)
    assert causes(kept) == ([[("registry", "reports")]] if marks else [])


def test_a_run_as_of_an_older_state_is_stale_from_the_moment_it_is_kept(kept, correct):
    with kept.connect() as connection:
        then = recording.latest(connection)
    outcome = correct("G-IN.Q", JUNE)
    with kept.begin() as connection:
        connection.execute(text("DELETE FROM run"))
    document = documents.balance(runs.obtain(kept, *YEAR, "year", as_of=then), "TB")
    assert document["stale"]["since"] == outcome.recorded_from.isoformat()
    assert documents.balance(runs.obtain(kept, *YEAR, "year"), "TB")["stale"] is None


def test_a_load_that_is_published_while_a_run_is_computed_marks_it(
    measured, correct, monkeypatch
):
    compute = pipeline.compute

    def meanwhile(*args, **kwargs):
        correct("G-IN.Q", JUNE)
        return compute(*args, **kwargs)

    monkeypatch.setattr(pipeline, "compute", meanwhile)
    runs.obtain(measured, *YEAR, "year")
    assert causes(measured) == [[("series", "G-IN.Q")]]


def test_the_command_lists_runs_and_says_why_they_are_stale(
    kept, correct, database_url, monkeypatch
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    none = CliRunner().invoke(app, ["runs", "--stale", "--format", "json"])
    assert (none.exit_code, json.loads(none.stdout)) == (0, [])
    correct("G-IN.Q", JUNE)
    runs.obtain(kept, *YEAR, "year")
    rows = json.loads(CliRunner().invoke(app, ["runs", "--format", "json"]).stdout)
    assert [row["stale"] is None for row in rows] == [False, True]
    table = CliRunner().invoke(app, ["runs", "--stale"]).stdout
    assert "series G-IN.Q 2023-06-01 by load" in table
