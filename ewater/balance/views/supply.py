"""Supply probabilities: what is reached or exceeded in so many of the years on record.

Empirical, without a fitted distribution: the value of rank r from the largest of n
years is reached or exceeded with probability r / (n + 1) (Weibull's position), and
between two ranks values are interpolated. No value lies outside the record: 95 % needs
19 years. Limits are order statistics, whatever the distribution is, of years that are
taken as independent. METHODS 1.11; docs/methods-views.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

POSITION = "r/(n+1)"
CONFIDENCE = 0.95  # of each of the two limits, so 90 % of both
FEWEST = 5  # years; with fewer even the median has no limits [D]


@dataclass(frozen=True, eq=False, slots=True)
class Supply:
    """Values of supply probabilities.

    Parameters
    ----------
    value : (…, probability)
        NaN where there are too few years.
    low, high : (…, probability)
        The true value is at least ``low``, and at most ``high``, with `CONFIDENCE`
        each; NaN where the years are too few to say.
    years : (…)
        How many years are known.
    """

    value: Array
    low: Array
    high: Array
    years: NDArray[np.int64]


def fewest(percent: float) -> int:
    """How many years a probability needs: its rank must lie within the record.

    Examples
    --------
    >>> [fewest(percent) for percent in (50, 75, 95)]
    [5, 5, 19]
    """
    p = _checked(percent)
    most = max(p, 1 - p)
    return max(FEWEST, math.ceil(round(most / (1 - most), 9)))


def supply(years: Array, percents: Sequence[float]) -> Supply:
    """Find the values that are reached or exceeded with given probabilities.

    Parameters
    ----------
    years : (…, year)
        NaN: unknown in that year, which does not count.
    percents
        Probabilities of exceedance, between 0 and 100.

    Raises
    ------
    UsageError
        A probability is not between 0 and 100.
    """
    from scipy import stats  # large, and only few views ask for this

    largest_first = -np.sort(-np.asarray(years, dtype=float), axis=-1)  # NaN is last
    count = np.count_nonzero(~np.isnan(largest_first), axis=-1)
    shape = (*count.shape, len(percents))
    value, low, high = (np.full(shape, np.nan) for _ in range(3))
    for at, percent in enumerate(percents):
        p = _checked(percent)
        enough = count >= fewest(percent)
        rank = np.where(enough, p * (count + 1), np.nan)
        before = np.floor(rank)
        a, b = _ranked(largest_first, before), _ranked(largest_first, np.ceil(rank))
        value[..., at] = a + (rank - before) * (b - a)
        # so many of n years exceed the true value: binomial, whatever its distribution
        above = stats.binom.ppf(1 - CONFIDENCE, count, p)
        below = stats.binom.ppf(CONFIDENCE, count, p) + 1
        high[..., at] = _ranked(largest_first, np.where(enough, above, np.nan))
        low[..., at] = _ranked(
            largest_first, np.where(enough & (below <= count), below, np.nan)
        )
    return Supply(value, low, high, count)


def _checked(percent: float) -> float:
    if not 0 < percent < 100:
        raise UsageError(f"{percent} is no probability; give one between 0 and 100")
    return percent / 100


def _ranked(largest_first: Array, rank: Array) -> Array:
    """Take the values of ranks from 1; NaN where there is no such rank."""
    known = rank >= 1
    place = np.where(known, rank, 1).astype(np.intp)[..., None] - 1
    if not largest_first.shape[-1]:
        return np.full(rank.shape, np.nan)
    found = np.take_along_axis(largest_first, place, axis=-1)[..., 0]
    return np.where(known, found, np.nan)
