"""Runs of one store kept in memory, for all who ask about the same state of the data.

A question about part of the years with an account is answered from the run over all of
them, so that a page needs one run for each step, not one for each year.
"""

from __future__ import annotations

import datetime as dt
import threading
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ewater.accounts import runs, stale, standing
from ewater.accounts.views import View
from ewater.errors import NotReadyError, UsageError
from ewater.series.calendars import bounds
from ewater.store import recording, registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from ewater.accounts.apart import Apart
    from ewater.accounts.runs import Run
    from ewater.terms import Step

    _Span = tuple[str, dt.date, dt.date, Step, str]

#: Calendar (empty: the first), time as of which (empty: now), raw or reconciled.
Basis = tuple[str, str, str]

NOW: Basis = ("", "", "raw")
VERSIONS = ("raw", "reconciled")
_STEPS_IN_MEMORY = 8
_SHORTEST_MONTH = 28  # days


class States(NamedTuple):
    """States of the data, ISO 8601: the newest of all and of the registry.

    ``shown`` is the one whose accounts pages are given.
    """

    latest: str
    registry: str
    shown: str


class Memory:
    """Views of the runs of one store, the newest few of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)
        self._views: dict[tuple[_Span, str], View] = {}
        self._lock = threading.Lock()
        self._busy: dict[_Span, threading.Lock] = {}
        self._apart: Apart | None = None
        self._states: States | None = None

    def keep_standing(self, apart: Apart) -> None:
        """Show the newest state whose accounts are kept; compute others elsewhere."""
        self._apart = apart

    @property
    def engine(self) -> Engine:
        """The store; it lives as long as whoever asks."""
        engine = self._engine()
        if engine is None:
            raise NotReadyError("the store was closed")
        return engine

    def version(self) -> str:
        """Identify the state of the data; changes whenever an answer could."""
        with self.engine.connect() as connection:
            return recording.latest(connection).isoformat()

    def states(self) -> States:
        """Say which states there are, and which of them is shown.

        Where no moment was given out since they were looked at, nothing was recorded
        either: one statement sees that.
        """
        with self.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as quick:
            latest, shown = standing.present(quick)
        found = self._states
        if found is None or found.latest != latest.isoformat():
            with self.engine.connect() as connection:
                latest = recording.latest(connection)  # whoever held one has committed
                changed = registry.version(connection)
            found = States(
                latest.isoformat(), changed.isoformat() if changed else "", ""
            )
        state = shown if shown and self._apart else latest
        self._states = found._replace(shown=state.isoformat())
        return self._states

    def stale(self, run: str) -> dict[str, Any] | None:
        """Say since when and why a run is stale; None when it is not."""
        with self.engine.connect() as connection:
            return stale.of(connection, run)

    def renew(self) -> bool:
        """Have newer accounts computed; whether the last attempt failed."""
        if self._apart is None:
            return False
        self._apart.renew()
        return self._apart.failed

    def calendars(self) -> dict[str, int]:
        """First month of the year by code of calendar; the default comes first."""
        with self.engine.connect() as connection:
            frame = registry.read_table(connection, "calendars")
        starts = frame.set_index("code")["year_start"]
        return {str(code): int(start[:2]) for code, start in starts.items()}

    def periods(
        self,
        start: dt.date,
        end: dt.date,
        step: Step,
        boundary: str = "managed",
        basis: Basis = NOW,
    ) -> tuple[View, Sequence[int]]:
        """View over all years with an account, and the periods asked for.

        Raises
        ------
        UsageError
            A calendar or version that is not there.
        """
        calendar, as_of, version = basis
        if version not in VERSIONS:
            raise UsageError(
                f"figures {version!r} are not kept; choose {' or '.join(VERSIONS)}"
            )
        month = 1
        if calendar:
            known = self.calendars()
            if calendar not in known:
                raise UsageError(f"no calendar {calendar!r}; {', '.join(known)}")
            month = known[calendar]
        years = runs.kept_years(self.engine)
        first, last = standing.whole(years, month) if years else (start, end)
        if not (first <= start and end <= last):
            first, last = start, end
        state = as_of or self.states().shown
        view = self._view((state, first, last, step, calendar), boundary)
        wanted = bounds(view.run.calendar, start, end, step)
        place = np.searchsorted(view.run.bounds, wanted)
        return view, range(int(place[0]), int(place[-1]))

    def _view(self, span: _Span, boundary: str) -> View:
        if found := self._views.get((span, boundary)):
            return found
        with self._lock:
            busy = self._busy.setdefault(span, threading.Lock())
        with busy:  # one thread computes, the others wait for its answer
            if found := self._views.get((span, boundary)):
                return found
            run = self._known(span) or self._sharing(self._obtained(span))
            made = View(run, boundary)
        with self._lock:
            self._busy.pop(span, None)
            while len(self._views) >= _STEPS_IN_MEMORY:
                self._views.pop(next(iter(self._views)))
            self._views[span, boundary] = made
        return made

    def _known(self, span: _Span) -> Run | None:
        """Run of a view through another boundary."""
        with self._lock:
            return next((v.run for (s, _), v in self._views.items() if s == span), None)

    def _sharing(self, run: Run) -> Run:
        """Let runs of one state share its registry and ledger, which are equal."""
        with self._lock:
            found = [v.run for v in self._views.values() if v.run.as_of == run.as_of]
        if not found:
            return run
        inputs = replace(run.inputs, ledger=found[0].inputs.ledger)
        return replace(run, frames=found[0].frames, inputs=inputs)

    def _obtained(self, span: _Span) -> Run:
        as_of, start, end, step, calendar = span
        state = dt.datetime.fromisoformat(as_of)
        code = calendar or None
        if self._apart is None:
            return runs.obtain(
                self.engine, start, end, step, calendar=code, as_of=state
            )
        run = runs.find(self.engine, start, end, step, calendar=code, as_of=state)
        if run is None:
            self._apart.obtain(start, end, step, calendar, state)
            run = runs.obtain(self.engine, start, end, step, calendar=code, as_of=state)
        standing.asked(self.engine, run.code)
        return run


_memories: weakref.WeakKeyDictionary[Engine, Memory] = weakref.WeakKeyDictionary()
_one_at_a_time = threading.Lock()


def of(engine: Engine) -> Memory:
    """Give what is kept of a store; the same to everybody who asks."""
    with _one_at_a_time:
        return _memories.setdefault(engine, Memory(engine))


def step_of(start: dt.date, end: dt.date) -> Step:
    """Step of the account that has ``[start, end)`` as one period.

    Examples
    --------
    >>> step_of(dt.date(2023, 4, 1), dt.date(2023, 7, 1))
    'quarter'
    """
    if (end - start).days < _SHORTEST_MONTH:
        return "decade"
    months = 12 * (end.year - start.year) + end.month - start.month
    return "month" if months == 1 else "quarter" if months == 3 else "year"
