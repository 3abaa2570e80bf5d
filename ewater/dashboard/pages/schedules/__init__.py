"""Schedules: what reservoirs are to release in ten days, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.schedules import planned

if TYPE_CHECKING:
    from dash import Dash, html

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

EXHIBITS = (planned.STORAGE, planned.RELEASE)


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    del state, geography
    return lang.gettext("Ten-day schedules of reservoirs")


def layout(state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    return board("schedules", EXHIBITS, state, lang)


def register(app: Dash, reader: CachedReader) -> None:
    """Connect what is no exhibit."""
    planned.register(app, reader)


PAGE = Page(
    name="schedules",
    path="/schedules",
    label=mark("Schedules"),
    heading=heading,
    layout=layout,
    register=register,
    exhibits=EXHIBITS,
    filters=(),
)
