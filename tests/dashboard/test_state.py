"""The address of the page holds the whole view."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.dashboard.i18n import LANGUAGES
from ewater.dashboard.labels import BOUNDARIES, LEVELS, MEASURES
from ewater.dashboard.pages.overview.controls import changed
from ewater.dashboard.state import PERIODS, THEMES, State, month_after, parse

CODES = ("TL", "B-NORTH", "D:1.x_2")
YEARS = (2021, 2022, 2023)

states = st.builds(
    State,
    territory=st.sampled_from(CODES),
    year=st.sampled_from(YEARS),
    months=st.sampled_from(list(PERIODS.values())),
    boundary=st.sampled_from(list(BOUNDARIES)),
    measure=st.sampled_from(list(MEASURES)),
    level=st.sampled_from(list(LEVELS)),
    lang=st.sampled_from(LANGUAGES),
    theme=st.sampled_from(THEMES),
)


def read(search, **more):
    return parse(search, territories=CODES, years=YEARS, **more)


@given(states)
def test_a_view_survives_the_way_through_its_address(state):
    assert read(state.query()) == state


@given(states)
def test_a_view_survives_the_way_through_the_browser(state):
    assert State.from_store(json.loads(json.dumps(state.to_store()))) == state


@given(st.text(max_size=200))
def test_no_address_breaks_the_page(search):
    state = read(search)
    assert state.territory in CODES
    assert state.year in YEARS


def test_an_empty_address_shows_the_country_and_the_last_year():
    state = read("", lang="ru")
    assert (state.territory, state.year, state.lang) == ("TL", 2023, "ru")


@pytest.mark.parametrize(
    "bad",
    ["year=1999", "year=x", "territory=XX", "months=5-2", "months=2-4", "months=x"],
)
def test_what_a_link_asks_for_in_vain_is_named(bad):
    state = read(f"?{bad}&theme=dark")
    assert state.dropped == (bad,)
    assert state.theme == "dark"


def test_the_year_ends_where_the_next_begins():
    assert month_after(2023, 12) == date(2024, 1, 1)
    assert read("?year=2022").end == date(2023, 1, 1)
    assert read("?year=2022&months=4-6").start == date(2022, 4, 1)
    assert read("?year=2022&months=4-6").end == date(2022, 7, 1)


@pytest.mark.parametrize(
    ("period", "step"), [("1-12", "year"), ("10-12", "quarter"), ("5-5", "month")]
)
def test_a_period_is_a_step_of_the_account(period, step):
    state = changed(read(""), "period", period)
    assert (state.period, state.step) == (period, step)


def test_an_emptied_control_changes_nothing():
    state = read("")
    assert changed(state, "territory", None) == state
