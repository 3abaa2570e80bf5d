"""Editions: sealed accounts, who signed them, and what changed from one to the next.

`lists` tells editions, steps and checks, `sealed` the figures; `change` the waterfall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.editions import change, lists, sealed
from ewater.dashboard.pages.page import Page

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

NAME = "editions"
EXHIBITS = (
    lists.EDITIONS,
    lists.STEPS,
    lists.CHECK,
    sealed.FIGURES,
    change.PAIRS,
    change.CHANGE,
    change.CAUSES,
)


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name the page and the territory."""
    return lang.gettext("{territory}: editions").format(
        territory=geography.name(state.territory, lang)
    )


PAGE = Page(
    name=NAME,
    path="/editions",
    label=mark("Editions"),
    heading=heading,
    layout=lambda state, lang: board(NAME, EXHIBITS, state, lang),
    exhibits=EXHIBITS,
    filters=("territory",),
)
