"""Payload of a chunk: six integer columns as byte planes, version 1.

The layout (docs/chunk-format.md) is plain enough for a SQL function to decode
inside PostgreSQL, which compresses the planes itself. Encoding and decoding run
over many chunks in one compiled call.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import config, njit

from ewater.errors import EWaterError
from ewater.store.codec_columns import column, describe, get, pack, planes, put, unpack
from ewater.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VERSION = 1
HEAD = 16  # version, coding, decimals, zero, count (u4), factor (f8)
DESCRIPTOR = 18  # order, width, first (i8), unit (i8)
COLUMNS = 6  # time, value, flag, failed, lineage, load
DATA = HEAD + COLUMNS * DESCRIPTOR
DECIMAL, BITS = 0, 1
MAX_READINGS = 100_000
_MAX_DECIMALS = 9
_RUN = 64  # values looked at before asking whether to go on
_EXACT = 2.0**53
_BOUND = DATA + 8  # per chunk, besides 8 bytes in each plane of each reading
_BYTES = 8 + 8 + 1 + 4 + 1 + 8
_PARALLEL_FROM = 200_000  # readings; below, a thread costs more than it saves
THREADS: Final = int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]


class PayloadError(EWaterError):
    """A payload is not of a known version or is cut off."""


@njit(cache=True, nogil=True)
def _decimals(value, factor, scaled):  # type: ignore[no-untyped-def]
    """Find how many decimals give back every value bit for bit, or -1."""
    power = 1.0
    for decimals in range(_MAX_DECIMALS + 1):
        fits = True
        for start in range(0, len(value), _RUN):
            for i in range(start, min(start + _RUN, len(value))):
                whole = np.rint(value[i] / factor * power)
                exact = whole / power * factor == value[i]
                fits &= (abs(whole) < _EXACT) & exact
                scaled[i] = np.int64(whole)
            if not fits:
                break
        if fits:
            return decimals
        power *= 10.0
    return -1


@njit(cache=True, nogil=True)
def _pack_bits(value, out, head, at):  # type: ignore[no-untyped-def]
    """Write doubles as they are: their bits are no number to subtract."""
    describe(out, head, 0, 8, 0, 1)
    planes(value.view(np.uint64), 8, out, at)
    return at + 8 * len(value)


@njit(cache=True, nogil=True)
def _encode_one(  # type: ignore[no-untyped-def]
    time, value, flag, failed, lineage, load, factor, out, start
):
    count = len(time)
    scaled, z = np.empty(count, np.int64), np.empty(count, np.uint64)
    decimals = _decimals(value, factor, scaled)
    if decimals < 0 and factor != 1.0:
        factor = 1.0
        decimals = _decimals(value, factor, scaled)
    out[start] = VERSION
    out[start + 1] = BITS if decimals < 0 else DECIMAL
    out[start + 2] = max(decimals, 0)
    out[start + 3] = 0
    for byte in range(4):
        out[start + 4 + byte] = np.uint8((count >> (8 * byte)) & 255)
    number = np.empty(1, np.float64)
    number[0] = factor
    put(out, start + 8, number.view(np.int64)[0])
    head, at = start + HEAD, start + DATA
    at = pack(time, out, head, at, True, z)
    head += DESCRIPTOR
    if decimals < 0:
        at = _pack_bits(value, out, head, at)
    else:
        at = pack(scaled, out, head, at, True, z)
    head += DESCRIPTOR
    at = pack(flag, out, head, at, False, z)
    head += DESCRIPTOR
    at = pack(failed, out, head, at, False, z)
    head += DESCRIPTOR
    at = pack(lineage, out, head, at, False, z)
    head += DESCRIPTOR
    return pack(load, out, head, at, True, z)


@njit(cache=True, nogil=True)
def _encode_all(  # type: ignore[no-untyped-def]
    time, value, flag, failed, lineage, load, cuts, factor, out, ends
):
    at = 0
    for chunk in range(len(cuts) - 1):
        a, b = cuts[chunk], cuts[chunk + 1]
        at = _encode_one(
            time[a:b],
            value[a:b],
            flag[a:b],
            failed[a:b],
            lineage[a:b],
            load[a:b],
            factor[chunk],
            out,
            at,
        )
        ends[chunk] = at


def encode(
    rows: Rows, cuts: NDArray[np.int64], factor: NDArray[np.float64]
) -> list[bytes]:
    """Encode chunks that lie behind each other in ``rows``.

    Parameters
    ----------
    rows
        Sorted by time within each chunk.
    cuts : (chunk + 1,)
        Where each chunk starts and the last one ends; no chunk is empty.
    factor : (chunk,)
        Factor to SI that the values were multiplied by. A value that is a decimal
        number times this factor takes one to three bytes; any other takes eight.

    Returns
    -------
    list of bytes
        One payload per chunk; equal rows give equal bytes.
    """
    room = (len(cuts) - 1) * _BOUND + int(cuts[-1] - cuts[0]) * _BYTES
    out = np.empty(room, np.uint8)
    ends = np.empty(len(cuts) - 1, np.int64)
    _encode_all(
        rows.time,
        rows.value,
        rows.flag,
        rows.failed,
        rows.lineage,
        rows.load,
        cuts,
        factor,
        out,
        ends,
    )
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    view = out.data
    return [
        bytes(view[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


@njit(cache=True, nogil=True)
def _count(data, start):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    for byte in range(4):
        count |= np.int64(data[start + 4 + byte]) << (8 * byte)
    return count


@njit(cache=True, nogil=True)
def _need(data, start):  # type: ignore[no-untyped-def]
    """Length of a payload by its own head."""
    count, need = _count(data, start), np.int64(DATA)
    for place in range(COLUMNS):
        need += np.int64(data[start + HEAD + place * DESCRIPTOR + 1]) * count
    return need


@njit(cache=True, nogil=True)
def _survey_all(data, starts, counts):  # type: ignore[no-untyped-def]
    """Fill ``counts``; return the first payload that is not whole, or -1."""
    for chunk in range(len(counts)):
        start, size = starts[chunk], starts[chunk + 1] - starts[chunk]
        if size < DATA or data[start] != VERSION or _need(data, start) != size:
            return chunk
        counts[chunk] = _count(data, start)
    return -1


@njit(cache=True, nogil=True)
def _within(data, starts, cuts, first, last, skips, sizes):  # type: ignore[no-untyped-def]
    """Find the readings of each chunk that lie in a time, where that is easy to say.

    Times at one distance say it without being read; other chunks stay whole.
    """
    for chunk in range(len(sizes)):
        head = starts[chunk] + HEAD
        count = cuts[chunk + 1] - cuts[chunk]
        skips[chunk], sizes[chunk] = 0, count
        begin, step = get(data, head + 2), get(data, head + 10)
        if data[head] != 1 or data[head + 1] != 0 or step <= 0:
            continue
        before = -((begin - first[chunk]) // step)  # rounded up
        behind = (last[chunk] - begin) // step + 1
        skips[chunk] = min(max(before, 0), count)
        sizes[chunk] = max(min(behind, count) - skips[chunk], 0)


@njit(cache=True, nogil=True)
def _decode_all(  # type: ignore[no-untyped-def]
    data, starts, cuts, skips, time, value, flag, failed, lineage, load
):
    for chunk in range(len(cuts) - 1):
        start, a, b = starts[chunk], cuts[chunk], cuts[chunk + 1]
        if a == b:
            continue
        head, at = start + HEAD, start + DATA
        skip, count = skips[chunk], _count(data, start)
        at = unpack(data, head, at, time[a:b], skip, count)
        whole = value[a:b].view(np.int64)
        at = unpack(data, head + DESCRIPTOR, at, whole, skip, count)
        if data[start + 1] == DECIMAL:
            power = 10.0 ** np.int64(data[start + 2])
            number = np.empty(1, np.int64)
            number[0] = get(data, start + 8)
            factor = number.view(np.float64)[0]
            for i in range(b - a):
                value[a + i] = np.float64(whole[i]) / power * factor
        at = unpack(data, head + 2 * DESCRIPTOR, at, flag[a:b], skip, count)
        at = column(data, head + 3 * DESCRIPTOR, at, failed[a:b], skip, count)
        at = unpack(data, head + 4 * DESCRIPTOR, at, lineage[a:b], skip, count)
        column(data, head + 5 * DESCRIPTOR, at, load[a:b], skip, count)


@dataclass(frozen=True, slots=True)
class Packed:
    """Payloads behind each other: where each starts, there and among the readings.

    ``skips`` says how many readings at the start of each are left out.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    cuts: NDArray[np.int64]
    skips: NDArray[np.int64]

    @staticmethod
    def of(payloads: Sequence[bytes]) -> Packed:
        """Put payloads behind each other; raises what `decode` does."""
        data = np.frombuffer(b"".join(payloads), np.uint8)
        starts = np.zeros(len(payloads) + 1, np.int64)
        np.cumsum([len(p) for p in payloads], out=starts[1:])
        counts = np.empty(len(payloads), np.int64)
        broken = _survey_all(data, starts, counts)
        if broken >= 0:
            raise PayloadError(
                f"payload {broken} is cut off or not of version {VERSION}; restore "
                "the chunk from a backup or load its file again"
            )
        cuts = np.zeros(len(payloads) + 1, np.int64)
        np.cumsum(counts, out=cuts[1:])
        return Packed(data, starts, cuts, np.zeros(len(payloads), np.int64))

    def within(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> Packed:
        """Leave out readings outside a time, as far as that is known without reading.

        Parameters
        ----------
        first, last : (payload,), int64 microseconds UTC
            Both included. What is kept has no gap; a payload whose times are not at
            one distance is kept whole.
        """
        skips, sizes = np.empty_like(self.skips), np.empty_like(self.skips)
        _within(self.data, self.starts, self.cuts, first, last, skips, sizes)
        return Packed(
            self.data, self.starts, np.concatenate([[0], np.cumsum(sizes)]), skips
        )

    def fill(self, rows: Rows, begin: int = 0, end: int | None = None) -> None:
        """Decode the payloads from ``begin`` to ``end`` to their places in ``rows``.

        ``failed`` and ``load`` of no length are left out.
        """
        stop = len(self.cuts) - 1 if end is None else end
        _decode_all(
            self.data,
            self.starts[begin : stop + 1],
            self.cuts[begin : stop + 1],
            self.skips[begin:stop],
            rows.time,
            rows.value,
            rows.flag,
            rows.failed,
            rows.lineage,
            rows.load,
        )


def decode(payloads: Sequence[bytes]) -> tuple[Rows, NDArray[np.int64]]:
    """Decode many payloads in one go, on the threads that there are.

    Returns
    -------
    rows
        All readings, chunk behind chunk.
    cuts : (chunk + 1,)
        Where each chunk starts in ``rows`` and the last one ends.

    Raises
    ------
    PayloadError
        A payload is cut off or of a version this program does not know.
    """
    packed = Packed.of(payloads)
    rows = Rows.empty(int(packed.cuts[-1]))
    if len(rows) < _PARALLEL_FROM:
        packed.fill(rows)
        return rows, packed.cuts
    parts = 2 * THREADS
    even = np.linspace(0, len(rows), parts + 1)
    edges = np.unique(np.searchsorted(packed.cuts, even)).tolist()
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(packed.fill, rows, *e) for e in pairwise(edges)]:
            done.result()
    return rows, packed.cuts


def factor_of(payload: bytes) -> float:
    """Return the factor to SI written in a payload's head."""
    return float(np.frombuffer(payload, "<f8", 1, 8)[0])
