"""Runs: the account computed once for a state of the store, and kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import collate, func, select

import ewater
from ewater.accounts import kept, pipeline, stale, used
from ewater.errors import NotReadyError
from ewater.series import calendars
from ewater.store import chunks, recording, registry
from ewater.store.tables.registry import Calendar as CalendarRow
from ewater.store.tables.runs import Run as RunRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.pipeline import Inputs
    from ewater.series.calendars import Calendar
    from ewater.terms import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of the account, with the registry it was computed from.

    ``stale`` says since when and why newer data overtook it (`accounts.stale.of`);
    None when nothing did.
    """

    code: str
    step: Step
    calendar: Calendar
    bounds: NDArray[np.int64]
    as_of: dt.datetime
    basis: str
    inputs: Inputs
    frames: Mapping[str, pd.DataFrame]
    stale: dict[str, Any] | None = None


def obtain(
    engine: Engine,
    start: dt.date,
    end: dt.date,
    step: Step,
    *,
    calendar: str | None = None,
    as_of: dt.datetime | None = None,
    read: Callable[[Connection, list[str]], xr.Dataset] | None = None,
) -> Run:
    """Return the run for these periods, computing and keeping it when it is new.

    Parameters
    ----------
    engine
        A migrated store.
    start, end
        Half-open, on edges of ``step``.
    step
        One of ``ewater.terms.STEPS``.
    calendar
        Code of a calendar of the country; default: the first one.
    as_of
        What was recorded by then, data and registry; default: all there is.
    read
        Gives the readings of series as of ``as_of``, for who computes several runs.

    Raises
    ------
    NotReadyError
        No country is loaded.
    EWaterError
        The account cannot be computed; the message names why.
    """
    with _one_state(engine) as connection:
        asked = _asked(connection, start, end, step, calendar, as_of)
        inputs = kept.load(connection, asked.code, asked.bounds, asked.frames)
        began = time.perf_counter()
        drawn_on = None
        if inputs is None:
            codes = pipeline.needs(asked.frames).all()
            readings = (
                chunks.read(connection, codes, None, None, as_of=asked.seen)
                if read is None
                else read(connection, codes)
            )
            inputs = pipeline.compute(
                asked.frames, readings, asked.bounds, asked.calendar
            )
            drawn_on = used.inputs(asked.frames, readings, inputs, asked.bounds)
    run = asked.run(inputs)
    if drawn_on is not None:
        kept.save(engine, run, time.perf_counter() - began, drawn_on)
    return _marked(engine, asked, run)


def find(
    engine: Engine,
    start: dt.date,
    end: dt.date,
    step: Step,
    *,
    calendar: str | None = None,
    as_of: dt.datetime | None = None,
) -> Run | None:
    """Return the run for these periods if it is kept, as `obtain` does."""
    with _one_state(engine) as connection:
        asked = _asked(connection, start, end, step, calendar, as_of)
        inputs = kept.load(connection, asked.code, asked.bounds, asked.frames)
    return None if inputs is None else _marked(engine, asked, asked.run(inputs))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A run that is asked for, before it is known whether it is kept."""

    code: str
    step: Step
    calendar: Calendar
    bounds: NDArray[np.int64]
    seen: dt.datetime
    latest: dt.datetime
    frames: Mapping[str, pd.DataFrame]

    def run(self, inputs: Inputs) -> Run:
        return Run(
            code=self.code,
            step=self.step,
            calendar=self.calendar,
            bounds=self.bounds,
            as_of=self.seen,
            basis="actual",
            inputs=inputs,
            frames=self.frames,
        )


@contextmanager
def _one_state(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ"
    ) as connection:
        yield connection


def _asked(
    connection: Connection,
    start: dt.date,
    end: dt.date,
    step: Step,
    calendar: str | None,
    as_of: dt.datetime | None,
) -> _Asked:
    latest = recording.seen(connection, None)
    seen = latest if as_of is None else recording.seen(connection, as_of)
    frames = registry.read(connection, seen)
    if frames["accounts"].empty:
        raise NotReadyError(
            "no country is loaded; run `ewater load DIR` or `ewater demo`"
            if as_of is None
            else f"no country was loaded by {as_of.isoformat()}"
        )
    within = calendar_of(frames["calendars"], calendar)
    bounds = calendars.bounds(within, start, end, step)
    return _Asked(
        code=_code(seen, step, within, bounds),
        step=step,
        calendar=within,
        bounds=bounds,
        seen=seen,
        latest=latest,
        frames=frames,
    )


def _marked(engine: Engine, asked: _Asked, run: Run) -> Run:
    """Give a run of an older state with what has overtaken it since."""
    if asked.seen >= asked.latest:
        return run
    with engine.connect() as connection:
        return replace(run, stale=stale.of(connection, run.code))


def kept_years(engine: Engine) -> list[int]:
    """Years for which a yearly account was ever computed, ascending.

    In the country's first calendar: a water year that a page was asked for reaches
    into the next civil year, which has no account by that. Where nothing was computed
    in the first one, years of the others count.
    """
    first = select(func.min(collate(CalendarRow.code, "C"))).where(
        CalendarRow.recorded_to.is_(None)
    )
    is_first = RunRow.calendar == first.scalar_subquery()
    statement = select(is_first, RunRow.period_start, RunRow.period_end).where(
        RunRow.step == "year"
    )
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    spans = [row[1:] for row in rows if row[0]] or [row[1:] for row in rows]
    middle = dt.timedelta(days=180)  # safely inside, whatever zone the year is in
    return sorted(
        {
            year
            for start, end in spans
            for year in range((start + middle).year, (end - middle).year + 1)
        }
    )


def newest_year(engine: Engine) -> int:
    """Give the newest year with an account; without one, the newest with reports.

    Raises
    ------
    NotReadyError
        Neither is there, so nothing says which year is meant.
    """
    years = kept_years(engine)
    if years:
        return years[-1]
    with engine.connect() as connection:
        reports = registry.read_table(connection, "reports", None)
    if reports.empty:
        raise NotReadyError(
            "say which periods with --from; no account was computed yet"
        )
    return int(reports["period_start"].max().year)


def calendar_of(calendars_frame: pd.DataFrame, code: str | None) -> Calendar:
    """Take a calendar of the country: the first, or UTC, when none is named."""
    if code:
        return calendars.from_frame(calendars_frame, code)
    return calendars.first(calendars_frame)


def _code(
    seen: dt.datetime, step: str, calendar: Calendar, bounds: NDArray[np.int64]
) -> str:
    """Hash what determines the result: same inputs and version, same code."""
    identity = {
        "recorded": seen.isoformat(),
        "step": step,
        "calendar": [calendar.code, calendar.timezone, calendar.day_start],
        "bounds": hashlib.sha256(bounds.tobytes()).hexdigest(),
        "version": ewater.__version__,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
