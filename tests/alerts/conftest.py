"""A country with two basins, its rules, and people who are told."""

from __future__ import annotations

import socketserver
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from ewater.balance.expressions import codes
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import folder, registry

FOLDER = Path(__file__).parents[1] / "countries" / "two_basins"


@pytest.fixture(scope="session")
def country_template(copies, template_database):
    """Database with the country."""

    def fill(engine):
        frames = folder.read(FOLDER, expression_codes=codes)
        registry.load(engine, frames, expression_codes=codes)

    with copies.prepared(template_database, fill) as name:
        yield name


@pytest.fixture
def template(country_template):
    """Every test gets a copy of the country."""
    return country_template


@pytest.fixture
def country(engine):
    """Engine on a database with the country; ``rules`` replaces its rules."""
    return engine


@pytest.fixture
def rules(country):
    """Give the country these rules and no others."""
    columns = [
        "code", "kind", "series", "permit", "territory", "above", "below", "clear",
        "hold_h", "severity", "notify", "name_az", "name_en", "name_ru",
    ]  # fmt: skip

    def give(*rows):
        frame = pd.DataFrame([{"severity": "warning", **row} for row in rows])
        registry.load(country, {"alert_rules": frame.reindex(columns=columns)})

    return give


@pytest.fixture
def read_in(country):
    """Load readings of one series: times and values."""
    number = iter(range(1000))

    def load(series, readings):
        rows = [f"{series},{time},{value}\n" for time, value in readings.items()]
        body = "series,time,value\n" + "".join(rows)
        file = Memory(f"{next(number)}.csv", body.encode())
        done = jobs.ingest(country, file, Options())
        assert done.counts.rejected == 0

    return load


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
        self.send_response(500 if self.server.refuses else 204)
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
