"""Who is signed in, in the header: role, password, sign-out."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dash import Input, Output, html

from ewater.dashboard import view
from ewater.dashboard.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.access.guard import Guard

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "viewer": mark("Viewer"),
        "analyst": mark("Analyst"),
        "engineer": mark("Engineer"),
        "reviewer": mark("Reviewer"),
        "approver": mark("Approver"),
        "reporter": mark("Reporter"),
        "admin": mark("Administrator"),
    }
)


def register(app: Dash, guard: Guard) -> None:
    """Fill the account in the header."""

    @app.callback(
        Output("account", "children"),
        Input("state", "data"),
        prevent_initial_call=True,
    )
    def show_account(data: Mapping[str, Any]) -> Any:
        state, lang = view.opened(data)
        user = guard.user()
        if user is None:
            return []
        say = lang.gettext
        seen = [*user.organisations, *user.territories]
        choices = f"lang={state.lang}&theme={state.theme}"
        lines: list[Any] = [
            html.B(user.name),
            html.Span(say(ROLES[user.role])),
            html.Span(
                say("Sees {what}").format(what=", ".join(seen))
                if seen
                else say("Sees the whole country"),
                className="hint",
            ),
        ]
        if user.method == "password":
            lines.append(
                html.A(say("Change the password"), href=f"/password?{choices}")
            )
        lines.append(
            html.Form(
                html.Button(say("Sign out"), type="submit"),
                action=f"/logout?{choices}",
                method="post",
            )
        )
        return html.Details(
            [html.Summary(user.name), html.Div(lines, className="account-menu")]
        )
