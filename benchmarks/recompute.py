"""Volumes of series computed anew from the chunks that PostgreSQL holds.

By `Client.volumes`, whole: the registry is read, chunks are fetched and decoded, and
the readings become volumes by series and month, or day. A river every ten minutes,
stored as compaction leaves it.

    python benchmarks/recompute.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from readings_setup import START, bar, discharge, fresh_database, machine, register

from ewater.accounts.client import Client
from ewater.store import chunks, chunks_stage
from ewater.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

STEP_US = 600_000_000
REPEATS = 5
_BATCH = 100


def store(engine: Engine, codes: list[str], count: int) -> int:
    """Store ``count`` readings of each series; return how many in all."""
    rng = np.random.default_rng(7)
    first = int(START.astype(np.int64)) - 20 * STEP_US
    for begin in range(0, len(codes), _BATCH):
        some = codes[begin : begin + _BATCH]
        total = len(some) * count
        rows = Rows(
            time=np.tile(first + np.arange(count) * STEP_US, len(some)),
            value=np.concatenate([discharge(rng, count) for _ in some]),
            flag=np.ones(total, np.uint8),
            failed=np.zeros(total, np.uint32),
            lineage=np.zeros(total, np.uint8),
            load=np.ones(total, np.int64),
        )
        with engine.begin() as connection:
            chunks_stage.write(
                connection,
                chunks.series_ids(connection, some),
                rows,
                np.arange(len(some) + 1) * count,
                np.ones(len(some)),
                kind="base",
                load=None,
                newest=datetime.now(UTC),
            )
    return len(codes) * count


def best(call: Callable[[], object]) -> float:
    """Seconds of the fastest of some calls; prints all, with this process's time."""
    wall, used = [], []
    for _ in range(REPEATS):
        started, own = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - started)
        used.append(time.process_time() - own)
    print(
        f"  {', '.join(f'{w:.3f} ({u:.3f})' for w, u in zip(wall, used, strict=True))}"
    )
    return min(wall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the series")
    series = 200 if parser.parse_args().quick else 2_000
    with fresh_database() as engine:
        codes = register(engine, series)
        rows = store(engine, codes, 62 * 144)
        with engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.exec_driver_sql("VACUUM ANALYZE chunk")
        print(f"{machine()}; {rows:,} readings of {series} series over two months")
        client = Client(engine)
        client.volumes(codes[:2], "2023-01")  # compiles
        print("  seconds (of them this process's), all by month, all by day, a month:")
        months = best(lambda: client.volumes(codes, "2023-01", "2023-02"))
        days = best(lambda: client.volumes(codes, "2023-01", "2023-02", step="day"))
        newest = best(lambda: client.volumes(codes, "2023-02"))
    print(f"  load average now {os.getloadavg()[0]:.1f}")
    bar("recompute_by_month", rows / months / 1e6, "M/s", 25)
    bar("recompute_by_day", rows / days / 1e6, "M/s", 25)
    bar("newest_month", newest, "s", 0.3, least=False)


if __name__ == "__main__":
    main()
