"""What must hold for every network: against dense algebra, and by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ewater.balance.reconciliation.result import Standing, Verdict
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.solve import solve

few = settings(max_examples=30)
PLAIN = Policy(eliminate=False, refuse=False)


@dataclass(frozen=True)
class Network:
    """Accounts joined by flows, some of them measured; -1 is outside."""

    matrix: np.ndarray
    truth: np.ndarray
    value: np.ndarray
    u: np.ndarray


@st.composite
def networks(draw: st.DrawFn, gaps: bool = True) -> Network:
    """Random networks with a truth that balances, and measurements of it."""
    accounts = draw(st.integers(1, 6))
    end = st.integers(-1, accounts - 1)
    pairs = draw(
        st.lists(
            st.tuples(end, end).filter(lambda p: p[0] != p[1]), min_size=2, max_size=14
        )
    )
    matrix = np.zeros((accounts, len(pairs)))
    for flow, (start, stop) in enumerate(pairs):
        if start >= 0:
            matrix[start, flow] -= 1
        if stop >= 0:
            matrix[stop, flow] += 1
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    _, size, directions = np.linalg.svd(matrix)
    null = directions[int((size > 1e-9).sum()) :]
    truth = null.T @ rng.normal(size=len(null)) * 100.0
    u = rng.uniform(0.5, 20.0, len(pairs))
    value = truth + u * rng.normal(size=len(pairs))
    if gaps:
        value[draw(st.lists(st.integers(0, len(pairs) - 1), max_size=6))] = np.nan
    return Network(matrix, truth, value, u)


def by_dense_algebra(
    network: Network, unknown: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float, int, np.ndarray]:
    """METHODS 5 with projection, pseudo-inverse and null space."""
    measured = ~unknown
    left, size, right = np.linalg.svd(network.matrix[:, unknown])
    rank = int((size > 1e-9).sum())
    open_ = (np.abs(right[rank:]) > 1e-9).any(axis=0)
    projected = left[:, rank:].T @ network.matrix[:, measured]
    projected[np.abs(projected) < 1e-12] = 0.0
    variance = np.diag(network.u[measured] ** 2)
    inverse = np.linalg.pinv(projected @ variance @ projected.T, rcond=1e-12)
    gain = variance @ projected.T @ inverse
    residual = projected @ network.value[measured]
    x = network.value[measured] - gain @ residual
    covariance = variance - gain @ projected @ variance
    dof = int(np.linalg.matrix_rank(projected, tol=1e-9)) if projected.size else 0
    value, spread = np.full(unknown.size, np.nan), np.full(unknown.size, np.nan)
    value[measured], spread[measured] = x, np.diag(covariance)
    back = -np.linalg.pinv(network.matrix[:, unknown]) @ network.matrix[:, measured]
    place = np.flatnonzero(unknown)[~open_]
    value[place] = (back @ x)[~open_]
    spread[place] = np.diag(back @ covariance @ back.T)[~open_]
    redundant = np.zeros(unknown.size, dtype=bool)
    redundant[measured] = (np.abs(projected) > 1e-9).any(axis=0)
    return value, spread, float(residual @ inverse @ residual), dof, redundant


@few
@given(networks())
def test_sparse_and_dense_algebra_agree(network: Network) -> None:
    result = solve(network.matrix, network.value, network.u, policy=PLAIN)
    unknown = np.isnan(network.value)
    value, variance, gamma, dof, redundant = by_dense_algebra(network, unknown)
    np.testing.assert_allclose(result.value[:, 0], value, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(result.u[:, 0] ** 2, variance, rtol=1e-6, atol=1e-6)
    assert result.gamma[0] == pytest.approx(gamma, rel=1e-7, abs=1e-9)
    assert result.dof[0] == dof
    found = result.standing[:, 0] == Standing.REDUNDANT
    np.testing.assert_array_equal(found, redundant)


@few
@given(networks())
def test_rows_hold_whatever_is_measured(network: Network) -> None:
    result = solve(network.matrix, network.value, network.u, policy=PLAIN)
    left = result.residual_after()
    known = ~np.isnan(left)
    np.testing.assert_allclose(left[known], 0.0, atol=1e-7)


@few
@given(networks(), st.integers(0, 10**6))
def test_scaling_and_order_change_nothing(network: Network, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = solve(network.matrix, network.value, network.u, policy=PLAIN)
    rows = rng.permutation(network.matrix.shape[0])
    variables = rng.permutation(network.value.size)
    factor = 10.0 ** rng.uniform(-4, 4, rows.size)
    other = solve(
        (network.matrix * factor[:, None])[rows][:, variables],
        network.value[variables],
        network.u[variables],
        policy=PLAIN,
    )
    np.testing.assert_allclose(
        other.value[:, 0], plain.value[variables, 0], rtol=1e-8, atol=1e-7
    )
    np.testing.assert_allclose(
        other.u[:, 0], plain.u[variables, 0], rtol=1e-6, atol=1e-5
    )
    np.testing.assert_array_equal(other.standing, plain.standing[variables])
    assert other.dof[0] == plain.dof[0]


@few
@given(networks())
def test_perfect_data_are_not_adjusted(network: Network) -> None:
    perfect = np.where(np.isnan(network.value), np.nan, network.truth)
    result = solve(network.matrix, perfect, network.u)
    assert result.verdict[0] in (Verdict.RECONCILED, Verdict.UNTESTED)
    known = ~np.isnan(result.value[:, 0])
    np.testing.assert_allclose(result.value[known, 0], network.truth[known], atol=1e-6)
    assert result.suspects == ()


@few
@given(networks(gaps=False), st.data())
def test_a_planted_gross_error_is_named_first(
    network: Network, data: st.DataObject
) -> None:
    perfect = solve(network.matrix, network.truth, network.u)
    redundant = np.flatnonzero(perfect.standing[:, 0] == Standing.REDUNDANT)
    assume(redundant.size and perfect.dof[0])
    flow = int(data.draw(st.sampled_from(list(redundant))))
    spoiled = network.truth.copy()
    # of what an adjustment may be, so that no uncertainty hides it
    spoiled[flow] += (
        50
        * network.u[flow] ** 2
        / np.sqrt(network.u[flow] ** 2 - perfect.u[flow, 0] ** 2)
    )
    result = solve(network.matrix, spoiled, network.u)
    first = result.suspects[0]
    assert str(flow + 1) in (first.name, *first.alike)


@few
@given(networks())
def test_bounds_hold_and_cost_no_less_than_none(network: Network) -> None:
    free = solve(network.matrix, network.value, network.u, policy=PLAIN)
    held = solve(network.matrix, network.value, network.u, lower=-5.0, policy=PLAIN)
    assume(held.verdict[0] != Verdict.INFEASIBLE)
    known = ~np.isnan(held.value[:, 0])
    assert (held.value[known, 0] >= -5.0 - 1e-6).all()
    assert held.gamma[0] >= free.gamma[0] - 1e-9
    left = held.residual_after()
    np.testing.assert_allclose(left[~np.isnan(left)], 0.0, atol=1e-5)
    assert (held.u[known, 0] <= free.u[known, 0] * (1 + 1e-7) + 1e-9).all()


def test_uncertainty_of_estimates_agrees_with_monte_carlo() -> None:
    rng = np.random.default_rng(5)
    matrix = np.array(
        [[1, -1, -1, 0, 0, 0], [0, 1, 0, -1, 0, 0], [0, 0, 1, 1, -1, 1]], dtype=float
    )
    truth = np.array([100.0, 60.0, 40.0, 60.0, 110.0, 10.0])
    loading = np.eye(6)
    loading[1, 0] = 0.5  # the first two share an instrument
    u = np.array([4.0, 2.0, 1.0, 3.0, 2.0, 5.0])
    draws = 40_000
    errors = loading @ (u[:, None] * rng.normal(size=(6, draws)))
    seen = truth[:, None] + errors
    seen[3] = np.nan
    policy = Policy(eliminate=False, refuse=False)
    result = solve(
        matrix, seen, np.repeat(u[:, None], draws, 1), loading=loading, policy=policy
    )
    assert result.value.mean(axis=1) == pytest.approx(truth, abs=0.1)
    assert result.value.std(axis=1) == pytest.approx(result.u[:, 0], rel=0.02)
    assert result.gamma.mean() == pytest.approx(result.dof[0], rel=0.03)
    assert (result.p < 0.05).mean() == pytest.approx(0.05, abs=0.005)


def test_the_same_in_reading_gives_the_same_out_to_the_last_bit() -> None:
    rng = np.random.default_rng(3)
    value = rng.normal(100, 5, (3, 50))
    first, second = (solve([[1, 1, -1]], value, [1, 2, 3]).value for _ in range(2))
    np.testing.assert_array_equal(first, second)
