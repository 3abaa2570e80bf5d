"""The small menu of an exhibit: downloads, pictures, Explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Output, html

from ewater.dashboard.exhibits.exhibit import exhibit_id
from ewater.dashboard.html import attributes

if TYPE_CHECKING:
    from ewater.dashboard.exhibits.exhibit import Exhibit
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State

FILES = ("csv", "xlsx")
PICTURES = ("png", "svg")


def menu(page: str, exhibit: Exhibit, lang: Language) -> html.Details:
    """Make the menu; the script of the page draws pictures and closes it."""
    name = exhibit_id(page, exhibit)
    title = lang.gettext(exhibit.title)
    words = lang.gettext("Take away: {name}").format(name=title)
    items: list[Any] = [
        html.A(kind.upper(), id=f"{name}-{kind}", href="#", className="menu-item")
        for kind in FILES
    ]
    if exhibit.chart is not None:
        items += [
            html.Button(
                kind.upper(),
                type="button",
                className="menu-item",
                **attributes(data_picture=kind, data_name=name),
            )
            for kind in PICTURES
        ]
    return html.Details(
        [
            html.Summary("⋯", title=words, **attributes(aria_label=words)),
            html.Div(items, className="menu-items"),
        ],
        className="exhibit-menu",
    )


def outputs(page: str, exhibit: Exhibit) -> list[Output]:
    """Addresses of the downloads, which follow the view."""
    name = exhibit_id(page, exhibit)
    return [Output(f"{name}-{kind}", "href") for kind in FILES]


def links(page: str, exhibit: Exhibit, state: State) -> list[str]:
    """Addresses of the downloads of a view."""
    return [
        f"/download/{page}/{exhibit.name}.{kind}{state.query_of_run()}"
        for kind in FILES
    ]
