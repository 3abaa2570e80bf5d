"""Administration: users, organisations, sources, runs and the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from ewater.dashboard.exhibits import exhibit_panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.admin import changing, tables
from ewater.dashboard.pages.page import Page

if TYPE_CHECKING:
    from dash import Dash

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name the page."""
    del state, geography
    return lang.gettext("Administration")


def layout(state: State, lang: Language) -> html.Div:
    """Place the exhibits and the form."""
    panels = [exhibit_panel("admin", one, state, lang) for one in tables.EXHIBITS]
    return html.Div([*panels, changing.form(lang)], className="panels admin-board")


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the form."""
    del reader
    changing.register(app)


PAGE = Page(
    name="admin",
    path="/admin",
    acts=("administer",),
    label=mark("Administration"),
    heading=heading,
    layout=layout,
    register=register,
    exhibits=tables.EXHIBITS,
    filters=(),
)
