"""A reader of a made-up country, a real server over any reader, a real browser.

``serve_reader(reader)`` gives the address of the application over that reader,
served on a free port of this machine until the test session ends. ``open_page``
opens an address in the system's Chromium and fails the test if the page asks
for anything elsewhere or logs an error.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WINDOW = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US"}
_BUSY: dict[Any, set[Any]] = {}  # requests under way, by page


def _load(name: str) -> Any:
    if name not in sys.modules:
        path = Path(__file__).parent / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def made_up_country() -> Any:
    """Module of the made-up country, for tests that change it."""
    return _load("made_up_country")


@pytest.fixture(scope="session")
def reader(made_up_country: Any) -> Any:
    """Reader of the made-up country."""
    return made_up_country.MadeUpReader()


@pytest.fixture(scope="session")
def serve_reader() -> Iterator[Callable[[Any], str]]:
    """Serve the application over a reader; returns its address."""
    from werkzeug.serving import make_server

    from ewater.dashboard.app import create_app, warm

    servers = []

    def serve(reader: Any) -> str:
        app = create_app(reader)
        warm(app)
        server = make_server("127.0.0.1", 0, app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


@pytest.fixture(scope="session")
def dashboard_url(serve_reader: Callable[[Any], str], reader: Any) -> str:
    """Address of the application over the made-up country."""
    return serve_reader(reader)


@pytest.fixture(scope="session")
def contexts(browser: Any) -> Iterator[dict[Any, Any]]:
    """Windows by their settings, shared so that scripts are compiled once."""
    made: dict[Any, Any] = {}
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def open_page(browser: Any, contexts: dict[Any, Any]) -> Iterator[Callable[..., Any]]:
    """Open an address; at the end no request left this machine, no error was logged."""
    strangers: list[str] = []
    errors: list[str] = []
    pages = []

    def watch(request: Any) -> None:
        parts = urlsplit(request.url)
        if (
            parts.scheme in {"http", "https", "ws", "wss"}
            and parts.hostname != "127.0.0.1"
        ):
            strangers.append(request.url)

    def log(message: Any) -> None:
        if message.type == "error":
            errors.append(message.text)

    def opened(url: str, **options: Any) -> Any:
        key = tuple(sorted(map(str, options.items())))
        if key not in contexts:
            contexts[key] = browser.new_context(**{**_WINDOW, **options})
        context = contexts[key]
        page = context.new_page()
        busy = _BUSY.setdefault(page, set())
        page.on("request", lambda request: busy.add(request))
        page.on("requestfinished", lambda request: busy.discard(request))
        page.on("requestfailed", lambda request: busy.discard(request))
        page.on("request", watch)
        page.on("console", log)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        settled(page)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        _BUSY.pop(page, None)
        page.close()
    assert strangers == []
    assert errors == []


def settled(page: Any) -> None:
    """Wait until every callback of the page has answered."""
    page.wait_for_selector("#page > *", timeout=60_000)
    quiet = 0
    for _ in range(600):
        page.wait_for_timeout(50)
        quiet = 0 if _BUSY[page] else quiet + 1
        if quiet == 5:
            return
    raise AssertionError(f"still waiting for {[r.url for r in _BUSY[page]]}")


@pytest.fixture(scope="session", name="settled")
def settled_fixture() -> Callable[[Any], None]:
    """Wait until every callback of a page has answered."""
    return settled
