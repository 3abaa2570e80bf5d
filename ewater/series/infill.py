"""Fill what was not observed with the seasonal long-term mean (METHODS 2, Gaps).

Gaps are filled in the aggregate, never in the series, and always shown apart. An
observed volume is never scaled up to the whole period, and what cannot be filled
stays unknown.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ewater.errors import UsageError
from ewater.series.calendars import local_days, to_utc
from ewater.series.periods import positions
from ewater.series.volumes import aggregate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.series.calendars import Calendar

FULL_COVERAGE = 0.95
LEAST_COVERAGE = 0.75
YEARS_NEEDED = 3
MONTH_COVERAGE = 0.8  # of a month that counts in a long-term mean [D]


class Grade(IntEnum):
    """How far a filled volume rests on observation."""

    FULL = 0
    ESTIMATED = 1
    INSUFFICIENT = 2


def climatology(volumes: xr.Dataset, calendar: Calendar) -> xr.Dataset:
    """Mean rate of each calendar month over the years.

    Parameters
    ----------
    volumes : (series, period)
        Volumes on the months of ``calendar``.
    calendar
        Tells which month a period is.

    Returns
    -------
    xarray.Dataset : (series, month)
        ``mean`` m3 s-1, ``std`` m3 s-1 between years, ``years``; ``month`` is 1 to
        12. Only months covered to 80 % count; mean and std are NaN with less than
        3 of them.

    Raises
    ------
    UsageError
        A period is no calendar month.
    """
    bounds = _bounds_of(volumes)
    months = local_days(calendar, bounds).astype("M8[M]")
    starts = to_utc(calendar, months.astype("M8[D]"))
    if (starts != bounds).any() or (np.diff(months.astype(np.int64)) != 1).any():
        raise UsageError(
            "a long-term mean is made of whole months; give volumes on the months of "
            f"calendar {calendar.code}"
        )
    belongs = (_months(calendar, bounds)[:, None] == np.arange(1, 13)).astype(float)
    counts = (volumes["coverage"] >= MONTH_COVERAGE).to_numpy()
    observed = np.where(counts, volumes["observed_s"], 1.0)
    rate = np.where(counts, volumes["volume"], 0.0) / observed
    years = counts @ belongs
    enough = years >= YEARS_NEEDED
    mean = _quotient(rate @ belongs, years, enough)
    expected = np.nan_to_num(mean) @ belongs.T
    squares = np.where(counts, rate - expected, 0.0) ** 2 @ belongs
    std = np.sqrt(_quotient(squares, years - 1, enough))
    dims = ("series", "month")
    return xr.Dataset(
        {
            "mean": (dims, mean, {"units": "m3 s-1"}),
            "std": (dims, std, {"units": "m3 s-1"}),
            "years": (dims, years.astype(np.int64)),
        },
        coords={"series": volumes["series"], "month": np.arange(1, 13)},
    )


def infill(
    volumes: xr.Dataset,
    bounds: NDArray[np.int64],
    climatology: xr.Dataset,
    calendar: Calendar,
) -> xr.Dataset:
    """Add to each period what it misses, at the long-term rate of the gap's month.

    Parameters
    ----------
    volumes : (series, cell)
        Volumes on cells that no month edge and no bound cuts: ``cells(bounds,
        months)`` of :mod:`ewater.series.volumes`.
    bounds : (period + 1,), int64 microseconds UTC
        Periods wanted; each bound is also the edge of a cell.
    climatology : (series, month)
        Result of :func:`climatology`; a series that is not in it has no mean.
    calendar
        The calendar of ``climatology``.

    Returns
    -------
    xarray.Dataset : (series, period)
        What :func:`~ewater.series.volumes.aggregate` returns, with ``observed`` m3
        for the observed part and ``volume`` m3 for the total; ``infilled`` m3, NaN
        where a month that misses something has no mean, 0 where nothing is missing;
        ``infilled_u`` m3, its standard uncertainty (the years' spread, added up over
        the months, as a dry year is dry in all of them); ``estimated_share`` of the
        total; ``grade`` (:class:`Grade`): full from 95 % coverage, estimated from
        75 %, else insufficient, where ``volume`` is NaN and ``observed`` and
        ``lower`` remain.

    Raises
    ------
    UsageError
        A cell reaches over a month edge, or a bound is no cell edge.
    """
    cell_bounds = _bounds_of(volumes)
    month = _months(calendar, cell_bounds)
    last_month = _months(calendar, cell_bounds - 1, ends=True)
    if (month != last_month).any():
        raise UsageError(
            "a cell reaches over the end of a month; cut the cells at the months of "
            f"calendar {calendar.code}"
        )
    found = aggregate(volumes, cell_bounds, bounds)
    start = positions(cell_bounds, bounds)
    missing = np.diff(cell_bounds) / 1e6 - volumes["observed_s"].to_numpy()
    usual = climatology.reindex(series=volumes["series"].to_numpy())
    infilled, spread = (
        _per_period(missing, usual[name].sel(month=month).to_numpy(), start)
        for name in ("mean", "std")
    )
    coverage = found["coverage"].to_numpy()
    grade = np.select(
        [coverage >= FULL_COVERAGE, coverage >= LEAST_COVERAGE],
        [Grade.FULL, Grade.ESTIMATED],
        Grade.INSUFFICIENT,
    )
    observed = found["volume"].to_numpy()
    total = np.where(grade == Grade.INSUFFICIENT, np.nan, observed + infilled)
    size = np.abs(observed) + np.abs(infilled)
    share = _quotient(np.abs(infilled), size, size > 0)
    share = np.where(size == 0, 0.0, share)
    dims = ("series", "period")
    cubic = {"units": "m3", "cell_methods": "period: sum"}
    names = {"flag_values": [int(g) for g in Grade], "flag_meanings": _meanings()}
    return found.assign(
        observed=(dims, observed, cubic),
        infilled=(dims, infilled, cubic),
        infilled_u=(dims, spread, {"units": "m3"}),
        volume=(dims, total, cubic),
        estimated_share=(
            dims,
            np.where(np.isnan(total), np.nan, share),
            {"units": "1"},
        ),
        grade=(dims, grade.astype(np.int8), names),
    )


def _meanings() -> str:
    return " ".join(grade.name.lower() for grade in Grade)


def _per_period(
    missing: NDArray[np.float64], rate: NDArray[np.float64], start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Missing seconds times rate; an unknown rate matters only where some miss."""
    amount = np.where(missing == 0, 0.0, missing * rate)
    return np.add.reduceat(amount[:, : start[-1]], start[:-1], axis=1)


def _bounds_of(volumes: xr.Dataset) -> NDArray[np.int64]:
    start = volumes["period"].to_numpy().astype("M8[us]").astype(np.int64)
    end = volumes["period_end"].to_numpy().astype("M8[us]").astype(np.int64)
    if (start[1:] != end[:-1]).any():
        raise UsageError("the periods of the volumes must lie side by side")
    return np.append(start, end[-1])


def _months(
    calendar: Calendar, bounds: NDArray[np.int64], *, ends: bool = False
) -> NDArray[np.int64]:
    """Month (1 to 12) in which each period starts, or of its last bound."""
    days = local_days(calendar, bounds[1:] if ends else bounds[:-1])
    return days.astype("M8[M]").astype(np.int64) % 12 + 1


def _quotient(
    part: NDArray[np.float64], whole: NDArray[np.float64], where: NDArray[np.bool_]
) -> NDArray[np.float64]:
    unknown = np.full(part.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=unknown, where=where))
