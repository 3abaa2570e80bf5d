"""Spans of series cut into pieces that fit in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.store import chunks, quality_due
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.ingest.limits import InForce

PIECE = 1_000_000  # readings that are judged in one transaction, about


def pieces(
    connection: Connection, limits: InForce, spans: Stretch
) -> Iterator[Stretch]:
    """Cut spans, sorted by series, into pieces of about `PIECE` readings.

    A piece names no series twice, so that it can be read at once.
    """
    spans = _cut(spans, _steps(connection, limits, spans))
    step = _steps(connection, limits, spans)
    nth = spans.nth()
    order = np.lexsort((spans.series_id, nth))
    size = np.maximum((spans.last - spans.first) / step, 1.0)[order]
    start, total = 0, 0.0
    for row in range(len(order)):
        full = row > start and total + size[row] > PIECE
        if full or nth[order[row]] != nth[order[start]]:
            yield spans.take(order[start:row])
            start, total = row, 0.0
        total += size[row]
    if len(order):
        yield spans.take(order[start:])


def _steps(
    connection: Connection, limits: InForce, spans: Stretch
) -> NDArray[np.float64]:
    """Microseconds between readings of each span, about."""
    codes = chunks.series_codes(connection)
    known = limits.interval_s.to_dict()
    step = np.array([known.get(codes[i], np.nan) for i in spans.series_id.tolist()])
    unclear = ~(step > 0)
    if unclear.any():
        stored, count = quality_due.extents(connection, spans.series_id[unclear])
        mean = (stored.last - stored.first) / 1e6 / np.maximum(count, 1)
        found = dict(zip(stored.series_id.tolist(), mean.tolist(), strict=True))
        ids = spans.series_id[unclear].tolist()
        step[unclear] = [found.get(number, 1.0) for number in ids]
    return np.asarray(np.maximum(step, 1e-6) * 1e6)


def _cut(spans: Stretch, step: NDArray[np.float64]) -> Stretch:
    """Cut spans that hold more than a piece."""
    parts = np.ceil((spans.last - spans.first) / (step * PIECE)).clip(min=1)
    parts = parts.astype(np.int64)
    owner = np.repeat(np.arange(len(spans)), parts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
    length = (step * PIECE).astype(np.int64)[owner]
    first = spans.first[owner] + place * length
    last = np.where(place == parts[owner] - 1, spans.last[owner], first + length - 1)
    return Stretch(series_id=spans.series_id[owner], first=first, last=last)
