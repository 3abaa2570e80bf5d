"""Which state of the data the pages show: its accounts stand until newer ones do.

Computing an account takes seconds, and with live telemetry data change every minute.
So pages are shown the newest *standing* state: one whose accounts are all kept. Newer
ones are computed by one process at a time (`renew`), and stand once they are complete.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

import ewater
from ewater.accounts import runs
from ewater.series.calendars import labels
from ewater.store import chunks, recording, registry

if TYPE_CHECKING:
    import xarray as xr
    from sqlalchemy import Connection, Engine

    from ewater.accounts.runs import Run
    from ewater.terms import Step

    _Wanted = tuple[Step, dt.date, dt.date, str]

_LOCK = 0x65777374  # "ewst": one process at a time computes accounts anew
_KEPT = 4  # states whose runs stay: pages that are open are of one of them
_ALWAYS: tuple[Step, ...] = ("year", "month")

_NEWEST = text(
    """
    SELECT as_of, completed_at, seconds FROM standing
    WHERE version = :version ORDER BY as_of DESC LIMIT 1
    """
)
_PRESENT = text(
    """
    SELECT to_timestamp(0) + interval '1 microsecond' * last_value,
        (SELECT max(as_of) FROM standing WHERE version = :version)
    FROM recorded_clock
    """
)
_OVERTAKEN = text(
    """
    SELECT EXISTS (
        SELECT FROM run JOIN run_input AS i ON i.run = run.code
        WHERE run.as_of = :as_of AND run.version = :version
            AND i.stale_since IS NOT NULL)
    """
)
_ASKED = text(
    """
    SELECT step, calendar, period_start, period_end FROM run
    WHERE as_of = :as_of AND version = :version AND EXISTS (
        SELECT FROM standing_run AS s WHERE s.run = run.code AND asked_at IS NOT NULL)
    """
)
_ASK = text(
    "UPDATE standing_run SET asked_at = clock_timestamp() "
    "WHERE run = :run AND asked_at IS NULL"
)
_OWN = text(
    "INSERT INTO standing_run (run) SELECT code FROM run "
    "WHERE code = :run AND computed_at >= :began ON CONFLICT DO NOTHING"
)
_STAND = text(
    "INSERT INTO standing (as_of, version, completed_at, seconds) "
    "VALUES (:as_of, :version, clock_timestamp(), :seconds) ON CONFLICT DO NOTHING"
)
_OLDEST_KEPT = (
    "(SELECT min(as_of) FROM (SELECT as_of FROM standing "
    "ORDER BY as_of DESC LIMIT :kept) AS newest)"
)
_FORGET = (
    text(
        "DELETE FROM run USING standing_run AS s "  # noqa: S608 - our own words
        f"WHERE s.run = run.code AND run.as_of < {_OLDEST_KEPT}"
    ),
    text(f"DELETE FROM standing WHERE as_of < {_OLDEST_KEPT}"),  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A state of the data, recorded by ``as_of``, whose accounts are all kept."""

    as_of: dt.datetime
    completed_at: dt.datetime
    seconds: float


def newest(connection: Connection) -> Standing | None:
    """Give the newest standing state of this version of the program."""
    row = connection.execute(_NEWEST, {"version": ewater.__version__}).first()
    return None if row is None else Standing(*row)


def present(connection: Connection) -> tuple[dt.datetime, dt.datetime | None]:
    """Last moment that was given out, maybe to a writer still at work, and `newest`."""
    row = connection.execute(_PRESENT, {"version": ewater.__version__}).one()
    return row[0], row[1]


def asked(engine: Engine, run: str) -> None:
    """Note that a page shows a run: it is computed anew with the others then."""
    with engine.begin() as connection:
        connection.execute(_ASK, {"run": run})


def own(engine: Engine, run: str, began: dt.datetime) -> None:
    """Note that a run was computed for pages alone, unless it was there before."""
    with engine.begin() as connection:
        connection.execute(_OWN, {"run": run, "began": began})


def is_overtaken(connection: Connection, state: Standing) -> bool:
    """Whether newer data or a newer registry overtook an account of a state."""
    values = {"as_of": state.as_of, "version": ewater.__version__}
    return bool(connection.execute(_OVERTAKEN, values).scalar_one())


def whole(years: list[int], month: int = 1) -> tuple[dt.date, dt.date]:
    """First and last day of the account over all years that have one."""
    return dt.date(years[0], month, 1), dt.date(years[-1] + 1, month, 1)


def renew(engine: Engine) -> bool:
    """Compute the accounts of the present state, if those that stand are overtaken.

    Returns
    -------
    bool
        Whether a newer state stands now by this call; False too while another process
        computes one, and where no account was ever asked for.

    Raises
    ------
    EWaterError
        The account cannot be computed; the state before stands on.
    """
    with recording.held_alone(engine, _LOCK) as mine:
        if not mine:
            return False
        with engine.connect() as connection:
            before = newest(connection)
            if before is not None and not is_overtaken(connection, before):
                return False
            seen = recording.latest(connection)
            wanted = _wanted(connection, before, runs.kept_years(engine))
        if not wanted:
            return False
        _compute(engine, seen, wanted)
        return True


def _compute(engine: Engine, seen: dt.datetime, wanted: list[_Wanted]) -> None:
    began = time.perf_counter()

    held: dict[tuple[str, ...], xr.Dataset] = {}

    def remembered(connection: Connection, codes: list[str]) -> xr.Dataset:
        if tuple(codes) not in held:
            held[tuple(codes)] = chunks.read(connection, codes, None, None, as_of=seen)
        return held[tuple(codes)]

    for step, start, end, calendar in wanted:
        since = dt.datetime.now(dt.UTC)
        run: Run = runs.obtain(
            engine, start, end, step, calendar=calendar, as_of=seen, read=remembered
        )
        own(engine, run.code, since)
    values = {"version": ewater.__version__, "kept": _KEPT}
    with engine.begin() as connection:
        seconds = time.perf_counter() - began
        connection.execute(_STAND, {"as_of": seen, "seconds": seconds} | values)
        for statement in _FORGET:
            connection.execute(statement, values)


def _wanted(
    connection: Connection, before: Standing | None, years: list[int]
) -> list[_Wanted]:
    """Accounts by year and month over all years, and what else pages were shown."""
    if not years:
        return []
    frame = registry.read_table(connection, "calendars")
    default = runs.calendar_of(frame, None)
    wanted: list[_Wanted] = [(s, *whole(years), default.code) for s in _ALWAYS]
    if before is not None:
        values = {"as_of": before.as_of, "version": ewater.__version__}
        for row in connection.execute(_ASKED, values):
            calendar = runs.calendar_of(frame, row.calendar)
            ends = np.array([t.replace(tzinfo=None) for t in row[2:]], dtype="M8[us]")
            edges = labels(calendar, ends.astype(np.int64))
            start, end = (dt.date.fromisoformat(edge[:10]) for edge in edges)
            wanted.append((row.step, start, end, row.calendar))
    return list(dict.fromkeys(wanted))
