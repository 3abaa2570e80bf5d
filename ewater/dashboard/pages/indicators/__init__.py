"""Indicators: stress, efficiency, losses, storage, and the bridges between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.indicators import bridging, cards, tables
from ewater.dashboard.pages.page import Page
from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from dash import Dash

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    return lang.gettext("{territory}: indicators, {period}").format(
        territory=geography.name(state.territory, lang),
        period=period_words(state, lang),
    )


EXHIBITS = (tables.YEARS, tables.COMPLETE, bridging.BRIDGE, tables.ALL)


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page: cards above a board of exhibits."""
    return html.Div(
        [
            html.Div(id="indicators-cards", className="kpis indicator-kpis"),
            board("indicators", EXHIBITS, state, lang),
        ]
    )


def register(app: Dash, reader: CachedReader) -> None:
    """Connect what is no exhibit."""
    cards.register(app, reader)
    bridging.register(app, reader)


PAGE = Page(
    name="indicators",
    path="/indicators",
    label=mark("Indicators"),
    heading=heading,
    layout=layout,
    register=register,
    exhibits=EXHIBITS,
    filters=("territory", "year", "period", "calendar", "version", "as_of"),
)
