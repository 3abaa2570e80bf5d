"""What an instrument shows of a true volume: sampling, error, gaps and faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.simulate import weather
from ewater.terms import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Stamps = NDArray[np.int64]

DAY_S = 86400.0
HOUR = np.arange(25)
GAPS_PER_YEAR = 3.0
LONG_GAPS_PER_YEAR = 0.25
SPIKES = 12
LEVEL_NOISE_M = 0.006
LATE = ("2024-03-04", "2024-03-25")
WRONG = ("2023-08-01", "2023-09-01")
WRONG_FACTOR = 1.15
DRIFT = ("2024-01-01", "2026-01-01")
DRIFT_PART = -0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Readings of one series: minutes since the epoch (local), values, flags.

    ``held`` marks those that arrive only with a later file; ``first`` is what was
    sent first where that was corrected later, else equal to ``value``.
    """

    minute: Stamps
    value: Array
    first: Array
    flag: NDArray[np.uint8]
    held: NDArray[np.bool_]


def minutes(stamps: pd.DatetimeIndex | str) -> Stamps:
    """Local minutes since 1970 of some times."""
    index = pd.DatetimeIndex([stamps] if isinstance(stamps, str) else stamps)
    return np.asarray(index.as_unit("s").asi8 // 60)


def rate(volume: Array, swing: float) -> Array:
    """Discharge at every hour whose trapezoids keep each day's volume exactly.

    Parameters
    ----------
    volume : (day,), m3
    swing
        Half the daily range, as a part of the day's mean.

    Returns
    -------
    (24 * day + 1,), m3 s-1
        Straight lines from midnight to noon to midnight; the noon value is what
        the day's mean asks for.
    """
    mean = volume / DAY_S
    edge = np.empty(len(mean) + 1)
    edge[1:-1] = 0.5 * (mean[1:] + mean[:-1])
    edge[0], edge[-1] = mean[0], mean[-1]
    low = np.minimum(edge[1:], edge[:-1])
    limit = 1.9 * np.concatenate([mean[:1], np.minimum(mean[1:], mean[:-1]), mean[-1:]])
    edge = np.minimum(edge, limit)  # else noon would have to be negative
    noon = 2 * mean - 0.5 * (edge[1:] + edge[:-1])
    part = np.minimum(HOUR[:24], 24 - HOUR[:24]) / 12
    side = np.where(HOUR[:24] < 12, edge[:-1, None], edge[1:, None])
    hourly = side * (1 - part) + noon[:, None] * part
    calm = np.minimum(low, noon).clip(min=0)
    hourly += swing * calm[:, None] * np.sin(2 * np.pi * HOUR[:24] / 24)
    return np.asarray(np.append(hourly.ravel(), edge[-1]))


def means(rates: Array) -> Array:
    """Mean of each hour from the rates at its ends."""
    return 0.5 * (rates[1:] + rates[:-1])


def counter(
    volume: Array, modulus: float, start: float, at: int | None, old: float, new: float
) -> Array:
    """Show what a totaliser reads after each interval, its first reading included.

    Parameters
    ----------
    volume : (interval,), m3
    start
        First reading, used where the meter is never replaced.
    at
        Number of intervals before the meter is replaced, None for never; ``old`` is
        then the last reading of the old meter and ``new`` the first of the new one.
    """
    total = np.concatenate([[0.0], np.cumsum(volume)])
    if at is None:
        return np.asarray(np.mod(start + total, modulus))
    before = np.mod(old - (total[at] - total), modulus)
    after = np.mod(new + (total - total[at]), modulus)
    return np.asarray(np.where(np.arange(len(total)) < at, before, after))


def level(stock: Array, curve: tuple[Array, Array, Array]) -> Array:
    """Level of a stock: the inverse of METHODS 2, Level to storage.

    Parameters
    ----------
    stock : m3
    curve
        Levels m, volumes m3 and areas m2 of the table.
    """
    z, stored, area = curve
    part = np.linspace(0, 1, 33)[:-1]
    rise = np.diff(z)[:, None] * part
    slope = (np.diff(area) / np.diff(z))[:, None]
    volume = stored[:-1, None] + area[:-1, None] * rise + 0.5 * slope * rise**2
    levels = z[:-1, None] + rise
    found = np.interp(
        stock, np.append(volume.ravel(), stored[-1]), np.append(levels.ravel(), z[-1])
    )
    return np.asarray(found)


def errors(
    rng: np.random.Generator, length: int, random_pct: float, systematic_pct: float
) -> Array:
    """Factor of each reading: one systematic error for all, and one of its own.

    The systematic error stays within two standard uncertainties, as that of an
    instrument which passed its verification does.
    """
    common = float(np.clip(rng.standard_normal(), -2, 2)) * systematic_pct
    own = np.clip(rng.standard_normal(length), -4, 4) * random_pct
    return np.asarray((1 + common / 100) * (1 + own / 100))


def drift(minute: Stamps) -> Array:
    """Factor of a meter that slowly counts less than it should."""
    begin, end = minutes(DRIFT[0])[0], minutes(DRIFT[1])[0]
    part = np.clip((minute - begin) / (end - begin), 0, 1)
    return np.asarray(1 + DRIFT_PART * part)


def present(
    rng: np.random.Generator, minute: Stamps, step_s: float, guarded: Stamps | None
) -> NDArray[np.bool_]:
    """Which readings arrive: outages of hours, now and then of weeks.

    Parameters
    ----------
    guarded
        Minutes around which nothing is lost: an operator reads the staff at the
        turn of a month when a recorder is out.
    """
    keep = np.ones(len(minute), dtype=bool)
    years = (minute[-1] - minute[0]) / (60 * 24 * 365.25)
    short = rng.poisson(GAPS_PER_YEAR * years)
    long = rng.poisson(LONG_GAPS_PER_YEAR * years)
    hours = np.concatenate(
        [rng.lognormal(2.2, 0.9, short), 24 * rng.uniform(4, 18, long)]
    )
    if step_s >= DAY_S:
        hours = np.maximum(hours, 30.0)[: max(len(hours) // 2, 1)]
    begin = rng.uniform(minute[0] + 2880, minute[-1] - 2880, len(hours))
    for start, length in zip(begin, hours, strict=True):
        first, last = np.searchsorted(minute, [start, start + 60 * length])
        keep[first:last] = False
    if guarded is not None:
        place = np.searchsorted(minute, guarded)
        for offset in (-2, -1, 0, 1, 2):
            keep[np.clip(place + offset, 0, len(minute) - 1)] = True
    keep[:3] = keep[-3:] = True
    return keep


def spikes(
    rng: np.random.Generator, value: Array
) -> tuple[Array, NDArray[np.uint8], NDArray[np.intp]]:
    """Throw a few readings far off; the logger marks them suspect or failed."""
    place = rng.choice(len(value) - 2, SPIKES, replace=False) + 1
    flag = np.zeros(len(value), dtype=np.uint8)
    flag[place] = np.where(rng.random(SPIKES) < 0.75, Flag.FAIL, Flag.SUSPECT)
    thrown = value.copy()
    thrown[place] *= rng.uniform(2.5, 5.0, SPIKES)
    return thrown, flag, place


def between(minute: Stamps, span: tuple[str, str]) -> NDArray[np.bool_]:
    """Find the readings within a span of local time."""
    first, last = (minutes(text)[0] for text in span)
    return np.asarray((minute > first) & (minute <= last))


def chance_of(seed: int, series: str) -> np.random.Generator:
    """Source of chance of one series."""
    return weather.generator(seed, "series", series)
