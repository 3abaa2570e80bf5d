"""Reservoirs: all of them ranked and summed, and one through the year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output

from ewater.dashboard import view
from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.page import Page, headed
from ewater.dashboard.pages.reservoirs import all as ranking
from ewater.dashboard.pages.reservoirs import one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash, html

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

NAME = "reservoirs"
EXHIBITS = (ranking.ALL, one.ONE)


def layout(state: State, lang: Language) -> html.Div:
    """Place the exhibits."""
    return board(NAME, EXHIBITS, state, lang)


def register(app: Dash, reader: CachedReader) -> None:
    """Name the reservoir that is shown in the title of its panel."""

    @app.callback(Output("reservoirs-one-title", "children"), Input("state", "data"))
    def name(data: Mapping[str, Any]) -> str:
        state, lang = view.opened(data)
        found = one.chosen(reader, state)
        words = lang.gettext("Storage through the year")
        return f"{ranking.name_of(found, lang)}: {words}" if found else words


PAGE = Page(
    name=NAME,
    path=ranking.PATH,
    label=mark("Reservoirs"),
    heading=headed(mark("{territory}: reservoirs, {period}")),
    layout=layout,
    register=register,
    exhibits=EXHIBITS,
    filters=("territory", "year", "period", "calendar", "as_of"),
)
