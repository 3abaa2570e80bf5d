"""Cells of many readings become lines of text at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEPARATOR = str.maketrans("\t\r\n", "   ")


def joined(*columns: Sequence[str]) -> str:
    """Write columns of cells as rows with tabs; what would end a cell is a space.

    Examples
    --------
    >>> joined(["a", "b"], ["1", "2 "]).split()
    ['a', '1', 'b', '2']
    """
    count = len(columns[0])
    if not count:
        return ""
    text = "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"
    whole = text.count("\n") == count and text.count("\t") == count * (len(columns) - 1)
    if whole and "\r" not in text:
        return text
    return joined(*([cell.translate(_SEPARATOR) for cell in c] for c in columns))


def headed(head: Sequence[str], lines: str) -> bytes:
    """Put cells that all lines have in common before each of them.

    Examples
    --------
    >>> headed(["S"], joined(["1", "2"])).split()
    [b'S', b'1', b'S', b'2']
    """
    if not lines:
        return b""
    start = "\t".join([cell.translate(_SEPARATOR) for cell in head]) + "\t"
    return (start + lines[:-1].replace("\n", "\n" + start) + "\n").encode()
