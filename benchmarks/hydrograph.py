"""A hydrograph of 60,000 readings, from the question to the bytes that are sent.

The readings are loaded into a database of its own. Timed is what the server does for
the panel of `/series`: the question, thinning, the sheet, the figure, its JSON. Every
round asks anew: nothing is kept from the one before.

    python benchmarks/hydrograph.py [--quick]

``--quick`` takes 5 rounds instead of 30.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import readings_setup as setup
from plotly.io.json import to_json_plotly

from ewater.accounts.reader import DatabaseReader
from ewater.dashboard.i18n import language
from ewater.dashboard.pages.series.line import chart, sheet
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import File

if TYPE_CHECKING:
    from sqlalchemy import Engine

READINGS = 60_000
BAR_MS = 300.0


def once(engine: Engine, state: State) -> tuple[float, float, int, int]:
    """Draw it once; wall and processor milliseconds, readings, bytes."""
    lang = language("en")
    began, cpu = time.perf_counter(), time.process_time()
    shown = sheet(CachedReader(DatabaseReader(engine)), state, lang)
    body = to_json_plotly(chart(shown, state, lang))
    wall, worked = time.perf_counter() - began, time.process_time() - cpu
    return wall * 1e3, worked * 1e3, int(shown.data[0]["drawn_of"]), len(body)


def main() -> None:
    """Load, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    rounds = 5 if parser.parse_args().quick else 30
    with setup.fresh_database() as engine, TemporaryDirectory() as folder:
        (code,) = setup.register(engine, 1)
        path = Path(folder) / "readings.csv"
        setup.write_csv(path, [code], READINGS)
        jobs.ingest(engine, File(path), Options())
        state = State(territory="", year=2023)
        state = state.with_more("series", code).with_more("span", "all")
        once(engine, state)  # imports and plans
        wall, worked, drawn, size = zip(
            *(once(engine, state) for _ in range(rounds)), strict=True
        )
    assert set(drawn) == {READINGS}
    print(setup.machine())
    print(
        f"{rounds} rounds; {size[0] / 1e3:.0f} kB of JSON; in this process "
        f"{statistics.median(worked):.0f} ms of processor time"
    )
    print(f"median {statistics.median(wall):.0f} ms, slowest {max(wall):.0f} ms")
    setup.bar("hydrograph_60000", statistics.median(wall), "ms", BAR_MS, least=False)


if __name__ == "__main__":
    main()
