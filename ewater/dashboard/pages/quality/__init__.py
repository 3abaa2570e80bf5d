"""Data quality: coverage, latency, rejects, suspects, what waits, what to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.quality import faults, times
from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

NAME = "quality"
EXHIBITS = (
    faults.MEND,
    faults.SUSPECTS,
    times.COVERAGE,
    times.LATENCY,
    faults.REJECTS,
    faults.WAITING,
)


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name the territory and the period."""
    return lang.gettext("{territory}: data quality, {period}").format(
        territory=geography.name(state.territory, lang),
        period=period_words(state, lang),
    )


PAGE = Page(
    name=NAME,
    path="/quality",
    label=mark("Data quality"),
    heading=heading,
    layout=lambda state, lang: board(NAME, EXHIBITS, state, lang),
    exhibits=EXHIBITS,
    filters=("territory", "year", "period", "boundary", "calendar", "as_of"),
)
