"""Runs of one store kept in memory, for all who ask about the same state of the data.

A question about part of the years with an account is answered from the run over all of
them, so that a page needs one run for each step, not one for each year.
"""

from __future__ import annotations

import datetime as dt
import threading
import weakref
from typing import TYPE_CHECKING

import numpy as np

from ewater.accounts import runs
from ewater.accounts.views import View
from ewater.errors import NotReadyError, UsageError
from ewater.series.calendars import bounds
from ewater.store import recording, registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from ewater.terms import Step

    _Key = tuple[str, dt.date, dt.date, Step, str, str, str]

#: Calendar (empty: the first), time as of which (empty: now), raw or reconciled.
Basis = tuple[str, str, str]

NOW: Basis = ("", "", "raw")
VERSIONS = ("raw", "reconciled")
_STEPS_IN_MEMORY = 8
_SHORTEST_MONTH = 28  # days


class Memory:
    """Views of the runs of one store, the newest few of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)
        self._views: dict[_Key, View] = {}
        self._lock = threading.Lock()

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
        first, last = (
            (dt.date(years[0], month, 1), dt.date(years[-1] + 1, month, 1))
            if years
            else (start, end)
        )
        if not (first <= start and end <= last):
            first, last = start, end
        view = self._view(
            (self.version(), first, last, step, boundary, calendar, as_of)
        )
        wanted = bounds(view.run.calendar, start, end, step)
        place = np.searchsorted(view.run.bounds, wanted)
        return view, range(int(place[0]), int(place[-1]))

    def _view(self, key: _Key) -> View:
        _, start, end, step, boundary, calendar, as_of = key
        with self._lock:  # one thread computes, the others wait for its answer
            if key not in self._views:
                run = runs.obtain(
                    self.engine,
                    start,
                    end,
                    step,
                    calendar=calendar or None,
                    as_of=dt.datetime.fromisoformat(as_of) if as_of else None,
                )
                while len(self._views) >= _STEPS_IN_MEMORY:
                    self._views.pop(next(iter(self._views)))
                self._views[key] = View(run, boundary)
            return self._views[key]


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
