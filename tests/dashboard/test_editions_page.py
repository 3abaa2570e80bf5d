"""What the page of editions tells: states, checks, and parts that add up."""

from __future__ import annotations

from datetime import date

import pytest

from ewater.dashboard.i18n import language
from ewater.dashboard.pages.editions import change, lists, sealed
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State
from ewater.errors import NotReadyError


@pytest.fixture
def cached(reader):
    return CachedReader(reader)


@pytest.fixture
def state():
    return State(territory="TL", year=2022)


def test_the_parts_of_a_change_add_up_to_the_whole(cached, state):
    sheet = change.sheet(cached, state, language("en"))
    *parts, whole = [row["value"] for row in sheet.rows]
    assert parts[:2] == [50, -20]
    assert sum(parts) == whole == 30
    assert sheet.notes[0] == (
        "From 500.000 hm³ in 2022-annual to 530.000 hm³ in 2022-again."
    )
    figure = change.chart(sheet, state, language("en"))
    assert figure["data"][0]["measure"] == ["relative"] * 6 + ["total"]


@pytest.mark.parametrize("shown", [lists.STEPS, sealed.FIGURES, lists.CHECK])
def test_an_edition_that_there_is_not_is_not_replaced(cached, state, shown):
    wrong = state.with_more("edition", "2021-annual")
    made = shown.made(cached, wrong, language("ru"))
    assert made.rows == []
    assert made.empty == "издания '2021-annual', доступного вам, нет"
    rows = lists.editions_sheet(cached, wrong, language("en")).rows
    assert [row["mark"] for row in rows] == ["", ""]
    newest = lists.editions_sheet(cached, state, language("en")).rows
    assert [row["mark"] for row in newest] == ["chosen", ""]


def test_a_withdrawn_edition_says_so_and_why(cached, state):
    old = state.with_more("edition", "2022-annual")
    sheet = lists.steps_sheet(cached, old, language("en"))
    assert sheet.notes[0] == "This edition was withdrawn: a wrong curve"
    assert any("coverage of Inflow" in note for note in sheet.notes)
    told = lists.steps_sheet(cached, old, language("ru")).notes
    assert any("несмотря на охват: Приток" in note for note in told)
    assert not any("observed" in note or "unknown" in note for note in told), told
    rows = lists.editions_sheet(cached, old, language("en")).rows
    assert [row["state"] for row in rows] == ["Published", "Withdrawn"]
    # days of the calendar, though periods are kept in UTC
    assert {(row["from"], row["to"]) for row in rows} == {
        (date(2022, 1, 1), date(2022, 12, 31))
    }


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("1 readings, 2022-05-03T00:00:00Z to 2022-05-03T00:00:00Z",
         "1 измерение, 03.05.2022 00:00 UTC"),
        ("is gone", "больше нет"),
        ("in the sealed copy alone: altered", "только в опечатанной копии: изменено"),
        ("12 lines are not as they were sealed: a, b",
         "строк не таких, как опечатано: 12 (a, b)"),
        ("u_pct was 5, is empty; term was a, is b",
         "u_pct: было 5, стало пусто; term: было a, стало b"),
        ("something else", "something else"),
    ],
)  # fmt: skip
def test_how_inputs_differ_is_said_in_the_language(cached, state, what, told):
    causes = {"late data": [{"item": "S", "what": what}]}
    answer = {"causes": dict.fromkeys(change.GROUPS, ()) | causes, "cells": []}
    cached.ask = lambda question, *args: (
        answer if question.__name__ == "difference" else [("a", "b")]
    )
    sheet = change.causes_sheet(cached, state, language("ru"))
    assert [row["what"] for row in sheet.rows] == [told]


def test_a_verification_names_what_differs_and_how_much_it_touches(cached, state):
    (row,) = lists.check_sheet(cached, state, language("en")).rows
    assert row["item"].endswith("3 May 2022 07:00 UTC")
    assert row["cells"] == 1


def test_where_nothing_was_sealed_or_compared_the_page_says_what_to_do(reader, state):
    answers = reader.answers
    reader.answers = answers | {
        "editions": lambda reader, states=(): [],
        "differences": lambda reader: [],
    }
    try:
        empty = CachedReader(reader)
        with pytest.raises(NotReadyError, match="edition seal"):
            lists.chosen(empty, state)
        sheet = change.CHANGE.made(empty, state, language("en"))
        in_russian = lists.STEPS.made(empty, state, language("ru"))
    finally:
        reader.answers = answers
    assert "edition diff" in sheet.empty
    assert in_russian.empty.startswith("Ещё ничего не опечатано")


def test_a_newer_edition_of_another_territory_is_not_shown_for_ours(
    cached, state, monkeypatch
):
    rows = [row | {"territory": "TL"} for row in cached.ask(lists.questions.editions)]
    other = dict(rows[-1], name="other", territory="ELSEWHERE")
    monkeypatch.setattr(cached, "ask", lambda question, *args: [*rows, other])
    assert lists.chosen(cached, state) == rows[-1]["name"]
    monkeypatch.setattr(cached, "ask", lambda question, *args: [other])
    assert lists.chosen(cached, state) == "other"
