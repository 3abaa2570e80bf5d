"""Compiled reader of the canonical readings file: ``series,time,value[,flag]``.

It walks the bytes once and gives every row a status; what it cannot settle
exactly (quotes, numbers of more than 15 digits) is left to `ewater.ingest.parse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from ewater.ingest.cells import (
    BAD,
    NO_FLAG,
    POWERS,
    days_of,
    flag_of,
    hash_of,
    instant_of,
    number_of,
    offset_of,
    same,
    trimmed,
)
from ewater.ingest.cells import CELLS as CELLS
from ewater.ingest.cells import FLAG as FLAG
from ewater.ingest.cells import FUTURE as FUTURE
from ewater.ingest.cells import NO_VALUE as NO_VALUE
from ewater.ingest.cells import NOT_FINITE as NOT_FINITE
from ewater.ingest.cells import NUMBER as NUMBER
from ewater.ingest.cells import OK as OK
from ewater.ingest.cells import QUOTED as QUOTED
from ewater.ingest.cells import SERIES as SERIES
from ewater.ingest.cells import TIME as TIME
from ewater.ingest.cells import VALUE as VALUE
from ewater.ingest.cells_quick import clock_at, flag_at, is_code, number_at
from ewater.ingest.words import ROOM, byte, text_word, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_COMMA, _QUOTE, _LF, _CR, _SPACE = 44, 34, 10, 13, 32
_DOT, _MINUS, _ZERO = 46, 45, 48
_NEED = 40 + ROOM  # bytes behind a code that may be read without looking
_THREE_BYTES, _SIX_BYTES = text_word(b"\xff" * 3), text_word(b"\xff" * 6)


@njit(cache=True, nogil=True)
def _fill_slots(names, ends, slots):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(slots) - 1)
    for k in range(len(ends) - 1):
        at = hash_of(names, ends[k], ends[k + 1]) & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = k


@njit(cache=True, nogil=True)
def _find(data, a, b, names, ends, slots):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(slots) - 1)
    at = hash_of(data, a, b) & mask
    while slots[at] >= 0:
        k = slots[at]
        if same(data, a, b, names, ends[k], ends[k + 1]):
            return k
        at = (at + np.uint64(1)) & mask
    return np.int64(-1)


@njit(cache=True, nogil=True)
def _split(data, a, b, cells):  # type: ignore[no-untyped-def]
    """Fill the ends of the first four cells; return how many there are, or -1."""
    count, cell = 0, a
    for i in range(a, b + 1):
        if i == b or data[i] == _COMMA:
            if count < 4:
                cells[count, 0], cells[count, 1] = trimmed(data, cell, i)
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
    days = days_of(data, a) if b - a >= 16 else BAD
    instant, local = (BAD, False) if days == BAD else instant_of(data, a, b, days)
    if instant == BAD:
        return series, 0, False, 0.0, 2, TIME
    a, b = cells[2, 0], cells[2, 1]
    if a == b:
        return series, instant, local, 0.0, 2, NO_VALUE
    number, state = number_of(data, a, b)
    verdict = NO_FLAG if wanted < 4 else flag_of(data, cells[3, 0], cells[3, 1])
    if verdict < 0 and state != VALUE:
        state = FLAG
    return series, instant, local, number, max(verdict, 0), state


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
    month, day, days = np.uint64(0), np.uint64(0), BAD  # date of the row before
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
            if not is_code(text, a, name + ends[place], size):
                place = follow[known]
                size = ends[place + 1] - ends[place]
                if a + size >= safe:
                    break
                if not is_code(text, a, name + ends[place], size):
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
                days, month, day = days_of(data, a), first, rest
                mark = byte(text, a + 10)
                if mark != 84 and mark != _SPACE and mark != 116:
                    days = BAD
            if days == BAD:
                break
            clock, a = clock_at(text, a + 11)
            if clock == BAD:
                break
            instant = days * np.int64(86_400_000_000) + clock
            zoneless = byte(text, a) == _COMMA
            if not zoneless:
                if byte(text, a) == 90 or byte(text, a) == 122:
                    a += 1
                else:
                    offset = word(text, a) & _SIX_BYTES
                    if offset != zone:
                        zone, east = offset, offset_of(data, a, a + 6)
                    if east == BAD:
                        break
                    instant -= east
                    a += 6
                if byte(text, a) != _COMMA:
                    break
            stop = _LF if wanted == 3 else _COMMA
            whole, places, minus, b = number_at(text, a + 1, stop)
            if b >= 0:
                if whole < 0:
                    break
                number = np.float64(whole) / POWERS[places]
                if minus and whole != 0:
                    number = -number
            else:
                b = a + 1
                while b < safe and byte(text, b) != _LF and byte(text, b) != stop:
                    b += 1
                if b == safe or byte(text, b) != stop:
                    break
                number, state = number_of(
                    data, a + 1, b - (stop == _LF and byte(text, b - 1) == _CR)
                )
                if state != OK:
                    break
            verdict = np.int64(NO_FLAG)
            if wanted == 4:
                verdict, b = flag_at(text, b + 1)
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
        ta, tb = trimmed(data, a, b)
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
    count, whole = np.int64(0), len(data) // 128 * 128
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
    """Say where the rows that `read` finds stand: line from 0, first and end byte."""
    row, number, at = 0, 0, 0
    while at < len(data):
        a = b = at
        while b < len(data) and data[b] != _LF:
            b += 1
        at = b + 1
        if b > a and data[b - 1] == _CR:
            b -= 1
        ta, tb = trimmed(data, a, b)
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
