"""Times of series: what has changed, what is due, what is read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.store.instants import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Times of series, both ends included; int64 us UTC, shape ``(n,)``."""

    series_id: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def __len__(self) -> int:
        """Count of stretches."""
        return len(self.series_id)

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> Stretch:
        """Pick some."""
        return Stretch(
            series_id=self.series_id[which],
            first=self.first[which],
            last=self.last[which],
        )

    @staticmethod
    def of(
        series_id: NDArray[np.int32], time: NDArray[np.int64], cuts: NDArray[np.int64]
    ) -> Stretch:
        """First to last time of series; ``cuts`` say where each starts in ``time``."""
        some = cuts[1:] > cuts[:-1]
        return Stretch(
            series_id=series_id[some],
            first=time[cuts[:-1][some]],
            last=time[cuts[1:][some] - 1],
        )

    @staticmethod
    def concatenate(parts: Sequence[Stretch]) -> Stretch:
        """Put stretches behind each other."""
        empty = np.empty(0, np.int64)
        return Stretch(
            series_id=np.concatenate(
                [empty.astype(np.int32), *(part.series_id for part in parts)]
            ),
            first=np.concatenate([empty, *(part.first for part in parts)]),
            last=np.concatenate([empty, *(part.last for part in parts)]),
        )

    def widened(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> Stretch:
        """Reach further at both ends; ``before``, ``after`` : (n,), microseconds."""
        return Stretch(
            series_id=self.series_id,
            first=np.maximum(self.first - before, EARLIEST),
            last=np.minimum(self.last + after, LATEST),
        )

    def merged(self, near: int = 0) -> Stretch:
        """Join stretches of a series that are no further apart than ``near``, us."""
        if len(self) == 0:
            return self
        stretch = self.take(np.lexsort((self.first, self.series_id)))
        reach = stretch.last.copy()
        for series in runs(stretch.series_id):
            np.maximum.accumulate(reach[series], out=reach[series])
        apart = np.ones(len(stretch), np.bool_)
        apart[1:] = (stretch.series_id[1:] != stretch.series_id[:-1]) | (
            stretch.first[1:] > reach[:-1] + near
        )
        start = np.flatnonzero(apart)
        return Stretch(
            series_id=stretch.series_id[start],
            first=stretch.first[start],
            last=np.maximum.reduceat(reach, start),
        )

    def nth(self) -> NDArray[np.intp]:
        """Count the stretches of each series from 0; sorted by series."""
        counts = [np.arange(run.stop - run.start) for run in runs(self.series_id)]
        return np.concatenate([np.arange(0), *counts])


def runs(series_id: NDArray[np.int32]) -> Iterator[slice]:
    """Give the rows of each series in turn; sorted by series."""
    if len(series_id) == 0:
        return
    turns = np.flatnonzero(series_id[1:] != series_id[:-1]) + 1
    edges = [0, *turns.tolist(), len(series_id)]
    for a, b in itertools.pairwise(edges):
        yield slice(a, b)
