"""Files as they were received: pieces, compressed, under the hash of the whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import text

from ewater.errors import EWaterError
from ewater.store.instants import cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_FORGET = """
DELETE FROM landed_file AS f
WHERE f.id = :file AND NOT EXISTS (SELECT FROM load WHERE file_id = f.id)
    AND NOT EXISTS (SELECT FROM source_run WHERE file_id = f.id)
"""
_CODEC_LEVEL = 1  # faster than the disk, and CSV shrinks six times already


class LandingError(EWaterError):
    """A landed file is not what was announced."""


def file_of(connection: Connection, sha256: bytes) -> int | None:
    """File that was landed with these bytes, if there is one."""
    found: int | None = connection.execute(
        text("SELECT id FROM landed_file WHERE sha256 = :sha256"), {"sha256": sha256}
    ).scalar_one_or_none()
    return found


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
