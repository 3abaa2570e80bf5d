"""Table ``daily``: what is due, and the rows computed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from ewater.store import binary_copy
from ewater.store.instants import array, cursor, microseconds
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

_LOCK = 0x65776461  # one refresh at a time: "ewda"

COLUMNS = (
    "series_id",
    "calendar",
    "day",
    "starts",
    "ends",
    "volume",
    "mean",
    "min",
    "max",
    "start_value",
    "observed_s",
    "count",
    "volume_pass",
    "volume_not_evaluated",
    "volume_suspect",
    "input_version",
)

# Nearest times of published readings that the ends of chunks show: never nearer
# than the true neighbours, so that what lies between is surely wide enough.
_AROUND = """
SELECT
    (SELECT CASE WHEN c.last_time < w.first_time THEN c.last_time ELSE c.first_time END
     FROM chunk AS c LEFT JOIN load AS l ON l.id = c.load_id
     WHERE c.series_id = w.series_id AND c.first_time < w.first_time
        AND (c.kind = 'base' OR l.recorded_from IS NOT NULL)
     ORDER BY c.first_time DESC LIMIT 1),
    (SELECT CASE WHEN c.first_time > w.last_time THEN c.first_time ELSE c.last_time END
     FROM chunk AS c LEFT JOIN load AS l ON l.id = c.load_id
     WHERE c.series_id = w.series_id AND c.last_time > w.last_time
        AND (c.kind = 'base' OR l.recorded_from IS NOT NULL)
     ORDER BY c.last_time LIMIT 1)
FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[])
    WITH ORDINALITY AS w (series_id, first_time, last_time, place)
ORDER BY w.place
"""


def around(connection: Connection, stretch: Stretch) -> Stretch:
    """Widen each stretch to a published reading before and one after it, if any."""
    out = cursor(connection)
    out.execute(
        _AROUND,
        [
            stretch.series_id.tolist(),
            array(stretch.first),
            array(stretch.last),
        ],
    )
    first, last = stretch.first.copy(), stretch.last.copy()
    for row, (before, after) in enumerate(out.fetchall()):
        first[row] = first[row] if before is None else microseconds(before)
        last[row] = last[row] if after is None else microseconds(after)
    return Stretch(series_id=stretch.series_id, first=first, last=last)


_READINGS = """
SELECT (SELECT coalesce(sum(c.count), 0) FROM chunk AS c
    WHERE c.series_id = w.series_id AND c.kind <> 'past'
        AND c.first_time <= w.last_time AND c.last_time >= w.first_time)
FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[])
    WITH ORDINALITY AS w (series_id, first_time, last_time, place)
ORDER BY w.place
"""


def readings(connection: Connection, stretch: Stretch) -> NDArray[np.int64]:
    """Count at most how many readings each stretch has, by its chunks."""
    out = cursor(connection)
    out.execute(
        _READINGS,
        [stretch.series_id.tolist(), array(stretch.first), array(stretch.last)],
    )
    return np.array([row[0] for row in out.fetchall()], np.int64)


def lock(connection: Connection) -> None:
    """Wait for another refresh to end; holds until the transaction does."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def due(connection: Connection) -> tuple[list[int], Stretch]:
    """List changed times that are not summed yet, with their numbers in the table."""
    rows = connection.execute(
        text("SELECT id, series_id, first_time, last_time FROM daily_due")
    ).all()
    stretch = Stretch(
        series_id=np.array([row.series_id for row in rows], np.int32),
        first=np.array([microseconds(row.first_time) for row in rows], np.int64),
        last=np.array([microseconds(row.last_time) for row in rows], np.int64),
    )
    return [row.id for row in rows], stretch


def done(connection: Connection, id: Sequence[int]) -> None:
    """Strike out what was summed."""
    connection.execute(
        text("DELETE FROM daily_due WHERE id = ANY(:id)"), {"id": list(id)}
    )


def replace(
    connection: Connection,
    calendar: str,
    series_id: NDArray[np.int32],
    first_day: Sequence[date],
    last_day: Sequence[date],
    columns: dict[str, NDArray[Any]],
    input_version: datetime,
) -> None:
    """Write the days of some series anew.

    Parameters
    ----------
    connection
        In a transaction.
    calendar
        Calendar whose days these are.
    series_id, first_day, last_day
        Days, both ends included, whose rows are removed first.
    columns
        The new rows: ``series_id``, ``day`` (M8[D]), ``starts`` and ``ends`` (int64
        us), and the rest of `COLUMNS`; NaN becomes NULL.
    input_version
        Recorded time of the newest reading taken.
    """
    cursor(connection).execute(
        "DELETE FROM daily AS d USING unnest(%s::int4[], %s::date[], %s::date[]) "
        "AS w (series_id, first_day, last_day) WHERE d.series_id = w.series_id "
        "AND d.calendar = %s AND d.day BETWEEN w.first_day AND w.last_day",
        [series_id.tolist(), list(first_day), list(last_day), calendar],
    )
    count = len(columns["series_id"])
    rows = columns | {
        "calendar": np.full(count, calendar.encode()),
        "input_version": np.full(count, microseconds(input_version)).view("M8[us]"),
        "starts": columns["starts"].view("M8[us]"),
        "ends": columns["ends"].view("M8[us]"),
    }
    statement = f"COPY daily ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
    with cursor(connection).copy(statement) as copy:
        for block in binary_copy.blocks([rows[name] for name in COLUMNS]):
            copy.write(block)
