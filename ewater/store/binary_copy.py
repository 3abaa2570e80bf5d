"""Columns as the bytes of PostgreSQL's binary COPY, without an object for each cell.

The form is that of the manual of COPY: of every row the number of its fields, of every
field its length and its bytes, the highest first; a length of -1 is NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
#: Bytes of a time, and PostgreSQL's epoch, the year 2000, since that of numpy.
_SINCE = {"M8[us]": (8, 946_684_800_000_000), "M8[D]": (4, 10_957)}
_BLOCK = 20_000  # rows that are in memory as bytes


def blocks(columns: Sequence[NDArray[Any]]) -> Iterator[bytes]:
    """Write rows of columns.

    Parameters
    ----------
    columns
        Of one length: ``float64`` (NaN becomes NULL), ``int32``, ``M8[D]``, ``M8[us]``
        (UTC), or ``bytes`` of one length, the text in UTF-8.

    Yields
    ------
    bytes
        To be given to ``copy.write``, in order.

    Examples
    --------
    >>> b"".join(blocks([np.array([np.nan, 1.0])]))[19:].hex(" ", 2)
    '0001 ffff ffff 0001 0000 0008 3ff0 0000 0000 0000 ffff'
    """
    yield _HEADER
    for start in range(0, len(columns[0]), _BLOCK):
        yield _rows([column[start : start + _BLOCK] for column in columns])
    yield _TRAILER


def _rows(columns: Sequence[NDArray[Any]]) -> bytes:
    wires = [_wire(column) for column in columns]
    layout = [("fields", ">i2")]
    for place, wire in enumerate(wires):
        layout += [(f"length{place}", ">i4"), (f"value{place}", wire.dtype.str)]
    rows = np.empty(len(columns[0]), layout)
    rows["fields"] = len(columns)
    for place, wire in enumerate(wires):
        rows[f"length{place}"] = wire.dtype.itemsize
        rows[f"value{place}"] = wire
    keep = np.ones((len(rows), rows.dtype.itemsize), np.bool_)
    for place, column in enumerate(columns):
        if column.dtype.kind != "f":
            continue
        unknown = np.isnan(column)
        rows[f"length{place}"][unknown] = -1
        at = rows.dtype.fields[f"value{place}"][1]  # type: ignore[index]
        keep[:, at : at + 8] = ~unknown[:, None]
    return rows.view(np.uint8).reshape(keep.shape)[keep].tobytes()


def _wire(column: NDArray[Any]) -> NDArray[Any]:
    """Write the values of a column as they are sent."""
    kind = column.dtype.str[1:]
    if kind in _SINCE:
        width, epoch = _SINCE[kind]
        since: NDArray[Any] = (column.view(np.int64) - epoch).astype(f">i{width}")
        return since
    if kind in ("f8", "i4"):
        turned: NDArray[Any] = column.astype(f">{kind}")
        return turned
    if column.dtype.kind != "S":
        raise TypeError(f"a column of {column.dtype} is not written")
    if (np.char.str_len(column) != column.dtype.itemsize).any():
        raise ValueError("texts of a column are of one length, and not empty")
    return column
