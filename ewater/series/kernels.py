"""Compiled loops over ragged readings: one pass for all series and all periods.

Every reading becomes a *step*, a stretch of time ``[a, b)`` with a rate at both
ends, and a step is cut exactly at the period edges. Times are int64 microseconds,
rates per second; sums are kept per microsecond and scaled once per period.

Compiled code is cached per file, so all of it stays in this one.
"""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

INSTANTANEOUS: Final = 0
MEAN_PRECEDING: Final = 1
TOTAL_PRECEDING: Final = 2
COUNTER: Final = 3  # totaliser and pulse

CHAINED: Final = 0  # reset, replacement, unit change: old and new reading bridge it
ROLLOVER: Final = 1
REVERSE: Final = 2

RATE_SLACK: Final = 1.05  # METHODS 2, Totaliser

_FAIL: Final = 4
_MISSING: Final = 9
_US: Final = 1e-6

_I8 = nb.types.Array(nb.int64, 1, "C", readonly=True)
_F8 = nb.types.Array(nb.float64, 1, "C", readonly=True)
_U1 = nb.types.Array(nb.uint8, 1, "C", readonly=True)
_INTEGERS = nb.types.Tuple([_I8] * 3)  # type: ignore[no-untyped-call]
_FLOATS = nb.types.Tuple([_F8] * 2)  # type: ignore[no-untyped-call]
_OUT = nb.float64[:, :, ::1]

#: Columns of what :func:`block` adds up; times in microseconds, so exact.
VOLUME: Final = 0
OBSERVED: Final = 1
SQUARE: Final = 2
DISTRIBUTED: Final = 3
DISTRIBUTION: Final = 4
LOWER: Final = 5
ROWS: Final = 6


@nb.njit(cache=True, nogil=True)
def _unusable(flag, value):  # type: ignore[no-untyped-def]
    """Failed or missing by its flag, NaN or infinite."""
    return flag in (_FAIL, _MISSING) or value - value != 0.0


@nb.njit(cache=True, nogil=True)
def _is_sorted(time, begin, end):  # type: ignore[no-untyped-def]
    faults = 0
    for i in range(begin + 1, end):
        faults += time[i] <= time[i - 1]
    return faults == 0


@nb.njit(cache=True, nogil=True)
def _spread(a, b, rate_a, rate_b, bounds, p, out):  # type: ignore[no-untyped-def]
    """Add a step that touches more than period ``p``; returns the last one touched."""
    last = bounds.size - 2
    slope = (rate_b - rate_a) / (b - a)
    while p <= last and bounds[p] < b:
        lo = max(a, bounds[p])
        hi = min(b, bounds[p + 1])
        if hi > lo:
            middle = rate_a + slope * (0.5 * ((lo - a) + (hi - a)))
            volume = middle * ((hi - lo) * _US)
            out[p, VOLUME] += volume
            out[p, SQUARE] += volume * volume
            out[p, OBSERVED] += hi - lo
        if bounds[p + 1] >= b:
            break
        p += 1
    return min(p, last)


@nb.njit(cache=True, nogil=True)
def _flush(out, p, volume, square, observed):  # type: ignore[no-untyped-def]
    out[p, VOLUME] += volume * _US
    out[p, SQUARE] += square * (_US * _US)
    out[p, OBSERVED] += observed


@nb.njit(cache=True, nogil=True)
def _first(time, value, flag, begin, end, edge):  # type: ignore[no-untyped-def]
    """Index of the last usable reading at or before ``edge``, else of the first."""
    lo, hi = begin, end
    while lo < hi:
        middle = (lo + hi) >> 1
        if time[middle] <= edge:
            lo = middle + 1
        else:
            hi = middle
    i = lo - 1
    while i > begin and _unusable(flag[i], value[i]):
        i -= 1
    return max(i, begin)


@nb.njit(cache=True, nogil=True)
def _instantaneous(time, value, flag, begin, end, gap, bounds, out):  # type: ignore[no-untyped-def]
    """Lay trapezoids between neighbours; a gap longer than ``gap`` stays missing."""
    p, n = 0, bounds.size - 1
    lo, hi, stop = bounds[0], bounds[1], bounds[n]
    volume, square, observed = 0.0, 0.0, np.int64(0)
    before = False
    a, rate_a = np.int64(0), 0.0
    for i in range(_first(time, value, flag, begin, end, lo), end):
        rate = value[i]
        if _unusable(flag[i], rate):
            continue
        b = time[i]
        length = b - a
        if before and length <= gap:
            if a >= lo and b <= hi:
                part = 0.5 * (rate_a + rate) * length
                volume += part
                square += part * part
                observed += length
            else:
                _flush(out, p, volume, square, observed)
                volume, square, observed = 0.0, 0.0, np.int64(0)
                p = _spread(a, b, rate_a, rate, bounds, p, out)
                lo, hi = bounds[p], bounds[p + 1]
        if b >= stop:
            break
        before = True
        a, rate_a = b, rate
    _flush(out, p, volume, square, observed)


@nb.njit(cache=True, nogil=True)
def _preceding(time, value, flag, begin, end, interval, total, bounds, out):  # type: ignore[no-untyped-def]
    """Count steps that end at their stamp and begin ``interval`` or a stamp before."""
    p, n = 0, bounds.size - 1
    lo, hi, stop = bounds[0], bounds[1], bounds[n]
    volume, square, observed = 0.0, 0.0, np.int64(0)
    for i in range(_first(time, value, flag, begin, end, lo), end):
        b = time[i]
        a = b - interval
        if i > begin and time[i - 1] > a:
            a = time[i - 1]
        if a >= stop:
            break
        rate = value[i]
        if b <= lo or _unusable(flag[i], rate):
            continue
        if total:
            rate /= (b - a) * _US
        if a >= lo and b <= hi:
            part = rate * (b - a)
            volume += part
            square += part * part
            observed += b - a
        else:
            _flush(out, p, volume, square, observed)
            volume, square, observed = 0.0, 0.0, np.int64(0)
            p = _spread(a, b, rate, rate, bounds, p, out)
            lo, hi = bounds[p], bounds[p + 1]
    _flush(out, p, volume, square, observed)


@nb.njit(cache=True, nogil=True)
def _passed(event_time, first, end, instant):  # type: ignore[no-untyped-def]
    while first < end and event_time[first] <= instant:
        first += 1
    return first


@nb.njit(cache=True, nogil=True)
def _rolled(difference, modulus, limit):  # type: ignore[no-untyped-def]
    """Difference plus the one number of rollovers that fits, NaN if none or several."""
    least = 0.0
    if difference < 0:
        if np.isnan(modulus) or np.isnan(limit):
            return np.nan
        least = np.ceil(-difference / modulus)
    if np.isnan(limit):
        return difference
    volume = difference + least * modulus if least > 0 else difference
    if volume > limit or (not np.isnan(modulus) and volume + modulus <= limit):
        return np.nan
    return volume


@nb.njit(cache=True, nogil=True)
def _bridged(before, after, modulus, first, last, kind, old, new):  # type: ignore[no-untyped-def]
    """Volume between two readings of which the events ``[first, last)`` tell."""
    volume, reading, reverse = 0.0, before, False
    for e in range(first, last):
        if kind[e] == REVERSE:
            reverse = True
            continue
        top, bottom = old[e], new[e]
        if kind[e] == ROLLOVER:
            top = modulus if np.isnan(top) else top
            bottom = 0.0 if np.isnan(bottom) else bottom
        volume += top - reading
        reading = bottom
    volume += after - reading
    return volume if volume >= 0 or reverse else np.nan


@nb.njit(cache=True, nogil=True)
def _spread_counter(a, b, volume, gap, bounds, p, out):  # type: ignore[no-untyped-def]
    """Spread a difference evenly, and mark one whose volume is known only in sum."""
    rate = volume / ((b - a) * _US)
    last = _spread(a, b, rate, rate, bounds, p, out)
    if b - a > gap:
        for q in range(p, last + 1):
            inside = min(b, bounds[q + 1]) - max(a, bounds[q])
            if inside > 0:
                share = inside / (b - a)
                out[q, DISTRIBUTED] += inside
                out[q, DISTRIBUTION] += volume * volume * share * (1.0 - share) / 3.0
    return last


@nb.njit(cache=True, nogil=True)
def _at_least(a, b, after, bounds, p, out):  # type: ignore[no-untyped-def]
    """After an unexplained reset the meter has counted at least what it shows."""
    while p < bounds.size - 2 and bounds[p + 1] < b:
        p += 1
    if a >= bounds[p] and b <= bounds[p + 1]:
        out[p, LOWER] += after
    return p


@nb.njit(cache=True, nogil=True)
def _counter(  # type: ignore[no-untyped-def]
    time, value, flag, begin, end, gap, modulus, max_rate, events, bounds, out
):
    """Differences of a counter; an unexplained one is unknown."""
    first, end_event, e_time, e_kind, e_old, e_new = events
    p, n = 0, bounds.size - 1
    lo, hi, stop = bounds[0], bounds[1], bounds[n]
    total, square, observed = 0.0, 0.0, np.int64(0)
    before = False
    a, reading = np.int64(0), 0.0
    for i in range(_first(time, value, flag, begin, end, lo), end):
        after = value[i]
        if _unusable(flag[i], after):
            continue
        b = time[i]
        first = _passed(e_time, first, end_event, a)
        last = _passed(e_time, first, end_event, b)
        if before and b > bounds[0]:
            if last > first:
                volume = _bridged(
                    reading, after, modulus, first, last, e_kind, e_old, e_new
                )
            else:
                limit = RATE_SLACK * max_rate * ((b - a) * _US)
                volume = _rolled(after - reading, modulus, limit)
            inside = a >= lo and b <= hi
            if inside and b - a <= gap and volume == volume:
                total += volume
                square += volume * volume
                observed += b - a
            else:
                _flush(out, p, total / _US, square / (_US * _US), observed)
                total, square, observed = 0.0, 0.0, np.int64(0)
                if volume == volume:
                    p = _spread_counter(a, b, volume, gap, bounds, p, out)
                elif after < reading:
                    p = _at_least(a, b, after, bounds, p, out)
                lo, hi = bounds[p], bounds[p + 1]
        if b >= stop:
            break
        before = True
        a, reading = b, after
    _flush(out, p, total / _US, square / (_US * _US), observed)


@nb.njit(
    [
        nb.int64(
            nb.int64, nb.int64, _I8, _I8, _F8, _U1,
            _INTEGERS, _FLOATS, _INTEGERS, _FLOATS, _I8, _OUT,
        )
    ],
    cache=True, nogil=True,
)  # fmt: skip
def block(  # type: ignore[no-untyped-def]
    begin, end, offset, time, value, flag, integers, floats, e_int, e_float, bounds, out
):
    """Add up series ``[begin, end)``; returns one that is not sorted, else -1."""
    signal, interval, gap = integers
    modulus, max_rate = floats
    e_offset, e_time, e_kind = e_int
    e_old, e_new = e_float
    for s in range(begin, end):
        lo, hi = offset[s], offset[s + 1]
        if lo == hi:
            continue
        if not _is_sorted(time, lo, hi):
            return s
        if signal[s] == INSTANTANEOUS:
            _instantaneous(time, value, flag, lo, hi, gap[s], bounds, out[s])
        elif signal[s] == COUNTER:
            events = (e_offset[s], e_offset[s + 1], e_time, e_kind, e_old, e_new)
            _counter(
                time, value, flag, lo, hi, gap[s], modulus[s], max_rate[s],
                events, bounds, out[s],
            )  # fmt: skip
        else:
            _preceding(
                time, value, flag, lo, hi, interval[s],
                signal[s] == TOTAL_PRECEDING, bounds, out[s],
            )  # fmt: skip
    return -1


@nb.njit(cache=True, nogil=True)
def _between(time, value, flag, lo, hi, j, instant, gap):  # type: ignore[no-untyped-def]
    """Interpolate between the usable readings around ``j``, none of them at it."""
    left, right = j - 1, j
    while left >= lo and _unusable(flag[left], value[left]):
        left -= 1
    while right < hi and _unusable(flag[right], value[right]):
        right += 1
    if left < lo or right >= hi or time[right] - time[left] > gap:
        return np.nan
    share = (instant - time[left]) / (time[right] - time[left])
    return value[left] + share * (value[right] - value[left])


@nb.njit(
    [
        nb.void(
            _I8, _I8, _F8, _U1, _I8, _I8, _I8, nb.float64[:, ::1],
        )
    ],
    cache=True, nogil=True,
)  # fmt: skip
def levels(offset, time, value, flag, window, gap, instants, out):  # type: ignore[no-untyped-def]
    """Mean of the usable readings near each instant, else between its neighbours."""
    for s in range(offset.size - 1):
        i, hi = offset[s], offset[s + 1]
        for k in range(instants.size):
            while i < hi and time[i] < instants[k] - window[s]:
                i += 1
            total, count, j = 0.0, 0, i
            while j < hi and time[j] <= instants[k] + window[s]:
                if not _unusable(flag[j], value[j]):
                    total += value[j]
                    count += 1
                j += 1
            if count > 0:
                out[s, k] = total / count
            else:
                out[s, k] = _between(
                    time, value, flag, offset[s], hi, i, instants[k], gap[s]
                )
