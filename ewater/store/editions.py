"""Rows of editions: parts as compressed text, steps in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from ewater.errors import UsageError
from ewater.store import recording
from ewater.store.tables.editions import (
    Edition,
    EditionCheck,
    EditionDifference,
    EditionPart,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

_LOCK = 0x65776564  # "ewed": one step of any edition after the other
_LEVEL = 3
_LISTED = """
SELECT e.name, e.territory, e.period_start, e.period_end, e.step, e.as_of,
    e.root, l.state, l.at, l.hash, l.note, c.at AS checked_at, c.intact
FROM edition AS e
LEFT JOIN LATERAL (
    SELECT * FROM edition_log WHERE edition = e.name ORDER BY seq DESC LIMIT 1
) AS l ON true
LEFT JOIN LATERAL (
    SELECT at, intact FROM edition_check WHERE edition = e.name
    ORDER BY id DESC LIMIT 1
) AS c ON true
"""


def alone(connection: Connection) -> None:
    """Let nobody else take a step until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def exists(connection: Connection, name: str) -> bool:
    """Whether there is an edition of this name."""
    found = connection.execute(
        text("SELECT EXISTS (SELECT FROM edition WHERE name = :name)"), {"name": name}
    )
    return bool(found.scalar_one())


def add(
    connection: Connection,
    row: Mapping[str, Any],
    parts: Mapping[str, tuple[bytes, Sequence[str]]],
) -> None:
    """Keep an edition and its parts: their roots and lines."""
    connection.execute(insert(Edition).values(**row))
    kept = [
        {
            "edition": row["name"],
            "name": name,
            "root": root,
            "content": _packed("".join(f"{line}\n" for line in lines)),
        }
        for name, (root, lines) in parts.items()
    ]
    connection.execute(insert(EditionPart), kept)


def _packed(content: str) -> bytes:
    """Size of a text, then its zstd frame."""
    raw = content.encode()
    codec = pa.Codec("zstd", compression_level=_LEVEL)
    packed: bytes = codec.compress(raw, asbytes=True)
    return len(raw).to_bytes(8, "little") + packed


def _unpacked(content: bytes) -> str:
    size = int.from_bytes(content[:8], "little")
    raw: bytes = pa.Codec("zstd").decompress(content[8:], size, asbytes=True)
    return raw.decode()


def read(connection: Connection, name: str) -> dict[str, Any]:
    """Row of one edition with its newest step and check.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    found = connection.execute(text(f"{_LISTED} WHERE e.name = :name"), {"name": name})
    row = found.mappings().one_or_none()
    if row is None:
        known = [r["name"] for r in listing(connection)]
        names = ", ".join(known[-5:]) or "none; `ewater edition seal` makes one"
        taken = len(steps(connection, name))
        if taken:
            names = f"{taken} steps of it in the log: its row was taken away"
        raise UsageError(f"there is no edition {name!r}; there is {names}")
    return dict(row)


def listing(connection: Connection) -> list[dict[str, Any]]:
    """All editions, the newest period last."""
    order = " ORDER BY e.period_end, e.territory, e.as_of, e.name"
    rows = connection.execute(text(_LISTED + order)).mappings()
    return [dict(row) for row in rows]


def part_roots(connection: Connection, name: str) -> dict[str, bytes]:
    """Root that is kept of each part of an edition."""
    rows = connection.execute(
        text("SELECT name, root FROM edition_part WHERE edition = :name"),
        {"name": name},
    )
    return {row.name: bytes(row.root) for row in rows}


def part(connection: Connection, edition: str, name: str) -> list[str] | None:
    """Lines of one part; None where it is not there or cannot be read."""
    content = connection.execute(
        text(
            "SELECT content FROM edition_part WHERE edition = :edition AND name = :name"
        ),
        {"edition": edition, "name": name},
    ).scalar_one_or_none()
    if content is None:
        return None
    try:
        raw = _unpacked(content)
    except (pa.ArrowException, OSError, ValueError, MemoryError):
        return None
    return [] if not raw else raw.removesuffix("\n").split("\n")


def steps(connection: Connection, edition: str | None = None) -> list[dict[str, Any]]:
    """Read the steps of all editions or of one, in their order."""
    rows = connection.execute(
        text(
            "SELECT l.*, p.name AS who FROM edition_log AS l "
            "LEFT JOIN person AS p ON p.id = l.person "
            "WHERE CAST(:edition AS text) IS NULL OR edition = :edition ORDER BY seq"
        ),
        {"edition": edition},
    )
    return [dict(row) for row in rows.mappings()]


def keys(connection: Connection) -> dict[bytes, UUID]:
    """Owner of every key."""
    rows = connection.execute(text("SELECT key, person FROM edition_key"))
    return {bytes(row.key): row.person for row in rows}


def own_key(connection: Connection, key: bytes, person: UUID, at: datetime) -> UUID:
    """Say whose key this is; it is this person's from the first use on."""
    connection.execute(
        text(
            "INSERT INTO edition_key (key, person, recorded_from) "
            "VALUES (:key, :person, :at) ON CONFLICT DO NOTHING"
        ),
        {"key": key, "person": person, "at": at},
    )
    return keys(connection)[key]


def keep_check(
    connection: Connection,
    edition: str,
    *,
    person: UUID,
    version: str,
    intact: bool,
    found: Mapping[str, Any],
) -> None:
    """Keep what verifying an edition found."""
    connection.execute(
        insert(EditionCheck).values(
            edition=edition,
            at=recording.moment(connection),
            person=person,
            version=version,
            intact=intact,
            found=dict(found),
        )
    )


def newest_check(connection: Connection, edition: str) -> dict[str, Any] | None:
    """Read what verifying an edition found last."""
    found = connection.execute(
        text(
            "SELECT c.*, p.name AS who FROM edition_check AS c "
            "LEFT JOIN person AS p ON p.id = c.person "
            "WHERE edition = :edition ORDER BY c.id DESC LIMIT 1"
        ),
        {"edition": edition},
    )
    row = found.mappings().one_or_none()
    return None if row is None else dict(row)


def keep_difference(
    connection: Connection, a: str, b: str, *, version: str, document: str
) -> None:
    """Keep what changed from one edition to another, as JSON; once for a version."""
    statement = upsert(EditionDifference).on_conflict_do_nothing()
    connection.execute(
        statement.values(
            a=a,
            b=b,
            computed_at=recording.moment(connection),
            version=version,
            content=_packed(document),
        )
    )


def differences(connection: Connection) -> list[tuple[str, str]]:
    """Pairs of editions whose difference is kept, the newest last."""
    rows = connection.execute(
        text("SELECT a, b FROM edition_difference ORDER BY computed_at")
    )
    return list(dict.fromkeys((row.a, row.b) for row in rows))


def difference(connection: Connection, a: str, b: str) -> str | None:
    """Read the newest kept difference of two editions; None where there is none."""
    content = connection.execute(
        text(
            "SELECT content FROM edition_difference WHERE a = :a AND b = :b "
            "ORDER BY computed_at DESC LIMIT 1"
        ),
        {"a": a, "b": b},
    ).scalar_one_or_none()
    return None if content is None else _unpacked(content)
