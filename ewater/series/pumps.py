"""Volumes of wells from the hours their pumps ran, or the energy these took.

A pump test says how much a pump lifts in an hour, or for a kWh at the head it was
tested at. It holds for a time: a volume is cut exactly where one test gives way to
the next, and outside all of them it is unknown.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ewater.series import volumes as integrate
from ewater.series.periods import coverage
from ewater.series.rows import rows_of
from ewater.terms import PUMP_FACTORS, Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Standard uncertainty (%) of a rating that gives none: half the middle of the 30
#: to 50 % that METHODS 4 has for unmetered wells.
RATING_U_PCT = 20.0
#: A pump cannot run longer than time passes; as for counters (METHODS 2), and
#: enough for the 25 hours of a day on which the clock goes back.
HOURS_SLACK = 1.05

#: Factor of ``pumps.csv`` to SI: m3 for a second, or for a joule.
_TO_SI = MappingProxyType({"rated_m3h": 1 / 3600.0, "m3_per_kwh": 1 / 3.6e6})


def is_pump(series: pd.DataFrame) -> pd.Series[bool]:
    """Say which rows of the country frame ``series`` need a rating."""
    return series["quantity"].isin(list(PUMP_FACTORS))


def volumes(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    *,
    pumps: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
) -> xr.Dataset:
    """Volumes of every series that measures water, pumps among them.

    Parameters
    ----------
    readings, series, bounds, events
        As of :func:`ewater.series.volumes.volumes`.
    pumps
        Country frame ``pumps``: without a row, the volume of a pump is unknown.

    Returns
    -------
    xarray.Dataset : (series, period)
        What :func:`ewater.series.volumes.volumes` gives. Where pumps are among the
        series, ``rating_u`` (m3, k=1) besides: what the ratings add to the
        systematic uncertainty, 0 where there is none.
    """
    pumped = is_pump(rows_of(readings, series)).to_numpy()
    if not pumped.any():
        return integrate.volumes(readings, series, bounds, events=events)
    lifted = pump_volumes(
        taken(readings, pumped), series, bounds, pumps=pumps, events=events
    )
    if pumped.all():
        return lifted
    metered = integrate.volumes(taken(readings, ~pumped), series, bounds, events=events)
    none = xr.zeros_like(metered["observed_s"]).assign_attrs(lifted["rating_u"].attrs)
    both = xr.concat([metered.assign(rating_u=none), lifted], "series")
    return both.sel(series=readings["series"].to_numpy())


def pump_volumes(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    *,
    pumps: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
) -> xr.Dataset:
    r"""Volumes of series of ``pump_hours`` and ``energy``.

    .. math:: V = \sum_k f_k W_k, \quad u_f(V) = \sum_k u_k f_k |W_k|

    with *W* the time run (s) or energy (J) while the rating *f* held. The errors of
    ratings add up: each test was made at the same well, mostly in the same way.
    Hours beyond the time that passed are not used (:data:`HOURS_SLACK`).

    Parameters and result are those of :func:`volumes`; all series are of pumps.
    """
    rows = rows_of(readings, series)
    rows = rows.assign(max_rate=_greatest(rows))
    readings = _possible(readings, rows)
    rating = _Ratings(rows, pumps)
    cells = integrate.cells(bounds, rating.edges)
    fine, whole = (
        _rated(integrate.work(readings, rows, edges, events=events), rating, edges)
        for edges in (cells, bounds)
    )
    summed = integrate.aggregate(fine, cells, bounds)
    if len(cells) == len(bounds):
        return whole
    # only where a rating changes inside a period do the cells say more
    same = xr.DataArray(rating.constant(bounds), dims=("series", "period"))
    found = {
        name: values.where(same, summed[name]).assign_attrs(values.attrs)
        for name, values in whole.data_vars.items()
    }
    return whole.assign(found)


class _Ratings:
    """Ratings of some series: factor to SI and uncertainty, by series and time."""

    def __init__(self, rows: pd.DataFrame, pumps: pd.DataFrame | None) -> None:
        self.count = len(rows)
        if pumps is None:
            names = ("series", "valid_from", "valid_to", *_TO_SI, "u_pct")
            pumps = pd.DataFrame({name: [] for name in names})
        column = rows["quantity"].map(dict(PUMP_FACTORS))
        at = pd.Index(rows["code"]).get_indexer_for(pumps["series"])
        mine = pumps.assign(at=at)[at >= 0]
        self.at = mine["at"].to_numpy(np.int64)
        self.start = _instants(mine["valid_from"], np.iinfo(np.int64).min)
        self.end = _instants(mine["valid_to"], np.iinfo(np.int64).max)
        factor = np.full(len(mine), np.nan)
        for name, si in _TO_SI.items():
            wanted = (column == name).to_numpy(dtype=bool)[self.at]
            given = mine[name].to_numpy(np.float64)
            factor[wanted] = given[wanted] * si
        self.factor = factor
        u = mine["u_pct"].astype("float64").fillna(RATING_U_PCT)
        self.u = u.to_numpy(np.float64) / 100.0

    @property
    def edges(self) -> NDArray[np.int64]:
        """Where any rating begins or ends."""
        return np.unique(np.concatenate([self.start, self.end]))

    def over(
        self, bounds: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Factor and relative uncertainty at the start of each cell, NaN without."""
        shape = (self.count, len(bounds) - 1)
        factor, u = np.full(shape, np.nan), np.full(shape, np.nan)
        first = np.searchsorted(bounds[:-1], self.start)
        last = np.searchsorted(bounds[:-1], self.end)
        for n, row in enumerate(self.at):
            factor[row, first[n] : last[n]] = self.factor[n]
            u[row, first[n] : last[n]] = self.u[n]
        return factor, u

    def constant(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether no rating of a series begins or ends inside a period."""
        found = np.ones((self.count, len(bounds) - 1), np.bool_)
        for edge in (self.start, self.end):
            period = np.searchsorted(bounds, edge, side="right") - 1
            inside = (period >= 0) & (period < len(bounds) - 1)
            inside &= bounds[np.clip(period, 0, len(bounds) - 1)] != edge
            found[self.at[inside], period[inside]] = False
        return found


def _rated(work: xr.Dataset, rating: _Ratings, cells: NDArray[np.int64]) -> xr.Dataset:
    """Volumes of cells in which no rating changes; unknown where none holds."""
    dims = ("series", "period")
    factor, u = (xr.DataArray(part, dims=dims) for part in rating.over(cells))
    known = np.isfinite(factor)
    cubic = {"units": "m3", "cell_methods": "period: sum"}
    volume = (work["work"] * factor).assign_attrs(cubic)
    observed = work["observed_s"].where(known, 0.0)
    data = {
        "volume": volume,
        "observed_s": observed.assign_attrs(work["observed_s"].attrs),
        "coverage": (*coverage(observed.to_numpy(), cells), work["coverage"].attrs),
        "square": _squared(work["square"], factor),
        "distributed_s": work["distributed_s"].where(known, 0.0),
        "distribution_square": _squared(work["distribution_square"], factor),
        "lower": (work["lower"] * factor).assign_attrs(cubic),
        "rating_u": abs(volume * u).fillna(0.0).assign_attrs(units="m3"),
    }
    return xr.Dataset(data, coords=work.coords)


def _squared(values: xr.DataArray, factor: xr.DataArray) -> xr.DataArray:
    return (values * factor**2).fillna(0.0).assign_attrs(units="m6")


def _greatest(rows: pd.DataFrame) -> pd.Series[float]:
    """Greatest rate of each counter: of hours one second in a second, if not given."""
    given = rows["max_rate"].astype("float64")
    return given.where(given.notna() | (rows["quantity"] != "pump_hours"), 1.0)


def _possible(readings: xr.Dataset, rows: pd.DataFrame) -> xr.Dataset:
    """Fail hours of an interval that are more than it can have had."""
    most = HOURS_SLACK * rows["max_rate"] * rows["interval_s"]
    hours = (rows["quantity"] == "pump_hours") & (rows["signal"] == "total_preceding")
    most = most.where(hours, np.inf).fillna(np.inf)
    limit = np.repeat(most.to_numpy(), readings["row_size"].to_numpy())
    flag = readings["flag"].to_numpy().copy()
    flag[readings["value"].to_numpy() > limit] = Flag.FAIL
    return readings.assign(flag=("reading", flag))


def taken(readings: xr.Dataset, wanted: NDArray[np.bool_]) -> xr.Dataset:
    """Take some series of readings, in their order."""
    own = np.repeat(wanted, readings["row_size"].to_numpy())
    return readings.isel(series=np.flatnonzero(wanted), reading=np.flatnonzero(own))


def _instants(times: pd.Series[pd.Timestamp], absent: int) -> NDArray[np.int64]:
    stamps = pd.to_datetime(times, utc=True).dt.as_unit("us")
    values = stamps.dt.tz_localize(None).to_numpy().astype("M8[us]").astype(np.int64)
    return np.where(stamps.isna().to_numpy(), absent, values)
