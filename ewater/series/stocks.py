"""Stocks at instants, and the area that rain falls on and water evaporates from.

A stock is taken at an instant, so it needs readings near that instant, not a mean
over the period (METHODS 2, Level to storage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ewater.errors import UsageError
from ewater.series.curve_tables import storage_curves
from ewater.series.periods import check_bounds, period_coords
from ewater.series.plan import INTERVAL_SLACK
from ewater.series.rows import microseconds, ragged, rows_of, some
from ewater.series.volumes import volumes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from ewater.series.curves import StorageCurve

    Floats = NDArray[np.float64]
    Curves = pd.DataFrame | Mapping[str, list[StorageCurve]]

WINDOW_S = 3600.0  # METHODS 2: good readings within an hour of the instant
MAX_GAP_S = 129_600.0  # 36 h, so that one daily level may stand anywhere in its day [D]

_SIGNALS = ("instantaneous", "mean_preceding")


def levels_at(
    readings: xr.Dataset,
    codes: list[str],
    instants: NDArray[np.int64],
    window_s: ArrayLike = WINDOW_S,
    max_gap_s: ArrayLike = MAX_GAP_S,
) -> xr.DataArray:
    """Value of a level or storage series at each instant.

    The mean of the good readings within ``window_s`` of the instant; where there is
    none, the straight line between the neighbours, unless they are further apart
    than ``max_gap_s``; else NaN.

    Parameters
    ----------
    readings
        Contiguous ragged form, SI.
    codes
        Series to evaluate.
    instants : (instant,), int64 microseconds UTC
        Increasing.
    window_s, max_gap_s : scalar or (series,), s

    Returns
    -------
    xarray.DataArray : (series, instant)

    Raises
    ------
    UsageError
        A series is not in ``readings``.
    """
    from ewater.series import kernels

    offset, time, value, flag = ragged(readings)
    present = readings.indexes["series"].get_indexer_for(pd.Index(codes))
    if (present < 0).any():
        missing = [code for code, at in zip(codes, present, strict=True) if at < 0]
        raise UsageError(f"there are no readings of series {some(missing)}")
    count = offset.size - 1
    window, gap = np.zeros(count, np.int64), np.zeros(count, np.int64)
    window[present] = microseconds(np.broadcast_to(window_s, len(codes)))
    gap[present] = microseconds(np.broadcast_to(max_gap_s, len(codes)))
    out = np.empty((count, instants.size))
    kernels.levels(
        offset, time, value, flag, window, gap, np.ascontiguousarray(instants), out
    )
    return xr.DataArray(
        out[present],
        dims=("series", "instant"),
        coords={"series": codes, "instant": instants.view("M8[us]")},
    )


def stocks(
    readings: xr.Dataset,
    series: pd.DataFrame,
    curves: Curves,
    instants: NDArray[np.int64],
) -> xr.Dataset:
    """Evaluate the stored volume at each instant, on the curve valid then.

    A mean of the preceding interval closes it: the value stamped at the instant is
    the stock. Neighbours may be 36 h apart, or 1.5 times the interval of the series.

    Parameters
    ----------
    readings
        Of levels (m) and storages (m3) only.
    series, curves
        Country frames; or what `storage_curves` made of the curves.
    instants : (instant,), int64 microseconds UTC

    Returns
    -------
    xarray.Dataset : (series, instant)
        ``volume`` m3, NaN where no reading is near, the level is outside the table
        or no curve is valid; ``level`` m, NaN for a storage series.

    Raises
    ------
    UsageError
        A series is neither level nor storage, or its site has no storage curve.
    FaultsError
        A curve is faulty.
    """
    rows, versions = _rows_and_curves(readings, series, curves)
    found = _values(readings, rows, instants)
    is_level = (rows["quantity"] == "level").to_numpy()
    volume = found.to_numpy().copy()
    for s in np.flatnonzero(is_level):
        volume[s] = _on_own_curve(versions[s], volume[s], instants)
    level = np.where(is_level[:, None], found, np.nan)
    return xr.Dataset(
        {
            "volume": (found.dims, volume, {"units": "m3"}),
            "level": (found.dims, level, {"units": "m"}),
        },
        coords=found.coords,
    )


def storage_change(
    readings: xr.Dataset,
    series: pd.DataFrame,
    curves: Curves,
    bounds: NDArray[np.int64],
) -> xr.Dataset:
    """Change of the stored volume over each period, a new survey kept apart.

    Both ends are read off the curve valid when the period opens; off the one valid
    at its end where the older one does not reach the closing level. What changes in
    the books because another curve is valid at the end is ``curve_change``; it is
    no water (METHODS 2: other change). The two add up to the difference of
    :func:`stocks`.

    Parameters
    ----------
    readings, series, curves
        As of :func:`stocks`.
    bounds : (period + 1,), int64 microseconds UTC

    Returns
    -------
    xarray.Dataset : (series, period)
        ``storage_change`` and ``curve_change``, m3.
    """
    check_bounds(bounds)
    rows, versions = _rows_and_curves(readings, series, curves)
    found = _values(readings, rows, bounds).to_numpy()
    own, change = found.copy(), np.diff(found, axis=1)
    for s in np.flatnonzero(rows["quantity"] == "level"):
        own[s] = _on_own_curve(versions[s], found[s], bounds)
        on_first = _on_own_curve(versions[s], found[s, 1:], bounds[:-1]) - own[s, :-1]
        on_last = own[s, 1:] - _on_own_curve(versions[s], found[s, :-1], bounds[1:])
        change[s] = np.where(np.isnan(on_first), on_last, on_first)
    booked = np.where(np.isnan(change), np.nan, np.diff(own, axis=1) - change)
    dims = ("series", "period")
    return xr.Dataset(
        {
            "storage_change": (dims, change, {"units": "m3"}),
            "curve_change": (dims, booked, {"units": "m3"}),
        },
        coords=period_coords(bounds) | {"series": readings["series"].to_numpy()},
    )


def mean_area(
    readings: xr.Dataset,
    series: pd.DataFrame,
    curves: Curves,
    bounds: NDArray[np.int64],
    *,
    max_gap_s: float = MAX_GAP_S,
) -> xr.Dataset:
    """Mean water surface of each period.

    Levels become areas first and are averaged after, as the area is no linear
    function of the level.

    Parameters
    ----------
    readings, series, curves
        As of :func:`stocks`.
    bounds : (period + 1,), int64 microseconds UTC
    max_gap_s
        As of :func:`ewater.series.volumes.volumes`; longer, as levels change slowly.

    Returns
    -------
    xarray.Dataset : (series, period)
        ``area`` m2, mean over the observed part, and its ``coverage``.
    """
    rows, versions = _rows_and_curves(readings, series, curves)
    offset, time, value, _ = ragged(readings)
    area = np.full(value.size, np.nan)
    for s, quantity in enumerate(rows["quantity"]):
        part = slice(offset[s], offset[s + 1])
        for curve in versions[s]:
            level = value[part]
            if quantity == "storage":
                level = curve.level_for_volume(level)
            valid = (time[part] >= curve.valid_from) & (time[part] < curve.valid_to)
            area[part] = np.where(valid, curve.area(level), area[part])
    integrated = volumes(
        readings.assign(value=("reading", area)),
        rows.assign(quantity="discharge", unit="m3 s-1"),  # any rate will do
        bounds,
        max_gap_s=max_gap_s,
    )
    mean = integrated["volume"] / integrated["observed_s"].where(
        integrated["observed_s"] > 0
    )
    return xr.Dataset(
        {
            "area": mean.assign_attrs(units="m2", cell_methods="period: mean"),
            "coverage": integrated["coverage"],
        }
    )


def _rows_and_curves(
    readings: xr.Dataset, series: pd.DataFrame, curves: Curves
) -> tuple[pd.DataFrame, list[list[StorageCurve]]]:
    """Registry rows and, for each series, the curve versions of its site."""
    rows = rows_of(readings, series)
    fits = rows["quantity"].isin(("level", "storage")) & rows["signal"].isin(_SIGNALS)
    if not fits.all():
        raise UsageError(
            f"{some(list(rows.loc[~fits, 'code']))} cannot be a stock; use a series of "
            "level or storage that is instantaneous or mean_preceding"
        )
    by_site = storage_curves(curves) if isinstance(curves, pd.DataFrame) else curves
    bare = (rows["quantity"] == "level") & ~rows["site"].isin(list(by_site))
    if bare.any():
        raise UsageError(
            f"sites {some(list(rows.loc[bare, 'site']))} have levels but no storage "
            "curve; add it to curves.csv"
        )
    return rows, [by_site.get(site, []) for site in rows["site"]]


def _values(
    readings: xr.Dataset, rows: pd.DataFrame, instants: NDArray[np.int64]
) -> xr.DataArray:
    closes = (rows["signal"] == "mean_preceding").to_numpy()
    usual = (INTERVAL_SLACK * rows["interval_s"]).fillna(0.0).to_numpy()
    return levels_at(
        readings,
        list(rows["code"]),
        instants,
        window_s=np.where(closes, 0.0, WINDOW_S),
        max_gap_s=np.maximum(usual, MAX_GAP_S),
    )


def _on_own_curve(
    versions: list[StorageCurve], level: Floats, instants: NDArray[np.int64]
) -> Floats:
    """Volume at each level on the curve valid at its instant, NaN if none is."""
    volume = np.full(level.size, np.nan)
    for curve in versions:
        valid = (instants >= curve.valid_from) & (instants < curve.valid_to)
        volume[valid] = curve.volume(level[valid])
    return volume
