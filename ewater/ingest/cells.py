"""Cells of readings files, compiled: whole numbers, times, decimals and flags."""

from __future__ import annotations

import numpy as np
from numba import njit

OK, CELLS, SERIES, TIME, NO_VALUE, VALUE, FLAG, FUTURE, NOT_FINITE = range(9)
QUOTED, NUMBER = 20, 21  # left to the slow path
NO_FLAG = 2  # not evaluated
BAD = np.int64(-(2**63))
POWERS = 10.0 ** np.arange(23)  # exact in a double

_MOST_DIGITS = 15  # a whole number of 15 digits is exact in a double
_SPACE, _TAB = 32, 9
_DOT, _PLUS, _MINUS, _COLON, _ZERO, _NINE = 46, 43, 45, 58, 48, 57


@njit(cache=True, nogil=True)
def hash_of(data, a, b):  # type: ignore[no-untyped-def]
    """Hash of ``data[a:b]``."""
    h = np.uint64(14695981039346656037)
    for i in range(a, b):
        h = (h ^ np.uint64(data[i])) * np.uint64(1099511628211)
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def same(data, a, b, other, c, d):  # type: ignore[no-untyped-def]
    """Whether ``data[a:b]`` is ``other[c:d]``."""
    if b - a != d - c:
        return False
    for i in range(b - a):  # noqa: SIM110 - compiled
        if data[a + i] != other[c + i]:
            return False
    return True


@njit(cache=True, nogil=True)
def trimmed(data, a, b):  # type: ignore[no-untyped-def]
    """Leave out spaces and tabs at both ends of ``data[a:b]``."""
    while a < b and (data[a] == _SPACE or data[a] == _TAB):
        a += 1
    while b > a and (data[b - 1] == _SPACE or data[b - 1] == _TAB):
        b -= 1
    return a, b


@njit(cache=True, nogil=True)
def digits_of(data, a, b):  # type: ignore[no-untyped-def]
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
def days_of(data, a):  # type: ignore[no-untyped-def]
    """Days since 1970 of ``YYYY-MM-DD``, or a bad mark."""
    year, month = digits_of(data, a, a + 4), digits_of(data, a + 5, a + 7)
    day = digits_of(data, a + 8, a + 10)
    if data[a + 4] != _MINUS or data[a + 7] != _MINUS:
        return BAD
    if year < 1 or month < 1 or month > 12 or day < 1:
        return BAD
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 31
    if month == 2:
        length = 29 if leap else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        length = 30
    if day > length:
        return BAD
    y = year - 1 if month <= 2 else year
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True)
def offset_of(data, a, b):  # type: ignore[no-untyped-def]
    """Microseconds east of UTC of ``Z``, ``+HH``, ``+HHMM`` or ``+HH:MM``."""
    if b - a == 1 and (data[a] == 90 or data[a] == 122):
        return np.int64(0)
    minutes = np.int64(0)
    if b - a == 6 and data[a + 3] == _COLON:
        minutes = digits_of(data, a + 4, b)
    elif b - a == 5:
        minutes = digits_of(data, a + 3, b)
    elif b - a != 3:
        return BAD
    hours = digits_of(data, a + 1, a + 3)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return BAD
    east = (hours * 60 + minutes) * np.int64(60_000_000)
    if data[a] == _MINUS:
        return -east
    return east if data[a] == _PLUS else BAD


@njit(cache=True, nogil=True)
def _second(data, a, b):  # type: ignore[no-untyped-def]
    """Microseconds of ``SS`` or ``SS.f`` with at most six places."""
    second = digits_of(data, a, min(a + 2, b))
    if b - a < 2 or second < 0 or second > 59:
        return BAD
    if b - a == 2:
        return second * np.int64(1_000_000)
    places = b - a - 3
    fraction = digits_of(data, a + 3, b)
    if data[a + 2] != _DOT or places > 6 or fraction < 0:
        return BAD
    for _ in range(6 - places):
        fraction *= 10
    return second * np.int64(1_000_000) + fraction


@njit(cache=True, nogil=True)
def _clock(data, a, b):  # type: ignore[no-untyped-def]
    """Microseconds of ``HH:MM[:SS[.f]]`` in the day, or a bad mark."""
    if b - a < 5 or data[a + 2] != _COLON:
        return BAD
    hour, minute = digits_of(data, a, a + 2), digits_of(data, a + 3, a + 5)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return BAD
    whole = (hour * 60 + minute) * np.int64(60_000_000)
    if b - a == 5:
        return whole
    if data[a + 5] != _COLON:
        return BAD
    second = _second(data, a + 6, b)
    return BAD if second == BAD else whole + second


@njit(cache=True, nogil=True)
def instant_of(data, a, b, days):  # type: ignore[no-untyped-def]
    """Microseconds of a time whose date is known, and whether it is local."""
    if data[a + 10] != 84 and data[a + 10] != _SPACE and data[a + 10] != 116:
        return BAD, False
    zone = b
    for i in range(a + 11, b):
        c = data[i]
        if c != _COLON and c != _DOT and (c < _ZERO or c > _NINE):
            zone = i
            break
    clock = _clock(data, a + 11, zone)
    if clock == BAD:
        return BAD, False
    local = days * np.int64(86_400_000_000) + clock
    if zone == b:
        return local, True
    east = offset_of(data, zone, b)
    return (BAD, False) if east == BAD else (local - east, False)


@njit(cache=True, nogil=True)
def number_of(data, a, b):  # type: ignore[no-untyped-def]
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
    value = np.float64(whole) / POWERS[places]
    return (-value if data[start] == _MINUS and whole != 0 else value), OK


@njit(cache=True, nogil=True)
def flag_of(data, a, b):  # type: ignore[no-untyped-def]
    """Flag in ``data[a:b]``, the default where it is empty, or -1."""
    if a >= b:
        return NO_FLAG
    flag = np.int64(data[a]) - _ZERO
    return flag if b - a == 1 and (1 <= flag <= 4 or flag == 9) else -1
