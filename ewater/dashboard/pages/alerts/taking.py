"""Take note of an alert: the form, and what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.exceptions import PreventUpdate

from ewater.dashboard import editing, view
from ewater.dashboard.components import panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.alerts import words
from ewater.dashboard.questions import alerts as asked
from ewater.dashboard.reasons import why_not
from ewater.errors import ForbiddenError, UsageError
from ewater.store import alerts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.editing import Editor
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader

_SIGN_IN = mark("Sign in to take note of an alert.")
_ROLE = mark("Your role may look at alerts, not take note of them.")
_NONE = mark("There is no open alert of which nobody has taken note.")
_WHICH = mark("Nothing was saved: choose an alert and say what is being done.")
_SAVED = mark("Saved. The alert stays open until its value has come back.")
_NOT_SAVED = mark("Nothing was saved: {why}")
_LONGEST = 500  # characters of a note


def form(lang: Language) -> html.Section:
    """Make the empty form."""
    say = lang.gettext
    return panel(
        "alerts-take",
        say("Take note"),
        say("Your name and note are kept with the alert, and audited."),
        html.P(id="alerts-take-why", className="hint"),
        html.Div(
            [
                dmc.Select(id="alerts-take-which", label=say("Alert"), size="sm"),
                dmc.Textarea(
                    id="alerts-take-note",
                    label=say("What is being done"),
                    autosize=True,
                    minRows=2,
                    size="sm",
                ),
                html.Button(
                    say("Take note of it"), id="alerts-take-save", className="save"
                ),
            ],
            id="alerts-take-form",
            hidden=True,
        ),
        html.P(id="alerts-take-said", className="said", role="status"),
        area="take",
    )


def take(who: Editor, alert: int, note: str) -> None:
    """Write down that somebody took note.

    Raises
    ------
    ForbiddenError
        Not for this role, or an alert outside the scope.
    UsageError
        No note, no such alert, or somebody took note of it before.
    """
    said = " ".join(note.split())
    if not who.can("analyse"):
        raise ForbiddenError(f"alert {alert}: not acknowledged as {who.user.role}")
    if not said or len(said) > _LONGEST:
        raise UsageError(f"a note has from 1 to {_LONGEST} characters")
    with who.engine.begin() as connection:
        if not asked.sees(connection, who.scope, alert):
            if who.scope.is_all:
                raise UsageError(f"there is no alert {alert}")
            raise ForbiddenError(f"alert {alert} is outside the scope")
        alerts.acknowledge(
            connection, alert, who=who.user.id, note=said, address=who.address
        )


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the form."""

    @app.callback(
        Output("alerts-take-form", "hidden"),
        Output("alerts-take-why", "children"),
        Output("alerts-take-which", "data"),
        Output("alerts-take-which", "value"),
        Input("state", "data"),
    )
    def show(data: Mapping[str, Any]) -> Any:
        _, lang = view.opened(data)
        who = editing.editor()
        waiting = _waiting(reader, lang)
        why = ""
        if who is None:
            why = lang.gettext(_SIGN_IN)
        elif not who.can("analyse"):
            why = lang.gettext(_ROLE)
        elif not waiting:
            why = lang.gettext(_NONE)
        only = waiting[0]["value"] if len(waiting) == 1 else None
        return bool(why), why, waiting, only

    @app.callback(
        Output("alerts-take-said", "children"),
        Output("state", "data", allow_duplicate=True),
        Input("alerts-take-save", "n_clicks"),
        State("alerts-take-which", "value"),
        State("alerts-take-note", "value"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, which: Any, note: str | None, data: Mapping[str, Any]
    ) -> Any:
        if not clicks:
            raise PreventUpdate
        state, lang = view.opened(data)
        if not which or not str(which).isdecimal() or not (note or "").strip():
            return lang.gettext(_WHICH), data
        try:
            take(editing.signed_in(), int(which), str(note))
        except UsageError as error:
            return lang.gettext(_NOT_SAVED).format(why=why_not(error, lang)), data
        return lang.gettext(_SAVED), state.to_store()


def _waiting(reader: CachedReader, lang: Language) -> list[dict[str, str]]:
    found = [
        row
        for row in reader.look(asked.alerts)
        if row["ended_at"] is None and row["acknowledged_at"] is None
    ]
    return [{"value": str(row["id"]), "label": _label(row, lang)} for row in found]


def _label(row: Mapping[str, Any], lang: Language) -> str:
    return f"{words.severity(row['severity'], lang)}: {words.name(row, lang)}"
