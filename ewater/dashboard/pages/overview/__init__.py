"""Overview: the balance of one territory and period, on one page.

`layout` is the skeleton, `panels` fills it; `cards` and `tables` turn answers of the
reader into HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.overview import panels
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


PAGE = Page(
    name="overview",
    path="/",
    label=mark("Overview"),
    heading=heading,
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=layout,
    register=panels.register,
    filters=("territory", "year", "period", "boundary", "calendar", "as_of"),
)
