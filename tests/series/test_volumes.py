"""Readings to volumes: METHODS E1-E4, gaps, flags, edges and refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ewater.errors import UsageError
from ewater.series.volumes import aggregate, cells, depths, volumes

HALF_HOURS = [
    "2024-01-01T23:40",
    "2024-01-02T00:10",
    "2024-01-02T00:40",
    "2024-01-02T01:10",
]
METER = {"quantity": "volume", "unit": "m3", "signal": "totaliser", "interval_s": 3600}


def hours(count, first="2024-01-01T00"):
    return np.arange(count) * np.timedelta64(1, "h") + np.datetime64(first, "us")


def test_e1_trapezoid_takes_the_edges_from_neighbours_outside_the_period(build):
    readings = build.readings(Q=(HALF_HOURS, [10, 16, 13, 10]))
    bounds = build.us("2024-01-02T00:00", "2024-01-02T01:00")
    found = volumes(readings, build.series(Q={}), bounds)
    assert found.volume.item() == pytest.approx(49_500, rel=1e-12)
    assert found.coverage.item() == 1.0
    assert found.observed_s.item() == 3600.0


def test_e1_a_split_at_midnight_adds_up(build):
    readings = build.readings(Q=(HALF_HOURS, [10, 16, 13, 10]))
    bounds = build.us("2024-01-01T23:40", "2024-01-02T00:00", "2024-01-02T00:10")
    found = volumes(readings, build.series(Q={}), bounds)
    np.testing.assert_allclose(found.volume[0], [14_400, 9_000], rtol=1e-12)


def test_e2_means_of_the_preceding_interval_are_steps(build):
    readings = build.readings(Q=(HALF_HOURS, [10, 16, 13, 10]))
    bounds = build.us("2024-01-02T00:00", "2024-01-02T01:00")
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 1800})
    found = volumes(readings, series, bounds)
    assert found.volume.item() == pytest.approx(45_000, rel=1e-12)
    assert found.coverage.item() == 1.0


def test_e3_rollover_and_a_gap_inside_an_intact_totaliser_lose_no_volume(build):
    readings = build.readings(M=(hours(6)[[0, 1, 4, 5]], [999_850, 999_940, 210, 300]))
    series = build.series(M=METER | {"modulus": 1e6, "max_rate": 150 / 3600})
    day = volumes(readings, series, build.us("2024-01-01T00", "2024-01-01T05"))
    assert day.volume.item() == pytest.approx(450, rel=1e-12)
    by_hour = volumes(readings, series, hours(6).astype(np.int64))
    np.testing.assert_allclose(by_hour.volume[0], [90] * 5, rtol=1e-12)
    assert by_hour.distributed_s[0].values.tolist() == [0, 3600, 3600, 3600, 0]
    assert day.distribution_square.item() == 0  # the sum itself is known
    assert (by_hour.distribution_square[0, 1:4] > 0).all()


def test_e3_the_modulus_is_a_power_of_ten_not_the_largest_reading(build):
    readings = build.readings(M=(hours(2), [99_999_678, 123]))
    series = build.series(M=METER | {"modulus": 1e8, "max_rate": 0.2})
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    assert volumes(readings, series, bounds).volume.item() == pytest.approx(445)


def test_e4_an_unexplained_reset_is_unknown_and_bounded_below(build):
    readings = build.readings(M=(hours(2), [45_230, 12]))
    series = build.series(M=METER | {"modulus": 1e6, "max_rate": 150 / 3600})
    found = volumes(readings, series, build.us("2024-01-01T00", "2024-01-01T01"))
    assert np.isnan(found.volume.item())
    assert found.lower.item() == 12
    assert found.coverage.item() == 0


@pytest.mark.parametrize("event", ["reset", "replacement", "unit_change"])
def test_e4_an_event_bridges_the_reset(build, event):
    readings = build.readings(M=(hours(2), [45_230, 12]))
    series = build.series(M=METER | {"modulus": 1e6, "max_rate": 150 / 3600})
    events = build.events(("M", "2024-01-01T00:30", event, 45_300, 0))
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    found = volumes(readings, series, bounds, events=events)
    assert found.volume.item() == 82
    assert found.coverage.item() == 1


def test_an_event_of_another_meter_or_another_hour_explains_nothing(build):
    readings = build.readings(M=(hours(3), [45_230, 12, 20]), N=(hours(2), [1, 2]))
    series = build.series(M=METER, N=METER)
    events = build.events(
        ("N", "2024-01-01T00:30", "reset", 45_300, 0),
        ("M", "2024-01-01T01:30", "reset", 15, 0),
        ("X", "2024-01-01T00:30", "reset", 45_300, 0),
    )
    bounds = hours(3).astype(np.int64)
    found = volumes(readings, series, bounds, events=events)
    assert np.isnan(found.volume[0, 0])
    assert found.volume[0, 1] == 23


def test_event_readings_and_modulus_are_in_the_unit_of_the_series(build):
    series = build.series(
        M=METER | {"unit": "thousand m3", "modulus": 1000.0, "max_rate": 100.0}
    )
    bounds = hours(3).astype(np.int64)
    readings = build.readings(M=(hours(3), [990e3, 5e3, 7e3]))  # SI
    events = build.events(("M", "2024-01-01T01:30", "replacement", 6.0, 6.5))
    found = volumes(readings, series, bounds, events=events)
    np.testing.assert_allclose(found.volume[0], [15e3, 1.5e3])


def test_an_event_without_its_readings_leaves_the_volume_unknown(build):
    readings = build.readings(M=(hours(2), [45_230, 12]))
    events = build.events(("M", "2024-01-01T00:30", "reset", np.nan, 0))
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    found = volumes(readings, build.series(M=METER), bounds, events=events)
    assert np.isnan(found.volume.item())


def test_a_declared_rollover_needs_no_maximum_rate(build):
    readings = build.readings(M=(hours(2), [999_900, 50]))
    series = build.series(M=METER | {"modulus": 1e6})
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    assert np.isnan(volumes(readings, series, bounds).volume.item())
    events = build.events(("M", "2024-01-01T00:30", "rollover", np.nan, np.nan))
    assert volumes(readings, series, bounds, events=events).volume.item() == 150


def test_a_declared_reversal_may_be_negative(build):
    readings = build.readings(M=(hours(2), [100, 70]))
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    events = build.events(("M", "2024-01-01T00:30", "reverse", np.nan, np.nan))
    found = volumes(readings, build.series(M=METER), bounds, events=events)
    assert found.volume.item() == -30


def test_a_positive_difference_over_a_gap_with_several_rollovers_possible_is_unknown(
    build,
):
    readings = build.readings(M=(hours(11)[[0, 10]], [100, 900]))
    bounds = build.us("2024-01-01T00", "2024-01-01T10")
    one = build.series(M=METER | {"modulus": 1e3, "max_rate": 100 / 3600})
    assert volumes(readings, one, bounds).volume.item() == 800
    several = build.series(M=METER | {"modulus": 1e3, "max_rate": 200 / 3600})
    assert np.isnan(volumes(readings, several, bounds).volume.item())


def test_a_counter_that_ran_faster_than_it_can_is_unknown(build):
    readings = build.readings(M=(hours(3), [0, 158, 310]))
    series = build.series(M=METER | {"max_rate": 150 / 3600})
    found = volumes(readings, series, hours(3).astype(np.int64))
    assert np.isnan(found.volume[0, 0])  # more than 1.05 times 150
    assert found.volume[0, 1] == 152


def test_pulses_wrap_as_a_totaliser_does(build):
    pulse = METER | {"signal": "pulse", "modulus": 65_536.0, "max_rate": 1.0}
    readings = build.readings(P=(hours(2), [65_500, 100]))
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    assert volumes(readings, build.series(P=pulse), bounds).volume.item() == 136


def test_a_total_is_spread_evenly_over_its_interval(build):
    total = {"quantity": "volume", "unit": "m3", "signal": "total_preceding"}
    readings = build.readings(V=(["2024-01-02T00:00"], [240]))
    series = build.series(V=total | {"interval_s": 86_400})
    bounds = build.us("2024-01-01T00", "2024-01-01T06", "2024-01-02T00", "2024-01-03")
    found = volumes(readings, series, bounds)
    np.testing.assert_allclose(found.volume[0], [60, 180, np.nan])
    assert found.coverage[0].values.tolist() == [1, 1, 0]


def test_an_interval_ends_at_the_stamp_before_when_that_is_nearer(build):
    readings = build.readings(Q=(hours(3)[[0, 1, 2]], [1, 2, 3]))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 7200})
    bounds = build.us("2023-12-31T22", "2024-01-01T02")
    found = volumes(readings, series, bounds)
    assert found.volume.item() == 1 * 7200 + 2 * 3600 + 3 * 3600
    assert found.observed_s.item() == 4 * 3600


def test_a_long_gap_of_an_instantaneous_series_stays_missing(build):
    times = hours(25)[[0, 6, 13, 24]]
    bounds = build.us("2024-01-01", "2024-01-02")
    found = volumes(build.readings(Q=(times, [5] * 4)), build.series(Q={}), bounds)
    assert found.volume.item() == 5 * 6 * 3600  # 7 h and 11 h are not bridged
    assert found.coverage.item() == 0.25
    wider = volumes(
        build.readings(Q=(times, [5] * 4)), build.series(Q={}), bounds, max_gap_s=25_200
    )
    assert wider.observed_s.item() == 13 * 3600


def test_daily_instantaneous_readings_are_joined_but_not_across_a_missing_day(build):
    days = np.array(["2024-01-01", "2024-01-02", "2024-01-04"], dtype="M8[us]")
    series = build.series(Q={"interval_s": 86_400})
    bounds = build.us("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04")
    found = volumes(build.readings(Q=(days, [1, 3, 5])), series, bounds)
    np.testing.assert_array_equal(found.volume[0], [2 * 86_400, np.nan, np.nan])


@pytest.mark.parametrize(
    ("value", "flag"), [(99, 4), (99, 9), (np.nan, 1), (np.inf, 1), (-np.inf, 2)]
)
def test_failed_missing_and_not_finite_values_are_not_used(build, value, flag):
    bounds = build.us("2024-01-01T00", "2024-01-01T02")
    readings = build.readings(
        I=(hours(3), [1, value, 3], [1, flag, 3]),
        P=(hours(3), [1, value, 3], [1, flag, 3]),
        M=(hours(3), [1, value, 3], [1, flag, 3]),
    )
    series = build.series(
        I={}, P={"signal": "mean_preceding", "interval_s": 3600}, M=METER
    )
    found = volumes(readings, series, bounds)
    assert found.volume.values[:, 0].tolist() == [4 * 3600, 3 * 3600, 2]
    assert found.coverage.values[:, 0].tolist() == [1, 0.5, 1]


def test_negative_discharge_is_taken_as_it_is(build):
    readings = build.readings(Q=(hours(2), [-1, -3]))
    bounds = build.us("2024-01-01T00", "2024-01-01T01")
    found = volumes(readings, build.series(Q={}), bounds)
    assert found.volume.item() == -7200


def test_an_empty_series_and_a_single_reading_are_unknown_not_zero(build):
    readings = build.readings(E=([], []), S=(["2024-01-01T12"], [5]))
    bounds = build.us("2024-01-01", "2024-01-02")
    found = volumes(readings, build.series(E={}, S={}), bounds)
    assert np.isnan(found.volume).all()
    assert np.isnan(found.lower).all()
    assert (found.observed_s == 0).all()
    assert (found.coverage == 0).all()


def test_readings_far_outside_the_period_say_nothing(build):
    readings = build.readings(
        A=(["2023-01-01T00", "2023-01-01T01"], [1, 1]),
        B=(["2025-01-01T00", "2025-01-01T01"], [1, 1]),
    )
    bounds = build.us("2024-01-01", "2024-01-02")
    assert np.isnan(volumes(readings, build.series(A={}, B={}), bounds).volume).all()


@pytest.mark.parametrize("signal", ["instantaneous", "mean_preceding"])
def test_a_reading_exactly_on_an_edge_belongs_to_both_sides_once(build, signal):
    readings = build.readings(Q=(hours(5), [1, 2, 3, 4, 5]))
    series = build.series(Q={"signal": signal, "interval_s": 3600})
    bounds = hours(5).astype(np.int64)
    by_hour = volumes(readings, series, bounds)
    whole = volumes(readings, series, bounds[[0, -1]])
    expected = [1.5, 2.5, 3.5, 4.5] if signal == "instantaneous" else [2, 3, 4, 5]
    np.testing.assert_allclose(by_hour.volume[0], np.array(expected) * 3600)
    assert by_hour.volume.sum().item() == pytest.approx(whole.volume.item())


def test_coordinates_units_and_layout_are_those_of_the_contract(build):
    bounds = build.us("2024-01-01", "2024-01-02", "2024-01-03")
    found = volumes(build.readings(Q=(hours(2), [1, 1])), build.series(Q={}), bounds)
    assert found.volume.dims == ("series", "period")
    assert found.series.values.tolist() == ["Q"]
    assert found.period.dtype == "M8[us]"
    assert (found.period_end.values[:-1] == found.period.values[1:]).all()
    assert found.volume.attrs["units"] == "m3"


def test_square_is_the_sum_of_squared_steps(build):
    readings = build.readings(Q=(hours(3), [2, 2, 2]), M=(hours(3), [0, 3, 7]))
    bounds = build.us("2024-01-01T00", "2024-01-01T02")
    found = volumes(readings, build.series(Q={}, M=METER), bounds)
    np.testing.assert_allclose(found.square[:, 0], [2 * 7200.0**2, 9 + 16])


def test_depths_of_rain_and_evaporation_add_up_in_metres(build):
    rain = {
        "quantity": "precipitation",
        "unit": "mm",
        "signal": "total_preceding",
        "interval_s": 3600,
    }
    readings = build.readings(P=(hours(4), [0.001, 0.002, 0, 0.004]))
    bounds = build.us("2023-12-31T23", "2024-01-01T02", "2024-01-01T03")
    found = depths(readings, build.series(P=rain), bounds)
    np.testing.assert_allclose(found.depth[0], [0.003, 0.004])
    assert found.depth.attrs["units"] == "m"
    assert found.coverage.values.tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"quantity": "pump_hours", "unit": "s"}, r"X \(pump_hours, instantaneous\)"),
        ({"quantity": "energy", "unit": "J"}, "energy"),
        ({"quantity": "level", "unit": "m"}, "cannot be summed over time"),
        ({"quantity": "storage", "unit": "m3"}, "storage"),
        ({"quantity": "precipitation", "unit": "m"}, "precipitation"),
        ({"signal": "totaliser"}, r"X \(discharge, totaliser\)"),
        ({"signal": "mean_preceding"}, "interval_s is not given"),
    ],
)
def test_a_series_that_is_no_volume_is_refused_by_name(build, row, message):
    readings = build.readings(X=(hours(2), [1, 2]))
    with pytest.raises(UsageError, match=message):
        volumes(
            readings, build.series(X=row), build.us("2024-01-01T00", "2024-01-01T01")
        )


def test_rain_is_refused_as_discharge(build):
    with pytest.raises(UsageError, match="discharge"):
        depths(
            build.readings(X=(hours(2), [1, 2])),
            build.series(X={}),
            build.us("2024-01-01T00", "2024-01-01T01"),
        )


def test_an_unregistered_series_is_refused_by_name(build):
    with pytest.raises(UsageError, match=r"Y have readings but are not registered"):
        volumes(
            build.readings(Y=(hours(2), [1, 2])),
            build.series(X={}),
            build.us("2024-01-01T00", "2024-01-01T01"),
        )


@pytest.mark.parametrize("order", [[0, 2, 1], [0, 1, 1]])
def test_readings_out_of_order_or_twice_at_one_time_are_refused(build, order):
    readings = build.readings(A=(hours(1), [0]), X=(hours(3)[order], [1, 2, 3]))
    with pytest.raises(UsageError, match="readings of X are not in order"):
        volumes(
            readings,
            build.series(A={}, X={}),
            build.us("2024-01-01T00", "2024-01-01T01"),
        )


def test_row_sizes_that_do_not_fit_the_readings_are_refused(build):
    readings = build.readings(A=(hours(2), [1, 2]), X=(hours(3), [1, 2, 3]))
    with pytest.raises(UsageError, match="row_size adds up to 2"):
        volumes(
            readings.isel(series=[0]),
            build.series(A={}),
            build.us("2024-01-01T00", "2024-01-01T01"),
        )


@pytest.mark.parametrize("bounds", [[0], [0, 0], [5, 3], []])
def test_bounds_that_make_no_period_are_refused(build, bounds):
    with pytest.raises(UsageError, match="increase strictly"):
        volumes(
            build.readings(X=(hours(2), [1, 2])),
            build.series(X={}),
            np.array(bounds, dtype=np.int64),
        )


def test_cells_cut_periods_and_aggregate_puts_them_together_again(build):
    readings = build.readings(Q=(hours(200), np.arange(200.0)), E=([], []))
    series = build.series(Q={}, E={})
    bounds = build.us("2024-01-02T06", "2024-01-04T18", "2024-02-04")
    edges = build.us("2024-01-01", "2024-01-03", "2024-01-06", "2024-03-01")
    fine = cells(bounds, edges)
    assert fine.tolist() == sorted({*bounds.tolist(), *edges[1:3].tolist()})
    together = aggregate(volumes(readings, series, fine), fine, bounds)
    direct = volumes(readings, series, bounds)
    for name in ("volume", "observed_s", "coverage", "lower", "distributed_s"):
        np.testing.assert_allclose(together[name], direct[name], rtol=1e-12)
    assert (together.period == direct.period).all()
    assert np.isnan(together.volume.sel(series="E")).all()


def test_aggregating_over_an_edge_that_cuts_a_cell_is_refused(build):
    bounds = build.us("2024-01-01", "2024-01-03")
    found = volumes(
        build.readings(Q=(hours(9), np.ones(9))), build.series(Q={}), bounds
    )
    with pytest.raises(UsageError, match="2024-01-02"):
        aggregate(found, bounds, build.us("2024-01-01", "2024-01-02"))
    with pytest.raises(UsageError, match="do not fit"):
        aggregate(found, build.us("2024-01-01", "2024-01-02", "2024-01-03"), bounds)


def test_no_series_at_all_is_an_empty_answer(build):
    bounds = build.us("2024-01-01", "2024-01-02")
    series = build.series(Q={})
    for sum_up in (volumes, depths):
        found = sum_up(build.readings(), series, bounds)
        assert dict(found.sizes) == {"series": 0, "period": 1}


def test_several_threads_may_integrate_at_once(build):
    times = np.arange(60_000) * np.timedelta64(10, "m") + np.datetime64("2024", "us")
    names = [f"S{i}" for i in range(8)]
    readings = build.readings(**{name: (times, np.ones(60_000)) for name in names})
    series = build.series(**{name: {} for name in names})
    bounds = times[[0, -1]].astype(np.int64)
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: volumes(readings, series, bounds).volume, range(12))
        )
    assert all((volume == 59_999 * 600).all() for volume in found)
