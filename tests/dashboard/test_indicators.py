"""Indicators: classes, years, bridges."""

from __future__ import annotations

import pytest

from ewater.dashboard.i18n import language
from ewater.dashboard.pages.indicators import asked, bridging, tables
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State

EN = language("en")
STATE = State(territory="TL", year=2023)


@pytest.fixture
def cached(made_up_country):
    reader = made_up_country.MadeUpReader()
    published = {"item": "losses_in_transport", "value": 1.0, "unit": "hm3"}
    reader.published = lambda territory, year: [
        published | {"source": "Yearbook", "note": "page 12"}
    ]
    return CachedReader(reader)


@pytest.mark.parametrize(
    ("value", "word"),
    [(24.9, "no"), (25.0, "low"), (99.0, "high"), (3850.0, "critical")],
)
def test_a_class_begins_at_its_edge_and_nothing_is_cut(value, word):
    assert asked.STRESS.of(value)[0] == f"{word} stress"


def test_an_unknown_indicator_has_no_class_and_says_what_is_not_given(cached):
    assert asked.PER_CAPITA.of(None) is None
    rows = {row["code"]: row for row in tables.all_sheet(cached, STATE, EN).rows}
    assert rows["per_capita"]["value"] is None
    assert rows["per_capita"]["why"] == "not given: population"
    assert rows["abstraction"]["unit"] == "hm³"
    assert rows["abstraction"]["value"] == pytest.approx(100)
    assert rows["loss_of_use"]["cell"] == "indicators.loss_of_use"


def test_a_group_is_drawn_over_all_years_with_the_classes_in_reach(cached):
    state = STATE.with_more("indicator", "losses")
    sheet = tables.years_sheet(cached, state, EN)
    assert len(sheet.rows) == 5
    figure = tables.years_chart(sheet, state, EN)
    named = [t["name"] for t in figure["data"] if t.get("name")]
    assert named[:2] == ["Losses as a share of use", "Losses as a share of abstraction"]
    stress = STATE.with_more("indicator", "stress")
    figure = tables.years_chart(tables.years_sheet(cached, stress, EN), stress, EN)
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [25, 50, 75]


def test_lines_of_a_bridge_add_up_and_a_gap_is_named(cached):
    sheet = bridging.sheet(cached, STATE, EN)
    start, *lines, end = sheet.rows
    assert start["value"] + sum(row["value"] for row in lines) == end["value"]
    (trace,) = bridging.chart(sheet, STATE, EN)["data"]
    assert trace["measure"] == ["absolute", "relative", "relative", "total"]
    gap = STATE.with_changes(year=2024)
    sheet = bridging.sheet(cached, gap, EN)
    assert list(sheet.rows) == []  # an end is unknown
    assert "D00.IN" in sheet.empty


def test_published_figures_can_be_bridged_to_for_whole_years_only(cached):
    code = "published:losses_in_transport"
    assert code in bridging.known(cached, STATE)
    assert code not in bridging.known(cached, STATE.with_changes(period="5-5"))
    sheet = bridging.sheet(cached, STATE.with_more("bridge", code), EN)
    assert any("Yearbook. page 12" in note for note in sheet.notes)
    assert any("Unexplained" in note for note in sheet.notes)
    made_up = STATE.with_more("bridge", "published:no_such")
    assert bridging.chosen(cached, made_up) == "losses"


def test_bridges_are_offered_in_two_groups(cached):
    between, published = bridging.offered(cached, STATE, EN)
    assert between["items"][0]["value"] == "losses"
    assert [one["label"] for one in published["items"]] == ["Losses in transport"]
