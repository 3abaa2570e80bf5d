"""Bodies that were sent to us: kept before they are acknowledged, loaded later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.store import recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection, Engine

_LOCK = 0x65777073  # "ewps": one process at a time loads what waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A body that waits to be loaded."""

    id: int
    source: str | None
    key_id: str | None
    topic: str | None
    format: str
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a post in the file of its load; none if it has no rows."""

    post: int
    first: int
    last: int


_KEEP = text(
    "INSERT INTO post (source, key_id, topic, format, sha256, body) "
    "VALUES (:source, NULL, :topic, :format, :sha256, :body) RETURNING id"
)
# The key is looked at again: it may have been taken back since it was last read.
_KEEP_BY_KEY = text(
    """
    INSERT INTO post (source, key_id, format, sha256, body)
    SELECT :source, k.id, :format, :sha256, :body FROM push_key AS k
    WHERE k.id = :key AND k.revoked_at IS NULL AND (k.per_minute IS NULL OR
        k.per_minute > (SELECT count(*) FROM post AS p WHERE p.key_id = k.id
                        AND p.received_at > now() - interval '1 minute'))
    RETURNING id
    """
)


def keep(
    connection: Connection,
    body: bytes,
    *,
    format: str,
    source: str | None = None,
    topic: str | None = None,
) -> int:
    """Keep a message of a broker; return its receipt. Committed by the caller."""
    said = {"source": source, "topic": topic, "format": format, "body": body}
    digest = hashlib.sha256(body).digest()
    receipt: int = connection.execute(_KEEP, {**said, "sha256": digest}).scalar_one()
    return receipt


def keep_by_key(
    connection: Connection, body: bytes, *, key: str, format: str, source: str | None
) -> int | None:
    """Keep a post; None if its key holds no longer, or has sent its share."""
    said = {"source": source, "key": key, "format": format, "body": body}
    digest = hashlib.sha256(body).digest()
    receipt: int | None = connection.execute(
        _KEEP_BY_KEY, {**said, "sha256": digest}
    ).scalar_one_or_none()
    return receipt


def format_of(body: bytes) -> str:
    """Tell a canonical document from a canonical table by how it starts."""
    return "json" if body.lstrip()[:1] == b"{" else "csv"


# Sizes are known without reading the bodies, so that those beyond are not read.
_WAITING = text(
    """
    WITH next AS (
        SELECT id, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS b
        FROM post WHERE load_id IS NULL AND error IS NULL ORDER BY id LIMIT :most
    )
    SELECT p.id, p.source, p.key_id, p.topic, p.format, p.received_at, p.body
    FROM post AS p JOIN next USING (id) WHERE next.b < :size ORDER BY p.id
    """
)


def waiting(connection: Connection, most: int, size: int) -> list[Post]:
    """Oldest posts that wait: at most so many, and about so many bytes in all."""
    rows = connection.execute(_WAITING, {"most": most, "size": size})
    return [Post(**row) for row in rows.mappings()]


def loaded(connection: Connection, load: int, places: Sequence[Place]) -> None:
    """Note the load of some posts, in the transaction that publishes it."""
    connection.execute(
        text(
            "UPDATE post SET load_id = :load, first_line = w.a, last_line = w.b "
            "FROM unnest(cast(:ids AS bigint[]), cast(:first AS bigint[]), "
            "cast(:last AS bigint[])) AS w (i, a, b) WHERE id = w.i"
        ),
        {
            "load": load,
            "ids": [place.post for place in places],
            "first": [place.first for place in places],
            "last": [place.last for place in places],
        },
    )
    connection.execute(
        text(
            "UPDATE push_key AS k SET last_used = greatest(k.last_used, p.at) FROM "
            "(SELECT key_id, max(received_at) AS at FROM post WHERE id = ANY(:ids) "
            "GROUP BY key_id) AS p WHERE k.id = p.key_id"
        ),
        {"ids": [place.post for place in places]},
    )


def failed(connection: Connection, post: int, error: str) -> None:
    """Set a post aside that cannot be loaded; it stays."""
    connection.execute(
        text("UPDATE post SET error = :error WHERE id = :post AND load_id IS NULL"),
        {"post": post, "error": error},
    )


def again(connection: Connection, source: str | None) -> int:
    """Let posts that failed wait again; return how many."""
    return connection.execute(
        text(
            "UPDATE post SET error = NULL WHERE error IS NOT NULL "
            "AND load_id IS NULL AND source IS NOT DISTINCT FROM :source"
        ),
        {"source": source},
    ).rowcount


def receipt(connection: Connection, post: int, key: str) -> dict[str, Any] | None:
    """Say what became of a post of a key: the post, and its rejected rows."""
    found = connection.execute(
        text(
            "SELECT id, source, received_at, format, sha256, load_id, first_line, "
            "last_line, error FROM post WHERE id = :post AND key_id = :key"
        ),
        {"post": post, "key": key},
    ).one_or_none()
    if found is None:
        return None
    rows = connection.execute(
        text(
            "SELECT line, column_name AS column, reason, detail, raw, held, "
            "resolved_by FROM reject WHERE load_id = :load "
            "AND line BETWEEN :first AND :last ORDER BY line, column_name"
        ),
        {"load": found.load_id, "first": found.first_line, "last": found.last_line},
    )
    return {**found._mapping, "rejects": [dict(row) for row in rows.mappings()]}


def only_loader(engine: Engine) -> AbstractContextManager[bool]:
    """Be the one that loads what waits; False if another process is."""
    return recording.held_alone(engine, _LOCK)


def count_waiting(connection: Connection) -> int:
    """How many posts wait to be loaded."""
    found: int = connection.execute(
        text("SELECT count(*) FROM post WHERE load_id IS NULL AND error IS NULL")
    ).scalar_one()
    return found
