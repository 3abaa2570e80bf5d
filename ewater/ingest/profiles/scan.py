"""Compiled passes over text: cells of lines, groups of equal cells, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ewater.ingest.cells import CELLS, NO_VALUE, OK, VALUE
from ewater.ingest.cells import hash_of as _hash
from ewater.ingest.cells import number_of as _number
from ewater.ingest.cells import same as _same
from ewater.ingest.cells import trimmed as _trim

if TYPE_CHECKING:
    from numpy.typing import NDArray

DELIMITED, WHITESPACE, FIXED = range(3)
_QUOTE, _CR = 34, 13
_SPACE, _TAB, _PLUS, _MINUS, _DOT, _ZERO, _NINE = 32, 9, 43, 45, 46, 48, 57
_ROOM = 64  # no number is longer


@njit(cache=True, nogil=True)
def _delimited(data, a, b, delimiter, quote, wanted, out):  # type: ignore[no-untyped-def]
    """Fill the ends of the wanted cells; return how many cells there are, or -1."""
    count, cell, inside, next_wanted = 0, a, False, 0
    for i in range(a, b + 1):
        if i < b and data[i] == quote:
            inside = not inside
        elif i == b or (data[i] == delimiter and not inside):
            if next_wanted < len(wanted) and wanted[next_wanted] == count:
                c, d = _trim(data, cell, i)
                if d - c >= 2 and data[c] == quote and data[d - 1] == quote:
                    c, d = _trim(data, c + 1, d - 1)
                out[next_wanted, 0], out[next_wanted, 1] = c, d
                next_wanted += 1
            count += 1
            cell = i + 1
    return -1 if inside else count


@njit(cache=True, nogil=True)
def _spaced(data, a, b, wanted, out):  # type: ignore[no-untyped-def]
    """Split at runs of spaces and tabs."""
    count, next_wanted, i = 0, 0, a
    while i < b:
        while i < b and (data[i] == _SPACE or data[i] == _TAB):
            i += 1
        if i == b:
            break
        cell = i
        while i < b and data[i] != _SPACE and data[i] != _TAB:
            i += 1
        if next_wanted < len(wanted) and wanted[next_wanted] == count:
            out[next_wanted, 0], out[next_wanted, 1] = cell, i
            next_wanted += 1
        count += 1
    return count


@njit(cache=True, nogil=True)
def _fixed(data, a, b, spans, out):  # type: ignore[no-untyped-def]
    """Take the characters of each span; return how many spans the line reaches."""
    for k in range(len(spans)):
        at, c, d = 0, b, b
        for i in range(a, b):
            if data[i] & 0xC0 == 0x80:  # inside a character
                continue
            if at == spans[k, 0]:
                c = i
            if at == spans[k, 1]:
                d = i
                break
            at += 1
        out[k, 0], out[k, 1] = _trim(data, c, d)
    return len(spans)


@njit(cache=True, nogil=True)
def cells(data, ends_of_lines, comment, kind, marks, wanted, expected, out):  # type: ignore[no-untyped-def]
    """Find the wanted cells of every line that is neither blank nor a comment.

    ``marks`` are delimiter and quote (-1: none), ``wanted`` the numbers of cells in
    rising order, or spans of characters (cell, 2). ``out`` is a tuple of arrays with
    room for every line: cells (line, cell, 2), status, line (from 0), first byte, end
    byte. Returns how many rows there are.
    """
    found, status, line, first, last = out
    row, at = 0, 0
    for number in range(len(ends_of_lines)):
        a, b = at, ends_of_lines[number]
        at = b + 1
        if b > a and data[b - 1] == _CR:
            b -= 1
        ta, tb = _trim(data, a, b)
        if ta == tb:
            continue
        c = len(comment)
        if 0 < c <= tb - ta and _same(data, ta, ta + c, comment, 0, c):
            continue
        line[row], first[row], last[row], status[row] = number, a, b, OK
        if kind == DELIMITED:
            count = _delimited(data, a, b, marks[0], marks[1], wanted[:, 0], found[row])
        elif kind == WHITESPACE:
            count = _spaced(data, a, b, wanted[:, 0], found[row])
        else:
            count = _fixed(data, a, b, wanted, found[row])
        if count != expected:
            status[row] = CELLS
            found[row] = 0
        row += 1
    return row


@njit(cache=True, nogil=True)
def _alike(data, found, i, j):  # type: ignore[no-untyped-def]
    for k in range(found.shape[1]):
        a, b, c, d = found[i, k, 0], found[i, k, 1], found[j, k, 0], found[j, k, 1]
        if not _same(data, a, b, data, c, d):
            return False
    return True


@njit(cache=True, nogil=True)
def _enlarged(old, hashes, size):  # type: ignore[no-untyped-def]
    slots = np.full(size, -1, np.int64)
    for group in old:
        if group >= 0:
            at = hashes[group] & np.uint64(size - 1)
            while slots[at] >= 0:
                at = (at + np.uint64(1)) & np.uint64(size - 1)
            slots[at] = group
    return slots


@njit(cache=True, nogil=True)
def groups(data, found):  # type: ignore[no-untyped-def]
    """Say which rows are alike by the text of their cells (row, cell, 2).

    Gives the group of each row, and a row of each group.
    """
    rows = len(found)
    group = np.empty(rows, np.int64)
    members = np.empty(rows, np.int64)
    hashes = np.empty(rows, np.uint64)
    slots = np.full(64, -1, np.int64)
    count = 0
    for i in range(rows):
        if i > 0 and _alike(data, found, i, i - 1):
            group[i] = group[i - 1]
            continue
        h = np.uint64(1)
        for k in range(found.shape[1]):
            h = h * np.uint64(31) + _hash(data, found[i, k, 0], found[i, k, 1])
        at = h & np.uint64(len(slots) - 1)
        while slots[at] >= 0 and not _alike(data, found, i, members[slots[at]]):
            at = (at + np.uint64(1)) & np.uint64(len(slots) - 1)
        if slots[at] < 0:
            slots[at], members[count], hashes[count] = count, i, h
            group[i] = count
            count += 1
            if 2 * count > len(slots):
                slots = _enlarged(slots, hashes, 4 * len(slots))
        else:
            group[i] = slots[at]
    return group, members[:count].copy()


@njit(cache=True, nogil=True)
def _plain(data, a, b, decimal, thousands, scratch):  # type: ignore[no-untyped-def]
    """Copy a number with a decimal point and no thousands marks; its length or -1.

    Groups between thousands marks have three digits, the first one to three: what is
    grouped otherwise is no number, so that a decimal mark is never taken for one.
    """
    n, run, marked, behind = 0, 0, False, False
    for i in range(a, b):
        c = data[i]
        if n >= _ROOM:
            return -1
        if c == thousands and not behind:
            if run == 0 or run > 3 or (marked and run != 3):
                return -1
            marked, run = True, 0
            continue
        if c == decimal and not behind:
            if marked and run != 3:
                return -1
            behind = True
            scratch[n] = _DOT
        elif c == _DOT:
            return -1
        else:
            run += _ZERO <= c <= _NINE
            behind |= c == 69 or c == 101  # an exponent has no thousands
            scratch[n] = c
        n += 1
    return -1 if marked and not behind and run != 3 else n


@njit(cache=True, nogil=True)
def numbers(data, found, decimal, thousands, value, status):  # type: ignore[no-untyped-def]
    """Read a number from each cell (row, 2) of a row that is fine so far."""
    scratch = np.empty(_ROOM, np.uint8)
    for i in range(len(found)):
        value[i] = np.nan
        if status[i] != OK:
            continue
        a, b = found[i, 0], found[i, 1]
        if a == b:
            status[i] = NO_VALUE
        elif decimal == _DOT and thousands < 0:
            value[i], status[i] = _number(data, a, b)
        else:
            n = _plain(data, a, b, decimal, thousands, scratch)
            if n <= 0:
                status[i] = VALUE
                continue
            value[i], status[i] = _number(scratch, 0, n)


def text_of(data: NDArray[np.uint8], cell: NDArray[np.int64]) -> str:
    """Text of one cell; doubled quotes are one."""
    raw = data[cell[0] : cell[1]].tobytes()
    return raw.decode("utf-8", "replace").replace('""', '"')
