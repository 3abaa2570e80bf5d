"""Territory: the account of one basin, district or system, and all that it rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.overview import flows
from ewater.dashboard.pages.page import Page
from ewater.dashboard.pages.territory import account, partners, trend, where
from ewater.dashboard.words import period_words

if TYPE_CHECKING:
    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def heading(state: State, geography: Geography, lang: Language) -> str:
    """Name what the page shows."""
    return lang.gettext("{territory}: account, {period}").format(
        territory=geography.name(state.territory, lang),
        period=period_words(state, lang),
    )


EXHIBITS = (
    account.ACCOUNT,
    account.KNOWN,
    partners.PARTNERS,
    replace(flows.SANKEY, area="sankey"),
    trend.TREND,
    where.LOSSES,
    where.METERS,
    account.ASSETS,
)

PAGE = Page(
    name="territory",
    path="/territory",
    label=mark("Territory"),
    heading=heading,
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: board("territory", EXHIBITS, state, lang),
    exhibits=EXHIBITS,
    filters=(
        "territory",
        "year",
        "period",
        "boundary",
        "calendar",
        "sector",
        "version",
        "as_of",
    ),
)
