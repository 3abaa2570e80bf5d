"""Forecast: what may come, the annual balance, what came of earlier ones, what if."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.forecast import annual, coming, earlier, scores, whatif
from ewater.dashboard.pages.page import Page

if TYPE_CHECKING:
    from dash import Dash, html

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

EXHIBITS = (
    coming.COMING,
    annual.ANNUAL,
    earlier.EARLIER,
    whatif.WHATIF,
    scores.SCORES,
)


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    return lang.gettext("{territory}: forecast").format(
        territory=geography.name(state.territory, lang)
    )


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    return board("forecast", EXHIBITS, state, lang)


def register(app: Dash, reader: CachedReader) -> None:
    """Connect what is no exhibit."""
    annual.register(app)
    whatif.register(app, reader)


PAGE = Page(
    name="forecast",
    path="/forecast",
    label=mark("Forecast"),
    heading=heading,
    layout=layout,
    register=register,
    exhibits=EXHIBITS,
    filters=("territory",),
)
