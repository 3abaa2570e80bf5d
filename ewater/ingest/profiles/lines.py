"""Cells of many readings become lines of text at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SEPARATOR = str.maketrans("\t\r\n", "   ")


def joined(rows: Iterable[Sequence[str]], width: int) -> str:
    """Write rows of ``width`` cells between tabs; what would end a cell is a space.

    Examples
    --------
    >>> joined([("a", "1"), ("b", "2 ")], 2).split()
    ['a', '1', 'b', '2']
    """
    kept = rows if isinstance(rows, list) else list(rows)
    if not kept:
        return ""
    text = "\n".join(["\t".join(row) for row in kept]) + "\n"
    count = len(kept)
    whole = text.count("\n") == count and text.count("\t") == count * (width - 1)
    if whole and "\r" not in text:
        return text
    cells = ([cell.translate(_SEPARATOR) for cell in row] for row in kept)
    return "".join(["\t".join(row) + "\n" for row in cells])


def headed(head: Sequence[str], lines: str) -> bytes:
    """Put cells that all lines have in common before each of them.

    Examples
    --------
    >>> headed(["S"], joined([("1",), ("2",)], 1)).split()
    [b'S', b'1', b'S', b'2']
    """
    if not lines:
        return b""
    start = "\t".join([cell.translate(_SEPARATOR) for cell in head]) + "\t"
    return (start + lines[:-1].replace("\n", "\n" + start) + "\n").encode()
