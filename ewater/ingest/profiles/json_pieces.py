"""A JSON document of any size, its long arrays read in pieces.

Parsed whole, a document takes ten times its bytes and most of the time goes into
collecting garbage. Here its long arrays are cut at commas: what is left of the
document is parsed at once, and each piece when its elements are wanted.
"""

from __future__ import annotations

import codecs
import gc
import json
import secrets
import threading
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LONG = 1 << 20  # bytes of an array that is read in pieces
_PIECE = 1 << 20  # bytes that are parsed at a time
_DEEPEST = 500
_QUOTE, _BACKSLASH, _COMMA = 34, 92, 44
_OPEN, _CLOSE, _OPEN_OBJECT, _CLOSE_OBJECT = 91, 93, 123, 125


@njit(cache=True, nogil=True)
def _long_arrays(data, long, piece, cuts, arrays):  # type: ignore[no-untyped-def]  # noqa: C901
    """Find the arrays of at least ``long`` bytes that have none such inside.

    ``cuts`` gets commas of arrays, ``piece`` bytes apart: number of the array and
    place; ``arrays`` gets number, first byte inside and end. Returns how many of
    each, or -1 where brackets do not match or there is no more room.
    """
    opened = np.empty(_DEEPEST, np.int64)  # place of the bracket; objects negative
    number = np.empty(_DEEPEST, np.int64)
    cut = np.empty(_DEEPEST, np.int64)
    depth, count, n_cuts, n_arrays, i = 0, 0, 0, 0, 0
    size = len(data)
    while i < size:
        c = data[i]
        if c == _QUOTE:
            i += 1
            while i < size and data[i] != _QUOTE:
                i += 2 if data[i] == _BACKSLASH else 1
            if i >= size:
                return -1, -1
        elif c in (_OPEN, _OPEN_OBJECT):
            if depth == _DEEPEST:
                return -1, -1
            opened[depth] = i + 1 if c == _OPEN else -1
            number[depth], cut[depth] = count, i
            count += 1
            depth += 1
        elif c in (_CLOSE, _CLOSE_OBJECT):
            depth -= 1
            if depth < 0 or (opened[depth] < 0) == (c == _CLOSE):
                return -1, -1
            if c == _CLOSE and i - opened[depth] >= long:
                inside = n_arrays > 0 and arrays[n_arrays - 1, 1] > opened[depth]
                if not inside:
                    if n_arrays == len(arrays):
                        return -1, -1
                    arrays[n_arrays, 0] = number[depth]
                    arrays[n_arrays, 1], arrays[n_arrays, 2] = opened[depth], i
                    n_arrays += 1
        elif (
            c == _COMMA
            and depth > 0
            and opened[depth - 1] >= 0
            and i - cut[depth - 1] >= piece
        ):
            if n_cuts == len(cuts):
                return -1, -1
            cuts[n_cuts, 0], cuts[n_cuts, 1] = number[depth - 1], i
            cut[depth - 1] = i
            n_cuts += 1
        i += 1
    return (n_cuts, n_arrays) if depth == 0 else (-1, -1)


class _Pause:
    """No cyclic garbage is looked for while a piece is parsed: JSON has no cycles.

    Else the collector walks all objects of the process again and again, which takes
    five times as long as the parsing. Several threads may pause it at once.
    """

    def __init__(self) -> None:
        self._lock, self._count, self._enabled = threading.Lock(), 0, False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._count == 0:
                self._enabled = gc.isenabled()
                gc.disable()
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                if self._count == 0 and self._enabled:
                    gc.enable()


_paused = _Pause()


class Document:
    """A parsed document; `elements` gives those of any of its lists.

    Raises
    ------
    ValueError
        It is broken, nested too deeply or no UTF-8; the message names the place.

    Examples
    --------
    >>> document = Document(b'{"value": [1, 2]}')
    >>> list(document.elements(document.root["value"]))
    [[1, 2]]
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw.removeprefix(codecs.BOM_UTF8)
        self._mark = f"\0{secrets.token_hex(8)}"
        self._ends: list[NDArray[np.int64]] = []
        self.root = self._parsed(self._skeleton(), 0)

    def _skeleton(self) -> bytes:
        """Give the document with a mark in place of the elements of long arrays."""
        raw = self._raw
        if len(raw) < LONG:
            return raw
        room = len(raw) // min(LONG, _PIECE) + 1
        cuts = np.empty((room * 4, 2), np.int64)
        arrays = np.empty((room, 3), np.int64)
        data = np.frombuffer(raw, np.uint8)
        n_cuts, n_arrays = _long_arrays(data, LONG, _PIECE, cuts, arrays)
        if n_arrays < 0:
            return raw
        parts, at = [], 0
        for number, first, end in arrays[:n_arrays].tolist():
            mark = json.dumps(f"{self._mark}{len(self._ends)}").encode()
            parts += [raw[at:first], mark]
            own = cuts[:n_cuts][cuts[:n_cuts, 0] == number, 1]
            self._ends.append(np.concatenate([[first - 1], own, [end]]))
            at = end
        return b"".join([*parts, raw[at:]])

    def _parsed(self, raw: bytes, offset: int) -> Any:
        try:
            with _paused():
                return json.loads(raw.decode())
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        except UnicodeDecodeError as error:
            at = self._undecodable(offset + error.start)
            raise ValueError(f"byte {at} is not UTF-8") from error
        except json.JSONDecodeError as error:
            raise ValueError(f"broken JSON: {self._broken() or error}") from error

    def _undecodable(self, otherwise: int) -> int:
        """Place of the first byte of the document that is no UTF-8."""
        try:
            self._raw.decode()
        except UnicodeDecodeError as error:
            return error.start
        return otherwise

    def _broken(self) -> str:
        """Say what is wrong with the document: its line and column in the whole."""
        try:
            json.loads(self._raw.decode())
        except ValueError as error:
            return str(error)
        return ""

    def elements(self, values: Any) -> Iterator[list[Any]]:
        """Elements of a list of the document, some at a time."""
        if not isinstance(values, list):
            raise TypeError(f"{str(values)[:40]!r} where a list belongs")
        first = values[0] if len(values) == 1 else None
        if not (isinstance(first, str) and first.startswith(self._mark)):
            yield values
            return
        ends = self._ends[int(first.removeprefix(self._mark))].tolist()
        for before, end in pairwise(ends):
            found = self._parsed(b"[%b]" % self._raw[before + 1 : end], before)
            if not found and len(ends) > 2:
                raise ValueError(f"broken JSON: {self._broken() or 'nothing'}")
            yield found
