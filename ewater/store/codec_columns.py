"""Integer columns of a payload as byte planes, compiled (docs/chunk-format.md)."""

from __future__ import annotations

import numpy as np
from numba import njit

_RUN = 64  # values looked at before asking whether to go on


@njit(cache=True, nogil=True)
def put(out, at, number):  # type: ignore[no-untyped-def]
    """Write eight bytes, the lowest first."""
    bits = np.uint64(number)
    for byte in range(8):
        out[at + byte] = np.uint8((bits >> np.uint64(8 * byte)) & np.uint64(255))


@njit(cache=True, nogil=True)
def describe(out, at, order, width, first, unit):  # type: ignore[no-untyped-def]
    """Write the descriptor of a column."""
    out[at] = order
    out[at + 1] = width
    put(out, at + 2, first)
    put(out, at + 10, unit)


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
def _is_constant(x):  # type: ignore[no-untyped-def]
    """Whether all values are alike; looked at in runs, many at once."""
    for start in range(0, len(x), _RUN):
        differs = False
        for i in range(start, min(start + _RUN, len(x))):
            differs |= x[i] != x[0]
        if differs:
            return False
    return True


@njit(cache=True, nogil=True)
def _survey(x):  # type: ignore[no-untyped-def]
    """Smallest and largest value and step, and what divides all steps."""
    low = high = np.int64(x[0])
    step_low = step_high = np.int64(x[1]) - low if len(x) > 1 else np.int64(0)
    unit = before = np.int64(0)
    for i in range(1, len(x)):
        now = np.int64(x[i])
        step = now - np.int64(x[i - 1])
        low, high = min(low, now), max(high, now)
        step_low, step_high = min(step_low, step), max(step_high, step)
        if unit != 1 and step != before:
            unit = _divisor(abs(step), unit)
            before = step
    return low, high, step_low, step_high, max(unit, np.int64(1))


@njit(cache=True, nogil=True)
def planes(z, width, out, at):  # type: ignore[no-untyped-def]
    """Write the lowest bytes of all numbers, then the next ones, and so on."""
    count = len(z)
    for plane in range(width):
        shift = np.uint64(8 * plane)
        for i in range(count):
            out[at + plane * count + i] = np.uint8((z[i] >> shift) & np.uint64(255))


@njit(cache=True, nogil=True)
def _from_low(x, low, unit, z):  # type: ignore[no-untyped-def]
    """How far each value is above the smallest."""
    for i in range(len(x)):
        z[i] = np.uint64(np.int64(x[i]) - low)
    if unit != 1:
        for i in range(len(x)):
            z[i] //= np.uint64(unit)


@njit(cache=True, nogil=True)
def _from_before(x, unit, z):  # type: ignore[no-untyped-def]
    """How far each value is from the one before, the sign in the lowest bit."""
    z[0] = 0
    for i in range(1, len(x)):
        step = np.int64(x[i]) - np.int64(x[i - 1])
        if unit != 1:
            step //= unit
        z[i] = np.uint64((step << 1) ^ (step >> 63))


@njit(cache=True, nogil=True)
def pack(x, out, head, at, by_steps, z):  # type: ignore[no-untyped-def]
    """Write one integer column; return where the next one starts."""
    count = len(x)
    if _is_constant(x):
        describe(out, head, 0, 0, np.int64(x[0]), 1)
        return at
    low, high, step_low, step_high, unit = _survey(x)
    first = np.int64(x[0])
    if by_steps and step_low == step_high:
        describe(out, head, 1, 0, first, step_low)
        return at
    steps = max(abs(step_low), abs(step_high)) // unit
    by_step = _width(np.uint64(steps) * np.uint64(2))
    by_value = _width(np.uint64((high - low) // unit))
    if by_value < by_step or not by_steps:
        describe(out, head, 0, by_value, low, unit)
        _from_low(x, low, unit, z)
        planes(z, by_value, out, at)
        return at + by_value * count
    describe(out, head, 1, by_step, first, unit)
    _from_before(x, unit, z)
    planes(z, by_step, out, at)
    return at + by_step * count


@njit(cache=True, nogil=True)
def get(data, at):  # type: ignore[no-untyped-def]
    """Read eight bytes, the lowest first."""
    bits = np.uint64(0)
    for byte in range(8):
        bits |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
    return np.int64(bits)


@njit(cache=True, nogil=True)
def _raw(data, at, width, position, count):  # type: ignore[no-untyped-def]
    z = np.uint64(0)
    for plane in range(width):
        z |= np.uint64(data[at + plane * count + position]) << np.uint64(8 * plane)
    return z


@njit(cache=True, nogil=True)
def _step(z):  # type: ignore[no-untyped-def]
    """Give back the sign that lies in the lowest bit."""
    return (z >> 1) ^ -(z & 1)


@njit(cache=True, nogil=True)
def _passed(data, at, width, count, skip):  # type: ignore[no-untyped-def]
    """Sum of the first steps, which nobody wants one by one."""
    total = np.int64(0)
    if width == 1:
        for i in range(skip):
            total += _step(np.int64(data[at + i]))
    elif width == 2:
        for i in range(skip):
            total += _step(
                np.int64(data[at + i]) | (np.int64(data[at + count + i]) << 8)
            )
    else:
        for i in range(skip):
            raw = _raw(data, at, width, i, count)
            total += np.int64(raw >> np.uint64(1)) ^ -np.int64(raw & np.uint64(1))
    return total


@njit(cache=True, nogil=True)
def unpack(data, head, at, out, skip, count):  # type: ignore[no-untyped-def]
    """Read an integer column from ``skip`` on; return where the next one starts."""
    order, width = data[head], np.int64(data[head + 1])
    first, unit = get(data, head + 2), get(data, head + 10)
    end, size = at + width * count, len(out)
    if width == 0:
        step = unit if order == 1 else np.int64(0)
        for i in range(size):
            out[i] = first + (skip + i) * step
        return end
    if order == 0:
        for i in range(size):
            out[i] = first + unit * np.int64(_raw(data, at, width, skip + i, count))
        return end
    now = first + unit * _passed(data, at, width, count, skip)
    at += skip
    if width == 1:
        for i in range(size):
            now += unit * _step(np.int64(data[at + i]))
            out[i] = now
    elif width == 2:
        for i in range(size):
            z = np.int64(data[at + i]) | (np.int64(data[at + count + i]) << 8)
            now += unit * _step(z)
            out[i] = now
    else:
        for i in range(size):
            raw = _raw(data, at, width, i, count)
            now += unit * (
                np.int64(raw >> np.uint64(1)) ^ -np.int64(raw & np.uint64(1))
            )
            out[i] = now
    return end


@njit(cache=True, nogil=True)
def column(data, head, at, out, skip, count):  # type: ignore[no-untyped-def]
    """Read a column, or pass over one that nobody wants: ``out`` is empty then."""
    if len(out) == 0:
        return at + np.int64(data[head + 1]) * count
    return unpack(data, head, at, out, skip, count)
