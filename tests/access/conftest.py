"""An application with sign-in over a made-up country and a real database."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import argon2
import pytest

from ewater.accounts.scope import ScopedReader
from ewater.dashboard.access.config import Access
from ewater.dashboard.access.guard import Guard
from ewater.dashboard.app import create_app, warm
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State
from ewater.people import passwords, users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = "river flows at dawn"
HERE = {"Origin": "http://localhost"}


def _made_up() -> Any:
    name = "made_up_country"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "dashboard" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)
    passwords._nobodys.cache_clear()


@pytest.fixture
def reader() -> Any:
    """The made-up country, which also answers in a scope and notes what was asked."""

    class Reader(_made_up().MadeUpReader):
        def territories(self):
            whole = super().territories().copy()
            for code in whole.index[whole["kind"] == "district"]:
                whole.loc[code, "parent"] = whole.index[1 + 3 * int(code[1])]
            return whole

        def of(self, scope):
            return ScopedReader(self, scope)

        def balances(self, *arguments, only=None):
            whole = super().balances(*arguments)
            return {k: v for k, v in whole.items() if only is None or k in only}

    return Reader()


@pytest.fixture
def make_app(engine, reader) -> Callable[..., Any]:
    """Make the guarded application; returns its Flask server."""

    def make(**access) -> Any:
        guard = Guard(engine, Access(**access))
        cached = CachedReader(reader, scope=guard.scope)
        app = create_app(cached, guard)
        warm(app)
        app.server.guard = guard
        app.server.cached = cached
        return app.server

    return make


@pytest.fixture
def server(make_app) -> Any:
    """The guarded application."""
    return make_app()


@pytest.fixture
def add_user(engine) -> Callable[..., None]:
    """Add a user whose password is already their own."""

    def add(name="ali", role="viewer", **scope):
        from sqlalchemy import text

        with engine.begin() as connection:
            own = scope.get("organisations", ()) if role == "reporter" else ()
            users.add(connection, name, role=role, by="chief", organisations=own)
            connection.execute(
                text(
                    "UPDATE login_user SET password = :hash, must_change = false, "
                    "password_until = NULL, territories = :territories, "
                    "organisations = :organisations WHERE person_id = "
                    "(SELECT id FROM person WHERE name = :name)"
                ),
                {
                    "hash": passwords.made(PASSWORD),
                    "name": name,
                    "territories": list(scope.get("territories", ())),
                    "organisations": list(scope.get("organisations", ())),
                },
            )

    return add


@pytest.fixture
def signed_in(server, add_user) -> Callable[..., Any]:
    """Client of a user who has signed in."""

    def enter(name="ali", role="viewer", on=server, **scope):
        add_user(name, role, **scope)
        client = on.test_client()
        answer = client.post(
            "/login", data={"name": name, "password": PASSWORD}, headers=HERE
        )
        assert answer.status_code == 303, answer.text
        return client

    return enter


@pytest.fixture
def ask(server) -> Callable[..., Any]:
    """Post the callback that draws the figures of a view."""

    def post(client, headers=HERE, **changes):
        state = State(territory="TL", year=2023).to_store() | changes
        return client.post(
            "/_dash-update-component",
            json={
                "output": "kpis.children",
                "outputs": {"id": "kpis", "property": "children"},
                "inputs": [{"id": "state", "property": "data", "value": state}],
                "changedPropIds": ["state.data"],
                "state": [],
            },
            headers=headers,
        )

    return post


@pytest.fixture
def serve(server) -> Iterator[str]:
    """Serve the guarded application; returns its address."""
    from werkzeug.serving import make_server

    running = make_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.port}"
    running.shutdown()
    thread.join(timeout=5)
    running.server_close()
