"""Compiled reader of the canonical readings file: ``series,time,value[,flag]``.

It walks the bytes once and gives every row a status; what it cannot settle
exactly (quotes, numbers of more than 15 digits) is left to `ewater.ingest.parse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from ewater.ingest.words import ROOM, below, byte, digits, find, text_word, word

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

_NEED = 40 + ROOM  # bytes behind a code that may be read without looking
_CLOCK = text_word(b"00:00:00")
_CLOCK_UPPER = text_word(b"\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0")
_CLOCK_SIXES = text_word(b"\x06\x06\0\x06\x06\0\x06\x06")
_THREE_BYTES, _FIVE, _SIX_BYTES = (text_word(b"\xff" * n) for n in (3, 5, 6))
_B1, _B3, _B4, _B6, _B7 = (np.uint64(8 * n) for n in (1, 3, 4, 6, 7))
_NIBBLE, _TEN = np.uint64(15), np.uint64(10)
_LAST_HOUR, _LAST_MINUTE = np.uint64(23), np.uint64(59)


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
def _row(data, a, b, wanted, lookup, cells):  # type: ignore[no-untyped-def]
    """Read one row in full: series, time, whether it is local, value, flag, status."""
    names, ends, slots = lookup
    count = _split(data, a, b, cells)
    if count != wanted:
        return -1, 0, False, 0.0, 2, QUOTED if count < 0 else CELLS
    series = _find(data, cells[0, 0], cells[0, 1], names, ends, slots)
    if series < 0:
        return -1, 0, False, 0.0, 2, SERIES
    a, b = cells[1, 0], cells[1, 1]
    days = _days(data, a) if b - a >= 16 else _BAD
    instant, local = (_BAD, False) if days == _BAD else _instant(data, a, b, days)
    if instant == _BAD:
        return series, 0, False, 0.0, 2, TIME
    a, b = cells[2, 0], cells[2, 1]
    if a == b:
        return series, instant, local, 0.0, 2, NO_VALUE
    number, state = _number(data, a, b)
    verdict = NO_FLAG if wanted < 4 else _flag(data, cells[3, 0], cells[3, 1])
    if verdict < 0 and state != VALUE:
        state = FLAG
    return series, instant, local, number, max(verdict, 0), state


@njit(cache=True, nogil=True)
def _is_code(text, a, name, size):  # type: ignore[no-untyped-def]
    """Whether a code and a comma stand at ``a``."""
    for k in range(0, size - 7, 8):
        if word(text, a + k) != word(name, k):
            return False
    rest = size & 7
    differ = word(text, a + size - rest) ^ word(name, size - rest)
    return (differ & below(rest)) == 0 and byte(text, a + size) == _COMMA


@njit(cache=True, nogil=True)
def _quick_clock(text, a):  # type: ignore[no-untyped-def]
    """Microseconds of ``HH:MM`` or ``HH:MM:SS``, and where it ends."""
    differ = word(text, a) ^ _CLOCK
    wrong = (differ | (differ + _CLOCK_SIXES)) & _CLOCK_UPPER
    if wrong == 0:
        end = a + 8
        second = ((differ >> _B6) & _NIBBLE) * _TEN + (differ >> _B7)
    elif wrong & _FIVE == 0:
        end = a + 5
        second = np.uint64(0)
    else:
        return _BAD, a
    hour = (differ & _NIBBLE) * _TEN + ((differ >> _B1) & _NIBBLE)
    minute = ((differ >> _B3) & _NIBBLE) * _TEN + ((differ >> _B4) & _NIBBLE)
    if hour > _LAST_HOUR or minute > _LAST_MINUTE or second > _LAST_MINUTE:
        return _BAD, a
    whole = np.int64(hour) * 3600 + np.int64(minute) * 60 + np.int64(second)
    return whole * 1_000_000, end


@njit(cache=True, nogil=True)
def _quick_number(text, a, stop):  # type: ignore[no-untyped-def]
    """Number of at most seven characters before ``stop``, as whole and places.

    Also its sign and where ``stop`` is, or -1 there.
    """
    cell = word(text, a)
    size = find(cell, stop)
    end = a + size if size < 8 else -1
    if stop == _LF and size > 0 and byte(text, a + size - 1) == _CR:
        size -= 1
    minus = (cell & np.uint64(255)) == np.uint64(_MINUS)
    if minus:
        cell >>= _B1
        size -= 1
    places = 0
    dot = find(cell, _DOT)
    if dot < size:
        places = size - 1 - dot
        kept = below(dot)
        cell = (cell & kept) | ((cell >> _B1) & ~kept)
        size -= 1
    if size < 1:
        return np.int64(-1), places, minus, -1
    return digits(cell, size), places, minus, end


@njit(cache=True, nogil=True)
def _quick_flag(text, a):  # type: ignore[no-untyped-def]
    """Flag and end of the row, or -1 there."""
    flag = byte(text, a) - _ZERO
    if 1 <= flag <= 4 or flag == 9:
        a += 1
    else:
        flag = NO_FLAG
    a += byte(text, a) == _CR
    return flag, (a if byte(text, a) == _LF else -1)


@njit(cache=True, nogil=True, error_model="numpy")
def read(  # type: ignore[no-untyped-def]  # noqa: C901 - split it is slower
    data, wanted, lookup, factor, latest, out
):
    """Read all rows of a block.

    Parameters
    ----------
    data : (byte,), uint8
    wanted
        Cells of a row: 3 or 4.
    lookup
        Arrays of `Codes`.
    factor : (series,)
        Factor to SI.
    latest
        Later instants are refused, int64 us UTC.
    out
        Arrays of `room`: series, time, value, flag, local, status. Local times, and
        numbers and quotes that are left over, are not yet converted or compared with
        ``latest``.

    Returns
    -------
    count, settled
        How many rows there are; whether all of them are accepted, so that nothing is
        left to settle.

    Notes
    -----
    A row that is written as most are is read eight bytes at a time; any doubt sends it
    to `_row`, which decides. Both give the same.
    """
    series, time, value, flag, local, status = out
    names, ends, slots = lookup
    text, name = data.ctypes.data, names.ctypes.data
    follow = np.arange(1, len(ends))  # mostly the same series comes next again
    follow[-1:] = 0
    cells = np.empty((4, 2), np.int64)
    row, at, accepted = 0, 0, 0
    known = np.int64(0)
    month, day, days = np.uint64(0), np.uint64(0), _BAD  # date of the row before
    zone, east = np.uint64(0), np.int64(0)  # offset of the row before
    safe = len(data) - _NEED if len(follow) else 0
    while at < len(data):
        a = at
        unusual = True
        while True:  # left where the row is unusual
            if a >= safe:
                break
            place = known
            size = ends[place + 1] - ends[place]
            if a + size >= safe:
                break
            if not _is_code(text, a, name + ends[place], size):
                place = follow[known]
                size = ends[place + 1] - ends[place]
                if a + size >= safe:
                    break
                if not _is_code(text, a, name + ends[place], size):
                    size = 0
                    while a + size < safe and byte(text, a + size) > _COMMA:
                        size += 1
                    place = _find(data, a, a + size, names, ends, slots)
                    if place < 0:
                        break
                follow[known] = place
                known = place
            a += size + 1
            first, rest = word(text, a), word(text, a + 8) & _THREE_BYTES
            if first != month or rest != day:
                days, month, day = _days(data, a), first, rest
                mark = byte(text, a + 10)
                if mark != 84 and mark != _SPACE and mark != 116:
                    days = _BAD
            if days == _BAD:
                break
            clock, a = _quick_clock(text, a + 11)
            if clock == _BAD:
                break
            instant = days * np.int64(86_400_000_000) + clock
            zoneless = byte(text, a) == _COMMA
            if not zoneless:
                if byte(text, a) == 90 or byte(text, a) == 122:
                    a += 1
                else:
                    offset = word(text, a) & _SIX_BYTES
                    if offset != zone:
                        zone, east = offset, _offset(data, a, a + 6)
                    if east == _BAD:
                        break
                    instant -= east
                    a += 6
                if byte(text, a) != _COMMA:
                    break
            stop = _LF if wanted == 3 else _COMMA
            whole, places, minus, b = _quick_number(text, a + 1, stop)
            if b >= 0:
                if whole < 0:
                    break
                number = np.float64(whole) / _POWERS[places]
                if minus and whole != 0:
                    number = -number
            else:
                b = a + 1
                while b < safe and byte(text, b) != _LF and byte(text, b) != stop:
                    b += 1
                if b == safe or byte(text, b) != stop:
                    break
                number, state = _number(
                    data, a + 1, b - (stop == _LF and byte(text, b - 1) == _CR)
                )
                if state != OK:
                    break
            verdict = np.int64(NO_FLAG)
            if wanted == 4:
                verdict, b = _quick_flag(text, b + 1)
                if b < 0:
                    break
            if not zoneless:
                number *= factor[place]
                if instant > latest or not np.isfinite(number):
                    break
                accepted += 1
            series[row], time[row], value[row] = place, instant, number
            flag[row], local[row], status[row] = verdict, zoneless, OK
            row += 1
            at = b + 1
            unusual = False
            break
        if not unusual:
            continue
        a = b = at
        while b < len(data) and data[b] != _LF:
            b += 1
        at = b + 1
        if b > a and data[b - 1] == _CR:
            b -= 1
        ta, tb = _trim(data, a, b)
        if ta == tb:
            continue
        place, instant, zoneless, number, verdict, state = _row(
            data, a, b, wanted, lookup, cells
        )
        if state == OK and not zoneless:
            number *= factor[place]
            state = _verdict(instant, number, latest)
            accepted += state == OK
        series[row], time[row], value[row] = place, instant, number
        flag[row], local[row], status[row] = verdict, zoneless, state
        row += 1
        known = max(place, np.int64(0))
    return row, accepted == row


@njit(cache=True, nogil=True)
def count_lines(data):  # type: ignore[no-untyped-def]
    """How many line breaks there are."""
    count, whole = 0, len(data) // 128 * 128
    for start in range(0, whole, 128):
        here = np.uint8(0)  # so that many characters are counted at once
        for k in range(128):
            here = np.uint8(here + np.uint8(data[start + k] == _LF))
        count += here
    for k in range(whole, len(data)):
        count += data[k] == _LF
    return count


@njit(cache=True, nogil=True)
def places(data, line, first, last):  # type: ignore[no-untyped-def]
    """Fill in where the rows that `read` finds stand: line from 0, first and end byte."""
    row, number, at = 0, 0, 0
    while at < len(data):
        a = b = at
        while b < len(data) and data[b] != _LF:
            b += 1
        at = b + 1
        if b > a and data[b - 1] == _CR:
            b -= 1
        ta, tb = _trim(data, a, b)
        if ta < tb:
            line[row], first[row], last[row] = number, a, b
            row += 1
        number += 1


class Codes:
    """Series codes, laid out for the compiled reader."""

    def __init__(self, codes: Sequence[str]) -> None:
        encoded = [code.encode() for code in codes]
        self.names = np.frombuffer(b"".join(encoded) + bytes(ROOM), np.uint8)
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


def room(lines: int) -> tuple[NDArray[Any], ...]:
    """Arrays for that many rows, in the order `read` fills them."""
    kinds = (np.int32, np.int64, np.float64, np.uint8, np.bool_, np.uint8)
    return tuple(np.empty(lines, kind) for kind in kinds)
