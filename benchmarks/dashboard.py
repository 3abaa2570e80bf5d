"""Twenty people at the dashboard of a country of 5,168 series, on loopback.

The sample, repeated 16 times, with five simulated years is loaded into a cluster of its
own (`national_setup`), and `ewater serve --open` is asked what browsers ask: every
callback of the overview and of the frame that a view makes, six at a time, for random
years and territories, with 5 s to think between two views. Printed are the 95th
percentile of a callback, the first paint in a real browser, the largest worker, and
what the generator itself cost.

    python benchmarks/dashboard.py [--quick] [--home DIR]

``--quick`` takes the sample as it is, for half a minute instead of two. ``--home`` is
an EWATER_HOME that is prepared if it is empty and kept: the next run begins at once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import numpy as np
from national_setup import SCALE, prepare

from ewater.dashboard.pages.registry import PAGES
from ewater.dashboard.state import State, calendar_choice
from ewater.store import cluster_checks

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS, THINK_S = 20, 5.0
CALLBACK_MS, PAINT_MS, WORKER_MB = 250.0, 1500.0, 400.0
AT_ONCE = 6  # connections of a browser to one server
#: Ids that a view fills in the frame, and what those of its page begin with.
FRAME = frozenset({"kpis", "notices", "pages", "renewal-words", "territory"})
OWN = "overview"


@contextlib.contextmanager
def served(home: Path) -> Iterator[tuple[str, int]]:
    """Serve the country; gives the address and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "ewater", "serve", "--open", "--port", str(port)],
        env={**os.environ, "EWATER_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        assert "http" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def ask(url: str, body: Any = None) -> bytes:
    """Ask the server, as a browser of the same origin does."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Origin": url}
    with urlopen(Request(url, data, headers), timeout=120) as answer:  # noqa: S310
        return bytes(answer.read())


def callbacks(url: str) -> list[dict[str, Any]]:
    """Callbacks that a change of the view makes, from the state alone."""
    found = []
    for one in json.loads(ask(f"{url}/_dash-dependencies")):
        names = [name.rsplit(".", 1) for name in one["output"].strip(".").split("...")]
        first = names[0][0]
        is_own = first in FRAME or first.startswith((f"{OWN}-", f'{{"name":"{OWN}-'))
        inputs = [(i["id"], i["property"]) for i in one["inputs"]]
        others = {("url", "pathname"), ("watch", "n_intervals")}
        of_state = ("state", "data") in inputs and set(inputs) - others == {
            ("state", "data")
        }
        if is_own and of_state and not one["clientside_function"]:
            outputs = [
                {
                    "id": json.loads(name) if name.startswith("{") else name,
                    "property": prop.split("@")[0],
                }
                for name, prop in names
            ]
            is_many = one["output"].startswith("..")
            found.append(
                {
                    "output": one["output"],
                    "outputs": outputs if is_many else outputs[0],
                    "changedPropIds": ["state.data"],
                    "state": [],
                    "asks": inputs,
                }
            )
    return found


class Visitor(threading.Thread):
    """One person who opens views and thinks about them."""

    def __init__(
        self, url: str, asked: list[dict[str, Any]], views: list[State], until: float
    ) -> None:
        super().__init__(daemon=True)
        self.url, self.asked, self.views, self.until = url, asked, views, until
        self.seconds: list[float] = []
        self.failed = 0

    def run(self) -> None:
        """Open one view after another."""
        time.sleep(random.uniform(0, THINK_S))  # noqa: S311
        with ThreadPoolExecutor(AT_ONCE) as at_once:
            while time.monotonic() < self.until:
                store = random.choice(self.views).to_store()  # noqa: S311
                list(at_once.map(self.ask, self.asked, repeat(store)))
                time.sleep(THINK_S)

    def ask(self, body: dict[str, Any], store: dict[str, Any]) -> None:
        """Ask one callback of a view."""
        values = {"state": store, "url": "/"}
        inputs = [
            {"id": name, "property": prop, "value": values.get(name)}
            for name, prop in body["asks"]
        ]
        sent = {k: v for k, v in body.items() if k != "asks"} | {"inputs": inputs}
        begun = time.perf_counter()
        try:
            ask(f"{self.url}/_dash-update-component", sent)
        except OSError:
            self.failed += 1
        self.seconds.append(time.perf_counter() - begun)


def views_of(home: Path) -> list[State]:
    """Every year of every territory."""
    from ewater.accounts import standing
    from ewater.accounts.reader import DatabaseReader
    from ewater.settings import settings
    from ewater.store import cluster, database

    os.environ["EWATER_HOME"] = str(home)
    engine = database.connect(cluster.database_url(settings()))
    standing.renew(engine)  # what the server would do first
    with engine.connect() as connection:
        seen = standing.newest(connection)
    reader = DatabaseReader(engine)
    codes, years = list(reader.territories().index), reader.years()
    first = calendar_choice("", reader.calendars()) | {"seen": seen.as_of.isoformat()}
    engine.dispose()
    return [State(territory=c, year=y, **first) for c in codes[:20] for y in years]


def first_paint(url: str) -> float:
    """Milliseconds until a browser without anything in its cache paints."""
    from playwright.sync_api import sync_playwright

    script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(cluster_checks.browser()), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(url)
        page.wait_for_function(f"() => ({script}) > 0", timeout=60_000)
        painted = float(page.evaluate(script))
        browser.close()
    return painted


def workers(pid: int) -> list[str]:
    """List the processes that answer for a server."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return children.split()


def processor_time(pid: int) -> float:
    """Processor seconds that the workers of a server have used."""
    ticks = 0
    for worker in workers(pid):
        fields = Path(f"/proc/{worker}/stat").read_text("utf-8").rpartition(")")[2]
        ticks += sum(int(field) for field in fields.split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def largest_worker(pid: int) -> float:
    """Resident megabytes of the largest worker of a server, by what only it holds."""
    sizes = []
    for child in workers(pid):
        lines = Path(f"/proc/{child}/smaps_rollup").read_text("utf-8").splitlines()
        sizes += [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return max(sizes) / 1024


def main() -> None:
    """Prepare, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ewater-load-") as folder:
        home = given.home or Path(folder)
        try:
            prepare(home, 1 if given.quick and given.home is None else SCALE)
            measure(home, 30.0 if given.quick else 120.0)
        finally:
            if given.home is None:
                environment = {**os.environ, "EWATER_HOME": str(home)}
                down = [sys.executable, "-m", "ewater", "down"]
                subprocess.run(down, env=environment, check=False)


def measure(home: Path, seconds: float) -> None:
    """Let everybody in, and print what they met."""
    views = views_of(home)
    with served(home) as (url, pid):
        asked = callbacks(url)
        assert len(asked) >= len([e for e in PAGES[0].exhibits if e.on_page])
        painted = min(first_paint(url) for _ in range(3))
        until = time.monotonic() + seconds
        people = [Visitor(url, asked, views, until) for _ in range(USERS)]
        begun, used = time.perf_counter(), time.process_time()
        served_s = processor_time(pid)
        for person in people:
            person.start()
        for person in people:
            person.join()
        wall, own = time.perf_counter() - begun, time.process_time() - used
        served_s = processor_time(pid) - served_s
        worker = largest_worker(pid)
    times = np.array([s for person in people for s in person.seconds]) * 1e3
    failed = sum(person.failed for person in people)
    print(
        f"{USERS} people, {len(times)} callbacks in {wall:.0f} s, {failed} failed; "
        f"median {np.median(times):.0f} ms, worst {times.max():.0f} ms; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(f"generator: {own:.1f} s of processor time, {100 * own / wall:.0f} % of one")
    print(f"workers: {1e3 * served_s / len(times):.0f} ms of processor time a callback")
    assert failed == 0
    for name, value, unit, bar in (
        ("dashboard_callback_p95", float(np.percentile(times, 95)), "ms", CALLBACK_MS),
        ("dashboard_first_paint", painted, "ms", PAINT_MS),
        ("dashboard_worker", worker, "MB", WORKER_MB),
    ):
        verdict = "ok" if value <= bar else "short"
        print(f"{name} {value:.0f} {unit} bar {bar:.0f} {verdict}")


if __name__ == "__main__":
    main()
