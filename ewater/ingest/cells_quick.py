"""Cells as most files write them, read eight bytes at a time.

A cell that is written otherwise is refused here and left to `ewater.ingest.cells`. The
caller makes sure that enough bytes follow.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ewater.ingest.cells import BAD, NO_FLAG
from ewater.ingest.words import below, byte, digits, find, text_word, word

_COMMA, _LF, _CR, _DOT, _MINUS, _ZERO = 44, 10, 13, 46, 45, 48
_CLOCK = text_word(b"00:00:00")
_CLOCK_UPPER = text_word(b"\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0")
_CLOCK_SIXES = text_word(b"\x06\x06\0\x06\x06\0\x06\x06")
_FIVE = text_word(b"\xff" * 5)
_B1, _B3, _B4, _B6, _B7 = (np.uint64(8 * n) for n in (1, 3, 4, 6, 7))
_NIBBLE, _TEN = np.uint64(15), np.uint64(10)
_LAST_HOUR, _LAST_MINUTE = np.uint64(23), np.uint64(59)


@njit(cache=True, nogil=True)
def is_code(text, a, name, size):  # type: ignore[no-untyped-def]
    """Whether a code and a comma stand at ``a``."""
    for k in range(0, size - 7, 8):
        if word(text, a + k) != word(name, k):
            return False
    rest = size & 7
    differ = word(text, a + size - rest) ^ word(name, size - rest)
    return (differ & below(rest)) == 0 and byte(text, a + size) == _COMMA


@njit(cache=True, nogil=True)
def clock_at(text, a):  # type: ignore[no-untyped-def]
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
        return BAD, a
    hour = (differ & _NIBBLE) * _TEN + ((differ >> _B1) & _NIBBLE)
    minute = ((differ >> _B3) & _NIBBLE) * _TEN + ((differ >> _B4) & _NIBBLE)
    if hour > _LAST_HOUR or minute > _LAST_MINUTE or second > _LAST_MINUTE:
        return BAD, a
    whole = np.int64(hour) * 3600 + np.int64(minute) * 60 + np.int64(second)
    return whole * 1_000_000, end


@njit(cache=True, nogil=True)
def number_at(text, a, stop):  # type: ignore[no-untyped-def]
    """Read a number of at most seven characters before ``stop``, as whole and places.

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
def flag_at(text, a):  # type: ignore[no-untyped-def]
    """Flag and end of the row, or -1 there."""
    flag = byte(text, a) - _ZERO
    if 1 <= flag <= 4 or flag == 9:
        a += 1
    else:
        flag = NO_FLAG
    a += byte(text, a) == _CR
    return flag, (a if byte(text, a) == _LF else -1)
