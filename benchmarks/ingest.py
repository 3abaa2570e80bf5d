"""Ingest of readings from CSV, against server-side COPY of the same file.

Both run on the same server, one after the other, in turns. COPY goes into an unlogged
table without index, key or check. Plain ingest parses, checks, lands the raw bytes with
their hash, encodes, compares with what is stored, and publishes; the tests of the
readings stay due. With daily, they are judged while they are loaded, and what is due
then and the daily sums are done as well. Corrections are judged while they are loaded.
Memory is the largest resident set of a process of its own that loads a file with all
of that. Of the appends, ``--quick`` makes one an hour instead of one every ten minutes.

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
    "quality_due",
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
    what = "ingest, judged, with daily" if daily else "ingest"
    return load(engine, path, what, "new", Options(daily=daily, judge=daily))


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


def appends(engine: Engine, codes: list[str], every: int) -> tuple[float, float]:
    """Bytes per reading after 30 days of appends, ``every`` so many steps.

    One in a hundred readings is corrected by a later append. Before compaction, after.
    """
    empty(engine)
    rng = np.random.default_rng(7)
    steps = 30 * 144
    values = np.array([discharge(rng, steps) for _ in codes])
    times = np.datetime_as_string(START + np.arange(steps) * STEP, unit="s").tolist()
    used, started = time.process_time(), time.perf_counter()
    for step in range(0, steps, every):
        at = np.repeat(np.arange(step, step + every), len(codes))
        of = np.tile(np.arange(len(codes)), every)
        rows = _rows(codes, times, of, at, values[of, at])
        if step:
            wrong = np.flatnonzero(rng.random(len(of)) < 0.01)
            back = np.full(len(wrong), int(rng.integers(0, step)))
            of, first = np.unique(of[wrong], return_index=True)
            rows += _rows(codes, times, of, back[first], values[of, back[first]] + 1)
        body = "\n".join(["series,time,value", *rows, ""]).encode()
        jobs.ingest(engine, Memory(f"{step}.csv", body), Options(daily=False))
    print(
        f"  {steps // every} appends: {time.perf_counter() - started:.0f} s, "
        f"{time.process_time() - used:.0f} s of this process's time"
    )
    before = size(engine)
    started = time.perf_counter()
    done = chunks_compact.compact(engine)
    print(f"  {done} in {time.perf_counter() - started:.1f} s")
    return before, size(engine)


def _rows(
    codes: list[str],
    times: list[str],
    of: np.ndarray,
    at: np.ndarray,
    value: np.ndarray,
) -> list[str]:
    """Lines of a readings file: series, step and value of each."""
    rows = zip(of.tolist(), at.tolist(), value.tolist(), strict=True)
    return [f"{codes[k]},{times[i]}Z,{x:.2f}" for k, i, x in rows]


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
        measure(engine, Path(folder), series, count, 6 if given.quick else 1)


def measure(engine: Engine, folder: Path, series: int, count: int, every: int) -> None:
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
    before, after = appends(engine, codes[:50], every)
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
