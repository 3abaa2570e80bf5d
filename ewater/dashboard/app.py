"""The application: pages, headers and static files, with no outside address."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dash import Dash, html
from flask import request

from ewater.dashboard import balances, leaving, posted
from ewater.dashboard.access import menu
from ewater.dashboard.access.guard import FILES
from ewater.dashboard.access.install import install
from ewater.dashboard.bulletin import routes as bulletins
from ewater.dashboard.exhibits import explain, panel, routes
from ewater.dashboard.i18n import language
from ewater.dashboard.pages import opening
from ewater.dashboard.pages.registry import PAGES, page_at
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.shell import controls, frame, renewal
from ewater.dashboard.shell.layout import layout
from ewater.dashboard.state import State
from ewater.dashboard.theme import css_variables

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Engine

    from ewater.dashboard.access.guard import Guard
    from ewater.dashboard.answers import Reader

_INDEX = """<!DOCTYPE html>
<html lang="en" data-mantine-color-scheme="light">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<style>VARIABLES</style>
{%css%}
</head>
<body>
<noscript>Bu səhifə üçün JavaScript lazımdır. This page needs JavaScript.
Для этой страницы нужен JavaScript.</noscript>
{%app_entry%}
<div>{%config%}{%scripts%}{%renderer%}</div>
</body>
</html>"""


def create_app(
    reader: Reader | CachedReader,
    guard: Guard | None = None,
    engine: Engine | None = None,
) -> Dash:
    """Make the application over a reader of accounts.

    Nothing is asked of the reader until a browser asks for a page. Without a guard
    everybody who reaches it sees everything. ``engine`` is the database that is told
    of views that are left; that of the guard if there is one.
    """
    app = Dash(
        "ewater.dashboard",
        title="ewater",
        update_title="",
        serve_locally=True,
        compress=find_spec("flask_compress") is not None,
        suppress_callback_exceptions=False,
        use_async=False,  # else chosen by what happens to be installed
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "referrer", "content": "same-origin"},
        ],
    )
    app.index_string = _INDEX.replace("VARIABLES", css_variables())
    app.layout = layout()
    # Dash checks the callbacks against all that can ever be shown
    blank, english = State(territory="", year=0), language("en")
    content = [page.layout(blank, english) for page in PAGES]
    checked: Any = app
    checked.validation_layout = html.Div([app.layout, *content])
    cached = (
        reader
        if isinstance(reader, CachedReader)
        else CachedReader(reader, scope=guard.scope if guard else None)
    )
    install(app.server, guard, lambda path: page_at(path) is not None)
    opening.install(app.server)
    posted.install(app)
    asked = guard.engine if guard is not None else engine
    if asked is not None:
        leaving.install(app.server, asked)
    else:
        leaving.ignore(app.server)
    server: Any = app.server
    server.register_blueprint(routes.blueprint(cached, PAGES))
    server.register_blueprint(bulletins.blueprint(cached))
    server.register_blueprint(balances.blueprint(cached))
    controls.register(app, cached)
    frame.register(app, cached)
    renewal.register(app, cached)
    gate: Any = opening.Gate
    explain.register(gate(app, opening.OVERSEE), cached)
    for page in PAGES:
        behind = gate(app, page.acts)
        panel.register(behind, cached, page.name, page.exhibits)
        if page.register is not None:
            page.register(behind, cached)
    if guard is not None:
        menu.register(app, guard)
    _protect(app)
    return app


def warm(app: Dash) -> None:
    """Finish the set-up now: a cold worker's first callbacks would race over it."""
    with app.server.test_client() as client:
        client.get("/_dash-dependencies")


def _protect(app: Dash) -> None:
    scripts = " ".join(["'self'", *app.csp_hashes()])
    policy = "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",  # Mantine and Plotly write styles
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )

    server: Any = app.server

    @server.after_request  # type: ignore[untyped-decorator]
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if not request.path.startswith(FILES):  # figures are of a session
            response.headers.setdefault("Cache-Control", "no-store")
        return response
