"""Windows of a load are noted as they are staged, so that it can go on after a kill."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.store import chunks_stage, landed_files, unfinished
from ewater.store.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.ingest.tally import Tally
    from ewater.ingest.window import Spans

_SIZE = struct.Struct("<q")
_KINDS = (chunks_stage.NEW, chunks_stage.CORRECTED, chunks_stage.OUTDATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a file was read: blocks, bytes, and the next line; 0: none is left."""

    blocks: int = 0
    position: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a window found; series are places in the schema.

    ``first`` and ``last`` are the times it covers, over all series; ``conflicts``
    (instant, 2) its instants with two readings; ``changes`` the counts of ``series``
    by kind; ``staged`` what was judged together.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    conflicts: NDArray[np.int64]
    series: NDArray[np.int32]
    changes: NDArray[np.int64]
    staged: Stretch

    def add_to(self, tally: Tally, spans: Spans) -> None:
        """Count it."""
        spans.add(self.first, self.last)
        if len(self.conflicts):
            spans.include(self.conflicts)
            tally.conflicts.append(self.conflicts)
        tally.add(self.series, self.changes)
        if len(self.staged):
            tally.staged.append(self.staged)


@dataclass(slots=True, kw_only=True)
class Book:
    """The checkpoints of one load.

    Parameters
    ----------
    load, rule
        The load, and what it goes by.
    ids : (series,)
        Number of each series of the schema: places in it are not kept.
    before
        Called before a checkpoint is written: what has landed must outlive it.
    kept
        Checkpoints of an interrupted load that goes on.
    """

    load: int
    rule: unfinished.Rule
    ids: NDArray[np.int32]
    before: Callable[[], None]
    kept: tuple[unfinished.Checkpoint, ...] = ()
    _written: int = 0

    @property
    def start(self) -> Place:
        """Where the load goes on."""
        return start(self.kept)

    @property
    def is_begun(self) -> bool:
        """Whether there is a checkpoint: all that is staged must be in one then."""
        return bool(self.kept) or self._written > 0

    def restore(self, tally: Tally, spans: Spans) -> None:
        """Bring back what was counted."""
        for one in self.kept:
            _unpacked(one.state, self.ids).add_to(tally, spans)
        if self.kept:
            last = self.kept[-1]
            tally.rows_read, tally.rejected = last.rows_read, last.rejected
            tally.outside, tally.last_rejected = last.outside, last.last_rejected

    def write(
        self, connection: Connection, place: Place, tally: Tally, found: Found
    ) -> None:
        """Note a window, in the transaction that stages it."""
        self.before()
        checkpoint = unfinished.Checkpoint(
            number=len(self.kept) + self._written,
            blocks=place.blocks,
            line=place.line,
            position=place.position,
            last_rejected=tally.last_rejected,
            rows_read=tally.rows_read,
            rejected=tally.rejected,
            outside=tally.outside,
            state=_packed(found, self.ids),
        )
        unfinished.write(connection, self.load, self.rule, checkpoint)
        self._written += 1


def start(kept: tuple[unfinished.Checkpoint, ...]) -> Place:
    """Place of the last checkpoint."""
    if not kept:
        return Place()
    last = kept[-1]
    return Place(blocks=last.blocks, position=last.position, line=last.line)


def _packed(found: Found, ids: NDArray[np.int32]) -> bytes:
    covered = np.flatnonzero(found.first <= found.last)
    raw = io.BytesIO()
    np.savez(
        raw,
        covered=ids[covered],
        first=found.first[covered],
        last=found.last[covered],
        conflict=ids[found.conflicts[:, 0]],
        conflict_time=found.conflicts[:, 1],
        series=ids[found.series],
        changes=found.changes[:, _KINDS],
        staged=found.staged.series_id,
        staged_first=found.staged.first,
        staged_last=found.staged.last,
    )
    data = raw.getvalue()
    return _SIZE.pack(len(data)) + landed_files.compress(data)


def _unpacked(state: bytes, ids: NDArray[np.int32]) -> Found:
    (size,) = _SIZE.unpack_from(state)
    data = landed_files.decompress(state[_SIZE.size :], size)
    with np.load(io.BytesIO(data), allow_pickle=False) as said:
        saved = dict(said)
    by_id = np.argsort(ids)

    def places(series: NDArray[np.int32]) -> NDArray[np.int64]:
        return by_id[np.searchsorted(ids, series, sorter=by_id)]

    first = np.full(len(ids), np.iinfo(np.int64).max)
    last = np.full(len(ids), np.iinfo(np.int64).min)
    covered = places(saved["covered"])
    first[covered], last[covered] = saved["first"], saved["last"]
    changes = np.zeros((len(saved["series"]), chunks_stage.OUTDATED + 1), np.int64)
    changes[:, _KINDS] = saved["changes"]
    return Found(
        first=first,
        last=last,
        conflicts=np.column_stack(
            [places(saved["conflict"]), saved["conflict_time"]]
        ).astype(np.int64),
        series=places(saved["series"]).astype(np.int32),
        changes=changes,
        staged=Stretch(
            series_id=saved["staged"],
            first=saved["staged_first"],
            last=saved["staged_last"],
        ),
    )
