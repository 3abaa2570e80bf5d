"""Ingest of readings from CSV, against server-side COPY of the same file.

Both run on the same server, one after the other, in turns. COPY goes into an unlogged
table without index, key or check; ingest parses, checks, judges what is at hand, lands
the raw bytes with their hash, encodes, compares with what is stored, and publishes.
With daily, all quality control that is due and the daily sums are done as well. Memory
is the largest resident set of a process of its own that loads a file with all of that.

    python benchmarks/ingest.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
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
from ewater.store import chunks_compact, database

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
    empty(engine)
    what = "ingest with daily" if daily else "ingest"
    return load(engine, path, what, "new", Options(daily=daily))


def load(engine: Engine, path: Path, what: str, kind: str, options: Options) -> float:
    """Seconds of a load all of whose rows become of one kind."""
    used, started = time.process_time(), time.perf_counter()
    counts = jobs.ingest(engine, File(path), options).counts
    seconds = time.perf_counter() - started
    assert getattr(counts, kind) == counts.rows_read > 0, counts
    print(
        f"  {what}: {seconds:.2f} s, {time.process_time() - used:.2f} s of this "
        f"process's time, {counts.rows_read / seconds:,.0f} rows/s"
    )
    return seconds


def empty(engine: Engine) -> None:
    """Forget all loads."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(_EMPTY)} CASCADE"))


def peak(engine: Engine, path: Path) -> float:
    """Megabytes resident at most while a process of its own loads a file."""
    empty(engine)
    url = engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, __file__, "--peak", str(path)],
        env={**os.environ, "EWATER_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    megabytes = float(done.stdout)
    size = path.stat().st_size / 1e6
    print(f"  peak memory of a load of {size:,.0f} MB: {megabytes:.0f} MB")
    return megabytes


def print_peak(path: Path) -> None:
    """Load a file and print the largest resident set of this process."""
    engine = database.connect(os.environ["EWATER_DATABASE_URL"])
    jobs.ingest(engine, File(path))
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (row for row in status.splitlines() if row.startswith("VmHWM"))
    print(int(line.split()[1]) / 1024)


def appends(engine: Engine, codes: list[str], days: int) -> tuple[float, float]:
    """Bytes per reading after appends with 1 % corrections: before and after."""
    empty(engine)
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
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        print_peak(given.peak)
        return
    series, count = (50, 10_000) if given.quick else (200, 50_000)
    with fresh_database() as engine, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        measure(engine, Path(folder), series, count, 3 if given.quick else 30)


def measure(engine: Engine, folder: Path, series: int, count: int, days: int) -> None:
    """Measure and print all bars."""
    codes = register(engine, 3 * series)
    path, changed = folder / "readings.csv", folder / "corrected.csv"
    rows = write_csv(path, codes[:series], count)
    write_csv(changed, codes[:series], count, more=0.01)
    megabytes = path.stat().st_size / 1e6
    print(f"{machine()}; {rows:,} rows, {megabytes:,.0f} MB; {TABLE}")
    line = f"series,time,value\n{codes[0]},2020-01-01T00:00Z,1\n"
    jobs.ingest(engine, Memory("warm.csv", line.encode()))  # compiles
    copied, plain, summed = [], [], []
    for _ in range(ROUNDS):
        copied.append(copy(engine, path))
        plain.append(ingest(engine, path, daily=False))
        summed.append(ingest(engine, path, daily=True))
    started = time.perf_counter()
    again = jobs.ingest(engine, File(path))
    repeated = time.perf_counter() - started
    print(f"  again: {repeated:.2f} s")
    assert again.known
    options = Options(daily=False, again=True)
    turns = [changed, path] * ((ROUNDS + 1) // 2)
    corrected = [
        load(engine, turn, "all corrected", "corrected", options) for turn in turns
    ]
    small = peak(engine, path)
    long = folder / "long.csv"
    write_csv(long, codes, count)
    large = peak(engine, long)
    before, after = appends(engine, codes[:50], days)
    print(f"  before compaction {before:.0f} bytes/reading; {machine()}")
    bar("ingest_over_copy", min(copied) / min(plain), "x", 5)
    bar("ingest_daily_over_copy", min(copied) / min(summed), "x", 3)
    bar("reingest_over_ingest", min(plain) / repeated, "x", 1)
    bar("corrected_over_copy", min(copied) / min(corrected), "x", 2)
    bar("compacted", after, "bytes/reading", 8, least=False)
    bar("peak_memory", max(small, large), "MB", 600, least=False)
    bar("peak_memory_of_thrice_the_rows", large / small, "x", 1.15, least=False)


if __name__ == "__main__":
    main()
