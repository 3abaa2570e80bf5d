"""Bounds on the estimates by an active set on the same factor (METHODS 5, E20).

The dual method of Goldfarb & Idnani (1983): it starts at the unbounded estimate and
adds one violated bound at a time, so it needs one column of the covariance for each
bound that ever becomes active, and no factor of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NOISE = 1e-10  # of the largest estimate: no violation
_FREE = 1e-9  # of its variance: what an estimate needs to be able to move


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """Estimates within their bounds.

    Attributes
    ----------
    value, variance : (variable,)
        The variance is that of the free variables: 0 at an active bound.
    active : (variable,), int8
        -1 at the lower bound, 1 at the upper one.
    cost : float
        What the bounds add to gamma.
    stuck : int or None
        A variable that cannot reach its bound whatever gives way.
    """

    value: Floats
    variance: Floats
    active: NDArray[np.int8]
    cost: float
    stuck: int | None


class _ActiveSet:
    """Active bounds, their multipliers and the directions they push in."""

    def __init__(self, column: Callable[[int], Floats], size: int) -> None:
        self._column = column
        self.place: list[int] = []
        self.sign: list[float] = []
        self.force = np.zeros(0)
        self._push = np.zeros((size, 16))
        self.gram = np.zeros((0, 0))

    @property
    def push(self) -> Floats:
        return self._push[:, : len(self.place)]

    def direction(self, place: int, sign: float) -> Floats:
        return sign * self._column(place)

    def seen(self, direction: Floats) -> Floats:
        return np.asarray(direction[self.place] * np.array(self.sign))

    def given_way(self, direction: Floats) -> Floats:
        """How much each active force gives way to one more push."""
        if not self.place:
            return np.zeros(0)
        return np.asarray(np.linalg.solve(self.gram, self.seen(direction)))

    def add(self, place: int, sign: float, force: float, direction: Floats) -> None:
        count = len(self.place)
        if count == self._push.shape[1]:
            self._push = np.hstack([self._push, np.zeros_like(self._push)])
        gram = np.empty((count + 1, count + 1))
        gram[:count, :count] = self.gram
        gram[count, :count] = gram[:count, count] = self.seen(direction)
        gram[count, count] = direction[place] * sign
        self.gram = gram
        self._push[:, count] = direction
        self.place.append(place)
        self.sign.append(sign)
        self.force = np.append(self.force, force)

    def drop(self, at: int) -> None:
        count = len(self.place)
        kept = [n for n in range(count) if n != at]
        self._push[:, : count - 1] = self._push[:, kept]
        self.gram = self.gram[np.ix_(kept, kept)]
        del self.place[at], self.sign[at]
        self.force = self.force[kept]


def within_bounds(
    value: Floats,
    variance: Floats,
    column: Callable[[int], Floats],
    lower: Floats,
    upper: Floats,
) -> Bounded:
    """Find the estimates of least cost within bounds.

    Parameters
    ----------
    value, variance : (variable,)
        Estimates without bounds; NaN is left alone.
    column
        Column of their covariance, (variable,), for the position of a variable.
    lower, upper : (variable,)
        Infinite where there is none.
    """
    estimate = value.copy()
    active = _ActiveSet(column, value.size)
    noise = _NOISE * np.nanmax(np.abs(value), initial=0.0)
    stuck = None
    while stuck is None:
        place, sign = _worst(estimate, variance, lower, upper, noise)
        if place < 0:
            break
        target = lower[place] if sign > 0 else upper[place]
        if not _enforce(active, estimate, variance, place, sign, target):
            stuck = place
    return _result(active, estimate, variance, lower, upper, stuck)


def _worst(
    estimate: Floats, variance: Floats, lower: Floats, upper: Floats, noise: float
) -> tuple[int, float]:
    """Violated bound that is furthest off for its uncertainty; -1 if none is."""
    short, over = lower - estimate, estimate - upper
    violation = np.fmax(short, over)
    size = np.sqrt(np.where(variance > 0, variance, np.finfo(float).tiny))
    score = np.where(violation > noise, violation / size, 0.0)
    place = int(np.nanargmax(score)) if score.size else -1
    if place < 0 or not score[place] > 0:
        return -1, 0.0
    return place, 1.0 if short[place] >= over[place] else -1.0


def _enforce(
    active: _ActiveSet,
    estimate: Floats,
    variance: Floats,
    place: int,
    sign: float,
    target: float,
) -> bool:
    """Push one estimate to its bound; bounds that would pull are let go."""
    force = 0.0
    direction = active.direction(place, sign)
    while True:
        way = active.given_way(direction)
        move = direction - active.push @ way
        gain = move[place] * sign
        full = np.inf
        if gain > _FREE * variance[place]:
            full = (target - estimate[place]) * sign / gain
        pulling = way > 0
        limits = np.full(way.size, np.inf)
        limits[pulling] = active.force[pulling] / way[pulling]
        partial = limits.min(initial=np.inf)
        step = min(full, partial)
        if not np.isfinite(step):
            return False
        active.force = active.force - step * way
        force += step
        if np.isfinite(full):
            estimate += step * move
        if step == full:
            active.add(place, sign, force, direction)
            return True
        active.drop(int(limits.argmin()))


def _result(
    active: _ActiveSet,
    estimate: Floats,
    variance: Floats,
    lower: Floats,
    upper: Floats,
    stuck: int | None,
) -> Bounded:
    marks = np.zeros(estimate.size, dtype=np.int8)
    free = variance.copy()
    cost = 0.0
    if active.place:
        sign = np.array(active.sign)
        marks[active.place] = -sign.astype(np.int8)
        estimate[active.place] = np.where(
            sign > 0, lower[active.place], upper[active.place]
        )
        push = active.push
        free = free - (push * np.linalg.solve(active.gram, push.T).T).sum(axis=1)
        free[active.place] = 0.0
        free[free < _FREE * variance] = 0.0
        cost = float(active.force @ active.gram @ active.force)
    return Bounded(value=estimate, variance=free, active=marks, cost=cost, stuck=stuck)
