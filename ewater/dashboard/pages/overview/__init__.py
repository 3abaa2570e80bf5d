"""Overview: the balance of one territory and period, on one page.

`layout` places the key figures (`cards`) and the exhibits (`flows`, `areas`, `tables`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.overview import areas, borders, cards, flows, tables
from ewater.dashboard.pages.overview.layout import layout
from ewater.dashboard.pages.page import Page
from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    return lang.gettext("{territory}: water balance, {period}").format(
        territory=geography.name(state.territory, lang),
        period=period_words(state, lang),
    )


EXHIBITS = (
    cards.FIGURES,
    flows.SANKEY,
    areas.MAP,
    tables.MONTHS,
    tables.SECTORS_USE,
    tables.NEIGHBOURS,
    borders.BORDERS,
    tables.PUBLISHED,
)

PAGE = Page(
    name="overview",
    path="/",
    label=mark("Overview"),
    heading=heading,
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: layout(EXHIBITS, state, lang),
    register=cards.register,
    exhibits=EXHIBITS,
    filters=(
        "territory",
        "year",
        "period",
        "boundary",
        "calendar",
        "step",
        "sector",
        "version",
        "as_of",
    ),
)
