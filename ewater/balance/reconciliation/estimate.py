"""Weighted least squares of many periods on one structure (METHODS 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ewater.balance.matrices import csr, pattern
from ewater.balance.reconciliation.factor import (
    factorise,
    inverse_within,
    refined,
    substitute_many,
)
from ewater.balance.reconciliation.recipe import (
    Recipe,
    carried_forms,
    filled_in,
    plain_forms,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.reconciliation.factor import Shape
    from ewater.balance.reconciliation.structure import Structure

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Marks = NDArray[np.bool_]

_THREADS = 2
_WORTH_THREADS = 8  # periods
_BLOCK = 32  # columns that are solved side by side
_NOISE = 1e-11  # part of a variance that subtraction of equals leaves


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimate:
    """Least squares of periods that share a structure.

    Attributes
    ----------
    value, variance : (variable, period)
        Estimates; of unmeasured variables too, NaN where loops leave them open.
    multiplier : (row, period)
        H^-1 (A y - b); 0 for rows that depend on others.
    gamma : (period,)
        Global test; chi-square with ``structure.rank`` degrees of freedom.
    adjustment_variance : (variable, period)
        Var(d) of the measured.
    probe_variance : (probe, period)
        Var(A' multiplier), for the maximum-power test.
    ridge : (unmeasured, period)
    left, size : (row, period)
        What the rows still leave, and what they add up in size.
    """

    value: Floats
    variance: Floats
    multiplier: Floats
    gamma: Floats
    adjustment_variance: Floats
    probe_variance: Floats
    ridge: Floats
    left: Floats
    size: Floats


def estimate(
    structure: Structure, value: Floats, variance: Floats, constant: Floats
) -> Estimate:
    """Solve all periods.

    Parameters
    ----------
    structure
        Of the pattern that the periods share.
    value : (variable, period)
        Measured values; the others are not looked at.
    variance : (factor, period)
    constant : (row, period)
        What the rows must sum to, scaled like the rows.
    """
    measured, unmeasured = structure.measured[:, None], structure.unmeasured
    raw = np.where(measured, value, 0.0)
    known = csr(structure.probes[:, : value.shape[0]])
    residual = known @ raw - constant
    ridge = _ridge(structure, variance)
    solved = _in_threads(structure, residual, variance, ridge)
    multiplier, inner = solved.multiplier, solved.inner
    adjustment = structure.loading @ (variance * (structure.spread.T @ multiplier))
    result = raw - adjustment
    own = structure.loading.power(2) @ variance  # of independent factors
    spread = own - solved.adjustment_variance
    spread[spread < _NOISE * own] = 0.0
    left = known @ result - structure.border @ inner - constant
    size = abs(known) @ np.abs(raw) + abs(structure.border) @ np.abs(inner)
    result[unmeasured] = -inner
    spread_inner = solved.inner_variance - ridge
    spread_inner[spread_inner < _NOISE * ridge] = 0.0
    spread[unmeasured] = spread_inner
    open_ended = unmeasured[~structure.observable]
    result[open_ended] = spread[open_ended] = np.nan
    return Estimate(
        value=result,
        variance=spread,
        multiplier=multiplier,
        gamma=np.asarray((residual * multiplier).sum(axis=0)),
        adjustment_variance=solved.adjustment_variance,
        probe_variance=solved.probe_variance,
        ridge=ridge,
        left=left,
        size=size + np.abs(constant),
    )


def _ridge(structure: Structure, variance: Floats) -> Floats:
    """R of `factor`: the size of the variances around each unmeasured variable."""
    around = structure.spread.power(2) @ variance
    touched = pattern(csr(structure.border.T))
    count = np.maximum(np.diff(touched.indptr), 1)[:, None]
    ridge = touched @ around / count
    positive = np.where(around > 0, around, np.nan)
    typical = np.ones(around.shape[1])
    some = np.isfinite(positive).any(axis=0)
    typical[some] = np.nanmean(positive[:, some], axis=0)
    return np.where(ridge > 0, ridge, typical)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Solved:
    multiplier: Floats
    inner: Floats
    inner_variance: Floats
    adjustment_variance: Floats
    probe_variance: Floats


def _in_threads(
    structure: Structure, residual: Floats, variance: Floats, ridge: Floats
) -> _Solved:
    periods = residual.shape[1]
    weight = np.concatenate([variance, ridge, np.ones((1, periods))]).T.copy()
    right = np.zeros((periods, structure.size))
    right[:, structure.row_place] = residual.T
    variables = structure.loading.shape[0]
    solution = np.empty_like(right)
    own = np.empty_like(right)
    adjustment = np.empty((periods, variables))
    probe = np.empty((periods, structure.probes.shape[1]))

    def some(chunk: NDArray[np.intp]) -> None:
        if chunk.size:
            _solve_periods(
                structure.shape,
                structure.recipe,
                structure.dropped,
                weight,
                right,
                int(chunk[0]),
                int(chunk[-1]) + 1,
                solution,
                own,
                adjustment,
                probe,
            )

    everything = np.arange(periods)
    if periods < _WORTH_THREADS:
        some(everything)
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(some, np.array_split(everything, 2 * _THREADS)))
    return _Solved(
        multiplier=solution[:, structure.row_place].T,
        inner=solution[:, structure.border_place].T,
        inner_variance=-own[:, structure.border_place].T,
        adjustment_variance=adjustment.T,
        probe_variance=probe.T,
    )


@njit(cache=True, nogil=True)
def _solve_periods(
    shape: Shape,
    recipe: Recipe,
    dropped: Marks,
    weight: Floats,
    right: Floats,
    first: int,
    last: int,
    solution: Floats,
    own: Floats,
    adjustment: Floats,
    probe: Floats,
) -> None:
    size = dropped.size
    lower, pivot = np.empty(shape.lower_row.size), np.empty(size)
    inverse = np.empty(size + lower.size)
    slots = 0
    if recipe.slot.size:
        slots = recipe.slot.max() + 1
    for t in range(first, last):
        diagonal, below = filled_in(recipe, weight[t], size, shape.column.size)
        factorise(shape, below, diagonal, dropped, 0.0, lower, pivot)
        solution[t] = refined(shape, below, diagonal, lower, pivot, right[t])
        inverse_within(shape, lower, pivot, inverse[size:], inverse[:size])
        own[t] = inverse[:size]
        adjustment[t] = carried_forms(
            recipe, slots, adjustment.shape[1], weight[t], inverse
        )
        probe[t] = plain_forms(recipe, probe.shape[1], inverse)


class Response:
    """What changes with one more parameter or one more bound, in one period.

    The factor stays as it is: each change is one solve and a rank-one update.
    """

    def __init__(self, structure: Structure, variance: Floats, ridge: Floats) -> None:
        """Factor one period again; ``variance`` (factor,), ``ridge`` (unmeasured,)."""
        self.structure = structure
        self.variance = variance
        self.ridge = ridge
        shape = structure.shape
        weight = np.concatenate([variance, ridge, [1.0]])
        self._diagonal, self._below = filled_in(
            structure.recipe, weight, structure.size, shape.column.size
        )
        self._lower = np.empty(shape.lower_row.size)
        self._pivot = np.empty(structure.size)
        factorise(
            shape,
            self._below,
            self._diagonal,
            structure.dropped,
            0.0,
            self._lower,
            self._pivot,
        )

    def solve(self, rows: Floats) -> tuple[Floats, Floats]:
        """Solve K for a right-hand side of rows; (row,) and (unmeasured,)."""
        right = np.zeros(self.structure.size)
        right[self.structure.row_place] = rows
        solution = refined(
            self.structure.shape,
            self._below,
            self._diagonal,
            self._lower,
            self._pivot,
            right,
        )
        return (
            solution[self.structure.row_place],
            solution[self.structure.border_place],
        )

    def to_error(self, direction: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Change of multipliers and of estimates with an error in what is measured.

        Parameters
        ----------
        direction : (variable,)
        rows : (row,)
            The matrix times it.
        """
        structure = self.structure
        multiplier, inner = self.solve(rows)
        change = np.where(structure.measured, direction, 0.0)
        change -= structure.loading @ (
            self.variance * (structure.spread.T @ multiplier)
        )
        change[structure.unmeasured] = -inner
        return multiplier, self._seen(change)

    def errors(self) -> tuple[Floats, Floats]:
        """Say what an error of size 1 in each factor does, all others being right.

        Returns
        -------
        tuple
            To the multipliers, (row, factor), and to the estimates, (variable,
            factor): E with E diag(variance) E' their covariance.
        """
        structure = self.structure
        count = structure.loading.shape[1]
        blocks = np.split(np.arange(count), range(_BLOCK, count, _BLOCK))
        made = [self._errors(block) for block in blocks if block.size]
        multiplier, change = zip(*made, strict=True) if made else ((), ())
        rows, variables = structure.row_place.size, structure.loading.shape[0]
        return (
            np.hstack([np.empty((rows, 0)), *multiplier]),
            np.hstack([np.empty((variables, 0)), *change]),
        )

    def _errors(self, factors: NDArray[np.intp]) -> tuple[Floats, Floats]:
        structure = self.structure
        right = np.zeros((structure.size, factors.size))
        right[structure.row_place] = structure.spread[:, factors].toarray()
        substitute_many(structure.shape, self._lower, self._pivot, right)
        multiplier = right[structure.row_place]
        seen = self.variance[:, None] * (structure.spread.T @ multiplier)
        change = structure.loading[:, factors].toarray() - structure.loading @ seen
        change[structure.unmeasured] = -right[structure.border_place]
        return multiplier, self._seen(change)

    def covariances(self, variables: NDArray[np.intp]) -> Floats:
        """Covariance of all estimates with some of them, (variable, chosen)."""
        blocks = np.split(variables, range(_BLOCK, variables.size, _BLOCK))
        return np.hstack([self._covariances(block) for block in blocks])

    def along(self, direction: Floats) -> Floats:
        """Covariance of all estimates with a sum of them, (variable,).

        Parameters
        ----------
        direction : (variable,)
            Coefficients of the sum; 0 for what loops leave open.
        """
        structure = self.structure
        own = self.variance * (structure.loading.T @ direction)
        right = np.zeros((structure.size, 1))
        right[structure.row_place, 0] = structure.spread @ own
        inner = direction[structure.unmeasured]
        right[structure.border_place, 0] = inner
        substitute_many(structure.shape, self._lower, self._pivot, right)
        seen = structure.spread.T @ right[structure.row_place, 0]
        column = structure.loading @ (own - self.variance * seen)
        column[structure.unmeasured] = (
            -right[structure.border_place, 0] - self.ridge * inner
        )
        return self._seen(column)

    def _covariances(self, variables: NDArray[np.intp]) -> Floats:
        structure = self.structure
        measured = structure.measured[variables]
        own = self.variance[:, None] * structure.loading[variables].toarray().T
        right = np.zeros((structure.size, variables.size))
        right[structure.row_place] = structure.spread @ own
        unmeasured = np.flatnonzero(~measured)
        place = np.searchsorted(structure.unmeasured, variables[unmeasured])
        right[structure.border_place[place], unmeasured] = 1.0
        substitute_many(structure.shape, self._lower, self._pivot, right)
        seen = structure.spread.T @ right[structure.row_place]
        column = structure.loading @ (own - self.variance[:, None] * seen)
        column[structure.unmeasured] = -right[structure.border_place]
        column[variables[unmeasured], unmeasured] -= self.ridge[place]
        return self._seen(column)

    def _seen(self, column: Floats) -> Floats:
        """Nothing is said of what loops leave open."""
        column[self.structure.unmeasured[~self.structure.observable]] = 0.0
        return column
