"""Months that do not close make every member of the node suspect, until they do."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from shapely import box

from ewater.accounts import closing
from ewater.ingest import edits, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import chunks, registry
from ewater.store.instants import microseconds
from ewater.terms import Flag, Test

pytestmark = pytest.mark.db

START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = dt.date(2024, 1, 1), dt.date(2024, 4, 1)


def frames():
    import geopandas as gpd

    series = {
        "code": ["IN.Q", "OUT.Q", "USE.Q", "USE.N"],
        "site": ["IN", "OUT", "PIPE", "PIPE"],
        "quantity": ["discharge", "discharge", "discharge", "volume"],
        "unit": ["m3/s", "m3/s", "m3/s", "m3"],
        "signal": ["mean_preceding"] * 3 + ["totaliser"],
        "interval_s": 86_400.0,
        "modulus": [None, None, None, 1e9],
        "max_rate": [None, None, 20.0, 20.0],
        "u_random_pct": 1.0,
        "u_systematic_pct": 2.0,
    }
    land = gpd.GeoDataFrame(
        {"code": ["AZ"], "kind": ["country"]}, geometry=[box(45, 39, 50, 42)], crs=4326
    )
    flows = {
        "code": ["NB:R", "R:SEA", "R:FIELD"],
        "from": ["NB", "R", "R"],
        "to": ["R", "SEA", "FIELD"],
        "term": ["inflow_from_neighbours", "outflow_to_sea", "abstraction"],
        "measured_by": ["IN.Q", "OUT.Q", "USE.Q"],
    }
    accounts = {
        "code": ["NB", "R", "SEA", "FIELD"],
        "kind": ["neighbour", "river", "sea", "economy"],
        "territory": [None, "AZ", None, "AZ"],
        "sector": [None, None, None, "agriculture"],
    }
    sites = {
        "code": ["IN", "OUT", "PIPE"],
        "kind": ["river_gauge", "river_gauge", "meter"],
    }
    return {
        "calendars": pd.DataFrame({"code": ["utc"], "timezone": ["UTC"]}),
        "territories": land,
        "sites": pd.DataFrame(sites),
        "series": pd.DataFrame(series),
        "accounts": pd.DataFrame(accounts),
        "flows": pd.DataFrame(flows),
    }


def days(code, values):
    return [
        f"{code},{(START + timedelta(days=n)).isoformat()},{value}"
        for n, value in enumerate(values)
    ]


@pytest.fixture
def river(engine):
    """Three months; in February the gauge below shows a third too little."""
    registry.load(engine, frames())
    rng = np.random.default_rng(1)
    wobble = np.round(rng.normal(0, 0.2, 92), 2)
    out = np.where((np.arange(92) > 31) & (np.arange(92) <= 60), 60.0, 90.0) + wobble
    counted = np.cumsum(np.full(92, 864_000.0 * 0.9))  # counts a tenth too little
    rows = [
        *days("IN.Q", 100 + wobble),
        *days("OUT.Q", out),
        *days("USE.Q", 10 + wobble / 10),
        *days("USE.N", counted),
    ]
    load(engine, rows)
    return engine


def load(engine, rows, issued=None):
    body = "\n".join(["series,time,value", *rows, ""]).encode()
    now = datetime(2025, 1, 1, tzinfo=UTC)
    return jobs.ingest(
        engine, Memory(f"{len(rows)}.csv", body), Options(now=now, issued_at=issued)
    )


def suspects(engine, code, test):
    with engine.connect() as connection:
        found = chunks.read(connection, [code])
    marked = (found.failed.values & test) != 0
    assert (found.flag.values[marked] == Flag.SUSPECT).all()
    return pd.DatetimeIndex(found.time.values[marked]).strftime("%m-%d").tolist()


def test_a_month_that_does_not_close_makes_every_member_suspect(river):
    done = closing.check(river, *SPAN)
    bad = [row for row in done.found if row["test"] == "mass_balance"]
    assert [(row["what"], row["period_start"].month) for row in bad] == [("R", 2)]
    assert bad[0]["residual_m3"] == pytest.approx(30 * 86_400 * 29, rel=0.01)
    assert bad[0]["z"] > 3
    assert bad[0]["series"] == "IN.Q OUT.Q USE.Q"
    for code in ("IN.Q", "OUT.Q", "USE.Q"):
        marked = suspects(river, code, Test.MASS_BALANCE)
        assert (marked[0], marked[-1], len(marked)) == ("02-02", "03-01", 29)


def test_a_totaliser_apart_from_its_flow_drifts(river):
    done = closing.check(river, *SPAN)
    months = [r["period_start"].month for r in done.found if r["test"] == "drift"]
    assert months[:2] == [1, 2]
    assert suspects(river, "USE.N", Test.DRIFT)
    assert suspects(river, "USE.Q", Test.DRIFT) == []


def test_judging_twice_changes_nothing_and_a_trial_writes_nothing(river):
    trial = closing.check(river, *SPAN, dry_run=True)
    assert suspects(river, "OUT.Q", Test.MASS_BALANCE) == []
    first = closing.check(river, *SPAN)
    assert (trial.changed, trial.loads) == (first.changed, [])
    assert first.changed > 3 * 29
    again = closing.check(river, *SPAN)
    assert (again.changed, again.loads) == (0, [])
    assert len(again.found) == len(first.found), "suspect readings still count"


def test_the_marks_go_when_the_month_closes_again(river):
    closing.check(river, *SPAN)
    with river.connect() as connection:
        found = chunks.read(connection, ["OUT.Q"])
    time = found.time.values.astype("M8[us]").astype(np.int64)
    low = found.value.values < 70
    edits.correct(river, "OUT.Q", time[low], found.value.values[low] + 30, note="gate")
    assert len(suspects(river, "IN.Q", Test.MASS_BALANCE)) == 29, "kept until judged"
    done = closing.check(river, *SPAN)
    assert [row["test"] for row in done.found].count("mass_balance") == 0
    for code in ("IN.Q", "OUT.Q", "USE.Q"):
        assert suspects(river, code, Test.MASS_BALANCE) == []


def test_a_month_with_a_gap_in_a_member_is_not_judged(river):
    start = microseconds(START)
    day = 86_400_000_000
    edits.retract_span(river, "USE.Q", start + 40 * day, start + 50 * day, note="ice")
    done = closing.check(river, *SPAN)
    assert [row for row in done.found if row["test"] == "mass_balance"] == []
    assert suspects(river, "OUT.Q", Test.MASS_BALANCE) == []
