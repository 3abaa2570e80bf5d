"""The skeleton of the page: everything that stays while its content changes.

Words carry an id of type ``text`` and are translated by one callback, so a
change of language moves no control and loses no focus.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.theme import FONT, MANTINE_DARK

#: Plotly 7 offers to upload a chart unless told otherwise; nothing leaves here.
GRAPH_CONFIG: Any = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "topojsonURL": "/assets/topojson/",
    "displayModeBar": False,
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
}


_MANTINE: Any = {
    "fontFamily": FONT,
    "headings": {"fontFamily": FONT},
    "colors": {"dark": list(MANTINE_DARK)},
    "primaryColor": "blue",
    "primaryShade": {"light": 8, "dark": 5},
    "autoContrast": True,
    "defaultRadius": "md",
}


def text(message: str, place: str = "page") -> html.Span:
    """Words that follow the language; ``place`` tells equal words apart."""
    return html.Span(message, id={"type": "text", "message": message, "place": place})


def graph(name: str, height: int) -> dcc.Graph:
    """Make an empty figure with the settings every figure must have."""
    return dcc.Graph(
        id=name,
        figure={"data": [], "layout": {"height": height}},
        config=GRAPH_CONFIG,
        className="graph",
        style={"minHeight": f"{height}px"},
    )


def _select(name: str, **more: Any) -> dmc.Select:
    return dmc.Select(
        id=name,
        allowDeselect=False,
        size="sm",
        comboboxProps={"withinPortal": True, "shadow": "md"},
        **more,
    )


def _twin(name: str, figure: dcc.Graph) -> dmc.Tabs:
    """Pair a figure with the table that says the same."""
    return dmc.Tabs(
        [
            dmc.TabsList(
                [
                    dmc.TabsTab(text("Chart", name), value="chart"),
                    dmc.TabsTab(text("Table", name), value="table"),
                ],
                className="twin-tabs",
            ),
            dmc.TabsPanel(figure, value="chart"),
            dmc.TabsPanel(html.Div(id=f"{name}-table"), value="table"),
        ],
        id=f"{name}-tabs",
        value="chart",
        variant="pills",
        keepMounted=True,
        className="twin",
    )


def _panel(name: str, title: str, hint: str, *content: Any, area: str) -> html.Section:
    heading = f"{name}-title"
    return html.Section(
        [
            html.Header(
                [
                    html.H2(text(title, "panel"), id=heading),
                    html.P(text(hint, "hint"), className="hint"),
                ],
                className="panel-head",
            ),
            *content,
        ],
        className="panel",
        style={"gridArea": area},
        **attributes(aria_labelledby=heading),
    )


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
                    _select(
                        "territory",
                        searchable=True,
                        maxDropdownHeight=420,
                        selectFirstOptionOnChange=True,
                        className="pick-territory",
                    ),
                    _select("year", className="pick-year"),
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
                ],
                className="settings",
            ),
        ],
        className="top",
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
                    html.Label(text("Period", "label"), className="label"),
                    _select("period", className="pick-period"),
                    html.Label(text("Boundary", "label"), className="label"),
                    _select("boundary", className="pick-boundary"),
                ],
                className="choices",
            ),
        ],
        className="title-row",
    )


def _map_panel() -> html.Section:
    return _panel(
        "map",
        mark("Territories"),
        mark("Click a territory to go into it; the path above the title leads back."),
        html.Div(
            [
                dmc.SegmentedControl(id="measure", data=[], size="xs"),
                dmc.SegmentedControl(id="level", data=[], size="xs"),
            ],
            className="map-choices",
        ),
        _twin("map", graph("map", 420)),
        area="map",
    )


def _panels() -> list[html.Section]:
    return [
        _panel(
            "sankey",
            mark("From source to use"),
            mark(
                "Volumes of the period in hm³. Passages inside one group are not drawn."
            ),
            _twin("sankey", graph("sankey", 470)),
            html.Div(id="sankey-missing", className="below"),
            area="sankey",
        ),
        _map_panel(),
        _panel(
            "monthly",
            mark("Month by month"),
            mark("Hatched or shaded: data are missing. Whiskers show 95 %."),
            _twin("monthly", graph("monthly", 468)),
            area="monthly",
        ),
        _panel(
            "sectors",
            mark("Use by sector"),
            mark("Use is what was abstracted or received, less losses on the way."),
            html.Div(id="sectors-table"),
            area="sectors",
        ),
        _panel(
            "neighbours",
            mark("Exchange with neighbours"),
            mark("Water that leaves and comes back is shown apart."),
            _twin("neighbours", graph("neighbours", 330)),
            area="neighbours",
        ),
        _panel(
            "published",
            mark("Compared with published figures"),
            mark("Definitions differ between sources; a difference is not an error."),
            html.Div(id="published-table"),
            area="published",
        ),
    ]


def layout() -> dmc.MantineProvider:
    """Skeleton of the page; content and words arrive by callbacks."""
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="state"),
            html.A(
                text("Skip to content", "skip"), href="#content", className="skip-link"
            ),
            html.Div(
                [_header(), html.Div(id="notices", role="status")], className="sticky"
            ),
            html.Main(
                [
                    html.P(id="nothing", className="empty", role="status"),
                    _title(),
                    html.Div(id="kpis", className="kpis"),
                    html.Div(_panels(), className="panels"),
                ],
                id="content",
                tabIndex=-1,
            ),
            html.Footer(id="footer"),
        ],
        id="theme",
        forceColorScheme="light",
        theme=_MANTINE,
    )
