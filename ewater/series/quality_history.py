"""Limits that a series' own history suggests (METHODS 3).

Percentiles need enough readings to have a meaning, and a series that hardly ever
moves says nothing of how fast it can: there the answer is NaN, not 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.series.calendars import Calendar, local_days
from ewater.series.infill import YEARS_NEEDED
from ewater.series.quality_limits import CLIMATE, PARAMETERS, check_columns
from ewater.series.rows import microseconds, ragged
from ewater.terms import Flag

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEAST_CHANGES = 1_000  # a 99.9th percentile of fewer is their maximum [D]
RATE_PERCENTILE, RATE_FACTOR = 99.9, 2.0
SPIKE_MADS = {"spike.suspect": 5.0, "spike.fail": 10.0}
SPIKE_LEAST = {"spike.suspect": 1.0, "spike.fail": 2.0}  # of the percentile [D]
CLIMATE_PERCENTILES, CLIMATE_MARGIN = (0.1, 99.9), 0.2
QUIET_PERCENTILE, QUIET_FACTOR = 0.1, 0.5  # of the deviation within a day [D]
QUIET_WINDOW_S = 86_400.0


def learned_limits(
    readings: xr.Dataset,
    limits: pd.DataFrame,
    *,
    calendar: Calendar = Calendar.UTC,
) -> pd.DataFrame:
    """Limits of rate, spike, flat line, attenuation and climatology from history.

    Failed and missing readings do not count, nor do differences over gaps. Counters
    have no history: their limits are their meter's.

    - ``rate.limit``: twice the 99.9th percentile of the rate of change;
    - ``spike``: 5 and 10 times the median absolute deviation of the distance from
      the mean of both neighbours, but no less than once and twice its 99.9th
      percentile **[D]**: the median sees low flow, and would fail the floods;
    - ``flat_line.epsilon``: half the resolution, the least change ever seen; of
      values on a grid, a range below it is a range below the resolution whatever
      the rounding;
    - ``attenuation``: half the 0.1th percentile of the standard deviation within a
      day **[D]**;
    - ``climatology``: the 0.1th and 99.9th percentile of each month with at least
      three years, widened at both ends by 20 % of their distance, which does not
      depend on the datum of a level.

    Parameters
    ----------
    readings
        Contiguous ragged form (ARCHITECTURE, "Readings"), in SI units, sorted.
    limits
        Frame of limits; gives ``neighbour.gap_s`` and ``rate.counter``.
    calendar
        Whose months and days are meant.

    Returns
    -------
    pandas.DataFrame : (series, parameter)
        By series code; NaN where history does not say.

    Raises
    ------
    UsageError
        A series has no row in ``limits``.
    """
    check_columns(limits)
    codes = pd.Index(readings["series"].to_numpy())
    if not codes.isin(limits.index).all():
        raise UsageError("a series has readings but no limits; begin with defaults")
    rows = limits.loc[codes]
    offset, time, value, flag = ragged(readings)
    series = np.repeat(np.arange(len(codes)), np.diff(offset))
    good = np.isfinite(value) & (flag != Flag.FAIL) & (flag != Flag.MISSING)
    good &= (rows["rate.counter"] != 1.0).to_numpy()[series]
    series, time, value = series[good], time[good], value[good]
    gap = microseconds(rows["neighbour.gap_s"])
    found = pd.DataFrame(np.nan, index=codes, columns=list(PARAMETERS))
    joined = (np.diff(series) == 0) & (np.diff(time) <= gap[series[1:]])
    _changes(found, series, time, value, joined)
    _distances(found, series, value, joined)
    days = local_days(calendar, time)
    _quiet_days(found, series, days, value)
    _climate(found, series, days.astype("M8[M]").astype(np.int64), value)
    return found


def grouped_quantiles(
    group: Ints,
    value: NDArray[np.floating],
    groups: int,
    percentiles: tuple[float, ...],
) -> Floats:
    """Percentiles of each group, linear between ranks; NaN where it is empty.

    Parameters
    ----------
    group, value : (n,)
        Group of each value, 0 to ``groups - 1``.

    Returns
    -------
    numpy.ndarray : (percentile, groups)

    Examples
    --------
    >>> grouped_quantiles(np.array([0, 0, 1]), np.array([1.0, 3, 7]), 2, (50.0,))
    array([[2., 7.]])
    """
    found = np.full((len(percentiles), groups), np.nan)
    if value.size == 0:
        return found
    ordered = value[np.lexsort((value, group))]
    count = np.bincount(group, minlength=groups)
    some = count > 0
    start = (np.cumsum(count) - count)[some]
    last = count[some] - 1
    for i, percentile in enumerate(percentiles):
        rank = percentile / 100.0 * last
        below = rank.astype(np.int64)
        low = ordered[start + below]
        high = ordered[start + np.minimum(below + 1, last)]
        found[i, some] = low + (rank - below) * (high - low)
    return found


def _changes(
    found: pd.DataFrame,
    series: Ints,
    time: Ints,
    value: Floats,
    joined: NDArray[np.bool_],
) -> None:
    """Rate of change and resolution."""
    n = len(found)
    change = np.abs(np.diff(value))[joined]
    seconds = np.diff(time)[joined] / 1e6
    owner = series[1:][joined]
    rate = grouped_quantiles(owner, change / seconds, n, (RATE_PERCENTILE,))[0]
    enough = np.bincount(owner, minlength=n) >= LEAST_CHANGES
    found["rate.limit"] = np.where(enough & (rate > 0), RATE_FACTOR * rate, np.nan)
    moved = change > 0
    least = np.full(n, np.inf)
    np.minimum.at(least, owner[moved], change[moved])
    found["flat_line.epsilon"] = np.where(np.isinf(least), np.nan, 0.5 * least)


def _distances(
    found: pd.DataFrame, series: Ints, value: Floats, joined: NDArray[np.bool_]
) -> None:
    """Median absolute deviation of the distance from the mean of both neighbours."""
    n = len(found)
    both = joined[1:] & joined[:-1]
    distance = (value[1:-1] - 0.5 * (value[:-2] + value[2:]))[both]
    owner = series[1:-1][both]
    middle = grouped_quantiles(owner, distance, n, (50.0,))[0]
    apart = np.abs(distance - middle[owner])
    mad = grouped_quantiles(owner, apart, n, (50.0,))[0]
    mad[(np.bincount(owner, minlength=n) < LEAST_CHANGES) | (mad == 0)] = np.nan
    usual = grouped_quantiles(owner, np.abs(distance), n, (RATE_PERCENTILE,))[0]
    for name, times in SPIKE_MADS.items():
        found[name] = np.maximum(times * mad, SPIKE_LEAST[name] * usual)


def _quiet_days(
    found: pd.DataFrame, series: Ints, days: NDArray[np.datetime64], value: Floats
) -> None:
    """Least standard deviation within a day that is not exceptional."""
    if value.size == 0:
        return
    frame = pd.DataFrame({"series": series, "day": days.astype(np.int64), "x": value})
    spread = frame.groupby(["series", "day"], sort=False)["x"].std().dropna()
    owner = spread.index.get_level_values("series").to_numpy()
    floor = grouped_quantiles(
        owner, spread.to_numpy(dtype=np.float64), len(found), (QUIET_PERCENTILE,)
    )[0]
    enough = np.bincount(owner, minlength=len(found)) >= LEAST_CHANGES
    known = enough & (floor > 0)
    found["attenuation.floor"] = np.where(known, QUIET_FACTOR * floor, np.nan)
    found["attenuation.window_s"] = np.where(known, QUIET_WINDOW_S, np.nan)


def _climate(found: pd.DataFrame, series: Ints, months: Ints, value: Floats) -> None:
    """Usual span of each month of the year."""
    cells = 12 * len(found)
    cell = 12 * series + months % 12
    low, high = grouped_quantiles(cell, value, cells, CLIMATE_PERCENTILES)
    # readings are sorted, so a month of a series begins where either changes
    begins = np.ones(cell.size, dtype=bool)
    begins[1:] = (np.diff(series) != 0) | (np.diff(months) != 0)
    years = np.bincount(cell[begins], minlength=cells)
    margin = CLIMATE_MARGIN * (high - low)
    ends = np.stack([low - margin, high + margin])
    ends[:, years < YEARS_NEEDED] = np.nan
    found[list(CLIMATE)] = np.concatenate(
        [end.reshape(len(found), 12) for end in ends], axis=1
    )
