"""Territory: the account of one basin, district or system, and all that it rests on."""

from __future__ import annotations

from dataclasses import replace

from ewater.dashboard.exhibits import board
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARY_MEANINGS
from ewater.dashboard.pages.overview import flows
from ewater.dashboard.pages.page import OF_PERIOD, Page, headed
from ewater.dashboard.pages.territory import account, partners, trend, where

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
    heading=headed(mark("{territory}: account, {period}")),
    subtitle=lambda state, lang: lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
    layout=lambda state, lang: board("territory", EXHIBITS, state, lang),
    exhibits=EXHIBITS,
    filters=OF_PERIOD,
)
