"""Run the compiled loops over all series, on several threads.

Blocks of series go to threads of ours, not of numba: numba's pool must not be
entered by two threads at once nor survive a fork, and a web server does both.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ewater.series import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARALLEL_FROM = 200_000  # readings; below, a thread costs more than it saves


class UnsortedError(ValueError):
    """The times of the series at this position do not increase."""


class Steps(NamedTuple):
    """What the loops need to know of each series; all arrays (series,).

    ``interval`` and ``gap`` are int64 microseconds (``interval`` 0: not given).
    ``modulus`` and ``max_rate`` (per second) are NaN where not given.
    """

    signal: NDArray[np.int64]
    interval: NDArray[np.int64]
    gap: NDArray[np.int64]
    modulus: NDArray[np.float64]
    max_rate: NDArray[np.float64]


class Events(NamedTuple):
    """Meter events, ragged by ``offset`` (series + 1,), sorted by time."""

    offset: NDArray[np.int64]
    time: NDArray[np.int64]
    kind: NDArray[np.int64]
    old: NDArray[np.float64]
    new: NDArray[np.float64]


def run(
    offset: NDArray[np.int64],
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    flag: NDArray[np.uint8],
    steps: Steps,
    events: Events,
    bounds: NDArray[np.int64],
    threads: int | None = None,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Integrate ragged readings over periods.

    Parameters
    ----------
    offset : (series + 1,), int64
        Where each series begins in the three arrays of readings.
    time, value, flag : (reading,)
        int64 microseconds UTC, sorted and unique within a series; SI; QARTOD.
    steps, events
        See :class:`Steps` and :class:`Events`.
    bounds : (period + 1,), int64 microseconds UTC
    threads
        Default: all that numba may use.
    out : (series, period, 6)
        Zeros to add to; default: new ones.

    Raises
    ------
    UnsortedError
        Holds the position of a series whose times do not increase.

    Returns
    -------
    numpy.ndarray : (series, period, 6)
        ``VOLUME``, ``OBSERVED`` (s), ``SQUARE``, ``DISTRIBUTED`` (s),
        ``DISTRIBUTION`` (squared standard uncertainty of the apportionment of gaps
        that an edge cuts) and ``LOWER`` (what unexplained resets add to the least
        possible volume). Zero where nothing was observed.
    """
    series = offset.size - 1
    if out is None:
        out = np.zeros((series, bounds.size - 1, kernels.ROWS))
    arguments = (
        offset, time, value, flag, tuple(steps[:3]), tuple(steps[3:]),
        tuple(events[:3]), tuple(events[3:]), bounds, out,
    )  # fmt: skip
    workers = threads or int(nb.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    if workers == 1 or series < workers or time.size < _PARALLEL_FROM:
        return _checked(out, [kernels.block(0, series, *arguments)])
    wanted = np.linspace(0, time.size, 4 * workers + 1)
    cuts = np.unique(np.searchsorted(offset[:-1], wanted))
    cuts[0], cuts[-1] = 0, series
    with ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(kernels.block, int(begin), int(end), *arguments)
            for begin, end in pairwise(cuts)
        ]
    return _checked(out, [job.result() for job in jobs])


def _checked(out: NDArray[np.float64], unsorted: list[int]) -> NDArray[np.float64]:
    if max(unsorted) >= 0:
        raise UnsortedError(max(unsorted))
    out[..., [kernels.OBSERVED, kernels.DISTRIBUTED]] /= 1e6
    return out
