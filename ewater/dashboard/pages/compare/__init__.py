"""Compare: years, versions, moments, editions and scenarios side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.compare import choosing, tables
from ewater.dashboard.pages.compare.kinds import KINDS
from ewater.dashboard.pages.page import Page

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    kind = KINDS[state.pick("what", KINDS)]
    return lang.gettext("{territory}: comparison of {what}").format(
        territory=geography.name(state.territory, lang),
        what=lang.small(lang.gettext(kind.label)),
    )


EXHIBITS = (tables.SIDES, tables.DIFFERENCES)

PAGE = Page(
    name="compare",
    path="/compare",
    label=mark("Compare"),
    heading=heading,
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: board("compare", EXHIBITS, state, lang),
    register=choosing.register,
    exhibits=EXHIBITS,
    filters=("territory", "year", "period", "boundary", "calendar", "version", "as_of"),
)
