"""Verdicts of people, tests of periods, and the flags of aggregates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from ewater.errors import UsageError
from ewater.series.quality import Test, evaluate
from ewater.series.quality_limits import PARAMETERS
from ewater.series.quality_periods import (
    Outcome,
    check_reports,
    drift,
    mark,
    mass_balance,
)
from ewater.series.quality_verdicts import (
    SHARE_FLAGS,
    Approval,
    apply_verdicts,
    time_of_flag,
    volume_shares,
)
from ewater.terms import Flag

NAN = np.nan
DAY = 86_400_000_000


@pytest.fixture
def tested(build):
    """Five days of X, of which the third fails and the last is missing, and of Y."""
    table = pd.DataFrame(NAN, index=["X", "Y"], columns=list(PARAMETERS))
    table["gross_range.fail_high"] = 10.0
    data = (np.arange(5) * DAY, [1.0, 2, 99, 4, NAN])
    return evaluate(build.readings(X=data, Y=data), table)


def verdicts(*rows):
    names = ["series", "start", "end", "level", "flag", "made"]
    frame = pd.DataFrame(rows, columns=names)
    for name in ("start", "end", "made"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def judged(tested, *rows, recorded=None):
    known = np.zeros(10, np.int64) if recorded is None else recorded
    found = apply_verdicts(tested, verdicts(*rows), known)
    return found, found.flag.values[:5].tolist(), found.approval.values[:5].tolist()


# verdicts


def test_an_approval_outranks_the_tests(tested):
    found, flags, approval = judged(
        tested, ("X", "1970-01-02", "1970-01-06", 2, None, "1971-01-01")
    )
    assert flags == [1, 1, 1, 1, 9]  # what has no value stays missing
    assert approval == [0, 2, 2, 2, 2]
    assert found.failed.values[2] == Test.GROSS_FAIL | Test.MANUAL
    assert found.flag.values[5:].tolist() == [1, 1, 4, 1, 9]  # Y is left alone


def test_a_reviewer_may_fail_what_passed(tested):
    _, flags, approval = judged(
        tested, ("X", "1970-01-01", "1970-01-02", 1, 4, "1971-01-01")
    )
    assert flags == [4, 1, 4, 1, 9]
    assert approval == [1, 0, 0, 0, 0]


def test_an_approval_lapses_on_a_revision(tested):
    recorded = np.zeros(10, np.int64)
    recorded[2] = np.datetime64("1971-02-01", "us").astype(np.int64)
    row = ("X", "1970-01-01", "1970-02-01", 2, None)
    found, flags, approval = judged(tested, (*row, "1971-01-01"), recorded=recorded)
    assert flags == [1, 1, 4, 1, 9]
    assert approval == [2, 2, 0, 2, 2]
    assert found.failed.values[2] == Test.GROSS_FAIL
    _, flags, _ = judged(tested, (*row, "1971-02-01"), recorded=recorded)
    assert flags == [1, 1, 1, 1, 9]


def test_the_latest_verdict_counts_in_whatever_order_they_come(tested):
    rows = [
        ("X", "1970-01-01", "1970-02-01", 2, 1, "1971-01-01"),
        ("X", "1970-01-02", "1970-01-04", 1, 3, "1971-01-03"),
        ("X", "1970-01-03", "1970-02-01", 0, None, "1971-01-05"),
    ]
    for order in (rows, rows[::-1], [rows[1], rows[2], rows[0]]):
        _, flags, approval = judged(tested, *order)
        assert flags == [1, 3, 4, 1, 9]  # the last one took the approval back
        assert approval == [2, 1, 0, 0, 0]


def test_verdicts_on_other_series_and_none_at_all_change_nothing(tested):
    for rows in ([], [("Z", "1970-01-01", "1970-02-01", 2, 1, "1971-01-01")]):
        found, _, approval = judged(tested, *rows)
        assert approval == [0] * 5
        assert found.drop_vars("approval").identical(tested)


def test_a_verdict_taken_back_leaves_no_trace(tested):
    row = ("X", "1970-01-01", "1970-02-01")
    first, _, _ = judged(tested, (*row, 2, 4, "1971-01-01"))
    table = pd.DataFrame(NAN, index=["X", "Y"], columns=list(PARAMETERS))
    table["gross_range.fail_high"] = 10.0
    again = evaluate(first.drop_vars("approval"), table)
    assert again.identical(tested)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("X", "1970-01-01", "1970-02-01", 3, 1, "1971-01-01"), "levels are"),
        (("X", "1970-01-01", "1970-02-01", 2, 9, "1971-01-01"), "only a value that"),
        (("X", "1970-01-02", "1970-01-02", 2, 1, "1971-01-01"), "ends before"),
    ],
)
def test_an_impossible_verdict_is_refused(tested, row, message):
    with pytest.raises(UsageError, match=message):
        judged(tested, row)


def test_each_reading_needs_to_know_when_it_was_recorded(tested):
    with pytest.raises(UsageError, match="9 recorded times for 10 readings"):
        judged(tested, recorded=np.zeros(9, np.int64))


def test_levels_are_those_of_the_stored_codes():
    assert [one.value for one in Approval] == [0, 1, 2]


# mass balance


def test_all_members_of_a_node_that_does_not_close_are_suspect():
    members = sparse.csr_array(np.array([[1, 0], [-1, 1], [0, 1], [0, 0]]))
    residual = [[31.0, 29, -31, NAN], [0, 0, 0, 0]]
    u = [[10.0, 10, 10, 10], [1, 1, NAN, 1]]
    found = mass_balance(residual, u, members)
    assert found.tolist() == [[1, 0, 1, -1], [1, 0, 1, 0], [0, 0, -1, 0], [-1] * 4]


def test_a_residual_of_just_three_u_is_no_failure_and_u_may_be_zero():
    members = sparse.csr_array(np.array([[1]]))
    found = mass_balance([[30.0, 0.0, 1.0]], [[10.0, 0.0, 0.0]], members)
    assert found.tolist() == [[0, 0, 1]]


@given(st.permutations(range(4)), st.integers(0, 99))
def test_the_order_of_members_and_nodes_changes_nothing(order, seed):
    rng = np.random.default_rng(seed)
    residual, u = rng.normal(0, 3, (4, 5)), rng.random((4, 5))
    members = rng.integers(-1, 2, (4, 4))
    plain = mass_balance(residual, u, sparse.csr_array(members))
    mixed = mass_balance(
        residual[order], u[order], sparse.csr_array(members[::-1, order])
    )
    np.testing.assert_array_equal(mixed[::-1], plain)


# drift


def test_a_totaliser_may_differ_by_five_per_cent_from_its_flow():
    month = np.full(6, 100.0)
    counted = [[100.0, 100, 100, 0, 0, NAN]]
    integrated = [[104.9, 105.1, 94.9, 0, 1, 9]]
    full = month[None]
    found = drift(counted, full, integrated, full, month)
    assert found.tolist() == [[0, 1, 1, 0, 1, -1]]


def test_a_short_gap_is_no_drift_and_a_long_one_is_not_compared():
    found = drift(
        [[100.0, 100]], [[100.0, 100]], [[95.0, 50]], [[95.0, 50]], [100.0, 100]
    )
    assert found.tolist() == [[0, -1]]


# marks


def test_the_outcome_of_a_period_reaches_its_readings(tested):
    bounds = np.array([0, 2, 4]) * DAY
    outcome = np.array([[1, 0], [-1, 1]], np.int8)
    found = mark(tested, outcome, bounds, Test.MASS_BALANCE)
    assert found.flag.values.tolist() == [3, 3, 4, 1, 9, 1, 1, 4, 3, 9]
    assert (found.failed.values & Test.MASS_BALANCE > 0).tolist() == [
        *[True, True, False, False, False],
        *[False, False, True, True, False],
    ]
    cleared = mark(found, np.zeros((2, 2), np.int8), bounds, Test.MASS_BALANCE)
    assert cleared.identical(tested)


def test_a_preceding_reading_at_the_end_belongs_to_the_period(tested):
    bounds = np.array([0, 1]) * DAY
    outcome = np.ones((2, 1), np.int8)
    found = mark(tested, outcome, bounds, Test.DRIFT, preceding=[True, False])
    assert found.flag.values.tolist() == [1, 3, 4, 1, 9, 3, 1, 4, 1, 9]


def test_a_test_of_a_period_evaluates_what_nothing_else_did(build):
    table = pd.DataFrame(NAN, index=["X"], columns=list(PARAMETERS))
    readings = build.readings(X=(np.arange(3) * DAY, [1.0, NAN, 1.0]))
    found = evaluate(readings, table)
    bounds = np.array([0, 2, 3]) * DAY
    outcome = np.array([[0, -1]], np.int8)
    assert mark(found, outcome, bounds, Test.DRIFT).flag.values.tolist() == [1, 9, 2]


def test_a_persons_flag_is_not_touched_by_a_mark(tested):
    row = ("X", "1970-01-01", "1970-02-01", 2, 1, "1971-01-01")
    found, _, _ = judged(tested, row)
    marked = mark(found, np.ones((2, 1), np.int8), np.array([0, 9]) * DAY, Test.DRIFT)
    assert marked.flag.values[:5].tolist() == [1, 1, 1, 1, 9]


@pytest.mark.parametrize("test", [Test.GROSS_FAIL, Test.MANUAL])
def test_only_a_suspect_test_can_mark_periods(tested, test):
    with pytest.raises(UsageError, match="cannot mark"):
        mark(tested, np.zeros((2, 1), np.int8), np.array([0, DAY]), test)


def test_an_outcome_for_other_series_is_refused(tested):
    with pytest.raises(UsageError, match="cannot mark"):
        mark(tested, np.zeros((3, 1), np.int8), np.array([0, DAY]), Test.DRIFT)
    assert [int(one) for one in Outcome] == [-1, 0, 1]


# reports


def quarters(values, pump=NAN, **more):
    seconds = np.full(len(values), 90 * 86_400.0)
    flag, failed = check_reports([values], seconds, [pump], per_year=4, **more)
    return flag[0].tolist(), [Test(int(bits)) for bits in failed[0]]


def test_a_report_cannot_be_negative_or_beyond_the_pumps():
    flags, failed = quarters([-1.0, 0.0, 2160.0, 2160.1], pump=1.0)
    assert flags == [4, 1, 1, 4]
    assert failed[0] == failed[3] == Test.GROSS_FAIL


def test_a_change_on_the_year_is_suspect_unless_output_explains_it():
    values = [100.0, 100.5, 100, 100.5, 131, 129, 69, 71]
    assert quarters(values)[0] == [1, 1, 1, 1, 3, 1, 3, 1]
    output = [[10.0, 10, 10, 10, 13, 10, 7, 20]]
    assert quarters(values, output=output)[0] == [1, 1, 1, 1, 1, 1, 1, 1]


def test_one_figure_three_times_is_suspect_and_nil_is_not():
    flags, failed = quarters([5.0, 7, 7, 7, 7, 0, 0, 0])
    assert flags[:5] == [1, 1, 1, 3, 3]
    assert failed[3] == Test.FLAT_LINE
    assert quarters([0.0] * 5)[0] == [1] * 5


def test_what_is_not_reported_is_missing_and_compares_with_nothing():
    assert quarters([NAN, 7, NAN, 7, 50])[0] == [9, 1, 9, 1, 1]
    assert quarters([NAN])[0] == [9]
    assert quarters([0.0, 1, 1.5, 1, 99])[0] == [1] * 5  # nothing to divide by


# aggregates


def test_an_aggregate_is_known_by_the_volume_of_each_flag():
    found = volume_shares([[60.0, 10.0, 30.0], [0, 0, 50]], [1.0, 0.5], [0.0, 0.25])
    np.testing.assert_allclose(found, [[0.6, 0.1, 0.3, 0, 0], [0, 0, 0.5, 0.25, 0.25]])
    assert [flag.name for flag in SHARE_FLAGS] == [
        *("PASS", "NOT_EVALUATED", "SUSPECT", "FAIL", "MISSING")
    ]


def test_one_bad_hour_of_low_flow_hardly_counts_and_one_of_flood_does():
    low = volume_shares([23 * 10.0, 0, 1.0], 1.0)[2]
    flood = volume_shares([23 * 10.0, 0, 990.0], 1.0)[2]
    assert low < 0.005
    assert flood > 0.8


def test_shares_of_nothing_observed_and_of_no_flow():
    found = volume_shares([[NAN] * 3, [0.0] * 3, [NAN, 1, 1]], [0.0, 1.0, 1.0])
    assert found[0].tolist() == [0, 0, 0, 0, 1]
    assert np.isnan(found[1:, :3]).all()
    assert found[1:, 3:].tolist() == [[0, 0], [0, 0]]


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_shares_sum_to_one(parts, coverage, failed):
    found = volume_shares(parts, coverage, failed)
    if np.abs(parts).sum() > 1e-100 or coverage == 0:
        assert found.sum() == pytest.approx(1)
        assert (found >= 0).all()


def test_time_of_a_flag_counts_an_interval_for_each_reading(tested):
    bounds = np.array([0, 2, 4]) * DAY
    failed = time_of_flag(tested, [86_400.0, NAN], bounds, Flag.FAIL)
    assert failed[0].tolist() == [0, 0.5]
    assert np.isnan(failed[1]).all()
    assert time_of_flag(tested, [1e6, 1e6], bounds, Flag.FAIL)[0, 1] == 1
