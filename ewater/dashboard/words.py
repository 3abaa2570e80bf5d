"""Periods in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard import state as states

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def part_words(period: str, lang: Language) -> str:
    """Name a quarter, a month or ten days of one; the whole year is empty."""
    first, last, decade = states.PERIODS[period]
    if decade:
        return f"{lang.month(first, 'wide')} ({'I' * decade})"
    if first == last:
        return lang.month(first, "wide")
    return lang.quarter(last // 3) if last - first == 2 else ""


def year_words(year: int, first_month: int) -> str:
    """Write a year; one that does not begin in January has two halves.

    Examples
    --------
    >>> year_words(2023, 1), year_words(2023, 10)
    ('2023', '2023/24')
    """
    return str(year) if first_month == 1 else f"{year}/{(year + 1) % 100:02d}"


def period_words(state: State, lang: Language) -> str:
    """Name the period shown: a year, or the part of it with the year it lies in."""
    part = part_words(state.period, lang)
    if part:
        return f"{part} {state.start.year}"
    return year_words(state.year, state.first_month)
