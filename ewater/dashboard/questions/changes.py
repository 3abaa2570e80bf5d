"""What of a series is other than it was at a time, and what people did to it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from ewater.accounts.runs import calendar_of
from ewater.dashboard.questions import within
from ewater.series import calendars
from ewater.store import chunks, registry
from ewater.store.instants import instants
from ewater.terms import Lineage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope

    Row = dict[str, Any]

MOST = 200
_LOADS = """
SELECT l.id, l.kind, l.source, p.name FROM load AS l
LEFT JOIN person AS p ON p.id = l.actor WHERE l.id = ANY(:ids)
"""
_ACTS = """
SELECT made AS at, level AS what, p.name AS who, reason, starts, ends,
    NULL::bigint AS readings, flag
FROM verdict AS v LEFT JOIN person AS p ON p.id = v.author
WHERE series_id = :id AND starts < :end AND ends > :start
AND (CAST(:as_of AS timestamptz) IS NULL OR made <= :as_of)
UNION ALL
SELECT l.recorded_from, 'edit', p.name, l.source, min(c.first_time),
    max(c.last_time), sum(c.count), NULL
FROM load AS l JOIN chunk AS c ON c.load_id = l.id
LEFT JOIN person AS p ON p.id = l.actor
WHERE l.kind = 'edit' AND l.recorded_from IS NOT NULL AND c.series_id = :id
AND c.first_time < :end AND c.last_time >= :start
AND (CAST(:as_of AS timestamptz) IS NULL OR l.recorded_from <= :as_of)
GROUP BY l.id, l.recorded_from, p.name, l.source
ORDER BY 1 DESC LIMIT :most
"""


def since(
    engine: Engine,
    scope: Scope,
    code: str,
    first: dt.date,
    last: dt.date,
    as_of: str,
    calendar: str = "",
) -> Row:
    """Compare a span as it was known at a time with what is known now.

    Returns
    -------
    dict
        ``series``, ``count`` of readings that differ, ``new``, ``changed``, ``gone``
        and ``rows`` (at most `MOST`, oldest reading first): ``time`` us UTC,
        ``then``, ``now`` (SI; None where nothing stood or stands), ``recorded`` (us),
        ``kind``, ``source`` and ``by`` of what stands now.
    """
    moment = dt.datetime.fromisoformat(as_of)
    with within.asking(engine) as connection:
        series = within.series(connection, scope, code)
        window = _window(connection, series, first, last, calendar)
        then = _standing(connection, window, moment)
        now = _standing(connection, window, None)
        time = np.union1d(then[0], now[0])
        before, after = _at(time, then), _at(time, now)
        same = (before == after) | (np.isnan(before) & np.isnan(after))
        differ = np.flatnonzero(~same)
        kinds = {
            "new": int((np.isnan(before) & ~np.isnan(after)).sum()),
            "gone": int((~np.isnan(before) & np.isnan(after)).sum()),
        }
        shown = differ[:MOST]
        why = _loads(connection, window, time[shown])
    rows = [
        {
            "time": int(time[n]),
            "then": None if np.isnan(before[n]) else float(before[n]),
            "now": None if np.isnan(after[n]) else float(after[n]),
            **why.get(int(time[n]), {}),
        }
        for n in shown.tolist()
    ]
    changed = len(differ) - kinds["new"] - kinds["gone"]
    return {
        "series": series,
        "count": len(differ),
        "changed": changed,
        "rows": rows,
        **kinds,
    }


def acts(
    engine: Engine,
    scope: Scope,
    code: str,
    first: dt.date,
    last: dt.date,
    calendar: str = "",
    as_of: str = "",
) -> list[Row]:
    """List what people decided on the readings of a span, and what they edited.

    Returns
    -------
    list of dict
        Newest first, at most `MOST`: ``at``, ``what`` (a level of approval, or
        ``edit``), ``who`` (None once erased), ``reason``, ``starts``, ``ends``,
        ``readings``, ``flag``. Times are datetimes, UTC.
    """
    with within.asking(engine) as connection:
        series = within.series(connection, scope, code)
        window = _window(connection, series, first, last, calendar)
        start, end = instants(np.array([window.first[0], window.last[0] + 1]))
        values = {"id": series["number"], "start": start, "end": end, "most": MOST}
        rows = connection.execute(text(_ACTS), values | {"as_of": as_of or None})
        return [dict(row) for row in rows.mappings()]


def _window(
    connection: Connection, series: Row, first: dt.date, last: dt.date, calendar: str
) -> chunks.Window:
    frame = registry.read_table(connection, "calendars")
    days = calendar_of(frame, calendar or None)
    start, end = calendars.to_utc(days, np.array([first, last], dtype="M8[D]")).tolist()
    return chunks.Window.of(np.array([series["number"]], np.int32), start, end)


def _standing(
    connection: Connection, window: chunks.Window, moment: dt.datetime | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rows, _ = chunks.rows_of(connection, window, moment)
    rows = rows.take(rows.lineage != Lineage.RETRACTED)
    return rows.time, rows.value


def _at(
    time: NDArray[np.int64], known: tuple[NDArray[np.int64], NDArray[np.float64]]
) -> NDArray[np.float64]:
    value = np.full(len(time), np.nan)
    value[np.searchsorted(time, known[0])] = known[1]
    return value


def _loads(
    connection: Connection, window: chunks.Window, time: NDArray[np.int64]
) -> dict[int, Row]:
    """Newest version of each reading that is no mere judgement: when, whence, whose."""
    if len(time) == 0:
        return {}
    part = chunks.Window.of(window.series_id, int(time[0]), int(time[-1]) + 1)
    rows, _ = chunks.rows_of(connection, part, every=True)
    known = chunks.loads(connection, rows.load)
    place = known.place(rows.load)
    said = np.isin(rows.time, time) & ~known.judged[place]
    rows, place = rows.take(said), place[said]
    found = connection.execute(
        text(_LOADS),
        {"ids": np.unique(rows.load).tolist()},
    ).all()
    named = {row.id: row for row in found}
    return {
        int(rows.time[n]): {
            "recorded": int(known.recorded[place[n]]),
            "kind": named[int(rows.load[n])].kind,
            "source": named[int(rows.load[n])].source,
            "by": named[int(rows.load[n])].name,
        }
        for n in range(len(rows))
    }
