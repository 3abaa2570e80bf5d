"""Who leaves a view ends its statements, of the own session alone."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ewater.dashboard import leaving
from ewater.dashboard.app import create_app, warm
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.questions import within
from ewater.store import database

pytestmark = pytest.mark.db

VIEW = "0" * 32 + "-1"
HERE = {"Origin": "http://localhost"}
_SLEEPING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state = 'active' AND query LIKE 'SELECT pg_sleep%'"
)


def sleeping(engine):
    with engine.connect() as connection:
        return connection.scalar(_SLEEPING)


def becomes(engine, count, seconds=10.0):
    """Wait until so many statements sleep."""
    until = time.monotonic() + seconds
    while sleeping(engine) != count:
        assert time.monotonic() < until, f"{sleeping(engine)} statements, not {count}"
        time.sleep(0.05)


def sleep(engine):
    """Ask what takes longer than any test."""
    with within.asking(engine) as connection:
        connection.execute(text("SELECT pg_sleep(25)"))


@pytest.fixture
def asked(server, engine):
    """Ask something slow in a view of a session; gives what ends it."""
    ended = []
    threads = []

    def ask(client, view=VIEW):
        cookie = f"ewater={client.get_cookie('ewater').value}"
        headers = {leaving.HEADER: view, "Cookie": cookie}

        def work():
            with server.test_request_context(headers=headers):
                try:
                    sleep(engine)
                except OperationalError as error:
                    ended.append(error)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        becomes(engine, len(threads))
        return ended

    yield ask
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "datname = current_database() AND query LIKE 'SELECT pg_sleep%' "
                "AND pid <> pg_backend_pid()"
            )
        )
    for thread in threads:
        thread.join()


def leave(client, view=VIEW):
    return client.post(leaving.PATH, data=view, headers=HERE)


def test_a_session_ends_its_own_statements_and_nobody_elses(
    server, signed_in, asked, engine
):
    mine, other = signed_in(), signed_in("vali")
    ended = asked(mine)
    for stranger, view in ((other, VIEW), (mine, "0" * 32 + "-2"), (mine, "%' OR 1")):
        assert leave(stranger, view).status_code == 204
    assert leave(server.test_client()).status_code == 401
    time.sleep(0.5)
    assert (sleeping(engine), ended) == (1, [])
    assert leave(mine).status_code == 204
    becomes(engine, 0)
    (error,) = _once(ended)
    assert database.cancelled(error)
    assert not database.unreachable(error)


def _once(ended):
    until = time.monotonic() + 5
    while not ended and time.monotonic() < until:
        time.sleep(0.02)
    return ended


def test_what_a_view_that_was_left_still_asks_is_not_begun(server, signed_in, ask):
    client = signed_in()
    marked = {**HERE, leaving.HEADER: VIEW}
    assert ask(client, headers=marked).status_code == 200
    leave(client)
    assert ask(client, headers=marked).status_code == 204
    assert ask(client, headers={**HERE, leaving.HEADER: "0" * 32 + "-2"}).json


def test_a_statement_that_takes_too_long_is_no_outage(
    server, signed_in, ask, engine, reader, monkeypatch
):
    monkeypatch.setattr(within, "_LONGEST_S", 0.05)
    monkeypatch.setattr(reader, "balance", lambda *_: sleep(engine))
    answer = ask(signed_in())
    assert answer.status_code == 504
    assert "too long" in answer.get_json()["error"]


@pytest.mark.browser
def test_leaving_a_page_ends_its_statements_in_the_database(browser, engine, reader):
    from werkzeug.serving import make_server

    reader.answers["reservoirs"] = lambda *_: sleep(engine)
    app = create_app(CachedReader(reader), engine=engine)
    warm(app)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    page = browser.new_page()
    try:
        for go in (
            lambda: page.evaluate(  # a choice of the same page
                "() => window.dash_clientside.set_props('year', {value: '2022'})"
            ),
            lambda: page.goto("about:blank"),
        ):
            page.goto(f"http://127.0.0.1:{server.port}/reservoirs?year=2023")
            until = time.monotonic() + 60
            while not sleeping(engine):
                assert time.monotonic() < until
                page.wait_for_timeout(50)
            with engine.connect() as connection:
                before = connection.execute(_PIDS).scalars().all()
            go()
            until = time.monotonic() + 10
            while _same(engine, before):
                assert time.monotonic() < until, "the statement goes on"
                page.wait_for_timeout(50)
    finally:
        page.close()
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


_PIDS = text(
    "SELECT pid || ' ' || query_start FROM pg_stat_activity WHERE "
    "datname = current_database() AND state = 'active' "
    "AND query LIKE 'SELECT pg_sleep%'"
)


def _same(engine, before):
    """Statements that were under way and still are."""
    with engine.connect() as connection:
        return set(connection.execute(_PIDS).scalars()) & set(before)
