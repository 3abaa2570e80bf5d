"""How much of the time sites were observed, by month, and how late readings are."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ewater.accounts.runs import calendar_of
from ewater.dashboard.questions.within import asking, rows
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Row = dict[str, Any]

LATE = 3.0  # expected intervals [D]; then a reading is overdue
#: A series is due from its first reading on, and for a year after its last: then it is
#: taken to be out of use [D]. Where no volume is summed, each reading stands for its
#: interval.
_MONTHS = """
, life AS (
    SELECT o.number, min(d.day) AS born, max(d.day) AS last FROM owned AS o
    JOIN daily AS d ON d.series_id = o.number AND d.calendar = :calendar
    WHERE d.count > 0 GROUP BY o.number
), due AS (
    SELECT o.site, o.number, o.interval_s, o.quantity,
        CAST(date_trunc('month', day) AS date) AS month,
        CAST(count(*) * 86400 AS float8) AS seconds
    FROM owned AS o JOIN life AS l ON l.number = o.number
    CROSS JOIN LATERAL generate_series(
        greatest(CAST(:first AS date), l.born),
        least(CAST(:last AS date) - 1, l.last + 366),
        interval '1 day') AS day
    WHERE o.interval_s > 0
    GROUP BY 1, 2, 3, 4, 5
), seen AS (
    SELECT d.series_id, CAST(date_trunc('month', d.day) AS date) AS month,
        sum(CASE WHEN o.quantity IN ('discharge', 'volume') THEN d.observed_s
            ELSE least(d.count * o.interval_s,
                       extract(epoch FROM d.ends - d.starts)) END) AS seconds
    FROM daily AS d JOIN owned AS o ON o.number = d.series_id
    WHERE d.calendar = :calendar AND d.day >= :first AND d.day < :last
    GROUP BY 1, 2
)
SELECT m.code AS site, m.kind, m.name_az, m.name_en, m.name_ru, due.month,
    count(*) AS series, sum(due.seconds) AS due_s,
    sum(least(coalesce(seen.seconds, 0.0), due.seconds)) AS seen_s,
    min(o.code) AS first_series
FROM due JOIN mine AS m ON m.code = due.site
JOIN owned AS o ON o.number = due.number
LEFT JOIN seen ON seen.series_id = due.number AND seen.month = due.month
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY m.kind, m.code, due.month
"""
_LATEST = """
, newest AS (
    SELECT o.number, least(max(c.last_time), :now) AS last_time,
        sum(c.count) AS readings
    FROM owned AS o
    LEFT JOIN LATERAL (
        SELECT c.last_time, c.count FROM chunk AS c
        LEFT JOIN load AS l ON l.id = c.load_id
        WHERE c.series_id = o.number AND c.kind <> 'past'
        AND (c.kind = 'base' OR l.recorded_from IS NOT NULL)
        AND c.first_time <= :now
    ) AS c ON true
    GROUP BY o.number
)
SELECT o.code, o.site, o.quantity, o.interval_s, m.kind, m.organisation,
    m.name_az, m.name_en, m.name_ru, n.last_time, n.readings
FROM owned AS o JOIN mine AS m ON m.code = o.site JOIN newest AS n USING (number)
ORDER BY n.last_time NULLS FIRST, o.code
"""


def coverage(
    engine: Engine, scope: Scope, first: dt.date, last: dt.date, calendar: str = ""
) -> list[Row]:
    """Tell how much of each month each site of the scope was observed.

    Parameters
    ----------
    engine, scope
        Of `ewater.dashboard.questions`.
    first, last
        Half-open, local days on edges of months.

    Returns
    -------
    list of dict
        By site and month: ``site``, ``kind``, names, ``month`` (first day),
        ``series`` (how many were due), ``due_s``, ``seen_s``, ``first_series``. A
        series is due from its first reading until a year after its last; one without an
        interval never is.
    """
    with asking(engine) as connection:
        days = calendar_of(
            registry.read_table(connection, "calendars"), calendar or None
        )
        return rows(
            connection, scope, _MONTHS, calendar=days.code, first=first, last=last
        )


def latency(engine: Engine, scope: Scope, at: str) -> list[Row]:
    """Tell when each series of the scope was read last, the most overdue first.

    Parameters
    ----------
    at
        Moment to which the age counts, ISO 8601; later readings do not count.

    Returns
    -------
    list of dict
        ``code``, ``site``, ``quantity``, ``interval_s``, ``kind``, ``organisation``,
        names, ``last_time`` (datetime UTC; None without readings), ``readings``,
        ``age_s``, ``late`` (age in expected intervals; None without one) and
        ``behind_s`` (behind the newest reading of the scope).
    """
    moment = dt.datetime.fromisoformat(at)
    with asking(engine) as connection:
        found = rows(connection, scope, _LATEST, now=moment)
    newest = max((row["last_time"] for row in found if row["last_time"]), default=None)
    for row in found:
        last = row["last_time"]
        row["behind_s"] = None if last is None else (newest - last).total_seconds()
        row["age_s"] = None if last is None else (moment - last).total_seconds()
        known = row["interval_s"] and row["age_s"] is not None
        row["late"] = row["age_s"] / row["interval_s"] if known else None
    return sorted(found, key=_urgency)


def _urgency(row: Row) -> tuple[float, str]:
    if row["last_time"] is None:
        return (-float("inf"), row["code"])
    return (-(row["late"] or 0.0), row["code"])
