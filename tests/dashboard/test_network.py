"""Network: layout of the diagram, the map, what is chosen."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewater.dashboard.figures.layers import columns, places, without_circles
from ewater.dashboard.figures.network import Node, legible
from ewater.dashboard.i18n import language
from ewater.dashboard.pages.network import choosing, chosen, drawn, pictures
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State

EN = language("en")
STATE = State(territory="B-NORTH", year=2023)
NAMES = "abcdefgh"
edges = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.floats(0.1, 1e9)),
    max_size=20,
)


@pytest.fixture(scope="module")
def cached(reader):
    return CachedReader(reader)


@settings(max_examples=25)
@given(edges)
def test_water_runs_to_the_right_and_nothing_stands_on_anything(some):
    kept = without_circles(NAMES, some)
    assert set(kept) <= set(some)
    column = columns(NAMES, kept)
    assert all(column[start] < column[end] for start, end, _ in kept)
    found = places(NAMES, some)
    assert set(found) == set(NAMES)
    assert min(found.values())[0] == 0
    for at in {x for x, _ in found.values()}:
        heights = sorted(y for x, y in found.values() if x == at)
        assert all(b - a >= 1 - 1e-9 for a, b in itertools.pairwise(heights))


def test_of_a_circle_the_light_edge_is_left_out():
    some = [("a", "b", 9.0), ("b", "c", 8.0), ("c", "b", 1.0), ("c", "d", 7.0)]
    assert ("c", "b", 1.0) not in without_circles("abcd", some)
    found = places("abcd", some)
    assert [found[n][0] for n in "abcd"] == [0, 1, 2, 3]


def test_a_tributary_stands_just_before_its_mouth():
    some = [("a", "b", 1.0), ("b", "c", 1.0), ("t", "c", 1.0)]
    assert places("abct", some)["t"][0] == 1


def test_a_name_that_would_stand_on_a_larger_ones_is_not_written():
    common = {"kind": "river", "colour": "ink", "told": "", "labelled": True}
    nodes = [
        Node(code="s", name="small", size=1.0, at=(0.0, 0.0), **common),
        Node(code="l", name="large", size=9.0, at=(0.1, 0.0), **common),
        Node(code="f", name="far", size=1.0, at=(9.0, 0.0), **common),
    ]
    assert [n.labelled for n in legible(nodes, 100, 100)] == [False, True, True]


def test_detail_and_colours_follow_the_address(cached):
    waters = drawn.load(cached, STATE, EN)
    everything = drawn.load(cached, STATE.with_more("detail", "all"), EN)
    kinds = {node["kind"] for node in waters.nodes.values()}
    assert kinds <= {"river", "canal", "reservoir", "neighbour", "sea"}
    assert len(everything.flows) > len(waters.flows)
    assert set(waters.legend(EN)) <= {"measured", "modelled", "reported"}
    closure = drawn.load(cached, STATE.with_more("paint", "closure"), EN)
    assert set(closure.legend(EN)) <= {"good", "watch", "bad", "balancing"}


def test_the_map_has_every_flow_with_a_place_and_wider_lines_for_more_water(cached):
    sheet = pictures.map_sheet(cached, STATE, EN)
    figure = pictures.map_chart(sheet, STATE, EN)
    heads = next(
        t for t in figure["data"] if t.get("marker", {}).get("symbol") == "triangle-up"
    )
    codes = {row["code"] for row in sheet.rows}
    assert {c.removeprefix("flow:") for c in heads["customdata"]} <= codes
    assert len(heads["customdata"]) > 3
    widths = {t["line"]["width"] for t in figure["data"] if t.get("opacity") == 0.62}
    assert len(widths) > 1
    assert figure["layout"]["yaxis"]["scaleanchor"] == "x"


def test_a_flow_without_data_is_named_and_dotted(cached):
    state = State(territory="TL", year=2024)
    sheet = pictures.map_sheet(cached, state, EN)
    assert "D00.IN" in sheet.gaps
    figure = pictures.map_chart(sheet, state, EN)
    assert any(t.get("line", {}).get("dash") == "dot" for t in figure["data"])


def test_an_outside_is_a_source_at_the_left_and_an_end_at_the_right(cached):
    state = State(territory="B-SOUTH", year=2023)
    figure = pictures.diagram_chart(
        pictures.diagram_sheet(cached, state, EN), state, EN
    )
    nodes = next(t for t in figure["data"] if "node:NB.IR" in t.get("customdata", ()))
    at = [
        x
        for x, c in zip(nodes["x"], nodes["customdata"], strict=True)
        if c == "node:NB.IR"
    ]
    assert len(at) == 2
    assert min(at) == 0


def test_what_is_chosen_says_its_figures_and_can_be_explained(cached):
    flow = chosen.sheet(cached, STATE.with_more("pick", "flow:D00.TURB"), EN)
    assert flow.rows[0]["cell"] == "balance.flows.D00.TURB"
    assert flow.rows[1]["words"] == "D00.RES dam"
    node = chosen.sheet(cached, STATE.with_more("pick", "node:D00.RES"), EN)
    assert any(row.get("cell") == "balance.accounts.D00.RES" for row in node.rows)
    largest = chosen.sheet(cached, STATE, EN)
    assert largest.rows[1]["words"] in ("River", "Reservoir")
    nothing = chosen.sheet(cached, STATE.with_more("pick", "node:NO<b>"), EN)
    assert nothing.rows == []
    assert "NO<b>" in nothing.empty


def test_a_click_on_nothing_chooses_nothing():
    assert choosing.clicked({"points": [{"customdata": "flow:A"}]}) == "flow:A"
    assert choosing.clicked({"points": [{}]}) == ""
    assert choosing.clicked(None) == ""


def test_all_that_is_shown_can_be_chosen_by_name(cached):
    accounts, flows = choosing.offered(cached, STATE, EN)
    values = {item["value"] for item in (*accounts["items"], *flows["items"])}
    assert {"node:D00.RES", "flow:D00.TURB"} <= values
