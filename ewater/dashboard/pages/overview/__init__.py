"""Overview: the balance of one territory and period, on one page.

`layout` places the key figures (`cards`) and the exhibits (`flows`, `areas`, `tables`).
"""

from __future__ import annotations

from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.overview import areas, borders, cards, flows, tables
from ewater.dashboard.pages.overview.layout import layout
from ewater.dashboard.pages.page import FILTERS, Page, headed

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
    heading=headed(mark("{territory}: water balance, {period}")),
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: layout(EXHIBITS, state, lang),
    register=cards.register,
    exhibits=EXHIBITS,
    filters=FILTERS,
)
