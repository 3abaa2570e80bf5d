"""The application for a WSGI server: ``gunicorn ewater.dashboard.wsgi:app``.

``app`` is made on first use from the environment, so that importing this module
needs neither a database nor the 0.5 s that Dash takes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from flask import Flask

    from ewater.dashboard.queries import Reader


@cache
def make() -> Flask:
    """Connect to the store of this environment and finish the application."""
    from ewater.accounts.reader import DatabaseReader
    from ewater.dashboard.app import create_app, warm
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.view import prefetch
    from ewater.ingest.push.endpoint import blueprint
    from ewater.settings import settings
    from ewater.store import cluster, database

    engine = database.connect(cluster.database_url(settings()))
    source = cast("Reader", DatabaseReader(engine))  # it may not import our types
    reader = CachedReader(source)
    dash = create_app(reader)
    warm(dash)
    prefetch(reader)
    engine.dispose()  # a connection must not be shared with forked workers
    server: Flask = dash.server
    server.register_blueprint(blueprint(engine))
    return server


def __getattr__(name: str) -> Any:
    if name == "app":
        return make()
    raise AttributeError(name)
