"""Sectors and users: who takes water, from whom and where, within which permits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import Exhibit, board, reasons
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.overview.tables import sectors_sheet
from ewater.dashboard.pages.page import OF_PERIOD, Page, headed
from ewater.dashboard.pages.sectors import charts, sheets

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

EXHIBITS = (
    Exhibit(
        "account",
        mark("Use by sector, of the account"),
        mark("With uncertainty and status; Explain leads to readings and returns."),
        "account",
        sectors_sheet,
        charts.account,
    ),
    Exhibit(
        "isic",
        mark("Reported and imputed, by ISIC group"),
        mark("What returns say was taken and received, and what fills missing ones."),
        "isic",
        sheets.isic,
        charts.isic,
        unexplained=reasons.RETURNS,
    ),
    Exhibit(
        "sources",
        mark("By source"),
        mark("Water taken and received, by where it comes from."),
        "sources",
        sheets.sources,
        charts.sources,
        unexplained=reasons.RETURNS,
    ),
    Exhibit(
        "suppliers",
        mark("By supplier"),
        mark("What both sides say of the water that changes hands."),
        "suppliers",
        sheets.suppliers,
        unexplained=reasons.RETURNS,
    ),
    Exhibit(
        "permits",
        mark("Against permits"),
        mark("Water taken by the enterprise itself; the excess first."),
        "permits",
        sheets.permits,
        unexplained=reasons.RETURNS,
    ),
    Exhibit(
        "users",
        mark("Largest users"),
        mark("By what they took and received."),
        "users",
        sheets.largest,
        charts.largest,
        height=460,
        unexplained=reasons.RETURNS,
    ),
)


def layout(state: State, lang: Language) -> Any:
    """Make the empty page."""
    return board("sectors", EXHIBITS, state, lang)


PAGE = Page(
    name="sectors",
    path="/sectors",
    label=mark("Sectors and users"),
    heading=headed(mark("{territory}: sectors and users, {period}")),
    layout=layout,
    exhibits=EXHIBITS,
    filters=OF_PERIOD,
)
