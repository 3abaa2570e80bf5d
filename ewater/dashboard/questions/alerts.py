"""Alerts and the rules that raise them, of a scope.

An alert of a series, or of a permit at a site, is seen by who may see the site; one of
a territory by who may see that; one of an enterprise by the organisation of its code.
These change without the data changing: ask with `CachedReader.look`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.accounts.scope import with_parts
from ewater.dashboard.questions.within import asking, rows
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope

    Row = dict[str, Any]

_SEEN = """
, seen AS (
    SELECT DISTINCT ON (r.id) r.*, o.site, coalesce(m.name_az, '') AS site_az,
        coalesce(m.name_en, '') AS site_en, coalesce(m.name_ru, '') AS site_ru
    FROM alert_rules AS r
    LEFT JOIN owned AS o ON o.code = r.series
    LEFT JOIN permits AS t ON t.code = r.permit AND t.recorded_to IS NULL
    LEFT JOIN mine AS m ON m.code = coalesce(o.site, t.site)
    WHERE CAST(:whole AS boolean) OR m.code IS NOT NULL
        OR r.territory = ANY(CAST(:territories AS text[]))
        OR t.enterprise = ANY(CAST(:scope_organisations AS text[]))
    ORDER BY r.id
)
"""
_ALERTS = """
SELECT a.id, a.rule, a.raised_at, a.value, a.seen_at, a.ended_at, a.end_value,
    a.ended_because, a.acknowledged_at, a.note, p.name AS person, s.kind, s.severity,
    s.series, s.permit, s.territory, s.above, s.below, s.clear, s.name_az, s.name_en,
    s.name_ru, s.site, s.site_az, s.site_en, s.site_ru
FROM alert AS a JOIN seen AS s ON s.id = a.rule_id
LEFT JOIN person AS p ON p.id = a.acknowledged_by
WHERE a.ended_at IS NULL OR a.ended_at > clock_timestamp() - interval '1000 days'
ORDER BY a.ended_at IS NOT NULL, a.raised_at DESC, a.id DESC LIMIT 1000
"""
_RULES = """
SELECT s.code, s.kind, s.severity, s.series, s.permit, s.territory, s.above, s.below,
    s.clear, s.hold_h, s.notify, s.name_az, s.name_en, s.name_ru, s.site, s.site_az,
    s.site_en, s.site_ru, w.state, w.value, w.seen_to,
    (SELECT count(*) FROM alert_message AS x JOIN alert AS a ON a.id = x.alert_id
     WHERE a.rule = s.code AND x.sent_at IS NULL AND x.error IS NOT NULL) AS not_sent
FROM seen AS s LEFT JOIN alert_watch AS w ON w.rule = s.code
WHERE s.recorded_to IS NULL
    AND (s.valid_to IS NULL OR s.valid_to > clock_timestamp())
ORDER BY s.code
"""


def alerts(engine: Engine, scope: Scope) -> list[Row]:
    """List what is open, newest first, then what ended in the last 1,000 days."""
    with asking(engine) as connection:
        return rows(connection, scope, _SEEN + _ALERTS, **_of(connection, scope))


def rules(engine: Engine, scope: Scope) -> list[Row]:
    """List rules with where each stands, and how many messages could not be sent.

    ``state`` is null of a rule never checked, else 0 quiet, 1 beyond its limit but not
    long enough, 2 raised, 3 raised but back; ``value`` is the last one seen.
    """
    with asking(engine) as connection:
        return rows(connection, scope, _SEEN + _RULES, **_of(connection, scope))


def sees(connection: Connection, scope: Scope, alert: int) -> bool:
    """Whether an alert is one of the scope."""
    one = "SELECT a.id FROM alert AS a JOIN seen AS s ON s.id = a.rule_id"
    named = _of(connection, scope)
    found = rows(
        connection, scope, f"{_SEEN} {one} WHERE a.id = :id", id=alert, **named
    )
    return bool(found)


def _of(connection: Connection, scope: Scope) -> dict[str, Any]:
    """Territories whose accounts the scope may see."""
    if not scope.territories:  # all of them, or none besides the organisations'
        return {"territories": [], "whole": scope.is_all}
    frame = registry.read_table(connection, "territories").set_index("code")
    inside = sorted(with_parts(frame, scope.territories))
    return {"territories": inside, "whole": False}
