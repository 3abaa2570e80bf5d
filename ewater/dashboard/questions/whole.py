"""Every reading of a series over a time, to be taken away."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.runs import calendar_of
from ewater.dashboard.questions import within
from ewater.dashboard.questions.hydrograph import MOST_READINGS
from ewater.errors import UsageError
from ewater.series import calendars
from ewater.store import chunks, registry
from ewater.terms import Lineage

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope


def readings(
    engine: Engine,
    scope: Scope,
    code: str,
    first: dt.date,
    last: dt.date,
    calendar: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Give the present readings of ``[first, last)``, or those as of a time.

    Returns
    -------
    dict
        ``series``, ``zone``, and arrays ``time`` (int64 us UTC), ``value`` (SI),
        ``flag``, ``failed``, ``lineage``, ``load``.

    Raises
    ------
    UsageError
        More than `MOST_READINGS`: ``ewater readings`` writes any number.
    """
    moment = dt.datetime.fromisoformat(as_of) if as_of else None
    with within.asking(engine) as connection:
        series = within.series(connection, scope, code)
        frame = registry.read_table(connection, "calendars")
        days = calendar_of(frame, calendar or None)
        ends = calendars.to_utc(days, np.array([first, last], dtype="M8[D]"))
        ids = np.array([series["number"]], np.int32)
        window = chunks.Window.of(ids, int(ends[0]), int(ends[1]))
        rows, _ = chunks.rows_of(connection, window, moment)
    rows = rows.take(rows.lineage != Lineage.RETRACTED)
    if len(rows) > MOST_READINGS:
        raise UsageError(
            f"{len(rows):,} readings are too many for one file of a page; take a "
            f"shorter time, or use `ewater readings {code}`"
        )
    names = ("time", "value", "flag", "failed", "lineage", "load")
    return {
        "series": series,
        "zone": days.timezone,
        **{name: getattr(rows, name) for name in names},
    }
