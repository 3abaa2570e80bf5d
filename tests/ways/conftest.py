"""Keys, posts and servers for tests of the ways in."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from flask import Flask

from ewater.ingest.push import endpoint
from ewater.store import chunks, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def key(country) -> str:
    """A key for all series but Q3."""
    with country.begin() as connection:
        return keys.add(connection, "logger", ["Q1", "Q2", "NEW*"], who="tester")


@pytest.fixture
def client(country):
    """Client of the endpoint, without a server."""
    app = Flask("push")
    app.register_blueprint(endpoint.blueprint(country))
    return app.test_client()


@pytest.fixture
def read(country) -> Callable[..., list[float]]:
    """Values of a series."""

    def values(code="Q1"):
        with country.connect() as connection:
            return chunks.read(connection, [code]).value.values.tolist()

    return values


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until something holds; fail when it does not in time."""

    def wait(holds, seconds=30.0, every=0.05):
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, "it never came about"
            time.sleep(every)

    return wait


@pytest.fixture
def command(database_url, tmp_path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start `ewater …` as a process of its own group; it is killed at the end."""
    started = []

    def start(*arguments, **environment):
        log = (tmp_path / f"process{len(started)}.log").open("wb")
        given = {**os.environ, "EWATER_DATABASE_URL": database_url, **environment}
        process = subprocess.Popen(
            [sys.executable, "-m", "ewater", *map(str, arguments)],
            env=given,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        process.log = tmp_path / f"process{len(started)}.log"
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def push_server(command, free_port, eventually):
    """Start the push endpoint in gunicorn; returns process and address."""

    def start():
        process = command("serve", "--push-only", "--port", free_port)
        url = f"http://127.0.0.1:{free_port}/api/push"

        def answers():
            assert process.poll() is None, process.log.read_text()
            with suppress(httpx.TransportError):
                return httpx.get(f"{url}/receipts/1").status_code == 401
            return False

        eventually(answers)
        return process, url

    return start
