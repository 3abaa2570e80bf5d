"""Network: the ledger on a map and as a diagram, and what one flow or account says."""

from __future__ import annotations

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.network import choosing, chosen, pictures
from ewater.dashboard.pages.page import Page, headed

EXHIBITS = (pictures.MAP, chosen.CHOSEN, pictures.DIAGRAM)

PAGE = Page(
    name="network",
    path="/network",
    label=mark("Network"),
    heading=headed(mark("{territory}: network, {period}")),
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: board("network", EXHIBITS, state, lang),
    register=choosing.register,
    exhibits=EXHIBITS,
    filters=("territory", "year", "period", "boundary", "calendar", "version", "as_of"),
)
