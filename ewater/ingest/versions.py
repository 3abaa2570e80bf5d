"""Versions of readings that a person writes, published as one load."""

from __future__ import annotations

import getpass
import time as clock
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ewater.ingest import affected, derived
from ewater.ingest.limits import in_force
from ewater.ingest.outcome import Outcome
from ewater.store import chunks, chunks_stage, judged, landing, quality_due
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.store.rows import Rows


class Care(Protocol):
    """What must hold for an edit, and what is written beside it, in its transaction."""

    def before(self, connection: Connection) -> None:
        """Refuse by an error; the series is locked, nothing is written yet."""

    def after(self, connection: Connection, load: int | None, count: int) -> None:
        """Write beside the edit of ``count`` readings; it commits with it."""


def write(
    engine: Engine,
    code: str,
    make: Callable[[Connection, NDArray[np.int32]], tuple[Rows, int]],
    *,
    note: str,
    who: str = "",
    care: Care | None = None,
) -> Outcome:
    """Write versions of readings of one series, and note whose flags they touch.

    Parameters
    ----------
    engine
        Database at the newest schema.
    code
        Series.
    make
        Gives the versions, sorted by time, once the series is locked, and how many of
        them stand where no reading was; their load is filled in here.
    note
        Why: kept as the source of the load.
    who
        The person; the account of this process unless given.
    care
        What must hold, and what is written beside them.
    """
    started = clock.monotonic()
    key = landing.owner_key(uuid.uuid4().bytes)
    with landing.owned(engine, key), engine.begin() as connection:
        load, _ = landing.begin(
            connection,
            kind="edit",
            source=note,
            key=key,
            who=who or getpass.getuser(),
            issued_at=None,
        )
        series = chunks.series_ids(connection, [code])
        limits = in_force(connection)
        judged.lock(connection, series)
        if care is not None:
            care.before(connection)
        rows, new = make(connection, series)
        rows = replace(rows, load=np.full(len(rows), load, np.int64))
        cuts, factor = np.array([0, len(rows)]), np.ones(1)
        chunks_stage.write(
            connection, series, rows, cuts, factor, kind="delta", load=load
        )
        span = Stretch(series_id=series, first=rows.time[:1], last=rows.time[-1:])
        if code in limits.kind.index:
            due = affected.affected(connection, limits, [code], span)
            quality_due.add(connection, Stretch.concatenate([span, due]))
        counts = landing.Counts(rows_read=len(rows), new=new, corrected=len(rows) - new)
        if care is not None:
            care.after(connection, load, len(rows))
        recorded = landing.publish(
            connection, load, counts, clock.monotonic() - started
        )
    derived.refresh(engine)
    return Outcome(
        source=note,
        kind="edit",
        load=load,
        known=False,
        counts=counts,
        seconds=clock.monotonic() - started,
        recorded_from=recorded,
    )
