"""A load of readings is opened, or an interrupted one of the same file taken over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ewater.ingest import limits, registered, source, window
from ewater.ingest.checkpoints import Book, start
from ewater.store import landed_files, landing, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from ewater.ingest.limits import InForce
    from ewater.ingest.outcome import Options
    from ewater.ingest.parse import Schema
    from ewater.ingest.source import Source

_VERSION = 1  # of what a checkpoint means; a new one lets no load go on


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An unpublished load of this process.

    ``pieces`` of its ``file`` have landed and ``checkpoints`` are there if it goes on.
    """

    load: int
    file: int
    issued_at: datetime
    schema: Schema
    limits: InForce
    rule: unfinished.Rule
    pieces: int = 0
    checkpoints: tuple[unfinished.Checkpoint, ...] = ()
    resumable: bool = True

    def book(self, before: Callable[[], None]) -> Book | None:
        """Make the book of its checkpoints; None if it is to leave none."""
        if not self.resumable:
            return None
        return Book(
            load=self.load,
            rule=self.rule,
            ids=self.schema.ids,
            before=before,
            kept=self.checkpoints,
        )


def begin(
    engine: Engine, file: Source, key: int, options: Options, known_file: int | None
) -> Begun:
    """Open a load, or go on with one of the same file whose process has gone.

    Parameters
    ----------
    engine, file, options
        What is loaded, and how.
    key
        The advisory lock that this process holds.
    known_file
        The landed file, where these bytes were landed before.
    """
    with engine.begin() as connection:
        schema = registered.schema(connection)
        in_force = limits.in_force(connection)
        same = _same(connection, options)
        found = None
        if _is_resumable(options):
            found = unfinished.adopt(
                connection,
                key=key,
                same=same,
                source=file.name,
                size=file.size,
                file=known_file,
            )
        if found is None:
            return _anew(
                connection, file, key, options, known_file, schema, in_force, same
            )
        pieces = 0 if known_file else landed_files.pieces(connection, found.file)
    if options.say:
        options.say(_goes_on(file, found.checkpoints))
    return Begun(
        load=found.load,
        file=found.file,
        issued_at=found.issued_at,
        schema=schema,
        limits=in_force,
        rule=found.rule,
        pieces=pieces,
        checkpoints=found.checkpoints,
    )


def _anew(
    connection: Connection,
    source: Source,
    key: int,
    options: Options,
    known_file: int | None,
    schema: Schema,
    in_force: InForce,
    same: bytes,
) -> Begun:
    seen = landing.last_recorded(connection)
    file = known_file or landed_files.new_file(connection, source.size)
    load, issued_at = landing.begin(
        connection,
        kind="readings",
        source=source.name,
        key=key,
        who=options.person,
        issued_at=options.issued_at,
        file=file,
        profile=options.profile_said,
        span=options.span.given,
    )
    return Begun(
        load=load,
        file=file,
        issued_at=issued_at,
        schema=schema,
        limits=in_force,
        rule=unfinished.Rule(same=same, seen=seen, now_us=options.now_us),
        resumable=_is_resumable(options),
    )


def _is_resumable(options: Options) -> bool:
    """Whether a file is what is loaded: posts and templates bring readers of theirs."""
    return options.reader is None and not options.again


def _same(connection: Connection, options: Options) -> bytes:
    """Hash all that decides, beside the bytes, what becomes of a file."""
    said = (
        _VERSION,
        limits.version(connection),
        options.profile_said,
        options.span.given,
        options.issued_at,
        options.unit_accepted,
        options.judge,
        source.BLOCK,
        window.WINDOW_ROWS,
    )
    return hashlib.sha256(repr(said).encode()).digest()


def _goes_on(file: Source, kept: tuple[unfinished.Checkpoint, ...]) -> str:
    place = start(kept)
    share = 100 * place.position / max(file.size, 1)
    where = f"line {place.line:,}" if place.line else "its end"
    return f"{file.name}: goes on at {where} ({share:.0f} % of the file)"
