"""Sites and series: what an instrument said, how far it is believed, and its mending.

`line` is the hydrograph, `tables` lists, `curve` draws the curves; `forms` and `saving`
let engineers correct and people approve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from ewater.dashboard.exhibits import exhibit_panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.series import (
    away,
    chosen,
    curve,
    find,
    forms,
    line,
    saving,
    tables,
)
from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

NAME = "series"
EXHIBITS = (
    find.FIND,
    line.LINE,
    away.READINGS,
    tables.DAY,
    tables.VERSIONS,
    tables.THEN,
    tables.ACTS,
    curve.CURVES,
)


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name the page, the series chosen and the period."""
    del geography
    words = [lang.gettext("Sites and series")]
    if code := state.get("series"):
        words.append(code)
    if state.pick("span", chosen.SPANS) == "period":
        words.append(period_words(state, lang))
    return ": ".join([words[0], ", ".join(words[1:])]) if words[1:] else words[0]


def layout(state: State, lang: Language) -> html.Div:
    """Place the exhibits and the forms."""
    panels = [exhibit_panel(NAME, one, state, lang) for one in EXHIBITS if one.on_page]
    edits = [forms.entry_panel(lang), forms.verdict_panel(lang)]
    about = html.Div(id="series-about", className="about")
    return html.Div([about, *panels, *edits], className="panels series-board")


PAGE = Page(
    name=NAME,
    path=chosen.PATH,
    acts=("oversee", "report"),
    label=mark("Sites and series"),
    heading=heading,
    layout=layout,
    register=saving.register,
    exhibits=EXHIBITS,
    filters=("year", "period", "calendar", "as_of"),
)
