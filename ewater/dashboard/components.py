"""Parts that every page is made of: words, figures, controls, panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from ewater.dashboard.html import attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

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

#: Of a figure that is not there yet, on the ground of its panel in either theme.
UNDRAWN: Any = {
    "xaxis": {"visible": False},
    "yaxis": {"visible": False},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
}


def text(message: str, place: str = "page") -> html.Span:
    """Words of the frame that follow the language; ``place`` tells equal ones apart.

    The words of a page are simply written in its language: a page is made anew when
    the language changes.
    """
    return html.Span(message, id={"type": "text", "message": message, "place": place})


def picker(field: str, kind: str, words: Any, *, submits: bool = False) -> html.Span:
    """Make a button that opens the browser's picker for a field (picking.js).

    Parameters
    ----------
    field
        Id of the field, whose ``value`` is set.
    kind
        ``date``, or ``datetime-local`` for a time in UTC.
    submits
        Whether the field is a `dcc.Input` that waits for Enter.
    """
    button = html.Button(
        html.Span(words, className="visually-hidden"),
        type="button",
        className="pick-time",
        **attributes(
            data_picks=field, data_kind=kind, data_submits="true" if submits else ""
        ),
    )
    return html.Span(button, className="picks")


def graph(name: Any, height: int, lang: Language) -> dcc.Graph:
    """Make an empty figure with the settings every figure must have."""
    config: Any = {**GRAPH_CONFIG, **lang.plotted}
    return dcc.Graph(
        id=name,
        figure={"data": [], "layout": {"height": height, **UNDRAWN}},
        config=config,
        className="graph",
        style={"minHeight": f"{height}px"},
    )


def select(name: Any, **more: Any) -> dmc.Select:
    """Make a choice of one among several, which cannot be emptied."""
    settings: dict[str, Any] = {"allowDeselect": False, "size": "sm", **more}
    return dmc.Select(
        id=name, comboboxProps={"withinPortal": True, "shadow": "md"}, **settings
    )


def choice(name: str) -> dict[str, str]:
    """Id of a control of a page whose ``value`` belongs to the address.

    The frame keeps it: the value is `State.measure`, `State.level` or one of
    `State.more`, by ``name``, and the control is given it back.
    """
    return {"type": "choice", "name": name}


def segments(
    name: str, value: str, labels: Mapping[str, str], lang: Language, label: str
) -> dmc.SegmentedControl:
    """Make a choice among a few, side by side."""
    return dmc.SegmentedControl(
        id=choice(name),
        value=value,
        data=options(labels, lang),
        size="xs",
        **attributes(aria_label=lang.gettext(label)),
    )


def options(labels: Mapping[str, str], lang: Language) -> list[dict[str, str]]:
    """Codes and their words, as the controls want them."""
    return [{"value": k, "label": lang.gettext(v)} for k, v in labels.items()]


def scrolled(figure: dcc.Graph, least: int, title: str) -> html.Div:
    """Let a figure with many labels be scrolled where it would be too narrow."""
    return html.Div(
        html.Div(figure, style={"minWidth": f"{least}px"}),
        className="wide",
        tabIndex=0,
        role="region",
        **attributes(aria_label=title),
    )


def twin(name: str, figure: Any, lang: Language) -> dmc.Tabs:
    """Pair a figure with the table (id ``NAME-table``) that says the same."""
    return dmc.Tabs(
        [
            dmc.TabsList(
                [
                    dmc.TabsTab(lang.gettext("Chart"), value="chart"),
                    dmc.TabsTab(lang.gettext("Table"), value="table"),
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


def panel(name: str, title: str, hint: str, *content: Any, area: str) -> html.Section:
    """Make a titled part of a page in its place of the grid."""
    heading = f"{name}-title"
    return html.Section(
        [
            html.Header(
                [html.H2(title, id=heading), html.P(hint, className="hint")],
                className="panel-head",
            ),
            *content,
        ],
        className="panel",
        style={"gridArea": area},
        **attributes(aria_labelledby=heading),
    )
