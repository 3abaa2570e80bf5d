"""Runs of ingest as rows: begun, done, failed, or lost with their process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.store import landing

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a run is to do, and for whom."""

    source: str | None
    item: str
    who: str
    attempt: int = 1
    job: int | None = None


def begin(connection: Connection, work: Work, load: int | None = None) -> int:
    """Open a run; it is seen as running."""
    number: int = connection.execute(
        text(
            "INSERT INTO source_run (source, item, actor, attempt, job, load_id) "
            "VALUES (:source, :item, :actor, :attempt, :job, :load) RETURNING id"
        ),
        {
            "source": work.source,
            "item": work.item,
            "actor": landing.person(connection, work.who),
            "attempt": work.attempt,
            "job": work.job,
            "load": load,
        },
    ).scalar_one()
    return number


def attach(connection: Connection, run: int, load: int) -> None:
    """Say which load a run makes, in the transaction that publishes it."""
    connection.execute(
        text("UPDATE source_run SET load_id = :load WHERE id = :run"),
        {"run": run, "load": load},
    )


def done(
    connection: Connection,
    run: int,
    *,
    load: int | None,
    counts: landing.Counts,
) -> None:
    """Close a run that went well; its bytes are those of its load."""
    connection.execute(
        text(
            "UPDATE source_run SET state = 'done', load_id = :load, (sha256, size) = "
            "(SELECT f.sha256, f.size FROM load AS l JOIN landed_file AS f "
            "ON f.id = l.file_id WHERE l.id = :load), "
            "rows_read = :rows_read, accepted = :accepted, "
            "rejected = :rejected, new = :new, corrected = :corrected, "
            "unchanged = :unchanged, seconds = "
            "extract(epoch FROM clock_timestamp() - started_at) WHERE id = :run"
        ),
        {
            "run": run,
            "load": load,
            "rows_read": counts.rows_read,
            "accepted": counts.accepted,
            "rejected": counts.rejected,
            "new": counts.new,
            "corrected": counts.corrected,
            "unchanged": counts.unchanged + counts.outdated,
        },
    )


def failed(
    connection: Connection,
    run: int,
    error: str,
    sha256: bytes | None = None,
    size: int | None = None,
) -> None:
    """Close a run that did not."""
    connection.execute(
        text(
            "UPDATE source_run SET state = 'failed', error = :error, "
            "sha256 = :sha256, size = :size, seconds = "
            "extract(epoch FROM clock_timestamp() - started_at) WHERE id = :run"
        ),
        {"run": run, "error": error, "sha256": sha256, "size": size},
    )


def refused(connection: Connection, run: int, file: int, rows: int) -> None:
    """Say of a run that failed where its bytes are, and that no row was taken."""
    connection.execute(
        text(
            "UPDATE source_run SET file_id = :file, rows_read = :rows, "
            "rejected = :rows WHERE id = :run"
        ),
        {"run": run, "file": file, "rows": rows},
    )


def settle_lost(connection: Connection, source: str) -> int:
    """Close runs whose process is gone; the caller holds the lock of the source.

    One that published its load before is done, and has the counts of the load.
    """
    connection.execute(
        text(
            "UPDATE source_run AS r SET state = 'done', (rows_read, accepted, "
            "rejected, new, corrected, unchanged, sha256, size, seconds) = "
            "(SELECT l.rows_read, l.accepted, l.rejected, l.new, l.corrected, "
            "l.unchanged + l.outdated, f.sha256, f.size, l.seconds "
            "FROM load AS l LEFT JOIN landed_file AS f ON f.id = l.file_id "
            "WHERE l.id = r.load_id) "
            "WHERE source = :source AND state = 'running' AND load_id IS NOT NULL"
        ),
        {"source": source},
    )
    return connection.execute(
        text(
            "UPDATE source_run SET state = 'lost', error = 'its process ended before "
            "it could say how it went; what it published stays, the rest is done again'"
            " WHERE source = :source AND state = 'running'"
        ),
        {"source": source},
    ).rowcount


def read(
    connection: Connection,
    *,
    source: str | None = None,
    only_failed: bool = False,
    most: int = 50,
) -> list[dict[str, Any]]:
    """Newest runs first."""
    rows = connection.execute(
        text(
            "SELECT r.id, coalesce(r.source, '') AS source, r.item, "
            "coalesce(p.name, '') AS who, r.started_at, r.seconds, r.state, "
            "r.attempt, r.job, r.load_id AS load, encode(r.sha256, 'hex') AS sha256, "
            "r.size, r.file_id AS file, r.rows_read, r.accepted, r.rejected, r.new, "
            "r.corrected, r.unchanged, r.error FROM source_run AS r "
            "LEFT JOIN person AS p ON p.id = r.actor "
            "WHERE (cast(:source AS text) IS NULL OR r.source = :source) "
            "AND (NOT :only_failed OR r.state IN ('failed', 'lost')) "
            "ORDER BY r.id DESC LIMIT :most"
        ),
        {"source": source, "only_failed": only_failed, "most": most},
    )
    return [dict(row) for row in rows.mappings()]


def find(connection: Connection, run: int) -> dict[str, Any] | None:
    """One run by its number."""
    row = connection.execute(
        text("SELECT id, source, item, state, job FROM source_run WHERE id = :run"),
        {"run": run},
    )
    found = row.mappings().one_or_none()
    return None if found is None else dict(found)
