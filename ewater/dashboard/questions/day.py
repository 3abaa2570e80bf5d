"""One day of a series, reading by reading: to look at, to correct, to enter."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from ewater.accounts.runs import calendar_of
from ewater.dashboard.questions import within
from ewater.errors import UsageError
from ewater.ingest import quality
from ewater.series import calendars
from ewater.series.quality_verdicts import Approval
from ewater.store import chunks, reading_history, recording, registry
from ewater.store.instants import microseconds
from ewater.terms import Flag, Lineage, Test
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope
    from ewater.series.calendars import Calendar

    Answer = dict[str, Any]

PRECEDING = ("mean_preceding", "total_preceding")
MOST_ROWS = 1500  # a reading a minute; more are not looked at one by one
_LOADS = """
SELECT l.id, l.kind, l.source, p.name, l.recorded_from FROM load AS l
LEFT JOIN person AS p ON p.id = l.actor WHERE l.id = ANY(:ids)
"""


def day(
    engine: Engine,
    scope: Scope,
    code: str,
    date: dt.date,
    calendar: str = "",
    as_of: str = "",
) -> Answer:
    """List the readings of a local day, and the times at which one is expected.

    A reading that closes its interval belongs to the day in which that lies: the one
    stamped at the end of the day is in it, the one at its start is not.

    Parameters
    ----------
    engine, scope, code, calendar, as_of
        As for `hydrograph.hydrograph`.
    date
        The day; it has 23 or 25 hours where clocks are set.

    Returns
    -------
    dict
        ``series``; ``seen``, the state of the store that was read (ISO 8601), which
        an edit must name; ``first`` and ``last``, us UTC, both included; ``rows``:
        ``time`` (us), ``local``, ``value`` (in the unit of the series, None where
        nothing stands), ``si``, ``flag``, ``tests``, ``lineage``, ``approval``,
        ``versions``, ``load``, ``kind``, ``source``, ``by``, ``recorded``.
    """
    moment = dt.datetime.fromisoformat(as_of) if as_of else None
    with engine.connect() as connection:
        seen = recording.latest(
            connection
        )  # before the state that is read, never after
    with within.asking(engine) as connection:
        series = within.series(connection, scope, code)
        frame = registry.read_table(connection, "calendars")
        within_day = calendar_of(frame, calendar or None)
        first, last = span(series, within_day, date)
        found = _there(connection, series, first, last, moment)
        expected = _expected(series, first, last, found["time"])
    rows = _rows(series, within_day, found, expected)
    if len(rows) > MOST_ROWS:
        raise UsageError(f"{code} has {len(rows):,} readings on {date}")
    return {
        "series": series | {"factor": factor_to_si(series["unit"], series["quantity"])},
        "date": date.isoformat(),
        "seen": seen.isoformat(),
        "first": first,
        "last": last,
        "hours": round((last - first + 1) / 3.6e9, 2),
        "rows": rows,
    }


def span(series: Answer, calendar: Calendar, date: dt.date) -> tuple[int, int]:
    """First and last instant, us UTC, that a reading of a local day can have."""
    days = np.array([date, date], dtype="M8[D]") + np.array([0, 1], dtype="m8[D]")
    start, end = calendars.to_utc(calendar, days).tolist()
    if series["signal"] in PRECEDING:
        return start + 1, end
    return start, end - 1


def _there(
    connection: Connection,
    series: Answer,
    first: int,
    last: int,
    moment: dt.datetime | None,
) -> dict[str, Any]:
    """Present readings, their approvals, and how many versions each has."""
    window = chunks.Window.of(np.array([series["number"]], np.int32), first, last + 1)
    rows, _ = chunks.rows_of(connection, window, moment)
    rows = rows.take(rows.lineage != Lineage.RETRACTED)
    every, _ = chunks.rows_of(connection, window, moment, every=True)
    judged = chunks.loads(connection, every.load)
    said = every.take(~judged.judged[judged.place(every.load)])
    times, counts = np.unique(said.time, return_counts=True)
    brought = dict(zip(said.time.tolist(), said.load.tolist(), strict=True))  # the last
    approved = quality.approvals(connection, series["code"], first, last + 1, moment)
    loads = connection.execute(
        text(_LOADS), {"ids": sorted(set(brought.values()))}
    ).all()
    return {
        "time": rows.time,
        "rows": rows,
        "approval": approved,
        "versions": dict(zip(times.tolist(), counts.tolist(), strict=True)),
        "brought": brought,
        "loads": {row.id: row for row in loads},
    }


def _expected(
    series: Answer, first: int, last: int, there: NDArray[np.int64]
) -> NDArray[np.int64]:
    """List when a reading is due: by the interval, in step with what is there."""
    interval = int((series["interval_s"] or 0) * 1_000_000)
    if interval <= 0:
        return there
    start = first - 1 + interval if series["signal"] in PRECEDING else first
    if len(there):
        start = first + (int(there[0]) - first) % interval
    return np.union1d(np.arange(start, last + 1, interval, dtype=np.int64), there)


def _rows(
    series: Answer,
    calendar: Calendar,
    found: dict[str, Any],
    expected: NDArray[np.int64],
) -> list[Answer]:
    factor = factor_to_si(series["unit"], series["quantity"])
    rows, place = found["rows"], {t: n for n, t in enumerate(found["time"].tolist())}
    answer = []
    labels = calendars.labels(calendar, expected)
    for time, local in zip(expected.tolist(), labels, strict=True):
        row: Answer = {"time": time, "local": local, "value": None, "si": None}
        row["versions"] = found["versions"].get(time, 0)
        n = place.get(time)
        if n is not None:
            number = found["brought"].get(time)  # a judgement brings nothing
            load = found["loads"].get(number)
            value = float(rows.value[n])
            missing = not np.isfinite(value)
            row |= {
                "si": None if missing else value,
                "value": None if missing else _as_written(value, factor),
                "flag": Flag(int(rows.flag[n])).name.lower(),
                "tests": tests_of(int(rows.failed[n])),
                "lineage": Lineage(int(rows.lineage[n])).name.lower(),
                "approval": Approval(int(found["approval"][n])).name.lower(),
                "load": number,
                "kind": load.kind if load else None,
                "source": load.source if load else None,
                "by": load.name if load else None,
                "recorded": load.recorded_from.isoformat() if load else None,
            }
        answer.append(row)
    return answer


def _as_written(si: float, factor: float) -> float:
    """Value in its unit, without the digits that the factor added."""
    return float(f"{si / factor:.12g}")


def tests_of(bits: int) -> list[str]:
    """Names of the tests a reading failed.

    Examples
    --------
    >>> tests_of(5)
    ['gross_fail', 'rate']
    """
    return [str(test.name).lower() for test in Test if bits & test]


def versions(engine: Engine, scope: Scope, code: str, time: int) -> list[Answer]:
    """Everything that was ever said of one reading, oldest first.

    Returns
    -------
    list of dict
        Columns of `ewater.store.reading_history`; times as us UTC, unknown None.
    """
    with within.asking(engine) as connection:
        within.series(connection, scope, code)
        frame = reading_history.history(connection, code, time)
    rows = []
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        for name in ("recorded_from", "issued_at"):
            moment = row[name]
            row[name] = None if moment is None else microseconds(moment.to_pydatetime())
        rows.append({str(name): cell for name, cell in row.items()})
    return rows
