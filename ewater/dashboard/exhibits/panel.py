"""The panel of an exhibit: chart and twin table, badges, menu; and its callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.dashboard import view
from ewater.dashboard.components import UNDRAWN, graph, panel, scrolled, twin
from ewater.dashboard.exhibits import facts as facts_of
from ewater.dashboard.exhibits import menu
from ewater.dashboard.exhibits.exhibit import exhibit_id, graph_id
from ewater.dashboard.exhibits.table import empty, insufficient, table
from ewater.dashboard.still import still

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.exhibits.exhibit import Exhibit
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State


def board(
    page: str, exhibits: Sequence[Exhibit], state: State, lang: Language
) -> html.Div:
    """Make the grid of a page, with a panel for each exhibit.

    The grid's areas are those of the class ``NAME-board`` in the style sheet.
    """
    return html.Div(
        [exhibit_panel(page, one, state, lang) for one in exhibits if one.on_page],
        className=f"panels {page}-board",
    )


def exhibit_panel(
    page: str, exhibit: Exhibit, state: State, lang: Language
) -> html.Section:
    """Make the empty panel of an exhibit, in its place of the grid."""
    name = exhibit_id(page, exhibit)
    say = lang.gettext
    content: Any = html.Div(id=f"{name}-table", className="alone")
    if exhibit.chart is not None:
        chart: Any = graph(graph_id(page, exhibit), exhibit.height, lang)
        if exhibit.least:
            chart = scrolled(chart, exhibit.least, say(exhibit.title))
        content = twin(name, chart, lang)
    controls = exhibit.controls(state, lang) if exhibit.controls else []
    return panel(
        name,
        say(exhibit.title),
        say(exhibit.hint),
        menu.menu(page, exhibit, lang),
        *([html.Div(controls, className="panel-choices")] if controls else []),
        html.Div(id=f"{name}-why"),
        html.Div(
            content, id=f"{name}-whole", className="goes-in" if exhibit.goes_in else ""
        ),
        html.Div(id=f"{name}-facts", className="below"),
        area=exhibit.area,
    )


def register(
    app: Dash, reader: CachedReader, page: str, exhibits: Sequence[Exhibit]
) -> None:
    """Connect the exhibits of a page: each is filled by one callback."""
    for exhibit in exhibits:
        if exhibit.on_page:
            _register(app, reader, page, exhibit)


def _register(app: Dash, reader: CachedReader, page: str, exhibit: Exhibit) -> None:
    name = exhibit_id(page, exhibit)
    figure = [Output(graph_id(page, exhibit), "figure")] if exhibit.chart else []

    @app.callback(
        *figure,
        Output(f"{name}-table", "children"),
        Output(f"{name}-facts", "children"),
        Output(f"{name}-why", "children"),
        Output(f"{name}-whole", "hidden"),
        *menu.outputs(page, exhibit),
        Input("state", "data"),
    )
    def show(data: Mapping[str, Any]) -> list[Any]:
        state, lang = view.opened(data)
        links = menu.links(page, exhibit, state)
        nothing: list[Any] = [{"data": [], "layout": UNDRAWN}] if exhibit.chart else []
        sheet = exhibit.made(reader, state, lang)
        known = facts_of.complete(sheet, reader, state)
        below = facts_of.footer(sheet, known, lang)
        if not sheet.rows:
            why = empty(sheet.calm) if sheet.calm else insufficient(sheet.empty, lang)
            return [*nothing, [], below, why, True, *links]
        figures = [exhibit.drawn(sheet, state, lang) or one for one in nothing]
        return [*figures, still(table(sheet, lang)), below, [], False, *links]
