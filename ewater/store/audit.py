"""What was changed or refused, by whom; rows only ever come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import Connection

#: Everything that is ever written down; the pages have a word for each.
ACTIONS = frozenset(
    {
        "alert.acknowledge",
        *(f"edition.{s}" for s in ("draft", "reviewed", "approved", "published")),
        "edition.withdrawn",
        *(f"key.{act}" for act in ("add", "revoke")),
        *("login", "login.failed", "login.locked", "logout"),
        *(f"readings.{act}" for act in ("approve", "edit")),
        *(f"refused.{why}" for why in ("origin", "report", "role", "scope")),
        *(f"report.{act}" for act in ("begin", "save", "conflict", "submit")),
        *(f"report.{act}" for act in ("correct", "return", "approve", "sign")),
        *(f"report.{act}" for act in ("deadline", "remind", "explain", "sign_off")),
        *(f"report.{act}" for act in ("trust", "distrust")),
        *(f"user.{act}" for act in ("add", "role", "disable", "enable", "unlock")),
        *(f"user.{act}" for act in ("password", "password_reset", "forget")),
    }
)
#: What it may be done to: the part of an object before its colon.
OBJECTS = frozenset(
    {
        *("alert", "break", "deadline", "edition", "key", "nobody", "path"),
        *("period", "person", "provider", "return", "series", "trust"),
    }
)
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
        A short verb with its area, such as ``user.role``; one of `ACTIONS`.
    object
        What it is done to, such as ``person:0c…``, of one of the kinds `OBJECTS`;
        never a person's name.
    before, after
        What changes, as JSON; no secrets, no names of people.

    Raises
    ------
    ValueError
        The action or the kind of object is unknown here, and has no word on the pages.
    """
    if action not in ACTIONS or object.partition(":")[0] not in OBJECTS:
        raise ValueError(f"the audit does not know {action!r} of {object!r}")
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
