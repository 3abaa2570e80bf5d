"""Canonical readings files: parsed, checked, landed, staged and published."""

from __future__ import annotations

import time as clock
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.ingest import affected, damage, quality, recount, repeats, wrong_unit
from ewater.ingest.checkpoints import Found, Place
from ewater.ingest.outcome import EVERYTHING, Span
from ewater.ingest.parse import Parsed, Reject, Schema, parse
from ewater.ingest.source import bodies
from ewater.ingest.tally import Tally
from ewater.ingest.window import WINDOW_ROWS, Spans, Window, gather
from ewater.store import chunks_stage, landing, rejects, unfinished
from ewater.store.instants import microseconds
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.ingest.checkpoints import Book
    from ewater.ingest.limits import InForce
    from ewater.ingest.outcome import Reading
    from ewater.ingest.source import Source
    from ewater.store.rows import Rows

    Bodies = Iterator[tuple[bytes, int]]

_AHEAD = 3  # blocks that are parsed while another is stored
_WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass of a file into the store; ``load`` is None for a trial.

    ``limits`` are those by which its readings are judged, None to leave that.
    """

    engine: Engine
    source: Source
    schema: Schema
    cells: int
    load: int | None
    issued_at: datetime
    now_us: int
    progress: Callable[[int], None] | None = None
    tap: Callable[[bytes], None] | None = None
    lines: NDArray[np.int64] | None = None  # of a replay: where each row came from
    reader: Reading | None = None  # of files that are not canonical
    only: frozenset[tuple[int, str]] | None = None  # of a replay by such a reader
    span: Span = EVERYTHING
    limits: InForce | None = None
    judge: bool = True  # while it is staged; False leaves all to what is due
    unit_accepted: bool = False  # a person has said that the values are right
    book: Book | None = None  # of a load that can go on after it was killed

    def parse(self, body: bytes, first_line: int, *, placed: bool = True) -> Parsed:
        """Read one block, and leave out what is outside the span.

        ``placed`` is that of `ewater.ingest.parse.parse`.

        Raises
        ------
        FaultsError
            The block shows that its file is damaged.
        """
        placed = placed or not self.span.is_all
        found = self._parse(body, first_line, placed=placed)
        if self.load_is_whole:
            damage.refuse(self.source, body, found, expected=self.cells)
        found = damage.named(found)
        found = damage.without_enormous(
            found, body, lambda: self._parse(body, first_line, placed=True)
        )
        return found if self.span.is_all else found.within(*self.span.bounds_us)

    @property
    def load_is_whole(self) -> bool:
        """Whether every row of the source is asked for, as in no replay."""
        return self.lines is None and self.only is None

    def _parse(self, body: bytes, first_line: int, *, placed: bool) -> Parsed:
        if self.reader:
            found = self.reader.parse(body, first_line, self.schema, self.now_us)
            return found if self.only is None else found.only(self.only)
        found = parse(
            body,
            cells=self.cells,
            first_line=first_line,
            schema=self.schema,
            now_us=self.now_us,
            placed=placed or self.lines is not None,
        )
        return found if self.lines is None else found.renumbered(self.lines)

    def bodies(self, tap: Callable[[bytes], None] | None) -> Bodies:
        """Blocks of rows, each with the number of its first line."""
        if self.reader:
            return self.reader.bodies(self.source, tap)
        return bodies(self.source, tap)

    def compare(
        self,
        connection: Connection,
        series: NDArray[np.int32],
        rows: Rows,
        cuts: NDArray[np.int64],
    ) -> NDArray[np.uint8]:
        """Say of each row what it does to what is published."""
        if len(rows) == 0:
            return np.empty(0, np.uint8)
        return chunks_stage.compare(
            connection,
            self.schema.ids[series],
            rows,
            cuts,
            microseconds(self.issued_at),
        )

    def count(self) -> int:
        """Count all rows, also those of a file that is damaged."""
        blocks = self.bodies(None)
        return sum(self._parse(*block, placed=False).rows_read for block in blocks)

    def parsed(self, pool: ThreadPoolExecutor) -> Iterator[tuple[Parsed, Place]]:
        """Read all blocks that are not staged, a few ahead of whoever takes them.

        Each comes with the place behind it.
        """
        waiting: deque[_Ahead] = deque()
        staged = self.book.start.blocks if self.book else 0
        read = 0

        def tap(raw: bytes) -> None:
            nonlocal read
            read += len(raw)
            if self.tap:
                self.tap(raw)

        for number, (body, line) in enumerate(self.bodies(tap), 1):
            if number <= staged:
                self._advance(len(body))
                continue
            block = pool.submit(self.parse, body, line, placed=False)
            waiting.append(_Ahead(block, number, read, line, len(body)))
            if len(waiting) > _AHEAD:
                yield self._done(waiting)
        while waiting:
            yield self._done(waiting)

    def _done(self, waiting: deque[_Ahead]) -> tuple[Parsed, Place]:
        one = waiting.popleft()
        result = one.block.result()
        self._advance(one.size)
        line = waiting[0].line if waiting else 0
        return result, Place(blocks=one.number, position=one.read, line=line)

    def _advance(self, size: int) -> None:
        if self.progress:
            self.progress(size)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A block that is being parsed; ``read`` bytes of its file were read with it."""

    block: Future[Parsed]
    number: int
    read: int
    line: int
    size: int


def cells_of(header: str) -> int:
    """How many cells a row has under one of the known headers."""
    return header.count(",") + 1


def stage(run: Run) -> Tally:
    """Read a file and stage what differs from the published readings.

    Every transaction is committed, and nothing of it is visible: the load is not
    published. Memory does not grow with the file.
    """
    tally = Tally.empty(len(run.schema.codes))
    spans = Spans(len(run.schema.codes))
    if run.book:
        run.book.restore(tally, spans)
    parts: list[Parsed] = []
    place = Place()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for block, place in run.parsed(pool):
            tally.rows_read += block.rows_read
            tally.outside += block.outside
            _reject(run, tally, block.rejects)
            parts.append(block)
            if sum(len(part.series) for part in parts) >= WINDOW_ROWS:
                _stage_window(run, tally, spans, parts, place, run.book)
                parts = []
    if parts:  # of a small file no checkpoint is worth its cost
        book = run.book if run.book and run.book.is_begun else None
        _stage_window(run, tally, spans, parts, place, book)
    contradicted = np.empty((0, 2), np.int64)
    if spans.any:
        contradicted = _settle_repeats(run, tally, spans)
    if not run.unit_accepted:
        wrong_unit.hold(run, tally, contradicted)
    return tally


def _reject(run: Run, tally: Tally, found: list[Reject]) -> None:
    tally.rejected += len(found)
    tally.last_rejected = max([tally.last_rejected, *(r.line for r in found)])
    if run.load is None:
        tally.kept.extend(found)
    elif found:
        with run.engine.begin() as connection:
            rejects.keep(
                connection,
                run.load,
                ((r.line, r.column, r.reason, r.message, r.raw, r.held) for r in found),
            )


def _stage_window(
    run: Run,
    tally: Tally,
    spans: Spans,
    parts: list[Parsed],
    place: Place,
    book: Book | None,
) -> None:
    count = len(run.schema.codes)
    window = gather(parts, count, run.load or 0)
    first, last = window.covered(count)
    with run.engine.begin() as connection:
        change = run.compare(connection, window.series, window.rows, window.cuts)
        staged = Stretch.concatenate([])
        if run.load is not None:
            staged = _write(run, connection, window, change)
        found = Found(
            first=first,
            last=last,
            conflicts=window.conflicts,
            series=window.series,
            changes=chunks_stage.counts(change, window.cuts),
            staged=staged,
        )
        found.add_to(tally, spans)
        if book:
            book.write(connection, place, tally, found)


def _write(
    run: Run,
    connection: Connection,
    window: Window,
    change: NDArray[np.uint8],
) -> Stretch:
    """Stage the rows that are new or corrected, judged by what is at hand.

    Gives what was judged together.
    """
    differs = change <= chunks_stage.CORRECTED
    if not differs.any():
        return Stretch.concatenate([])
    rows, cuts = window.rows, window.cuts
    if run.limits is not None and run.judge:
        codes = [run.schema.codes[place] for place in window.series]
        rows = quality.at_hand(run.limits, codes, rows, cuts)
    if not differs.all():
        rows = rows.take(differs)
        cuts = np.concatenate([[0], np.cumsum(differs)])[cuts]
    chunks_stage.write(
        connection,
        run.schema.ids[window.series],
        rows,
        cuts,
        run.schema.factor[window.series],
        kind="delta",
        load=run.load,
    )
    return Stretch.of(run.schema.ids[window.series], rows.time, cuts)


def _settle_repeats(run: Run, tally: Tally, spans: Spans) -> NDArray[np.int64]:
    """Settle instants that the file gives more than once, in whatever window.

    Gives series and time of those with two readings.
    """
    found = repeats.find(run.bodies(None), run.parse, spans, tally.conflicts)
    _reject(run, tally, found.rejects)
    with run.engine.begin() as connection:
        tally.outdated -= recount.outdated(run, connection, found)
        if run.load is None:
            recount.uncount(run, connection, tally, found)
        else:
            unfinished.forget(connection, run.load)
            settle(run, connection, tally, np.unique(found.series), found.contradicted)
    return found.contradicted


def settle(
    run: Run,
    connection: Connection,
    tally: Tally,
    series: NDArray[np.int32],
    contradicted: NDArray[np.int64],
) -> None:
    """Stage some series anew: without repeats, against what is published now.

    Parameters
    ----------
    run, connection, tally
        The load; its counts are put right.
    series
        Series of the schema.
    contradicted : (instant, 2)
        Series and time of instants with two readings: neither is staged.
    """
    if run.load is None or len(series) == 0:
        return
    ids = run.schema.ids[series]
    staged = chunks_stage.staged(connection, run.load, ids.tolist())
    by_id = np.argsort(ids)
    place = series[by_id][np.searchsorted(ids[by_id], staged.series)].astype(np.int32)
    keep = repeats.firsts(place, staged.rows.time)
    keep &= ~repeats.among(place, staged.rows.time, contradicted)
    place, rows = place[keep], staged.rows.take(keep)
    tally.new[series] = tally.corrected[series] = 0
    tally.staged = [s.take(~np.isin(s.series_id, ids)) for s in tally.staged]
    chunks_stage.drop(connection, staged.chunk)
    if len(rows) == 0:
        return
    cuts = chunks_stage.starts_of(place)
    change = run.compare(connection, place[cuts[:-1]], rows, cuts)
    tally.add(place[cuts[:-1]], chunks_stage.counts(change, cuts))
    window = Window(
        series=place[cuts[:-1]],
        cuts=cuts,
        rows=rows,
        conflicts=np.empty((0, 2), np.int64),
    )
    tally.staged.append(_write(run, connection, window, change))


def publish(
    run: Run,
    tally: Tally,
    seen: datetime,
    started: float,
    also: Callable[[Connection, int], None] | None = None,
) -> tuple[landing.Counts, datetime]:
    """Make the staged load visible, whole, in one short transaction.

    Parameters
    ----------
    seen
        Newest recorded time when the load was opened: what others published
        after it is compared again, under the locks of the series.
    started
        ``time.monotonic()`` at the start of the run.
    also
        What else happens at the same instant; it is given the number of the load.
    """
    if run.load is None:
        raise ValueError("a trial is never published")
    with run.engine.begin() as connection:
        landing.lock_series(connection, run.load)
        overtaken = landing.overtaken(connection, run.load, seen)
        if overtaken:
            series = np.flatnonzero(np.isin(run.schema.ids, overtaken)).astype(np.int32)
            settle(run, connection, tally, series, np.empty((0, 2), np.int64))
        if also:
            also(connection, run.load)
        if run.limits is not None:
            affected.note(
                connection, run.limits, run.schema, tally.staged, judged=run.judge
            )
        if run.book and run.book.is_begun:
            unfinished.forget(connection, run.load)
        counts = tally.counts()
        recorded = landing.publish(
            connection, run.load, counts, clock.monotonic() - started, tally.outside
        )
    return counts, recorded
