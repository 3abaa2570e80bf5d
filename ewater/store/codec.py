"""Payload of a chunk: six integer columns as byte planes, version 1.

The layout (docs/chunk-format.md) is plain enough for a SQL function to decode
inside PostgreSQL, which compresses the planes itself. Encoding and decoding run
over many chunks in one compiled call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ewater.errors import EWaterError
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
_EXACT = 2.0**53
_BOUND = DATA + 8  # per chunk, besides 8 bytes in each plane of each reading
_BYTES = 8 + 8 + 1 + 4 + 1 + 8


class PayloadError(EWaterError):
    """A payload is not of a known version or is cut off."""


@njit(cache=True, nogil=True)
def _put(out, at, number):  # type: ignore[no-untyped-def]
    bits = np.uint64(number)
    for byte in range(8):
        out[at + byte] = np.uint8((bits >> np.uint64(8 * byte)) & np.uint64(255))


@njit(cache=True, nogil=True)
def _get(data, at):  # type: ignore[no-untyped-def]
    bits = np.uint64(0)
    for byte in range(8):
        bits |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
    return np.int64(bits)


@njit(cache=True, nogil=True)
def _describe(out, at, order, width, first, unit):  # type: ignore[no-untyped-def]
    out[at] = order
    out[at + 1] = width
    _put(out, at + 2, first)
    _put(out, at + 10, unit)


@njit(cache=True, nogil=True)
def _width(largest):  # type: ignore[no-untyped-def]
    width = 0
    while largest > np.uint64(0):
        largest >>= np.uint64(8)
        width += 1
    return width


@njit(cache=True, nogil=True)
def _divisor(a, b):  # type: ignore[no-untyped-def]
    while b != 0:
        a, b = b, a % b
    return a


@njit(cache=True, nogil=True)
def _survey(x):  # type: ignore[no-untyped-def]
    """Smallest and largest value and step, and what divides all steps."""
    low = high = np.int64(x[0])
    step_low = step_high = np.int64(x[1]) - low if len(x) > 1 else np.int64(0)
    unit = np.int64(0)
    for i in range(1, len(x)):
        now = np.int64(x[i])
        step = now - np.int64(x[i - 1])
        low, high = min(low, now), max(high, now)
        step_low, step_high = min(step_low, step), max(step_high, step)
        if unit != 1 and step != 0:
            unit = _divisor(abs(step), unit)
    return low, high, step_low, step_high, max(unit, np.int64(1))


@njit(cache=True, nogil=True)
def _planes(z, width, out, at, position, count):  # type: ignore[no-untyped-def]
    for plane in range(width):
        out[at + plane * count + position] = np.uint8(
            (z >> np.uint64(8 * plane)) & np.uint64(255)
        )


@njit(cache=True, nogil=True)
def _pack(x, out, head, at, by_steps):  # type: ignore[no-untyped-def]
    """Write one integer column; return where the next one starts."""
    count = len(x)
    low, high, step_low, step_high, unit = _survey(x)
    if low == high:
        _describe(out, head, 0, 0, low, 1)
        return at
    first = np.int64(x[0])
    if by_steps and step_low == step_high:
        _describe(out, head, 1, 0, first, step_low)
        return at
    steps = max(abs(step_low), abs(step_high)) // unit
    by_step = _width(np.uint64(steps) * np.uint64(2))
    by_value = _width(np.uint64((high - low) // unit))
    if by_value < by_step or not by_steps:
        _describe(out, head, 0, by_value, low, unit)
        for i in range(count):
            z = np.uint64((np.int64(x[i]) - low) // unit)
            _planes(z, by_value, out, at, i, count)
        return at + by_value * count
    _describe(out, head, 1, by_step, first, unit)
    _planes(np.uint64(0), by_step, out, at, 0, count)
    for i in range(1, count):
        step = (np.int64(x[i]) - np.int64(x[i - 1])) // unit
        z = np.uint64((step << 1) ^ (step >> 63))
        _planes(z, by_step, out, at, i, count)
    return at + by_step * count


@njit(cache=True, nogil=True)
def _decimals(value, factor, scaled):  # type: ignore[no-untyped-def]
    """Find how many decimals give back every value bit for bit, or -1."""
    power = 1.0
    for decimals in range(_MAX_DECIMALS + 1):
        fits = True
        for i in range(len(value)):
            whole = np.rint(value[i] / factor * power)
            if not (abs(whole) < _EXACT and whole / power * factor == value[i]):
                fits = False
                break
            scaled[i] = np.int64(whole)
        if fits:
            return decimals
        power *= 10.0
    return -1


@njit(cache=True, nogil=True)
def _pack_bits(value, out, head, at):  # type: ignore[no-untyped-def]
    """Write doubles as they are: their bits are no number to subtract."""
    bits = value.view(np.uint64)
    _describe(out, head, 0, 8, 0, 1)
    for i in range(len(bits)):
        _planes(bits[i], 8, out, at, i, len(bits))
    return at + 8 * len(bits)


@njit(cache=True, nogil=True)
def _encode_one(  # type: ignore[no-untyped-def]
    time, value, flag, failed, lineage, load, factor, out, start
):
    count = len(time)
    scaled = np.empty(count, np.int64)
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
    _put(out, start + 8, number.view(np.int64)[0])
    head, at = start + HEAD, start + DATA
    at = _pack(time, out, head, at, True)
    head += DESCRIPTOR
    if decimals < 0:
        at = _pack_bits(value, out, head, at)
    else:
        at = _pack(scaled, out, head, at, True)
    head += DESCRIPTOR
    at = _pack(flag, out, head, at, False)
    head += DESCRIPTOR
    at = _pack(failed, out, head, at, False)
    head += DESCRIPTOR
    at = _pack(lineage, out, head, at, False)
    head += DESCRIPTOR
    return _pack(load, out, head, at, True)


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
def _raw(data, at, width, position, count):  # type: ignore[no-untyped-def]
    z = np.uint64(0)
    for plane in range(width):
        z |= np.uint64(data[at + plane * count + position]) << np.uint64(8 * plane)
    return z


@njit(cache=True, nogil=True)
def _unpack(data, head, at, out):  # type: ignore[no-untyped-def]
    """Read one integer column into ``out``; return where the next one starts."""
    count = len(out)
    order, width = data[head], np.int64(data[head + 1])
    first, unit = _get(data, head + 2), _get(data, head + 10)
    now = first
    if width == 0:
        step = unit if order == 1 else np.int64(0)
        for i in range(count):
            out[i] = first + i * step
    elif order == 0:
        for i in range(count):
            out[i] = first + unit * np.int64(_raw(data, at, width, i, count))
    elif width == 1:
        for i in range(count):
            z = np.int64(data[at + i])
            now += unit * ((z >> 1) ^ -(z & 1))
            out[i] = now
    elif width == 2:
        for i in range(count):
            z = np.int64(data[at + i]) | (np.int64(data[at + count + i]) << 8)
            now += unit * ((z >> 1) ^ -(z & 1))
            out[i] = now
    else:
        for i in range(count):
            raw = _raw(data, at, width, i, count)
            now += unit * (
                np.int64(raw >> np.uint64(1)) ^ -np.int64(raw & np.uint64(1))
            )
            out[i] = now
    return at + width * count


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
    for column in range(COLUMNS):
        need += np.int64(data[start + HEAD + column * DESCRIPTOR + 1]) * count
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
def _decode_all(  # type: ignore[no-untyped-def]
    data, starts, cuts, time, value, flag, failed, lineage, load
):
    for chunk in range(len(cuts) - 1):
        start, a, b = starts[chunk], cuts[chunk], cuts[chunk + 1]
        head, at = start + HEAD, start + DATA
        at = _unpack(data, head, at, time[a:b])
        whole = value[a:b].view(np.int64)
        at = _unpack(data, head + DESCRIPTOR, at, whole)
        if data[start + 1] == DECIMAL:
            power = 10.0 ** np.int64(data[start + 2])
            number = np.empty(1, np.int64)
            number[0] = _get(data, start + 8)
            factor = number.view(np.float64)[0]
            for i in range(b - a):
                value[a + i] = np.float64(whole[i]) / power * factor
        at = _unpack(data, head + 2 * DESCRIPTOR, at, flag[a:b])
        at = _unpack(data, head + 3 * DESCRIPTOR, at, failed[a:b])
        at = _unpack(data, head + 4 * DESCRIPTOR, at, lineage[a:b])
        _unpack(data, head + 5 * DESCRIPTOR, at, load[a:b])


def decode(payloads: Sequence[bytes]) -> tuple[Rows, NDArray[np.int64]]:
    """Decode many payloads in one go.

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
    data = np.frombuffer(b"".join(payloads), np.uint8)
    starts = np.zeros(len(payloads) + 1, np.int64)
    np.cumsum([len(p) for p in payloads], out=starts[1:])
    counts = np.empty(len(payloads), np.int64)
    broken = _survey_all(data, starts, counts)
    if broken >= 0:
        raise PayloadError(
            f"payload {broken} is cut off or not of version {VERSION}; restore the "
            "chunk from a backup or load its file again"
        )
    cuts = np.zeros(len(payloads) + 1, np.int64)
    np.cumsum(counts, out=cuts[1:])
    rows = Rows.empty(int(cuts[-1]))
    _decode_all(
        data,
        starts,
        cuts,
        rows.time,
        rows.value,
        rows.flag,
        rows.failed,
        rows.lineage,
        rows.load,
    )
    return rows, cuts


def factor_of(payload: bytes) -> float:
    """Return the factor to SI written in a payload's head."""
    return float(np.frombuffer(payload, "<f8", 1, 8)[0])
