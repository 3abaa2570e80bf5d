"""Every exhibit says its unit and how far to believe it, or why it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ewater.dashboard.exhibits import Column, Exhibit, Facts, Sheet, files
from ewater.dashboard.exhibits import facts as facts_of
from ewater.dashboard.i18n import language
from ewater.dashboard.pages.registry import PAGES
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State

EN = language("en")
STATE = State(territory="TL", year=2023)
EVERY = [
    pytest.param(one, id=f"{page.name}/{one.name}")
    for page in PAGES
    for one in page.exhibits
]
_OF_WATER = frozenset({"quantity", "signed"})


@pytest.fixture(scope="module")
def cached(reader):
    return CachedReader(reader)


def owed(one, cached, state=STATE):
    """Say what an exhibit leaves unsaid."""
    sheet = one.made(cached, state, EN)
    facts = facts_of.complete(sheet, cached, state)
    if not sheet.rows:
        return [] if sheet.empty or sheet.calm else ["why there is nothing"]
    unsaid = [] if facts.without else facts_of.lacking(facts)
    counts = (c.unit or c.digits == 0 for c in sheet.columns if c.kind == "number")
    if not (facts.unit or facts.without or all(counts)):
        unsaid.append("unit")
    if not (facts.as_of or facts.edition):
        unsaid.append("as of")
    of_water = any(column.kind in _OF_WATER for column in sheet.columns)
    if of_water and not (sheet.leads_on or one.unexplained):
        unsaid.append("the way to readings")
    about = dict(files.about(cached, state, EN, [sheet]))
    return unsaid + [
        words for words in facts_of.MEASURES.values() if words not in about
    ]


@pytest.mark.parametrize("one", EVERY)
def test_an_exhibit_says_how_far_to_believe_it_or_why_not(one, cached):
    """Uncertainty, coverage and status each, on the page and in files."""
    assert owed(one, cached) == []


def test_an_exhibit_that_says_nothing_of_itself_is_found(cached):
    columns = (Column("name", "Name"), Column("v", "Volume", kind="number"))
    bare = Exhibit("x", "X", "", "x", lambda *_: Sheet("X", columns, [{"v": 1.0}]))
    measures = ["uncertainty", "coverage", "status"]
    assert owed(bare, cached) == [*measures, "unit"]
    assert owed(replace(bare, without="Coverage"), cached) == []


def test_what_is_not_stated_is_said_with_its_reason():
    facts = Facts(unit="%", coverage=0.5, without="why", by_row=frozenset({"status"}))
    assert facts_of.lacking(facts) == ["uncertainty"]
    assert facts_of.words(facts, EN) == [
        "%",
        "Coverage 50 %",
        "Status: in each row",
        "Uncertainty: why",
    ]
    for why, said in (("why", "why"), ("", "unknown")):
        words = facts_of.words(Facts(without=why), EN)
        assert words == [f"Uncertainty, coverage, status: {said}"]
    assert facts_of.words(Facts(without="why"), EN, stated=False) == []
