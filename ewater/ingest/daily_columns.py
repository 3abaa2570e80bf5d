"""Volumes and statistics of series and days: the columns of table ``daily``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numba import njit

from ewater.series import plan, volumes
from ewater.terms import Flag

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ewater.store.rows import Rows

_SUMMED = {
    "discharge": ("instantaneous", "mean_preceding"),
    "volume": ("total_preceding", "totaliser", "pulse"),
}
_PRECEDING = ("mean_preceding", "total_preceding")
_COUNTERS = ("totaliser", "pulse")
_FLAGS = {
    "volume_pass": Flag.PASS,
    "volume_not_evaluated": Flag.NOT_EVALUATED,
    "volume_suspect": Flag.SUSPECT,
}
_UNUSED = (Flag.FAIL, Flag.MISSING)
_COUNT, _MEAN, _MIN, _MAX, _START = range(5)


def compute(
    rows: Rows,
    cuts: NDArray[np.int64],
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    events: pd.DataFrame | None = None,
) -> dict[str, NDArray[Any]]:
    """Volumes and statistics of every series and day.

    Parameters
    ----------
    rows, cuts
        Readings sorted by series and time, and where each series starts.
    series
        Rows of the country frame, in the order of the readings.
    bounds : (day + 1,), int64 us UTC
    events
        Country frame ``meter_events``.

    Returns
    -------
    dict of numpy.ndarray : (series, day)
        Columns of table ``daily``; unknown is NaN.
    """
    days = len(bounds) - 1
    statistics = np.full((len(series), days, 5), np.nan)
    gap = np.fmax(1.5 * series["interval_s"].to_numpy(), plan.MAX_GAP_S) * 1e6
    instantaneous = (series["signal"] == "instantaneous").to_numpy()
    used = ~np.isin(rows.flag, _UNUSED)
    _statistics(
        cuts, rows.time, rows.value, used, gap, instantaneous, bounds, statistics
    )
    columns: dict[str, NDArray[Any]] = {
        "count": statistics[..., _COUNT].astype(np.int32),
        "mean": statistics[..., _MEAN],
        "min": statistics[..., _MIN],
        "max": statistics[..., _MAX],
        "start_value": statistics[..., _START],
        "volume": np.full((len(series), days), np.nan),
        "observed_s": np.zeros((len(series), days)),
    }
    for name in _FLAGS:
        columns[name] = np.full((len(series), days), np.nan)
    _add_volumes(columns, rows, cuts, series, bounds, events)
    return columns


def _add_volumes(
    columns: dict[str, NDArray[Any]],
    rows: Rows,
    cuts: NDArray[np.int64],
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
    events: pd.DataFrame | None,
) -> None:
    summed = np.zeros(len(series), np.bool_)
    for quantity, signals in _SUMMED.items():
        summed |= (
            (series["quantity"] == quantity) & series["signal"].isin(signals)
        ).to_numpy()
    blank = series["signal"].isin(_PRECEDING) & ~(series["interval_s"] > 0)
    summed &= ~blank.to_numpy()
    if not summed.any():
        return
    frame = series[summed]
    taken = np.repeat(summed, np.diff(cuts))
    ragged = _ragged(
        rows if taken.all() else rows.take(taken), np.diff(cuts)[summed], frame
    )
    found = volumes.volumes(ragged, frame, bounds, events=events)
    columns["volume"][summed] = found["volume"].to_numpy()
    columns["observed_s"][summed] = found["observed_s"].to_numpy()
    _add_flags(columns, ragged, frame, bounds, events, np.flatnonzero(summed))


def _ragged(rows: Rows, sizes: NDArray[np.int64], frame: pd.DataFrame) -> xr.Dataset:
    return xr.Dataset(
        {
            "row_size": ("series", sizes),
            "time": ("reading", rows.time.view("M8[us]")),
            "value": ("reading", rows.value),
            "flag": ("reading", rows.flag),
            "lineage": ("reading", rows.lineage),
        },
        coords={"series": frame["code"].to_numpy(dtype=object)},
    )


def _add_flags(
    columns: dict[str, NDArray[Any]],
    ragged: xr.Dataset,
    frame: pd.DataFrame,
    bounds: NDArray[np.int64],
    events: pd.DataFrame | None,
    place: NDArray[np.intp],
) -> None:
    """Split volumes by the flags of the readings they rest on.

    A volume is linear in its readings, so that readings of one flag give its part
    when all others are set to zero. A counter's is not: where its readings have
    several flags, the parts are unknown.
    """
    flag = ragged["flag"].to_numpy()
    present = [f for f in _FLAGS.values() if (flag == f).any()]
    volume = columns["volume"][place]
    for name, wanted in _FLAGS.items():
        if wanted not in present:
            part = np.where(np.isnan(volume), np.nan, 0.0)
        elif len(present) == 1:
            part = volume
        else:
            only = ragged.assign(value=ragged["value"].where(flag == wanted, 0.0))
            found = volumes.volumes(only, frame, bounds, events=events)
            part = found["volume"].to_numpy().copy()
            part[_mixed_counters(ragged, frame)] = np.nan
        columns[name][place] = part


def _mixed_counters(ragged: xr.Dataset, frame: pd.DataFrame) -> NDArray[np.bool_]:
    flag, sizes = ragged["flag"].to_numpy(), ragged["row_size"].to_numpy()
    place = np.repeat(np.arange(len(sizes)), sizes)
    used = ~np.isin(flag, _UNUSED)
    low, high = np.full(len(sizes), 99), np.zeros(len(sizes), np.int64)
    np.minimum.at(low, place[used], flag[used])
    np.maximum.at(high, place[used], flag[used])
    return (low < high) & frame["signal"].isin(_COUNTERS).to_numpy()


@njit(cache=True, nogil=True)
def _first_used(used, i, stop):  # type: ignore[no-untyped-def]
    while i < stop and not used[i]:
        i += 1
    return i if i < stop else -1


@njit(cache=True, nogil=True)
def _last_used(used, i, start):  # type: ignore[no-untyped-def]
    while i > start and not used[i - 1]:
        i -= 1
    return i - 1 if i > start else -1


@njit(cache=True, nogil=True)
def _day(value, used, i, stop, out):  # type: ignore[no-untyped-def]
    """Count, mean, smallest and largest of the used readings from i to stop."""
    count, total, low, high = 0, 0.0, np.inf, -np.inf
    for j in range(i, stop):
        if used[j]:
            count += 1
            total += value[j]
            low, high = min(low, value[j]), max(high, value[j])
    out[_COUNT] = count
    if count > 0:
        out[_MEAN], out[_MIN], out[_MAX] = total / count, low, high


@njit(cache=True, nogil=True)
def _statistics(  # type: ignore[no-untyped-def]
    cuts, time, value, used, gap, instantaneous, bounds, out
):
    for k in range(len(cuts) - 1):
        begin, stop = cuts[k], cuts[k + 1]
        i = begin
        while i < stop and time[i] < bounds[0]:
            i += 1
        for day in range(len(bounds) - 1):
            end = i
            while end < stop and time[end] < bounds[day + 1]:
                end += 1
            _day(value, used, i, end, out[k, day])
            if instantaneous[k]:
                before = _last_used(used, i, begin)
                after = _first_used(used, i, stop)
                out[k, day, _START] = _between(
                    time, value, before, after, bounds[day], gap[k]
                )
            i = end


@njit(cache=True, nogil=True)
def _between(time, value, before, after, at, gap):  # type: ignore[no-untyped-def]
    """Value at an instant between two readings that are no further than a gap."""
    if after >= 0 and time[after] == at:
        return value[after]
    if before < 0 or after < 0 or time[after] - time[before] > gap:
        return np.nan
    part = (at - time[before]) / (time[after] - time[before])
    return value[before] + part * (value[after] - value[before])
