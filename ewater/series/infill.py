"""Fill what was not observed (METHODS 2, Gaps).

Gaps are filled in the aggregate, never in the series, and always shown apart: from
donors (:mod:`ewater.series.donors`) where there are any, else with the seasonal
long-term mean. An observed volume is never scaled up to the whole period, and what
cannot be filled stays unknown.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ewater.errors import UsageError
from ewater.series.calendars import local_days, to_utc
from ewater.series.periods import period_coords, positions
from ewater.series.volumes import aggregate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ewater.series.calendars import Calendar

FULL_COVERAGE = 0.95
LEAST_COVERAGE = 0.75
YEARS_NEEDED = 3
MONTH_COVERAGE = 0.8  # of a month that counts in a long-term mean [D]
_TRACE_S = 1e-3


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
    *,
    donated: xr.Dataset | None = None,
    max_rate: Mapping[str, float] | None = None,
) -> xr.Dataset:
    """Add to each period what it misses: from donors, else at its month's mean rate.

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
    donated : (fit, cell), optional
        What :func:`ewater.series.donors.donate` gives on the same cells.
    max_rate : m3 s-1, optional
        By series, what it can show at most; bounds what an insufficient period holds.

    Returns
    -------
    xarray.Dataset : (series, period)
        What :func:`~ewater.series.volumes.aggregate` returns, with ``observed`` m3
        for the observed part and ``volume`` m3 for the total; ``infilled`` m3, NaN
        where a month that misses something has no mean, 0 where nothing is missing;
        ``infilled_u`` m3, its standard uncertainty (within a donor, and between the
        years of a mean, errors are common; donors are independent); ``seasonal`` m3,
        ``seasonal_u`` m3 and ``seasonal_s``, the part of the mean; ``estimated_share``
        of the total; ``grade`` (:class:`Grade`): full from 95 % coverage, estimated
        from 75 %, else insufficient, where ``volume`` is NaN and ``observed``,
        ``lower`` and ``upper`` remain.

    Raises
    ------
    UsageError
        A cell reaches over a month edge, or a bound is no cell edge.
    """
    cell_bounds = _bounds_of(volumes)
    month = _month_of_cells(calendar, cell_bounds)
    found = aggregate(volumes, cell_bounds, bounds)
    start = positions(cell_bounds, bounds)
    missing = np.diff(cell_bounds) / 1e6 - volumes["observed_s"].to_numpy()
    given = _donated(donated, volumes["series"], start, missing.shape)
    left = missing - given.seconds
    left[left < _TRACE_S] = 0.0  # what adding up days instead of months leaves
    usual = climatology.reindex(series=volumes["series"].to_numpy())
    seasonal, spread = (
        _per_period(left, usual[name].sel(month=month).to_numpy(), start)
        for name in ("mean", "std")
    )
    infilled = seasonal + given.volume
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
    fastest = np.array(
        [(max_rate or {}).get(str(c), np.nan) for c in found["series"].values]
    )
    lost = np.diff(bounds) / 1e6 - found["observed_s"].to_numpy()
    cubic = {"units": "m3", "cell_methods": "period: sum"}
    names = {"flag_values": [int(g) for g in Grade], "flag_meanings": _meanings()}
    tables = {
        "observed": (observed, cubic),
        "infilled": (infilled, cubic),
        "infilled_u": (np.hypot(spread, given.u), {"units": "m3"}),
        "seasonal": (seasonal, cubic),
        "seasonal_u": (spread, {"units": "m3"}),
        "seasonal_s": (_summed(left, start), {"units": "s"}),
        "upper": (np.nan_to_num(observed) + lost * fastest[:, None], cubic),
        "volume": (total, cubic),
        "estimated_share": (np.where(np.isnan(total), np.nan, share), {"units": "1"}),
        "grade": (grade.astype(np.int8), names),
    }
    dims = ("series", "period")
    return found.assign(
        {name: (dims, table, attrs) for name, (table, attrs) in tables.items()}
    )


def usual(
    climatology: xr.Dataset,
    cell_bounds: NDArray[np.int64],
    bounds: NDArray[np.int64],
    calendar: Calendar,
) -> xr.DataArray:
    """Long-term mean volume of the same days, (series, period), m3.

    Parameters
    ----------
    climatology : (series, month)
    cell_bounds : (cell + 1,), int64 microseconds UTC
        The periods cut at the months of ``calendar``.
    bounds : (period + 1,), int64 microseconds UTC
    calendar
    """
    month = _month_of_cells(calendar, cell_bounds)
    rate = climatology["mean"].sel(month=month).to_numpy()
    whole = np.broadcast_to(np.diff(cell_bounds) / 1e6, rate.shape)
    return xr.DataArray(
        _per_period(whole, rate, positions(cell_bounds, bounds)),
        dims=("series", "period"),
        coords=period_coords(bounds) | {"series": climatology["series"].to_numpy()},
        attrs={"units": "m3"},
    )


class _Donated(NamedTuple):
    """What donors gave: seconds by cell; volume and u by period."""

    seconds: NDArray[np.float64]
    volume: NDArray[np.float64] | float
    u: NDArray[np.float64] | float


def _donated(
    donated: xr.Dataset | None,
    series: xr.DataArray,
    start: NDArray[np.int64],
    shape: tuple[int, ...],
) -> _Donated:
    if donated is None or not donated.sizes["fit"]:
        return _Donated(np.zeros(shape), 0.0, 0.0)
    row = pd.Index(series.to_numpy()).get_indexer(pd.Index(donated["series"].values))
    seconds = np.zeros(shape)
    np.add.at(seconds, row, donated["seconds"].to_numpy())
    volume = np.zeros((shape[0], start.size - 1))
    square = volume.copy()
    np.add.at(volume, row, _summed(donated["volume"].to_numpy(), start))
    np.add.at(square, row, _summed(donated["u"].to_numpy(), start) ** 2)
    return _Donated(seconds, volume, np.sqrt(square))


def _month_of_cells(
    calendar: Calendar, cell_bounds: NDArray[np.int64]
) -> NDArray[np.int64]:
    month = _months(calendar, cell_bounds)
    if (month != _months(calendar, cell_bounds - 1, ends=True)).any():
        raise UsageError(
            "a cell reaches over the end of a month; cut the cells at the months of "
            f"calendar {calendar.code}"
        )
    return month


def _meanings() -> str:
    return " ".join(grade.name.lower() for grade in Grade)


def _per_period(
    missing: NDArray[np.float64], rate: NDArray[np.float64], start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Missing seconds times rate; an unknown rate matters only where some miss."""
    return _summed(np.where(missing == 0, 0.0, missing * rate), start)


def _summed(
    amount: NDArray[np.float64], start: NDArray[np.int64]
) -> NDArray[np.float64]:
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
