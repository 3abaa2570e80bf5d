"""What waits: suspected meter events for a person, readings to be judged, days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.questions.within import asking, rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Row = dict[str, Any]

_EVENTS = """
SELECT p.id, p.series, p.shows, p.before, p.after, p.old_reading, p.new_reading,
    p.events, p.lower_m3, p.upper_m3, o.site, o.unit,
    m.name_az, m.name_en, m.name_ru
FROM meter_event_proposal AS p JOIN owned AS o ON o.code = p.series
JOIN mine AS m ON m.code = o.site
WHERE p.state = 'open' ORDER BY p.upper_m3 DESC NULLS LAST, p.id
"""
_DUE = """
SELECT o.code, o.site, d.what, count(*) AS spans, min(d.first_time) AS first_time,
    max(d.last_time) AS last_time
FROM (SELECT 'judge' AS what, series_id, first_time, last_time FROM quality_due
      UNION ALL
      SELECT 'sum', series_id, first_time, last_time FROM daily_due) AS d
JOIN owned AS o ON o.number = d.series_id
GROUP BY 1, 2, 3 ORDER BY 3, 4 DESC, 1
"""


def events(engine: Engine, scope: Scope) -> list[Row]:
    """List suspected meter events of the scope that nobody has decided."""
    with asking(engine) as connection:
        return rows(connection, scope, _EVENTS)


def due(engine: Engine, scope: Scope) -> list[Row]:
    """List series of the scope with readings to be judged, or days to be summed.

    ``what`` is ``judge`` or ``sum``; with how many spans, and from when to when.
    """
    with asking(engine) as connection:
        return rows(connection, scope, _DUE)
