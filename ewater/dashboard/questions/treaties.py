"""What treaties grant of border waters, and what is normal there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ewater.accounts.in_memory import step_of
from ewater.accounts.runs import calendar_of
from ewater.accounts.scope import require
from ewater.errors import UsageError
from ewater.series.calendars import bounds
from ewater.store import registry
from ewater.units import factor_to_si

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from ewater.accounts.scope import Scope

    Document = dict[str, Any]

_TOLD = (
    "code",
    "neighbour",
    "flow",
    "way",
    "kind",
    "value",
    "unit",
    "source",
    "note",
)


def treaties(
    engine: Engine,
    scope: Scope,
    territory: str,
    start: dt.date,
    end: dt.date,
    calendar: str = "",
) -> list[Document]:
    """List what the border waters are compared with over ``[start, end)``.

    Returns
    -------
    list of dict
        Rows of ``treaties.csv`` that are valid throughout: ``code``, ``neighbour`` and
        ``flow`` (None: of all), ``way``, ``kind``, ``value``, ``unit``, ``source``,
        ``note``; and ``volume``, m3 of the period: a rate times its seconds, or the
        volume of a year where the period is one; else None.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    with engine.connect() as connection:
        frame = registry.read_table(connection, "treaties")
        calendars = registry.read_table(connection, "calendars")
    step = step_of(start, end)
    edges = bounds(calendar_of(calendars, calendar or None), start, end, step)
    first, last = (pd.Timestamp(int(e), unit="us", tz="UTC") for e in edges[[0, -1]])
    years = len(edges) - 1 if step == "year" else None
    since, until = frame["valid_from"], frame["valid_to"]
    frame = frame[(since.isna() | (since <= first)) & (until.isna() | (until >= last))]
    rows = frame.astype(object).where(frame.notna(), None)
    return [
        {
            **{name: row[name] for name in _TOLD},
            "volume": _volume(row, (last - first).total_seconds(), years),
        }
        for row in rows.to_dict("records")
    ]


def _volume(row: Mapping[Any, Any], seconds: float, years: int | None) -> float | None:
    """Volume of a period, m3; that of a year is not spread over parts of one."""
    value, unit = float(row["value"]), str(row["unit"])
    try:
        return value * factor_to_si(unit, "discharge") * seconds
    except UsageError:
        return None if years is None else value * factor_to_si(unit, "volume") * years
