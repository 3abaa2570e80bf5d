"""Signatures of submitted returns: what each is, whether it holds; one is attached."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from ewater.dashboard import acting, view
from ewater.dashboard.components import select
from ewater.dashboard.exhibits import Column, Sheet
from ewater.dashboard.exhibits.table import insufficient, table
from ewater.dashboard.i18n import mark
from ewater.dashboard.pages.returns import place
from ewater.dashboard.questions import returns as asked
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError
from ewater.reports import signing
from ewater.reports.who import REPORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View

_SIGNED = mark("Signed by {signer}; the signature holds.")
_NOT = mark("The signature was not attached: {why}")
_KINDS = {"ed25519": "Ed25519", "cms": "CMS (X.509)"}
_MOST = 64 << 10


def sheet(reader: CachedReader, state: View, lang: Language) -> Sheet:
    """List the signatures of all versions, verified again now."""
    say = lang.gettext
    enterprise = place.of(reader, state).enterprise
    rows = [
        {
            **row,
            "kind": _KINDS[row["kind"]],
            "holds": say("holds") if row["holds"] else row["why"],
        }
        for row in reader.look(asked.signatures, enterprise)
    ]
    columns = (
        Column("period", say("Period")),
        Column("version", say("Version"), kind="number", digits=0),
        Column("signer", say("Signed by")),
        Column("kind", say("Kind")),
        Column("trust", say("Vouched for by"), kind="code"),
        Column("verified_at", say("Attached"), kind="time"),
        Column("holds", say("Verified now")),
        Column("revoked_at", say("Trusted until"), kind="time"),
    )
    why = say("No version of its returns is signed.")
    return Sheet(say("Signatures"), columns, rows, calm=why)


def shown(reader: CachedReader, state: View, lang: Language) -> list[Any]:
    """Make the table; whether the form is hidden; its versions, and the first."""
    listed = sheet(reader, state, lang)
    made: Any = table(listed, lang)
    if not listed.rows:  # nobody has to sign
        made = html.P(listed.calm, className="empty")
    options = _versions(reader, state, lang) if acting.may(REPORT) else []
    first = options[0]["value"] if options else None
    return [[made], not options, options, first]


def _versions(
    reader: CachedReader, state: View, lang: Language
) -> list[dict[str, str]]:
    words = lang.gettext("{period}, {form}, version {number}")
    return [
        {
            "value": f"{one['id']}.{version['number']}",
            "label": words.format(
                period=lang.period(one["period"]),
                form=one["form"],
                number=version["number"],
            ),
        }
        for one in reader.look(asked.sent_returns, place.of(reader, state).enterprise)
        for version in reversed(one["sent"])
    ]


def form(lang: Language) -> html.Div:
    """Make what attaches a signature, hidden until somebody may."""
    say = lang.gettext
    hint = say(
        "A detached signature over the canonical JSON of the version: 64 bytes of "
        "Ed25519, or CMS with its certificate (DER or PEM)."
    )
    controls = [
        select("enterprise-sign-what", label=say("Signed version"), data=[]),
        dmc.Button(
            say("What is signed (JSON)"),
            id="enterprise-sign-get",
            size="xs",
            variant="default",
        ),
        html.Label(  # names the input, and opens it
            dcc.Upload(
                html.Span(say("Attach a signature…"), className="like-button"),
                id="enterprise-sign-file",
                max_size=_MOST,
                disable_click=True,
            ),
            className="upload",
        ),
        dcc.Download(id="enterprise-sign-json"),
    ]
    return html.Div(
        [
            html.Div(controls, className="sign-form"),
            html.P(hint, className="hint"),
        ],
        id="enterprise-sign-form",
        hidden=True,
    )


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the panel and connect what attaches."""

    @app.callback(
        Output("enterprise-signatures", "children"),
        Output("enterprise-sign-form", "hidden"),
        Output("enterprise-sign-what", "data"),
        Output("enterprise-sign-what", "value"),
        Input("state", "data"),
        Input("enterprise-signed-at", "data"),
    )
    def show(data: Mapping[str, Any] | None, _count: int | None) -> list[Any]:
        state, lang = view.opened(data)
        try:
            return shown(reader, state, lang)
        except ForbiddenError:
            raise
        except EWaterError as error:
            return [[insufficient(why_not(error, lang), lang)], True, [], None]

    @app.callback(
        Output("enterprise-sign-said", "children"),
        Output("enterprise-signed-at", "data"),
        Input("enterprise-sign-file", "contents"),
        State("enterprise-sign-what", "value"),
        State("enterprise-signed-at", "data"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def attach(
        contents: str | None, what: str | None, count: int | None, data: Any
    ) -> Any:
        _, lang = view.opened(data)
        if not contents or not what:
            raise PreventUpdate
        number, version = _version(what)
        engine, person = acting.store()
        try:
            raw = _bytes(contents)
            with engine.begin() as connection:
                signer = signing.attach(connection, person, number, version, raw)
        except ForbiddenError:
            raise
        except EWaterError as error:
            return lang.gettext(_NOT).format(why=why_not(error, lang)), no_update
        return lang.gettext(_SIGNED).format(signer=signer), (count or 0) + 1

    @app.callback(
        Output("enterprise-sign-json", "data"),
        Input("enterprise-sign-get", "n_clicks"),
        State("enterprise-sign-what", "value"),
        prevent_initial_call=True,
    )
    def get(clicks: int | None, what: str | None) -> dict[str, Any]:
        if not clicks or not what:
            raise PreventUpdate
        number, version = _version(what)
        engine, person = acting.store()
        with engine.connect() as connection:
            raw = signing.content(connection, person, number, version)
        return {
            "filename": f"return-{number}-{version}.json",
            "content": base64.b64encode(raw).decode("ascii"),
            "base64": True,
            "type": "application/json",
        }


def _version(what: str) -> tuple[int, int]:
    number, _, version = what.partition(".")
    if not (number.isdecimal() and version.isdecimal()):
        raise PreventUpdate
    return int(number), int(version)


def _bytes(contents: str) -> bytes:
    """Bytes of a file as the browser sends it; what is none is no signature."""
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        return b""
