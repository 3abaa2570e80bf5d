"""Network: the ledger on a map and as a diagram, and what one flow or account says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.network import choosing, chosen, pictures
from ewater.dashboard.pages.page import Page
from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    return lang.gettext("{territory}: network, {period}").format(
        territory=geography.name(state.territory, lang),
        period=period_words(state, lang),
    )


EXHIBITS = (pictures.MAP, chosen.CHOSEN, pictures.DIAGRAM)

PAGE = Page(
    name="network",
    path="/network",
    label=mark("Network"),
    heading=heading,
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: board("network", EXHIBITS, state, lang),
    register=choosing.register,
    exhibits=EXHIBITS,
    filters=("territory", "year", "period", "boundary", "calendar", "version", "as_of"),
)
