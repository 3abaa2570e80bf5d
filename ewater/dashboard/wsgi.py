"""The application for a WSGI server: ``gunicorn ewater.dashboard.wsgi:app``.

``app`` is made on first use from the environment, so that importing this module
needs neither a database nor the 0.5 s that Dash takes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from ewater.accounts.apart import Apart
    from ewater.dashboard.access.config import Access
    from ewater.dashboard.answers import Reader


@cache
def make(host: str | None = None, *, is_open: bool = False) -> Flask:
    """Connect to the store of this environment and finish the application.

    Parameters
    ----------
    host
        Address it will listen on, as far as is known; weak settings are refused.
    is_open
        Everybody who reaches it sees everything: for this machine alone.

    Raises
    ------
    UsageError
        The settings are weak.
    NotReadyError
        Nobody may sign in yet.
    """
    from ewater.accounts.reader import DatabaseReader
    from ewater.dashboard.access import config
    from ewater.dashboard.access.guard import Guard
    from ewater.dashboard.app import create_app, warm
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.view import prefetch
    from ewater.ingest.push.endpoint import blueprint
    from ewater.reports import api
    from ewater.settings import settings
    from ewater.store import cluster, database

    configured = settings()
    guard = None
    if is_open:
        config.check_open(host)
    else:
        access = config.from_settings(configured, host)
    engine = database.connect(cluster.database_url(configured))
    with database.refusals_named():
        database.migrate(engine)
    if not is_open:
        _check_users(engine, access)
        guard = Guard(engine, access)
    apart = _standing(engine)
    stored = DatabaseReader(engine, apart)
    source = cast("Reader", stored)  # it may not import our types
    reader = CachedReader(source, scope=guard.scope if guard else None)
    dash = create_app(reader, guard, engine)
    server: Flask = dash.server
    if is_open:  # a page elsewhere cannot pass for this machine
        server.config["TRUSTED_HOSTS"] = list(config.LOOPBACK_NAMES)
    server.register_blueprint(blueprint(engine))
    server.register_blueprint(api.blueprint(engine))
    warm(dash)
    prefetch(reader)
    apart.renewed = lambda: prefetch(reader)
    engine.dispose()  # a connection must not be shared with forked workers
    return server


def _standing(engine: Engine) -> Apart:
    """Give what computes accounts; where none are kept for pages, it does so now."""
    from ewater.accounts import runs, standing
    from ewater.accounts.apart import Apart

    apart = Apart(engine)
    with engine.connect() as connection:
        before = standing.newest(connection)
    if before is None and runs.kept_years(engine):
        apart.renew_now()
    return apart


def _check_users(engine: Engine, access: Access) -> None:
    from ewater.errors import NotReadyError
    from ewater.people import users

    with engine.connect() as connection:
        if users.any_exist(connection) or access.public:
            return
    raise NotReadyError(
        "nobody may sign in yet. Make the first administrator with\n"
        "    ewater user add NAME --role admin\n"
        "or serve without sign-in, for this machine alone, with `ewater serve --open`"
    )


def __getattr__(name: str) -> Any:
    if name == "app":
        return make()
    raise AttributeError(name)
