"""How well the last whole month closes, for who watches it."""

from __future__ import annotations

import logging
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from ewater.accounts import documents, runs
from ewater.accounts.views import View
from ewater.errors import EWaterError
from ewater.series import calendars
from ewater.store import registry
from ewater.store.instants import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from ewater.series.calendars import Calendar

_log = logging.getLogger(__name__)
_AGAIN_S = 3600.0  # a month that is still unknown is computed again after an hour


class LastMonth:
    """Gives z of the residual of the last whole month by territory."""

    def __init__(self, engine: Engine, now: datetime | None = None) -> None:
        """Answer from the account of a store, once an hour at most.

        ``now`` stands for the present, of data that ended before it.
        """
        self._engine = engine
        self._now = now
        self._asked: float | None = None

    def __call__(
        self, territories: Sequence[str], after: datetime
    ) -> dict[str, tuple[datetime, float]]:
        """Return the end of the month and z, of territories whose z is known.

        Nothing if the month did not end after ``after``, if there is no account, or
        within an hour of the last answer.
        """
        start, end = _last_whole_month(self._calendar(), self._now or datetime.now(UTC))
        asked = self._asked
        if end <= after or (asked and time.monotonic() < asked + _AGAIN_S):
            return {}
        self._asked = time.monotonic()
        try:
            run = runs.obtain(self._engine, start, _next_month(start), "month")
            view = View(run, "managed")
        except EWaterError as error:
            _log.warning("closures are not known: %s", error)
            return {}
        found = {}
        for code in territories:
            document = documents.document(view, view.territory(code), [0])
            z = document["periods"][0]["residual"]["z"]
            if z is not None:
                found[code] = (end, float(z))
        return found

    def _calendar(self) -> Calendar:
        with self._engine.connect() as connection:
            return calendars.first(registry.read_table(connection, "calendars"))


def _last_whole_month(calendar: Calendar, now: datetime) -> tuple[date, datetime]:
    """First day of the last month that is over by a calendar, and when it ended."""
    first = now.date().replace(day=1)
    for month in (_next_month(first), first, _month_before(first)):
        end = _instant(calendar, month)
        if end <= now:
            return _month_before(month), end
    raise AssertionError(now)


def _instant(calendar: Calendar, day: date) -> datetime:
    edges = calendars.bounds(calendar, day, day + timedelta(days=1), "day")
    return instant(int(edges[0]))


def _next_month(day: date) -> date:
    return (day + timedelta(days=31)).replace(day=1)


def _month_before(day: date) -> date:
    return (day - timedelta(days=1)).replace(day=1)
