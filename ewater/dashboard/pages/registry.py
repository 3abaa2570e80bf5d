"""The pages, in the groups and the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ewater.dashboard.i18n import mark
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


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that answer one kind of question; ``label`` is marked."""

    label: str
    pages: tuple[Page, ...]


GROUPS = (
    Group(
        mark("Balance"),
        (
            overview.PAGE,
            territory.PAGE,
            network.PAGE,
            indicators.PAGE,
            compare.PAGE,
        ),
    ),
    Group(
        mark("Use and returns"),
        (sectors.PAGE, enterprise.PAGE, returns.PAGE, desk.PAGE),
    ),
    Group(mark("Monitoring"), (reservoirs.PAGE, series.PAGE, alerts.PAGE)),
    Group(mark("Plans"), (forecast.PAGE, schedules.PAGE)),
    Group(mark("Trust"), (quality.PAGE, editions.PAGE)),
    Group(mark("Administration"), (admin.PAGE,)),
)
PAGES: tuple[Page, ...] = tuple(page for group in GROUPS for page in group.pages)


def page_at(path: str | None) -> Page | None:
    """Page of an address; a slash at its end does not matter."""
    wanted = "/" + (path or "").strip("/")
    return next((page for page in PAGES if page.path == wanted), None)
