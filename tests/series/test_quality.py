"""Each test of a reading, checked by hand."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from ewater.errors import UsageError
from ewater.series import quality_kernels as kernels
from ewater.series.calendars import Calendar
from ewater.series.quality import (
    FAIL_TESTS,
    KEPT_TESTS,
    SUSPECT_TESTS,
    Test,
    context,
    evaluate,
    flags_of,
    names,
)
from ewater.series.quality_limits import PARAMETERS

STEP = 600_000_000  # ten minutes
DAY = 86_400_000_000
NAN = np.nan
TURN = {"rate.counter": 1.0}


def limits(**series):
    """``code={parameter: value}``; neighbours are at most two steps apart."""
    table = pd.DataFrame(NAN, index=list(series), columns=list(PARAMETERS))
    table["neighbour.gap_s"] = table["rate.gap_s"] = 1200.0
    table["rate.counter"] = 0.0
    for code, given in series.items():
        for name, value in given.items():
            table.loc[code, name] = value
    return table


def check(build, values, given, times=None, flags=None, **options):
    """Flags and names of failed tests of one series."""
    times = np.arange(len(values)) * STEP if times is None else times
    flags = [2] * len(values) if flags is None else flags
    readings = build.readings(X=(times, values, flags))
    found = evaluate(readings, limits(X=given), **options)
    return found["flag"].to_numpy().tolist(), [names(b) for b in found.failed.values]


# gross range


def test_a_physical_span_fails_and_an_operators_span_suspects(build):
    span = {
        "gross_range.fail_low": 0.0,
        "gross_range.fail_high": 10.0,
        "gross_range.suspect_low": 2.0,
        "gross_range.suspect_high": 8.0,
    }
    flags, failed = check(build, [-0.1, 0, 1.9, 2, 8, 8.1, 10, 10.1], span)
    assert flags == [4, 3, 3, 1, 1, 3, 3, 4]
    assert failed[0] == failed[-1] == ("gross_fail",)
    assert failed[1] == failed[5] == ("gross_suspect",)


def test_one_end_of_a_span_may_be_off(build):
    assert check(build, [-9, 5], {"gross_range.fail_high": 4.0})[0] == [1, 4]


def test_an_infinite_value_fails_even_without_limits(build):
    flags, failed = check(build, [np.inf, -np.inf, 1.0], {})
    assert flags == [4, 4, 2]
    assert failed == [("gross_fail",), ("gross_fail",), ()]


def test_a_limit_of_zero_is_zero_and_not_off(build):
    assert check(build, [-1, 0, 1], {"gross_range.fail_low": 0.0})[0] == [4, 1, 1]
    assert check(build, [1, 1, 2, 2], {"rate.limit": 0.0})[0] == [2, 1, 3, 1]
    spike = {"spike.suspect": 0.0}
    assert check(build, [1, 1, 1, 1.1, 1, 1, 1], spike)[0] == [2, 1, 1, 3, 1, 1, 2]


def test_without_limits_nothing_is_evaluated(build):
    assert check(build, [1, 1e9, -5], {}) == ([2, 2, 2], [(), (), ()])


# rate of change


def test_a_rate_of_change_is_taken_over_the_true_time(build):
    times = np.array([0, 600, 1200, 1500, 2700]) * 1_000_000
    flags, _ = check(build, [0, 6, 12.1, 14, 26], {"rate.limit": 0.01}, times)
    assert flags == [2, 1, 3, 1, 1]


def test_a_fall_is_as_suspect_as_a_rise(build):
    assert check(build, [9, 1, 9], {"rate.limit": 0.01})[0] == [2, 3, 3]


def test_no_rate_is_taken_over_a_gap(build):
    times = np.array([0, 3]) * STEP
    assert check(build, [0, 99], {"rate.limit": 0.01}, times)[0] == [2, 2]


def test_noise_is_allowed_on_top_of_a_rate(build):
    given = {"rate.limit": 0.5 / 86_400, "rate.noise": 0.03}
    assert check(build, [75.0, 75.02, 75.06], given)[0] == [2, 1, 3]


def test_a_failed_reading_is_nobodys_neighbour(build):
    given = {"rate.limit": 0.01, "gross_range.fail_high": 100.0}
    flags, failed = check(build, [1, 999, 2], given)
    assert flags == [1, 4, 1]
    assert failed[2] == ()


def test_a_counter_may_rise_as_fast_as_its_meter(build):
    given = TURN | {"rate.limit": 0.01}
    assert check(build, [100, 106, 112.1, 112.1], given)[0] == [2, 1, 3, 1]


def test_a_counter_that_falls_is_suspect_unless_it_rolled_over(build):
    given = TURN | {"rate.limit": 0.01, "rate.modulus": 1000.0}
    flags, _ = check(build, [996, 1, 500, 0], given)
    assert flags == [2, 1, 3, 3]  # +5, then +499, then +500 by rolling over
    assert check(build, [50, 40], TURN | {"rate.limit": np.inf})[0] == [2, 3]


def test_a_step_with_a_meter_event_has_no_rate(build):
    at = "1970-01-01T00:15:00"
    events = build.events(("X", at, "reset", 45_300.0, 0.0), ("Y", at, "reset", 1, 0))
    given = TURN | {"rate.limit": 0.01}
    values = [45_229, 45_230, 3, 4]
    assert check(build, values, given, events=events)[0] == [2, 1, 2, 1]
    assert check(build, values, given)[0] == [2, 1, 3, 1]


# spike


def test_a_spike_is_suspect_or_failed_by_its_height(build):
    given = {"spike.suspect": 5.0, "spike.fail": 10.0}
    flags, failed = check(build, [1, 1, 7, 1, 1, 1, 21, 1, 1], given)
    assert flags == [2, 1, 3, 1, 1, 1, 4, 1, 2]
    assert failed[2] == ("spike_suspect",)
    assert failed[6] == ("spike_fail",)


def test_the_neighbours_of_a_spike_are_not_spikes(build):
    flags, _ = check(build, [1, 1, 101, 1, 1], {"spike.fail": 10.0})
    assert flags == [2, 1, 4, 1, 2]  # they are 50 off the mean of theirs


def test_a_spike_does_not_make_the_rate_after_it_suspect(build):
    given = {"spike.fail": 10.0, "rate.limit": 0.01}
    flags, failed = check(build, [1, 1, 101, 2, 1], given)
    assert flags == [2, 1, 4, 1, 1]
    assert failed[2] == ("spike_fail",)


def test_a_spike_needs_both_neighbours_within_two_steps(build):
    given = {"spike.suspect": 1.0}
    assert check(build, [1, 9, NAN, 1], given)[0] == [2, 3, 9, 2]
    times = np.array([0, 1, 4, 5]) * STEP
    assert check(build, [1, 9, 1, 1], given, times)[0] == [2, 2, 2, 2]


def test_a_slope_is_no_spike(build):
    assert check(build, [0, 50, 100, 150], {"spike.fail": 1e-9})[0] == [2, 1, 1, 2]


# flat line


def flat(hours, epsilon, **more):
    return {"flat_line.window_s": hours * 3600.0, "flat_line.epsilon": epsilon} | more


def test_a_line_is_flat_once_it_has_not_moved_for_the_window(build):
    values = [5, 5, 5.05, 5, 5, 5, 5.2, 5.2]
    flags, failed = check(build, values, flat(0.5, 0.1))
    assert flags == [2, 2, 2, 3, 3, 3, 1, 1]
    assert failed[3] == ("flat_line",)


def test_a_range_of_just_epsilon_is_movement(build):
    assert check(build, [0, 1, 0, 1, 0], flat(0.5, 1.0))[0] == [2, 2, 2, 1, 1]


def test_a_slow_drift_is_movement(build):
    values = np.arange(200) * 0.04
    flags, _ = check(build, values, flat(0.5, 0.1))
    assert flags == [2, 2, 2] + [1] * 197


def test_a_constant_zero_flow_is_no_fault_but_a_constant_flow_is(build):
    given = flat(0.5, 1e-9, **{"flat_line.exempt": 0.0})
    assert check(build, [0.0] * 6, given)[0] == [2, 2, 2, 1, 1, 1]
    assert check(build, [0.3] * 6, given)[0] == [2, 2, 2, 3, 3, 3]


def test_an_epsilon_of_zero_never_finds_a_range_below_it(build):
    assert check(build, [7.0] * 6, flat(0.5, 0.0))[0] == [2, 2, 2, 1, 1, 1]


def test_a_gap_begins_a_new_window(build):
    times = np.array([0, 1, 2, 6, 7, 8, 9]) * STEP
    flags, _ = check(build, [5.0] * 7, flat(0.5, 0.1), times)
    assert flags == [2, 2, 2, 2, 2, 2, 3]


def test_irregular_steps_count_by_time(build):
    times = np.array([0, 1, 900, 1700, 1801]) * 1_000_000
    assert check(build, [5.0] * 5, flat(0.5, 0.1), times)[0] == [2, 2, 2, 2, 3]


def test_rain_that_repeats_a_value_six_times_is_suspect(build):
    given = {
        "flat_line.count": 6.0,
        "flat_line.epsilon": 1e-9,
        "flat_line.exempt": 0.0,
    }
    rain = [0.0] * 6 + [0.002] * 7 + [0.0]
    flags, _ = check(build, rain, given)
    assert flags == [2] * 5 + [1] * 6 + [3, 3, 1]


def test_a_counter_is_stuck_only_while_water_flows(build):
    n = 10
    table = limits(
        N=TURN | flat(0.5, 1e-9), Q={}, M=TURN | flat(0.5, 1e-9), **{"N.2": {}}
    )
    times = np.arange(n) * STEP
    flow = [0.0, 0, 0, 1, 1, 1, 1, 1, NAN, 1]
    readings = build.readings(
        N=(times, [100.0] * n), Q=(times, flow), M=(times, [100.0] * n)
    )
    found = evaluate(readings, table, companions={"N": "Q", "M": "ABSENT"})
    flags = found.flag.values.reshape(3, n)
    assert flags[0].tolist() == [2, 2, 2, 2, 2, 2, 3, 3, 2, 2]
    assert flags[2].tolist() == [2] * n  # no flow to compare with: not evaluated


def test_a_flow_that_cannot_be_does_not_prove_a_counter_stuck(build):
    times, n = np.arange(6) * STEP, 6
    table = limits(N=TURN | flat(0.5, 1e-9), Q={"gross_range.fail_high": 10.0})
    readings = build.readings(N=(times, [100.0] * n), Q=(times, [99.0] * n))
    found = evaluate(readings, table, companions={"N": "Q"})
    assert found.flag.values[:n].tolist() == [2] * n


# climatology


def test_climatology_goes_by_the_month_of_the_calendar(build):
    times = build.us("2024-01-31T19:00", "2024-01-31T21:00", "2024-02-10", "2024-03-01")
    given = {"climatology.high_1": 10.0, "climatology.low_2": 20.0}
    values = [15.0, 15, 25, 15]
    assert check(build, values, given, times)[0] == [3, 3, 1, 2]
    baku = Calendar("az", "Asia/Baku")
    flags, failed = check(build, values, given, times, calendar=baku)
    assert flags == [3, 3, 1, 2]
    assert failed[:2] == [("climatology",), ("climatology",)]
    given = {"climatology.high_1": 10.0}
    assert check(build, values, given, times, calendar=baku)[0] == [3, 2, 2, 2]


# attenuation


def test_a_signal_that_has_lost_its_motion_is_suspect(build):
    lively = 5 + np.tile([0.0, 1.0], 12)
    dull = 5 + np.tile([0.0, 0.01], 12)
    given = {"attenuation.window_s": 4800.0, "attenuation.floor": 0.1}
    flags, failed = check(build, np.concatenate([lively, dull]), given)
    assert flags[:8] == [2] * 8
    assert flags[8:24] == [1] * 16
    assert flags[-12:] == [3] * 12
    assert failed[-1] == ("attenuation",)


def test_a_floor_of_zero_is_never_undercut(build):
    given = {"attenuation.window_s": 4800.0, "attenuation.floor": 0.0}
    assert check(build, [5.0] * 12, given)[0] == [2] * 8 + [1] * 4


def test_the_rolling_deviation_is_that_of_the_last_eight_blocks(build):
    rng = np.random.default_rng(3)
    values = 1e6 + rng.normal(size=60)
    window = 8 * 600.0 * 2  # two readings a block
    for k in range(20, 60):
        first = 2 * (k // 2 - 7)
        true = values[first : k + 1].std(ddof=1)
        for floor, flag in ((true * 1.0001, 3), (true * 0.9999, 1)):
            given = {"attenuation.window_s": window, "attenuation.floor": floor}
            assert check(build, values, given)[0][k] == flag


# roll-up, sources, missing


def test_fail_goes_before_suspect_before_pass_before_not_evaluated(build):
    given = {
        "gross_range.suspect_high": 10.0,
        "gross_range.fail_high": 100.0,
        "spike.fail": 20.0,
    }
    flags, failed = check(build, [1, 1, 50, 1, 11], given)
    assert flags == [1, 1, 4, 1, 3]
    assert failed[2] == ("gross_suspect", "spike_fail")


def test_a_reading_without_a_value_is_missing_whatever_tests_say(build):
    given = {"gross_range.fail_low": 0.0, "rate.limit": 0.0}
    flags, failed = check(build, [NAN, NAN, 1], given, flags=[4, 1, 2])
    assert flags == [9, 9, 1]
    assert failed[1] == ()


def test_the_publishers_verdict_is_a_test_and_survives_a_second_run(build):
    given = limits(X={"gross_range.fail_high": 10.0})
    readings = build.readings(
        X=(np.arange(5) * STEP, [1, 2, 3, 4, 11], [1, 3, 4, 9, 3])
    )
    once = evaluate(readings, given)
    assert once.flag.values.tolist() == [1, 3, 4, 4, 4]
    assert names(once.failed.values[4]) == ("gross_fail", "source_suspect")
    twice = evaluate(once, given)
    assert twice.identical(once)
    eased = evaluate(once, limits(X={"gross_range.fail_high": 20.0}))
    assert eased.flag.values.tolist() == [1, 3, 4, 4, 3]


def test_bits_of_other_layers_are_kept_and_own_bits_are_not(build):
    readings = build.readings(X=(np.arange(3) * STEP, [1, 2, 3], [3, 3, 4]))
    bits = [Test.MASS_BALANCE, Test.RATE, Test.GROSS_FAIL | Test.MANUAL]
    readings["failed"] = ("reading", np.array(bits, np.uint32))
    found = evaluate(readings, limits(X={"gross_range.fail_low": 0.0}))
    assert found.flag.values.tolist() == [3, 1, 1]
    assert found.failed.values.tolist() == [Test.MASS_BALANCE, 0, 0]


def test_values_times_and_lineage_are_untouched(build):
    readings = build.readings(X=(np.arange(3) * STEP, [1.0, NAN, 3.0]))
    readings["lineage"] = ("reading", np.array([0, 1, 2], np.uint8))
    before = readings.copy(deep=True)
    found = evaluate(readings, limits(X={"gross_range.fail_high": 2.0}))
    assert readings.identical(before)
    for name in ("row_size", "time", "value", "lineage"):
        assert found[name].identical(before[name])
    assert found.flag.dtype == np.uint8
    assert found.failed.dtype == np.uint32


@pytest.mark.parametrize("values", [[], [3.0], [NAN], [NAN, NAN, NAN]])
def test_series_too_short_to_test_are_not_evaluated(build, values):
    given = flat(1, 0.1) | {
        "rate.limit": 1.0,
        "spike.fail": 1.0,
        "attenuation.window_s": 3600.0,
        "attenuation.floor": 1.0,
    }
    flags, failed = check(build, values, given)
    assert flags == [9 if np.isnan(v) else 2 for v in values]
    assert failed == [()] * len(values)


def test_no_series_at_all_is_no_fault(build):
    assert evaluate(build.readings(), limits()).sizes["reading"] == 0


def test_an_empty_series_between_others_changes_nothing(build):
    data = (np.arange(3) * STEP, [1.0, 99.0, 1.0])
    given = {"gross_range.fail_high": 9.0}
    readings = build.readings(A=data, B=([], []), C=data)
    found = evaluate(readings, limits(C=given, B=given, A=given))
    assert found.flag.values.tolist() == [1, 4, 1] * 2


def test_a_series_without_limits_is_named(build):
    readings = build.readings(X=([0], [1.0]))
    with pytest.raises(UsageError, match="X have readings but no limits"):
        evaluate(readings, limits(Y={}))


def test_unsorted_times_are_named(build):
    readings = build.readings(A=([0, 1], [1, 2]), X=([5, 5], [1, 2]))
    with pytest.raises(UsageError, match="readings of X are not in order"):
        evaluate(readings, limits(A={}, X={}))


def test_a_frame_without_a_column_is_refused(build):
    table = limits(X={}).drop(columns="rate.limit")
    with pytest.raises(UsageError, match=r"no column rate\.limit"):
        evaluate(build.readings(X=([0], [1.0])), table)
    with pytest.raises(UsageError, match="two rows"):
        context(limits(X={}).loc[["X", "X"]])


# the enumeration


def test_the_bits_of_the_tests_never_change():
    assert {test.name: int(test).bit_length() - 1 for test in Test} == {
        "GROSS_FAIL": 0,
        "GROSS_SUSPECT": 1,
        "RATE": 2,
        "SPIKE_SUSPECT": 3,
        "SPIKE_FAIL": 4,
        "FLAT_LINE": 5,
        "CLIMATOLOGY": 6,
        "ATTENUATION": 7,
        "DRIFT": 8,
        "MASS_BALANCE": 9,
        "SOURCE_SUSPECT": 10,
        "SOURCE_FAIL": 11,
        "REPORT_SUSPECT": 12,
        "MANUAL": 13,
    }
    assert pickle.loads(pickle.dumps(Test.RATE)) is Test.RATE  # noqa: S301


def test_the_loops_use_the_bits_of_the_enumeration():
    assert {test.name: getattr(kernels, str(test.name)) for test in Test} == {
        test.name: int(test) for test in Test
    }
    assert int(FAIL_TESTS) == kernels.FAIL_BITS
    assert int(SUSPECT_TESTS) == kernels.SUSPECT_BITS
    assert int(KEPT_TESTS) == kernels.KEPT_BITS
    assert Test(2 ** len(Test) - 1) == FAIL_TESTS | SUSPECT_TESTS | Test.MANUAL
    assert set(kernels.NUMBERS) | set(kernels.SPANS) < set(PARAMETERS)


def test_unknown_bits_are_named_by_number():
    assert names(int(Test.RATE) | 1 << 20) == ("rate", "bit_20")
    assert names(0) == ()


def test_flags_follow_when_a_bit_is_cleared_or_set():
    failed = np.array([0, Test.RATE, Test.GROSS_FAIL, Test.RATE, Test.MANUAL, 0], "u4")
    flag = np.array([3, 1, 1, 9, 3, 2], np.uint8)
    assert flags_of(failed, flag).tolist() == [1, 3, 4, 9, 3, 2]


# context


def test_context_is_what_the_widest_test_looks_at():
    table = limits(
        A={"gross_range.fail_low": 0.0, "climatology.low_1": 1.0},
        B={"rate.limit": 1.0},
        C={"rate.limit": 1.0, "spike.fail": 1.0},
        D=flat(72, 0.1),
        E={"flat_line.count": 6.0, "flat_line.epsilon": 0.1},
        F={"attenuation.window_s": 86_400.0, "attenuation.floor": 0.1},
        G={"flat_line.window_s": 86_400.0},
        Q={},
        N=TURN | flat(48, 1e-9),
    )
    found = context(table, {"N": "Q"})
    assert found.before_s.to_dict() == {
        "A": 0,
        "B": 1200,
        "C": 3600,
        "D": 72 * 3600 + 1200,
        "E": 7200,
        "F": 87_600,
        "G": 0,
        "Q": 48 * 3600 + 2400,
        "N": 48 * 3600 + 1200,
    }
    assert found.after_s.to_dict() == dict.fromkeys("ABCDEFGQN", 0) | {"C": 2400}
