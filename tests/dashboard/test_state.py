"""The address of the page holds the whole view."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.dashboard.i18n import LANGUAGES
from ewater.dashboard.labels import BOUNDARIES, LEVELS, MEASURES
from ewater.dashboard.shell.controls import changed
from ewater.dashboard.state import PERIODS, THEMES, State, month_after, parse

CODES = ("TL", "B-NORTH", "D:1.x_2")
YEARS = (2021, 2022, 2023)

states = st.builds(
    State,
    territory=st.sampled_from(CODES),
    year=st.sampled_from(YEARS),
    period=st.sampled_from(list(PERIODS)),
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
    assert (state.period, state.account_step) == (period, step)


def test_an_emptied_control_changes_nothing():
    state = read("")
    assert changed(state, "territory", None) == state


CALENDARS = {"AZ": 1, "AZ-WATER": 10}


def test_a_water_year_begins_in_its_month_and_holds_the_months_after_new_year():
    state = read("?calendar=AZ-WATER&year=2022", calendars=CALENDARS)
    assert (state.start, state.end) == (date(2022, 10, 1), date(2023, 10, 1))
    spring = state.with_changes(period="4-6")
    assert (spring.start, spring.end) == (date(2023, 4, 1), date(2023, 7, 1))
    autumn = state.with_changes(period="11-11")
    assert autumn.start == date(2022, 11, 1)


def test_ten_days_are_thirds_of_a_month_and_the_last_one_has_the_rest():
    state = read("?year=2023&months=2.3")
    assert (state.start, state.end) == (date(2023, 2, 21), date(2023, 3, 1))
    assert state.account_step == "decade"
    first = state.with_changes(period="12.1")
    assert (first.start, first.end) == (date(2023, 12, 1), date(2023, 12, 11))


@given(
    period=st.sampled_from(list(PERIODS)),
    first_month=st.integers(1, 12),
    year=st.sampled_from(YEARS),
)
def test_every_period_lies_in_its_year(period, first_month, year):
    state = State(territory="TL", year=year, period=period, first_month=first_month)
    whole = state.with_changes(period="1-12")
    if len({*state.months}) == 1 or first_month == 1:
        assert whole.start <= state.start < state.end <= whole.end


def test_the_calendar_of_the_country_is_the_unnamed_default():
    state = read("?calendar=AZ", calendars=CALENDARS)
    assert (state.calendar, state.first_month) == ("", 1)
    assert "calendar" not in state.query()
    assert read("?calendar=XX", calendars=CALENDARS).dropped == ("calendar=XX",)


def test_choices_of_single_pages_live_in_the_address():
    state = read("?site=KUR-GIR&band=10&LOUD=1")
    assert state.more == (("band", "10"), ("site", "KUR-GIR"))
    assert state.pick("band", ("5", "10")) == "10"
    assert state.pick("site", ("A", "B")) == "A"
    assert read(state.with_more("site", "").query()).more == (("band", "10"),)


@pytest.mark.parametrize("given", ["2024-01-01", "yesterday", "2024-01-01T00:00"])
def test_a_time_of_knowledge_in_an_address_must_say_its_offset(given):
    assert read(f"?as_of={given}").dropped == (f"as_of={given}",)


def test_a_time_of_knowledge_that_is_typed_is_utc_unless_it_says_its_offset():
    for typed in ("2024-01-01", " 2024-01-01 00:00 UTC", "2024-01-01T00:00"):
        assert changed(read(""), "as_of", typed).as_of == "2024-01-01T00:00:00+00:00"
    local = "2024-01-01T00:00+04:00"
    assert changed(read(""), "as_of", local).as_of == local
    for nonsense in ("yesterday", "2024-13-01"):
        assert changed(read(""), "as_of", nonsense).dropped == (f"as_of={nonsense}",)
    assert changed(read(""), "as_of", "2024-01-01T00:00+04:00").basis.as_of


def test_controls_of_pages_and_of_the_frame_change_the_state():
    state = read("", calendars=CALENDARS)
    assert changed(state, "sector", "industry").sector == "industry"
    assert changed(state, "sector", "all").sector == ""
    assert changed(state, "calendar", "AZ-WATER", CALENDARS).first_month == 10
    assert changed(state, "measure", "coverage").measure == "coverage"
    assert changed(state, "reservoir", "RES-1").get("reservoir") == "RES-1"
