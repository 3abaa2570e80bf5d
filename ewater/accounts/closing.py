"""Tests of whole months, from the ledger to the readings: mass balance and drift.

Flags alone are written; where a node closes again, or a meter counts right again,
the bits are cleared. What cannot be judged stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ewater.accounts import nodes, runs
from ewater.series import volumes
from ewater.series.quality_companions import companions
from ewater.series.quality_periods import (
    BALANCE_SIGMAS,
    Outcome,
    drift,
    mark,
    mass_balance,
)
from ewater.store import chunks, judged
from ewater.store.instants import instant
from ewater.terms import Lineage, Test

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from ewater.accounts.runs import Run
    from ewater.store.rows import Rows

_EDGE = 7 * 86_400_000_000  # us of readings beyond both ends, for what crosses them
_TOGETHER = 50  # series that are marked in one transaction
_PRECEDING = ("mean_preceding", "total_preceding")
_SOURCES = {
    Test.MASS_BALANCE: "mass balance of nodes",
    Test.DRIFT: "totalisers against the flow beside them",
}


@dataclass(slots=True, kw_only=True)
class Closing:
    """What was found: rows of nodes and meters at fault, and readings changed."""

    run: str
    judged: int = 0
    found: list[dict[str, Any]] = field(default_factory=list)
    changed: int = 0
    loads: list[int] = field(default_factory=list)


def check(
    engine: Engine,
    start: dt.date,
    end: dt.date,
    *,
    dry_run: bool = False,
    who: str = "",
) -> Closing:
    """Put the months of a span to the tests that need the ledger.

    Parameters
    ----------
    engine
        A migrated store.
    start, end
        Half-open, on edges of months.
    dry_run
        Look only.
    who
        The person; the account of this process unless given.

    Returns
    -------
    Closing
        ``found`` has a row for each node and month that does not close, and each
        totaliser and month that drifts: ``test``, ``what``, ``period_start``,
        ``residual_m3``, ``u_m3``, ``z``, ``series``.
    """
    run = runs.obtain(engine, start, end, "month")
    closing = Closing(run=run.code)
    for test, codes, outcome in (_nodes(run, closing), _drifts(engine, run, closing)):
        for part in range(0, len(codes), _TOGETHER):
            some = slice(part, part + _TOGETHER)
            _mark(engine, run, closing, test, codes[some], outcome[some], dry_run, who)
    return closing


def _nodes(run: Run, closing: Closing) -> tuple[Test, list[str], NDArray[np.int8]]:
    """Judge the nodes; suspect is every member of one that does not close."""
    found = nodes.find(run.inputs, run.frames, run.bounds)
    outcome = mass_balance(found.residual, found.u, found.members)
    known = np.isfinite(found.residual) & np.isfinite(found.u)
    closing.judged += int(known.sum())
    bad = known & (np.abs(found.residual) > BALANCE_SIGMAS * found.u)
    by_node = found.members.T.tocsr()
    for node, period in zip(*np.nonzero(bad), strict=True):
        residual, u = found.residual[node, period], found.u[node, period]
        members = [found.series[n] for n in by_node[[node]].indices]
        closing.found.append(
            {
                "test": "mass_balance",
                "what": found.accounts[node],
                "period_start": instant(int(run.bounds[period])),
                "residual_m3": float(residual),
                "u_m3": float(u),
                "z": float(residual / u) if u > 0 else None,
                "series": " ".join(members),
            }
        )
    return Test.MASS_BALANCE, found.series, outcome


def _drifts(
    engine: Engine, run: Run, closing: Closing
) -> tuple[Test, list[str], NDArray[np.int8]]:
    """Judge totalisers by the integral of the flow beside them."""
    pairs = companions(run.frames["series"])
    if not pairs:
        return Test.DRIFT, [], np.empty((0, len(run.bounds) - 1), np.int8)
    counters, flows = list(pairs), list(pairs.values())
    counted, flowed = (_volumes(engine, run, codes) for codes in (counters, flows))
    outcome = drift(
        counted["volume"].values,
        counted["observed_s"].values,
        flowed["volume"].values,
        flowed["observed_s"].values,
        np.diff(run.bounds) / 1e6,
    )
    closing.judged += int((outcome != Outcome.NOT_EVALUATED).sum())
    apart = flowed["volume"].values - counted["volume"].values
    for row, period in zip(*np.nonzero(outcome == Outcome.FAILED), strict=True):
        closing.found.append(
            {
                "test": "drift",
                "what": counters[row],
                "period_start": instant(int(run.bounds[period])),
                "residual_m3": float(apart[row, period]),
                "u_m3": None,
                "z": None,
                "series": counters[row],
            }
        )
    return Test.DRIFT, counters, outcome


def _volumes(engine: Engine, run: Run, codes: list[str]) -> xr.Dataset:
    """Volumes by month of some series, in their order; one may be named again."""
    once = list(dict.fromkeys(codes))
    with engine.connect() as connection:
        readings = chunks.read(
            connection, once, int(run.bounds[0]) - _EDGE, int(run.bounds[-1]) + _EDGE
        )
    found = volumes.volumes(
        readings, run.frames["series"], run.bounds, events=run.frames["meter_events"]
    )
    return found.transpose("series", "period", ...).sel(series=codes)


def _mark(
    engine: Engine,
    run: Run,
    closing: Closing,
    test: Test,
    codes: Sequence[str],
    outcome: NDArray[np.int8],
    dry_run: bool,
    who: str,
) -> None:
    """Carry the outcome to the readings of some series."""
    signal = run.frames["series"].drop_duplicates("code").set_index("code")["signal"]
    preceding = signal.reindex(list(codes)).isin(_PRECEDING).to_numpy()
    with engine.begin() as connection:
        ids = chunks.series_ids(connection, codes)
        if not dry_run:
            judged.lock(connection, ids)
        window = chunks.Window.of(ids, int(run.bounds[0]), int(run.bounds[-1]) + 1)
        rows, cuts = chunks.rows_of(connection, window)
        stands = rows.lineage != Lineage.RETRACTED
        cuts = np.concatenate([[0], np.cumsum(stands)])[cuts]
        rows = rows.take(stands)
        found = mark(
            _readings(codes, rows, cuts), outcome, run.bounds, test, preceding=preceding
        )
        flag, failed = found["flag"].to_numpy(), found["failed"].to_numpy()
        if dry_run:
            changed = (flag != rows.flag) | (failed != rows.failed)
            closing.changed += int(changed.sum())
            return
        source = _SOURCES[test]
        done = judged.write(
            connection, ids, rows, cuts, flag, failed, source=source, who=who
        )
    closing.changed += done.count
    if done.load is not None:
        closing.loads.append(done.load)


def _readings(codes: Sequence[str], rows: Rows, cuts: NDArray[np.int64]) -> xr.Dataset:
    columns = {
        "time": rows.time.view("M8[us]"),
        "value": rows.value,
        "flag": rows.flag,
        "failed": rows.failed,
    }
    return xr.Dataset(
        {
            "row_size": ("series", np.diff(cuts)),
            **{name: ("reading", column) for name, column in columns.items()},
        },
        coords={"series": np.asarray(codes, dtype=object)},
    )
