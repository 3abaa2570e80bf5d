"""One run of ingest: land the file, load it whole or not at all, sum the days."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ewater.errors import EWaterError, Fault, FaultsError, UsageError
from ewater.ingest import derived, opening, readings_csv, registered, reports_csv
from ewater.ingest.keeper import ChangedError, landed
from ewater.ingest.outcome import KnownError, Options, Outcome
from ewater.ingest.parse import HEADERS
from ewater.ingest.patience import patiently
from ewater.ingest.source import bodies, digest, header
from ewater.ingest.templates import entry as templates
from ewater.ingest.transaction import discarded_on_error
from ewater.store import landed_files, landing, unfinished

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ewater.ingest.outcome import Kind, Reading
    from ewater.ingest.source import Source


def ingest(engine: Engine, source: Source, options: Options | None = None) -> Outcome:
    """Load a file of readings or reports, told apart by its header.

    A workbook that `ewater template` wrote is known by what it carries.

    Parameters
    ----------
    engine
        Database at the newest schema.
    source
        The file; its bytes must not change while it is read.
    options
        How to run.

    Returns
    -------
    Outcome
        Counts with read = accepted + rejected.

    Raises
    ------
    FaultsError
        The header is of no known file. Nothing is loaded then, nor after any other
        error.
    StoreError
        The database went away and did not come back, or has no room.
    """
    given = options or Options()
    return patiently(lambda: _whole(engine, source, given))


def _whole(engine: Engine, source: Source, options: Options) -> Outcome:
    """Load a file and do what follows, also where that was interrupted before."""
    source, options = _prepared(source, options)
    outcome = _once(engine, source, options)
    if options.daily and outcome.kind == "readings" and not options.dry_run:
        derived.refresh(engine)
    return outcome if outcome.known else templates.told(engine, outcome, options.reader)


def _once(engine: Engine, source: Source, options: Options) -> Outcome:
    """Load a file whose bytes were not loaded before."""
    started = time.monotonic()
    kind = _kind(source, options)
    with engine.connect() as connection:
        familiar = landed_files.may_be_known(connection, source.size)
    sha256 = digest(source) if familiar else None
    key = landing.owner_key(sha256 or uuid.uuid4().bytes)
    with landing.owned(engine, key) as holder:
        unfinished.clear(holder)
        known = _published(holder, sha256, options) if sha256 else None
        if known is not None:
            return _known(holder, source, kind, known, started)
        try:
            file = landed_files.file_of(holder, sha256) if sha256 else None
            return _run(engine, source, kind, key, options, started, file)
        except KnownError:
            sha256 = digest(source)
            known = _published(holder, sha256, options)
            if known is not None:
                return _known(holder, source, kind, known, started)
            if kind == "reports":
                raise
            file = landed_files.file_of(holder, sha256)
            return _run(engine, source, kind, key, options, started, file)


def _published(holder: Connection, sha256: bytes, options: Options) -> int | None:
    """Load that did what is asked for, if there is one."""
    if options.again:
        return None
    said, span = options.profile_said, options.span.given
    return landing.published(holder, sha256, said, span)


def _run(
    engine: Engine,
    source: Source,
    kind: Kind,
    key: int,
    options: Options,
    started: float,
    file: int | None,
) -> Outcome:
    if kind == "reports":
        return reports_csv.run(engine, source, key, options, started)
    if options.dry_run:
        return _try(engine, source, options, started)
    try:
        return _load(engine, source, key, options, started, file)
    except ChangedError as error:  # its interrupted load is removed by now
        if options.say:
            options.say(f"{source.name}: {error}: starts anew")
        return _load(engine, source, key, options, started, file)


def _prepared(source: Source, options: Options) -> tuple[Source, Options]:
    """Ask the profile how to read the file and when it was issued."""
    if options.profile is None:
        return templates.prepared(source, options)
    from ewater.ingest.profiles import documents, issue

    source = documents.uncut(source, options.profile)
    issued = options.issued_at or issue.issued_at(source, options.profile)
    return source, replace(options, issued_at=issued)


def _reader(options: Options) -> Reading | None:
    if options.reader or options.profile is None:
        return options.reader
    from ewater.ingest.profiles.reader import Reader

    return Reader(options.profile)


def _cells(source: Source, options: Options) -> int:
    if options.profile or options.reader:
        return 0
    return readings_csv.cells_of(header(source))


def _kind(source: Source, options: Options) -> Kind:
    if options.profile or options.reader:
        return "readings"
    first = header(source)
    if first in HEADERS:
        return "readings"
    if first in reports_csv.HEADERS:
        if not options.span.is_all:
            raise UsageError(
                f"{source.name}: reports have periods; --from and --to choose readings"
            )
        return "reports"
    raise FaultsError(
        [
            Fault(
                file=source.name,
                line=1,
                column=None,
                message=f"unknown header {first[:80]!r}{_differences(first)}",
                allowed=f"use {HEADERS[0]} or {HEADERS[1]} for readings, "
                f"{reports_csv.HEADER} for reports",
            )
        ]
    )


def _differences(first: str) -> str:
    """Say what a header of readings lacks, and what it has instead."""
    wanted, found = HEADERS[0].split(","), first.split(",")
    missing = [name for name in wanted if name not in found]
    strange = [name for name in found if name not in HEADERS[1].split(",")]
    twice = [name for name in dict.fromkeys(found) if found.count(name) > 1]
    if len(missing) == len(wanted):
        return ""
    said = (("missing", missing), ("unknown", strange), ("twice", twice))
    return "".join(f"; {what}: {', '.join(names)}" for what, names in said if names)


def _known(
    holder: Connection,
    source: Source,
    kind: Kind,
    load: int,
    started: float,
) -> Outcome:
    counts, recorded = landing.counts(holder, load)
    return Outcome(
        source=source.name,
        kind=kind,
        load=load,
        known=True,
        counts=counts,
        seconds=time.monotonic() - started,
        recorded_from=recorded,
    )


def _trial(engine: Engine, source: Source, options: Options) -> readings_csv.Run:
    with engine.connect() as connection:
        schema = registered.schema(connection)
    return readings_csv.Run(
        engine=engine,
        source=source,
        schema=schema,
        cells=_cells(source, options),
        reader=_reader(options),
        load=None,
        issued_at=options.issued_at or datetime.now(UTC),
        now_us=options.now_us,
        progress=options.progress,
        span=options.span,
    )


def rows_of(engine: Engine, source: Source, options: Options) -> int:
    """Count the rows of a file, whatever is wrong with it.

    Of an unknown header the lines below it; 0 where rows cannot be told apart.
    """
    try:
        if options.profile is None and header(source) not in HEADERS:
            return sum(_filled(body) for body, _ in bodies(source))
        source, options = _prepared(source, replace(options, progress=None))
        return _trial(engine, source, options).count()
    except (EWaterError, OSError, ValueError):
        return 0


def _filled(body: bytes) -> int:
    return sum(bool(line.strip()) for line in body.split(b"\n"))


def _try(engine: Engine, source: Source, options: Options, started: float) -> Outcome:
    """Do all but write."""
    run = _trial(engine, source, options)
    tally = readings_csv.stage(run)
    return Outcome(
        source=source.name,
        kind="readings",
        load=None,
        known=False,
        counts=tally.counts(),
        seconds=time.monotonic() - started,
        rejects=tuple(tally.kept),
        outside=tally.outside,
    )


def _load(
    engine: Engine,
    source: Source,
    key: int,
    options: Options,
    started: float,
    known_file: int | None,
) -> Outcome:
    """Load a file; one that was landed before, for another profile, is not again."""
    begun = opening.begin(engine, source, key, options, known_file)
    file = None if known_file else begun.file
    with discarded_on_error(engine, begun.load):
        with landed(engine, file, begun.pieces) as keeper:
            run = readings_csv.Run(
                engine=engine,
                source=source,
                schema=begun.schema,
                cells=_cells(source, options),
                reader=_reader(options),
                load=begun.load,
                limits=begun.limits,
                judge=options.judge,
                issued_at=begun.issued_at,
                now_us=begun.rule.now_us,
                progress=options.progress,
                tap=keeper.take,
                span=options.span,
                unit_accepted=options.unit_accepted,
                book=begun.book(keeper.commit),
            )
            tally = readings_csv.stage(run)

        def seal(connection: Connection, load: int) -> None:
            if file is not None and not landed_files.seal(
                connection, file, keeper.digest
            ):
                raise KnownError
            if options.published:
                options.published(connection, load)

        counts, recorded = readings_csv.publish(
            run, tally, begun.rule.seen, started, seal
        )
    return Outcome(
        source=source.name,
        kind="readings",
        load=begun.load,
        known=False,
        counts=counts,
        seconds=time.monotonic() - started,
        recorded_from=recorded,
        outside=tally.outside,
    )
