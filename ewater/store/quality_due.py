"""Table ``quality_due``: readings whose neighbours have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from ewater.store.instants import array, cursor, microseconds
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

_LOCK = 0x65777171  # one refresh at a time: "ewqq"

# What is published beside each span: before, within, after. Deltas of the load
# itself are not published yet.
_BESIDE = """
SELECT
    EXISTS (SELECT FROM chunk AS c LEFT JOIN load AS l ON l.id = c.load_id
        WHERE c.series_id = w.series_id AND c.kind <> 'past'
        AND c.first_time < w.first_time AND c.last_time >= w.low
        AND (c.kind = 'base' OR l.recorded_from IS NOT NULL)),
    EXISTS (SELECT FROM chunk AS c LEFT JOIN load AS l ON l.id = c.load_id
        WHERE c.series_id = w.series_id AND c.kind <> 'past'
        AND c.first_time <= w.last_time AND c.last_time >= w.first_time
        AND (c.kind = 'base' OR l.recorded_from IS NOT NULL)),
    EXISTS (SELECT FROM chunk AS c LEFT JOIN load AS l ON l.id = c.load_id
        WHERE c.series_id = w.series_id AND c.kind <> 'past'
        AND c.last_time > w.last_time AND c.first_time <= w.high
        AND (c.kind = 'base' OR l.recorded_from IS NOT NULL))
FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
    %s::timestamptz[])
    WITH ORDINALITY AS w (series_id, first_time, last_time, low, high, place)
ORDER BY w.place
"""


def beside(connection: Connection, span: Stretch, reach: Stretch) -> NDArray[np.bool_]:
    """Say whether readings are published beside spans.

    Parameters
    ----------
    connection
        Open connection.
    span
        What a load has staged.
    reach
        The same, widened by how far readings see each other.

    Returns
    -------
    numpy.ndarray : (span, 3)
        Before it, within it, after it.
    """
    out = cursor(connection)
    ends = (span.first, span.last, reach.first, reach.last)
    out.execute(_BESIDE, [span.series_id.tolist(), *(array(end) for end in ends)])
    return np.array(out.fetchall(), np.bool_).reshape(len(span), 3)


def extents(
    connection: Connection, series_id: NDArray[np.int32] | None = None
) -> tuple[Stretch, NDArray[np.int64]]:
    """First and last published reading of series, and how many are stored.

    Series without a reading are left out; None for all series.
    """
    out = cursor(connection)
    wanted = None if series_id is None else series_id.tolist()
    out.execute(
        "SELECT c.series_id, min(c.first_time), max(c.last_time), sum(c.count)::int8 "
        "FROM chunk AS c LEFT JOIN load AS l ON l.id = c.load_id "
        "WHERE c.kind <> 'past' AND (c.kind = 'base' OR l.recorded_from IS NOT NULL) "
        "AND (%s::int4[] IS NULL OR c.series_id = ANY(%s)) "
        "GROUP BY c.series_id ORDER BY c.series_id",
        [wanted, wanted],
    )
    rows = out.fetchall()
    return _spans([row[:3] for row in rows]), np.array([r[3] for r in rows], np.int64)


def _spans(rows: Sequence[Sequence[Any]]) -> Stretch:
    return Stretch(
        series_id=np.array([row[0] for row in rows], np.int32),
        first=np.array([microseconds(row[1]) for row in rows], np.int64),
        last=np.array([microseconds(row[2]) for row in rows], np.int64),
    )


def add(connection: Connection, span: Stretch) -> None:
    """Note spans whose readings are to be judged again."""
    if len(span):
        cursor(connection).execute(
            "INSERT INTO quality_due (series_id, first_time, last_time) "
            "SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[])",
            [span.series_id.tolist(), array(span.first), array(span.last)],
        )


def lock(connection: Connection) -> None:
    """Wait for another refresh to end; holds until the transaction does."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def waiting(connection: Connection) -> bool:
    """Whether anything is due."""
    found: bool = connection.execute(
        text("SELECT EXISTS (SELECT FROM quality_due)")
    ).scalar_one()
    return found


def due(connection: Connection) -> tuple[NDArray[np.int64], Stretch]:
    """List what is due, with its numbers in the table."""
    out = cursor(connection)
    out.execute(
        "SELECT id, series_id, first_time, last_time FROM quality_due "
        "ORDER BY series_id, first_time, id"
    )
    rows = out.fetchall()
    span = _spans([row[1:] for row in rows])
    return np.array([row[0] for row in rows], np.int64), span


def done(connection: Connection, id: Sequence[int]) -> None:
    """Strike out what was judged."""
    connection.execute(
        text("DELETE FROM quality_due WHERE id = ANY(:id)"), {"id": list(id)}
    )
