"""Where a period begins: local days, decades, months, quarters and years.

Starts of day and year belong to the report, not to the data (METHODS 2, Time).
Periods are cut in local time and counted in UTC, so that a day on which the
clock changes has 23 or 25 hours and a month its true length.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.terms import STEPS, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DAY = np.timedelta64(1, "D")
_LONGEST_STEP_YEARS = 2  # candidates on both sides of the dates asked for


@dataclass(frozen=True)
class Calendar:
    """A zone, and where its days and years start.

    Parameters
    ----------
    code
        Name of the calendar in the country folder.
    timezone
        IANA name, such as ``Asia/Baku``.
    day_start
        Local time ``HH:MM`` at which every day, month and year begins.
    year_start
        ``MM-DD`` on which a year begins; at most the 28th of a month.

    Raises
    ------
    UsageError
        The zone is unknown or a start is not of this form.
    """

    code: str
    timezone: str
    day_start: str = "00:00"
    year_start: str = "01-01"

    UTC: ClassVar[Calendar]

    def __post_init__(self) -> None:
        """Refuse what no calendar can mean."""
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.day_start):
            raise UsageError(
                f"calendar {self.code}: day_start {self.day_start!r} is no time; "
                "write HH:MM, such as 08:00"
            )
        if not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])", self.year_start):
            raise UsageError(
                f"calendar {self.code}: year_start {self.year_start!r} is not in every "
                "year; write MM-DD up to the 28th, such as 10-01"
            )
        try:
            pd.Timestamp(0, tz=self.timezone)
        except Exception as error:
            raise UsageError(
                f"calendar {self.code}: time zone {self.timezone!r} is unknown; use an "
                "IANA name such as Asia/Baku"
            ) from error

    @property
    def day_offset(self) -> np.timedelta64:
        """Time from local midnight to the start of the day."""
        hours, minutes = self.day_start.split(":")
        return np.timedelta64(int(hours) * 60 + int(minutes), "m")


Calendar.UTC = Calendar("UTC", "UTC")


def from_frame(calendars: pd.DataFrame, code: str) -> Calendar:
    """Take one calendar of the country frame ``calendars``.

    Raises
    ------
    UsageError
        No such calendar; the message lists those there are.
    """
    rows = calendars.loc[calendars["code"] == code]
    if rows.empty:
        known = ", ".join(sorted(calendars["code"])) or "none"
        raise UsageError(f"calendar {code!r} is unknown; there are: {known}")
    row = rows.iloc[0]
    given = {
        name: str(row[name])
        for name in ("timezone", "day_start", "year_start")
        if name in row.index and pd.notna(row[name])
    }
    return Calendar(code, **({"timezone": "UTC"} | given))


def first(calendars: pd.DataFrame) -> Calendar:
    """Take the first calendar of the country frame; days of UTC where it has none."""
    if calendars.empty:
        return Calendar.UTC
    return from_frame(calendars, str(calendars["code"].iloc[0]))


def bounds(
    calendar: Calendar, start: dt.date, end: dt.date, step: Step
) -> NDArray[np.int64]:
    """Cut the time from ``start`` to ``end`` into periods side by side.

    Parameters
    ----------
    calendar
        Its zone, day start and year start.
    start, end
        First day (in) and day after the last one (out); both on an edge of ``step``.
    step
        ``day``; ``decade`` (days 1-10, 11-20, 21-end of a month); ``month``;
        ``quarter`` and ``year``, both counted from the calendar's year start.

    Returns
    -------
    numpy.ndarray : (n + 1,), int64 microseconds UTC
        Strictly increasing; ``n`` half-open periods.

    Raises
    ------
    UsageError
        ``end`` is not after ``start``, or one of them is no edge of ``step``.
    """
    if step not in STEPS:
        raise UsageError(f"step {step!r} is unknown; use one of {', '.join(STEPS)}")
    if end <= start:
        raise UsageError(f"the period ends on {end}, not after its start {start}")
    edges = _edges(
        calendar, start.year - _LONGEST_STEP_YEARS, end.year + _LONGEST_STEP_YEARS, step
    )
    first = _edge_index(edges, start, step, "start")
    last = _edge_index(edges, end, step, "end")
    return to_utc(calendar, edges[first : last + 1])


def to_utc(calendar: Calendar, days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Instant at which each local day begins.

    Where the clock skips that time, the first instant that exists; where it comes
    twice, the first of the two (METHODS 2, Time).

    Parameters
    ----------
    days : (n,), datetime64[D]

    Returns
    -------
    numpy.ndarray : (n,), int64 microseconds UTC
    """
    local = pd.DatetimeIndex(days.astype("M8[us]") + calendar.day_offset)
    zoned = local.tz_localize(
        calendar.timezone,
        ambiguous=np.ones(len(local), dtype=bool),
        nonexistent="shift_forward",
    )
    return _microseconds(zoned.tz_convert("UTC").tz_localize(None))


def local_days(
    calendar: Calendar, instants: NDArray[np.int64]
) -> NDArray[np.datetime64]:
    """Calendar day to which each instant belongs, shifted by the day start.

    Parameters
    ----------
    instants : (n,), int64 microseconds UTC

    Returns
    -------
    numpy.ndarray : (n,), datetime64[D]
    """
    local = _local(calendar, instants).tz_localize(None)
    shifted = local.to_numpy().astype("M8[us]") - calendar.day_offset
    days = cast("NDArray[np.datetime64]", shifted.astype("M8[D]"))
    # where the start of day is skipped, the day has begun already at a later clock time
    # and where it is repeated, its second pass is still the same day
    early = to_utc(calendar, days) > instants
    late = to_utc(calendar, days + _DAY) <= instants
    return days - early * _DAY + late * _DAY


def local_day(moment: dt.datetime, timezone: str) -> dt.date:
    """Day on which a moment lies by the clocks of a time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def last_day(end: dt.datetime, timezone: str) -> dt.date:
    """Last day before an end, which itself is outside."""
    return local_day(end - dt.timedelta(microseconds=1), timezone)


def labels(calendar: Calendar, bounds: NDArray[np.int64]) -> list[str]:
    """Local time of each instant with its offset, as ISO 8601.

    Examples
    --------
    >>> labels(Calendar("az", "Asia/Baku"), np.array([1672516800000000]))
    ['2023-01-01T00:00:00+04:00']
    """
    return [stamp.isoformat() for stamp in _local(calendar, bounds)]


def _local(calendar: Calendar, instants: NDArray[np.int64]) -> pd.DatetimeIndex:
    stamps = pd.DatetimeIndex(np.asarray(instants, dtype="int64").view("M8[us]"))
    return stamps.tz_localize("UTC").tz_convert(calendar.timezone)


def _microseconds(stamps: pd.DatetimeIndex) -> NDArray[np.int64]:
    return stamps.to_numpy().astype("M8[us]").astype(np.int64)


def _edges(
    calendar: Calendar, first: int, last: int, step: Step
) -> NDArray[np.datetime64]:
    """All local days on which a period may start between two years."""
    months = np.arange(f"{first:04d}-01", f"{last + 1:04d}-01", dtype="M8[M]")
    if step == "month":
        return months.astype("M8[D]")
    if step == "day":
        return np.arange(months[0], months[-1], dtype="M8[D]")
    if step == "decade":
        offsets = np.array([0, 10, 20], dtype="m8[D]")
        return np.asarray(months.astype("M8[D]")[:, None] + offsets).ravel()
    month, day = (int(part) for part in calendar.year_start.split("-"))
    starts = (
        months[(month - 1) % 3 :: 3] if step == "quarter" else months[month - 1 :: 12]
    )
    return np.asarray(starts.astype("M8[D]") + np.timedelta64(day - 1, "D"))


def _edge_index(
    edges: NDArray[np.datetime64], day: dt.date, step: Step, which: str
) -> int:
    wanted = np.datetime64(day, "D")
    index = int(np.searchsorted(edges, wanted))
    if edges[index] != wanted:
        raise UsageError(
            f"{which} {day} is not where a {step} begins; the nearest are "
            f"{edges[index - 1]} and {edges[index]}"
        )
    return index
