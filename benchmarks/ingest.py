"""Ingest of readings from CSV, against server-side COPY of the same file.

Both run on the same server, one after the other, in turns. COPY goes into an unlogged
table without index, key or check; ingest parses, checks, lands the raw bytes with their
hash, encodes, compares with what is stored, and publishes.

    python benchmarks/ingest.py [--quick]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from readings_setup import (
    START,
    STEP,
    bar,
    discharge,
    fresh_database,
    machine,
    register,
    write_csv,
)
from sqlalchemy import text

from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import File, Memory
from ewater.store import chunks_compact

if TYPE_CHECKING:
    from sqlalchemy import Engine

TABLE = "CREATE UNLOGGED TABLE copied (series text, time timestamptz, value float8)"
COPY = "COPY copied FROM STDIN (FORMAT csv, HEADER)"
ROUNDS = 3
_EMPTY = (
    "daily",
    "daily_due",
    "chunk",
    "reject",
    "load",
    "landed_piece",
    "landed_file",
)


def copy(engine: Engine, path: Path) -> float:
    """Seconds of COPY, server-side where the server may read the file."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS copied"))
        connection.execute(text(TABLE))
    with engine.begin() as connection:
        started = time.perf_counter()
        try:
            with connection.begin_nested():
                statement = COPY.replace("STDIN", f"'{path}'")
                connection.execute(text(statement))
        except Exception:  # the server may not see this folder
            started = time.perf_counter()
            statement = COPY
            driver = connection.connection.driver_connection
            with driver.cursor().copy(COPY) as pipe, path.open("rb") as file:
                while block := file.read(1 << 20):
                    pipe.write(block)
    seconds = time.perf_counter() - started
    print(f"  {statement}: {seconds:.2f} s")
    return seconds


def ingest(engine: Engine, path: Path, *, daily: bool) -> float:
    """Seconds of a first load into empty tables."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(_EMPTY)} CASCADE"))
    started = time.perf_counter()
    outcome = jobs.ingest(engine, File(path), Options(daily=daily))
    seconds = time.perf_counter() - started
    assert outcome.counts.new == outcome.counts.rows_read, outcome
    what = "ingest with daily" if daily else "ingest"
    print(
        f"  {what}: {seconds:.2f} s, {outcome.counts.rows_read / seconds:,.0f} rows/s"
    )
    return seconds


def appends(engine: Engine, codes: list[str], days: int) -> tuple[float, float]:
    """Bytes per reading after appends with 1 % corrections: before and after."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(_EMPTY)} CASCADE"))
    rng = np.random.default_rng(7)
    steps = days * 144
    values = np.array([discharge(rng, steps) for _ in codes])
    times = np.datetime_as_string(START + np.arange(steps) * STEP, unit="s")
    for step in range(steps):
        rows = [
            f"{code},{times[step]}Z,{value:.2f}"
            for code, value in zip(codes, values[:, step].tolist(), strict=True)
        ]
        wrong = np.flatnonzero(rng.random(len(codes)) < 0.01) if step else []
        back = int(rng.integers(0, step)) if step else 0
        rows += [f"{codes[k]},{times[back]}Z,{values[k, back] + 1:.2f}" for k in wrong]
        body = "\n".join(["series,time,value", *rows, ""]).encode()
        jobs.ingest(engine, Memory(f"{step}.csv", body), Options(daily=False))
    before = size(engine)
    started = time.perf_counter()
    done = chunks_compact.compact(engine)
    seconds = time.perf_counter() - started
    print(f"  {steps} appends: {done} in {seconds:.1f} s")
    return before, size(engine)


def size(engine: Engine) -> float:
    """Bytes of the chunk table with indexes and TOAST, per reading it holds."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM FULL chunk"))
        total, count = connection.execute(
            text("SELECT pg_total_relation_size('chunk'), sum(count) FROM chunk")
        ).one()
    return float(total) / float(count)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a twentieth of the rows")
    quick = parser.parse_args().quick
    series, count = (50, 10_000) if quick else (200, 50_000)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "readings.csv"
    Path(folder.name).chmod(0o755)
    with fresh_database() as engine, folder:
        codes = register(engine, series)
        rows = write_csv(path, codes, count)
        print(
            f"{machine()}; {rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB; {TABLE}"
        )
        warm = Memory(
            "warm.csv",
            b"series,time,value\n%s,2020-01-01T00:00Z,1\n" % codes[0].encode(),
        )
        jobs.ingest(engine, warm)  # compiles
        copied, plain, summed = [], [], []
        for _ in range(ROUNDS):
            copied.append(copy(engine, path))
            plain.append(ingest(engine, path, daily=False))
            summed.append(ingest(engine, path, daily=True))
        started = time.perf_counter()
        again = jobs.ingest(engine, File(path))
        repeated = time.perf_counter() - started
        assert again.known
        before, after = appends(engine, codes[:50], 3 if quick else 30)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory of this process {peak:.0f} MB")
    print(f"  before compaction {before:.0f} bytes/reading")
    bar("ingest_over_copy", min(copied) / min(plain), "x", 5)
    bar("ingest_daily_over_copy", min(copied) / min(summed), "x", 3)
    bar("reingest_over_ingest", min(plain) / repeated, "x", 1)
    bar("compacted", after, "bytes/reading", 8, least=False)


if __name__ == "__main__":
    main()
