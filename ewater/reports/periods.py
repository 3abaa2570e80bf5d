"""Years and quarters that returns are for, and when they are due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ewater.errors import UsageError

_SAID = re.compile(r"(\d{4})(?:-?Q([1-4]))?")


@dataclass(frozen=True, slots=True)
class Period:
    """A year, or a quarter of one; half-open, from local midnight."""

    year: int
    quarter: int | None = None

    def __str__(self) -> str:
        """As people write it: 2024, 2024-Q1."""
        return (
            f"{self.year}" if self.quarter is None else f"{self.year}-Q{self.quarter}"
        )

    @property
    def months(self) -> tuple[int, ...]:
        """Its months, from 1."""
        if self.quarter is None:
            return tuple(range(1, 13))
        return tuple(range(3 * self.quarter - 2, 3 * self.quarter + 1))

    def edges(self, zone: str) -> tuple[datetime, datetime]:
        """Start and end in UTC."""
        last = self.months[-1]
        year, month = (self.year + 1, 1) if last == 12 else (self.year, last + 1)
        start = local(self.year, self.months[0], zone)
        return start, local(year, month, zone)

    def due(self, zone: str, days: int) -> datetime:
        """End of the last day on which its return is in time."""
        _, end = self.edges(zone)
        place = end.astimezone(ZoneInfo(zone)) + timedelta(days=days)
        return place.astimezone(UTC)


def local(year: int, month: int, zone: str) -> datetime:
    """Local midnight at which a month begins, in UTC."""
    return datetime(year, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def read(said: str) -> Period:
    """Read a period.

    Examples
    --------
    >>> str(read("2024")), read("2024-Q3").months
    ('2024', (7, 8, 9))

    Raises
    ------
    UsageError
        It is neither a year nor a quarter.
    """
    match = _SAID.fullmatch(str(said).strip())
    if match is None or not 1900 <= int(match[1]) <= 2199:
        raise UsageError(f"{said!r} is no period; give a year (2024) or 2024-Q1")
    return Period(int(match[1]), int(match[2]) if match[2] else None)
