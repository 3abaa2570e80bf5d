"""The skeleton of the frame: everything that stays while pages come and go.

Words carry an id of type ``text`` and are translated by one callback, so a
change of language moves no control of the frame and loses no focus.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from ewater.dashboard.components import picker, select, text
from ewater.dashboard.exhibits import explain
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.shell import renewal
from ewater.dashboard.theme import FONT, MANTINE_ACCENT, MANTINE_DARK

_MANTINE: Any = {
    "fontFamily": FONT,
    "headings": {"fontFamily": FONT},
    "colors": {"dark": list(MANTINE_DARK), "accent": list(MANTINE_ACCENT)},
    "primaryColor": "accent",
    "primaryShade": {"light": 7, "dark": 7},
    "autoContrast": True,
    "defaultRadius": "md",
}
#: Filters beside the title, with their words; territory and year are in the header.
BESIDE = {
    "period": mark("Period"),
    "boundary": mark("Boundary"),
    "step": mark("Step"),
    "sector": mark("Sector"),
    "calendar": mark("Calendar"),
    "version": mark("Figures"),
}


def _header() -> html.Header:
    return html.Header(
        [
            html.Div(
                [
                    html.Img(src="/assets/mark.svg", alt="", className="mark"),
                    html.Div(
                        [
                            html.Span("ewater", className="brand"),
                            html.Span(
                                text("National water balance", "brand"),
                                className="tagline",
                            ),
                        ],
                        className="brand-words",
                    ),
                ],
                className="brand-block",
            ),
            html.Div(
                [
                    html.Div(
                        select(
                            "territory",
                            searchable=True,
                            maxDropdownHeight=420,
                            selectFirstOptionOnChange=True,
                        ),
                        id="filter-territory",
                        className="pick-territory",
                    ),
                    html.Div(select("year"), id="filter-year", className="pick-year"),
                ],
                className="pickers",
            ),
            html.Div(
                [
                    dmc.SegmentedControl(
                        id="lang",
                        data=[
                            {"value": "az", "label": "AZ"},
                            {"value": "en", "label": "EN"},
                            {"value": "ru", "label": "RU"},
                        ],
                        value="en",
                        size="xs",
                    ),
                    dmc.Switch(id="dark", onLabel="☾", offLabel="☀", size="md"),
                    html.Div(id="account", className="account"),
                ],
                className="settings",
            ),
        ],
        className="top",
    )


def _filter(name: str, label: str) -> html.Div:
    return html.Div(
        [
            html.Label(text(label, "label"), className="label"),
            select(name, className=f"pick-{name}"),
        ],
        id=f"filter-{name}",
        className="filter",
    )


def _as_of() -> html.Div:
    return html.Div(
        [
            html.Label(
                text("As known at", "label"), className="label", htmlFor="as_of"
            ),
            dmc.TextInput(
                id="as_of",
                size="sm",
                debounce=True,
                className="pick-as-of",
                rightSection=picker(
                    "as_of",
                    "datetime-local",
                    text(mark("Choose a day and time (UTC)"), "as_of"),
                ),
                rightSectionPointerEvents="all",
            ),
        ],
        id="filter-as_of",
        className="filter",
    )


def _bulletin() -> html.Details:
    """Make the choice between a bulletin of one page and one of ten."""
    links = [
        html.A(
            text(words, "bulletin"),
            id=f"bulletin-{pages}",
            href="#",
            className="menu-item",
        )
        for pages, words in ((1, mark("PDF, one page")), (10, mark("PDF, ten pages")))
    ]
    summary = html.Summary(text("Bulletin", "bulletin"), className="download")
    return html.Details(
        [summary, html.Div(links, className="menu-items")],
        id="bulletin",
        className="exhibit-menu in-line",
    )


def _waiting() -> html.P:
    """Make the words of a long computation; `assets/busy.js` shows them."""
    return html.P(
        [
            text(mark("Being computed:"), "busy"),
            " ",
            html.B(id="busy-what"),
            ". ",
            text(
                mark(
                    "The first time takes some seconds; what was computed is kept, and "
                    "the next view of it is there at once."
                ),
                "busy",
            ),
        ],
        id="busy",
        className="waiting",
        role="status",
        hidden=True,
    )


def _title() -> html.Div:
    return html.Div(
        [
            html.Div(
                [
                    html.Nav(id="path", className="path"),
                    html.H1(id="title"),
                    html.P(id="subtitle", className="hint"),
                ]
            ),
            html.Div(
                [
                    html.A(
                        text("Download page", "download"),
                        id="download",
                        href="#",
                        className="download",
                    ),
                    _bulletin(),
                ],
                className="take-away",
            ),
            html.Div(
                [*(_filter(name, label) for name, label in BESIDE.items()), _as_of()],
                className="choices",
            ),
        ],
        className="title-row",
    )


def layout() -> dmc.MantineProvider:
    """Make the frame; content and words arrive by callbacks."""
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="state"),
            dcc.Store(id="shown"),
            html.A(
                text("Skip to content", "skip"), href="#content", className="skip-link"
            ),
            html.Div(
                [
                    _header(),
                    html.Nav(id="pages", className="pages"),
                    html.Div(id="notices", role="status"),
                    *renewal.parts(),
                ],
                className="sticky",
            ),
            html.Main(
                [
                    html.P(id="nothing", className="empty", role="status"),
                    _title(),
                    html.Div(id="page"),
                ],
                id="content",
                tabIndex=-1,
                **attributes(aria_labelledby="title"),
            ),
            html.Footer(id="footer"),
            _waiting(),
            *explain.drawer(),
        ],
        id="theme",
        forceColorScheme="light",
        theme=_MANTINE,
    )
