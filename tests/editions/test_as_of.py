"""Whatever comes later, in whatever order: what was known at T stays what it was."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ewater.accounts import documents, runs
from ewater.accounts.client import Client
from ewater.accounts.reader import DatabaseReader
from ewater.errors import NotReadyError, UsageError
from ewater.store import chunks_compact, recording, registry

pytestmark = pytest.mark.db
YEAR = dt.date(2023, 1, 1), dt.date(2024, 1, 1)
HOURS = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")

corrected = st.tuples(
    st.just("corrected"),
    st.sampled_from(["G-IN.Q", "G-MID.Q"]),
    st.floats(1, 50).map(lambda x: round(x, 2)),
    st.integers(0, 8000),
)
late = st.tuples(st.just("late"), st.just("G-IN.Q"), st.just(9.0), st.integers(0, 8000))
registered = st.tuples(
    st.sampled_from(["flow", "curve", "report", "site"]), st.floats(0.5, 2)
)
events = st.one_of(corrected, late, registered, st.just(("folded",)))


@pytest.fixture
def happen(two_basins, ingest):
    issued = iter(pd.date_range("2024-03-01", periods=1000, freq="D", tz="UTC"))

    def go(engine, event):
        kind, *rest = event
        if kind in ("corrected", "late"):
            series, value, start = rest
            minutes = pd.Timedelta(minutes=30 if kind == "late" else 0)
            times = HOURS[start : start + 700] + minutes
            ingest(engine, {series: value}, next(issued).isoformat(), times)
        elif kind == "folded":
            chunks_compact.compact(engine)
        else:
            registry.load(engine, _changed(two_basins, kind, rest[0]))

    return go


def _changed(frames, kind, factor):
    match kind:
        case "flow":
            flows = frames["flows"].copy()
            take = flows["code"] == "TAKE"
            flows.loc[take, "measured_by"] = f"{factor:.3f} * PUMP.N"
            return {"flows": flows}
        case "curve":
            curves = frames["curves"].copy()
            curves["y"] *= factor
            return {"curves": curves}
        case "report":
            reports = frames["reports"].head(1).copy()
            reports["value"] *= factor
            reports["revision"] = 1 + int(1000 * factor)
            return {"reports": reports}
    sites = frames["sites"].copy()
    sites["capacity_m3"] *= factor
    return {"sites": sites}


def known(engine, at):
    """What command, Python and dashboard say as of a time, computed anew."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM run"))
    run = runs.obtain(engine, *YEAR, "year", as_of=at)
    client = Client(engine)
    basis = ("", at.isoformat(), "raw")
    shown = DatabaseReader(engine).balance("TB", *YEAR, "year", "managed", basis)
    return {
        "command": documents.balance(run, "TB") | {"stale": None},
        "dashboard": shown | {"stale": None},
        "python": client.account("TB", "2023", as_of=at),
        "readings": client.readings("G-IN.Q", "2023", as_of=at),
        "tables": {n: client.table(n, at) for n in ("flows", "curves", "reports")},
    }


def same(a, b):
    for name in ("command", "dashboard"):
        assert a[name] == b[name], name
    for name in ("python", "readings"):
        xr.testing.assert_identical(a[name], b[name])
    for name, frame in a["tables"].items():
        pd.testing.assert_frame_equal(frame, b["tables"][name])


@settings(
    max_examples=1,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds: none is shrunk
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example([("late", "G-IN.Q", 9.0, 100), ("curve", 1.2), ("report", 1.5), ("folded",)])
@given(st.lists(events, min_size=2, max_size=3))
def test_what_comes_later_never_changes_what_was_known(loaded, copy_of, happen, later):
    loaded.dispose()
    with copy_of(loaded) as engine:
        told = []
        for event in later:
            with engine.connect() as connection:
                now = recording.latest(connection)
            told.append((now, known(engine, now)))
            happen(engine, event)
        for at, before in told:
            same(before, known(engine, at))


def test_one_moment_is_one_account_however_it_is_written(loaded):
    with loaded.connect() as connection:
        now = recording.latest(connection)
    client = Client(loaded)
    east = now.astimezone(dt.timezone(dt.timedelta(hours=9)))
    told = [
        documents.balance(runs.obtain(loaded, *YEAR, "year", as_of=at), "TB")
        for at in (now, east, dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
    ]
    assert told[0] == told[1] == told[2]
    assert told[0]["as_of"].endswith("+00:00")
    first = client.account("TB", "2023", as_of=east.isoformat())
    xr.testing.assert_identical(first, client.account("TB", "2023", as_of=now))
    for wrong in (now.replace(tzinfo=None), "2024-01-01", "now"):
        for ask in (client.readings, client.volumes):
            with pytest.raises(UsageError, match="with its offset"):
                ask("G-IN.Q", "2023", as_of=wrong)
        for ask in (client.table, client.run):
            with pytest.raises(UsageError, match="with its offset"):
                ask("flows" if ask == client.table else "2023", as_of=wrong)
    with pytest.raises(NotReadyError, match="no country was loaded by 2001"):
        client.account("TB", "2023", as_of="2001-01-01T00:00:00Z")
