"""The application over a store whose schema is behind the program, or that is away."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext

from ewater.dashboard import wsgi
from ewater.errors import NotReadyError, UsageError
from ewater.ingest.push import endpoint
from ewater.store import database


@pytest.fixture
def store(monkeypatch):
    """Point the program at a database; what was made before is forgotten."""

    def at(url):
        monkeypatch.setenv("EWATER_DATABASE_URL", str(url))
        wsgi.make.cache_clear()

    yield at
    wsgi.make.cache_clear()


def revision(engine):
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@pytest.mark.db
@pytest.mark.parametrize("is_open", [True, False])
def test_serving_brings_the_schema_to_that_of_the_program(
    engine, database_url, store, is_open
):
    newest = revision(engine)
    with engine.begin() as connection:
        command.downgrade(database.config(connection), "-1")
    assert revision(engine) != newest
    store(database_url)
    if is_open:
        page = wsgi.make("127.0.0.1", is_open=True).test_client().get("/")
        assert page.status_code == 200
    else:
        endpoint.make()
    assert revision(engine) == newest


@pytest.mark.parametrize(
    "make", [lambda: wsgi.make("127.0.0.1", is_open=True), endpoint.make]
)
def test_a_database_that_does_not_answer_is_said_in_words(store, make):
    store("postgresql://ewater@127.0.0.1:9/none")
    with pytest.raises(NotReadyError, match="ewater doctor"):
        make()


@pytest.mark.parametrize(
    ("environment", "host", "is_open", "says"),
    [
        ({}, "0.0.0.0", False, "in the clear"),  # noqa: S104
        ({"FLASK_DEBUG": "1"}, "127.0.0.1", False, "FLASK_DEBUG is on"),
        ({"EWATER_PUBLIC_URL": "http://w.example"}, None, False, "not https"),
        ({}, "0.0.0.0", True, "without sign-in"),  # noqa: S104
        ({"DASH_DEBUG": "yes"}, "127.0.0.1", True, "DASH_DEBUG is on"),
    ],
)
def test_a_weak_server_is_refused_before_the_database_is_asked(
    monkeypatch, environment, host, is_open, says
):
    monkeypatch.setenv("EWATER_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=says):
        wsgi.make.__wrapped__(host, is_open=is_open)
