"""What a scope contains, over a real database."""

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path

import pandas as pd
import pytest

from ewater.accounts.reader import DatabaseReader
from ewater.accounts.scope import Scope, ScopedReader, with_parts
from ewater.balance.expressions import codes
from ewater.dashboard.answers import Reader
from ewater.errors import ForbiddenError
from ewater.store import folder, registry

pytestmark = pytest.mark.db

COUNTRY = Path(__file__).parents[1] / "countries" / "two_basins"
YEAR = dt.date(2023, 1, 1), dt.date(2024, 1, 1)


@pytest.fixture
def whole(engine):
    frames = folder.read(COUNTRY, expression_codes=codes)
    curves = frames["curves"]  # its areas suit the folder's own tests
    frames["curves"] = curves[curves["kind"] != "area"]
    sites = frames["sites"]
    sites.loc[sites.index[0], "organisation"] = "ORG-1"
    sites.loc[sites.index[1], "organisation"] = "ORG-2"
    registry.load(engine, frames, expression_codes=codes)
    return DatabaseReader(engine)


def test_every_question_to_a_reader_has_an_answer_in_a_scope():
    asked = {
        name
        for kind in (Reader, DatabaseReader)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }
    assert asked <= set(vars(ScopedReader))
    assert "__getattr__" not in vars(ScopedReader)


def test_a_territory_has_its_parts_with_it_at_any_depth():
    frame = pd.DataFrame(
        {"parent": [None, "C", "B", "D", "C"]}, index=["C", "B", "D", "E", "X"]
    )
    assert with_parts(frame, ("B",)) == {"B", "D", "E"}
    assert with_parts(frame, ("C",)) == set(frame.index)
    assert with_parts(frame, ("GONE",)) == frozenset()


def test_a_territory_outside_the_scope_is_refused_by_every_question(whole):
    frame = whole.territories()
    basin, other = frame.index[frame["kind"] == "basin"][:2]
    mine = whole.of(Scope(territories=(basin,)))
    assert basin in mine.territories().index
    assert other not in mine.territories().index
    for question in (
        lambda code: mine.balance(code, *YEAR, "year"),
        lambda code: mine.flows(code, *YEAR),
        lambda code: mine.published(code, 2023),
    ):
        with pytest.raises(ForbiddenError, match=other):
            question(other)
        question(basin)
    assert set(mine.balances("basin", *YEAR)) == {basin}
    assert set(whole.balances("basin", *YEAR)) >= {basin, other}


def test_sites_are_those_of_the_organisation_in_the_territories(whole):
    sites = whole.sites()
    one, two = (
        set(sites.index[sites["organisation"] == name]) for name in ("ORG-1", "ORG-2")
    )
    assert set(whole.of(Scope(organisations=("ORG-1",))).sites().index) == one
    both = Scope(organisations=("ORG-1", "ORG-2"))
    assert set(whole.of(both).sites().index) == one | two
    placed = whole.territories_of_sites()
    for code in whole.territories().index:
        inside = set(placed["site"][placed["territory"] == code])
        parts = with_parts(whole.territories(), (code,))
        inside |= set(placed["site"][placed["territory"].isin(parts)])
        seen = whole.of(Scope(("ORG-1",), (code,))).sites()
        assert set(seen.index) == one & inside


def test_a_scope_of_a_territory_that_is_gone_shows_nothing(whole):
    mine = whole.of(Scope(territories=("GONE",)))
    assert len(mine.territories()) == len(mine.sites()) == 0


def test_explain_keeps_returns_and_series_to_their_organisations(whole):
    mine = whole.of(Scope(organisations=("ORG-1",)))
    (site,) = mine.sites().index
    source = {"reports": [{"enterprise": e} for e in ("ORG-1", "OTHER")]}
    behind = {"A.Q": {"site": site}, "B.Q": {"site": "ELSEWHERE"}}
    told = {"periods": [{"sources": [source], "series": behind}]}
    whole.explain = lambda *_, **__: told
    code = whole.territories().index[0]
    (period,) = mine.explain("balance.use", code, *YEAR)["periods"]
    assert period["sources"][0]["reports"] == [{"enterprise": "ORG-1"}]
    assert set(period["series"]) == {"A.Q"}
    assert whole.of(Scope(territories=(code,))).explain("x", code, *YEAR) is told


def _what_it_was_given(engine, scope, *args):
    return engine, scope, args


def test_a_question_of_a_page_is_given_the_scope_of_its_asker(whole):
    mine = Scope(("ORG-1",), ("GONE",))
    engine, scope, args = whole.of(mine).ask(_what_it_was_given, "A", 2023)
    assert engine is whole.engine
    assert (scope, args) == (mine, ("A", 2023))
    assert whole.ask(_what_it_was_given)[1] == Scope()


def test_what_overtook_an_account_is_counted_but_not_named_in_a_scope():
    stale = {"since": "2026-02-01T06:30:00+00:00", "count": 2, "causes": [{}, {}]}

    class Overtaken:
        def balance(self, *asked, whole):
            return {"territory": asked[0], "stale": stale}

        def territories(self):
            return pd.DataFrame({"parent": [None]}, index=["TL"])

    asked = "TL", None, None, "year"
    mine = ScopedReader(Overtaken(), Scope(organisations=("HYDROMET",)))
    assert mine.balance(*asked)["stale"] == stale | {"causes": []}
    assert ScopedReader(Overtaken(), Scope()).balance(*asked)["stale"] == stale


def test_a_scope_is_not_widened(whole):
    with pytest.raises(ForbiddenError):
        whole.of(Scope(territories=("GONE",))).of(Scope())
