"""Degenerate systems: nothing measured, everything certain, rows that repeat."""

from __future__ import annotations

import numpy as np
import pytest

from ewater.balance.reconciliation.result import Standing, Verdict
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.solve import solve

NODE = [[1.0, 1.0, -1.0]]
NAN = np.nan


def test_without_any_measurement_everything_stays_unknown() -> None:
    result = solve([[1, 1, -1], [0, 1, -1]], [NAN] * 3, [NAN] * 3)
    # the rows say that the first is 0; of the others they say nothing
    assert result.value[0, 0] == pytest.approx(0)
    assert np.isnan(result.value[1:]).all()
    assert result.verdict[0] == Verdict.UNTESTED
    assert np.isnan(result.p[0])


def test_certain_values_that_fit_are_left_alone() -> None:
    result = solve(NODE, [100, 50, 150], [0, 0, 0])
    assert result.value[:, 0].tolist() == [100, 50, 150]
    assert (result.standing == Standing.FIXED).all()
    assert result.verdict[0] == Verdict.UNTESTED
    assert result.contradictions() == []


def test_certain_values_that_do_not_fit_are_a_named_contradiction() -> None:
    result = solve(
        [[1, 1, -1, 0], [0, 0, 1, -1]],
        [100, 50, 151, 140],
        [0, 0, 0, 5],
        names={"row": ["A", "B"]},
    )
    assert result.verdict[0] == Verdict.CONTRADICTORY
    assert result.contradictions() == ["A"]
    assert result.value[:, 0].tolist() == [100, 50, 151, 140]


def test_rows_that_repeat_are_dropped_and_change_nothing() -> None:
    once = solve(NODE, [100, 50, 141], [4, 2, 4])
    thrice = solve([*NODE, [2, 2, -2], [-1, -1, 1]], [100, 50, 141], [4, 2, 4])
    np.testing.assert_allclose(thrice.value, once.value)
    np.testing.assert_allclose(thrice.gamma, once.gamma)
    assert thrice.dof[0] == 1
    assert thrice.dependent.sum() == 2


def test_rows_that_repeat_with_another_right_hand_side_contradict() -> None:
    result = solve(
        [*NODE, *NODE],
        [100, 50, 141],
        [4, 2, 4],
        constant=[0, 7],
        names={"row": ["A", "B"]},
    )
    assert result.verdict[0] == Verdict.CONTRADICTORY
    assert len(result.contradictions()) == 1


def test_a_closed_loop_of_accounts_has_one_row_too_many() -> None:
    loop = [[1, 0, -1], [-1, 1, 0], [0, -1, 1]]
    result = solve(loop, [10, 11, 12], [1, 1, 1])
    assert result.value[:, 0] == pytest.approx([11, 11, 11])
    assert result.dof[0] == 2
    assert result.dependent.sum() == 1
    assert not result.contradictory.any()


def test_parts_that_are_not_joined_do_not_disturb_each_other() -> None:
    apart = solve(
        [[1, 1, -1, 0, 0], [0, 0, 0, 1, -1]], [100, 50, 141, NAN, NAN], [4, 2, 4, 1, 1]
    )
    assert apart.value[:3, 0] == pytest.approx([96, 49, 145])
    assert np.isnan(apart.value[3:]).all()
    assert apart.dof[0] == 1


def test_a_variable_in_no_row_is_neither_adjusted_nor_guessed() -> None:
    result = solve([[1, 1, -1, 0, 0]], [100, 50, 141, 7, NAN], [4, 2, 4, 1, NAN])
    assert result.value[3, 0] == 7
    assert result.standing[3, 0] == Standing.NOT_REDUNDANT
    assert result.standing[4, 0] == Standing.UNOBSERVABLE


def test_no_rows_and_no_periods_give_what_was_given() -> None:
    result = solve(np.zeros((0, 2)), [1.0, NAN], [1.0, NAN])
    assert result.value[0, 0] == 1
    assert result.verdict[0] == Verdict.UNTESTED
    nothing = solve(NODE, np.zeros((3, 0)), np.zeros((3, 0)))
    assert nothing.value.shape == (3, 0)
    assert nothing.dataset().sizes["period"] == 0


def test_an_empty_row_without_water_is_no_fault() -> None:
    result = solve([*NODE, [0, 0, 0]], [100, 50, 141], [4, 2, 4])
    assert result.value[:, 0] == pytest.approx([96, 49, 145])
    wrong = solve([*NODE, [0, 0, 0]], [100, 50, 141], [4, 2, 4], constant=[0, 3])
    assert wrong.verdict[0] == Verdict.CONTRADICTORY


def test_periods_with_and_without_gaps_are_each_solved_on_their_own() -> None:
    value = np.array([[100, 100, NAN], [50, NAN, NAN], [141, 141, 141]], dtype=float)
    u = np.array([[4.0] * 3, [2.0] * 3, [4.0, 8.0, 4.0]])
    together = solve(NODE, value, u)
    for t in range(3):
        alone = solve(NODE, value[:, t], u[:, t])
        np.testing.assert_array_equal(together.value[:, t], alone.value[:, 0])
        np.testing.assert_array_equal(together.u[:, t], alone.u[:, 0])
        assert together.verdict[t] == alone.verdict[0]
    assert np.isnan(together.value[:2, 2]).all()


def test_bounds_that_cannot_be_met_are_named() -> None:
    result = solve(
        NODE, [100, 50, 150], [0, 0, 1], upper=[np.inf, np.inf, 120], names=None
    )
    assert result.verdict[0] == Verdict.INFEASIBLE
    assert result.active_bounds() == ["3"]
    assert result.value[2, 0] == 150


def test_a_balancing_item_obeys_its_bound() -> None:
    # c = a + b is not measured; it may be 120 at most
    result = solve(
        NODE,
        [100, 50, NAN],
        [4, 2, NAN],
        upper=[np.inf, np.inf, 120],
        policy=Policy(refuse=False),
    )
    assert result.value[:, 0] == pytest.approx([76, 44, 120])
    assert result.active_bounds() == ["3"]
    assert result.u[2, 0] == 0


def test_bounds_that_hold_change_nothing() -> None:
    free = solve(NODE, [100, 50, 141], [4, 2, 4])
    bounded = solve(NODE, [100, 50, 141], [4, 2, 4], lower=0, upper=1000)
    np.testing.assert_array_equal(free.value, bounded.value)
    assert bounded.active_bounds() == []


def test_a_constant_right_hand_side_is_met() -> None:
    result = solve(NODE, [100, 50, 141], [4, 2, 4], constant=[10])
    assert (NODE @ result.value).item() == pytest.approx(10)
    assert result.residual_after().item() == pytest.approx(0, abs=1e-9)
