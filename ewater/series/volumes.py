"""Volumes of series over periods, exact at the period edges (METHODS 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ewater.errors import UsageError
from ewater.series.periods import coverage, period_coords, positions
from ewater.series.plan import AMOUNTS, MAX_GAP_S, RATES, plan
from ewater.series.rows import ragged, rows_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ewater.series.plan import Plan


VOLUME_SIGNALS = {"discharge": RATES, "volume": AMOUNTS}
_DEPTH_SIGNALS = {"precipitation": AMOUNTS, "evaporation": AMOUNTS}
_WORK_SIGNALS = {"pump_hours": AMOUNTS, "energy": AMOUNTS}


def volumes(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    *,
    events: pd.DataFrame | None = None,
    max_gap_s: float = MAX_GAP_S,
) -> xr.Dataset:
    """Integrate readings of discharge or volume over each period.

    What is not observed stays missing: no value is carried over a gap, and a
    failed, missing, NaN or infinite reading is not used.

    Parameters
    ----------
    readings
        Contiguous ragged form (ARCHITECTURE, "Readings"), in SI units.
    series
        Country frame ``series``; a row for every series of ``readings``.
    bounds : (period + 1,), int64 microseconds UTC
        Strictly increasing.
    events
        Country frame ``meter_events``: what explains a counter that fell.
    max_gap_s
        Two instantaneous readings are joined when they are no further apart than
        this, or than 1.5 times the interval of the series where that is longer.

    Returns
    -------
    xarray.Dataset : (series, period)
        ``volume`` m3, the observed part, NaN when nothing was observed;
        ``observed_s``; ``coverage``; ``square`` m6, sum of squared steps;
        ``distributed_s``, time inside gaps of an intact counter;
        ``distribution_square`` m6, squared standard uncertainty of splitting the
        volume of such a gap at the period edges; ``lower`` m3, ``volume`` plus what
        a counter shows after an unexplained reset.

    Raises
    ------
    UsageError
        A series is unknown, measures no volume, has no interval where its signal
        needs one, or its times do not increase; or ``bounds`` do not increase.
    """
    rows = rows_of(readings, series)
    planned = plan(rows, bounds, VOLUME_SIGNALS, events, max_gap_s)
    return of_sums(planned, _sums(planned, readings))


def of_sums(planned: Plan, sums: NDArray[np.float64]) -> xr.Dataset:
    """Give the volumes that a plan's sums are, as of :func:`volumes`.

    Parameters
    ----------
    planned
        Of series that measure discharge or volume.
    sums : (series, period, kernels.ROWS)
        Of all their readings.
    """
    return _dataset(sums, planned, "volume", "m3", "m6")


def depths(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    *,
    events: pd.DataFrame | None = None,
    max_gap_s: float = MAX_GAP_S,
) -> xr.Dataset:
    """Sum precipitation or evaporation over each period.

    As :func:`volumes`, but ``depth`` (m) takes the place of ``volume`` and squares
    are in m2.
    """
    rows = rows_of(readings, series)
    planned = plan(rows, bounds, _DEPTH_SIGNALS, events, max_gap_s)
    return _dataset(_sums(planned, readings), planned, "depth", "m", "m2")


def work(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    *,
    events: pd.DataFrame | None = None,
    max_gap_s: float = MAX_GAP_S,
) -> xr.Dataset:
    """Sum what pumps did, seconds run or joules used, over each period.

    As :func:`volumes`, but ``work`` (s or J) takes the place of ``volume``.
    """
    rows = rows_of(readings, series)
    planned = plan(rows, bounds, _WORK_SIGNALS, events, max_gap_s)
    return _dataset(_sums(planned, readings), planned, "work", "", "")


def cells(bounds: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut periods further at ``edges``, such as the months of a calendar.

    Parameters
    ----------
    bounds : (period + 1,), int64 microseconds UTC
    edges : (n,), int64 microseconds UTC
        Those outside the periods are ignored.

    Returns
    -------
    numpy.ndarray : (cell + 1,), int64 microseconds UTC
    """
    inside = edges[(edges > bounds[0]) & (edges < bounds[-1])]
    return np.union1d(bounds, inside)


def aggregate(
    volumes: xr.Dataset, cell_bounds: NDArray[np.int64], bounds: NDArray[np.int64]
) -> xr.Dataset:
    """Add the volumes of fine cells up to periods.

    A step or gap cut by a cell edge inside a period counts in two parts, so that
    ``square`` may come out smaller and ``distribution_square`` larger than from the
    readings themselves.

    Parameters
    ----------
    volumes : (series, period)
        Result of :func:`volumes` or :func:`depths` on ``cell_bounds``.
    cell_bounds : (cell + 1,), int64 microseconds UTC
    bounds : (period + 1,), int64 microseconds UTC
        Each of them also a cell bound.

    Returns
    -------
    xarray.Dataset : (series, period)
        The same variables; a volume is NaN only where nothing was observed.

    Raises
    ------
    UsageError
        A bound is no cell bound, or ``cell_bounds`` are not those of ``volumes``.
    """
    if volumes.sizes["period"] != cell_bounds.size - 1:
        raise UsageError(
            f"{volumes.sizes['period']} periods do not fit {cell_bounds.size} bounds; "
            "give the bounds the volumes were made with"
        )
    start = positions(cell_bounds, bounds)
    amounts = ("volume", "depth", "lower")
    data: dict[str, Any] = {}
    for name, values in volumes.data_vars.items():
        array = values.transpose("series", "period").to_numpy()[:, : start[-1]]
        unknown = np.isnan(array) if name in amounts else np.zeros(array.shape, bool)
        total = np.add.reduceat(np.where(unknown, 0.0, array), start[:-1], axis=1)
        total[np.logical_and.reduceat(unknown, start[:-1], axis=1)] = np.nan
        data[str(name)] = (("series", "period"), total, values.attrs)
    data["coverage"] = (
        *coverage(data["observed_s"][1], bounds),
        volumes["coverage"].attrs,
    )
    return xr.Dataset(data, coords=period_coords(bounds) | {"series": volumes.series})


def _sums(planned: Plan, readings: xr.Dataset) -> NDArray[np.float64]:
    found = planned.blank()
    planned.add(found, 0, *ragged(readings))
    return found


def _dataset(
    found: NDArray[np.float64],
    planned: Plan,
    name: str,
    unit: str,
    squared: str,
) -> xr.Dataset:
    from ewater.series import kernels

    dims = ("series", "period")
    observed = found[..., kernels.OBSERVED]
    nothing = observed == 0
    volume = np.where(nothing, np.nan, found[..., kernels.VOLUME])
    extra = found[..., kernels.LOWER]
    lower = np.where(nothing & (extra == 0), np.nan, found[..., kernels.VOLUME] + extra)
    summed = {"cell_methods": "period: sum"}
    return xr.Dataset(
        {
            name: (dims, volume, {"units": unit} | summed),
            "observed_s": (dims, observed.copy(), {"units": "s"} | summed),
            "coverage": (*coverage(observed, planned.bounds), {"units": "1"}),
            "square": (dims, found[..., kernels.SQUARE].copy(), {"units": squared}),
            "distributed_s": (
                dims,
                found[..., kernels.DISTRIBUTED].copy(),
                {"units": "s"} | summed,
            ),
            "distribution_square": (
                dims,
                found[..., kernels.DISTRIBUTION].copy(),
                {"units": squared},
            ),
            "lower": (dims, lower, {"units": unit} | summed),
        },
        coords=period_coords(planned.bounds)
        | {"series": np.array(planned.codes, dtype=object)},
    )
