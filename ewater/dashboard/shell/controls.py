"""Keep the address, the controls and the state in step.

One callback owns all of them: the address, a control or a click on a map
changes the state, and the state is written back to the rest. It is the only
circle, and Dash allows it because it is one callback. A page's own controls take
part by the type of their id (`components.choice`, `exhibits.exhibit.graph_id`).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, no_update

from ewater.dashboard import state as states
from ewater.dashboard import view
from ewater.dashboard.access.refusals import browser_language
from ewater.dashboard.i18n import language, mark
from ewater.dashboard.shell.renewal import TAKE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dash import Dash

    from ewater.dashboard.queries import CachedReader

NOTHING_YET = mark(
    "There is no account yet: load a country and its data, compute, then reload."
)
_CONTROLS = (
    ("territory", "value"),
    ("year", "value"),
    ("period", "value"),
    ("boundary", "value"),
    ("step", "value"),
    ("sector", "value"),
    ("calendar", "value"),
    ("version", "value"),
    ("as_of", "value"),
    ("lang", "value"),
    ("dark", "checked"),
)
ALL_SECTORS = "all"  # a select has no empty value
_CHOICE = {"type": "choice", "name": ALL}
_MAP = {"type": "area-map", "name": ALL}
_FIELDS = frozenset(f.name for f in fields(states.State))


def control_values(state: states.State, calendars: Mapping[str, int]) -> list[Any]:
    """Values of the controls for a state, in their order."""
    return [
        state.territory,
        str(state.year),
        state.period,
        state.boundary,
        state.step,
        state.sector or ALL_SECTORS,
        state.calendar or next(iter(calendars), ""),
        state.version,
        states.as_of_shown(state.as_of, state.lang),
        state.lang,
        state.theme == "dark",
    ]


def changed(
    state: states.State,
    control: str,
    value: Any,
    calendars: Mapping[str, int] | None = None,
) -> states.State:
    """Apply one control to the state; one that says nothing changes nothing."""
    if value is None:
        return state.with_changes()
    match control:
        case "year":
            return state.with_changes(year=int(value))
        case "dark":
            return state.with_changes(theme="dark" if value else "light")
        case "sector":
            return state.with_changes(sector="" if value == ALL_SECTORS else value)
        case "calendar":
            return state.with_changes(**states.calendar_choice(value, calendars or {}))
        case "as_of":
            try:
                return state.with_changes(as_of=states.as_of_typed(value))
            except ValueError:
                return state.with_changes(dropped=(f"as_of={value[:40]}",))
        case _ if control in _FIELDS:
            return state.with_changes(**{control: value})
        case _:
            return state.with_more(control, str(value))


def chosen(state: states.State, name: str) -> str:
    """Value that the state has for a control of a page."""
    return str(getattr(state, name)) if name in _FIELDS else state.get(name)


def clicked(
    clicks: Sequence[Mapping[str, Any] | None], codes: Collection[str]
) -> str | None:
    """Territory that a click on a map names, if there is such a one."""
    for click in clicks:
        points = (click or {}).get("points") or [{}]
        if points[0].get("location") in codes:
            return str(points[0]["location"])
    return None


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the address, the controls and the state."""

    @app.callback(
        Output("url", "search"),
        Output("state", "data"),
        Output("theme", "forceColorScheme"),
        Output("nothing", "children"),
        Output(_CHOICE, "value"),
        *(Output(name, prop) for name, prop in _CONTROLS),
        Input("url", "search"),
        Input(_MAP, "clickData"),
        Input(_CHOICE, "value"),
        *(Input(name, prop) for name, prop in _CONTROLS),
        Input(TAKE, "n_clicks"),
        State("state", "data"),
        State(_CHOICE, "id"),
    )
    def keep_in_step(
        search: str | None,
        clicks: Sequence[Mapping[str, Any] | None],
        choices: Sequence[Any],
        *rest: Any,
    ) -> list[Any]:
        *values, _, stored, ids = rest
        names = [one["name"] for one in ids]
        nowhere = [no_update] * len(names), [no_update] * len(_CONTROLS)
        if not reader.years():
            words = language(browser_language()).gettext(NOTHING_YET)
            return [no_update, no_update, no_update, words, nowhere[0], *nowhere[1]]
        calendars, codes = reader.calendars(), view.geography(reader).codes()
        trigger = ctx.triggered_id
        if stored is None or trigger in (None, "url"):
            state = states.parse(
                search,
                territories=codes,
                years=reader.years(),
                lang=browser_language(),
                calendars=calendars,
                seen=reader.shown(),
            )
            address: Any = no_update
        else:
            before = states.State.from_store(stored)
            if trigger == TAKE:
                state = before
            elif isinstance(trigger, str):
                by_name = dict(zip((n for n, _ in _CONTROLS), values, strict=True))
                state = changed(before, trigger, by_name[trigger], calendars)
            elif trigger["type"] == "area-map":
                state = changed(before, "territory", clicked(clicks, codes))
            else:
                name = trigger["name"]
                value = dict(zip(names, choices, strict=True)).get(name)
                state = changed(before, name, value)
            if state == before and not state.dropped and trigger != TAKE:
                nothing = [no_update] * 4
                return [*nothing, nowhere[0], *nowhere[1]]
            address = state.query()
            state = replace(state, seen=reader.shown())
        return [
            address,
            state.to_store(),
            state.theme,
            "",
            [chosen(state, name) or no_update for name in names],
            *control_values(state, calendars),
        ]
