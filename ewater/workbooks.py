"""Workbooks of any kind: how large they may be, and how their cells are called."""

from __future__ import annotations

import io
import zipfile

_LARGEST_SHEET = 512 << 20  # bytes that a workbook may unpack to
_LARGEST_RATIO = 200


def check_size(raw: bytes) -> None:
    """Refuse a workbook that unpacks to far more than it is.

    Raises
    ------
    ValueError
        It does, or is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ValueError(f"no workbook: {error}") from error
    if size > _LARGEST_SHEET or size > _LARGEST_RATIO * max(len(raw), 1 << 16):
        raise ValueError(f"it unpacks to {size:,} bytes, which is refused")


def letter(column: int) -> str:
    """Letter of a column, counted from 1.

    Examples
    --------
    >>> letter(1), letter(26), letter(27), letter(703)
    ('A', 'Z', 'AA', 'AAA')
    """
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def place(sheet: str, column: int, row: int) -> str:
    """Name a cell as a spreadsheet does.

    Examples
    --------
    >>> place("Reservoir", 4, 17)
    'Reservoir!D17'
    """
    return f"{sheet}!{letter(column)}{row}"
