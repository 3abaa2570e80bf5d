"""Compare: sides, differences and what their uncertainty says."""

from __future__ import annotations

import math

import pytest

from ewater.dashboard.i18n import language
from ewater.dashboard.pages.compare import PAGE, choosing, kinds, tables
from ewater.dashboard.pages.page import FILTERS
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State, parse

EN = language("en")
STATE = State(territory="TL", year=2023)


@pytest.fixture(scope="module")
def cached(made_up_country):
    reader = made_up_country.MadeUpReader()
    reader.answers |= {"editions": editions, "figures": figures}
    return CachedReader(reader)


def editions(reader, states=()):
    """One edition of the country."""
    return [
        {
            "name": "TL-2023",
            "territory": "TL",
            "period_start": "2022-12-31T20:00:00+00:00",
            "period_end": "2023-12-31T20:00:00+00:00",
            "step": "year",
            "state": "published",
        }
    ]


def figures(reader, name, territory, states=()):
    """Inflow alone, a little less than now; other cells the edition does not have."""
    if name != "TL-2023" or territory != "TL":
        return []
    return [
        {
            "period": "2022-12-31T20:00:00Z",
            "cell": "balance.inflow",
            "unit": "m3",
            "value": 1000e6,
            "known": 1000e6,
            "u": 10e6,
            "coverage": 0.99,
            "status": "measured",
            "missing": [],
        }
    ]


def quantity(value, u):
    return {
        "value": value,
        "known": value,
        "missing": [],
        "u": u,
        "coverage": 1.0,
        "status": "measured",
        "status_shares": {},
    }


def sheets(cached, state):
    return (
        tables.sides_sheet(cached, state, EN),
        tables.differences_sheet(cached, state, EN),
    )


def test_two_years_are_compared_when_none_are_chosen(cached):
    sides, changes = sheets(cached, STATE)
    assert [side.name for side in sides.data] == ["2022", "2023"]
    inflow, change = sides.rows[0], changes.rows[0]
    first, second = inflow["side0"], inflow["side1"]
    assert change["change0"] == second["value"] - first["value"]
    assert change["half0"] == pytest.approx(2 * math.hypot(first["u"], second["u"]))
    judged = abs(change["change0"]) > change["half0"]
    assert change["says0"] == ("yes: a change" if judged else "no: within U")
    assert inflow["cell"].start == "2023-01-01"


def test_up_to_four_years_stand_side_by_side_in_the_order_of_the_address(cached):
    state = STATE
    for n, year in enumerate((2025, 2021, 2023, 2022), 1):
        state = state.with_more(f"years{n}", str(year))
    sides, changes = sheets(cached, state)
    assert [side.name for side in sides.data] == ["2025", "2021", "2023", "2022"]
    drawn = tables.sides_chart(sides, state, EN)["data"]
    named = [one["name"] for one in drawn if one.get("showlegend", True)]
    assert named == [one["name"] for one in drawn if "error_y" in one]
    assert len(named) == 4
    assert changes.data == ["2021", "2023", "2022"]


def test_a_side_that_is_there_twice_or_nowhere_is_left_out(cached):
    state = STATE.with_more("years1", "2023").with_more("years2", "2023")
    state = state.with_more("years3", "1492").with_more("years4", "none")
    assert kinds.chosen(cached, state, EN) == ["2023", "2022"]


def test_years_with_a_gap_are_not_what_the_page_opens_on(cached):
    late = STATE.with_changes(year=2024)
    assert kinds.chosen(cached, late, EN) == ["2022", "2023"]
    first = STATE.with_changes(year=cached.years()[0])  # nothing whole before it
    assert str(first.year) in kinds.chosen(cached, first, EN)


def test_a_gap_makes_the_difference_unknown_and_not_a_change(cached):
    state = STATE.with_more("years1", "2023").with_more("years2", "2024")
    sides, changes = sheets(cached, state)
    row = changes.rows[0]
    assert row["change0"] is None
    assert row["says0"] is None
    residual = next(r for r in sides.rows if r["code"] == "balance.residual")
    assert residual["side1"]["known"] is None


@pytest.mark.parametrize(
    ("kind", "u", "expected"),
    [
        ("years", (3.0, 4.0), 10.0),
        ("versions", (5.0, 3.0), 8.0),
        ("moments", (1, 1), None),
    ],
)
def test_how_a_difference_is_judged_follows_what_is_compared(kind, u, expected):
    found = tables.difference(
        kinds.KINDS[kind], quantity(10.0, u[0]), quantity(15.0, u[1])
    )
    assert found == (5.0, expected)


def test_a_moment_has_to_be_given(cached):
    state = STATE.with_more("what", "moments")
    sheet = tables.sides_sheet(cached, state, EN)
    assert not sheet.rows
    assert "As known at" in sheet.empty
    then = state.with_changes(as_of="2024-01-01T00:00:00+04:00")
    sides, changes = sheets(cached, then)
    assert sides.data[1].name == "Now"
    assert changes.rows[0]["half0"] is None


def test_an_edition_stands_beside_what_is_known_now(cached):
    state = STATE.with_more("what", "editions")
    sides, changes = sheets(cached, state)
    assert [side.name for side in sides.data] == ["Now", "TL-2023"]
    rows = {row["code"]: row for row in sides.rows}
    assert rows["balance.inflow"]["side1"]["value"] == 1000e6
    assert rows["balance.outflow"]["side1"] is None
    assert rows["balance.inflow"]["cell"].cell == "balance.inflow"
    drawn = tables.differences_chart(changes, state, EN)["data"][0]
    assert drawn["x"] == ["Inflow"]
    other = state.with_changes(year=2022)
    assert "No edition" in tables.sides_sheet(cached, other, EN).empty


def test_scenarios_that_were_computed_stand_beside_the_forecast(cached):
    state = STATE.with_more("what", "scenarios")
    sides, changes = sheets(cached, state)
    assert [side.name for side in sides.data] == ["Forecast", "Dry"]
    inflow = changes.rows[0]
    assert inflow["change0"] == pytest.approx(-200e6)
    assert inflow["half0"] is None
    u = sides.rows[0]["side0"]["u"]
    assert u == pytest.approx(128e6 / 1.2816, rel=1e-3)
    assert sides.rows[0]["cell"] is None
    stored = next(r for r in sides.rows if r["code"] == "balance.storage_change")
    assert stored["side0"]["value"] is None


def test_the_third_side_can_be_nothing_the_first_cannot(cached):
    first, third = (choosing.items(cached, STATE, EN, "years", n) for n in (1, 3))
    assert next(item["value"] for item in first) == "2025"
    assert third[-1]["value"] == kinds.NONE
    assert kinds.NONE not in {item["value"] for item in first}


@pytest.mark.parametrize(
    ("query", "without"),
    [
        ("?what=years", {"step", "sector"}),
        ("?what=years&years1=2022&years2=2023", {"step", "sector", "year"}),
        ("?what=versions", {"step", "sector", "version"}),
        ("?what=editions", {"step", "sector"}),
        (
            "?what=editions&editions1=a&editions2=b",
            {"step", "sector", "boundary", "version", "as_of"},
        ),
        ("?what=scenarios", set(FILTERS) - {"territory"}),
    ],
)
def test_filters_that_the_sides_do_not_depend_on_are_hidden(query, without):
    state = parse(query, territories=["TL"], years=[2022, 2023])
    assert set(FILTERS) - set(PAGE.filters_of(state)) == without


def test_a_hidden_filter_stays_in_the_address():
    address = "?boundary=territory&what=scenarios"
    state = parse(address, territories=["TL"], years=[2023])
    assert "boundary=territory" in state.query()
