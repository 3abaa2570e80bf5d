"""Keep the address, the controls and the state in step.

One callback owns all of them: the address, a control or a click on the map
changes the state, and the state is written back to the rest. It is the only
circle on the page, and Dash allows it because it is one callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import (
    ALL,
    ClientsideFunction,
    Input,
    Output,
    State,
    ctx,
    dcc,
    html,
    no_update,
)
from flask import request

from ewater.dashboard import state as states
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import LANGUAGES, language, mark
from ewater.dashboard.labels import (
    BOUNDARIES,
    BOUNDARY_MEANINGS,
    LEVELS,
    MEASURES,
)
from ewater.dashboard.pages.overview import view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.geography import Geography
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader

NOTHING_YET = mark(
    "There is no account yet: load a country and its data, compute, then reload."
)
_CONTROLS = (
    ("territory", "value"),
    ("year", "value"),
    ("period", "value"),
    ("boundary", "value"),
    ("measure", "value"),
    ("level", "value"),
    ("lang", "value"),
    ("dark", "checked"),
)


def control_values(state: states.State) -> list[Any]:
    """Values of the controls for a state, in their order."""
    return [
        state.territory,
        str(state.year),
        state.period,
        state.boundary,
        state.measure,
        state.level,
        state.lang,
        state.theme == "dark",
    ]


def changed(state: states.State, control: str, value: Any) -> states.State:
    """Apply one control to the state; an emptied control changes nothing."""
    if value is None:
        return state.with_changes()
    match control:
        case "year":
            return state.with_changes(year=int(value))
        case "period":
            return state.with_changes(months=states.PERIODS[value])
        case "dark":
            return state.with_changes(theme="dark" if value else "light")
        case _:
            return state.with_changes(**{control: value})


def _browser_language() -> str:
    return request.accept_languages.best_match(LANGUAGES) or "en"


def _clicked(click: Mapping[str, Any] | None) -> str | None:
    points = (click or {}).get("points") or [{}]
    code = points[0].get("location")
    return code if isinstance(code, str) else None


def months_words(months: tuple[int, int], lang: Language) -> str:
    """Name a month or a quarter; the whole year is empty."""
    first, last = months
    if first == last:
        return lang.month(first, "wide")
    return lang.quarter(last // 3) if last - first == 2 else ""


def _periods(lang: Language) -> list[dict[str, str]]:
    whole = lang.gettext("Whole year")
    return [
        {"value": key, "label": months_words(months, lang) or whole}
        for key, months in states.PERIODS.items()
    ]


def _choices(labels: Mapping[str, str], lang: Language) -> list[dict[str, str]]:
    return [{"value": k, "label": lang.gettext(v)} for k, v in labels.items()]


def _path(geography: Geography, state: states.State, lang: Language) -> list[Any]:
    steps: list[Any] = []
    for code in geography.path(state.territory):
        name = geography.name(code, lang)
        if code == state.territory:
            steps.append(html.Span(name, **attributes(aria_current="page")))
        else:
            href = state.with_changes(territory=code).query()
            steps += [dcc.Link(name, href=href), html.Span("›", className="step")]
    return steps


def period_words(state: states.State, lang: Language) -> str:
    """Name the period shown: a year, a quarter or a month of it."""
    return f"{months_words(state.months, lang)} {state.year}".strip()


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the controls."""
    _register_state(app, reader)
    _register_words(app, reader)
    in_browser: Any = app.clientside_callback
    in_browser(
        ClientsideFunction("ewater", "apply"),
        Output("state", "modified_timestamp"),
        Input("state", "data"),
        prevent_initial_call=True,
    )


def _register_state(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output("url", "search"),
        Output("state", "data"),
        Output("theme", "forceColorScheme"),
        Output("nothing", "children"),
        *(Output(name, prop) for name, prop in _CONTROLS),
        Input("url", "search"),
        Input("map", "clickData"),
        *(Input(name, prop) for name, prop in _CONTROLS),
        State("state", "data"),
    )
    def keep_in_step(
        search: str | None, click: Mapping[str, Any] | None, *rest: Any
    ) -> list[Any]:
        values, stored = rest[:-1], rest[-1]
        if not reader.years():
            nothing = language(_browser_language()).gettext(NOTHING_YET)
            return [no_update] * 3 + [nothing] + [no_update] * len(_CONTROLS)
        codes = view.geography(reader).codes()
        trigger = ctx.triggered_id
        if stored is None or trigger in (None, "url"):
            state = states.parse(
                search,
                territories=codes,
                years=reader.years(),
                lang=_browser_language(),
            )
            address: Any = no_update
        else:
            state = states.State.from_store(stored)
            if trigger == "map":
                code = _clicked(click)
                known = code if code in codes else None
                state = changed(state, "territory", known)
            else:
                by_name = dict(zip((n for n, _ in _CONTROLS), values, strict=True))
                state = changed(state, trigger, by_name[trigger])
            address = state.query()
            if state == states.State.from_store(stored):
                return [no_update] * (4 + len(_CONTROLS))
        return [address, state.to_store(), state.theme, "", *control_values(state)]


def _register_words(app: Dash, reader: CachedReader) -> None:
    @app.callback(
        Output({"type": "text", "message": ALL, "place": ALL}, "children"),
        Output("territory", "data"),
        Output("territory", "nothingFoundMessage"),
        Output("year", "data"),
        Output("period", "data"),
        Output("boundary", "data"),
        Output("measure", "data"),
        Output("level", "data"),
        Output("territory", "aria-label"),
        Output("year", "aria-label"),
        Output("period", "aria-label"),
        Output("boundary", "aria-label"),
        Output("measure", "aria-label"),
        Output("level", "aria-label"),
        Output("lang", "aria-label"),
        Output("dark", "aria-label"),
        Input("state", "data"),
        State({"type": "text", "message": ALL, "place": ALL}, "id"),
        prevent_initial_call=True,
    )
    def translate(data: Mapping[str, Any], ids: Sequence[Mapping[str, str]]) -> Any:
        lang = language(data["lang"])
        years = [{"value": str(y), "label": str(y)} for y in reversed(reader.years())]
        spoken = (
            mark("Territory"),
            mark("Year"),
            mark("Period"),
            mark("Boundary"),
            mark("Measure on the map"),
            mark("Territories on the map"),
            mark("Language"),
            mark("Dark theme"),
        )
        return [
            [lang.gettext(message) for message in (i["message"] for i in ids)],
            view.geography(reader).options(lang),
            lang.gettext("No territory has this name."),
            years,
            _periods(lang),
            _choices(BOUNDARIES, lang),
            _choices(MEASURES, lang),
            _choices(LEVELS, lang),
            *(lang.gettext(words) for words in spoken),
        ]

    @app.callback(
        Output("path", "children"),
        Output("path", "aria-label"),
        Output("title", "children"),
        Output("subtitle", "children"),
        Input("state", "data"),
        prevent_initial_call=True,
    )
    def show_title(data: Mapping[str, Any]) -> tuple[Any, ...]:
        state = states.State.from_store(data)
        lang = language(state.lang)
        geography = view.geography(reader)
        title = lang.gettext("{territory}: water balance, {period}").format(
            territory=geography.name(state.territory, lang),
            period=period_words(state, lang),
        )
        return (
            _path(geography, state, lang),
            lang.gettext("Path to the territory"),
            title,
            lang.gettext(BOUNDARY_MEANINGS[state.boundary]),
        )
