"""What a page is to the frame around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from dash import Dash

    from ewater.dashboard.exhibits import Exhibit
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

#: Every filter of the frame, in its order.
FILTERS = (
    "territory",
    "year",
    "period",
    "boundary",
    "calendar",
    "step",
    "sector",
    "version",
    "as_of",
)
#: Filters of a page about the account of one period: there are no steps in it.
OF_PERIOD = tuple(name for name in FILTERS if name != "step")


def headed(message: str) -> Callable[[State, Geography, Language], str]:
    """Make a heading of a marked message with ``{territory}`` and ``{period}``."""

    def heading(state: State, geography: Geography, lang: Language) -> str:
        return lang.gettext(message).format(
            territory=geography.name(state.territory, lang),
            period=period_words(state, lang),
        )

    return heading


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of the dashboard.

    ``layout`` makes its content in a language and for a state; callbacks that
    ``register`` connects take ``Input("state", "data")`` and fill it, at once when
    it appears and whenever the state changes. Ids are the page's own and begin with
    its name where another page could use the same. ``exhibits`` are connected besides;
    the layout holds the panel of each (`ewater.dashboard.exhibits.board`). Whoever may
    do one of ``acts`` (`ewater.people.roles`) may open it (`pages.opening`). Where what
    is shown does not always use all of ``filters``, ``used`` says which it does.
    """

    name: str
    path: str
    label: str  # in the navigation; marked for the catalogues
    heading: Callable[[State, Geography, Language], str]
    layout: Callable[[State, Language], Any]
    register: Callable[[Dash, CachedReader], None] | None = None
    exhibits: tuple[Exhibit, ...] = ()
    filters: tuple[str, ...] = ("territory", "year", "period", "boundary")
    used: Callable[[State], tuple[str, ...]] | None = None
    subtitle: Callable[[State, Language], str] | None = None
    acts: tuple[str, ...] = ("oversee",)

    def filters_of(self, state: State) -> tuple[str, ...]:
        """Name the filters that mean something to what is shown of a view."""
        return self.used(state) if self.used else self.filters
