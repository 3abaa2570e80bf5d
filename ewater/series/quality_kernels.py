"""Compiled loops of quality control: all tests of a series in three passes.

The first pass looks at each reading alone (gross range, climatology), the second
at its neighbours (spike), the third at the run behind it (rate of change, flat
line, attenuation). What an earlier pass fails is no neighbour in a later one, and
no test looks further than its gap or window: a span read with that much context
gets the flags of the whole series.

Compiled code is cached per file, so all of it stays in this one.
"""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

#: Columns of the limits as numbers.
NUMBERS: Final = (
    "gross_range.fail_low",
    "gross_range.fail_high",
    "gross_range.suspect_low",
    "gross_range.suspect_high",
    "rate.limit",
    "rate.noise",
    "rate.counter",
    "rate.modulus",
    "spike.suspect",
    "spike.fail",
    "flat_line.count",
    "flat_line.epsilon",
    "flat_line.exempt",
    "attenuation.floor",
)
(
    _FAIL_LOW, _FAIL_HIGH, _LOW, _HIGH, _LIMIT, _NOISE, _COUNTER, _MODULUS,
    _SUSPECT_FROM, _FAIL_FROM, _COUNT, _EPSILON, _EXEMPT, _FLOOR,
) = range(14)  # fmt: skip
#: Columns of the limits as spans of time; -1 where not given.
SPANS: Final = (
    "neighbour.gap_s",
    "rate.gap_s",
    "flat_line.window_s",
    "attenuation.window_s",
)

BLOCKS: Final = 8  # of a window of the rolling standard deviation

# the bits of quality.Test, which numba cannot read off an enumeration
GROSS_FAIL: Final = 1 << 0
GROSS_SUSPECT: Final = 1 << 1
RATE: Final = 1 << 2
SPIKE_SUSPECT: Final = 1 << 3
SPIKE_FAIL: Final = 1 << 4
FLAT_LINE: Final = 1 << 5
CLIMATOLOGY: Final = 1 << 6
ATTENUATION: Final = 1 << 7
DRIFT: Final = 1 << 8
MASS_BALANCE: Final = 1 << 9
SOURCE_SUSPECT: Final = 1 << 10
SOURCE_FAIL: Final = 1 << 11
REPORT_SUSPECT: Final = 1 << 12
MANUAL: Final = 1 << 13

FAIL_BITS: Final = GROSS_FAIL | SPIKE_FAIL | SOURCE_FAIL
SUSPECT_BITS: Final = (
    GROSS_SUSPECT
    | RATE
    | SPIKE_SUSPECT
    | FLAT_LINE
    | CLIMATOLOGY
    | ATTENUATION
    | DRIFT
    | MASS_BALANCE
    | SOURCE_SUSPECT
    | REPORT_SUSPECT
)
KEPT_BITS: Final = DRIFT | MASS_BALANCE | SOURCE_SUSPECT | SOURCE_FAIL | REPORT_SUSPECT
_EVALUATED: Final = 1 << 31  # while the loops run

_PASS, _NOT_EVALUATED, _SUSPECT, _FAIL, _MISSING = 1, 2, 3, 4, 9
_US: Final = 1e-6

_I8 = nb.types.Array(nb.int64, 1, "C", readonly=True)
_F8 = nb.types.Array(nb.float64, 1, "C", readonly=True)
_U1 = nb.types.Array(nb.uint8, 1, "C", readonly=True)
_U4 = nb.types.Array(nb.uint32, 1, "C", readonly=True)
_F82 = nb.types.Array(nb.float64, 2, "C", readonly=True)
_I82 = nb.types.Array(nb.int64, 2, "C", readonly=True)
_READINGS = nb.types.Tuple([_I8, _I8, _F8, _U1, _U4])  # type: ignore[no-untyped-call]
_LIMITS = nb.types.Tuple([_F82, _I82, _F82, _I8])  # type: ignore[no-untyped-call]
_PAIR = nb.types.Tuple([_I8, _I8])  # type: ignore[no-untyped-call]


@nb.njit(cache=True, nogil=True)
def _source(flag, failed, value):  # type: ignore[no-untyped-def]
    """Bits that no test here sets: of other layers, and the publisher's verdict."""
    if failed != 0:
        return failed & KEPT_BITS
    if flag == _SUSPECT:
        return SOURCE_SUSPECT
    if flag == _FAIL or (flag == _MISSING and not np.isnan(value)):
        return SOURCE_FAIL
    return 0


@nb.njit(cache=True, nogil=True)
def _alone(time, value, flag, before, begin, end, number, climate, months, out):  # type: ignore[no-untyped-def]
    """Gross range and climatology."""
    fail_low, fail_high, low, high = (
        number[_FAIL_LOW],
        number[_FAIL_HIGH],
        number[_LOW],
        number[_HIGH],
    )
    ranged = fail_low == fail_low or fail_high == fail_high
    ranged |= low == low or high == high
    month_start, month = months
    m, next_month = 0, np.iinfo(np.int64).min
    normal_low, normal_high, seasonal = np.nan, np.nan, False
    for i in range(begin, end):
        x = value[i]
        bits = _source(flag[i], np.int64(before[i]), x)
        if x == x:
            if time[i] >= next_month:
                m = np.searchsorted(month_start, time[i], side="right")
                next_month = month_start[m]
                normal_low = climate[month[m - 1] - 1]
                normal_high = climate[month[m - 1] + 11]
                seasonal = normal_low == normal_low or normal_high == normal_high
            if x < fail_low or x > fail_high or x - x != 0.0:
                bits |= GROSS_FAIL | _EVALUATED
            else:
                if ranged or seasonal:
                    bits |= _EVALUATED
                if x < low or x > high:
                    bits |= GROSS_SUSPECT
                if x < normal_low or x > normal_high:
                    bits |= CLIMATOLOGY
        out[i] = bits


@nb.njit(cache=True, nogil=True)
def _gather(time, value, begin, end, out, at, t, x):  # type: ignore[no-untyped-def]
    """Copy the readings that nothing has failed; returns how many."""
    n = 0
    for i in range(begin, end):
        at[n], t[n], x[n] = i, time[i], value[i]
        n += (out[i] & FAIL_BITS) == 0 and value[i] == value[i]
    return n


@nb.njit(cache=True, nogil=True)
def _spikes(n, at, t, x, suspect, fail, gap, out):  # type: ignore[no-untyped-def]
    """Distance from the mean of both neighbours; the farthest of three is blamed."""
    least = suspect if suspect == suspect else fail
    if fail < least:
        least = fail
    any_fails = False
    before, here = 0.0, 0.0  # distances; 0 where a neighbour is too far
    known = False
    for k in range(1, n):
        after, known_after = 0.0, False
        if k + 1 < n and t[k + 1] - t[k] <= gap and t[k] - t[k - 1] <= gap:
            after = abs(x[k] - 0.5 * (x[k - 1] + x[k + 1]))
            known_after = True
        if known:
            j = at[k - 1]
            bits = _EVALUATED
            if here > least and here >= before and here >= after:
                if here > fail:
                    bits |= SPIKE_FAIL
                    any_fails = True
                else:
                    bits |= SPIKE_SUSPECT
            out[j] |= bits
        before, here, known = here, after, known_after
    return any_fails


@nb.njit(cache=True, nogil=True)
def _rates(n, at, t, x, number, gap, event_time, e, e_end, out):  # type: ignore[no-untyped-def]
    """Change since the reading before; a counter may only rise, or roll over once."""
    limit, modulus = number[_LIMIT], number[_MODULUS]
    noise = number[_NOISE] if number[_NOISE] > 0.0 else 0.0
    counter = number[_COUNTER] == 1.0
    for k in range(1, n):
        length = t[k] - t[k - 1]
        while e < e_end and event_time[e] <= t[k - 1]:
            e += 1
        if length > gap or (e < e_end and event_time[e] <= t[k]):
            continue
        change = x[k] - x[k - 1]
        allowed = limit * (length * _US) + noise
        if counter:
            if change < -noise and modulus == modulus:
                change += modulus
            wrong = change < -noise or change > allowed
        else:
            wrong = abs(change) > allowed
        out[at[k]] |= _EVALUATED | (RATE if wrong else 0)


@nb.njit(cache=True, nogil=True)
def _rebuild(x, start, k, low, high):  # type: ignore[no-untyped-def]
    """Extremes from every reading of ``[start, k]`` to its end."""
    low[k] = high[k] = x[k]
    for j in range(k - 1, start - 1, -1):
        low[j] = min(x[j], low[j + 1])
        high[j] = max(x[j], high[j + 1])


@nb.njit(cache=True, nogil=True)
def _flow_since(c, c_end, t_k, since, last, flow):  # type: ignore[no-untyped-def]
    """Walk the flow beside a counter up to ``t_k``; since when it has been positive."""
    time, value, flag, failed, low, high, gap = flow
    while c < c_end and time[c] <= t_k:
        q = value[c]
        stands = not (q < low or q > high) and q - q == 0.0
        stands &= (_source(flag[c], np.int64(failed[c]), q) & SOURCE_FAIL) == 0
        if stands and q > 0.0:
            if since < 0 or time[c] - last > gap:
                since = time[c]
            last = time[c]
        else:
            since = np.int64(-1)
        c += 1
    return c, since, last


@nb.njit(cache=True, nogil=True)
def _flat(n, at, t, x, number, gap, window, c, c_end, flow, low, high, out):  # type: ignore[no-untyped-def]
    """Range over the run of readings that spans the window, or over so many.

    ``start`` is the first reading of the longest run that ends here, has no gap and
    a range below epsilon. Extremes of its older part are kept from the back, those
    of its newer part as one pair, so that each reading is touched twice at most.
    """
    counter = number[_COUNTER] == 1.0
    count, epsilon, exempt = number[_COUNT], number[_EPSILON], number[_EXEMPT]
    run, start, middle = 0, 0, -1
    a, b = np.inf, -np.inf
    since, last = np.int64(-1), np.int64(0)
    for k in range(n):
        if k > 0 and t[k] - t[k - 1] > gap:
            run = k
        if k > 0 and (run == k or abs(x[k] - x[k - 1]) >= epsilon):
            start, middle = k, k - 1
            a, b = np.inf, -np.inf
        a, b = min(a, x[k]), max(b, x[k])
        while start < k:
            lowest, highest = a, b
            if start <= middle:
                lowest, highest = min(a, low[start]), max(b, high[start])
            if highest - lowest < epsilon:
                break
            if start > middle:
                _rebuild(x, start, k, low, high)
                middle, a, b = k, np.inf, -np.inf
            else:
                start += 1
        by_time = window >= 0 and t[k] - t[run] >= window
        by_count = k - run + 1 >= count
        if counter:
            c, since, last = _flow_since(c, c_end, t[k], since, last, flow)
            by_time &= since >= 0 and t[k] - since >= window and t[k] - last <= gap
        if not (by_time or by_count):
            continue
        stuck = by_time and t[k] - t[start] >= window
        stuck |= by_count and k - start + 1 >= count
        stuck &= epsilon > 0.0 and not abs(x[k] - exempt) <= epsilon
        out[at[k]] |= _EVALUATED | (FLAT_LINE if stuck else 0)


@nb.njit(cache=True, nogil=True)
def _older(names, sums, here, reference):  # type: ignore[no-untyped-def]
    """Count, sum and squares about a reference of the blocks before this one."""
    count, total, square = 0.0, 0.0, 0.0
    for past in range(here - BLOCKS + 1, here):
        slot = past % BLOCKS
        if names[slot] == past:
            n, first, second, own = sums[slot]
            apart = own - reference
            count += n
            total += first + n * apart
            square += second + apart * (2.0 * first + n * apart)
    return count, total, square


@nb.njit(cache=True, nogil=True)
def _attenuated(n, at, t, x, number, gap, window, out):  # type: ignore[no-untyped-def]
    """Compute the rolling standard deviation over eight blocks of fixed place.

    Blocks begin where the clock says, not where the data does, so that the sums,
    and with them the last bit of the result, do not depend on what was read. Sums
    are taken about the first value of a block, as levels are large and move little.
    """
    epsilon, exempt = number[_EPSILON], number[_EXEMPT]
    floor = number[_FLOOR] * number[_FLOOR]
    width = max(window // BLOCKS, 1)
    names = np.full(BLOCKS, np.iinfo(np.int64).min)
    sums = np.zeros((BLOCKS, 4))  # count, sum, squares, reference
    block_end, run, slot = np.iinfo(np.int64).min, 0, np.int64(0)
    reference, before = 0.0, (0.0, 0.0, 0.0)
    count, total, square = 0.0, 0.0, 0.0
    for k in range(n):
        if k > 0 and t[k] - t[k - 1] > gap:
            run = k
        if t[k] >= block_end:
            sums[slot, 0], sums[slot, 1], sums[slot, 2] = count, total, square
            here = t[k] // width
            block_end, slot, reference = (here + 1) * width, here % BLOCKS, x[k]
            before = _older(names, sums, here, reference)
            names[slot], sums[slot, 3] = here, reference
            count, total, square = 0.0, 0.0, 0.0
        step = x[k] - reference
        count += 1.0
        total += step
        square += step * step
        if t[k] - t[run] < window:
            continue
        m, first = count + before[0], total + before[1]
        quiet = m * (square + before[2]) - first * first < floor * m * (m - 1.0)
        quiet &= not abs(x[k] - exempt) <= epsilon
        if m >= 2.0:
            out[at[k]] |= _EVALUATED | (ATTENUATION if quiet else 0)


@nb.njit(cache=True, nogil=True)
def _close(value, begin, end, flag, out):  # type: ignore[no-untyped-def]
    """Roll the bits up to one flag: fail, suspect, pass, not evaluated."""
    for i in range(begin, end):
        bits = np.int64(out[i])
        verdict = _PASS if bits & _EVALUATED else _NOT_EVALUATED
        if bits & SUSPECT_BITS:
            verdict = _SUSPECT
        if bits & FAIL_BITS:
            verdict = _FAIL
        flag[i] = verdict if value[i] == value[i] else _MISSING
        out[i] = bits & ~_EVALUATED


@nb.njit(cache=True, nogil=True)
def _is_sorted(time, begin, end):  # type: ignore[no-untyped-def]
    faults = 0
    for i in range(begin + 1, end):
        faults += time[i] <= time[i - 1]
    return faults == 0


@nb.njit(
    [
        nb.int64(
            nb.int64, nb.int64, _READINGS, _LIMITS, _PAIR, _PAIR,
            nb.uint8[::1], nb.uint32[::1],
        )
    ],
    cache=True, nogil=True,
)  # fmt: skip
def block(begin, end, readings, limits, months, events, flag_out, out):  # type: ignore[no-untyped-def]
    """Test series ``[begin, end)``; returns one that is not sorted, else -1."""
    offset, time, value, flag, failed = readings
    numbers, spans, climate, companion = limits
    event_offset, event_time = events
    longest = 0
    for s in range(begin, end):
        longest = max(longest, offset[s + 1] - offset[s])
    at, t = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    x = np.empty(longest + 1)
    low, high = np.empty(longest + 1), np.empty(longest + 1)
    for s in range(begin, end):
        lo, hi, number = offset[s], offset[s + 1], numbers[s]
        gap, rate_gap, window, rolling = spans[s]
        if not _is_sorted(time, lo, hi):
            return s
        _alone(time, value, flag, failed, lo, hi, number, climate[s], months, out)
        n = _gather(time, value, lo, hi, out, at, t, x)
        spiky = (
            number[_SUSPECT_FROM] == number[_SUSPECT_FROM]
            or number[_FAIL_FROM] == number[_FAIL_FROM]
        )
        if spiky and _spikes(
            n, at, t, x, number[_SUSPECT_FROM], number[_FAIL_FROM], gap, out
        ):
            n = _gather(time, value, lo, hi, out, at, t, x)
        if number[_LIMIT] == number[_LIMIT]:
            _rates(
                n, at, t, x, number, rate_gap,
                event_time, event_offset[s], event_offset[s + 1], out,
            )  # fmt: skip
        c = companion[s]
        beside = number[_COUNTER] != 1.0 or c >= 0
        if (
            beside
            and number[_EPSILON] == number[_EPSILON]
            and (window >= 0 or number[_COUNT] >= 1.0)
        ):
            c = max(c, 0)
            flow = (
                time, value, flag, failed,
                numbers[c, _FAIL_LOW], numbers[c, _FAIL_HIGH], spans[c, 0],
            )  # fmt: skip
            _flat(
                n, at, t, x, number, gap, window,
                offset[c], offset[c + 1], flow, low, high, out,
            )  # fmt: skip
        if number[_FLOOR] == number[_FLOOR] and rolling >= 0:
            _attenuated(n, at, t, x, number, gap, rolling, out)
        _close(value, lo, hi, flag_out, out)
    return -1


@nb.njit(
    [
        nb.void(
            _I8, _I8, _I8, _I8, _I8, _I8, _U1, _U1, _I8,
            nb.uint8[::1], nb.uint8[::1],
        )
    ],
    cache=True, nogil=True,
)  # fmt: skip
def paint(  # type: ignore[no-untyped-def]
    offset, time, recorded, series, start, end, verdict, level, made, flag, approval
):
    """Lay verdicts over readings in their order; one older than a reading lapses."""
    for v in range(series.size):
        lo, hi = offset[series[v]], offset[series[v] + 1]
        i = lo + np.searchsorted(time[lo:hi], start[v])
        while i < hi and time[i] < end[v]:
            if recorded[i] <= made[v]:
                flag[i], approval[i] = verdict[v], level[v]
            i += 1
