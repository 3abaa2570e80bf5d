"""Volumes of series over periods, exact at the period edges (METHODS 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ewater.errors import UsageError
from ewater.series.periods import check_bounds, coverage, period_coords, positions
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ewater.series.integrate import Events, Steps

MAX_GAP_S = 21_600.0  # METHODS 2, Gaps: 6 h
INTERVAL_SLACK = 1.5  # a step this many intervals long has lost a reading

_RATES = ("instantaneous", "mean_preceding")
_AMOUNTS = ("total_preceding", "totaliser", "pulse")
_COUNTERS = ("totaliser", "pulse")
_VOLUME_SIGNALS = {"discharge": _RATES, "volume": _AMOUNTS}
_DEPTH_SIGNALS = {"precipitation": _AMOUNTS, "evaporation": _AMOUNTS}
_WORK_SIGNALS = {"pump_hours": _AMOUNTS, "energy": _AMOUNTS}


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
    found = _integrate(readings, series, bounds, _VOLUME_SIGNALS, events, max_gap_s)
    return _dataset(found, readings["series"], bounds, "volume", "m3", "m6")


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
    found = _integrate(readings, series, bounds, _DEPTH_SIGNALS, events, max_gap_s)
    return _dataset(found, readings["series"], bounds, "depth", "m", "m2")


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
    found = _integrate(readings, series, bounds, _WORK_SIGNALS, events, max_gap_s)
    return _dataset(found, readings["series"], bounds, "work", "", "")


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


def rows_of(readings: xr.Dataset, series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the country frame in the order of the series of ``readings``.

    Raises
    ------
    UsageError
        A series has readings but no row, or occurs twice.
    """
    codes = pd.Index(readings["series"].to_numpy())
    known = series.set_index("code", drop=False)
    unknown = codes.difference(known.index)
    if len(unknown):
        raise UsageError(
            f"series {some(list(unknown))} have readings but are not registered; add "
            "them to series.csv"
        )
    rows: pd.DataFrame = known.loc[codes]
    if len(rows) != len(codes) or not codes.is_unique:
        raise UsageError("a series occurs twice; give the readings of each once")
    return rows


def ragged(
    readings: xr.Dataset,
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]
]:
    """Offsets (series + 1,), times (us UTC), values and flags as plain arrays.

    Raises
    ------
    UsageError
        The row sizes do not add up to the readings.
    """
    size = readings["row_size"].to_numpy().astype(np.int64)
    offset = np.zeros(size.size + 1, dtype=np.int64)
    np.cumsum(size, out=offset[1:])
    if offset[-1] != readings.sizes["reading"] or (size < 0).any():
        raise UsageError(
            f"row_size adds up to {offset[-1]}, but there are "
            f"{readings.sizes['reading']} readings; select series and readings together"
        )
    time = readings["time"].to_numpy().astype("M8[us]", copy=False).view(np.int64)
    return (
        offset,
        np.ascontiguousarray(time),
        np.ascontiguousarray(readings["value"].to_numpy(), dtype=np.float64),
        np.ascontiguousarray(readings["flag"].to_numpy(), dtype=np.uint8),
    )


def _integrate(
    readings: xr.Dataset,
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    allowed: Mapping[str, tuple[str, ...]],
    events: pd.DataFrame | None,
    max_gap_s: float,
) -> NDArray[np.float64]:
    from ewater.series import integrate  # numba takes half a second to import

    check_bounds(bounds)
    rows = rows_of(readings, series)
    _check_signals(rows, allowed)
    steps = _steps(rows, max_gap_s)
    try:
        return integrate.run(
            *ragged(readings),
            steps,
            _events(rows, events),
            np.ascontiguousarray(bounds),
        )
    except integrate.UnsortedError as error:
        code = rows["code"].iloc[error.args[0]]
        raise UsageError(
            f"readings of {code} are not in order of time, or two have one time; sort "
            "them and keep one value per instant"
        ) from error


def some(codes: Sequence[str]) -> str:
    """Name the first few of many codes in a message."""
    shown = list(codes[:5])
    return ", ".join(shown) + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")


def _check_signals(rows: pd.DataFrame, allowed: Mapping[str, tuple[str, ...]]) -> None:
    fits = pd.Series(False, index=rows.index)
    for quantity, signals in allowed.items():
        fits |= (rows["quantity"] == quantity) & rows["signal"].isin(signals)
    if not fits.all():
        wrong = rows.loc[~fits]
        named = wrong["code"] + " (" + wrong["quantity"] + ", " + wrong["signal"] + ")"
        right = "; ".join(
            f"{quantity}: {', '.join(signals)}" for quantity, signals in allowed.items()
        )
        raise UsageError(f"{some(list(named))} cannot be summed over time; use {right}")
    needs = rows["signal"].isin(("mean_preceding", "total_preceding"))
    blank = rows.loc[needs & ~(rows["interval_s"] > 0), "code"]
    if len(blank):
        raise UsageError(
            f"{some(list(blank))} stand for the interval before their time, but "
            "interval_s is not given; add it to series.csv"
        )


def microseconds(seconds: ArrayLike) -> NDArray[np.int64]:
    """Whole microseconds; 0 where not given."""
    filled = np.nan_to_num(np.asarray(seconds, dtype=np.float64))
    return np.rint(filled * 1e6).astype(np.int64)


def _steps(rows: pd.DataFrame, max_gap_s: float) -> Steps:
    from ewater.series import kernels
    from ewater.series.integrate import Steps

    counter = rows["signal"].isin(_COUNTERS)
    signal = np.select(
        [rows["signal"] == name for name in (*_RATES, "total_preceding")],
        [kernels.INSTANTANEOUS, kernels.MEAN_PRECEDING, kernels.TOTAL_PRECEDING],
        kernels.COUNTER,
    ).astype(np.int64)
    usual = INTERVAL_SLACK * rows["interval_s"]
    # a counter loses nothing in a gap, so any lost reading is worth a mark
    gap = usual.where(counter & usual.notna(), usual.clip(lower=max_gap_s))
    return Steps(
        signal=signal,
        interval=microseconds(rows["interval_s"]),
        gap=microseconds(gap.fillna(max_gap_s)),
        modulus=rows["modulus"].to_numpy(dtype=np.float64) * factors(rows),
        max_rate=rows["max_rate"].to_numpy(dtype=np.float64, copy=True),
    )


def factors(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Factor to SI of each row of the country frame ``series``."""
    pairs = zip(rows["unit"], rows["quantity"], strict=True)
    return np.array([factor_to_si(unit, quantity) for unit, quantity in pairs])


def _events(rows: pd.DataFrame, events: pd.DataFrame | None) -> Events:
    """Take the events of these series, in SI units and in their order."""
    from ewater.series import kernels
    from ewater.series.integrate import Events

    if events is None:
        events = pd.DataFrame(
            {
                "series": [],
                "time": [],
                "event": [],
                "old_reading": [],
                "new_reading": [],
            }
        )
    at = pd.Index(rows["code"]).get_indexer_for(events["series"])
    kept = events.assign(at=at).loc[at >= 0].sort_values(["at", "time"], kind="stable")
    index = kept["at"].to_numpy(dtype=np.int64)
    factor = factors(rows)[index] if index.size else np.zeros(0)
    kind = np.select(
        [kept["event"] == "rollover", kept["event"] == "reverse"],
        [kernels.ROLLOVER, kernels.REVERSE],
        kernels.CHAINED,
    )
    times = pd.to_datetime(kept["time"], utc=True).dt.tz_localize(None)
    return Events(
        offset=np.searchsorted(index, np.arange(len(rows) + 1)).astype(np.int64),
        time=times.to_numpy().astype("M8[us]").astype(np.int64),
        kind=kind.astype(np.int64),
        old=kept["old_reading"].to_numpy(dtype=np.float64) * factor,
        new=kept["new_reading"].to_numpy(dtype=np.float64) * factor,
    )


def _dataset(
    found: NDArray[np.float64],
    codes: xr.DataArray,
    bounds: NDArray[np.int64],
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
            "coverage": (*coverage(observed, bounds), {"units": "1"}),
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
        coords=period_coords(bounds) | {"series": codes.to_numpy()},
    )
