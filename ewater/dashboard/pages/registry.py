"""The pages, in the order of the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.dashboard.pages import (
    admin,
    alerts,
    compare,
    desk,
    editions,
    enterprise,
    forecast,
    indicators,
    network,
    overview,
    quality,
    reservoirs,
    returns,
    schedules,
    sectors,
    series,
    territory,
)

if TYPE_CHECKING:
    from ewater.dashboard.pages.page import Page

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    territory.PAGE,
    network.PAGE,
    reservoirs.PAGE,
    series.PAGE,
    sectors.PAGE,
    quality.PAGE,
    indicators.PAGE,
    forecast.PAGE,
    schedules.PAGE,
    compare.PAGE,
    editions.PAGE,
    alerts.PAGE,
    admin.PAGE,
    returns.PAGE,
    desk.PAGE,
    enterprise.PAGE,
)


def page_at(path: str | None) -> Page | None:
    """Page of an address; a slash at its end does not matter."""
    wanted = "/" + (path or "").strip("/")
    return next((page for page in PAGES if page.path == wanted), None)
