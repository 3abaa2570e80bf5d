"""The bytes of a file that is refused are kept with its hash; no row is taken."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ewater.ingest import jobs
from ewater.ingest.patience import patiently
from ewater.ingest.source import digest, unparted
from ewater.store import landed_files, landing, source_runs

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.ingest.outcome import Options
    from ewater.ingest.source import Source


def keep(engine: Engine, run: int, source: Source, options: Options) -> None:
    """Land a file whose run failed, and count its rows: all are rejected.

    The bytes are not known by that: given again, they are tried again.

    Raises
    ------
    StoreError
        The database is away or has no room.
    """
    rows = jobs.rows_of(engine, source, options)
    patiently(lambda: _keep(engine, run, unparted(source), rows))


def _land(connection: Connection, source: Source) -> int:
    """Land all bytes as they are read now, which the hash is of."""
    file = landed_files.new_file(connection, source.size)
    found = hashlib.sha256()
    for number, block in enumerate(source.blocks()):
        found.update(block)
        landed_files.land(connection, file, number, block)
    if landed_files.seal(connection, file, found.digest()):
        return file
    landed_files.forget(connection, file)  # another one has kept them meanwhile
    known = landed_files.file_of(connection, found.digest())
    if known is None:
        raise landed_files.LandingError(f"{source.name} changes while it is read")
    return known


def _keep(engine: Engine, run: int, source: Source, rows: int) -> None:
    sha256 = digest(source)
    with (
        landing.owned(engine, landing.owner_key(sha256)),
        engine.begin() as connection,
    ):
        file = landed_files.file_of(connection, sha256)
        if file is None:
            file = _land(connection, source)
        source_runs.refused(connection, run, file, rows)
