"""Readings judged: in their load by what is at hand, afterwards by their neighbours.

A load is judged window by window while it is staged. What its edges and the readings
beside them look like with their neighbours is due from the moment of publication,
and worked off by `refresh`: in the same command, or after a crash by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ewater.ingest.limits import InForce, in_force
from ewater.ingest.pieces import pieces
from ewater.series.quality_verdicts import Approval, apply_verdicts
from ewater.store import chunks, chunks_origin, judged, quality_due, verdicts
from ewater.store.stretch import Stretch
from ewater.terms import Flag, Lineage, Test

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.series.quality import Judged
    from ewater.store.rows import Rows


@dataclass(slots=True, kw_only=True)
class Report:
    """What judging found and changed."""

    readings: int = 0
    changed: int = 0
    loads: list[int] = field(default_factory=list)
    tests: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    series: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        codes: Sequence[str],
        owner: NDArray[np.intp],
        flag: NDArray[np.uint8],
        failed: NDArray[np.uint32],
        changed: NDArray[np.bool_],
    ) -> None:
        """Count some readings; ``owner`` is the place of each one's series."""
        self.readings += len(flag)
        self.changed += int(changed.sum())
        for test in Test:
            name, count = str(test.name).lower(), int(((failed & test) != 0).sum())
            if count:
                self.tests[name] = self.tests.get(name, 0) + count
        for one in Flag:
            name, count = one.name.lower(), int((flag == one).sum())
            if count:
                self.flags[name] = self.flags.get(name, 0) + count
        counts = np.bincount(owner[changed], minlength=len(codes))
        for code, count in zip(codes, counts.tolist(), strict=True):
            if count:
                self.series[code] = self.series.get(code, 0) + count


def dataset(codes: Sequence[str], rows: Rows, cuts: NDArray[np.int64]) -> xr.Dataset:
    """Give readings the form that the tests take."""
    return xr.Dataset(
        {
            "row_size": ("series", np.diff(cuts)),
            "time": ("reading", rows.time.view("M8[us]")),
            "value": ("reading", rows.value),
            "flag": ("reading", rows.flag),
            "failed": ("reading", rows.failed),
            "lineage": ("reading", rows.lineage),
        },
        coords={"series": np.asarray(codes, dtype=object)},
    )


def at_hand(
    limits: InForce, codes: Sequence[str], rows: Rows, cuts: NDArray[np.int64]
) -> Rows:
    """Judge incoming readings by each other; their neighbours are not looked up."""
    return replace(rows, **tested(limits, codes, rows, cuts)._asdict())


def tested(
    limits: InForce, codes: Sequence[str], rows: Rows, cuts: NDArray[np.int64]
) -> Judged:
    """Put rows to the tests, of which each series has those from cut to cut."""
    readings = (
        cuts,
        np.ascontiguousarray(rows.time),
        np.ascontiguousarray(rows.value),
        np.ascontiguousarray(rows.flag),
        np.ascontiguousarray(rows.failed),
    )
    return limits.judge(codes, readings)


def refresh(engine: Engine, who: str = "") -> Report:
    """Judge again what published changes touch; write only what differs.

    Safe at any time and by several processes: what is due is in the database, a
    piece is judged, written and struck out in one transaction, and a crash leaves
    the rest.
    """
    report = Report()
    with engine.connect() as connection:
        if not quality_due.waiting(connection):
            return report
        limits = in_force(connection)
    while True:
        with engine.begin() as connection:
            quality_due.lock(connection)
            numbers, spans = quality_due.due(connection)
            if len(numbers) == 0:
                return report
            piece = next(pieces(connection, limits, spans.merged()))
            judge(connection, limits, piece, report, who=who)
            _strike(connection, numbers, spans, piece)


def _strike(
    connection: Connection, numbers: NDArray[np.int64], spans: Stretch, piece: Stretch
) -> None:
    """Strike out what a piece covers; keep what goes on after it."""
    place = np.searchsorted(piece.series_id, spans.series_id)
    place = np.minimum(place, len(piece) - 1)
    mine = piece.series_id[place] == spans.series_id
    mine &= spans.first <= piece.last[place]
    rest = spans.take(mine & (spans.last > piece.last[place]))
    goes_on = place[mine & (spans.last > piece.last[place])]
    quality_due.done(connection, numbers[mine].tolist())
    quality_due.add(
        connection,
        Stretch(
            series_id=rest.series_id, first=piece.last[goes_on] + 1, last=rest.last
        ),
    )


def judge(
    connection: Connection,
    limits: InForce,
    spans: Stretch,
    report: Report,
    *,
    new_verdicts: pd.DataFrame | None = None,
    write: bool = True,
    source: str = judged.SOURCE,
    who: str = "",
) -> judged.Judged | None:
    """Judge the readings of some spans with their neighbours, and write what differs.

    Parameters
    ----------
    connection
        In a transaction.
    limits
        In force.
    spans
        Each series once; both ends included.
    report
        Counts what is found.
    new_verdicts
        What a person decides in this transaction (`ewater.store.verdicts`).
    write
        False to look only.
    source, who
        Of the load that is written.
    """
    codes_of = chunks.series_codes(connection)
    known = np.array([codes_of[i] in limits.kind.index for i in spans.series_id], bool)
    spans = spans.take(known)
    if len(spans) == 0:
        return None
    if write:
        judged.lock(connection, spans.series_id)
    window = _window(connection, limits, spans, codes_of)
    rows, cuts = chunks.rows_of(connection, window)
    rows, cuts = standing(rows, cuts)
    codes = [codes_of[i] for i in window.series_id.tolist()]
    flags = tested(limits, codes, rows, cuts)
    found = dataset(codes, replace(rows, **flags._asdict()), cuts)
    found = _with_verdicts(connection, found, window, rows, cuts, new_verdicts)
    inside, series_cuts = _inside(spans, rows, cuts)
    mine = rows.take(inside)
    flag = found["flag"].to_numpy()[inside]
    failed = found["failed"].to_numpy()[inside]
    owner = np.repeat(np.arange(len(spans)), np.diff(series_cuts))
    changed = (flag != mine.flag) | (failed != mine.failed)
    report.add(codes[: len(spans)], owner, flag, failed, changed)
    if not write:
        return None
    done = judged.write(
        connection,
        spans.series_id,
        mine,
        series_cuts,
        flag,
        failed,
        source=source,
        who=who,
    )
    if done.load is not None:
        report.loads.append(done.load)
    return done


def _window(
    connection: Connection, limits: InForce, spans: Stretch, codes_of: dict[int, str]
) -> chunks.Window:
    """Choose what to read: spans with their margins, and the flow beside totalisers.

    The series of the spans come first, in their order.
    """
    codes = [codes_of[i] for i in spans.series_id.tolist()]
    before, after = limits.margins(codes)
    wide = spans.widened(before, after)
    first, last = wide.first.copy(), wide.last.copy()
    place = {code: n for n, code in enumerate(codes)}
    counters = [n for n, code in enumerate(codes) if code in limits.companions]
    flows = [limits.companions[codes[n]] for n in counters]
    back, _ = limits.margins(flows)
    extra: dict[str, tuple[int, int]] = {}
    for n, flow, more in zip(counters, flows, back.tolist(), strict=True):
        low, high = int(wide.first[n]) - more, int(wide.last[n])
        if flow in place:
            at = place[flow]
            first[at], last[at] = min(first[at], low), max(last[at], high)
        else:
            known = extra.get(flow, (low, high))
            extra[flow] = min(known[0], low), max(known[1], high)
    ids = chunks.series_ids(connection, list(extra))
    ends = np.array(list(extra.values()), np.int64).reshape(-1, 2)
    return chunks.Window(
        series_id=np.concatenate([spans.series_id, ids]),
        first=np.concatenate([first, ends[:, 0]]),
        last=np.concatenate([last, ends[:, 1]]),
    )


def standing(rows: Rows, cuts: NDArray[np.int64]) -> tuple[Rows, NDArray[np.int64]]:
    """Leave out what was retracted."""
    stands = rows.lineage != Lineage.RETRACTED
    if stands.all():
        return rows, cuts
    return rows.take(stands), np.concatenate([[0], np.cumsum(stands)])[cuts]


def _inside(
    spans: Stretch, rows: Rows, cuts: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Mark the readings within the spans; where those of each span start."""
    inside = np.zeros(len(rows), np.bool_)
    owner = np.repeat(np.arange(len(spans)), np.diff(cuts[: len(spans) + 1]))
    time = rows.time[: len(owner)]
    inside[: len(owner)] = (time >= spans.first[owner]) & (time <= spans.last[owner])
    return inside, np.concatenate([[0], np.cumsum(inside)])[cuts[: len(spans) + 1]]


def _with_verdicts(
    connection: Connection,
    found: xr.Dataset,
    window: chunks.Window,
    rows: Rows,
    cuts: NDArray[np.int64],
    new: pd.DataFrame | None = None,
    as_of: datetime | None = None,
) -> xr.Dataset:
    """Let people outrank the tests."""
    ids = window.series_id.tolist()
    low, high = int(window.first.min()), int(window.last.max())
    table = verdicts.read(connection, ids, low, high, as_of)
    if new is not None:
        table = pd.concat([table, new], ignore_index=True) if len(table) else new
    if table.empty:
        return found
    codes = found["series"].to_numpy()
    named = np.flatnonzero(np.isin(codes, table["series"].to_numpy()))
    since = chunks_origin.value_since(connection, window, rows, cuts, named, as_of)
    level = table["level"].map({one.name.lower(): int(one) for one in Approval})
    return apply_verdicts(found, table.assign(level=level), since)


def approvals(
    connection: Connection,
    code: str,
    start: int | None = None,
    end: int | None = None,
    as_of: datetime | None = None,
) -> NDArray[np.uint8]:
    """Say how far each present reading has been looked at.

    Arguments as for `ewater.store.chunks.read`.

    Returns
    -------
    numpy.ndarray : (reading,), uint8
        `ewater.series.quality_verdicts.Approval`.
    """
    window = chunks.Window.of(chunks.series_ids(connection, [code]), start, end)
    rows, cuts = standing(*chunks.rows_of(connection, window, as_of))
    found = dataset([code], rows, cuts)
    found = _with_verdicts(connection, found, window, rows, cuts, as_of=as_of)
    if "approval" not in found:
        return np.zeros(len(rows), np.uint8)
    return np.asarray(found["approval"].to_numpy())
