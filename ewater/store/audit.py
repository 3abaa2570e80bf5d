"""What was changed or refused, by whom; rows only ever come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import Connection

_INSERT = text(
    "INSERT INTO audit (actor, action, object, before, after, address) "
    "VALUES (:actor, :action, :object, :before, :after, :address)"
).bindparams(
    bindparam("before", type_=JSONB(none_as_null=True)),
    bindparam("after", type_=JSONB(none_as_null=True)),
)


def record(
    connection: Connection,
    action: str,
    object: str,
    *,
    who: UUID | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> None:
    """Say what is done, in the transaction that does it.

    Parameters
    ----------
    action
        A short verb with its area, such as ``user.role``.
    object
        What it is done to, such as ``person:0c…``; never a person's name.
    before, after
        What changes, as JSON; no secrets, no names of people.
    """
    connection.execute(
        _INSERT,
        {
            "actor": who,
            "action": action,
            "object": object,
            "before": None if before is None else dict(before),
            "after": None if after is None else dict(after),
            "address": address,
        },
    )


def read(
    connection: Connection,
    *,
    action: str | None = None,
    object: str | None = None,
    count: int = 100,
) -> list[dict[str, Any]]:
    """Newest rows first, with the names of people who are still known.

    Parameters
    ----------
    action
        This one, or all that begin with it and a dot.
    """
    rows = connection.execute(
        text(
            "SELECT audit.id, at, coalesce(person.name, actor::text) AS who, action, "
            "CASE WHEN object LIKE 'person:%' THEN coalesce("
            "  (SELECT 'person:' || p.name FROM person p "
            "   WHERE p.id::text = substr(object, 8)), object) "
            "ELSE object END AS object, before, after, address "
            "FROM audit LEFT JOIN person ON person.id = audit.actor "
            "WHERE (CAST(:action AS text) IS NULL OR action = :action "
            "  OR starts_with(action, :action || '.')) "
            "AND (CAST(:object AS text) IS NULL OR object = :object) "
            "ORDER BY audit.id DESC LIMIT :count"
        ),
        {"action": action, "object": object, "count": count},
    )
    return [dict(row) for row in rows.mappings()]
