"""Keeps table ``daily`` current: only days that a change can have touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numba import njit
from sqlalchemy import text

from ewater.ingest.registered import series_frame
from ewater.series import calendars, volumes
from ewater.store import chunks, daily, recording, registry
from ewater.store.daily import Stretch
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.store.codec import Rows

_CELLS = 1_000_000  # series times days that are computed at once
_NEAR = 86_400_000_000 * 31  # stretches closer than this are taken as one
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


def refresh(engine: Engine) -> int:
    """Compute all days anew that published changes touch; return how many rows.

    Safe at any time and by several processes: what is due is in the database, and a
    crash leaves it there.
    """
    with engine.begin() as connection:
        daily.lock(connection)
        numbers, due = daily.due(connection)
        if not numbers:
            return 0
        frame = series_frame(connection).set_index("code", drop=False)
        calendar = default_calendar(connection)
        version = recording.latest(connection)
        rows = 0
        for stretch in _batches(connection, due, calendar):
            rows += _sum(connection, stretch, frame, calendar, version)
        daily.done(connection, numbers)
    return rows


def default_calendar(connection: Connection) -> calendars.Calendar:
    """First calendar of the country; days of UTC where it has none."""
    frame = registry.read_table(connection, "calendars")
    if frame.empty:
        return calendars.Calendar.UTC
    return calendars.from_frame(frame, str(frame["code"].iloc[0]))


def _merged(stretch: Stretch) -> Stretch:
    """Join stretches of a series that lie side by side."""
    stretch = stretch.take(np.lexsort((stretch.first, stretch.series_id)))
    reach = stretch.last.copy()
    for series in _runs(stretch.series_id):
        np.maximum.accumulate(reach[series], out=reach[series])
    apart = np.ones(len(stretch), np.bool_)
    apart[1:] = (stretch.series_id[1:] != stretch.series_id[:-1]) | (
        stretch.first[1:] > reach[:-1] + _NEAR
    )
    start = np.flatnonzero(apart)
    return Stretch(
        series_id=stretch.series_id[start],
        first=stretch.first[start],
        last=np.maximum.reduceat(reach, start),
    )


def _runs(series_id: NDArray[np.int32]) -> Iterator[slice]:
    turns = np.flatnonzero(series_id[1:] != series_id[:-1]) + 1
    edges = [0, *turns.tolist(), len(series_id)]
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        yield slice(a, b)


def _batches(
    connection: Connection, due: Stretch, calendar: calendars.Calendar
) -> Iterator[Stretch]:
    """Whole days to compute, of different series with much the same days."""
    touched = daily.around(connection, _merged(due))
    days = np.column_stack(
        [calendars.local_days(calendar, edge) for edge in (touched.first, touched.last)]
    )
    whole = _merged(
        Stretch(
            series_id=touched.series_id,
            first=calendars.to_utc(calendar, days[:, 0]),
            last=calendars.to_utc(calendar, days[:, 1] + np.timedelta64(1, "D")) - 1,
        )
    )
    nth = np.concatenate(
        [np.arange(run.stop - run.start) for run in _runs(whole.series_id)]
    )
    order = np.lexsort((whole.series_id, whole.last, whole.first, nth))
    whole, nth = whole.take(order), nth[order]
    start = 0
    while start < len(whole):
        stop = _batch_end(whole, nth, start)
        yield whole.take(np.arange(start, stop))
        start = stop


def _batch_end(whole: Stretch, nth: NDArray[np.intp], start: int) -> int:
    """Take stretches while most of the common span is wanted by each of them."""
    first, last = whole.first[start], whole.last[start]
    own = 0
    for row in range(start, len(whole)):
        low, high = min(first, whole.first[row]), max(last, whole.last[row])
        own += whole.last[row] - whole.first[row]
        cells = (row + 1 - start) * ((high - low) / 86_400_000_000)
        wasteful = (row + 1 - start) * (high - low) > 2 * own
        if row > start and (cells > _CELLS or wasteful or nth[row] != nth[start]):
            return row
        first, last = low, high
    return len(whole)


def _sum(
    connection: Connection,
    stretch: Stretch,
    frame: pd.DataFrame,
    calendar: calendars.Calendar,
    version: datetime,
) -> int:
    """Compute and replace the days of one batch."""
    codes = dict(
        connection.execute(
            text("SELECT id, code FROM series_key WHERE id = ANY(:ids)"),
            {"ids": stretch.series_id.tolist()},
        )
        .tuples()
        .all()
    )
    named = np.array([codes[i] in frame.index for i in stretch.series_id.tolist()])
    stretch = stretch.take(named)
    if len(stretch) == 0:
        return 0
    series = frame.loc[[codes[i] for i in stretch.series_id.tolist()]]
    rows, cuts = _read(connection, stretch)
    edges = np.array([stretch.first.min(), stretch.last.max()])
    first_day, last_day = calendars.local_days(calendar, edges)
    days = np.arange(first_day, last_day + np.timedelta64(2, "D"))
    bounds = calendars.to_utc(calendar, days)
    columns = compute(rows, cuts, series, bounds)
    wanted = (bounds[:-1] >= stretch.first[:, None]) & (
        bounds[1:] - 1 <= stretch.last[:, None]
    )
    wanted &= (columns["count"] > 0) | (columns["observed_s"] > 0)
    place, day = np.nonzero(wanted)
    found: dict[str, NDArray[np.generic]] = {
        name: values[place, day] for name, values in columns.items()
    }
    found["series_id"] = stretch.series_id[place]
    found["day"] = days[:-1][day]
    found["starts"], found["ends"] = bounds[:-1][day], bounds[1:][day]
    daily.replace(
        connection,
        calendar.code,
        stretch.series_id,
        calendars.local_days(calendar, stretch.first).tolist(),
        calendars.local_days(calendar, stretch.last).tolist(),
        found,
        version,
    )
    return len(place)


def _read(
    connection: Connection, stretch: Stretch
) -> tuple[Rows, NDArray[np.int64]]:
    """Readings of the stretches and one beyond each end, without retracted ones."""
    wide = daily.around(connection, stretch)
    rows, cuts = chunks.rows_of(
        connection,
        chunks.Window(series_id=wide.series_id, first=wide.first, last=wide.last),
    )
    stands = rows.lineage != Lineage.RETRACTED
    if stands.all():
        return rows, cuts
    return rows.take(stands), np.concatenate([[0], np.cumsum(stands)])[cuts]


def compute(
    rows: Rows,
    cuts: NDArray[np.int64],
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
) -> dict[str, NDArray[np.generic]]:
    """Volumes and statistics of every series and day.

    Parameters
    ----------
    rows, cuts
        Readings sorted by series and time, and where each series starts.
    series
        Rows of the country frame, in the order of the readings.
    bounds : (day + 1,), int64 us UTC

    Returns
    -------
    dict of numpy.ndarray : (series, day)
        Columns of table ``daily``; unknown is NaN.
    """
    days = len(bounds) - 1
    statistics = np.full((len(series), days, 5), np.nan)
    gap = np.fmax(1.5 * series["interval_s"].to_numpy(), volumes.MAX_GAP_S) * 1e6
    instantaneous = (series["signal"] == "instantaneous").to_numpy()
    used = ~np.isin(rows.flag, _UNUSED)
    _statistics(
        cuts, rows.time, rows.value, used, gap, instantaneous, bounds, statistics
    )
    columns: dict[str, NDArray[np.generic]] = {
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
    _add_volumes(columns, rows, cuts, series, bounds)
    return columns


def _add_volumes(
    columns: dict[str, NDArray[np.generic]],
    rows: Rows,
    cuts: NDArray[np.int64],
    series: pd.DataFrame,
    bounds: NDArray[np.int64],
) -> None:
    summed = np.zeros(len(series), np.bool_)
    for quantity, signals in _SUMMED.items():
        summed |= ((series["quantity"] == quantity) & series["signal"].isin(signals)).to_numpy()
    blank = series["signal"].isin(_PRECEDING) & ~(series["interval_s"] > 0)
    summed &= ~blank.to_numpy()
    if not summed.any():
        return
    frame = series[summed]
    taken = np.repeat(summed, np.diff(cuts))
    ragged = _ragged(rows if taken.all() else rows.take(taken), np.diff(cuts)[summed], frame)
    found = volumes.volumes(ragged, frame, bounds)
    columns["volume"][summed] = found["volume"].to_numpy()
    columns["observed_s"][summed] = found["observed_s"].to_numpy()
    _add_flags(columns, ragged, frame, bounds, np.flatnonzero(summed))


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
    columns: dict[str, NDArray[np.generic]],
    ragged: xr.Dataset,
    frame: pd.DataFrame,
    bounds: NDArray[np.int64],
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
            part = volumes.volumes(only, frame, bounds)["volume"].to_numpy().copy()
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
def _statistics(  # type: ignore[no-untyped-def]
    cuts, time, value, used, gap, instantaneous, bounds, out
):
    for k in range(len(cuts) - 1):
        i, stop = cuts[k], cuts[k + 1]
        before = -1  # last used reading before the day
        for day in range(len(bounds) - 1):
            while i < stop and time[i] < bounds[day]:
                if used[i]:
                    before = i
                i += 1
            count, total, low, high = 0, 0.0, np.inf, -np.inf
            first = last = -1
            while i < stop and time[i] < bounds[day + 1]:
                if used[i]:
                    first = i if first < 0 else first
                    count += 1
                    total += value[i]
                    low, high = min(low, value[i]), max(high, value[i])
                    last = i
                i += 1
            out[k, day, _COUNT] = count
            if instantaneous[k]:
                after = first
                j = i
                while after < 0 and j < stop:
                    if used[j]:
                        after = j
                    j += 1
                out[k, day, _START] = _between(
                    time, value, before, after, bounds[day], gap[k]
                )
            if count > 0:
                out[k, day, _MEAN] = total / count
                out[k, day, _MIN], out[k, day, _MAX] = low, high
                before = last


@njit(cache=True, nogil=True)
def _between(time, value, before, after, at, gap):  # type: ignore[no-untyped-def]
    """Value at an instant between two readings that are no further than a gap."""
    if after >= 0 and time[after] == at:
        return value[after]
    if before < 0 or after < 0 or time[after] - time[before] > gap:
        return np.nan
    part = (at - time[before]) / (time[after] - time[before])
    return value[before] + part * (value[after] - value[before])
