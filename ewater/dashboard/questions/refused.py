"""Rows that were not loaded, by where they came from and why."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ewater.dashboard.questions.within import asking, rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Row = dict[str, Any]

#: A rejected row belongs to no series. Who has a scope sees those of loads that
#: brought readings of theirs and of nobody else.
_REFUSED = """
SELECT coalesce(nullif(l.profile::json ->> 'name', ''),
        regexp_replace(l.source, '[0-9]+', '#', 'g')) AS source,
    r.reason, count(*) AS rows, count(*) FILTER (WHERE r.held
        AND r.resolved_by IS NULL) AS held,
    count(r.resolved_by) AS resolved, count(DISTINCT l.id) AS loads,
    max(l.recorded_from) AS newest, min(r.detail) AS example, max(l.id) AS last_load
FROM reject AS r JOIN load AS l ON l.id = r.load_id
WHERE l.recorded_from IS NOT NULL AND l.recorded_from <= :now
AND l.recorded_from >= :since
AND (:everything OR EXISTS (SELECT FROM chunk AS c WHERE c.load_id = l.id)
    AND NOT EXISTS (SELECT FROM chunk AS c WHERE c.load_id = l.id
        AND NOT EXISTS (SELECT FROM owned AS o WHERE o.number = c.series_id)))
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


def rejects(engine: Engine, scope: Scope, since: str, until: str) -> list[Row]:
    """Count rejected rows of loads recorded from ``since`` to ``until`` (ISO 8601).

    Returns
    -------
    list of dict
        ``source`` (profile, else the name of the file with its numbers as ``#``),
        ``reason``, ``rows``, ``held`` (waiting), ``resolved``, ``loads``, ``newest``
        (datetime), ``example`` of the detail, ``last_load``; most rows first.
    """
    values = {
        "now": dt.datetime.fromisoformat(until),
        "since": dt.datetime.fromisoformat(since),
        "everything": scope.is_all,
    }
    with asking(engine) as connection:
        return rows(connection, scope, _REFUSED, **values)
