"""A country of 5,168 series and five years, in a cluster of its own, for benchmarks.

The national sample, repeated 16 times, with its readings of 2021 to 2025 (61 M) and its
returns, its yearly and monthly accounts computed. A home that already holds it is
used as it is.

    python benchmarks/national_setup.py HOME [--scale N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ewater import simulate
from ewater.accounts import dates, runs
from ewater.balance.expressions import codes
from ewater.ingest import derived, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import File
from ewater.settings import settings
from ewater.store import cluster, database, folder, registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

SCALE = 16
YEARS = ("2021", "2025")


def prepare(home: Path, scale: int = SCALE) -> None:
    """Make the country in a data folder and leave its database running."""
    began = time.perf_counter()

    def say(what: str) -> None:
        print(f"prepared {what} ({time.perf_counter() - began:.0f} s)", flush=True)

    os.environ["EWATER_HOME"] = str(home)
    engine = database.connect(cluster.start(home))
    try:
        database.migrate(engine)
        if not runs.kept_years(engine):
            _load(engine, home / "made", scale)
            say(f"readings of {scale} copies of the sample")
        start, end = dates.span(*YEARS)
        for step in ("year", "month"):
            runs.obtain(engine, start, end, step)
            say(f"account by {step}")
    finally:
        engine.dispose()


def _load(engine: Engine, out: Path, scale: int) -> None:
    made = simulate.run(simulate.sample(), out, scale=scale)
    registry.load(
        engine,
        folder.read(made.country, expression_codes=codes),
        expression_codes=codes,
    )
    for file in made.files:
        options = Options(issued_at=file.issued_at, daily=False)
        jobs.ingest(engine, File(file.path), options)
    derived.refresh(engine)
    shutil.rmtree(out)


def database_of(home: Path) -> str:
    """Address of the database of a prepared home."""
    os.environ["EWATER_HOME"] = str(home)
    return cluster.database_url(settings())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--scale", type=int, default=SCALE)
    given = parser.parse_args()
    prepare(given.home, given.scale)
