"""Periods in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ewater.dashboard import state as states

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

_LEAST_MONTH, _LONGEST_MONTH, _LONGEST_QUARTER = 28, 31, 92  # days


def part_words(period: str, lang: Language) -> str:
    """Name a quarter, a month or ten days of one; the whole year is empty."""
    first, last, decade = states.PERIODS[period]
    if decade:
        return f"{lang.month(first, 'wide')} ({'I' * decade})"
    if first == last:
        return lang.month(first, "wide")
    return lang.quarter(last // 3) if last - first == 2 else ""


def step_words(start: date, end: date, lang: Language, width: str = "wide") -> str:
    """Name a step: ten days, a month, a quarter or a year.

    Examples
    --------
    >>> from ewater.dashboard.i18n import language
    >>> step_words(date(2023, 2, 21), date(2023, 3, 1), language("en"), "abbreviated")
    'Feb (III)'
    >>> step_words(date(2023, 10, 1), date(2024, 1, 1), language("en"))
    '4th quarter'
    """
    days = (end - start).days
    if days > _LONGEST_QUARTER:
        return year_words(start.year, start.month)
    month = lang.month(start.month, width)
    if days > _LONGEST_MONTH:
        last = (end - timedelta(days=1)).month
        if last % 3 == 0:
            return lang.quarter(last // 3)
        return f"{month}–{lang.month(last, width)}"
    return f"{month} ({'I' * (start.day // 10 + 1)})" if days < _LEAST_MONTH else month


def calendar_words(code: str, first_month: int, lang: Language) -> str:
    """Name a calendar, with the first and last month of its year.

    Examples
    --------
    >>> from ewater.dashboard.i18n import language
    >>> calendar_words("AZ-WATER", 10, language("en"))
    'AZ-WATER: Oct–Sep'
    """
    last = (first_month - 2) % 12 + 1
    return f"{code}: {lang.month(first_month)}–{lang.month(last)}"


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
        return f"{lang.within(part)} {state.start.year}"
    return year_words(state.year, state.first_month)
