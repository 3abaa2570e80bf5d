"""Changes to users: the form, and what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.exceptions import PreventUpdate

from ewater.dashboard import editing, view
from ewater.dashboard.components import options, panel
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.admin import asked
from ewater.dashboard.pages.admin.words import CHANGES, ROLES
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError, UsageError
from ewater.people import users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.editing import Editor
    from ewater.dashboard.i18n import Language

_NAME = mark("Nothing was saved: write the name of the user.")
_SAVED = mark("Saved. It counts from the next request of {name}.")
_PASSWORD = mark(
    "Saved. First password of {name}, shown only now and to be changed at the first "
    "sign-in: "
)
_NOT_SAVED = mark("Nothing was saved: {why}")
_SELF = "you cannot shut yourself out or take your own role: ask another administrator"


def form(lang: Language) -> html.Section:
    """Make the form; it is shown to administrators."""
    say = lang.gettext
    scope = say("Codes with spaces between; empty means all")
    common: dict[str, Any] = {"size": "sm"}
    return panel(
        "admin-change",
        say("Change users"),
        say("Every change is audited with what was before."),
        html.P(id="admin-change-why", className="hint"),
        html.Div(
            [
                dmc.Select(
                    id="admin-change-what",
                    label=say("Change"),
                    data=options(CHANGES, lang),
                    value="add",
                    allowDeselect=False,
                    **common,
                ),
                dmc.TextInput(
                    id="admin-change-name",
                    label=say("Name of the user"),
                    **common,
                ),
                dmc.Select(
                    id="admin-change-role",
                    label=say("Role"),
                    data=options(ROLES, lang),
                    value="viewer",
                    allowDeselect=False,
                    **common,
                ),
                dmc.TextInput(
                    id="admin-change-organisations",
                    label=say("Organisations"),
                    description=say("Names with semicolons between; empty means all"),
                    **common,
                ),
                dmc.TextInput(
                    id="admin-change-territories",
                    label=say("Territories"),
                    description=scope,
                    **common,
                ),
                html.Button(say("Save"), id="admin-change-save", className="save"),
            ],
            id="admin-change-form",
            hidden=True,
        ),
        html.P(id="admin-change-said", className="said", role="status"),
        area="change",
    )


def change(
    who: Editor,
    what: str,
    name: str,
    *,
    role: str = "",
    organisations: tuple[str, ...] = (),
    territories: tuple[str, ...] = (),
) -> str | None:
    """Change a user; returns a first password where one is made.

    Raises
    ------
    ForbiddenError
        Not for this role.
    UsageError
        No such change, user, role or code; or administrators would shut themselves
        out.
    """
    if not who.can("administer"):
        raise ForbiddenError(f"users are not changed as {who.user.role}")
    by = who.user.name
    same = users.login_name(name) == by
    if same and (what == "disable" or (what == "role" and role != who.user.role)):
        raise UsageError(_SELF)
    scope: dict[str, Any] = {"organisations": organisations, "territories": territories}
    with who.engine.begin() as connection:
        match what:
            case "add":
                return users.add(connection, name, role=role, by=by, **scope)
            case "role":
                users.set_role(connection, name, role=role, by=by, **scope)
            case "password":
                return users.reset_password(connection, name, by=by)
            case "disable":
                users.disable(connection, name, by=by)
            case "enable":
                users.enable(connection, name, by=by)
            case "unlock":
                users.unlock(connection, name, by=by)
            case _:
                raise UsageError(f"there is no change {what!r}")
    return None


def register(app: Dash) -> None:
    """Connect the form."""

    @app.callback(
        Output("admin-change-form", "hidden"),
        Output("admin-change-why", "children"),
        Input("state", "data"),
    )
    def show(data: Mapping[str, Any]) -> tuple[bool, str]:
        _, lang = view.opened(data)
        if editing.guard() is None:
            return True, lang.gettext(asked.OPEN)
        try:
            asked.require()
        except UsageError as error:
            return True, why_not(error, lang)
        return False, ""

    @app.callback(
        Output("admin-change-said", "children"),
        Output("state", "data", allow_duplicate=True),
        Input("admin-change-save", "n_clicks"),
        State("admin-change-what", "value"),
        State("admin-change-name", "value"),
        State("admin-change-role", "value"),
        State("admin-change-organisations", "value"),
        State("admin-change-territories", "value"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        what: Any,
        name: Any,
        role: Any,
        organisations: Any,
        territories: Any,
        data: Mapping[str, Any],
    ) -> Any:
        if not clicks:
            raise PreventUpdate
        state, lang = view.opened(data)
        wanted = str(name or "").strip()
        if not wanted:
            return lang.gettext(_NAME), data
        try:
            password = change(
                editing.signed_in(),
                str(what),
                wanted,
                role=str(role),
                organisations=_split(organisations, ";"),
                territories=_split(territories, None),
            )
        except ForbiddenError:
            raise
        except EWaterError as error:
            return lang.gettext(_NOT_SAVED).format(why=why_not(error, lang)), data
        if password is None:
            return lang.gettext(_SAVED).format(name=wanted), state.to_store()
        said = lang.gettext(_PASSWORD).format(name=wanted)
        return [said, html.Code(password)], state.to_store()


def _split(text: Any, mark: str | None) -> tuple[str, ...]:
    parts = str(text or "").split(mark)
    return tuple(part.strip() for part in parts if part.strip())
