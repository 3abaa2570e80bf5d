"""Bounds on the estimates by an active set on the same factor (METHODS 5, E20).

A bound that is active pushes with a force that is not negative. The forces solve a
least-squares problem in non-negative numbers (Lawson & Hanson 1974) as large as the
number of estimates that are or come to be out of bounds; its matrix is their
covariance, so that nothing is factored again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NOISE = 1e-9  # of the largest estimate: no violation
_FREE = 1e-10  # of a variance: less leaves no way to move


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


def within_bounds(
    value: Floats,
    variance: Floats,
    columns: Callable[[NDArray[np.intp]], Floats],
    lower: Floats,
    upper: Floats,
) -> Bounded:
    """Find the estimates of least cost within bounds.

    Parameters
    ----------
    value, variance : (variable,)
        Estimates without bounds; NaN is left alone.
    columns
        Columns of their covariance, (variable, chosen), for positions of variables.
    lower, upper : (variable,)
        Infinite where there is none.
    """
    noise = _NOISE * np.nanmax(np.abs(value), initial=0.0)
    estimate, force = value, np.zeros(0)
    place, sign = np.zeros(0, dtype=np.intp), np.zeros(0)
    push = np.zeros((value.size, 0))
    while True:
        short, over = lower - estimate > noise, estimate - upper > noise
        new = np.flatnonzero(short | over)
        again = new[np.isin(new, place)]
        if again.size or not new.size:
            break
        sides = np.where(short[new], 1.0, -1.0)
        push = np.hstack([push, columns(new) * sides])
        place, sign = np.concatenate([place, new]), np.concatenate([sign, sides])
        target = np.where(sign > 0, lower[place], upper[place])
        force = _forces(push[place] * sign[:, None], sign * (target - value[place]))
        estimate = value + push @ force
    stuck = int(again[0]) if again.size else None
    held = force > 0
    return _result(
        estimate.copy(),
        variance,
        (place[held], sign[held], force[held], push[:, held]),
        np.where(sign[held] > 0, lower[place[held]], upper[place[held]]),
        noise,
        stuck,
    )


def _forces(gram: Floats, gap: Floats) -> Floats:
    """Find forces that close the gaps, none of them negative, (bound,).

    What depends on others is found by its eigenvalue and takes no force of its own.
    """
    scale = np.sqrt(np.maximum(np.diag(gram), 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    size, direction = np.linalg.eigh(gram / np.outer(scale, scale))
    some = size > _FREE
    if not some.any():
        return np.zeros(gap.size)
    root = np.sqrt(size[some])
    matrix = root[:, None] * direction[:, some].T
    right = (direction[:, some].T @ (gap / scale)) / root
    scaled, _ = nnls(matrix, right, maxiter=10 * gap.size)
    force = scaled / scale
    held = np.flatnonzero(force > 0)
    # once more, exactly, for the bounds that hold
    exact, *_ = np.linalg.lstsq(gram[np.ix_(held, held)], gap[held], rcond=_FREE)
    if (exact > 0).all():
        force[held] = exact
    return force


def _result(
    estimate: Floats,
    variance: Floats,
    held: tuple[NDArray[np.intp], Floats, Floats, Floats],
    target: Floats,
    noise: float,
    stuck: int | None,
) -> Bounded:
    place, sign, force, push = held
    marks = np.zeros(estimate.size, dtype=np.int8)
    free, cost = variance.copy(), 0.0
    if place.size and stuck is None:
        gram = push[place] * sign[:, None]
        marks[place] = -sign.astype(np.int8)
        near = np.abs(estimate[place] - target) <= noise
        estimate[place[near]] = target[near]
        free -= _explained(gram, push)
        free[place] = 0.0
        free[free < _FREE * variance] = 0.0
        cost = float(force @ gram @ force)
    return Bounded(value=estimate, variance=free, active=marks, cost=cost, stuck=stuck)


def _explained(gram: Floats, push: Floats) -> Floats:
    """Variance that the active bounds take away, (variable,)."""
    size, direction = np.linalg.eigh(gram)
    some = size > _FREE * size.max(initial=0.0)
    return np.asarray(((push @ direction[:, some]) ** 2 / size[some]).sum(axis=1))


def held_errors(
    errors: Floats,
    active: NDArray[np.int8],
    columns: Callable[[NDArray[np.intp]], Floats],
) -> Floats:
    """Errors of estimates of which some stay at their bounds, (variable, factor).

    Parameters
    ----------
    errors : (variable, factor)
        Of the estimates without bounds.
    active : (variable,)
        As of `Bounded`.
    columns
        As for `within_bounds`.
    """
    place = np.flatnonzero(active)
    if not place.size:
        return errors
    push = columns(place)
    size, direction = np.linalg.eigh(push[place])
    some = size > _FREE * size.max(initial=0.0)
    back = (direction[:, some] / size[some]) @ direction[:, some].T
    held: Floats = errors - push @ (back @ errors[place])
    held[place] = 0.0
    return held
