"""The navigation: groups of pages, as far as they are for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from ewater.dashboard.html import attributes
from ewater.dashboard.pages.opening import opens
from ewater.dashboard.pages.registry import GROUPS

if TYPE_CHECKING:
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.pages.page import Page
    from ewater.dashboard.pages.registry import Group
    from ewater.dashboard.state import State


def navigation(current: Page | None, state: State, lang: Language) -> list[Any]:
    """Make the groups; their links keep the view.

    A group of one page is a link of its own, others are menus (`exhibits.js`).
    """
    made = []
    for group in GROUPS:
        pages = [page for page in group.pages if opens(page)]
        if len(pages) > 1:
            made.append(_menu(group, pages, current, state, lang))
        else:
            made += [_link(page, current, state, lang, "page-link") for page in pages]
    return made


def _menu(
    group: Group, pages: list[Page], current: Page | None, state: State, lang: Language
) -> html.Details:
    words: list[Any] = [html.Span(lang.gettext(group.label))]
    marked = {}
    if current in pages:
        here = lang.gettext(current.label) if current else ""
        words.append(html.Span(here, className="here"))
        marked = attributes(aria_current="true")
    return html.Details(
        [
            html.Summary(words, className="page-link", **marked),
            html.Div(
                [_link(page, current, state, lang, "menu-item") for page in pages],
                className="menu-items",
            ),
        ],
        className="exhibit-menu in-line page-group",
    )


def _link(
    page: Page, current: Page | None, state: State, lang: Language, kind: str
) -> Any:
    words = lang.gettext(page.label)
    if page is current:
        marked = attributes(aria_current="page")
        return html.Span(words, className=f"{kind} current", tabIndex=-1, **marked)
    return dcc.Link(words, href=page.path + state.query(), className=kind)
