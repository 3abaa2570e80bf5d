"""One more reading of many series: loaded, judged with its neighbours, days summed.

Ten days of ten-minute readings are stored first; then a file with one reading of each
series arrives, three times.

    python benchmarks/appends.py [--quick]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from readings_setup import (
    START,
    STEP,
    bar,
    discharge,
    fresh_database,
    machine,
    register,
)

from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory

SERIES, TURNS, BAR_S = 2_000, 3, 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two days, not ten")
    steps = (2 if parser.parse_args().quick else 10) * 144
    rng = np.random.default_rng(9)
    times = np.datetime_as_string(START + np.arange(steps + TURNS) * STEP, unit="s")
    values = np.array([discharge(rng, steps + TURNS) for _ in range(SERIES)])
    with fresh_database() as engine:
        codes = register(engine, SERIES)

        def load(first: int, last: int, *, daily: bool) -> float:
            rows = [
                f"{code},{times[k]}Z,{values[n, k]:.2f}"
                for n, code in enumerate(codes)
                for k in range(first, last)
            ]
            body = "\n".join(["series,time,value", *rows, ""]).encode()
            began = time.perf_counter()
            jobs.ingest(engine, Memory(f"{first}.csv", body), Options(daily=daily))
            return time.perf_counter() - began

        load(0, steps, daily=True)
        used = time.process_time()
        taken = [load(steps + k, steps + k + 1, daily=True) for k in range(TURNS)]
        used = (time.process_time() - used) / TURNS
    print(f"{machine()}; {SERIES:,} series, {steps:,} readings each before")
    shown = ", ".join(f"{seconds:.2f}" for seconds in taken)
    print(f"  one reading each: {shown} s; {used:.2f} s of this process's time")
    bar("append_to_2000_series", min(taken), "s", BAR_S, least=False)


if __name__ == "__main__":
    main()
