"""Which readings a load can change the flags of, beside those it brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.store import chunks, quality_due
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.ingest.limits import InForce
    from ewater.ingest.parse import Schema


def note(
    connection: Connection,
    limits: InForce,
    schema: Schema,
    staged: Sequence[Stretch],
    *,
    judged: bool = True,
) -> None:
    """Note which readings are to be judged again, with all their neighbours.

    ``staged`` is what was judged together, or with ``judged`` False not at all; in the
    transaction that publishes it.
    """
    spans = Stretch.concatenate(staged)
    by_id = np.argsort(schema.ids)
    place = by_id[np.searchsorted(schema.ids[by_id], spans.series_id)]
    codes = [schema.codes[k] for k in place.tolist()]
    due = affected(connection, limits, codes, spans)
    if not judged:
        due = Stretch.concatenate([due, spans]).merged()
    quality_due.add(connection, due)


def affected(
    connection: Connection, limits: InForce, codes: Sequence[str], staged: Stretch
) -> Stretch:
    """Find what must be judged again once a load is published.

    Parameters
    ----------
    connection
        In the transaction that publishes it, before that.
    limits
        In force.
    codes
        Code of the series of each row of ``staged``.
    staged
        What was judged together, by series; several windows of one series may
        overlap.

    Returns
    -------
    Stretch
        Readings whose flags can be others with all their neighbours; none where
        a load stands alone.
    """
    if len(staged) == 0:
        return staged
    before, after = limits.margins(codes)
    reach = staged.widened(before + after, before + after)
    earlier, within, later = quality_due.beside(connection, staged, reach).T
    # with neighbours at one end only, what changes is around that end
    first = np.where(within | earlier, staged.first - after, staged.last - after)
    last = np.where(within | later, staged.last + before, staged.first + before)
    parts = [
        Stretch(series_id=staged.series_id, first=first, last=last).take(
            (within | earlier | later) & (before + after > 0)
        ),
        _seams(staged, before, after),
        _beside_flow(connection, limits, codes, staged),
    ]
    return Stretch.concatenate(parts).merged()


def _seams(
    staged: Stretch, before: NDArray[np.int64], after: NDArray[np.int64]
) -> Stretch:
    """Where windows of one series meet or overlap."""
    order = np.lexsort((staged.first, staged.series_id))
    one, next_ = staged.take(order[:-1]), staged.take(order[1:])
    reach = staged.last[order].copy()
    same = one.series_id == next_.series_id
    for row in np.flatnonzero(same):  # few: only what several windows share
        reach[row + 1] = max(reach[row + 1], reach[row])
    low = np.minimum(reach[:-1], next_.first) - after[order[1:]]
    high = np.maximum(next_.first, np.minimum(reach[:-1], next_.last))
    high += before[order[1:]]
    near = next_.first - reach[:-1] <= before[order[1:]] + after[order[1:]]
    return Stretch(series_id=next_.series_id, first=low, last=high).take(same & near)


def _beside_flow(
    connection: Connection, limits: InForce, codes: Sequence[str], staged: Stretch
) -> Stretch:
    """Spans of totalisers that a change of theirs, or of the flow beside, touches."""
    here = set(codes)
    pairs = [
        (counter, flow)
        for counter, flow in limits.companions.items()
        if (counter in here or flow in here) and counter in limits.kind.index
    ]
    if not pairs:
        return staged.take(np.empty(0, np.intp))
    counters = [counter for counter, _ in pairs]
    ids = chunks.series_ids(connection, counters)
    before, after = limits.margins(counters)
    named = np.asarray(codes, dtype=object)
    found = []
    for k, (counter, flow) in enumerate(pairs):
        mine = staged.take((named == counter) | (named == flow))
        found.append(
            Stretch(
                series_id=np.full(len(mine), ids[k], np.int32),
                first=mine.first - after[k],
                last=mine.last + before[k],
            )
        )
    return Stretch.concatenate(found)
