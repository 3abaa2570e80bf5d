"""Kept accounts are shown, with a notice, until newer ones have been computed."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts import runs, standing
from ewater.accounts.apart import Apart
from ewater.accounts.reader import DatabaseReader
from ewater.accounts.scope import Scope
from ewater.dashboard.app import create_app
from ewater.dashboard.exhibits.explain import explanation
from ewater.dashboard.i18n import language
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.shell import renewal
from ewater.dashboard.state import State
from ewater.errors import EWaterError
from ewater.store import recording

pytestmark = pytest.mark.db

YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))
EN = language("en")


class Beside:
    """Computes when it is told to, not when it is asked."""

    def __init__(self, engine):
        self.engine, self.asked, self.failed = engine, 0, False

    def renew(self):
        self.asked += 1

    def obtain(self, start, end, step, calendar, as_of):
        runs.obtain(
            self.engine, start, end, step, calendar=calendar or None, as_of=as_of
        )


@pytest.fixture
def kept(standing_template, engine):
    """Database in which the account of 2023 stands."""
    return engine


@pytest.fixture
def beside(kept):
    return Beside(kept)


@pytest.fixture
def cached(kept, beside):
    """Reader of pages over kept accounts."""
    return CachedReader(DatabaseReader(kept, beside))


@pytest.fixture
def correct(ingest, hourly):
    """Let a value of a series come later, or another time again."""
    issued = iter(pd.date_range("2024-03-01", periods=9, tz="UTC"))

    def load(value=500.0):
        times = pd.DatetimeIndex([pd.Timestamp("2023-06-01T00:00Z")])
        return ingest(hourly({"G-IN.Q": value}, times), next(issued))

    return load


def newest(engine):
    with engine.connect() as connection:
        return standing.newest(connection)


def page(cached, **more):
    """State of a page that is opened now."""
    return State(territory="TB", year=2023, seen=cached.shown(), **more)


def run_of(cached, state):
    return cached.balance(state.territory, *YEAR, "year", state.boundary, state.basis)


def test_nothing_stands_where_no_account_was_asked_for(measured):
    assert not standing.renew(measured)
    assert newest(measured) is None


def test_accounts_are_computed_anew_once_they_are_overtaken(kept, correct):
    first = newest(kept)
    assert not standing.renew(kept)
    changed = correct().recorded_from
    assert newest(kept) == first
    assert standing.renew(kept)
    assert newest(kept).as_of == changed
    assert not standing.renew(kept)


def test_data_that_overtake_nothing_renew_nothing(kept, ingest, hourly):
    times = pd.DatetimeIndex([pd.Timestamp("2025-06-01T00:00Z")])
    ingest(hourly({"G-IN.Q": 3.0}, times), pd.Timestamp("2025-07-01T00:00Z"))
    before = newest(kept)
    assert not standing.renew(kept)
    assert newest(kept) == before


def test_what_pages_asked_for_is_computed_with_the_next_state_and_no_more(
    kept, cached, correct
):
    def steps():
        state = newest(kept)
        with kept.connect() as connection:
            found = connection.execute(
                text("SELECT step FROM run WHERE as_of = :as_of"),
                {"as_of": state.as_of},
            )
            return {row.step for row in found}

    begun = dt.datetime.now(dt.UTC)
    quarter = cached.balance("TB", *YEAR, "quarter", "managed", page(cached).basis)
    standing.own(kept, quarter["run"], begun)
    standing.asked(kept, quarter["run"])
    correct()
    standing.renew(kept)
    assert steps() == {"year", "month", "quarter"}
    correct(400.0)
    standing.renew(kept)  # nobody asked for quarters of the state before
    assert steps() == {"year", "month"}


def test_few_states_are_kept_and_runs_of_others_stay(kept, correct, monkeypatch):
    monkeypatch.setattr(standing, "_KEPT", 1)
    mine = runs.obtain(kept, *YEAR, "quarter")
    correct()
    assert standing.renew(kept)
    with kept.connect() as connection:
        states = connection.scalar(text("SELECT count(*) FROM standing"))
        run = text("SELECT count(*) FROM run WHERE code = :code")
        assert connection.scalar(run, {"code": mine.code}) == 1
        own = connection.scalar(text("SELECT count(*) FROM standing_run"))
    assert states == 1
    assert own == 2  # by year and month


def test_one_process_at_a_time_computes(kept, correct):
    correct()
    with recording.held_alone(kept, standing._LOCK) as mine:
        assert mine
        assert not standing.renew(kept)
    assert standing.renew(kept)


def test_the_kept_run_is_shown_with_a_notice_until_newer_figures_are_taken(
    kept, cached, beside, correct
):
    state = page(cached)
    before = run_of(cached, state)
    assert renewal.said(cached, state, EN) == ("", False)
    correct()
    assert run_of(cached, page(cached)) == before
    words, is_ready = renewal.said(cached, page(cached), EN)
    assert "readings of G-IN.Q" in words
    assert "being computed anew" in words
    assert not is_ready
    assert beside.asked == 1
    beside.failed = True
    assert "failed" in renewal.said(cached, state, EN)[0]
    standing.renew(kept)
    words, is_ready = renewal.said(cached, state, EN)
    assert is_ready
    assert "ready" in words
    assert run_of(cached, state) == before  # until they are taken
    after = run_of(cached, page(cached))
    assert after["run"] != before["run"]
    assert (
        after["periods"][0]["inflow"]["value"] > before["periods"][0]["inflow"]["value"]
    )
    assert renewal.said(cached, page(cached), EN) == ("", False)


def test_of_a_state_that_was_chosen_the_notices_tell_not_the_renewal(cached, correct):
    state = page(cached, as_of=cached.shown())
    correct()
    assert renewal.said(cached, state, EN) == ("", False)
    assert cached.stale(run_of(cached, state)["run"])["count"] == 1


def test_inputs_are_not_named_to_who_may_not_see_them(kept, beside, correct):
    reader = DatabaseReader(kept, beside)
    of_basin = CachedReader(reader, scope=lambda: Scope(territories=("TB",)))
    state = page(of_basin)
    run_of(of_basin, state)
    correct()
    words, _ = renewal.said(of_basin, state, EN)
    assert "inputs that have changed: 1" in words
    assert "G-IN.Q" not in words


def test_exhibits_downloads_and_explanations_of_a_page_are_of_one_run(
    kept, cached, correct
):
    app = create_app(cached)
    client = app.server.test_client()
    state = page(cached)
    before = run_of(cached, state)["run"]
    correct()
    standing.renew(kept)
    assert run_of(cached, page(cached))["run"] != before

    def downloaded(query):
        answer = client.get(f"/download/overview/monthly.csv{query}")
        rows = csv.reader(io.StringIO(answer.get_data(as_text=True)))
        return {row[0]: row[1] for row in rows if row and row[0].startswith("#")}

    pinned = downloaded(state.query_of_run())
    assert pinned["# Run"] == before
    assert pinned["# Data as of"] == state.seen
    assert any("newer data overtook it" in str(said) for said in pinned.values())
    assert downloaded(state.query())["# Run"] != before  # a link that is shared
    told = explanation(cached, state, {"cell": "balance.inflow"})
    assert told["run"] == before
    assert told["stale"]["causes"][0]["code"] == "G-IN.Q"


def test_an_account_is_computed_in_a_process_of_its_own(measured):
    runs.obtain(measured, *YEAR, "year")
    apart = Apart(measured)
    apart.renew_now()
    seen = newest(measured).as_of
    assert runs.find(measured, *YEAR, "month", as_of=seen) is not None
    with pytest.raises(EWaterError, match="lunar"):
        apart.obtain(*YEAR, "quarter", "lunar", seen)


def test_failing_to_compute_is_said_and_the_state_before_stands(
    kept, correct, monkeypatch
):
    before = newest(kept)
    correct()
    apart = Apart(kept)
    monkeypatch.setattr(apart, "_url", "postgresql+psycopg://no@127.0.0.1:1/none")
    apart.renew()
    apart._worker.join()
    assert apart.failed
    assert newest(kept) == before


def test_a_water_year_that_a_page_asks_for_adds_no_year_to_choose_from(kept):
    before = runs.kept_years(kept)
    civil = runs.obtain(kept, *YEAR, "year").calendar.code
    october = dt.date(2023, 10, 1), dt.date(2024, 10, 1)
    runs.obtain(kept, *october, "year", calendar="hydrological")
    assert runs.kept_years(kept) == before == [2023]
    with kept.begin() as connection:
        connection.execute(
            text("DELETE FROM run WHERE calendar = :civil"), {"civil": civil}
        )
    assert runs.kept_years(kept) == [2024]
