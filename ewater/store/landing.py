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

import pyarrow as pa
from sqlalchemy import text

from ewater.errors import EWaterError
from ewater.store import overtaken as stale
from ewater.store import recording
from ewater.store.instants import cursor, instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

_FORGET = """
DELETE FROM landed_file AS f
WHERE f.id = :file AND NOT EXISTS (SELECT FROM load WHERE file_id = f.id)
    AND NOT EXISTS (SELECT FROM source_run WHERE file_id = f.id)
"""
_CODEC_LEVEL = 1  # faster than the disk, and CSV shrinks six times already


class LandingError(EWaterError):
    """A landed file is not what was announced."""


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


def file_of(connection: Connection, sha256: bytes) -> int | None:
    """File that was landed with these bytes, if there is one."""
    found: int | None = connection.execute(
        text("SELECT id FROM landed_file WHERE sha256 = :sha256"), {"sha256": sha256}
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


def compress(raw: bytes) -> bytes:
    """One zstd frame."""
    codec = pa.Codec("zstd", compression_level=_CODEC_LEVEL)
    packed: bytes = codec.compress(raw, asbytes=True)
    return packed


def decompress(packed: bytes, size: int) -> bytes:
    """Give back what `compress` took, of so many bytes."""
    raw: bytes = pa.Codec("zstd").decompress(
        packed, decompressed_size=size, asbytes=True
    )
    return raw


def new_file(connection: Connection, size: int) -> int:
    """Make room for a file whose bytes are yet to land."""
    found: int = connection.execute(
        text("INSERT INTO landed_file (size) VALUES (:size) RETURNING id"),
        {"size": size},
    ).scalar_one()
    return found


def land(connection: Connection, file: int, number: int, raw: bytes) -> None:
    """Keep one piece of a file as received."""
    keep(connection, file, number, len(raw), compress(raw))


def keep(
    connection: Connection, file: int, number: int, size: int, packed: bytes
) -> None:
    """Keep one piece of a file of so many bytes, compressed by `compress`."""
    cursor(connection).execute(
        "INSERT INTO landed_piece (file_id, number, size, content) "
        "VALUES (%s, %s, %s, %s)",
        [file, number, size, packed],
    )


def seal(connection: Connection, file: int, sha256: bytes) -> bool:
    """Name a landed file by its hash; False if these bytes are kept already.

    Waits for another transaction that is sealing the same bytes.
    """
    sealed = connection.execute(
        text(
            "UPDATE landed_file SET sha256 = :sha256, size = "
            "(SELECT coalesce(sum(size), 0) FROM landed_piece WHERE file_id = :file) "
            "WHERE id = :file "
            "AND NOT EXISTS (SELECT FROM landed_file WHERE sha256 = :sha256)"
        ),
        {"file": file, "sha256": sha256},
    )
    return bool(sealed.rowcount)


def forget(connection: Connection, file: int) -> None:
    """Remove a landed file that neither a load nor a run tells of."""
    connection.execute(text(_FORGET), {"file": file})


def may_be_known(connection: Connection, size: int) -> bool:
    """Say whether a file of this size has landed: others need no hash beforehand."""
    found: bool = connection.execute(
        text(
            "SELECT EXISTS "
            "(SELECT FROM landed_file WHERE size = :size AND sha256 IS NOT NULL)"
        ),
        {"size": size},
    ).scalar_one()
    return found


def pieces(connection: Connection, file: int) -> int:
    """Count the pieces of a file that have landed."""
    found: int = connection.execute(
        text("SELECT count(*) FROM landed_piece WHERE file_id = :file"), {"file": file}
    ).scalar_one()
    return found


def piece(connection: Connection, file: int, number: int) -> bytes | None:
    """Give one piece of a file back; None where there are fewer."""
    found = connection.execute(
        text(
            "SELECT size, content FROM landed_piece "
            "WHERE file_id = :file AND number = :number"
        ),
        {"file": file, "number": number},
    ).one_or_none()
    if found is None:
        return None
    return decompress(found.content, found.size)


def landed(connection: Connection, load: int) -> Iterator[bytes]:
    """Give the file of a load back, piece by piece; errors as of `content`."""
    file = connection.execute(
        text("SELECT file_id FROM load WHERE id = :load"), {"load": load}
    ).scalar_one()
    return content(connection, file)


def content(connection: Connection, file: int) -> Iterator[bytes]:
    """Give a landed file back, piece by piece.

    Raises
    ------
    LandingError
        The pieces are not the bytes that were landed.
    """
    sha256 = connection.execute(
        text("SELECT sha256 FROM landed_file WHERE id = :file"), {"file": file}
    ).scalar_one()
    digest = hashlib.sha256()
    number = 0
    while (raw := piece(connection, file, number)) is not None:
        digest.update(raw)
        number += 1
        yield raw
    if digest.digest() != sha256:
        raise LandingError(f"landed file {file} is not whole; restore it from a backup")


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
