"""Tables of alerts: where rules stand, what is open, what is to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.store import audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

_LOCK = 0x6577616C  # one check at a time: "ewal"
_RULES = """
SELECT r.*, w.state, w.since, w.seen_to, w.rule_id AS seen_rule
FROM alert_rules AS r LEFT JOIN alert_watch AS w ON w.rule = r.code
WHERE r.recorded_to IS NULL AND (r.valid_from IS NULL OR r.valid_from <= :now)
    AND (r.valid_to IS NULL OR r.valid_to > :now)
ORDER BY r.code
"""
_WATCH = text(
    "INSERT INTO alert_watch (rule, rule_id, state, since, value, seen_to) "
    "VALUES (:rule, :rule_id, :state, :since, :value, :seen_to) "
    "ON CONFLICT (rule) DO UPDATE SET rule_id = excluded.rule_id, "
    "state = excluded.state, since = excluded.since, "
    "value = coalesce(excluded.value, alert_watch.value), seen_to = excluded.seen_to"
)
_RAISE = text(
    "INSERT INTO alert (rule, rule_id, raised_at, value) "
    "VALUES (:rule, :rule_id, :at, :value) RETURNING id"
)
_END = text(
    "UPDATE alert SET ended_at = greatest(raised_at, :at), end_value = :value, "
    "ended_because = 'back' WHERE rule = :rule AND ended_at IS NULL RETURNING id"
)
_NOT_IN_FORCE = (
    "NOT EXISTS (SELECT FROM alert_rules AS r "
    "WHERE r.code = rule AND r.recorded_to IS NULL "
    "AND (r.valid_from IS NULL OR r.valid_from <= :now) "
    "AND (r.valid_to IS NULL OR r.valid_to > :now))"
)
_WITHDRAWN = text(
    "UPDATE alert SET ended_at = greatest(raised_at, :now), ended_because = 'rule' "  # noqa: S608 - of this module
    f"WHERE ended_at IS NULL AND {_NOT_IN_FORCE}"
)
#: A rule of a season would else stand raised when it is in force again.
_FORGOTTEN = text(
    f"DELETE FROM alert_watch WHERE {_NOT_IN_FORCE}"  # noqa: S608 - of this module
)
_TELL = text(
    "INSERT INTO alert_message (alert_id, event, address) "
    "VALUES (:alert, :event, :address)"
)
_DUE = text(
    "SELECT m.id, m.event, m.address, m.attempts, a.id AS alert, a.rule, a.raised_at, "
    "a.value, a.ended_at, a.end_value, r.kind, r.severity, r.series, r.permit, "
    "r.territory, r.above, r.below, r.clear, r.name_az, r.name_en, r.name_ru "
    "FROM alert_message AS m JOIN alert AS a ON a.id = m.alert_id "
    "JOIN alert_rules AS r ON r.id = a.rule_id "
    "WHERE m.sent_at IS NULL AND m.due <= :now "
    "ORDER BY m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED"
)
_LIST = text(
    "SELECT a.*, r.kind, r.severity, r.series, r.permit, r.territory, r.above, "
    "r.below, r.clear, r.name_az, r.name_en, r.name_ru, p.name AS person "
    "FROM alert AS a JOIN alert_rules AS r ON r.id = a.rule_id "
    "LEFT JOIN person AS p ON p.id = a.acknowledged_by "
    "WHERE (:open IS FALSE OR a.ended_at IS NULL) "
    "ORDER BY a.ended_at IS NOT NULL, a.raised_at DESC, a.id DESC LIMIT :most"
)


def lock(connection: Connection) -> None:
    """Let one check at a time change where rules stand, until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def rules(connection: Connection, now: datetime) -> pd.DataFrame:
    """Rules in force, by code, and where each stands.

    Columns of ``alert_rules``; ``state``, ``since``, ``seen_to`` and ``seen_rule`` (the
    version that state is of) are null for a rule never checked.
    """
    rows = connection.execute(text(_RULES), {"now": now})
    return pd.DataFrame(rows.mappings().all(), columns=list(rows.keys()))


def watched(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep where rules stand."""
    if rows:
        connection.execute(_WATCH, rows)


def raised(connection: Connection, row: dict[str, Any], addresses: list[str]) -> int:
    """Open an alert (``rule``, ``rule_id``, ``at``, ``value``); returns its number."""
    number: int = connection.execute(_RAISE, row).scalar_one()
    _tell(connection, number, "raised", addresses)
    return number


def ended(connection: Connection, row: dict[str, Any], addresses: list[str]) -> None:
    """Close the open alert of a rule (``rule``, ``at``, ``value``)."""
    number = connection.execute(_END, row).scalar_one_or_none()
    if number is not None:
        _tell(connection, number, "ended", addresses)


def _tell(connection: Connection, alert: int, event: str, addresses: list[str]) -> None:
    if addresses:
        connection.execute(
            _TELL,
            [{"alert": alert, "event": event, "address": to} for to in addresses],
        )


def withdraw(connection: Connection, now: datetime) -> None:
    """End the alerts, and forget the state, of rules that are no longer in force."""
    connection.execute(_WITHDRAWN, {"now": now})
    connection.execute(_FORGOTTEN, {"now": now})


def next_message(connection: Connection, now: datetime) -> dict[str, Any] | None:
    """Take the next message that is due; it is held until the transaction ends."""
    row = connection.execute(_DUE, {"now": now}).mappings().one_or_none()
    return None if row is None else dict(row)


def sent(connection: Connection, message: int, at: datetime) -> None:
    """Say that a message was sent."""
    connection.execute(
        text(
            "UPDATE alert_message SET sent_at = :at, error = NULL, "
            "attempts = attempts + 1 WHERE id = :id"
        ),
        {"id": message, "at": at},
    )


def not_sent(
    connection: Connection, message: int, why: str, again: datetime | None
) -> None:
    """Say why a message was not sent, and when to try again; None: never."""
    connection.execute(
        text(
            "UPDATE alert_message SET error = :why, due = :again, "
            "attempts = attempts + 1 WHERE id = :id"
        ),
        {"id": message, "why": why, "again": again},
    )


def read(
    connection: Connection, *, only_open: bool = True, most: int = 500
) -> list[dict[str, Any]]:
    """List alerts with their rules: open ones first, newest first."""
    rows = connection.execute(_LIST, {"open": only_open, "most": most})
    return [dict(row) for row in rows.mappings()]


def acknowledge(
    connection: Connection, alert: int, *, who: UUID, note: str, address: str | None
) -> None:
    """Write down that a person took note of an alert.

    Raises
    ------
    UsageError
        There is no such alert, or somebody took note of it before.
    """
    before = connection.execute(
        text("SELECT acknowledged_at FROM alert WHERE id = :id FOR UPDATE"),
        {"id": alert},
    ).one_or_none()
    if before is None:
        raise UsageError(f"there is no alert {alert}; see `ewater alerts`")
    if before.acknowledged_at is not None:
        raise UsageError(f"alert {alert} is acknowledged already")
    connection.execute(
        text(
            "UPDATE alert SET acknowledged_at = clock_timestamp(), "
            "acknowledged_by = :who, note = :note WHERE id = :id"
        ),
        {"id": alert, "who": who, "note": note},
    )
    audit.record(
        connection,
        "alert.acknowledge",
        f"alert:{alert}",
        who=who,
        before={"acknowledged": False},
        after={"acknowledged": True, "note": note},
        address=address,
    )
