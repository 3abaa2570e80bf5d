"""Loads that were begun and not published: where one goes on, and which are removed.

A load whose process is gone goes on where it was if it left a checkpoint, is asked for
by the same rule, and is not too old. Every other one is cleared away.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.store import landed_files
from ewater.store.instants import cursor

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

KEPT_DAYS = 7  # so long an interrupted load waits to be gone on with


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a load goes by from its start to its end.

    ``same`` is a hash of all that must be unchanged for it to go on; ``seen`` the
    newest recorded time when it was opened, ``now_us`` what was the future then.
    """

    same: bytes
    seen: datetime
    now_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A window is staged: how far that is, and what it adds.

    The first ``blocks`` blocks of the file are staged, that is its first ``position``
    bytes; ``line`` is the next one, 0 where there is none. ``state`` is what the
    window found, and the counts are those of the load up to it.
    """

    number: int
    blocks: int
    line: int
    position: int
    last_rejected: int
    rows_read: int
    rejected: int
    outside: int
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A load that goes on, now of this process."""

    load: int
    file: int
    issued_at: datetime
    rule: Rule
    checkpoints: tuple[Checkpoint, ...]


_NAMES = [field.name for field in fields(Checkpoint)]
_WRITE = f"""
INSERT INTO load_checkpoint (load_id, same, seen, now_us, {", ".join(_NAMES)})
VALUES (%s, %s, %s, %s{", %s" * len(_NAMES)})
"""  # noqa: S608 - names of our columns
_READ = text(
    f"SELECT {', '.join(_NAMES)} FROM load_checkpoint "  # noqa: S608 - as above
    "WHERE load_id = :load ORDER BY number"
)
_CANDIDATES = text(
    "SELECT l.id, l.owner_key, l.file_id, l.issued_at, c.same, c.seen, c.now_us "
    "FROM load AS l JOIN landed_file AS f ON f.id = l.file_id "
    "JOIN load_checkpoint AS c ON c.load_id = l.id AND c.number = 0 "
    "WHERE l.recorded_from IS NULL AND l.source = :source AND f.size = :size "
    "AND CASE WHEN CAST(:file AS bigint) IS NULL THEN f.sha256 IS NULL "
    "ELSE f.id = :file END ORDER BY l.id DESC"
)
_TAKE = text(
    "UPDATE load SET owner_key = :mine "
    "WHERE id = :load AND owner_key = :key AND recorded_from IS NULL"
)
# What a load rejects once all its windows are staged is found again.
_LATER_REJECTS = text(
    "DELETE FROM reject WHERE load_id = :load "
    "AND (line > :line OR reason IN ('conflict', 'wrong_unit'))"
)
_WAITS = (
    "EXISTS (SELECT FROM load_checkpoint AS c WHERE c.load_id = l.id "
    f"AND c.made_at > clock_timestamp() - interval '{KEPT_DAYS} days')"
)
_LEFT = text(
    "SELECT l.id, l.owner_key FROM load AS l "  # noqa: S608 - a constant
    f"WHERE l.recorded_from IS NULL AND NOT {_WAITS}"
)
_REMOVE = (
    "DELETE FROM chunk WHERE load_id = :load",
    "DELETE FROM load WHERE id = :load",
)


def write(
    connection: Connection, load: int, rule: Rule, checkpoint: Checkpoint
) -> None:
    """Keep a checkpoint, in the transaction that stages its window."""
    cursor(connection).execute(
        _WRITE, [load, rule.same, rule.seen, rule.now_us, *astuple(checkpoint)]
    )


def forget(connection: Connection, load: int) -> None:
    """Let a load go on from no checkpoint: what was staged is being changed."""
    connection.execute(
        text("DELETE FROM load_checkpoint WHERE load_id = :load"), {"load": load}
    )


def adopt(
    connection: Connection,
    *,
    key: int,
    same: bytes,
    source: str,
    size: int,
    file: int | None,
) -> Adopted | None:
    """Take over a load of such a file whose process is gone; None if there is none.

    One that goes by another rule is removed: its file starts anew.

    Parameters
    ----------
    connection
        In a transaction; the load is ours once it is committed.
    key
        The advisory lock that this process holds.
    same
        The rule that is asked for.
    source, size
        Name and bytes of the file.
    file
        The landed file, where its bytes were landed before.
    """
    given = {"source": source, "size": size, "file": file}
    for row in connection.execute(_CANDIDATES, given).all():
        if not _ended(connection, row.owner_key, key):
            continue
        if row.same != same:
            remove(connection, row.id, row.owner_key)
            continue
        taken = {"mine": key, "load": row.id, "key": row.owner_key}
        if not connection.execute(_TAKE, taken).rowcount:
            continue
        found = connection.execute(_READ, {"load": row.id}).mappings().all()
        checkpoints = tuple(Checkpoint(**one) for one in found)
        last = {"load": row.id, "line": checkpoints[-1].last_rejected}
        connection.execute(_LATER_REJECTS, last)
        return Adopted(
            load=row.id,
            file=row.file_id,
            issued_at=row.issued_at,
            rule=Rule(same=row.same, seen=row.seen, now_us=row.now_us),
            checkpoints=checkpoints,
        )
    return None


def _ended(connection: Connection, key: int, mine: int) -> bool:
    """Whether nobody else holds a lock; held then until the transaction ends."""
    if key == mine:
        return True
    free: bool = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}
    ).scalar_one()
    return free


def clear(holder: Connection) -> int:
    """Remove the unpublished loads that nobody will go on with; return how many.

    ``holder`` is in autocommit.
    """
    gone = 0
    for load, key in holder.execute(_LEFT).all():
        locked = holder.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": key}
        ).scalar_one()
        if not locked:
            continue
        try:
            gone += remove(holder, load, key)
        finally:
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
    return gone


def sweep(engine: Engine) -> int:
    """Do what `clear` does."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
        return clear(holder)


def remove(connection: Connection, load: int, key: int | None = None) -> int:
    """Remove a load and its file, unless it is published or of another by now."""
    found = connection.execute(
        text(
            "SELECT file_id FROM load WHERE id = :load AND recorded_from IS NULL "
            "AND (CAST(:key AS bigint) IS NULL OR owner_key = :key)"
        ),
        {"load": load, "key": key},
    ).one_or_none()
    if found is None:
        return 0
    for statement in _REMOVE:
        connection.execute(text(statement), {"load": load})
    if found.file_id is not None:
        landed_files.forget(connection, found.file_id)
    return 1


def discard(engine: Engine, load: int, *, resumable: bool = False) -> None:
    """Remove an unpublished load of this process, or leave one that can go on."""
    with engine.begin() as connection:
        kept = (
            resumable
            and connection.execute(
                text(f"SELECT {_WAITS} FROM load AS l WHERE l.id = :load"),  # noqa: S608
                {"load": load},
            ).scalar_one_or_none()
        )
        if not kept:
            remove(connection, load)
