"""Donors: series from which the gaps of another are filled (METHODS 2, Gaps).

In this order: the totaliser of the same meter; a gauge up- or downstream; any series
that has long run along with this one. All work on daily mean rates. What none of them
can fill is left to the seasonal mean (:mod:`ewater.series.infill`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ewater.series.periods import positions
from ewater.series.pumps import volumes
from ewater.series.rows import ragged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

LEAST_R2 = 0.8  # METHODS 2: of a donor regression
LEAST_YEARS = 3  # METHODS 2: of common days
ROUTING_DAYS = 365  # common days of two gauges on one river [D]
TOTALISER_DAYS = 30  # common days of a meter and its totaliser [D]
TOTALISER_APART = 0.05  # their volumes may differ by no more, METHODS 3 Drift
LONGEST_LAG = 10  # days that water may take to the next gauge [D]
MOST_DONORS = 3  # of each method, the best first [D]
DAY_COVERAGE = 0.8  # of a day whose rate counts [D]
_YEAR_DAYS = 365
_BATCH_DAYS = 500_000  # days of some series that are held at once


class Method(IntEnum):
    """How a gap was filled, in the order of METHODS 2."""

    TOTALISER = 0
    ROUTING = 1
    REGRESSION = 2
    SEASONAL = 3
    NONE = 4


class _Line(NamedTuple):
    """A regression on the series at a position; the rest as in :class:`Fit`."""

    donor: int
    gain: float
    offset: float
    lag: int
    u_rate: float
    u_share: float
    skill: float
    days: int


class Fit(NamedTuple):
    """What one donor says of one series: rate = offset + gain x donor's, later by lag.

    ``u_rate`` m3 s-1 is the standard deviation of the daily error, ``u_share`` a
    standard uncertainty in proportion to the volume; ``skill`` is r2, of a routing the
    efficiency of Nash and Sutcliffe, of a totaliser the ratio of volumes.
    """

    series: str
    method: int
    donor: str
    gain: float
    offset: float
    lag: int
    u_rate: float
    u_share: float
    skill: float
    days: int


def find_donors(
    rates: xr.DataArray,
    targets: Sequence[str],
    *,
    totalisers: Mapping[str, Iterable[str]],
    neighbours: Mapping[str, Iterable[str]],
    u_share: Mapping[str, float],
) -> pd.DataFrame:
    """Find who can speak for each of some series, best first.

    Parameters
    ----------
    rates : (series, day), m3 s-1
        Daily means over whole days side by side; NaN where a day is not observed.
    targets
        Series that have gaps.
    totalisers
        By series, counters of the same meter. Taken as they are, where the two agree
        within 5 % over 30 common days.
    neighbours
        By series, gauges next up- or downstream. Scaled by the ratio of volumes and
        moved by up to 10 days, where the efficiency reaches 0.8 over a year.
    u_share
        Systematic standard uncertainty of each totaliser, as a fraction.

    Returns
    -------
    pandas.DataFrame
        Rows of :class:`Fit`, by series in the order in which they are used.
    """
    place = {str(code): n for n, code in enumerate(rates["series"].to_numpy())}
    wanted = [code for code in targets if code in place]
    values = _while_observed(rates, [place[code] for code in wanted])
    fits: list[Fit] = []
    regressions = _regressions(values, [place[code] for code in wanted])
    names = list(place)
    for code, found in zip(wanted, regressions, strict=True):
        own = values[place[code]]
        counted = [c for c in totalisers.get(code, ()) if c in place]
        near = [c for c in neighbours.get(code, ()) if c in place and c != code]
        ranked = (
            [_totaliser(code, own, c, values[place[c]], u_share) for c in counted],
            [_routing(code, own, c, values[place[c]]) for c in near],
            [
                Fit(code, Method.REGRESSION, names[line.donor], *line[1:])
                for line in found
                if names[line.donor] not in counted
            ],
        )
        for group in ranked:
            good = sorted(
                (fit for fit in group if fit is not None),
                key=lambda fit: (-fit.skill, fit.donor),
            )
            fits += good[:MOST_DONORS]
    return pd.DataFrame(fits, columns=list(Fit._fields))


def _while_observed(rates: xr.DataArray, targets: list[int]) -> Floats:
    """Leave out the years in which none of the targets was observed."""
    table = rates.transpose("series", "day").to_numpy()
    days = np.flatnonzero(np.isfinite(table[targets]).any(axis=0))
    first, last = (days[0], days[-1] + 1) if days.size else (0, 0)
    kept = table[:, max(first - LONGEST_LAG, 0) : last + LONGEST_LAG]
    return np.asarray(kept, dtype=float)


def daily_rates(
    readings: xr.Dataset,
    series: pd.DataFrame,
    days: NDArray[np.int64],
    *,
    pumps: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
) -> xr.DataArray:
    """Mean rate of each series on each day.

    Parameters
    ----------
    readings, series, pumps, events
        As of :func:`ewater.series.pumps.volumes`.
    days : (day + 1,), int64 microseconds UTC
        Bounds of days side by side.

    Returns
    -------
    xarray.DataArray : (series, day), m3 s-1, float32
        NaN where less than 80 % of the day was observed [D].
    """
    codes = readings["series"].to_numpy()
    offset = ragged(readings)[0]
    rates = np.empty((codes.size, days.size - 1), dtype=np.float32)
    batch = max(1, _BATCH_DAYS // (days.size - 1))
    for first in range(0, codes.size, batch):
        rows = slice(first, min(first + batch, codes.size))
        some = readings.isel(
            series=rows, reading=slice(offset[rows.start], offset[rows.stop])
        )
        found = volumes(some, series, days, pumps=pumps, events=events)
        seen = (found["coverage"] >= DAY_COVERAGE).to_numpy()
        rates[rows] = np.divide(
            found["volume"].to_numpy(),
            found["observed_s"].to_numpy(),
            out=np.full(seen.shape, np.nan),
            where=seen,
        )
    return xr.DataArray(
        rates,
        dims=("series", "day"),
        coords={"series": codes, "day": days[:-1].view("M8[us]")},
        attrs={"units": "m3 s-1"},
    )


def _totaliser(
    code: str, own: Floats, donor: str, other: Floats, u_share: Mapping[str, float]
) -> Fit | None:
    both = np.isfinite(own) & np.isfinite(other)
    total = other[both].sum()
    if both.sum() < TOTALISER_DAYS or total <= 0:
        return None
    ratio = float(own[both].sum() / total)
    if abs(ratio - 1) > TOTALISER_APART:
        return None
    share = float(u_share.get(donor, np.nan))
    return Fit(
        code, Method.TOTALISER, donor, 1.0, 0.0, 0, 0.0, share, ratio, int(both.sum())
    )


def _routing(code: str, own: Floats, donor: str, other: Floats) -> Fit | None:
    best = None
    if min(np.isfinite(own).sum(), np.isfinite(other).sum()) < ROUTING_DAYS:
        return best  # at no lag do they have more days in common
    for lag in range(-LONGEST_LAG, LONGEST_LAG + 1):
        later = slice(max(lag, 0), own.size + min(lag, 0))
        earlier = slice(max(-lag, 0), own.size - max(lag, 0))
        both = np.isfinite(own[later]) & np.isfinite(other[earlier])
        mine, theirs = own[later][both], other[earlier][both]
        days, total = int(both.sum()), theirs.sum()
        if days < ROUTING_DAYS or total <= 0 or np.ptp(mine) == 0:
            continue
        gain = float(mine.sum() / total)
        square = float(((mine - gain * theirs) ** 2).mean())
        skill = 1 - square / float(mine.var())
        if best is None or skill > best.skill:
            u = float(np.sqrt(square))
            best = Fit(code, Method.ROUTING, donor, gain, 0.0, lag, u, 0.0, skill, days)
    return best if best is not None and best.skill >= LEAST_R2 else None


def _regressions(values: Floats, targets: list[int]) -> list[list[_Line]]:
    """Lines from every series to each target that METHODS 2 allows.

    All pairs at once: sums over common days are products of matrices.
    """
    found: list[list[_Line]] = [[] for _ in targets]
    seen = np.isfinite(values)
    # two have no more days in common than either has: the others need no products
    long = np.flatnonzero(seen.sum(axis=1) >= LEAST_YEARS * _YEAR_DAYS)
    place = {int(row): n for n, row in enumerate(long)}
    wanted = [n for n, target in enumerate(targets) if target in place]
    if wanted:
        own = [place[targets[n]] for n in wanted]
        for n, lines in zip(wanted, _lines(values[long], own), strict=True):
            found[n] = [line._replace(donor=int(long[line.donor])) for line in lines]
    return found


def _lines(values: Floats, targets: list[int]) -> list[list[_Line]]:
    seen = np.isfinite(values)
    x = np.where(seen, values, 0.0)
    size = np.abs(x).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    scale = np.where(size > 0, size, 1.0)
    x /= scale[:, None]
    y, there = x[targets], seen[targets].astype(float)
    mask = seen.astype(float)
    days = there @ mask.T
    enough = days >= LEAST_YEARS * _YEAR_DAYS
    n = np.where(enough, days, 1.0)
    sum_x, sum_y, sum_xy = there @ x.T, y @ mask.T, y @ x.T
    var_x = there @ (x**2).T - sum_x**2 / n
    var_y = y**2 @ mask.T - sum_y**2 / n
    common = sum_xy - sum_x * sum_y / n
    usable = enough & (var_x > 1e-12 * n) & (var_y > 1e-12 * n)
    usable[np.arange(len(targets)), targets] = False
    r2 = np.divide(common**2, var_x * var_y, out=np.zeros_like(common), where=usable)
    found: list[list[_Line]] = []
    for row, target in enumerate(targets):
        good = np.flatnonzero(usable[row] & (r2[row] >= LEAST_R2))
        lines = []
        for d in good[np.argsort(-r2[row, good], kind="stable")][: 2 * MOST_DONORS]:
            slope = common[row, d] / var_x[row, d]
            offset = (sum_y[row, d] - slope * sum_x[row, d]) / n[row, d]
            left = max(var_y[row, d] * (1 - r2[row, d]), 0.0) / (n[row, d] - 2)
            own = scale[target]
            lines.append(
                _Line(
                    donor=int(d),
                    gain=float(slope * own / scale[d]),
                    offset=float(offset * own),
                    lag=0,
                    u_rate=float(np.sqrt(left) * own),
                    u_share=0.0,
                    skill=float(r2[row, d]),
                    days=int(days[row, d]),
                )
            )
        found.append(lines)
    return found


def shifted(values: Floats, lag: NDArray[np.int64]) -> Floats:
    """Move each row to later days by its lag; NaN moves in at the ends.

    Examples
    --------
    >>> shifted(np.array([[1.0, 2.0, 3.0]]), np.array([1])).tolist()
    [[nan, 1.0, 2.0]]
    """
    count = values.shape[1]
    at = np.arange(count)[None, :] - lag[:, None]
    inside = (at >= 0) & (at < count)
    moved = np.take_along_axis(values, np.clip(at, 0, count - 1), axis=1)
    return np.where(inside, moved, np.nan)


def donate(
    gap_s: xr.DataArray,
    day: NDArray[np.int64],
    rates: xr.DataArray,
    fits: pd.DataFrame,
    fine: NDArray[np.int64],
    coarse: NDArray[np.int64],
) -> xr.Dataset:
    """Fill gaps from the first donor that was observed on that day.

    Parameters
    ----------
    gap_s : (series, cell), s
        What each series misses in fine cells that no day's edge cuts.
    day : (cell,)
        Position of each cell's day in ``rates``.
    rates : (series, day), m3 s-1
        As of :func:`find_donors`.
    fits
        From :func:`find_donors`.
    fine, coarse : int64 microseconds UTC
        Bounds of the cells, and of the sums wanted; each of these one of those.

    Returns
    -------
    xarray.Dataset : (fit, period)
        ``seconds``, ``volume`` m3 and its ``u`` m3, with coordinates ``series``,
        ``method``, ``donor``. A negative rate that a line gives is not used, nor
        made 0: the next donor is asked. Errors of one donor count as common to all
        its days [D].
    """
    codes = pd.Index(gap_s["series"].to_numpy().astype(str))
    names = pd.Index(rates["series"].to_numpy().astype(str))
    values = np.asarray(rates.transpose("series", "day").to_numpy(), dtype=float)
    left = gap_s.transpose("series", "cell").to_numpy().copy()
    fits = fits[fits["series"].isin(codes)].reset_index(drop=True)
    rank = fits.groupby("series", sort=False).cumcount().to_numpy()
    start = positions(fine, coarse)
    shape = (len(fits), coarse.size - 1)
    seconds, volume = np.zeros(shape), np.zeros(shape)
    for turn in range(int(rank.max(initial=-1)) + 1):
        mine = np.flatnonzero(rank == turn)
        part = fits.iloc[mine]
        row = codes.get_indexer(pd.Index(part["series"]))
        donor = values[names.get_indexer(pd.Index(part["donor"]))]
        moved = shifted(donor, part["lag"].to_numpy())[:, day]
        gain, offset = (part[name].to_numpy()[:, None] for name in ("gain", "offset"))
        rate = offset + gain * moved
        with np.errstate(invalid="ignore"):
            usable = (rate >= 0) & (left[row] > 0)
        filled = np.where(usable, left[row], 0.0)
        left[row] -= filled
        amount = filled * np.where(usable, rate, 0.0)
        for total, cells in ((seconds, filled), (volume, amount)):
            total[mine] = np.add.reduceat(cells[:, : start[-1]], start[:-1], axis=1)
    u_rate, u_share = (fits[name].to_numpy()[:, None] for name in ("u_rate", "u_share"))
    dims = ("fit", "period")
    return xr.Dataset(
        {
            "seconds": (dims, seconds, {"units": "s"}),
            "volume": (dims, volume, {"units": "m3"}),
            "u": (dims, u_rate * seconds + u_share * np.abs(volume), {"units": "m3"}),
        },
        coords={
            name: ("fit", fits[name].to_numpy())
            for name in ("series", "method", "donor")
        },
    )


def summed(
    donated: xr.Dataset, cells: NDArray[np.int64], bounds: NDArray[np.int64]
) -> xr.Dataset:
    """Add what :func:`donate` gave by cells up to periods, (fit, period).

    The errors of one donor are common to its days, so ``u`` adds up as well.
    """
    start = positions(cells, bounds)
    data = {
        name: (
            ("fit", "period"),
            np.add.reduceat(table.to_numpy()[:, : start[-1]], start[:-1], axis=1),
        )
        for name, table in donated.data_vars.items()
    }
    return xr.Dataset(data, coords=dict(donated.coords))
