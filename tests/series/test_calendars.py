"""Periods in local time: METHODS E5 and E6, and the dates that are refused."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.errors import UsageError
from ewater.series import calendars
from ewater.series.calendars import Calendar
from ewater.series.volumes import volumes

BAKU = Calendar("az", "Asia/Baku")
HYDROLOGICAL = Calendar("hydro", "Asia/Baku", "08:00", "10-01")


def constant(build, rate, first, last):
    """A series that reads ``rate`` at its two ends, joined by a wide interval."""
    readings = build.readings(Q=([first, last], [rate, rate]))
    return readings, build.series(Q={"interval_s": 1e9})


def test_e5_a_leap_february_is_longer_and_so_is_its_year(build):
    readings, series = constant(build, 12.5, "2022-12-01", "2025-02-01")
    year = [dt.date(2023, 1, 1), dt.date(2025, 1, 1)]
    months = volumes(readings, series, calendars.bounds(BAKU, *year, "month")).volume[0]
    np.testing.assert_allclose(months[[1, 13]] / 1e6, [30.24, 31.32], rtol=1e-12)
    years = volumes(readings, series, calendars.bounds(BAKU, *year, "year")).volume[0]
    np.testing.assert_allclose(years[1] / 1e6, 395.28, rtol=1e-12)


def test_e5_the_mean_of_two_months_weighs_their_lengths(build):
    months = calendars.bounds(BAKU, dt.date(2024, 1, 1), dt.date(2024, 3, 1), "month")
    readings = build.readings(Q=(months[1:], [10, 20]))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 31 * 86_400})
    found = volumes(readings, series, months[[0, -1]])
    mean = found.volume.item() / found.observed_s.item()
    assert found.coverage.item() == 1
    assert mean == pytest.approx(14.8333, abs=5e-5)


def test_e6_days_on_which_the_clock_changes_have_23_and_25_hours(build):
    readings, series = constant(build, 10, "2015-01-01", "2016-12-31")
    for day, volume in [
        (dt.date(2015, 3, 29), 828_000),
        (dt.date(2015, 10, 25), 900_000),
        (dt.date(2016, 3, 27), 864_000),
    ]:
        bounds = calendars.bounds(BAKU, day, day + dt.timedelta(days=1), "day")
        assert volumes(readings, series, bounds).volume.item() == volume


def test_e6_an_ambiguous_start_of_day_is_the_first_of_the_two():
    calendar = Calendar("late", "Asia/Baku", "04:30")
    bounds = calendars.bounds(
        calendar, dt.date(2015, 10, 25), dt.date(2015, 10, 26), "day"
    )
    assert calendars.labels(calendar, bounds) == [
        "2015-10-25T04:30:00+05:00",
        "2015-10-26T04:30:00+04:00",
    ]


def test_a_skipped_midnight_begins_at_the_first_instant_there_is():
    calendar = Calendar("br", "America/Sao_Paulo")
    bounds = calendars.bounds(
        calendar, dt.date(2018, 11, 4), dt.date(2018, 11, 5), "day"
    )
    assert calendars.labels(calendar, bounds)[0] == "2018-11-04T01:00:00-02:00"
    assert np.diff(bounds).item() == 23 * 3_600_000_000


def test_a_change_of_offset_without_summer_time_takes_the_first_too():
    calendar = Calendar("ru", "Europe/Moscow", "01:30")
    bounds = calendars.bounds(
        calendar, dt.date(2014, 10, 26), dt.date(2014, 10, 27), "day"
    )
    assert calendars.labels(calendar, bounds)[0] == "2014-10-26T01:30:00+04:00"


def test_decades_end_with_the_month():
    bounds = calendars.bounds(
        Calendar.UTC, dt.date(2024, 2, 1), dt.date(2024, 4, 1), "decade"
    )
    assert (np.diff(bounds) / 86_400_000_000).tolist() == [10, 10, 9, 10, 10, 11]


def test_years_and_quarters_count_from_the_start_of_the_year():
    dates = [dt.date(2015, 10, 1), dt.date(2017, 10, 1)]
    years = calendars.bounds(HYDROLOGICAL, *dates, "year")
    assert calendars.labels(HYDROLOGICAL, years) == [
        "2015-10-01T08:00:00+05:00",
        "2016-10-01T08:00:00+04:00",
        "2017-10-01T08:00:00+04:00",
    ]
    calendar = Calendar("feb", "UTC", "00:00", "02-15")
    quarters = calendars.bounds(
        calendar, dt.date(2023, 2, 15), dt.date(2024, 2, 15), "quarter"
    )
    assert [label[5:10] for label in calendars.labels(calendar, quarters)] == [
        "02-15",
        "05-15",
        "08-15",
        "11-15",
        "02-15",
    ]


@pytest.mark.parametrize(
    ("start", "step", "before", "after"),
    [
        ("2023-01-02", "month", "2023-01-01", "2023-02-01"),
        ("2023-01-05", "decade", "2023-01-01", "2023-01-11"),
        ("2023-02-01", "quarter", "2023-01-01", "2023-04-01"),
        ("2023-02-01", "year", "2023-01-01", "2024-01-01"),
    ],
)
def test_a_date_off_the_edge_is_refused_with_its_neighbours(start, step, before, after):
    date = dt.date.fromisoformat(start)
    with pytest.raises(UsageError, match=f"start {start}.*{before} and {after}"):
        calendars.bounds(BAKU, date, dt.date(2025, 1, 1), step)
    with pytest.raises(UsageError, match=f"end {start}.*{before} and {after}"):
        calendars.bounds(BAKU, dt.date(2020, 1, 1), date, step)


def test_an_empty_period_and_an_unknown_step_are_refused():
    day = dt.date(2023, 1, 1)
    with pytest.raises(UsageError, match="not after its start"):
        calendars.bounds(BAKU, day, day, "day")
    with pytest.raises(UsageError, match="use one of day, decade"):
        calendars.bounds(BAKU, day, dt.date(2024, 1, 1), "week")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c", "Asia/Bakuu"), "Asia/Bakuu"),
        (("c", "UTC", "8:00"), "HH:MM"),
        (("c", "UTC", "24:00"), "HH:MM"),
        (("c", "UTC", "00:00", "02-29"), "MM-DD"),
        (("c", "UTC", "00:00", "13-01"), "MM-DD"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        Calendar(*arguments)


def test_calendars_come_from_the_country_frame_with_defaults():
    frame = pd.DataFrame(
        {
            "code": ["az", "hydro"],
            "timezone": ["Asia/Baku", "Asia/Baku"],
            "day_start": [None, "08:00"],
            "year_start": [None, "10-01"],
        }
    )
    assert calendars.from_frame(frame, "az") == BAKU
    assert calendars.from_frame(frame, "hydro") == HYDROLOGICAL
    with pytest.raises(UsageError, match="az, hydro"):
        calendars.from_frame(frame, "xx")


ZONES = ["UTC", "Asia/Baku", "America/Sao_Paulo", "Asia/Tehran", "Pacific/Apia"]


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["00:00", "04:30", "08:00", "23:00"]),
    st.integers(1995, 2020),
)
def test_every_instant_belongs_to_the_local_day_that_holds_it(zone, start, year):
    calendar = Calendar("c", zone, start)
    dates = [dt.date(year, 1, 1), dt.date(year + 1, 1, 1)]
    # Apia had no 30 December 2011: both edges of a day that never was coincide
    skipped = zone == "Pacific/Apia" and year == 2011
    bounds = calendars.bounds(calendar, *dates, "month" if skipped else "day")
    assert (np.diff(bounds) > 0).all()
    edges = np.array(
        [label[:10] for label in calendars.labels(calendar, bounds)], "M8[D]"
    )
    days = calendars.local_days(calendar, bounds)
    assert (days == edges).all()
    before = calendars.local_days(calendar, bounds - 1)
    assert (before < days).all()


@given(st.integers(1990, 2030), st.sampled_from(["decade", "month", "quarter", "year"]))
def test_steps_are_made_of_whole_days(year, step):
    dates = [dt.date(year, 10, 1), dt.date(year + 1, 10, 1)]
    days = calendars.bounds(HYDROLOGICAL, *dates, "day")
    assert np.isin(calendars.bounds(HYDROLOGICAL, *dates, step), days).all()


def test_the_day_by_the_clocks_of_a_zone_and_the_last_before_an_end():
    midnight = dt.datetime(2025, 6, 30, 20, tzinfo=dt.UTC)  # 1 July in Baku
    assert calendars.local_day(midnight, "Asia/Baku") == dt.date(2025, 7, 1)
    assert calendars.local_day(midnight, "America/Boise") == dt.date(2025, 6, 30)
    assert calendars.last_day(midnight, "Asia/Baku") == dt.date(2025, 6, 30)
    later = midnight + dt.timedelta(microseconds=1)
    assert calendars.last_day(later, "Asia/Baku") == dt.date(2025, 7, 1)
