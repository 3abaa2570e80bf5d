"""Push endpoint: posts of ten readings through gunicorn, loaded as they come.

Loggers post as fast as they are answered, for some seconds, while the worker turns
posts into loads; then the server is killed in the middle of posting, and what it
acknowledged is counted against what is stored.

    python benchmarks/push.py [--quick]
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from readings_setup import bar, fresh_database, machine, register
from sqlalchemy import text

from ewater.store import keys

if TYPE_CHECKING:
    from sqlalchemy import Engine

LOGGERS, READINGS, CLIENTS = 300, 10, 16
START = np.datetime64("2024-01-01T00:00:00")


def serve(url: str, port: int) -> subprocess.Popen[bytes]:
    """Start the endpoint and wait until it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ewater", "serve", "--push-only", "--port", str(port)],
        env={**os.environ, "EWATER_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while True:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/push/receipts/1")
            if connection.getresponse().status == 401:
                return process
        time.sleep(0.1)


class Clients:
    """Loggers that share a few connections; every post is its logger's next hour."""

    def __init__(self, port: int, key: str, codes: list[str], first: int) -> None:
        self.port, self.key, self.codes, self.first = port, key, codes, first
        self.acknowledged: list[tuple[str, int]] = []
        self.seconds: list[float] = []
        self.stopped = threading.Event()

    def run(self, seconds: float, then: object = None) -> float:
        """Post for some seconds; ``then`` is called while they still post."""
        threads = [
            threading.Thread(target=self._work, args=(n,)) for n in range(CLIENTS)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        if callable(then):
            then()
        self.stopped.set()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _work(self, number: int) -> None:
        mine = self.codes[number::CLIENTS]
        turn = self.first
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            while True:
                for code in mine:
                    if self.stopped.is_set():
                        return
                    self._post(connection, code, turn)
                turn += 1

    def _post(
        self, connection: http.client.HTTPConnection, code: str, turn: int
    ) -> None:
        times = START + np.arange(turn * READINGS, (turn + 1) * READINGS) * 600
        # values of a calm river: a leap by 3.6 would be held as of another unit
        rows = "".join(f"{code},{t}Z,20.{turn % 10}\n" for t in times)
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "text/csv",
        }
        began = time.perf_counter()
        connection.request(
            "POST", "/api/push/readings", f"series,time,value\n{rows}", headers
        )
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202, answer.status
        self.seconds.append(time.perf_counter() - began)
        self.acknowledged.append((code, turn))


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM post WHERE load_id IS NULL")
            ).scalar_one()
        )


def all_loaded(engine: Engine) -> float:
    """Wait until no post waits; return the seconds."""
    began = time.perf_counter()
    while waiting(engine):
        time.sleep(0.05)
    return time.perf_counter() - began


def stored(engine: Engine) -> set[tuple[str, int]]:
    """Series and turns whose ten readings are all there."""
    from ewater.store import chunks

    with engine.connect() as connection:
        codes = connection.execute(text("SELECT code FROM series_key")).scalars().all()
        found = chunks.read(connection, list(codes))
    sizes = found["row_size"].to_numpy()
    series = np.repeat(found["series"].to_numpy(), sizes)
    minute = found["time"].to_numpy().astype("M8[s]") - START
    turn = minute.astype(np.int64) // (600 * READINGS)
    pairs, count = np.unique(np.rec.fromarrays([series, turn]), return_counts=True)
    return {(str(s), int(t)) for (s, t), n in zip(pairs, count, strict=True) if n == 10}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    seconds = 8 if parser.parse_args().quick else 60
    print(machine(), f"{LOGGERS} loggers on {CLIENTS} connections, {seconds} s")
    with fresh_database() as engine, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        codes = register(engine, LOGGERS)
        with engine.begin() as connection:
            key = keys.add(connection, "all", ["*"], who="benchmark")
        url = engine.url.render_as_string(hide_password=False)
        loader = subprocess.Popen(
            [sys.executable, "-m", "ewater", "worker"],
            env={**os.environ, "EWATER_DATABASE_URL": url},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        server = serve(url, port)
        try:
            measure(engine, url, port, key, codes, server, seconds)
        finally:
            for process in (loader, server):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def measure(
    engine: Engine,
    url: str,
    port: int,
    key: str,
    codes: list[str],
    server: subprocess.Popen[bytes],
    seconds: int,
) -> None:
    warm = Clients(port, key, codes, 0)
    warm.run(1)
    all_loaded(engine)  # the worker compiles its readers once, at its first load
    clients = Clients(port, key, codes, 1000)
    took = clients.run(seconds)
    behind = waiting(engine)
    late = all_loaded(engine)
    rate = len(clients.acknowledged) / took
    sustained = len(clients.acknowledged) / (took + late)
    p95 = float(np.quantile(clients.seconds, 0.95)) * 1000
    print(f"  acknowledged {len(clients.acknowledged):,} posts, {rate:,.0f} a second")
    print(f"  {behind:,} not yet loaded at the end, all loaded {late:.1f} s later")

    def kill() -> None:
        os.killpg(server.pid, signal.SIGKILL)

    dying = Clients(port, key, codes, 2000)
    dying.run(2, kill)
    all_loaded(engine)
    there = stored(engine)
    every = {*warm.acknowledged, *clients.acknowledged, *dying.acknowledged}
    print(f"  killed after {len(dying.acknowledged):,} more were acknowledged")
    bar("push_posts_loaded", sustained, "posts/s", 300)
    bar("push_answer_p95", p95, "ms", 250, least=False)
    bar("push_acknowledged_lost", len(every - there), "posts", 0, least=False)


if __name__ == "__main__":
    main()
