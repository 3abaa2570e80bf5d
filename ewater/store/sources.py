"""Sources as they are described, in versions, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.store import landing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A source as it is described now."""

    id: int
    name: str
    kind: str
    said: str
    profile: str | None
    paused: bool


@dataclass(frozen=True, slots=True)
class State:
    """How far a source has come."""

    cursor: datetime | None = None
    sha256: bytes | None = None
    due: datetime | None = None


_CURRENT = "SELECT id, name, kind, said, profile, paused FROM source "


def find(connection: Connection, name: str) -> Described | None:
    """Look up a source by its name."""
    row = connection.execute(
        text(_CURRENT + "WHERE name = :name AND recorded_to IS NULL"), {"name": name}
    )
    found = row.mappings().one_or_none()
    return None if found is None else Described(**found)


def last(connection: Connection, name: str) -> Described | None:
    """Look up a source as it is described, or was when it ended."""
    row = connection.execute(
        text(_CURRENT + "WHERE name = :name ORDER BY id DESC LIMIT 1"), {"name": name}
    )
    found = row.mappings().one_or_none()
    return None if found is None else Described(**found)


def current(connection: Connection) -> list[Described]:
    """All sources, by name."""
    rows = connection.execute(
        text(_CURRENT + "WHERE recorded_to IS NULL ORDER BY name")
    )
    return [Described(**row) for row in rows.mappings()]


def put(
    connection: Connection,
    *,
    name: str,
    kind: str,
    said: str,
    profile: str | None,
    paused: bool,
    who: str,
) -> bool:
    """Describe a source, anew if it is there; False if it is described so already."""
    connection.execute(text("LOCK TABLE source IN SHARE ROW EXCLUSIVE MODE"))
    now = find(connection, name)
    wanted = (kind, said, profile, paused)
    if now and (now.kind, now.said, now.profile, now.paused) == wanted:
        return False
    remove(connection, name)
    connection.execute(
        text(
            "INSERT INTO source (name, kind, said, profile, paused, actor) "
            "VALUES (:name, :kind, :said, :profile, :paused, :actor)"
        ),
        {
            "name": name,
            "kind": kind,
            "said": said,
            "profile": profile,
            "paused": paused,
            "actor": landing.person(connection, who),
        },
    )
    return True


def remove(connection: Connection, name: str) -> bool:
    """End a source; what it brought, its runs and how far it came stay."""
    done = connection.execute(
        text(
            "UPDATE source SET recorded_to = clock_timestamp() "
            "WHERE name = :name AND recorded_to IS NULL"
        ),
        {"name": name},
    )
    return bool(done.rowcount)


def state(connection: Connection, name: str, part: str = "") -> State:
    """How far a source, or one part of it, has come."""
    row = connection.execute(
        text(
            "SELECT cursor, sha256, due FROM source_state "
            "WHERE name = :name AND part = :part"
        ),
        {"name": name, "part": part},
    ).one_or_none()
    return State() if row is None else State(row.cursor, row.sha256, row.due)


def advance(
    connection: Connection,
    name: str,
    part: str,
    cursor: datetime | None,
    sha256: bytes,
) -> None:
    """Carry a source on; its cursor never goes back."""
    connection.execute(
        text(
            "INSERT INTO source_state (name, part, cursor, sha256) "
            "VALUES (:name, :part, :cursor, :sha256) ON CONFLICT (name, part) "
            "DO UPDATE SET sha256 = excluded.sha256, "
            "cursor = greatest(source_state.cursor, excluded.cursor)"
        ),
        {"name": name, "part": part, "cursor": cursor, "sha256": sha256},
    )


def set_due(connection: Connection, name: str, due: datetime) -> None:
    """Note up to when the schedule of a source has been followed."""
    connection.execute(
        text(
            "INSERT INTO source_state (name, due) VALUES (:name, :due) "
            "ON CONFLICT (name, part) DO UPDATE "
            "SET due = greatest(source_state.due, excluded.due)"
        ),
        {"name": name, "due": due},
    )


def overview(connection: Connection) -> list[dict[str, Any]]:
    """List sources with their cursor and their last run."""
    rows = connection.execute(
        text(
            "SELECT s.name, s.kind, s.paused, s.said, "
            "(SELECT min(cursor) FROM source_state AS t WHERE t.name = s.name) AS "
            "cursor, r.started_at AS last_run, r.state, r.error "
            "FROM source AS s LEFT JOIN LATERAL (SELECT started_at, state, error "
            "FROM source_run WHERE source = s.name ORDER BY id DESC LIMIT 1) AS r "
            "ON true WHERE s.recorded_to IS NULL ORDER BY s.name"
        )
    )
    return [dict(row) for row in rows.mappings()]
