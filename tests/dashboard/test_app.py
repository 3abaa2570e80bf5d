"""The application: settings of its figures, headers, static files, start and stop."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from dash import dcc

import ewater.dashboard
from ewater.dashboard.app import create_app, warm
from ewater.dashboard.exhibits.exhibit import UNKNOWN_THEN
from ewater.dashboard.server import check_port
from ewater.dashboard.state import State
from ewater.errors import NotReadyError, UsageError

ASSETS = Path(ewater.dashboard.__file__).parent / "assets"
ADDRESS = re.compile(r"(?:https?:)?//[\w.-]+\.\w+")


@pytest.fixture(scope="module")
def app(reader):
    made = create_app(reader)
    warm(made)
    return made


def test_a_time_before_all_data_is_said_and_no_figure_stays(made_up_country):
    class Young(made_up_country.MadeUpReader):
        def balance(self, *_):
            raise NotReadyError("no country was loaded by then")

    made = create_app(Young())
    warm(made)
    state = State(territory="TL", year=2023, as_of="2001-01-01T00:00:00+00:00")
    for outputs in (["kpis"], ["notices", "footer"]):
        parts = [{"id": name, "property": "children"} for name in outputs]
        joined = "...".join(f"{name}.children" for name in outputs)
        answer = made.server.test_client().post(
            "/_dash-update-component",
            json={
                "output": joined if len(parts) == 1 else f"..{joined}..",
                "outputs": parts[0] if len(parts) == 1 else parts,
                "inputs": [
                    {"id": "state", "property": "data", "value": state.to_store()}
                ],
                "changedPropIds": ["state.data"],
                "state": [],
            },
        )
        assert answer.status_code == 200
        filled = answer.get_json()["response"][outputs[0]]["children"]
        assert UNKNOWN_THEN in json.dumps(filled, ensure_ascii=False)


def test_no_figure_offers_to_send_its_data_away(app):
    figures = [c for c in app.validation_layout._traverse() if isinstance(c, dcc.Graph)]
    assert len(figures) >= 4
    for figure in figures:
        assert figure.config["showSendToCloud"] is False
        assert figure.config["plotlyServerURL"] == ""
        assert figure.config["topojsonURL"].startswith("/assets/")


def test_the_page_names_no_address_outside(app):
    client = app.server.test_client()
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        assert ADDRESS.findall(client.get(path).text) == []


def test_static_files_name_no_address_outside():
    namespace = "http://www.w3.org"
    for path in ASSETS.rglob("*.*"):
        found = set(ADDRESS.findall(path.read_text("utf-8")))
        assert found <= {namespace}, path.name


def test_every_script_is_served_from_here(app):
    page = app.server.test_client().get("/").text
    sources = re.findall(r'<script src="([^"]+)"', page)
    assert sources
    assert all(s.startswith("/") and not s.startswith("//") for s in sources)


def test_the_policy_allows_no_foreign_source_and_no_eval(app):
    policy = app.server.test_client().get("/").headers["Content-Security-Policy"]
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    script = next(p for p in policy.split("; ") if p.startswith("script-src"))
    assert "unsafe-inline" not in script


def test_the_document_has_a_language_and_landmarks(app):
    client = app.server.test_client()
    assert re.search(r'<html lang="\w\w"', client.get("/").text)
    layout = client.get("/_dash-layout").text
    for landmark in ('"Main"', '"H1"', '"Nav"', "skip-link"):
        assert landmark in layout


def test_making_the_application_asks_nothing_of_the_reader():
    class Silent:
        def __getattr__(self, name):
            raise AssertionError(name)

    warm(create_app(Silent()))


def test_the_map_finds_an_empty_world_instead_of_a_foreign_one(app):
    with app.server.test_client().get("/assets/topojson/world_110m.json") as answer:
        assert answer.status_code == 200
        assert json.loads(answer.text)["arcs"] == []


def test_a_port_in_use_is_refused_with_advice():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}.*--port"):
            check_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        check_port("192.0.2.1", 8050)


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from made_up_country import MadeUpReader
from ewater.dashboard.app import create_app, warm
from ewater.dashboard.exhibits.exhibit import UNKNOWN_THEN
from ewater.dashboard.server import serve

def make():
    app = create_app(MadeUpReader())
    warm(app)
    return app.server

say = lambda url: print(url, flush=True)
serve(make, host="127.0.0.1", port=int(sys.argv[2]), workers=1, ready=say)
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_the_server_answers_and_ctrl_c_leaves_nothing_running():
    port, here = free_port(), str(Path(__file__).parent)
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), here, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline().strip() == f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        os.killpg(server.pid, signal.SIGINT)
        _, errors = server.communicate(timeout=15)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
    assert server.returncode == 0
    assert "Traceback" not in errors
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
