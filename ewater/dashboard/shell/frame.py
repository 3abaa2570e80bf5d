"""Fill the frame: words, choices, navigation, title, notices, and the page itself."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from ewater import __version__
from ewater.dashboard import overtaken, reconciliation, view
from ewater.dashboard import state as states
from ewater.dashboard.access.refusals import WORDS
from ewater.dashboard.components import options
from ewater.dashboard.exhibits.exhibit import why
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.dashboard.labels import BOUNDARIES, SECTORS, STEPS, VERSIONS
from ewater.dashboard.pages.opening import OVERSEE, may, opens
from ewater.dashboard.pages.page import FILTERS
from ewater.dashboard.pages.registry import page_at
from ewater.dashboard.shell.controls import ALL_SECTORS
from ewater.dashboard.shell.navigation import navigation
from ewater.dashboard.words import calendar_words, part_words, year_words
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View

_EXAMPLE = "2024-03-31T00:00:00+00:00"  # of what can be typed
_RUN_SHOWN = 12  # characters of a hash that tell runs apart
_SPOKEN = {
    "territory": mark("Territory"),
    "year": mark("Year"),
    "period": mark("Period"),
    "boundary": mark("Boundary"),
    "step": mark("Step"),
    "sector": mark("Sector"),
    "calendar": mark("Calendar"),
    "version": mark("Figures"),
    "lang": mark("Language"),
    "dark": mark("Dark theme"),
}


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the frame."""
    _register_words(app)
    _register_choices(app, reader)
    _register_page(app, reader)
    _register_edges(app, reader)
    in_browser: Any = app.clientside_callback
    in_browser(
        ClientsideFunction("ewater", "apply"),
        Output("state", "modified_timestamp"),
        Input("state", "data"),
        Input("title", "children"),
        prevent_initial_call=True,
    )


def _register_words(app: Dash) -> None:
    @app.callback(
        Output({"type": "text", "message": ALL, "place": ALL}, "children"),
        *(Output(name, "aria-label") for name in _SPOKEN),
        Output("pages", "aria-label"),
        Output("path", "aria-label"),
        Output("territory", "nothingFoundMessage"),
        Output("as_of", "placeholder"),
        Input("state", "data"),
        State({"type": "text", "message": ALL, "place": ALL}, "id"),
        prevent_initial_call=True,
    )
    def translate(data: Mapping[str, Any], ids: Sequence[Mapping[str, str]]) -> Any:
        _, lang = view.opened(data)
        return [
            [lang.gettext(message) for message in (one["message"] for one in ids)],
            *(lang.gettext(words) for words in _SPOKEN.values()),
            lang.gettext("Pages"),
            lang.gettext("Path to the territory"),
            lang.gettext("No territory has this name."),
            states.as_of_shown(_EXAMPLE, lang.code),
        ]


def _periods(state: View, lang: Language) -> list[dict[str, str]]:
    """Year, quarters where the year begins one, months and ten days."""
    whole, quarters = lang.gettext("Whole year"), state.first_month % 3 == 1
    return [
        {"value": key, "label": part_words(key, lang) or whole}
        for key, (first, last, _) in states.PERIODS.items()
        if quarters or last - first != 2
    ]


def _register_choices(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        *(
            Output(name, "data")
            for name in (
                "territory",
                "year",
                "period",
                "boundary",
                "step",
                "sector",
                "calendar",
                "version",
            )
        ),
        Input("state", "data"),
        prevent_initial_call=True,
    )
    def offer(data: Mapping[str, Any]) -> Any:
        state, lang = view.opened(data)
        every = {"value": ALL_SECTORS, "label": lang.gettext("All sectors")}
        return [
            view.geography(reader).options(lang),
            [
                {"value": str(year), "label": year_words(year, state.first_month)}
                for year in reversed(reader.years())
            ],
            _periods(state, lang),
            options(BOUNDARIES, lang),
            options(STEPS, lang),
            [every, *options(SECTORS, lang)],
            [
                {"value": code, "label": calendar_words(code, month, lang)}
                for code, month in reader.calendars().items()
            ],
            options(VERSIONS, lang),
        ]


def _path(geography: Geography, state: View, lang: Language) -> list[Any]:
    steps: list[Any] = []
    for code in geography.path(state.territory):
        name = geography.name(code, lang)
        if code == state.territory:
            steps.append(html.Span(name, **attributes(aria_current="page")))
        else:
            href = state.with_changes(territory=code).query()
            steps += [dcc.Link(name, href=href), html.Span("›", className="step")]
    return steps


def _register_page(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("page", "children"),
        Output("shown", "data"),
        Input("url", "pathname"),
        Input("state", "data"),
        State("shown", "data"),
    )
    def show_page(
        path: str | None, data: Mapping[str, Any] | None, shown: Sequence[str] | None
    ) -> Any:
        state, lang = view.opened(data)
        page = page_at(path)
        wanted = [page.name if page else "", state.lang]
        if shown == wanted:
            raise PreventUpdate
        if page is None:
            words = lang.gettext("There is no such page; choose one above.")
            return [html.P(words, className="empty"), wanted]
        if not opens(page):
            return [html.P(lang.gettext(WORDS[403]), className="empty"), wanted]
        return [page.layout(state, lang), wanted]

    @app.callback(
        *(Output(f"filter-{name}", "style") for name in FILTERS),
        Input("url", "pathname"),
        Input("state", "data"),
    )
    def show_filters(path: str | None, data: Mapping[str, Any] | None) -> Any:
        state, _ = view.opened(data)
        page = page_at(path)
        used = page.filters_of(state) if page else ()
        return [{} if name in used else {"display": "none"} for name in FILTERS]

    @app.callback(
        Output("pages", "children"),
        Output("path", "children"),
        Output("title", "children"),
        Output("subtitle", "children"),
        Output("download", "href"),
        Output("download", "hidden"),
        Output("bulletin-1", "href"),
        Output("bulletin-10", "href"),
        Output("bulletin", "hidden"),
        Input("url", "pathname"),
        Input("state", "data"),
    )
    def show_title(path: str | None, data: Mapping[str, Any] | None) -> Any:
        state, lang = view.opened(data)
        geography, page = view.geography(reader), page_at(path)
        query = state.query_of_run()
        bulletins: list[Any] = [f"/download/bulletin-{n}.pdf{query}" for n in (1, 10)]
        hidden = page is None or not opens(page)  # there is nothing to take away
        bulletins.append(hidden or not may(OVERSEE))
        if page is None:
            return (
                navigation(page, state, lang),
                [],
                lang.gettext("Not found"),
                "",
                "#",
                True,
                *bulletins,
            )
        subtitle = page.subtitle(state, lang) if page.subtitle else ""
        in_path = "territory" in page.filters_of(state)
        return (
            navigation(page, state, lang),
            _path(geography, state, lang) if in_path else [],
            page.heading(state, geography, lang),
            subtitle,
            f"/download/{page.name}.xlsx{query}",
            hidden or not page.exhibits,
            *bulletins,
        )


def notices(
    state: View, shown: view.View, stale: Mapping[str, Any] | None, lang: Language
) -> list[Any]:
    """List what every viewer must know, and what a link asked for in vain.

    ``stale`` is what overtook a state that was chosen; see `shell.renewal` for others.
    """
    lines = [
        html.Li(lang.pick(notice), **attributes(data_notice=notice["code"]))
        for notice in shown.balance["notices"]
    ]
    if said := reconciliation.words(shown.period, lang):
        stands = shown.period["reconciliation"]["stands"]
        lines.append(html.Li(said, **attributes(data_reconciliation=stands)))
    if said := overtaken.words(shown.balance, stale, lang):
        lines.append(html.Li(said, **attributes(data_stale="true")))
    if state.dropped:
        words = lang.gettext(
            "The link asks for something this country does not have: {what}."
        ).format(what="; ".join(_asked(one, lang) for one in state.dropped))
        lines.append(html.Li(words, className="dropped"))
    return [html.Ul(lines)] if lines else []


def _asked(dropped: str, lang: Language) -> str:
    """Say what a link asked for: ``year=1890`` in words."""
    key, _, value = dropped.partition("=")
    words = {**_SPOKEN, "as_of": mark("As known at"), "months": _SPOKEN["period"]}
    return f"{lang.gettext(words[key])}: {value}" if key in words else dropped


def _written(stamp: str, lang: Language) -> str:
    try:
        return lang.when(datetime.fromisoformat(stamp))
    except ValueError:
        return stamp


def _footer(shown: view.View, lang: Language) -> list[Any]:
    balance = shown.balance
    return [
        html.Span(
            [
                lang.gettext("Data as of"),
                " ",
                html.B(_written(balance["as_of"], lang)),
            ]
        ),
        html.Span(
            [lang.gettext("Run"), " ", html.Code(balance["run"][:_RUN_SHOWN])],
            title=balance["run"],
        ),
        html.Span(lang.gettext("1 hm³ = 1 million m³; ± U is two standard errors")),
        html.Span(f"ewater {__version__}"),
    ]


def _register_edges(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("notices", "children"),
        Output("footer", "children"),
        Input("state", "data"),
        prevent_initial_call=True,
    )
    def show_edges(data: Mapping[str, Any]) -> Any:
        state, lang = view.opened(data)
        try:
            shown = view.load(reader, state)
        except NotReadyError as error:
            return [html.Ul(html.Li(why(error, state, lang)))], []
        stale = reader.stale(shown.balance["run"]) if state.as_of else None
        parts = notices(state, shown, stale, lang)
        if reader.down:
            words = lang.gettext(WORDS[503])
            parts.append(html.Ul(html.Li(words), className="outage"))
        return parts, _footer(shown, lang)
