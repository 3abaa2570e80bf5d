"""Compiled reader of the canonical readings file: ``series,time,value[,flag]``.

It walks the bytes once and gives every row a status; what it cannot settle
exactly (quotes, numbers of more than 15 digits) is left to `ewater.ingest.parse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OK, CELLS, SERIES, TIME, NO_VALUE, VALUE, FLAG, FUTURE, NOT_FINITE = range(9)
QUOTED, NUMBER = 20, 21  # left to the slow path
NO_FLAG = 2  # not evaluated

_MOST_DIGITS = 15  # a whole number of 15 digits is exact in a double
_COMMA, _QUOTE, _LF, _CR, _SPACE, _TAB = 44, 34, 10, 13, 32, 9
_DOT, _PLUS, _MINUS, _COLON, _ZERO, _NINE = 46, 43, 45, 58, 48, 57
_BAD = np.int64(-(2**63))
_POWERS = 10.0 ** np.arange(23)  # exact in a double


@njit(cache=True, nogil=True)
def _hash(data, a, b):  # type: ignore[no-untyped-def]
    h = np.uint64(14695981039346656037)
    for i in range(a, b):
        h = (h ^ np.uint64(data[i])) * np.uint64(1099511628211)
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def _fill_slots(names, ends, slots):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(slots) - 1)
    for k in range(len(ends) - 1):
        at = _hash(names, ends[k], ends[k + 1]) & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = k


@njit(cache=True, nogil=True)
def _same(data, a, b, other, c, d):  # type: ignore[no-untyped-def]
    if b - a != d - c:
        return False
    for i in range(b - a):  # noqa: SIM110 - compiled
        if data[a + i] != other[c + i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _find(data, a, b, names, ends, slots):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(slots) - 1)
    at = _hash(data, a, b) & mask
    while slots[at] >= 0:
        k = slots[at]
        if _same(data, a, b, names, ends[k], ends[k + 1]):
            return k
        at = (at + np.uint64(1)) & mask
    return np.int64(-1)


@njit(cache=True, nogil=True)
def _digits(data, a, b):  # type: ignore[no-untyped-def]
    """Whole number in ``data[a:b]``, or -1."""
    if a >= b:
        return np.int64(-1)
    number = np.int64(0)
    for i in range(a, b):
        digit = np.int64(data[i]) - _ZERO
        if digit < 0 or digit > 9:
            return np.int64(-1)
        number = number * 10 + digit
    return number


@njit(cache=True, nogil=True)
def _days(data, a):  # type: ignore[no-untyped-def]
    """Days since 1970 of ``YYYY-MM-DD``, or a bad mark."""
    year, month = _digits(data, a, a + 4), _digits(data, a + 5, a + 7)
    day = _digits(data, a + 8, a + 10)
    if data[a + 4] != _MINUS or data[a + 7] != _MINUS:
        return _BAD
    if year < 1 or month < 1 or month > 12 or day < 1:
        return _BAD
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 31
    if month == 2:
        length = 29 if leap else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        length = 30
    if day > length:
        return _BAD
    y = year - 1 if month <= 2 else year
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True)
def _offset(data, a, b):  # type: ignore[no-untyped-def]
    """Microseconds east of UTC of ``Z``, ``+HH``, ``+HHMM`` or ``+HH:MM``."""
    if b - a == 1 and (data[a] == 90 or data[a] == 122):
        return np.int64(0)
    minutes = np.int64(0)
    if b - a == 6 and data[a + 3] == _COLON:
        minutes = _digits(data, a + 4, b)
    elif b - a == 5:
        minutes = _digits(data, a + 3, b)
    elif b - a != 3:
        return _BAD
    hours = _digits(data, a + 1, a + 3)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return _BAD
    east = (hours * 60 + minutes) * np.int64(60_000_000)
    if data[a] == _MINUS:
        return -east
    return east if data[a] == _PLUS else _BAD


@njit(cache=True, nogil=True)
def _second(data, a, b):  # type: ignore[no-untyped-def]
    """Microseconds of ``SS`` or ``SS.f`` with at most six places."""
    second = _digits(data, a, min(a + 2, b))
    if b - a < 2 or second < 0 or second > 59:
        return _BAD
    if b - a == 2:
        return second * np.int64(1_000_000)
    places = b - a - 3
    fraction = _digits(data, a + 3, b)
    if data[a + 2] != _DOT or places > 6 or fraction < 0:
        return _BAD
    for _ in range(6 - places):
        fraction *= 10
    return second * np.int64(1_000_000) + fraction


@njit(cache=True, nogil=True)
def _clock(data, a, b):  # type: ignore[no-untyped-def]
    """Microseconds of ``HH:MM[:SS[.f]]`` in the day, or a bad mark."""
    if b - a < 5 or data[a + 2] != _COLON:
        return _BAD
    hour, minute = _digits(data, a, a + 2), _digits(data, a + 3, a + 5)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return _BAD
    whole = (hour * 60 + minute) * np.int64(60_000_000)
    if b - a == 5:
        return whole
    if data[a + 5] != _COLON:
        return _BAD
    second = _second(data, a + 6, b)
    return _BAD if second == _BAD else whole + second


@njit(cache=True, nogil=True)
def _instant(data, a, b, days):  # type: ignore[no-untyped-def]
    """Microseconds of a time whose date is known, and whether it is local."""
    if data[a + 10] != 84 and data[a + 10] != _SPACE and data[a + 10] != 116:
        return _BAD, False
    zone = b
    for i in range(a + 11, b):
        c = data[i]
        if c != _COLON and c != _DOT and (c < _ZERO or c > _NINE):
            zone = i
            break
    clock = _clock(data, a + 11, zone)
    if clock == _BAD:
        return _BAD, False
    local = days * np.int64(86_400_000_000) + clock
    if zone == b:
        return local, True
    east = _offset(data, zone, b)
    return (_BAD, False) if east == _BAD else (local - east, False)


@njit(cache=True, nogil=True)
def _number(data, a, b):  # type: ignore[no-untyped-def]
    """Value of a plain decimal and a status; other numbers are left over."""
    start = a
    if data[a] == _MINUS or data[a] == _PLUS:
        a += 1
    whole, digits, places, dot = np.int64(0), 0, 0, False
    for i in range(a, b):
        c = np.int64(data[i])
        if c == _DOT and not dot:
            dot = True
        elif _ZERO <= c <= _NINE:
            if digits > 0 or c != _ZERO:
                digits += 1
            whole = whole * 10 + (c - _ZERO)
            places += dot
        else:
            return 0.0, NUMBER
        if digits > _MOST_DIGITS or places > 22:
            return 0.0, NUMBER
    if b - a - dot < 1:
        return 0.0, VALUE
    value = np.float64(whole) / _POWERS[places]
    return (-value if data[start] == _MINUS and whole != 0 else value), OK


@njit(cache=True, nogil=True)
def _flag(data, a, b):  # type: ignore[no-untyped-def]
    if a >= b:
        return NO_FLAG
    flag = np.int64(data[a]) - _ZERO
    return flag if b - a == 1 and (1 <= flag <= 4 or flag == 9) else -1


@njit(cache=True, nogil=True)
def _trim(data, a, b):  # type: ignore[no-untyped-def]
    while a < b and (data[a] == _SPACE or data[a] == _TAB):
        a += 1
    while b > a and (data[b - 1] == _SPACE or data[b - 1] == _TAB):
        b -= 1
    return a, b


@njit(cache=True, nogil=True)
def _split(data, a, b, cells):  # type: ignore[no-untyped-def]
    """Fill the ends of the first four cells; return how many there are, or -1."""
    count, cell = 0, a
    for i in range(a, b + 1):
        if i == b or data[i] == _COMMA:
            if count < 4:
                cells[count, 0], cells[count, 1] = _trim(data, cell, i)
            count += 1
            cell = i + 1
        elif data[i] == _QUOTE:
            return -1
    return count


@njit(cache=True, nogil=True)
def _verdict(instant, number, latest):  # type: ignore[no-untyped-def]
    if instant > latest:
        return FUTURE
    return OK if np.isfinite(number) else NOT_FINITE


@njit(cache=True, nogil=True)
def read(  # type: ignore[no-untyped-def]  # noqa: C901 - split it is slower
    data, ends_of_lines, wanted, lookup, factor, latest, out
):
    """Read all rows of a block.

    ``ends_of_lines`` is what `line_ends` found, ``lookup`` are the arrays of `Codes`,
    ``factor`` is the factor to SI of each series; later instants than ``latest`` are
    refused. ``out`` is a tuple of arrays with room for every line: series, time, value,
    flag, local, status, line (from 0), first byte, end byte. Returns how many rows
    there are, and whether all of them are accepted: then nothing is left to settle.
    Local times, and numbers and quotes that are left over, are not yet converted or
    compared with ``latest``.
    """
    series, time, value, flag, local, status, line, first, last = out
    names, ends, slots = lookup
    cells = np.empty((4, 2), np.int64)
    row, at, accepted = 0, 0, 0
    known, known_a, known_b = np.int64(-1), 0, 0  # code of the row before
    days, date_a = _BAD, -1  # date of the row before
    for number_of_line in range(len(ends_of_lines)):
        end = ends_of_lines[number_of_line]
        a, b = at, end
        if b > a and data[b - 1] == _CR:
            b -= 1
        at = end + 1
        ta, tb = _trim(data, a, b)
        if ta == tb:
            continue
        series[row], time[row], value[row], flag[row], local[row] = -1, 0, 0.0, 2, False
        line[row], first[row], last[row], status[row] = number_of_line, a, b, OK
        row += 1
        count = _split(data, a, b, cells)
        if count != wanted:
            status[row - 1] = QUOTED if count < 0 else CELLS
            continue
        a, b = cells[0, 0], cells[0, 1]
        if known < 0 or not _same(data, a, b, data, known_a, known_b):
            known = _find(data, a, b, names, ends, slots)
            known_a, known_b = a, b
        series[row - 1] = known
        if known < 0:
            status[row - 1] = SERIES
            continue
        a, b = cells[1, 0], cells[1, 1]
        if b - a < 16:
            status[row - 1] = TIME
            continue
        if date_a < 0 or not _same(data, a, a + 10, data, date_a, date_a + 10):
            days, date_a = _days(data, a), a
        instant, zoneless = (
            (_BAD, False) if days == _BAD else _instant(data, a, b, days)
        )
        if instant == _BAD:
            status[row - 1] = TIME
            continue
        time[row - 1], local[row - 1] = instant, zoneless
        a, b = cells[2, 0], cells[2, 1]
        if a == b:
            status[row - 1] = NO_VALUE
            continue
        number, state = _number(data, a, b)
        verdict = NO_FLAG if wanted < 4 else _flag(data, cells[3, 0], cells[3, 1])
        flag[row - 1] = max(verdict, 0)
        if verdict < 0 and state != VALUE:
            state = FLAG
        if state == OK and not zoneless:
            number *= factor[known]
            state = _verdict(instant, number, latest)
            accepted += state == OK
        value[row - 1], status[row - 1] = number, state
    return row, accepted == row


class Codes:
    """Series codes, laid out for the compiled reader."""

    def __init__(self, codes: Sequence[str]) -> None:
        encoded = [code.encode() for code in codes]
        self.names = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)
        self.ends = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(code) for code in encoded], out=self.ends[1:])
        self.slots = np.full(1 << (4 * len(encoded) + 1).bit_length(), -1, np.int64)
        _fill_slots(self.names, self.ends, self.slots)

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """What `read` takes."""
        return self.names, self.ends, self.slots


def line_ends(data: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Find where each line ends, the last one too where no line break ends it."""
    ends = np.flatnonzero(data == _LF)
    if len(data) and data[-1] != _LF:
        ends = np.append(ends, len(data))
    return ends


def room(lines: int) -> tuple[NDArray[np.generic], ...]:
    """Arrays for that many rows, in the order `read` fills them."""
    kinds = (
        np.int32,
        np.int64,
        np.float64,
        np.uint8,
        np.bool_,
        np.uint8,
        np.int64,
        np.int64,
        np.int64,
    )
    return tuple(np.empty(lines, kind) for kind in kinds)
