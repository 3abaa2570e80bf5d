"""Fixtures shared by all tests: a real PostGIS and an empty, migrated database."""

from __future__ import annotations

import contextlib
import os
import shutil
import socketserver
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection, Engine, make_url, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

hypothesis_settings.register_profile(
    "ewater", derandomize=True, deadline=None, max_examples=50
)
hypothesis_settings.load_profile("ewater")

SHARED = Path(__file__).parents[2] / "shared" / "data"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
)


@pytest.fixture(autouse=True, scope="session")
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the data of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EWATER_DATABASE_URL", raising=False)
        patch.setenv("EWATER_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Facts and real files beside the checkout; not part of the project."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, started once: a process can hold but one driver of it."""
    playwright_api = pytest.importorskip("playwright.sync_api")
    executable = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if executable is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable, args=list(_CHROMIUM_ARGUMENTS)
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Address of a maintenance database on a server with PostGIS."""
    given = os.environ.get("EWATER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    from ewater.store import cluster, cluster_settings

    with contextlib.ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            # to copy a database, PostgreSQL walks through all of its memory: with
            # 2 GB of it a copy takes five times as long
            patch.setattr(cluster_settings, "memory", lambda: 2**30)
            address = stack.enter_context(cluster.temporary())
        url = make_url(address).set(database="postgres")
        yield url.render_as_string(hide_password=False)


class Copies:
    """Databases copied from one another, which costs far less than filling them."""

    def __init__(self, server_url: str, admin: Connection) -> None:
        self._server_url = server_url
        self._admin = admin

    def url(self, name: str) -> str:
        """Address of a database."""
        url = make_url(self._server_url).set(database=name)
        return url.render_as_string(hide_password=False)

    @contextlib.contextmanager
    def lend(self, template: str | None) -> Iterator[str]:
        """Name of a copy of a database (without one: empty), dropped afterwards."""
        name = f"ewater_test_{uuid.uuid4().hex[:12]}"
        # files are copied whole: by default each page goes through the log
        like = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        self._admin.execute(text(f"CREATE DATABASE {name}{like}"))
        try:
            yield name
        finally:
            self._admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    @contextlib.contextmanager
    def engine(self, template: str) -> Iterator[Engine]:
        """Engine on such a copy."""
        from ewater.store import database

        with self.lend(template) as name:
            engine = database.connect(self.url(name))
            try:
                yield engine
            finally:
                engine.dispose()

    @contextlib.contextmanager
    def prepared(
        self, template: str | None, fill: Callable[[Engine], object]
    ) -> Iterator[str]:
        """Name of such a copy after it was filled: a template for others."""
        from ewater.store import database

        with self.lend(template) as name:
            engine = database.connect(self.url(name))
            try:
                fill(engine)
            finally:
                engine.dispose()  # a template in use cannot be copied
            yield name


@pytest.fixture(scope="session")
def copies(server_url: str) -> Iterator[Copies]:
    """Copy databases: fill one once, and give every test a copy of its own."""
    from ewater.store import database

    engine = database.connect(server_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        yield Copies(server_url, admin)
    engine.dispose()


@pytest.fixture(scope="session")
def template_database(copies: Copies) -> Iterator[str]:
    """Name of a database at the newest schema, without rows."""
    from ewater.store import database

    with copies.prepared(None, database.migrate) as name:
        yield name


@pytest.fixture
def template(template_database: str) -> str:
    """Name of the database that this test gets a copy of; folders may give another."""
    return template_database


@pytest.fixture
def database_url(copies: Copies, template: str) -> Iterator[str]:
    """Address of a fresh database of this test alone."""
    with copies.lend(template) as name:
        yield copies.url(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Engine on a fresh, migrated database."""
    from ewater.store import database

    engine = database.connect(database_url)
    yield engine
    engine.dispose()


def _register(engine: Engine, codes: list[str]) -> None:
    import pandas as pd

    from ewater.store import registry

    series = {
        "site": "GIR",
        "quantity": "discharge",
        "unit": "m3/s",
        "signal": "instantaneous",
        "interval_s": 3600.0,
        "timezone": "Asia/Baku",
    }
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["az"], "timezone": ["Asia/Baku"]}),
            "sites": pd.DataFrame({"code": ["GIR"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame({"code": codes} | series),
        },
    )


@pytest.fixture
def country(engine: Engine) -> Engine:
    """Engine on a database with the series Q1, Q2 and Q3; folders may give another."""
    _register(engine, ["Q1", "Q2", "Q3"])
    return engine


@pytest.fixture
def register_series() -> Callable[[Engine, list[str]], None]:
    """Register series like those of ``country``; others are closed."""
    return _register


def _public_functions(package: str) -> dict[str, Any]:
    """Functions of the public modules of a package, by ``module.name`` within it."""
    import importlib
    import inspect
    import pkgutil

    whole = importlib.import_module(package)
    found = {}
    for info in pkgutil.walk_packages(whole.__path__, f"{package}."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            compiled = inspect.unwrap(getattr(value, "py_func", value))
            if (
                not name.startswith("_")
                and inspect.isfunction(compiled)
                and compiled.__module__ == info.name
            ):
                found[f"{info.name.removeprefix(package + '.')}.{name}"] = value
    return found


@pytest.fixture(scope="session")
def public_functions() -> Callable[[str], dict[str, Any]]:
    """List the functions that a package offers, those compiled included."""
    return _public_functions


class _Mail(socketserver.StreamRequestHandler):
    """The least a mail server says, without TLS."""

    def handle(self):
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.got.append(text.decode())
            if word == b"RCPT" and self.server.refuses:
                self.wfile.write(b"550 nobody of that name\r\n")
                continue
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.refuses or 204)
        self.send_header("Location", "/elsewhere")  # where an answer leads on
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def _serve(server):
    server.got, server.refuses = [], False
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def mail(monkeypatch):
    """Mail server of this test; ``got`` are the messages."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)
    monkeypatch.setenv(
        "EWATER_SMTP_URL", f"smtp://127.0.0.1:{server.server_address[1]}"
    )
    monkeypatch.setenv("EWATER_MAIL_FROM", "water@example.org")
    yield from _serve(server)


@pytest.fixture
def hook():
    """Webhook of this test; ``got`` are headers and bodies."""
    yield from _serve(HTTPServer(("127.0.0.1", 0), _Hook))
