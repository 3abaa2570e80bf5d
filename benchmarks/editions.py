"""Seal, verify and compare a national year of 5,168 series.

The national sample, repeated 16 times, with its readings of 2025 (11.3 M) and its
returns. A draft is sealed and verified; then readings come late and are corrected, a
storage curve, a return and a flow change, and a second edition is sealed and compared
with the first, so that every group but the program differs. Nothing is read ahead:
each call opens its own connections. Cells of the first edition are explained as of it,
down to chunks, as a page asks once its run is in memory. Compiled code is there, as
after a first use.

    python benchmarks/editions.py [--quick]
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from readings_setup import bar, fresh_database, machine

from ewater import simulate
from ewater.accounts.editions import checking, diff, keys, seal
from ewater.accounts.reader import DatabaseReader
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import File, Memory
from ewater.store import folder, registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from ewater.accounts.editions.keys import Signer

SCALE = 16
BARS = {
    "edition_seal": (30.0, "s"),
    "edition_verify": (30.0, "s"),
    "edition_diff": (10.0, "s"),
    "edition_explain": (200.0, "ms"),
}
EXPLAINED = ("balance.inflow", "balance.residual", "balance.terms.abstraction")
YEAR = dt.date(2025, 1, 1), dt.date(2026, 1, 1)
EXCEPT = ["coverage", "report", "unjudged"]


def load(engine: Engine, out: Path, scale: int) -> None:
    """Simulate a year and load it."""
    made = simulate.run(
        simulate.sample(), out, scale=scale, start="2025-01-01", end="2026-01-02"
    )
    country = made.folder / "country"
    registry.load(engine, folder.read(country if scale > 1 else simulate.sample()))
    for path in [made.folder / "reports.csv", *made.folder.glob("readings/*-2025.csv")]:
        jobs.ingest(engine, File(path), Options())


def change(engine: Engine) -> None:
    """Let something of every kind come later."""
    with engine.connect() as connection:
        frames = registry.read(connection)
    codes = frames["series"].loc[frames["series"]["quantity"] == "discharge", "code"]
    chosen = codes.iloc[:: max(1, len(codes) // 50)]
    hours = pd.date_range("2025-05-01", "2025-05-11", freq="h", tz="UTC")
    for shift in (0, 17):  # the hours themselves; between them
        times = (hours + pd.Timedelta(minutes=shift)).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = pd.DataFrame(
            {
                "series": np.repeat(chosen, len(hours)),
                "time": np.tile(times, len(chosen)),
                "value": 12.5 + shift,
            }
        )
        data = Memory(f"{shift}.csv", rows.to_csv(index=False).encode())
        jobs.ingest(engine, data, Options())  # issued now, so that it replaces
    curves, flows, reports = (frames[n].copy() for n in ("curves", "flows", "reports"))
    curves.loc[curves["kind"] == "storage", "y"] *= 1.01
    measured = flows["measured_by"].isin(set(frames["series"]["code"]))
    first = flows.index[measured][0]
    flows.loc[first, "measured_by"] = f"0.9 * {flows.loc[first, 'measured_by']}"
    told = reports[(reports["status"] == "approved") & reports["value"].gt(0)].tail(1)
    again = told.assign(value=told["value"] * 1.1, revision=told["revision"] + 1)
    registry.load(engine, {"curves": curves, "flows": flows, "reports": again})


def sealed(engine: Engine, name: str, signer: Signer) -> dict[str, Any]:
    """Seal the year of the whole country."""
    wanted = seal.Wanted(name=name, start=YEAR[0], end=YEAR[1], territory="AZ")
    return seal.seal(engine, wanted, signer, excepted=EXCEPT)


def timed(name: str, call: Callable[[], Any]) -> tuple[Any, float]:
    """Call, and say the time on the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {name}: {wall:.1f} s, {cpu:.1f} s of processor", flush=True)
    return answer, wall


def measure(engine: Engine, home: Path) -> dict[str, float]:
    """Seconds of sealing, verifying and comparing."""
    signer = keys.signer(home, "bench")
    sealed(engine, "warm", signer)
    done, seal_s = timed("seal", lambda: sealed(engine, "a", signer))
    outcome, verify_s = timed("verify", lambda: checking.outcome_of(engine, "a"))
    assert outcome.intact, outcome.document()
    change(engine)
    sealed(engine, "b", signer)
    document, diff_s = timed(
        "diff",
        lambda: diff.difference(diff.of_store(engine, "a"), diff.of_store(engine, "b")),
    )
    moved = [one for one in document["cells"] if one["parts"] is not None]
    for one in moved:
        whole, parts = one["change"], sum(one["parts"].values())
        assert abs(whole - parts) <= 1e-5 * max(1.0, abs(whole)), one
    explain_ms = explained(engine, done["as_of"])
    groups = [group for group, causes in document["causes"].items() if causes]
    assert groups == list(diff.GROUPS[:-1]), groups
    print(f"{done['readings']} readings, {done['cells']} cells; {len(moved)} moved")
    print(f"differing: {', '.join(groups)}; {machine()}")
    return {
        "edition_seal": seal_s,
        "edition_verify": verify_s,
        "edition_diff": diff_s,
        "edition_explain": explain_ms,
    }


def explained(engine: Engine, as_of: dt.datetime) -> float:
    """Milliseconds to explain the slowest of some cells of an edition."""
    reader = DatabaseReader(engine)
    basis = ("", as_of.isoformat(), "raw")

    def ask(cell: str) -> Any:
        return reader.explain(cell, "AZ", *YEAR, basis=basis, depth="chunks")

    timed(
        "first explanation, the run as of the edition included",
        lambda: ask(EXPLAINED[0]),
    )
    each = {}
    for cell in EXPLAINED:
        found = [
            timed(f"explain {cell}", lambda cell=cell: ask(cell)) for _ in range(3)
        ]
        each[cell] = min(seconds for _, seconds in found)
    return 1e3 * max(each.values())


def main() -> None:
    """Measure and print the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the sample once")
    scale = 1 if parser.parse_args().quick else SCALE
    with tempfile.TemporaryDirectory() as temporary, fresh_database() as engine:
        load(engine, Path(temporary) / "simulated", scale)
        found = measure(engine, Path(temporary))
    for name, value in found.items():
        limit, unit = BARS[name]
        bar(name, value, unit, limit, least=False)


if __name__ == "__main__":
    main()
