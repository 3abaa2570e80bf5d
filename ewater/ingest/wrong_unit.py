"""Files in a wrong unit: series whose values leap by a factor between units.

Readings say their unit nowhere. A file in l/s for a series in m3/s is a thousand times
too large, one in m3/h 3.6 times too large for l/s, one in thousand m3 a day 86.4 times
too large for m3/s. Where a file's readings differ by such a factor from those in
place, they are held until a person says that they are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from ewater.ingest import repeats
from ewater.ingest.parse import Reject, readable
from ewater.store import chunks, rejects, unfinished
from ewater.store.codec import decode
from ewater.store.instants import array, cursor
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.ingest.parse import Parsed
    from ewater.ingest.readings_csv import Run
    from ewater.ingest.tally import Tally
    from ewater.store.rows import Rows

FACTORS = (1000.0, 86.4, 3.6)  # and their inverses
_FEWEST = 12  # readings on either side, fewer say nothing
_MOST = 144  # readings of the file that are looked at
_SEAM = 24  # readings on either side of where the file goes on
_SAME_INSTANT = np.log(1.1)  # how near to a factor: at the same instants
_NEIGHBOURS = np.log(1.25)  # next to each other in time
_STEP = np.log(1.15)  # where the file goes on, of a factor that a flood has too
_AT_ONCE = 3  # readings on either side of that place
_LARGE = np.log(1.6)  # and next to each other, of factors that no river has
_DAY_US = 86_400_000_000
_YEAR_US = 366 * _DAY_US

_SAMPLES = """
SELECT DISTINCT ON (c.series_id) c.series_id, c.payload
FROM chunk AS c WHERE c.load_id = %s AND c.count >= %s AND EXISTS (
    SELECT FROM chunk AS o LEFT JOIN load AS d ON d.id = o.load_id
    WHERE o.series_id = c.series_id
        AND (o.kind <> 'delta' OR d.recorded_from IS NOT NULL))
ORDER BY c.series_id, c.first_time
"""
_DAYS = """
SELECT w.place::int4, d.mean
FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[])
    WITH ORDINALITY AS w (series_id, earliest, latest, place)
JOIN daily AS d ON d.series_id = w.series_id
    AND d.starts >= w.earliest AND d.starts < w.latest
WHERE d.mean IS NOT NULL ORDER BY w.place
"""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A series whose readings seem to be in another unit."""

    series: int  # of the schema
    ratio: float
    factor: float

    @property
    def said(self) -> str:
        """What is odd, for a person."""
        factor = self.factor
        times = f"{factor:g}" if factor > 1 else f"1/{1 / factor:g}"
        return (
            f"the file's readings are {self.ratio:.4g} times those in place, "
            f"near {times}, as of another unit"
        )


def hold(run: Run, tally: Tally, contradicted: NDArray[np.int64]) -> None:
    """Reject, until a person has looked, what a load staged in a wrong unit.

    Parameters
    ----------
    run, tally
        A staged load; its counts are put right.
    contradicted : (instant, 2)
        Series and time of rows that are rejected already.
    """
    if run.load is None:
        return
    with run.engine.connect() as connection:
        found = {s.series: s for s in suspects(connection, run)}
    if not found:
        return
    series = np.array(sorted(found), np.int32)
    ids = run.schema.ids[series]
    for block in _rows(run, series, contradicted):
        tally.rejected += len(block)
        held = [_rejected(run, found[row[0]], *row[1:]) for row in block]
        with run.engine.begin() as connection:
            kept = ((r.line, r.column, r.reason, r.message, r.raw, True) for r in held)
            rejects.keep(connection, run.load, kept)
    with run.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM chunk WHERE load_id = :load AND series_id = ANY(:ids)"),
            {"load": run.load, "ids": ids.tolist()},
        )
        unfinished.forget(connection, run.load)
    tally.staged = [s.take(~np.isin(s.series_id, ids)) for s in tally.staged]
    tally.new[series] = tally.corrected[series] = tally.outdated[series] = 0


def _rows(
    run: Run, series: NDArray[np.int32], contradicted: NDArray[np.int64]
) -> Iterator[list[tuple[int, int, str, bytes]]]:
    """Series, line, column and bytes of the accepted rows of some series, by block."""
    for body, first_line in run.bodies(None):
        block: Parsed = run.parse(body, first_line)
        keep = np.isin(block.series, series)
        keep &= ~repeats.among(block.series, block.time, contradicted)
        block = block.take(keep)
        columns = [""] * len(block.line)
        if block.column is not None:
            columns = [block.columns[place] for place in block.column.tolist()]
        places = zip(block.first.tolist(), block.last.tolist(), strict=True)
        raw = [body[a:b] for a, b in places]
        found = zip(
            block.series.tolist(), block.line.tolist(), columns, raw, strict=True
        )
        yield list(found)


def _rejected(run: Run, why: Suspect, line: int, column: str, raw: bytes) -> Reject:
    detail = f"{run.schema.codes[why.series]}: {why.said}"
    return Reject(
        line=line,
        reason="wrong_unit",
        raw=readable(raw),
        detail=detail,
        column=column,
    )


def suspects(connection: Connection, run: Run) -> list[Suspect]:
    """Series that a load seems to give in another unit than what is in place."""
    out = cursor(connection)
    out.execute(_SAMPLES, [run.load, _FEWEST])
    found = out.fetchall()
    if not found:
        return []
    ids = np.array([row[0] for row in found], np.int32)
    rows, cuts = decode([row[1] for row in found])
    by_id = np.argsort(run.schema.ids)
    place = by_id[np.searchsorted(run.schema.ids[by_id], ids)]
    cuts_of = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    samples = [(a, min(b, a + _MOST)) for a, b in cuts_of]
    counters = _counters(connection)
    near, near_cuts = _in_place(connection, ids, rows, samples)
    days = _days(connection, ids, rows, samples)
    suspected = []
    for k, (a, b) in enumerate(samples):
        counts = run.schema.codes[int(place[k])] in counters
        part = slice(int(near_cuts[k]), int(near_cuts[k + 1]))
        said = _Side.of(rows, slice(a, b), counts=counts)
        there = _Side.of(near, part, counts=counts)
        verdict = _verdict(said, there, days.get(k))
        if verdict:
            suspected.append(Suspect(int(place[k]), *verdict))
    return suspected


def _counters(connection: Connection) -> set[str]:
    """Series whose readings add up: their steps are compared, not their state."""
    rows = connection.execute(
        text("SELECT code FROM series WHERE signal IN ('totaliser', 'pulse')")
    )
    return set(rows.scalars())


def _in_place(
    connection: Connection,
    ids: NDArray[np.int32],
    rows: Rows,
    samples: list[tuple[int, int]],
) -> tuple[Rows, NDArray[np.int64]]:
    """Read what is published around the samples, twice as long to either side."""
    first = np.array([rows.time[a] for a, _ in samples])
    last = np.array([rows.time[b - 1] for _, b in samples])
    around = np.maximum(2 * (last - first), 2 * _DAY_US)
    window = chunks.Window(series_id=ids, first=first - around, last=last + around)
    return chunks.rows_of(connection, window)


def _days(
    connection: Connection,
    ids: NDArray[np.int32],
    rows: Rows,
    samples: list[tuple[int, int]],
) -> dict[int, NDArray[np.float64]]:
    """Means of the days within a year of each sample, by its place."""
    first = np.array([rows.time[a] for a, _ in samples])
    limits = (array(first - _YEAR_US), array(first + _YEAR_US))
    out = cursor(connection)
    out.execute(_DAYS, [ids.tolist(), *limits])
    found = out.fetchall()
    place = np.array([row[0] for row in found], np.int64) - 1
    mean = np.array([row[1] for row in found], np.float64)
    return {int(k): mean[place == k] for k in np.unique(place)}


@dataclass(frozen=True, slots=True)
class _Side:
    """Times and positive sizes of readings, or of the steps of a counter."""

    time: NDArray[np.int64]
    size: NDArray[np.float64]

    @staticmethod
    def of(rows: Rows, part: slice, *, counts: bool) -> _Side:
        time, value = rows.time[part], rows.value[part]
        bad = np.isin(rows.flag[part], (Flag.FAIL, Flag.MISSING))
        bad |= (rows.lineage[part] == Lineage.RETRACTED) | np.isnan(value)
        time, value = time[~bad], value[~bad]
        if counts:
            time, value = time[1:], np.diff(value)
        size = np.abs(value) if not counts else value
        return _Side(time[size > 0], size[size > 0])

    def nearest(self, other: _Side) -> NDArray[np.float64]:
        """Sizes nearest in time to where another side begins."""
        order = np.argsort(np.abs(self.time - other.time[0]), kind="stable")
        return self.size[order[:_SEAM]]


def _verdict(
    said: _Side, there: _Side, days: NDArray[np.float64] | None
) -> tuple[float, float] | None:
    """Ratio and the factor it is near, or None."""
    if len(said.size) < _FEWEST:
        return None
    _, mine, theirs = np.intersect1d(said.time, there.time, return_indices=True)
    if len(mine) >= _FEWEST:
        ratios = np.log(said.size[mine] / there.size[theirs])
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        steady = high - low < _SAME_INSTANT
        return _near(middle, _SAME_INSTANT) if steady else None
    other, middle = there.size, np.median(said.size[:_SEAM])
    if len(other) >= _FEWEST:
        around = np.median(there.nearest(said))
    elif days is not None and np.count_nonzero(days) >= _FEWEST:
        other, middle = np.abs(days[days != 0]), np.median(said.size)
        around = np.median(other)
    else:
        return None
    low, high = np.quantile(other, [0.05, 0.95])
    if low <= middle <= high:  # it has been so before
        return None
    found = _near(float(np.log(middle / around)), _NEIGHBOURS, _LARGE)
    if found is None or not _is_small(found[1]):
        return found
    return found if _steps(said, there, float(np.log(found[1]))) else None


def _steps(said: _Side, there: _Side, factor: float) -> bool:
    """Whether a file leaps by a factor at once, where it joins, and stays there.

    A flood can multiply a flow by as much: but it rises over several readings, or it
    recedes. Where nothing is near there is no place at which it could have leapt.
    """
    leaps = []
    before, after = there.time < said.time[0], there.time > said.time[-1]
    for outside, inside in (
        (there.size[before][-_AT_ONCE:], said.size[:_AT_ONCE]),
        (there.size[after][:_AT_ONCE], said.size[-_AT_ONCE:]),
    ):
        if len(outside):
            leaps.append(np.log(np.median(inside) / np.median(outside)))
    third = len(said.size) // 3
    ends = np.median(said.size[:third]), np.median(said.size[-third:])
    lasts = abs(np.log(ends[1] / ends[0])) <= _NEIGHBOURS
    return bool(leaps and lasts and (abs(np.array(leaps) - factor) <= _STEP).all())


def _is_small(factor: float) -> bool:
    """Whether a river can change by as much within days."""
    return bool(abs(np.log(factor)) < 2)


def _near(
    ratio: float, tolerance: float, of_large: float | None = None
) -> tuple[float, float] | None:
    """Ratio and the factor that its logarithm is near."""
    for factor in (*FACTORS, *(1 / f for f in FACTORS)):
        within = tolerance if _is_small(factor) or of_large is None else of_large
        if abs(ratio - np.log(factor)) <= within:
            return float(np.exp(ratio)), factor
    return None
