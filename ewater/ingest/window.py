"""Rows of a file, gathered, put in order and freed of what is said twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ewater.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ewater.ingest.parse import Parsed

WINDOW_ROWS = 500_000  # so many rows are in memory at once, whatever the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Unique rows of some series, sorted.

    ``series`` numbers the series of the schema, ``cuts`` says where each starts in
    ``rows``. Rows of an instant that was given two readings are in neither:
    ``conflicts`` has their series and time, each pair once.
    """

    series: NDArray[np.int32]
    cuts: NDArray[np.int64]
    rows: Rows
    conflicts: NDArray[np.int64]

    def covered(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last time of each of so many series; none: last before first."""
        first = np.full(count, np.iinfo(np.int64).max)
        last = np.full(count, np.iinfo(np.int64).min)
        if len(self.rows):
            first[self.series] = self.rows.time[self.cuts[:-1]]
            last[self.series] = self.rows.time[self.cuts[1:] - 1]
        np.minimum.at(first, self.conflicts[:, 0], self.conflicts[:, 1])
        np.maximum.at(last, self.conflicts[:, 0], self.conflicts[:, 1])
        return first, last


@njit(cache=True, nogil=True)
def _order(series, time, count):  # type: ignore[no-untyped-def]
    """Order rows by series, then time, then place; files mostly are in order."""
    ends = np.zeros(count + 1, np.int64)
    for s in series:
        ends[s + 1] += 1
    for k in range(count):
        ends[k + 1] += ends[k]
    fill = ends[:-1].copy()
    order = np.empty(len(series), np.int64)
    for i in range(len(series)):
        order[fill[series[i]]] = i
        fill[series[i]] += 1
    for k in range(count):
        a, b = ends[k], ends[k + 1]
        for i in range(a + 1, b):
            if time[order[i]] < time[order[i - 1]]:
                part = order[a:b].copy()
                order[a:b] = part[np.argsort(time[part], kind="mergesort")]
                break
    return order


@njit(cache=True, nogil=True)
def _is_ordered(series, time):  # type: ignore[no-untyped-def]
    for i in range(1, len(series)):
        if series[i] < series[i - 1]:
            return False
        if series[i] == series[i - 1] and time[i] <= time[i - 1]:
            return False
    return True


@njit(cache=True, nogil=True)
def _unique(series, time, value, flag, keep):  # type: ignore[no-untyped-def]
    """Mark the first row of each instant, none where its rows differ."""
    conflicts = 0
    i = 0
    while i < len(series):
        j, differ = i + 1, False
        while j < len(series) and series[j] == series[i] and time[j] == time[i]:
            alike = value[j] == value[i] or (np.isnan(value[j]) and np.isnan(value[i]))
            differ |= not alike or flag[j] != flag[i]
            keep[j] = 0
            j += 1
        keep[i] = 2 if differ else 1
        conflicts += differ
        i = j
    return conflicts


def gather(parts: Sequence[Parsed], series_count: int, load: int) -> Window:
    """Put the accepted rows of some blocks in order.

    Of rows that say the same twice one stays; of rows that contradict each other
    none does.
    """
    series = np.concatenate([part.series for part in parts])
    time = np.concatenate([part.time for part in parts])
    value = np.concatenate([part.value for part in parts])
    flag = np.concatenate([part.flag for part in parts])
    conflicts = np.empty((0, 2), np.int64)
    if not _is_ordered(series, time):
        order = _order(series, time, series_count)
        series, time = series[order], time[order]
        value, flag = value[order], flag[order]
        keep = np.empty(len(series), np.uint8)
        if _unique(series, time, value, flag, keep):
            twice = keep == 2
            conflicts = np.column_stack([series[twice], time[twice]])
        once = keep == 1
        series, time, value, flag = (a[once] for a in (series, time, value, flag))
    turns = np.flatnonzero(series[1:] != series[:-1]) + 1
    ends = [len(series)] if len(series) else []
    starts = [0] if len(series) else []
    cuts = np.concatenate([starts, turns, ends]).astype(np.int64)
    if len(cuts) == 0:
        cuts = np.zeros(1, np.int64)
    return Window(
        series=series[cuts[:-1]],
        cuts=cuts,
        rows=raw_rows(time, value, flag, load),
        conflicts=conflicts,
    )


def raw_rows(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    flag: NDArray[np.uint8],
    load: int,
) -> Rows:
    """Make readings as received: lineage raw, no test failed yet."""
    count = len(time)
    return Rows(
        time=time,
        value=value,
        flag=flag,
        failed=np.zeros(count, np.uint32),
        lineage=np.zeros(count, np.uint8),
        load=np.full(count, load, np.int64),
    )


class Spans:
    """Which times of which series earlier windows have covered.

    Windows of one file that overlap may say one instant twice; only then is the
    file read a second time.
    """

    def __init__(self, series_count: int) -> None:
        self._windows: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self.first = np.full(series_count, np.iinfo(np.int64).max)
        self.last = np.full(series_count, np.iinfo(np.int64).min)

    def add(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> None:
        """Note what a window covers, and where it overlaps an earlier one."""
        for earlier_first, earlier_last in self._windows:
            low = np.maximum(first, earlier_first)
            high = np.minimum(last, earlier_last)
            both = low <= high
            self.first[both] = np.minimum(self.first, low)[both]
            self.last[both] = np.maximum(self.last, high)[both]
        self._windows.append((first, last))

    def include(self, conflicts: NDArray[np.int64]) -> None:
        """Note instants that one window found contradictory."""
        np.minimum.at(self.first, conflicts[:, 0], conflicts[:, 1])
        np.maximum.at(self.last, conflicts[:, 0], conflicts[:, 1])

    @property
    def any(self) -> bool:
        """Whether the file must be read again."""
        return bool((self.first <= self.last).any())
