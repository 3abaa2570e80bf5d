"""What a series measured over a time: readings, or days where there are too many."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.accounts.runs import calendar_of
from ewater.dashboard.questions import within
from ewater.ingest import daily_columns
from ewater.series import calendars, thinning
from ewater.store import chunks, daily, quality_due, registry
from ewater.store.stretch import Stretch
from ewater.terms import Flag, Lineage
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope
    from ewater.series.calendars import Calendar
    from ewater.store.rows import Rows

    Answer = dict[str, Any]

MOST_READINGS = 300_000  # more are drawn as days
MOST_POINTS = 4_000  # of one line; a wall screen has as many columns
MOST_MARKS = 400  # of one kind
COUNTERS = ("totaliser", "pulse")
_GAP = 1.5  # intervals; and never less than what is interpolated over
_SHORTEST_GAP_S = 6 * 3600
_DAY = 86_400e6  # us
_FLOWING = ("discharge", "volume")  # their days say for how long they are known
_DAILY = """
SELECT starts, mean, min, max, volume, volume_suspect, observed_s, count FROM daily
WHERE series_id = :id AND calendar = :calendar AND day >= :first AND day < :last
ORDER BY day
"""
_COLUMNS = (
    "mean",
    "min",
    "max",
    "volume",
    "volume_suspect",
    "observed_s",
    "count",
)


def hydrograph(
    engine: Engine,
    scope: Scope,
    code: str,
    first: dt.date | None,
    last: dt.date | None,
    calendar: str = "",
    as_of: str = "",
    detail: str = "",
) -> Answer:
    """Read one series over ``[first, last)``, ready to be drawn.

    Parameters
    ----------
    engine, scope
        Of `ewater.dashboard.questions`.
    code
        Series.
    first, last
        Local days of the calendar; None for the first and the last with a reading.
    calendar
        Its code; empty: the first of the country.
    as_of
        ISO 8601 with its offset; empty: now.
    detail
        ``readings``, ``days``, or empty for what suits: days of counters, and of
        more than `MOST_READINGS` readings, which are always drawn as days.

    Returns
    -------
    dict
        ``series`` (its record); ``days`` (the span) and ``ends`` (of it, us UTC);
        ``form`` (``readings`` or ``days``); ``readings`` (how many, at most);
        ``aggregated`` (days in place of readings that were asked for); the points of
        the line, ``time`` (int64 us UTC), ``value`` (SI) and ``broken``, of
        ``drawn_of`` in all; ``marks``; ``observed`` (share of the time); of readings
        also ``flags`` and ``lineage`` (counts), of days ``range``.

    Raises
    ------
    ForbiddenError, UsageError
        As `within.series`.
    """
    moment = dt.datetime.fromisoformat(as_of) if as_of else None
    with within.asking(engine) as connection:
        series = within.series(connection, scope, code)
        frame = registry.read_table(connection, "calendars")
        days = calendar_of(frame, calendar or None)
        ids = np.array([series["number"]], np.int32)
        first, last = _whole(connection, ids, days, first, last)
        ends = calendars.to_utc(
            days, np.array([first, last], dtype="M8[D]")
        )  # (2,), us
        span = Stretch(series_id=ids, first=ends[:1], last=ends[1:] - 1)
        count = int(daily.readings(connection, span)[0])
        wanted = detail or ("days" if series["signal"] in COUNTERS else "readings")
        form = "days" if count > MOST_READINGS else wanted
        answer: Answer = {
            "series": series | {"factor": _factor(series)},
            "form": form,
            "aggregated": form != wanted,
            "readings": count,
            "zone": days.timezone,
            "ends": (int(ends[0]), int(ends[1])),
            "days": (first, last),
        }
        if form == "readings":
            return answer | _readings(connection, series, ids, ends, moment)
        if moment is None:
            values = {"id": series["number"], "first": first, "last": last}
            table = _daily(connection, values | {"calendar": days.code})
        else:
            table = _days_then(connection, series, ids, (first, last), days, moment)
    return answer | _days(table, series, ends)


def _whole(
    connection: Connection,
    ids: NDArray[np.int32],
    calendar: Calendar,
    first: dt.date | None,
    last: dt.date | None,
) -> tuple[dt.date, dt.date]:
    """Fill ends that are not given by the first and the last reading there is."""
    if first is not None and last is not None:
        return first, last
    known, _ = quality_due.extents(connection, ids)
    if len(known) == 0:
        today = dt.datetime.now(dt.UTC).date()
        return first or last or today, last or today + dt.timedelta(days=1)
    ends = np.concatenate([known.first[:1], known.last[:1]])
    start, end = calendars.local_days(calendar, ends).tolist()
    return first or start, last or end + dt.timedelta(days=1)


def _factor(series: Answer) -> float:
    return factor_to_si(series["unit"], series["quantity"])


def gap_us(series: Answer) -> float:
    """Distance of readings, us, from which on there is a gap between them."""
    interval = series["interval_s"] or 0.0
    return max(_GAP * interval, _SHORTEST_GAP_S) * 1e6


def _readings(
    connection: Connection,
    series: Answer,
    ids: NDArray[np.int32],
    ends: NDArray[np.int64],
    moment: dt.datetime | None,
) -> Answer:
    window = chunks.Window.of(ids, int(ends[0]), int(ends[1]))
    rows, _ = chunks.rows_of(connection, window, moment)
    rows = rows.take(rows.lineage != Lineage.RETRACTED)
    there = (rows.flag != Flag.MISSING) & np.isfinite(rows.value)
    failed = there & (rows.flag == Flag.FAIL)
    used = rows.take(there & ~failed)
    marks = {
        "failed": _marks(rows.take(failed)),
        "suspect": _marks(rows.take(there & (rows.flag == Flag.SUSPECT))),
        "edited": _marks(rows.take(there & (rows.lineage == Lineage.EDITED))),
    }
    flags = {one.name.lower(): int((rows.flag == one).sum()) for one in Flag}
    kinds = {one.name.lower(): int((rows.lineage == one).sum()) for one in Lineage}
    line = thinning.thin(used.time, used.value, MOST_POINTS, gap_us(series))
    return {
        "time": used.time[line.index],
        "value": used.value[line.index],
        "flag": used.flag[line.index],
        "broken": line.broken,
        "bridged": line.bridged,
        "drawn_of": len(used),
        "marks": marks,
        "flags": flags,
        "lineage": kinds,
        "observed": _observed(used.time, ends, gap_us(series)),
    }


def _marks(rows: Rows) -> Answer:
    """Take readings that are shown one by one; of too many those that stand out."""
    kept = thinning.thin(rows.time, rows.value, MOST_MARKS).index
    return {
        "time": rows.time[kept],
        "value": rows.value[kept],
        "count": len(rows),
    }


def _observed(
    time: NDArray[np.int64], ends: NDArray[np.int64], gap: float
) -> float | None:
    """Share of the time that lies between readings without a gap."""
    inner = np.diff(np.concatenate([ends[:1], time, ends[1:]]))
    whole = float(ends[1] - ends[0])
    return float(inner[inner <= gap].sum() / whole) if len(time) else 0.0


def _daily(connection: Connection, values: dict[str, Any]) -> pd.DataFrame:
    rows = connection.execute(text(_DAILY), values).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=["starts", *_COLUMNS])
    starts = pd.to_datetime(frame["starts"], utc=True).dt.tz_localize(None)
    return (
        frame[list(_COLUMNS)]
        .astype("float64")
        .assign(time=starts.to_numpy().astype("M8[us]").astype(np.int64))
    )


def _days_then(
    connection: Connection,
    series: Answer,
    ids: NDArray[np.int32],
    days: tuple[dt.date, dt.date],
    calendar: Calendar,
    moment: dt.datetime,
) -> pd.DataFrame:
    """Sum days as of a time, a year at once: the table holds the present only."""
    frame = registry.read_table(connection, "series", moment)
    rows_of_series = frame[frame["code"] == series["code"]].head(1)
    if rows_of_series.empty:
        return pd.DataFrame(columns=["time", *_COLUMNS], dtype="float64")
    events = registry.read_table(connection, "meter_events", moment)
    margin = int(gap_us(series))
    parts = []
    for start, end in _years(*days):
        bounds = calendars.bounds(calendar, start, end, "day")
        window = chunks.Window.of(
            ids, int(bounds[0]) - margin, int(bounds[-1]) + margin
        )
        rows, cuts = chunks.rows_of(connection, window, moment)
        stands = rows.lineage != Lineage.RETRACTED
        if not stands.any():
            continue
        cuts = np.array([0, int(stands.sum())])
        found = daily_columns.compute(
            rows.take(stands), cuts, rows_of_series, bounds, events
        )
        part = pd.DataFrame({name: found[name][0] for name in _COLUMNS})
        parts.append(part.assign(time=bounds[:-1])[part["count"] > 0])
    if not parts:
        return pd.DataFrame(columns=["time", *_COLUMNS], dtype="float64")
    return pd.concat(parts, ignore_index=True)


def _years(first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    turns = [dt.date(year, 1, 1) for year in range(first.year + 1, last.year + 1)]
    edges = [first, *(turn for turn in turns if first < turn < last), last]
    return list(itertools.pairwise(edges))


def _days(table: pd.DataFrame, series: Answer, ends: NDArray[np.int64]) -> Answer:
    """Days as a line: volume of counters and totals, else mean with its range."""
    summed = series["quantity"] == "volume"
    column = "volume" if summed else "mean"
    some = table[np.isfinite(table[column].to_numpy(np.float64))]
    parts = {name: some[name].to_numpy(np.float64) for name in (column, "min", "max")}
    drawn = [parts[column]] if summed else list(parts.values())
    time = some["time"].to_numpy(np.int64)
    line = thinning.thin(time, drawn, MOST_POINTS, 1.5 * _DAY)
    suspect = np.flatnonzero((some["volume_suspect"] > 0).to_numpy())
    shown = suspect[
        thinning.thin(time[suspect], parts[column][suspect], MOST_MARKS).index
    ]
    observed = float(some["observed_s"].sum() * 1e6)
    if series["quantity"] not in _FLOWING:
        observed = len(some) * _DAY
    return {
        "time": time[line.index],
        "value": parts[column][line.index],
        "broken": line.broken,
        "bridged": line.bridged,
        "drawn_of": len(time),
        "per_day": summed,
        "range": {}
        if summed
        else {name: parts[name][line.index] for name in ("min", "max")},
        "marks": {
            "suspect": {
                "time": time[shown],
                "value": parts[column][shown],
                "count": len(suspect),
            }
        },
        "observed": min(observed / float(ends[1] - ends[0]), 1.0),
    }
