"""What a person changes: values, flags and retractions, each a load of its own.

Values and retractions are versions of the reading. A verdict is a row of table
``verdict`` and outranks the tests; the flags that follow from it are written with
it. What a person decided stays until the source says another value.
"""

from __future__ import annotations

import getpass
import time as clock
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.ingest import derived, quality, versions
from ewater.ingest.limits import in_force
from ewater.ingest.outcome import Outcome
from ewater.series.quality_verdicts import Approval
from ewater.store import chunks, judged, landing, recording, verdicts
from ewater.store.instants import instant, instants
from ewater.store.stretch import Stretch
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.ingest.versions import Care
    from ewater.store.rows import Rows

_UNRECORDED = pd.Timestamp("2200-01-01", tz="UTC")  # later than any reading there is


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


def retract_span(
    engine: Engine, code: str, start: int, end: int, *, note: str, who: str = ""
) -> Outcome:
    """Take all readings of ``[start, end)``, microseconds UTC, back.

    Raises
    ------
    UsageError
        There is none.
    """
    with engine.connect() as connection:
        series = chunks.series_ids(connection, [code])
        times = _some(connection, series, start, end, code).time
    return retract(engine, code, times, note=note, who=who)


def correct(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    note: str,
    who: str = "",
) -> Outcome:
    """Replace values (SI units); arguments and errors as for `retract`.

    What the tests and the source held of the old value does not count for the new.
    """
    if len(values) != len(times) or not np.isfinite(values).all():
        raise UsageError("give one finite value for each time")
    return _edit(engine, code, times, note, who, values=values, lineage=Lineage.EDITED)


def flag(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    verdict: Flag,
    *,
    note: str,
    who: str = "",
) -> Outcome:
    """Judge single readings; arguments and errors as for `retract`."""

    def decide(connection: Connection, series: NDArray[np.int32]) -> _Decision:
        at = _at(connection, series, np.sort(times), code).time
        return _Decision(series, at, at + 1, [int(verdict)] * len(at))

    return _judge(engine, code, decide, Approval.REVIEWED, note, who)


def approve(
    engine: Engine,
    code: str,
    start: int,
    end: int,
    *,
    level: Approval,
    note: str,
    verdict: Flag | None = None,
    who: str = "",
    care: Care | None = None,
) -> Outcome:
    """Say how far the readings of a span have been looked at.

    Parameters
    ----------
    engine
        Database at the newest schema.
    code
        Series.
    start, end
        Half-open, microseconds UTC.
    level
        ``WORKING`` takes an approval back and leaves the readings to the tests.
    note
        Why.
    verdict
        Flag of all readings of the span. Not given: each keeps the flag it has, and
        what was never evaluated passes.
    who
        The person; the account of this process unless given.
    care
        What must hold, and what is written beside it.

    Raises
    ------
    UsageError
        The span has no reading, or a flag is given for a level of working.
    """
    if level == Approval.WORKING and verdict is not None:
        raise UsageError("readings taken back to working are the tests' to flag")

    def decide(connection: Connection, series: NDArray[np.int32]) -> _Decision:
        rows = _some(connection, series, start, end, code)
        if level == Approval.WORKING or verdict is not None:
            only = None if verdict is None else int(verdict)
            return _Decision(series, np.array([start]), np.array([end]), [only])
        return _kept(series, rows, start, end)

    return _judge(engine, code, decide, level, note, who, care)


class _Decision:
    """Spans that a person decides on, and the flag of each."""

    def __init__(
        self,
        series: NDArray[np.int32],
        start: NDArray[np.int64],
        end: NDArray[np.int64],
        flag: list[int | None] | list[int],
    ) -> None:
        ids = np.full(len(start), series[0], np.int32)
        self.span = Stretch(series_id=ids, first=start, last=end)
        self.flag: list[int | None] = list(flag)

    def frame(self, code: str, level: Approval) -> pd.DataFrame:
        """As rows that are not recorded yet."""
        return pd.DataFrame(
            {
                "series": code,
                "start": pd.to_datetime(instants(self.span.first), utc=True),
                "end": pd.to_datetime(instants(self.span.last), utc=True),
                "level": level.name.lower(),
                "flag": np.array(self.flag, dtype=np.float64),
                "made": _UNRECORDED,
            }
        )


def _kept(series: NDArray[np.int32], rows: Rows, start: int, end: int) -> _Decision:
    """Let every reading keep its flag: a span for each run of one flag."""
    there = rows.take(rows.flag != Flag.MISSING)
    flags = np.where(there.flag == Flag.NOT_EVALUATED, Flag.PASS, there.flag)
    turns = np.flatnonzero(np.diff(flags)) + 1
    first = np.concatenate([[start], there.time[turns]])
    last = np.concatenate([there.time[turns], [end]])
    given = flags[np.concatenate([[0], turns])] if len(flags) else [int(Flag.PASS)]
    return _Decision(series, first, last, [int(one) for one in given])


def _judge(
    engine: Engine,
    code: str,
    decide: Callable[[Connection, NDArray[np.int32]], _Decision],
    level: Approval,
    note: str,
    who: str,
    care: Care | None = None,
) -> Outcome:
    """Keep a verdict and write the flags that follow from it, at one instant."""
    started = clock.monotonic()
    who = who or getpass.getuser()
    report = quality.Report()
    with engine.begin() as connection:
        series = chunks.series_ids(connection, [code])
        limits = in_force(connection)
        judged.lock(connection, series)
        if care is not None:
            care.before(connection)
        decision = decide(connection, series)
        whole = Stretch(
            series_id=series,
            first=decision.span.first[:1],
            last=decision.span.last[-1:] - 1,
        )
        done = quality.judge(
            connection,
            limits,
            whole,
            report,
            new_verdicts=decision.frame(code, level),
            source=note,
            who=who,
        )
        recorded = (done.recorded if done else None) or recording.moment(connection)
        verdicts.add(
            connection,
            decision.span,
            decision.flag,
            level=level.name.lower(),
            reason=note,
            who=who,
            made=recorded,
        )
        if care is not None:
            care.after(connection, done.load if done else None, report.readings)
    derived.refresh(engine)
    counts = landing.Counts(
        rows_read=report.readings,
        corrected=report.changed,
        unchanged=report.readings - report.changed,
    )
    return Outcome(
        source=note,
        kind="edit",
        load=done.load if done else None,
        known=False,
        counts=counts,
        seconds=clock.monotonic() - started,
        recorded_from=recorded,
    )


def _edit(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    note: str,
    who: str,
    *,
    lineage: Lineage,
    values: NDArray[np.float64] | None = None,
) -> Outcome:
    """Write versions that replace readings."""
    order = np.argsort(times)

    def make(connection: Connection, series: NDArray[np.int32]) -> tuple[Rows, int]:
        new = _at(connection, series, times[order], code)
        new = replace(new, lineage=np.full_like(new.lineage, lineage))
        if values is None:
            return new, 0
        unjudged = replace(
            new,
            value=values[order],
            flag=np.full_like(new.flag, Flag.NOT_EVALUATED),
            failed=np.zeros_like(new.failed),
        )
        return unjudged, 0

    return versions.write(engine, code, make, note=note, who=who)


def _between(
    connection: Connection, series: NDArray[np.int32], start: int, end: int
) -> Rows:
    """Read what is in place in a span, nothing retracted."""
    rows, _ = chunks.rows_of(connection, chunks.Window.of(series, start, end))
    return rows.take(rows.lineage != Lineage.RETRACTED)


def _some(
    connection: Connection,
    series: NDArray[np.int32],
    start: int,
    end: int,
    code: str,
) -> Rows:
    """Read what is in place in a span; there must be something."""
    rows = _between(connection, series, start, end)
    if len(rows) == 0:
        raise UsageError(
            f"{code} has no reading from {instant(start).isoformat()} to "
            f"{instant(end).isoformat()}; list what there is with "
            f"`ewater readings {code}`"
        )
    return rows


def _at(
    connection: Connection,
    series: NDArray[np.int32],
    times: NDArray[np.int64],
    code: str,
) -> Rows:
    """Read what is in place at these times; all of them must be there."""
    if len(times) == 0 or (np.diff(times) == 0).any():
        raise UsageError("give at least one time, each once")
    rows = _between(connection, series, int(times[0]), int(times[-1]) + 1)
    there = np.isin(times, rows.time)
    if not there.all():
        missing = instant(int(times[~there][0])).isoformat()
        raise UsageError(
            f"{code} has no reading at {missing}; list what there is with "
            f"`ewater readings {code}`"
        )
    return rows.take(np.isin(rows.time, times))
