"""Life of a load: landed, staged while nobody sees it, published at one instant.

A process that works on a load holds an advisory lock; a load that is neither
published nor held was left behind by a crash: `ewater.store.unfinished`.
"""

from __future__ import annotations

import hashlib
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.store import overtaken as stale
from ewater.store import recording
from ewater.store.instants import instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of a load: read = accepted + rejected, always."""

    rows_read: int = 0
    rejected: int = 0
    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    outdated: int = 0

    @property
    def accepted(self) -> int:
        """Rows that passed every check."""
        return self.new + self.corrected + self.unchanged + self.outdated


def owner_key(identity: bytes) -> int:
    """Advisory lock of whoever works on this file or act."""
    digest = hashlib.sha256(b"ewater load " + identity).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@contextmanager
def owned(engine: Engine, key: int) -> Iterator[Connection]:
    """Hold a lock as long as the block runs; wait for another holder first.

    Yields the connection that holds it, in autocommit: its end is the lock's.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
        holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
        try:
            yield holder
        finally:
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def published(
    connection: Connection,
    sha256: bytes,
    profile: str | None = None,
    span: tuple[datetime | None, datetime | None] = (None, None),
) -> int | None:
    """Load that published a file of these bytes by this profile, if there is one.

    It took at least the rows of ``span``, from a start up to an end.
    """
    found: int | None = connection.execute(
        text(
            "SELECT l.id FROM load AS l JOIN landed_file AS f ON f.id = l.file_id "
            "WHERE f.sha256 = :sha256 AND l.replay_of IS NULL "
            "AND l.recorded_from IS NOT NULL "
            "AND l.profile IS NOT DISTINCT FROM :profile "
            "AND (l.taken_from IS NULL OR l.taken_from <= :start) "
            "AND (l.taken_to IS NULL OR l.taken_to >= :end) "
            "ORDER BY l.id DESC LIMIT 1"
        ),
        {"sha256": sha256, "profile": profile, "start": span[0], "end": span[1]},
    ).scalar_one_or_none()
    return found


def counts(connection: Connection, load: int) -> tuple[Counts, datetime | None]:
    """Look up the counts of a load, and when it was published."""
    row = connection.execute(
        text(
            "SELECT rows_read, rejected, new, corrected, unchanged, outdated, "
            "recorded_from FROM load WHERE id = :load"
        ),
        {"load": load},
    ).one()
    return (
        Counts(
            rows_read=row.rows_read,
            rejected=row.rejected,
            new=row.new,
            corrected=row.corrected,
            unchanged=row.unchanged,
            outdated=row.outdated,
        ),
        row.recorded_from,
    )


def person(connection: Connection, name: str) -> uuid.UUID:
    """Random id of a person, made on first sight."""
    connection.execute(
        text(
            "INSERT INTO person (id, name) VALUES (:id, :name) "
            "ON CONFLICT (name) DO NOTHING"
        ),
        {"id": uuid.uuid4(), "name": name},
    )
    found: uuid.UUID = connection.execute(
        text("SELECT id FROM person WHERE name = :name"), {"name": name}
    ).scalar_one()
    return found


def begin(
    connection: Connection,
    *,
    kind: str,
    source: str,
    key: int,
    who: str,
    issued_at: datetime | None,
    file: int | None = None,
    replay_of: int | None = None,
    profile: str | None = None,
    span: tuple[datetime | None, datetime | None] = (None, None),
) -> tuple[int, datetime]:
    """Open a load, unpublished.

    Parameters
    ----------
    connection
        In a transaction.
    kind, source, who
        What it is, the name of its file or act, and who runs it.
    key
        The advisory lock that its process holds.
    issued_at
        None for the present: the file's first landing.
    file
        The landed file, if there is one.
    replay_of
        Load whose held rows are loaded again.
    profile
        The source profile as JSON; None for the canonical layout.
    span
        Start and end of what is taken of the file; None where nothing is left out.

    Returns
    -------
    load, issued_at
    """
    row = connection.execute(
        text(
            "INSERT INTO load (kind, source, file_id, actor, owner_key, replay_of, "
            "profile, taken_from, taken_to, issued_at) VALUES (:kind, :source, :file, "
            ":actor, :key, :replay_of, :profile, :start, :end, "
            "coalesce(:issued_at, clock_timestamp())) "
            "RETURNING id, issued_at"
        ),
        {
            "kind": kind,
            "source": source,
            "file": file,
            "actor": person(connection, who),
            "key": key,
            "replay_of": replay_of,
            "profile": profile,
            "start": span[0],
            "end": span[1],
            "issued_at": issued_at,
        },
    ).one()
    return row.id, row.issued_at


def lock_series(connection: Connection, load: int) -> None:
    """Lock the series a load has staged, in the order of their codes."""
    connection.execute(
        text(
            "SELECT 1 FROM series_key WHERE id IN "
            "(SELECT series_id FROM chunk WHERE load_id = :load) "
            "ORDER BY code FOR NO KEY UPDATE"
        ),
        {"load": load},
    )


def overtaken(connection: Connection, load: int, seen: datetime) -> list[int]:
    """Series in which others published after ``seen`` where this load staged rows."""
    newer = connection.execute(
        text("SELECT EXISTS (SELECT FROM load WHERE recorded_from > :seen)"),
        {"seen": seen},
    ).scalar_one()
    if not newer:
        return []
    found = connection.execute(
        text(
            "SELECT DISTINCT mine.series_id FROM chunk AS mine "
            "JOIN chunk AS c ON c.series_id = mine.series_id "
            "AND c.first_time <= mine.last_time AND c.last_time >= mine.first_time "
            "LEFT JOIN load AS d ON d.id = c.load_id WHERE mine.load_id = :load "
            "AND coalesce(c.newest, d.recorded_from) > :seen"
        ),
        {"load": load, "seen": seen},
    )
    return list(found.scalars())


def last_recorded(connection: Connection) -> datetime:
    """Look up the newest recorded time of a load; 1970 if there is none."""
    found: datetime | None = connection.execute(
        text("SELECT max(recorded_from) FROM load")
    ).scalar_one()
    return found or instant(0)


def publish(
    connection: Connection,
    load: int,
    counts: Counts,
    seconds: float,
    outside: int = 0,
) -> datetime:
    """Make a load visible, and mark the kept runs that it overtakes; commit next.

    Returns
    -------
    datetime.datetime
        The load's recorded time: readers as of then, or later, see it.
    """
    connection.execute(
        text(
            "INSERT INTO daily_due (series_id, first_time, last_time) "
            "SELECT series_id, first_time, last_time FROM chunk WHERE load_id = :load"
        ),
        {"load": load},
    )
    recorded = recording.moment(connection)
    connection.execute(
        text(
            "UPDATE load SET recorded_from = :recorded, seconds = :seconds, "
            "rows_read = :rows_read, accepted = :accepted, rejected = :rejected, "
            "new = :new, corrected = :corrected, unchanged = :unchanged, "
            "outdated = :outdated, outside = :outside WHERE id = :load"
        ),
        {
            "recorded": recorded,
            "seconds": seconds,
            "load": load,
            "rows_read": counts.rows_read,
            "accepted": counts.accepted,
            "rejected": counts.rejected,
            "new": counts.new,
            "corrected": counts.corrected,
            "unchanged": counts.unchanged,
            "outdated": counts.outdated,
            "outside": outside,
        },
    )
    stale.by_load(connection, load)
    return recorded
