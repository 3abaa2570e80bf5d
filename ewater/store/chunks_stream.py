"""Readings of many series, batch by batch, decoded while the next are fetched.

Only what volumes need is decoded, on several threads, each into memory of its own
that it uses again: fresh memory for all readings at once takes longer than decoding.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ewater.store.chunks import CHUNKS, is_plain, merge
from ewater.store.codec import THREADS, Packed
from ewater.store.instants import EARLIEST, LATEST, array
from ewater.store.rows import Rows
from ewater.terms import Lineage

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.store.chunks import Window

_FETCH = 120  # chunks, at about 5,000 readings each, that one thread takes at a time
_RETRACTED = int(Lineage.RETRACTED)


class Taker(Protocol):
    """What is done with a batch; called by several threads, each series once."""

    def __call__(
        self,
        begin: int,
        cuts: NDArray[np.int64],
        time: NDArray[np.int64],
        value: NDArray[np.float64],
        flag: NDArray[np.uint8],
    ) -> None:
        """Take the readings of the series from ``begin`` on; the arrays are lent."""


class _Memory(threading.local):
    """Columns of one thread, grown as needed and never given back."""

    def __init__(self) -> None:
        self.rows = Rows.empty()

    def of(self, count: int) -> Rows:
        if len(self.rows) < count:
            self.rows = Rows.empty(count + count // 2)
        rows = self.rows
        return Rows(
            time=rows.time[:count],
            value=rows.value[:count],
            flag=rows.flag[:count],
            lineage=rows.lineage[:count],
            failed=rows.failed[:0],
            load=rows.load[:0],
        )


def stream(connection: Connection, window: Window, take: Taker) -> None:
    """Pass on the present readings of series, none that was retracted.

    A chunk of irregular times is passed on whole, so that a batch may reach beyond
    the window: it says what must be there, not what may be.

    Parameters
    ----------
    connection
        In a transaction; it is busy until this returns.
    window
        What is wanted; a series must not be named twice.
    take
        Is given every series that has readings, once.
    """
    memory = _Memory()
    limits = (array(window.first), array(window.last))
    driver: Any = connection.connection.driver_connection
    jobs: deque[Future[None]] = deque()
    held: list[tuple[Any, ...]] = []
    with (
        ThreadPoolExecutor(THREADS) as pool,
        driver.cursor("ewater_stream", binary=True) as out,
    ):
        out.execute(CHUNKS, [window.series_id.tolist(), *limits, "infinity", False])
        while True:
            found = out.fetchmany(_FETCH)
            held += found
            whole = _whole(held) if found else len(held)
            if whole:
                jobs.append(pool.submit(_pass_on, held[:whole], window, memory, take))
                held = held[whole:]
            while len(jobs) > (2 * THREADS if found else 0):
                jobs.popleft().result()
            if not found:
                return


def _whole(held: list[tuple[Any, ...]]) -> int:
    """Count the rows before the last series, of which more may follow."""
    count = len(held)
    while count and held[count - 1][0] == held[-1][0]:
        count -= 1
    return count


def _pass_on(
    found: list[tuple[Any, ...]], window: Window, memory: _Memory, take: Taker
) -> None:
    """Decode the chunks of some series and put their rows in order."""
    place = np.array([row[0] for row in found], np.int64)
    wanted = window.first[place - 1], window.last[place - 1]
    packed = Packed.of([row[2] for row in found]).within(*wanted)
    rows = memory.of(int(packed.cuts[-1]))
    packed.fill(rows)
    begin, count = int(place[0]), int(place[-1] - place[0] + 1)
    cuts = packed.cuts[np.searchsorted(place, begin + np.arange(count + 1))]
    time, value, flag, gone = rows.time, rows.value, rows.flag, rows.lineage
    first, last = np.full(count, EARLIEST), np.full(count, LATEST)
    if not is_plain(cuts, time, first, last):
        order, sizes = np.empty(len(rows), np.int64), np.empty(count, np.int64)
        keep = np.ones(len(rows), np.bool_)
        total = merge(cuts, time, first, last, keep, False, order, sizes)
        order, cuts = order[:total], np.concatenate([[0], np.cumsum(sizes)])
        time, value, flag, gone = time[order], value[order], flag[order], gone[order]
    stands = gone != _RETRACTED
    if not stands.all():
        cuts = np.concatenate([[0], np.cumsum(stands)])[cuts]
        time, value, flag = time[stands], value[stands], flag[stands]
    take(begin - 1, cuts, time, value, flag)
