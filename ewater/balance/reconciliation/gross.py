"""Serial elimination of gross errors on one factor (METHODS 5).

To remove a measurement is to give it a free bias. That is one more parameter, hence a
rank-one update of what is known: gamma falls by z squared, and nothing is factored
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri, ndtri

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.estimate import Response

    Floats = NDArray[np.float64]

_SPENT = 1e-9  # part of a variance below which nothing redundant is left
_EQUAL = 1e-7  # from a correlation of one
_CLOSE = 0.9  # correlation of tests that may stand for one error


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One step of the elimination; candidates by position."""

    candidate: int
    alike: tuple[int, ...]
    close: tuple[int, ...]
    z: float
    gamma_before: float
    gamma_after: float
    dof_after: int


@dataclass(slots=True, kw_only=True)
class State:
    """Estimates of one period while measurements are removed.

    Attributes
    ----------
    value, variance : (variable,)
    multiplier : (row,)
    power : (candidate,)
        Variance of the maximum-power statistic.
    """

    value: Floats
    variance: Floats
    multiplier: Floats
    power: Floats
    gamma: float
    dof: int
    steps: list[tuple[Floats, Floats, float]]

    def lifted(
        self, columns: Callable[[NDArray[np.intp]], Floats]
    ) -> Callable[[NDArray[np.intp]], Floats]:
        """Columns of the covariance after what was removed."""

        def after(variables: NDArray[np.intp]) -> Floats:
            result = columns(variables)
            for _, change, power in self.steps:
                result += np.outer(change, change[variables] / power)
            return result

        return after


def critical_gamma(dof: ArrayLike, alpha: float) -> Floats:
    """Limit of the global test; NaN with no degree of freedom.

    Examples
    --------
    >>> float(critical_gamma(3, 0.05).round(3))
    7.815
    """
    degrees = np.asarray(dof, dtype=float)
    return np.asarray(chdtri(np.where(degrees > 0, degrees, np.nan), alpha))


def sidak_limit(count: ArrayLike, alpha: float) -> Floats:
    """Limit of the largest of ``count`` measurement tests (Mah & Tamhane 1982).

    Examples
    --------
    >>> float(sidak_limit(5, 0.05).round(3))
    2.569
    """
    tests = np.maximum(np.asarray(count, dtype=float), 1.0)
    return np.asarray(-ndtri((1.0 - (1.0 - alpha) ** (1.0 / tests)) / 2.0))


def measurement_z(multiplier: Floats, vectors: Matrix, power: Floats) -> Floats:
    """Maximum-power test of each candidate; NaN where an error would not show.

    Parameters
    ----------
    multiplier : (row, ...) and power : (candidate, ...)
    vectors : csr (row, candidate)
    """
    z = np.full(power.shape, np.nan)
    size = np.sqrt(np.maximum(power, 0.0))
    np.divide(vectors.T @ multiplier, size, out=z, where=size > 0)
    return z


def stands_out(z: Floats, alpha: float) -> NDArray[np.bool_]:
    """Whether the largest of the tests is above its limit, (...)."""
    size = np.abs(z)
    tested = np.isfinite(size).sum(axis=0)
    largest = np.where(np.isfinite(size), size, 0.0).max(axis=0, initial=0.0)
    return np.asarray(largest > sidak_limit(tested, alpha))


def eliminate(
    state: State,
    response: Response,
    vectors: Matrix,
    directions: Matrix,
    alpha: float,
    *,
    each: bool = False,
) -> list[Removal]:
    """Remove the largest, solve again, until gamma passes or redundancy ends.

    The last degree of freedom is never spent: without one nothing is tested.

    Parameters
    ----------
    state
        Changed in place.
    vectors : csr (row, candidate)
    directions : csr (variable, candidate)
    alpha
        Level of the tests.
    each
        Go on while the largest is above the Šidák limit, too.

    Returns
    -------
    list of Removal
        In order. If ``state.gamma`` still fails, the search was in vain.
    """
    first = state.power.copy()
    removals = []
    while state.dof > 1:
        z = np.abs(measurement_z(state.multiplier, vectors, state.power))
        passes = bool(state.gamma <= critical_gamma(state.dof, alpha))
        # chance alone fails the global test now and then, and singles nobody out
        if (passes and not each) or not bool(stands_out(z, alpha)):
            break
        chosen = int(np.nanargmax(z))
        row = vectors[:, [chosen]].toarray()[:, 0]
        seen, change = response.to_error(directions[:, [chosen]].toarray()[:, 0], row)
        for old_seen, old_change, power in state.steps:
            part = (old_seen @ row) / power
            seen, change = seen - old_seen * part, change - old_change * part
        removals.append(_remove(state, vectors, chosen, seen, change, z))
        state.power[state.power < _SPENT * first] = 0.0
    return removals


def alike_with(
    state: State, response: Response, vectors: Matrix, chosen: int
) -> tuple[int, ...]:
    """Candidates that no test can tell from the chosen one."""
    row = vectors[:, [chosen]].toarray()[:, 0]
    seen, _ = response.solve(row)
    return _parallel(vectors.T @ seen, state.power, chosen)


def _near(
    shared: Floats, power: Floats, z: Floats, chosen: int, alike: tuple[int, ...]
) -> tuple[int, ...]:
    """Candidates whose test is smaller by no more than chance explains.

    With correlation rho of two tests, their difference has the variance 2 - 2 |rho|.
    """
    size = np.sqrt(power * power[chosen])
    rho = np.divide(np.abs(shared), size, out=np.zeros(size.size), where=size > 0)
    chance = 2.0 * np.sqrt(2.0 - 2.0 * np.minimum(rho, 1.0))
    near = (rho > _CLOSE) & (z[chosen] - z <= chance)
    near[[chosen, *alike]] = False
    return tuple(int(n) for n in np.flatnonzero(near))


def _parallel(shared: Floats, power: Floats, chosen: int) -> tuple[int, ...]:
    size = np.sqrt(power * power[chosen])
    equal = (power > 0) & (np.abs(shared) >= (1.0 - _EQUAL) * size)
    equal[chosen] = False
    return tuple(int(n) for n in np.flatnonzero(equal))


def _remove(
    state: State,
    vectors: Matrix,
    chosen: int,
    seen: Floats,
    change: Floats,
    z: Floats,
) -> Removal:
    shared = vectors.T @ seen
    power = float(state.power[chosen])
    alike = _parallel(shared, state.power, chosen)
    close = _near(shared, state.power, z, chosen, alike)
    bias = float((vectors[:, [chosen]].T @ state.multiplier)[0]) / power
    before = state.gamma
    state.multiplier = state.multiplier - seen * bias
    state.value = state.value - change * bias
    state.variance = state.variance + change**2 / power
    state.power = state.power - shared**2 / power
    state.power[chosen] = 0.0
    state.gamma = max(before - float(z[chosen]) ** 2, 0.0)
    state.dof -= 1
    state.steps.append((seen, change, power))
    return Removal(
        candidate=chosen,
        alike=alike,
        close=close,
        z=float(z[chosen]),
        gamma_before=before,
        gamma_after=state.gamma,
        dof_after=state.dof,
    )
