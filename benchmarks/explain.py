"""Explain one cell of the account of a year of 5,000 flows, down to chunks of readings.

The country of `benchmarks/account.py` with a meter on each flow: a year of daily
readings is loaded into a database of its own and the run computed once, so that it is
in memory as in a dashboard. Timed is what a dashboard asks, `DatabaseReader.explain`:
cells of views that are ready, the 20 largest parts of each, the best of three; what
the first question to a view takes is printed too.

    python benchmarks/explain.py [--quick]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from account import country
from readings_setup import fresh_database

from ewater.accounts.reader import DatabaseReader
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

BAR_MS = 200.0
STOCKS = 50
REPEATS = 3
YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))
FIRST = ("balance.net_inflow", "indicators.consumption")  # views made ready
CELLS = (
    "balance.residual",
    "balance.inflow",
    "balance.terms.transfer",
    "balance.sectors.agriculture.use",
    "indicators.use",
    "indicators.agriculture_of_use",
)


def load(engine: Engine, flow_count: int, territories: int) -> int:
    """Load the country and a year of readings; return how many these are."""
    rng = np.random.default_rng(2023)
    frames = country(flow_count, territories, rng)
    frames["stocks"] = frames["stocks"].head(STOCKS).copy()
    flows, stocks = frames["flows"], frames["stocks"]
    flows["measured_by"] = flows["code"] + ".Q"
    stocks["measured_by"] = stocks["account"] + ".S"
    codes = [*flows["measured_by"], *stocks["measured_by"]]
    stored = np.arange(len(codes)) >= len(flows)
    frames["calendars"] = pd.DataFrame({"code": ["L"], "timezone": ["UTC"]})
    frames["sites"] = pd.DataFrame({"code": ["G"], "kind": ["river_gauge"]})
    frames["series"] = pd.DataFrame(
        {
            "code": codes,
            "site": "G",
            "quantity": np.where(stored, "storage", "discharge"),
            "unit": np.where(stored, "m3", "m3/s"),
            "signal": np.where(stored, "instantaneous", "mean_preceding"),
            "interval_s": 86400.0,
        }
    )
    registry.load(engine, frames)
    days = pd.date_range("2023-01-01", "2024-01-01").strftime("%Y-%m-%dT%H:%M:%SZ")
    value = rng.lognormal(1, 1, len(codes))[:, None] * rng.uniform(
        0.9, 1.1, (len(codes), len(days))
    )
    value[stored] *= 1e6
    rows = pd.DataFrame(
        {
            "series": np.repeat(codes, len(days)),
            "time": np.tile(days, len(codes)),
            "value": value.round(3).ravel(),
        }
    )
    jobs.ingest(
        engine, Memory("year.csv", rows.to_csv(index=False).encode()), Options()
    )
    return len(rows)


def asked(
    reader: DatabaseReader, cells: tuple[str, ...], depth: str, repeats: int = REPEATS
) -> list[float]:
    """Milliseconds that each cell takes; the parts of each must add up."""
    times = []
    for cell in cells:
        each = []
        for _ in range(repeats):
            began = time.perf_counter()
            document = reader.explain(cell, "LAND", *YEAR, depth=depth)
            each.append(1e3 * (time.perf_counter() - began))
        times.append(min(each))
        (period,) = document["periods"]
        parts = [*period["items"], period["other_items"]]
        total = sum(part["value"] or 0.0 for part in parts)
        if period["formula"] is None:
            np.testing.assert_allclose(total, period["quantity"]["known"], rtol=1e-9)
        print(f"  {depth} {cell}: {times[-1]:.0f} ms")
    return times


def main() -> None:
    """Measure and print the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the flows")
    quick = parser.parse_args().quick
    flow_count, territories = (500, 100) if quick else (5000, 1000)
    with fresh_database() as engine:
        count = load(engine, flow_count, territories)
        reader = DatabaseReader(engine)
        began = time.perf_counter()
        reader.balance("LAND", *YEAR, "year")
        print(
            f"{flow_count} flows, {territories} territories, {count} readings; run "
            f"{time.perf_counter() - began:.1f} s; {os.cpu_count()} cores"
        )
        ready = asked(reader, FIRST, "sources", 1)
        print(f"first cell of each view {max(ready):.0f} ms, the view included")
        sources = asked(reader, CELLS, "sources")
        deep = asked(reader, CELLS, "chunks")
    for name, times in (("explain", sources), ("explain_chunks", deep)):
        value = max(times)
        verdict = "ok" if value <= BAR_MS else "short"
        print(f"{name} {value:.0f} ms bar {BAR_MS:.0f} {verdict}")


if __name__ == "__main__":
    main()
