"""Stocks at instants, their change, and the mean area: METHODS E8."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.errors import UsageError
from ewater.series.stocks import levels_at, mean_area, stocks, storage_change

LEVEL = {"quantity": "level", "unit": "m", "site": "R"}
STORAGE = {"quantity": "storage", "unit": "m3", "site": "R"}
OPENING, CLOSING = "2024-01-01", "2024-02-01"


def curves(*tables):
    """``(kind, valid_from, {x: y})`` of site R."""
    rows = [
        ("R", kind, start, None, x, y, *[np.nan] * 5)
        for kind, start, table in tables
        for x, y in table.items()
    ]
    names = ["site", "kind", "valid_from", "valid_to", "x", "y"]
    names += ["segment", "a", "h0", "b", "shift"]
    made = pd.DataFrame(rows, columns=names)
    for name in ("valid_from", "valid_to"):
        made[name] = pd.to_datetime(made[name], utc=True)
    return made


E8 = [("storage", None, {75: 6500e6, 80: 8750e6}), ("area", None, {75: 4e8, 80: 5e8})]


def test_e8_storage_change_between_two_levels(build):
    readings = build.readings(Z=([OPENING, CLOSING], [77.40, 78.15]))
    series, bounds = build.series(Z=LEVEL), build.us(OPENING, CLOSING)
    found = stocks(readings, series, curves(*E8), bounds)
    np.testing.assert_allclose(found.volume[0] / 1e6, [7517.6, 7859.225], rtol=1e-12)
    change = storage_change(readings, series, curves(*E8), bounds)
    assert change.storage_change.item() / 1e6 == pytest.approx(341.625, rel=1e-10)
    assert change.curve_change.item() == 0
    linear = storage_change(readings, series, curves(E8[0]), bounds)
    assert linear.storage_change.item() / 1e6 == pytest.approx(337.5, rel=1e-10)


def test_e8_evaporation_and_rain_fall_on_the_mean_area(build):
    level = 75 + (455.5e6 - 400e6) / 20e6
    readings = build.readings(Z=([OPENING, CLOSING], [level - 0.3, level + 0.3]))
    series = build.series(Z=LEVEL | {"interval_s": 31 * 86_400})
    found = mean_area(readings, series, curves(*E8), build.us(OPENING, CLOSING))
    assert found.area.item() == pytest.approx(455.5e6)
    assert found.coverage.item() == 1
    np.testing.assert_allclose(
        np.array([0.120, 0.030]) * found.area.item() / 1e6, [54.66, 13.665]
    )


def test_areas_are_averaged_not_levels(build):
    bent = curves(("area", None, {0: 0, 10: 0, 20: 1000}))
    readings = build.readings(Z=(["2024-01-01T00", "2024-01-01T06"], [5, 15]))
    series = build.series(Z=LEVEL)
    bounds = build.us("2024-01-01T00", "2024-01-01T06")
    assert mean_area(readings, series, bent, bounds).area.item() == 250


def test_areas_follow_the_stored_volume_too(build):
    readings = build.readings(S=([OPENING, CLOSING], [7517.6e6, 7517.6e6]))
    series = build.series(S=STORAGE | {"interval_s": 31 * 86_400})
    found = mean_area(readings, series, curves(*E8), build.us(OPENING, CLOSING))
    assert found.area.item() == pytest.approx(448e6)


def test_a_level_is_the_mean_of_the_good_readings_within_an_hour(build):
    times = [f"2024-01-01T{hour}" for hour in ("10:59", "11:00", "12:00", "13:00")]
    readings = build.readings(Z=([*times, "2024-01-01T13:01"], [50, 1, 2, 6, 90]))
    found = levels_at(readings, ["Z"], build.us("2024-01-01T12:00"))
    assert found.item() == 3
    flagged = build.readings(Z=(times, [50, 1, 2, 6], [1, 1, 4, 9]))
    assert levels_at(flagged, ["Z"], build.us("2024-01-01T12:00")).item() == 1


def test_between_daily_levels_the_line_is_drawn_but_not_over_a_lost_day(build):
    times = ["2024-01-01T08", "2024-01-02T08", "2024-01-04T08"]
    readings = build.readings(Z=(times, [10, 13, 20]))
    instants = build.us("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05")
    found = levels_at(readings, ["Z"], instants)
    np.testing.assert_array_equal(found[0], [np.nan, 12, np.nan, np.nan])


def test_a_value_that_closes_its_day_is_the_stock_at_its_stamp(build):
    times = np.arange(4) * np.timedelta64(30, "m") + np.datetime64(OPENING, "us")
    readings = build.readings(C=(times, [1, 2, 3, 4]), I=(times, [1, 2, 3, 8]))
    closing = STORAGE | {"signal": "mean_preceding", "interval_s": 1800}
    series = build.series(C=closing, I=STORAGE)
    found = stocks(readings, series, curves(), build.us("2024-01-01T00:30"))
    assert found.volume.values[:, 0].tolist() == [2, 3.5]
    assert np.isnan(found.level).all()


def test_a_monthly_stock_is_read_between_its_months(build):
    readings = build.readings(S=([OPENING, CLOSING], [0, 31]))
    series = build.series(S=STORAGE | {"interval_s": 30 * 86_400})
    found = stocks(readings, series, curves(), build.us("2024-01-11"))
    assert found.volume.item() == pytest.approx(10)


def test_no_reading_no_stock(build):
    readings = build.readings(E=([], []), S=([OPENING], [5]))
    series = build.series(E=STORAGE, S=STORAGE)
    found = stocks(readings, series, curves(), build.us(OPENING, CLOSING))
    np.testing.assert_array_equal(found.volume, [[np.nan, np.nan], [5, np.nan]])


def test_a_new_survey_is_booked_apart_from_the_change(build):
    old, new = {0: 0, 100: 1000}, {0: 0, 100: 900}
    tables = curves(("storage", "2000-01-01", old), ("storage", "2024-01-15", new))
    instants = build.us("2024-01-01", "2024-01-10", "2024-01-20", "2024-01-30")
    readings = build.readings(Z=(instants, [10, 20, 40, 50]))
    series = build.series(Z=LEVEL)
    found = storage_change(readings, series, tables, instants)
    np.testing.assert_allclose(found.storage_change[0], [100, 200, 90])
    np.testing.assert_allclose(found.curve_change[0], [0, -40, 0], atol=1e-9)
    total = found.storage_change + found.curve_change
    stored = stocks(readings, series, tables, instants).volume
    np.testing.assert_allclose(total[0], np.diff(stored[0]))


def test_a_survey_at_the_edge_leaves_the_period_before_on_the_old_curve(build):
    tables = curves(
        ("storage", "2000-01-01", {0: 0, 100: 1000}),
        ("storage", "2024-01-10", {0: 0, 100: 900}),
    )
    instants = build.us("2024-01-01", "2024-01-10", "2024-01-20")
    readings = build.readings(Z=(instants, [10, 20, 40]))
    found = storage_change(readings, build.series(Z=LEVEL), tables, instants)
    np.testing.assert_allclose(found.storage_change[0], [100, 180])
    np.testing.assert_allclose(found.curve_change[0], [-20, 0], atol=1e-9)


def test_a_level_above_the_old_table_puts_both_ends_on_the_new_one(build):
    tables = curves(
        ("storage", "2000-01-01", {0: 0, 50: 500}),
        ("storage", "2024-01-10", {0: 0, 100: 900}),
    )
    instants = build.us("2024-01-01", "2024-01-20")
    readings = build.readings(Z=(instants, [40, 60]))
    found = storage_change(readings, build.series(Z=LEVEL), tables, instants)
    assert found.storage_change.item() == pytest.approx(180)
    assert found.curve_change.item() == pytest.approx(360 - 400)


def test_a_level_outside_the_table_or_before_the_first_survey_is_unknown(build):
    tables = curves(("storage", "2024-01-15", {0: 0, 10: 100}))
    readings = build.readings(Z=([OPENING, "2024-01-20", CLOSING], [5, 5, 11]))
    instants = build.us(OPENING, "2024-01-20", CLOSING)
    found = stocks(readings, build.series(Z=LEVEL), tables, instants)
    np.testing.assert_array_equal(found.volume[0], [np.nan, 50, np.nan])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (LEVEL | {"site": "X"}, "sites X have levels but no storage curve"),
        ({"quantity": "discharge"}, "Z cannot be a stock"),
        (STORAGE | {"signal": "totaliser"}, "instantaneous or mean_preceding"),
    ],
)
def test_what_is_no_stock_is_refused_by_name(build, row, message):
    readings = build.readings(Z=([OPENING], [1]))
    with pytest.raises(UsageError, match=message):
        stocks(readings, build.series(Z=row), curves(*E8), build.us(OPENING))


def test_a_series_without_readings_in_the_data_is_refused_by_name(build):
    with pytest.raises(UsageError, match="no readings of series Y"):
        levels_at(build.readings(Z=([], [])), ["Z", "Y"], build.us(OPENING))


def test_no_series_at_all_is_an_empty_answer(build):
    bounds = build.us(OPENING, CLOSING)
    nothing, series = build.readings(), build.series(Z=LEVEL)
    assert stocks(nothing, series, curves(), bounds).volume.shape == (0, 2)
    assert mean_area(nothing, series, curves(), bounds).area.shape == (0, 1)
    change = storage_change(nothing, series, curves(), bounds)
    assert change.storage_change.shape == (0, 1)
