"""Alerts: what is beyond its limit, what was, who took note, and the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from ewater.dashboard.exhibits import exhibit_panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.alerts import tables, taking
from ewater.dashboard.pages.page import Page

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name the page: it is about now, wherever the filters are."""
    del state, geography
    return lang.gettext("Alerts")


def layout(state: State, lang: Language) -> html.Div:
    """Place the exhibits and the form."""
    panels = [exhibit_panel("alerts", one, state, lang) for one in tables.EXHIBITS]
    return html.Div([*panels, taking.form(lang)], className="panels alerts-board")


PAGE = Page(
    name="alerts",
    path="/alerts",
    label=mark("Alerts"),
    heading=heading,
    layout=layout,
    register=taking.register,
    exhibits=tables.EXHIBITS,
    filters=(),
)
