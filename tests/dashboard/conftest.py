"""A reader of a made-up country, a real server over any reader, a real browser.

``serve_reader(reader)`` gives the address of the application over that reader,
served on a free port of this machine until the test session ends. ``open_page``
opens an address in the system's Chromium and fails the test if the page asks
for anything elsewhere or logs an error; ``visit`` does so in a window that is open.
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


@pytest.fixture(scope="module")
def prepared_template(
    request: Any, copies: Any, template_database: str
) -> Iterator[str]:
    """Database that ``prepare(engine)`` of the test's own file has filled."""
    with copies.prepared(template_database, request.module.prepare) as name:
        yield name


@pytest.fixture
def template(request: Any, template_database: str) -> str:
    """Name of the database that this test's file prepares, where a test asks for it."""
    if "prepared_template" in request.fixturenames:
        return str(request.getfixturevalue("prepared_template"))
    return template_database


@pytest.fixture
def prepared(prepared_template: str, engine: Any) -> Any:
    """Engine on a copy of what the test's file prepares."""
    return engine


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


class Window:
    """A page of the browser that notes requests elsewhere and errors."""

    def __init__(self, context: Any) -> None:
        self.page = context.new_page()
        self.busy: set[Any] = set()
        self.strangers: list[str] = []
        self.errors: list[str] = []
        _BUSY[self.page] = self.busy
        self.page.on("request", self._asked)
        self.page.on("requestfinished", lambda request: self.busy.discard(request))
        self.page.on("requestfailed", lambda request: self.busy.discard(request))
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _asked(self, request: Any) -> None:
        self.busy.add(request)
        parts = urlsplit(request.url)
        network = parts.scheme in {"http", "https", "ws", "wss"}
        if network and parts.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def close(self) -> None:
        _BUSY.pop(self.page, None)
        self.page.close()


@pytest.fixture
def open_page(browser: Any, contexts: dict[Any, Any]) -> Iterator[Callable[..., Any]]:
    """Open an address; at the end no request left this machine, no error was logged."""
    windows = []

    def opened(url: str, **options: Any) -> Any:
        key = tuple(sorted(map(str, options.items())))
        if key not in contexts:
            contexts[key] = browser.new_context(**{**_WINDOW, **options})
        windows.append(Window(contexts[key]))
        page = windows[-1].page
        page.goto(url)
        settled(page)
        return page

    yield opened
    for window in windows:
        window.close()
    assert [url for window in windows for url in window.strangers] == []
    assert [error for window in windows for error in window.errors] == []


@pytest.fixture(scope="session")
def lasting(contexts: dict[Any, Any], browser: Any) -> Iterator[Window]:
    """Window that stays open from test to test."""
    key: tuple[str, ...] = ()
    if key not in contexts:
        contexts[key] = browser.new_context(**_WINDOW)
    window = Window(contexts[key])
    yield window
    window.close()


@pytest.fixture
def visit(lasting: Window, dashboard_url: str) -> Iterator[Callable[[str], Any]]:
    """Go to an address of the made-up country within a window that stays open.

    To load the application takes seconds, to go on in it tenths. A test leaves no
    tab, menu or drawer otherwise than it found them.
    """
    page = lasting.page

    def visited(address: str) -> Any:
        if page.url.startswith(dashboard_url):
            go_on(page, address)
        else:
            page.goto(dashboard_url + address)
            settled(page)
        return page

    yield visited
    strangers, errors = lasting.strangers[:], lasting.errors[:]
    lasting.strangers.clear()
    lasting.errors.clear()
    assert strangers == []
    assert errors == []


#: What a link inside the application does.
_GO = """address => {
    history.pushState({}, "", address);
    dispatchEvent(new Event("_dashprivate_pushstate"));
}"""
#: Waits in the page's own time: one that is at work answers late.
_PAUSE = "() => new Promise(done => setTimeout(done, 50))"


def settled(page: Any) -> None:
    """Wait until every callback of the page has answered."""
    page.wait_for_selector("#page > *", timeout=60_000)
    quiet = 0
    for _ in range(600):
        page.evaluate(_PAUSE)
        quiet = 0 if _BUSY[page] else quiet + 1
        if quiet == 4:
            return
    raise AssertionError(f"still waiting for {[r.url for r in _BUSY[page]]}")


def go_on(page: Any, address: str) -> None:
    """Go to another address of the application that a window shows."""
    page.evaluate(_GO, address)
    settled(page)


@pytest.fixture(scope="session", name="go_on")
def go_on_fixture() -> Callable[[Any, str], None]:
    """Go to another address of the application that a window shows."""
    return go_on


@pytest.fixture(scope="session", name="settled")
def settled_fixture() -> Callable[[Any], None]:
    """Wait until every callback of a page has answered."""
    return settled
