"""Compare: years, versions, moments, editions and scenarios side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.compare import choosing, tables
from ewater.dashboard.pages.compare.kinds import KINDS, given
from ewater.dashboard.pages.page import OF_PERIOD, Page

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


_OF_ACCOUNTS = tuple(
    name for name in OF_PERIOD if name != "sector"
)  # of sides that are accounts of one period


def used(state: State) -> tuple[str, ...]:
    """Name the filters that the sides of the chosen kind depend on."""
    what = state.pick("what", KINDS)
    sides = given(state, what)
    if what == "scenarios":
        return ("territory",)
    left_out = set()
    if what == "versions":
        left_out = {"version"}
    elif what == "years" and len(sides) > 1:
        left_out = {"year"}
    elif what == "editions" and len(sides) > 1 and "live" not in sides:
        left_out = {"boundary", "version", "as_of"}
    return tuple(name for name in _OF_ACCOUNTS if name not in left_out)


def subtitle(state: State, lang: Language) -> str:
    """Say what the chosen boundary means, where it counts."""
    if "boundary" not in used(state):
        return ""
    return lang.gettext(BOUNDARY_MEANINGS[state.boundary])


EXHIBITS = (tables.SIDES, tables.DIFFERENCES)

PAGE = Page(
    name="compare",
    path="/compare",
    label=mark("Compare"),
    heading=heading,
    subtitle=subtitle,
    layout=lambda state, lang: board("compare", EXHIBITS, state, lang),
    register=choosing.register,
    exhibits=EXHIBITS,
    filters=_OF_ACCOUNTS,
    used=used,
)
