"""Reads of the chunk store: one year of one series, and everything at once.

python benchmarks/read.py [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from readings_setup import START, bar, fresh_database, machine, register, write_csv
from sqlalchemy import text

from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import File
from ewater.store import chunks, chunks_compact

REPEATS = 5
YEAR = 52_560


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the series")
    series = 20 if parser.parse_args().quick else 190
    start = int(START.astype(np.int64))
    end = start + 365 * 86_400_000_000
    with fresh_database() as engine, tempfile.TemporaryDirectory() as folder:
        codes = register(engine, series)
        path = Path(folder) / "readings.csv"
        rows = write_csv(path, codes, YEAR)
        jobs.ingest(engine, File(path), Options(daily=False))
        chunks_compact.compact(engine)
        print(f"{machine()}; {rows:,} readings of {series} series")
        with engine.connect() as connection:
            chunks.read(connection, codes[:1])  # compiles
            single, bulk = [], []
            for number in range(REPEATS):
                started = time.perf_counter()
                one = chunks.read(connection, [codes[number]], start, end)
                single.append(time.perf_counter() - started)
                assert one.sizes["reading"] == YEAR
                started = time.perf_counter()
                every = chunks.read(connection, codes)
                bulk.append(time.perf_counter() - started)
                assert every.sizes["reading"] == rows
            started = time.perf_counter()
            connection.execute(
                text("SELECT count(*) FROM reading_sql(:code)"), {"code": codes[0]}
            ).scalar_one()
            by_sql = time.perf_counter() - started
    print(f"  reading_sql: one series-year in {by_sql * 1000:.0f} ms")
    print(f"  all of {REPEATS}: {', '.join(f'{rows / t / 1e6:.1f}' for t in bulk)} M/s")
    bar("read_series_year", np.median(single) * 1000, "ms", 50, least=False)
    bar("read_bulk", rows / np.median(bulk) / 1e6, "M/s", 15)


if __name__ == "__main__":
    main()
