"""Held rows loaded again once what they need is registered."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from ewater.ingest import derived, limits, readings_csv, registered, reports_csv
from ewater.ingest.outcome import Options, Outcome, Span
from ewater.ingest.profiles.model import Profile
from ewater.ingest.profiles.reader import Reader
from ewater.ingest.source import Memory, header
from ewater.ingest.templates import entry as templates
from ewater.ingest.transaction import discarded_on_error
from ewater.store import landed_files, landing, rejects, unfinished

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from ewater.ingest.parse import Parsed, Schema

    Held = Sequence[tuple[int, str, str]]


def replay(
    engine: Engine, load: int | None = None, options: Options | None = None
) -> list[Outcome]:
    """Load held rows of one load, or of all, that can be loaded by now.

    A replayed row is issued when its file was, so that it replaces nothing newer.
    Rows that still wait stay held, and so do those that seem to be in another unit
    unless ``options.unit_accepted``.

    Returns
    -------
    list of Outcome
        One for each load of which a row could be settled.
    """
    options = options or Options()
    with engine.connect() as connection:
        but = () if options.unit_accepted else ("wrong_unit",)
        waiting = rejects.held(connection, load, but=but)
    outcomes = []
    for number, held in waiting.items():
        key = landing.owner_key(b"replay %d" % number)
        with landing.owned(engine, key) as holder:
            unfinished.clear(holder)
            outcome = _replay(engine, number, held, key, options)
        if outcome is not None:
            outcomes.append(outcome)
    if outcomes and options.daily:
        derived.refresh(engine)
    return outcomes


def _replay(
    engine: Engine, number: int, held: Held, key: int, options: Options
) -> Outcome | None:
    started = clock.monotonic()
    with engine.begin() as connection:
        origin = connection.execute(
            text(
                "SELECT kind, source, file_id, issued_at, profile, taken_from, "
                "taken_to FROM load WHERE id = :load"
            ),
            {"load": number},
        ).one()
        if origin.profile is not None:
            raw = b"".join(landed_files.landed(connection, number))
            return _replay_profiled(engine, number, origin, held, raw, key, options)
        first = next(iter(landed_files.landed(connection, number)))
    head = header(Memory(origin.source, first))
    if origin.kind == "reports":
        return _replay_reports(engine, number, origin, held, key, head, options)
    with engine.begin() as connection:
        schema = registered.schema(connection)
        in_force = limits.in_force(connection)
    held = _settled(schema, held, head, options)
    if not held:
        return None
    source = _source(origin, head, held)
    with engine.begin() as connection:
        seen = landing.last_recorded(connection)
        load = _begin(connection, origin, number, key, options)
    run = readings_csv.Run(
        engine=engine,
        source=source,
        schema=schema,
        cells=readings_csv.cells_of(head),
        load=load,
        limits=in_force,
        issued_at=origin.issued_at,
        now_us=options.now_us,
        unit_accepted=options.unit_accepted,
        lines=np.array([line for line, *_ in held]),
        span=Span(start=origin.taken_from, end=origin.taken_to),
    )
    return _publish(
        run, number, [(line, column) for line, _, column in held], seen, started
    )


def _publish(
    run: readings_csv.Run,
    number: int,
    cells: Sequence[tuple[int, str]],
    seen: datetime,
    started: float,
) -> Outcome:
    """Load held rows and mark them as settled, at one instant."""

    def resolve(connection: Connection, by: int) -> None:
        rejects.resolve(connection, number, cells, by)

    if run.load is None:
        raise ValueError("a replay is a load")
    with discarded_on_error(run.engine, run.load):
        tally = readings_csv.stage(run)
        counts, recorded = readings_csv.publish(run, tally, seen, started, resolve)
    return Outcome(
        source=run.source.name,
        kind="readings",
        load=run.load,
        known=False,
        counts=counts,
        seconds=clock.monotonic() - started,
        recorded_from=recorded,
        outside=tally.outside,
    )


def _replay_profiled(
    engine: Engine,
    number: int,
    origin: Row[tuple[object, ...]],
    held: Held,
    raw: bytes,
    key: int,
    options: Options,
) -> Outcome | None:
    """Read the landed file again by its profile, as it was; take the held rows."""
    started = clock.monotonic()
    reader = templates.reader_of(str(origin.profile))
    reader = reader or Reader(Profile.model_validate_json(str(origin.profile)))
    with engine.begin() as connection:
        schema = registered.schema(connection)
        in_force = limits.in_force(connection)
    source = Memory(str(origin.source), raw)
    waits = {
        (reject.line, reject.column)
        for body, line in reader.bodies(source)
        for reject in reader.parse(body, line, schema, options.now_us).rejects
        if reject.held
    }
    ready = [(line, column) for line, _, column in held if (line, column) not in waits]
    if not ready:
        return None
    with engine.begin() as connection:
        seen = landing.last_recorded(connection)
        load = _begin(connection, origin, number, key, options)
    run = readings_csv.Run(
        engine=engine,
        source=Memory(f"{source.name} (held rows)", raw),
        schema=schema,
        cells=0,
        load=load,
        limits=in_force,
        issued_at=origin.issued_at,
        now_us=options.now_us,
        unit_accepted=options.unit_accepted,
        reader=reader,
        only=frozenset(ready),
        span=Span(start=origin.taken_from, end=origin.taken_to),
    )
    return _publish(run, number, ready, seen, started)


def _source(origin: Row[tuple[object, ...]], head: str, held: Held) -> Memory:
    rows = "\n".join([head, *(raw for _, raw, _ in held)]) + "\n"
    return Memory(f"{origin.source} (held rows)", rows.encode())


def _begin(
    connection: Connection,
    origin: Row[tuple[object, ...]],
    number: int,
    key: int,
    options: Options,
) -> int:
    load, _ = landing.begin(
        connection,
        kind=origin.kind,
        source=f"{origin.source} (held rows)",
        key=key,
        who=options.person,
        issued_at=origin.issued_at,
        file=origin.file_id,
        replay_of=number,
        profile=origin.profile,
        span=(origin.taken_from, origin.taken_to),
    )
    return load


def _settled(schema: Schema, held: Held, head: str, options: Options) -> Held:
    """Rows that no longer wait for their series."""
    from ewater.ingest.parse import parse

    body = "\n".join(raw for _, raw, _ in held).encode()
    found: Parsed = parse(
        body,
        cells=readings_csv.cells_of(head),
        first_line=0,
        schema=schema,
        now_us=options.now_us,
    )
    waits = {reject.line for reject in found.rejects if reject.held}
    return [row for place, row in enumerate(held) if place not in waits]


def _replay_reports(
    engine: Engine,
    number: int,
    origin: Row[tuple[object, ...]],
    held: Held,
    key: int,
    head: str,
    options: Options,
) -> Outcome | None:
    started = clock.monotonic()
    with engine.begin() as connection:
        raw = _source(origin, head, held).data
        waits = {r.line for r in reports_csv.check(raw, connection).rejects if r.held}
        ready = [row for place, row in enumerate(held, start=2) if place not in waits]
        if not ready:
            return None
        source = _source(origin, head, ready)
        checked = reports_csv.check(source.data, connection)
        checked = reports_csv.renumbered(checked, [line for line, *_ in ready])
        load = _begin(connection, origin, number, key, options)
        counts, recorded = reports_csv.load(connection, load, checked, started)
        rejects.resolve(connection, number, [(r[0], r[2]) for r in ready], load)
    return Outcome(
        source=source.name,
        kind="reports",
        load=load,
        known=False,
        counts=counts,
        seconds=clock.monotonic() - started,
        recorded_from=recorded,
    )
