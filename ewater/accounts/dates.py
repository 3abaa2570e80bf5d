"""The dates a person types: a year, a month or a day."""

from __future__ import annotations

import datetime as dt
import re

from ewater.errors import UsageError

_WRITTEN = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def span(first: str, last: str | None = None) -> tuple[dt.date, dt.date]:
    """Read ``--from`` and ``--to`` as a half-open span of days.

    A year or a month means the whole of it, so that ``2021`` to ``2023`` holds three
    years. A full date is an instant: ``--to 2024-01-01`` ends where 2024 begins.

    Examples
    --------
    >>> span("2023")
    (datetime.date(2023, 1, 1), datetime.date(2024, 1, 1))
    >>> span("2023-04", "2023-06-11")
    (datetime.date(2023, 4, 1), datetime.date(2023, 6, 11))

    Raises
    ------
    UsageError
        Not a date, or the end is not after the start.
    """
    start, whole = _read(first, "--from")
    end = whole if last is None else _end(last)
    if end <= start:
        raise UsageError(f"--to {last} is not after --from {first}")
    return start, end


def _end(text: str) -> dt.date:
    start, after = _read(text, "--to")
    return start if _is_day(text) else after


def _is_day(text: str) -> bool:
    return text.count("-") == 2


def _read(text: str, option: str) -> tuple[dt.date, dt.date]:
    """First day of what is written, and the day after its last."""
    match = _WRITTEN.fullmatch(text)
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - one message for both ways to be wrong
        year, month, day = (int(part) if part else None for part in match.groups())
        start = dt.date(year or 0, month or 1, day or 1)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no date; write 2023, 2023-04 or 2023-04-11"
        ) from None
    if day:
        return start, start + dt.timedelta(days=1)
    if month:
        return start, (start.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return start, dt.date(start.year + 1, 1, 1)
