"""Keeps table ``daily`` current: only days that a change can have touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.ingest.daily_columns import compute
from ewater.ingest.registered import series_frame
from ewater.series import calendars
from ewater.store import chunks, daily, recording, registry
from ewater.store.stretch import Stretch
from ewater.terms import Lineage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.store.rows import Rows

_CELLS = 1_000_000  # series times days that are computed at once
_READINGS = 1_000_000  # that are in memory at once
_NEAR = 86_400_000_000 * 31  # stretches closer than this are taken as one


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
        events = registry.read_table(connection, "meter_events")
        rows = 0
        for stretch in _batches(connection, due, calendar):
            rows += _sum(connection, stretch, frame, events, calendar, version)
        daily.done(connection, numbers)
    return rows


def default_calendar(connection: Connection) -> calendars.Calendar:
    """First calendar of the country; days of UTC where it has none."""
    return calendars.first(registry.read_table(connection, "calendars"))


def _batches(
    connection: Connection, due: Stretch, calendar: calendars.Calendar
) -> Iterator[Stretch]:
    """Whole days to compute, of different series with much the same days."""
    touched = daily.around(connection, due.merged(_NEAR))
    days = np.column_stack(
        [calendars.local_days(calendar, edge) for edge in (touched.first, touched.last)]
    )
    whole = Stretch(
        series_id=touched.series_id,
        first=calendars.to_utc(calendar, days[:, 0]),
        last=calendars.to_utc(calendar, days[:, 1] + np.timedelta64(1, "D")) - 1,
    ).merged(_NEAR)
    whole, readings = _split(whole, daily.readings(connection, whole), calendar)
    nth = whole.nth()
    order = np.lexsort((whole.series_id, whole.last, whole.first, nth))
    whole, nth, readings = whole.take(order), nth[order], readings[order]
    start = 0
    while start < len(whole):
        stop = _batch_end(whole, nth, readings, start)
        yield whole.take(np.arange(start, stop))
        start = stop


def _split(
    whole: Stretch, readings: NDArray[np.int64], calendar: calendars.Calendar
) -> tuple[Stretch, NDArray[np.int64]]:
    """Cut stretches of too many readings into shorter ones of whole days."""
    pieces = -(-readings // _READINGS)
    if (pieces <= 1).all():
        return whole, readings
    parts, counts = [], []
    for row, wanted in enumerate(np.maximum(pieces, 1).tolist()):
        edges = np.array([whole.first[row], whole.last[row]])
        first, last = calendars.local_days(calendar, edges)
        days = int((last - first).astype(np.int64)) + 1
        count = min(wanted, days)
        starts = first + np.arange(count) * days // count
        bounds = calendars.to_utc(calendar, np.append(starts, last + 1))
        series_id = np.full(count, whole.series_id[row], np.int32)
        parts.append(
            Stretch(series_id=series_id, first=bounds[:-1], last=bounds[1:] - 1)
        )
        counts.append(np.full(count, readings[row] // count))
    return Stretch.concatenate(parts), np.concatenate(counts)


def _batch_end(
    whole: Stretch, nth: NDArray[np.intp], readings: NDArray[np.int64], start: int
) -> int:
    """Take stretches while most of the common span is wanted by each of them."""
    first, last = whole.first[start], whole.last[start]
    own = held = 0
    for row in range(start, len(whole)):
        low, high = min(first, whole.first[row]), max(last, whole.last[row])
        own += whole.last[row] - whole.first[row]
        held += readings[row]
        cells = (row + 1 - start) * ((high - low) / 86_400_000_000)
        wasteful = (row + 1 - start) * (high - low) > 2 * own
        full = cells > _CELLS or held > _READINGS
        if row > start and (full or wasteful or nth[row] != nth[start]):
            return row
        first, last = low, high
    return len(whole)


def _sum(
    connection: Connection,
    stretch: Stretch,
    frame: pd.DataFrame,
    events: pd.DataFrame,
    calendar: calendars.Calendar,
    version: datetime,
) -> int:
    """Compute and replace the days of one batch."""
    codes = chunks.series_codes(connection)
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
    columns = compute(rows, cuts, series, bounds, events)
    wanted = (bounds[:-1] >= stretch.first[:, None]) & (
        bounds[1:] - 1 <= stretch.last[:, None]
    )
    wanted &= (columns["count"] > 0) | (columns["observed_s"] > 0)
    place, day = np.nonzero(wanted)
    found: dict[str, NDArray[Any]] = {
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


def _read(connection: Connection, stretch: Stretch) -> tuple[Rows, NDArray[np.int64]]:
    """Read the stretches and one reading beyond each end, no retracted ones."""
    wide = daily.around(connection, stretch)
    rows, cuts = chunks.rows_of(
        connection,
        chunks.Window(series_id=wide.series_id, first=wide.first, last=wide.last),
    )
    stands = rows.lineage != Lineage.RETRACTED
    if stands.all():
        return rows, cuts
    return rows.take(stands), np.concatenate([[0], np.cumsum(stands)])[cuts]
