"""Weighted least squares and its tests on worked examples: METHODS 5, E15 to E20."""

from __future__ import annotations

import numpy as np
import pytest

from ewater.balance.reconciliation.gross import critical_gamma, sidak_limit
from ewater.balance.reconciliation.result import Reconciled, Standing, Verdict
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.solve import solve
from ewater.errors import UsageError

NODE = [[1, 1, -1]]
THREE_NODES = np.array(
    [[1, -1, -1, 0, 0], [0, 1, 0, -1, 0], [0, 0, 1, 1, -1]], dtype=float
)
U = [2.0, 2.0, 1.0, 2.0, 2.0]
KEEP = Policy(refuse=False)


def only_measured(*numbers: int) -> Reconciled:
    value = np.array([101.0, 64.0, 34.0, 62.0, 99.0])
    value[[n for n in range(5) if n + 1 not in numbers]] = np.nan
    return solve(THREE_NODES, value, U)


def standings(result: Reconciled) -> list[Standing]:
    return [Standing(s) for s in result.standing[:, 0]]


def test_e15_one_node() -> None:
    result = solve(NODE, [100, 50, 141], [4, 2, 4])
    assert result.value[:, 0] == pytest.approx([96, 49, 145])
    assert result.residual.item() == pytest.approx(9)
    assert result.gamma[0] == pytest.approx(2.25)
    assert result.u[0, 0] ** 2 == pytest.approx(80 / 9)
    assert result.verdict[0] == Verdict.RECONCILED


def test_e15_covariances_of_estimates() -> None:
    # Var of a + b and of a - c follow from the covariances -16/9 and 64/9
    with_sums = [[1, 1, -1, 0, 0], [1, 1, 0, -1, 0], [1, 0, -1, 0, -1]]
    nan = np.nan
    result = solve(with_sums, [100, 50, 141, nan, nan], [4, 2, 4, nan, nan])
    variance = result.u[:, 0] ** 2
    assert variance[3] == pytest.approx(variance[0] + variance[1] - 2 * 16 / 9)
    assert variance[4] == pytest.approx(variance[0] + variance[2] - 2 * 64 / 9)


def test_e15_with_a_covariance() -> None:
    covariance = np.diag([16.0, 4.0, 16.0])
    covariance[0, 1] = covariance[1, 0] = 4.0
    result = solve(NODE, [100, 50, 141], covariance=covariance)
    assert result.value[:, 0] == pytest.approx([95.9091, 48.3636, 144.2727], abs=5e-5)
    assert result.gamma[0] == pytest.approx(81 / 44)


def test_e16_three_nodes() -> None:
    result = solve(THREE_NODES, [101, 64, 34, 62, 99], U)
    assert result.value[:, 0] == pytest.approx([98.8, 64.2, 34.6, 64.2, 98.8])
    assert result.u[:, 0] ** 2 == pytest.approx([1.2, 1.2, 0.8, 1.2, 1.2])
    assert result.gamma[0] == pytest.approx(2.8)
    assert result.dof[0] == 3
    assert result.suspects == ()


def test_e17_gross_error_is_removed_alone() -> None:
    result = solve(THREE_NODES, [101, 64, 34, 62, 115], U)
    assert result.first_gamma[0] == pytest.approx(49.2)
    assert critical_gamma(3, 0.05) == pytest.approx(7.815, abs=5e-4)
    assert sidak_limit(5, 0.05) == pytest.approx(2.569, abs=5e-4)
    expected = [-1.554, -2.032, -4.919, -3.227, 6.813]
    assert result.z[:, 0] == pytest.approx(expected, abs=5e-4)
    assert result.z_power[:, 0] == pytest.approx(expected, abs=5e-4)
    (suspect,) = result.suspects
    assert (suspect.name, suspect.removed, suspect.alike) == ("5", True, ())
    assert suspect.gamma_before == pytest.approx(49.2)
    assert suspect.gamma_after == pytest.approx(39 / 14)
    assert result.gamma[0] == pytest.approx(2.786, abs=5e-4)
    assert result.dof[0] == 2
    assert result.value[4, 0] == pytest.approx(98.714, abs=5e-4)
    assert standings(result)[4] is Standing.SUSPECT
    assert result.verdict[0] == Verdict.SUSPECTS_REMOVED
    assert result.raw[4, 0] == 115


def test_e17_removal_is_as_if_it_had_not_been_measured() -> None:
    removed = solve(THREE_NODES, [101, 64, 34, 62, 115], U)
    never = solve(THREE_NODES, [101, 64, 34, 62, np.nan], U)
    np.testing.assert_allclose(removed.value, never.value)
    np.testing.assert_allclose(removed.u, never.u)
    np.testing.assert_allclose(removed.gamma, never.gamma)


def test_e18_observability_and_redundancy() -> None:
    redundant, just = Standing.REDUNDANT, Standing.NOT_REDUNDANT
    observable, open_ = Standing.OBSERVABLE, Standing.UNOBSERVABLE
    first, second, third = (
        standings(only_measured(*some)) for some in ((1, 3, 4, 5), (1, 3, 5), (1, 5))
    )
    assert first == [redundant, observable, redundant, redundant, redundant]
    assert second == [redundant, observable, just, observable, redundant]
    assert third == [redundant, open_, open_, open_, redundant]


def test_e18_what_a_loop_leaves_open_is_not_guessed() -> None:
    result = only_measured(1, 5)
    assert np.isnan(result.value[1:4]).all()
    assert np.isnan(result.u[1:4]).all()
    assert result.value[[0, 4], 0] == pytest.approx([100, 100])


def test_e18_observable_items_inherit_uncertainty() -> None:
    result = only_measured(1, 3, 5)
    # x1 = x5 = 100 with variance 2; x2 = x1 - x3, variance 2 + 1
    assert result.value[1, 0] == pytest.approx(66)
    assert result.u[1, 0] ** 2 == pytest.approx(3)


def test_e19_months_and_quarter() -> None:
    result = solve([[1, 1, 1, -1]], [30, 28, 31, 93], [2, 1, 2, 3])
    expected = [30.889, 28.222, 31.889, 91.0]
    assert result.value[:, 0] == pytest.approx(expected, abs=5e-4)


def test_e20_bounds() -> None:
    free = solve(NODE, [2, 50, 40], [4, 1, 1], policy=KEEP)
    assert free.value[0, 0] == pytest.approx(-8.667, abs=5e-4)
    bounded = solve(NODE, [2, 50, 40], [4, 1, 1], lower=0, policy=KEEP)
    assert bounded.value[:, 0] == pytest.approx([0, 45, 45], abs=1e-9)
    assert bounded.gamma[0] == pytest.approx(50.25)
    assert bounded.active_bounds() == ["1"]
    assert bounded.u[0, 0] == 0
    assert bounded.u[1, 0] == pytest.approx(np.sqrt(0.5))
    assert bounded.verdict[0] == Verdict.FAILED
    assert bounded.suspects[0].alike == ("2", "3")


def test_a_refused_period_keeps_raw_values_and_publishes_the_residual() -> None:
    result = solve(NODE, [2, 50, 40], [4, 1, 1], lower=0)
    assert result.verdict[0] == Verdict.REFUSED
    assert result.value[:, 0].tolist() == [2, 50, 40]
    assert result.u[:, 0].tolist() == [4, 1, 1]
    assert np.isnan(result.adjustment).all()
    assert result.residual_after().item() == pytest.approx(12)
    (suspect,) = result.suspects
    assert not suspect.removed


def test_equal_suspects_are_named_together() -> None:
    # 3 and 4 are in series with nothing between: only 2 + 3 + 4 is checked elsewhere
    chain = [[1, -1, 0, 0], [0, 1, -1, 0], [1, 0, 0, -1]]
    result = solve(chain, [100, np.nan, 130, 100], [1, np.nan, 1, 1])
    assert result.suspects[0].name == "3"
    series = solve([[1, -1, 0], [1, 0, -1]], [100, 130, 130], [1, 1, 1])
    assert series.suspects[0].name == "1"
    split = [[1, -1, -1, 0, 0], [0, 0, 0, 1, -1]]
    both = solve(split, [100, 60, 60, 5, 5], [1, 1, 1, 1, 1])
    assert {both.suspects[0].name, *both.suspects[0].alike} == {"1", "2", "3"}
    assert set(both.groups()) == {("4", "5"), ("1", "2", "3")}


def test_the_last_degree_of_freedom_is_not_spent() -> None:
    result = solve([[1, -1, 0], [0, 1, -1]], [100, 200, 400], [1, 1, 1])
    assert result.verdict[0] == Verdict.REFUSED
    assert result.dof[0] == 1


def test_elimination_can_be_forbidden() -> None:
    strict = Policy(eliminate=False)
    result = solve(THREE_NODES, [101, 64, 34, 62, 115], U, policy=strict)
    assert result.verdict[0] == Verdict.REFUSED
    assert [s.name for s in result.suspects] == ["5"]
    assert not result.suspects[0].removed


def test_the_nodal_test_finds_a_leak_where_it_is() -> None:
    # water leaks at the second node alone
    result = solve(THREE_NODES, [100, 70, 30, 40, 70], U, policy=KEEP)
    nodal = np.abs(result.nodal[:, 0])
    assert nodal.argmax() == 1
    assert nodal == pytest.approx([0, 30 / np.sqrt(8), 0])


def test_shares_of_a_residual_sum_to_one() -> None:
    result = solve(
        THREE_NODES, [101, 64, 34, 62, 99], U, names={"row": ["A", "B", "C"]}
    )
    for row in "ABC":
        assert sum(result.explained_of(row).values()) == pytest.approx(1)
    assert np.nansum(result.explained) == pytest.approx(1)


def test_one_instrument_on_two_flows_is_one_suspect() -> None:
    # the meter feeds a and b, which join; c and d check the sum
    matrix = [[1, 1, -1, 0], [0, 0, 1, -1]]
    loading = [[0.5, 0, 0], [0.5, 0, 0], [0, 1, 0], [0, 0, 1]]
    result = solve(
        matrix,
        [70, 70, 100, 101],
        [2, 1, 1],
        loading=loading,
        by_factor=True,
        names={"candidate": ["METER", "C", "D"]},
    )
    assert [s.name for s in result.suspects] == ["METER"]
    assert standings(result)[:2] == [Standing.SUSPECT, Standing.SUSPECT]
    assert result.value[:, 0] == pytest.approx([50.25, 50.25, 100.5, 100.5])


def test_adjustments_are_published_by_their_uncertainty() -> None:
    result = solve(NODE, [100, 50, 141], [4, 2, 4])
    assert result.adjustment[:, 0] == pytest.approx([4, 1, -4])
    assert result.normalised[:, 0] == pytest.approx([1, 0.5, -1])
    data = result.dataset()
    assert data["normalised"].dims == ("variable", "period")
    assert data["verdict"].attrs["flag_meanings"].split()[0] == "reconciled"


def test_a_value_of_unknown_uncertainty_counts_as_not_measured() -> None:
    result = solve(NODE, [100, 50, 141], [4, np.nan, 4])
    assert standings(result)[1] is Standing.OBSERVABLE
    assert result.value[1, 0] == pytest.approx(41)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"u": [4, -2, 4]}, "negative"),
        ({"u": [4, np.inf, 4]}, "infinite"),
        ({"u": [4, 2]}, "needed"),
        ({"u": np.ones((3, 2))}, "2 periods"),
        ({"covariance": np.diag([1.0, -1.0, 1.0])}, r"variables \[2\]"),
        ({"covariance": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}, r"variables \[1, 2\]"),
        ({"covariance": [[1, 2, 0], [0, 1, 0], [0, 0, 1]]}, "symmetric"),
        ({"covariance": np.eye(2)}, "fits"),
        ({"covariance": np.eye(3), "u": [1, 1, 1]}, "not both"),
        ({"u": [1, 1], "loading": np.eye(2)}, "loading"),
        ({"u": [4, 2, 4], "lower": 1.0, "upper": 0.0}, "cross"),
        ({"u": [4, 2, 4], "names": {"row": ["a", "b"]}}, "names"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: dict[str, object], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        solve(NODE, [100, 50, 141], **arguments)  # type: ignore[arg-type]


def test_a_suspect_that_chance_may_have_put_first_is_named_with_its_rivals() -> None:
    # 1 and 2 are told apart only by a third meter, which is much too vague
    (suspect,) = solve([[1, -1, 0], [0, 1, -1]], [130, 100, 112], [1, 1, 60]).suspects
    assert suspect.alike == ()
    assert sorted([suspect.name, *suspect.close]) == ["1", "2"]
    (sure,) = solve([[1, -1, 0], [0, 1, -1]], [130, 100, 102], [1, 1, 1]).suspects
    assert (sure.name, sure.close) == ("1", ())


def test_chance_that_singles_nobody_out_takes_no_meter_away() -> None:
    """Six pairs, each 1.9 standard deviations apart: gamma 21.7 with 6 degrees."""
    pairs = np.kron(np.eye(6), [[1.0, -1.0]])
    apart = 1.9 * np.sqrt(2.0)
    found = solve(pairs, np.tile([10.0 + apart, 10.0], 6), np.ones(12))
    assert found.gamma[0] == pytest.approx(6 * 1.9**2)
    assert found.verdict[0] == Verdict.REFUSED
    assert [suspect.removed for suspect in found.suspects] == [False]
    assert found.value[:, 0].tolist() == found.raw[:, 0].tolist()
