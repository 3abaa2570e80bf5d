"""What a person changes: values, flags and retractions, each a load of its own."""

from __future__ import annotations

import getpass
import time as clock
import uuid
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError
from ewater.ingest import daily
from ewater.ingest.outcome import Outcome
from ewater.store import chunks, chunks_stage, landing
from ewater.store.instants import instant
from ewater.store.rows import Rows
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine


def retract(
    engine: Engine, code: str, times: NDArray[np.int64], *, note: str, who: str = ""
) -> Outcome:
    """Take readings back; they stay readable as of the time before.

    Parameters
    ----------
    engine
        Database at the newest schema.
    code
        Series.
    times : (reading,), int64 us UTC
        Each must be a reading of the present.
    note
        Why: kept as the source of the load.
    who
        The person; the account of this process unless given.

    Raises
    ------
    UsageError
        There is no reading at one of the times; nothing is changed.
    """
    return _edit(engine, code, times, note, who, lineage=Lineage.RETRACTED)


def flag(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    verdict: Flag,
    *,
    note: str,
    who: str = "",
) -> Outcome:
    """Judge readings; arguments and errors as for `retract`."""
    return _edit(engine, code, times, note, who, verdict=verdict)


def correct(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    note: str,
    who: str = "",
) -> Outcome:
    """Replace values (SI units); arguments and errors as for `retract`."""
    if len(values) != len(times) or not np.isfinite(values).all():
        raise UsageError("give one finite value for each time")
    return _edit(engine, code, times, note, who, values=values, lineage=Lineage.EDITED)


def _edit(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    note: str,
    who: str,
    *,
    values: NDArray[np.float64] | None = None,
    verdict: Flag | None = None,
    lineage: Lineage | None = None,
) -> Outcome:
    started = clock.monotonic()
    order = np.argsort(times)
    values = values[order] if values is not None else None
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
        _lock(connection, code)
        old = _present(connection, series, times[order], code)
        new = Rows(
            time=old.time,
            value=old.value if values is None else values,
            flag=old.flag if verdict is None else np.full_like(old.flag, verdict),
            failed=old.failed,
            lineage=old.lineage
            if lineage is None
            else np.full_like(old.lineage, lineage),
            load=np.full_like(old.load, load),
        )
        cuts = np.array([0, len(new)])
        factor = np.ones(1)
        chunks_stage.write(
            connection, series, new, cuts, factor, kind="delta", load=load
        )
        counts = landing.Counts(rows_read=len(new), corrected=len(new))
        recorded = landing.publish(
            connection, load, counts, clock.monotonic() - started
        )
    daily.refresh(engine)
    return Outcome(
        source=note,
        kind="edit",
        load=load,
        known=False,
        counts=counts,
        seconds=clock.monotonic() - started,
        recorded_from=recorded,
    )


def _lock(connection: Connection, code: str) -> None:
    from sqlalchemy import text

    connection.execute(
        text("SELECT 1 FROM series_key WHERE code = :code FOR NO KEY UPDATE"),
        {"code": code},
    )


def _present(
    connection: Connection,
    series: NDArray[np.int32],
    times: NDArray[np.int64],
    code: str,
) -> Rows:
    """Read what is in place at these times; all of them must be there."""
    if len(times) == 0 or (np.diff(times) == 0).any():
        raise UsageError("give at least one time, each once")
    window = chunks.Window(series_id=series, first=times[:1], last=times[-1:])
    rows, _ = chunks.rows_of(connection, window)
    rows = rows.take(rows.lineage != Lineage.RETRACTED)
    there = np.isin(times, rows.time)
    if not there.all():
        missing = instant(int(times[~there][0])).isoformat()
        raise UsageError(
            f"{code} has no reading at {missing}; list what there is with "
            f"`ewater readings {code}`"
        )
    return rows.take(np.isin(rows.time, times))
