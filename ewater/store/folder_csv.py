"""CSV files of a country folder: UTF-8, one header, lines as an editor counts."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ewater.errors import Fault
from ewater.store.folder_table import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ewater.store.folder_schema import File

Rows = tuple[list[str], list[list[str]], list[int]]


def decode(raw: bytes, name: str, faults: list[Fault]) -> str | None:
    """Read bytes as UTF-8; a byte-order mark is passed over."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        faults.append(
            Fault(
                file=name,
                line=line,
                column=None,
                message=f"byte 0x{byte:02x} is not UTF-8",
                allowed="a file saved as UTF-8",
            )
        )
        return None


def parse(raw: bytes, file: File, faults: list[Fault]) -> Rows | None:
    """Split a file into header, rows and their lines; None if it cannot be read.

    A row with a wrong number of cells is a fault and left out; so is the rest of
    the file behind a quote that is never closed.
    """
    text = decode(raw, file.file_name, faults)
    if text is None:
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(
            Fault(
                file=file.file_name,
                line=line,
                column=None,
                message=f"is not CSV from here on: {error}",
                allowed='cells in double quotes, "" for a quote inside',
            )
        )
    if not rows:
        faults.append(
            Fault(
                file=file.file_name,
                line=1,
                column=None,
                message="has no header",
                allowed=",".join(file.names),
            )
        )
        return None
    header = rows[0]
    wrong = header_faults(header, file)
    if wrong:
        faults.extend(wrong)
        return None
    return _rectangular(header, rows[1:], lines[1:], file, faults)


def _rectangular(
    header: list[str],
    rows: list[list[str]],
    lines: list[int],
    file: File,
    faults: list[Fault],
) -> Rows:
    width = len(header)
    faults.extend(
        Fault(
            file=file.file_name,
            line=line,
            column=None,
            message=f"has {len(row)} cells",
            allowed=f"{width} cells, as the header",
        )
        for row, line in zip(rows, lines, strict=True)
        if len(row) != width
    )
    whole = [
        (row, line) for row, line in zip(rows, lines, strict=True) if len(row) == width
    ]
    return header, [row for row, _ in whole], [line for _, line in whole]


def header_faults(header: Sequence[str], file: File) -> list[Fault]:
    """Columns that are unknown, repeated, or required and not there."""
    messages = [
        (name, "is not a column of this file", nearest(name, file.names, "a column"))
        for name in header
        if name not in file.names
    ]
    messages += [
        (name, "stands twice in the header", "each column once")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    messages += [
        (column.name, "is missing from the header", ",".join(file.names))
        for column in file.columns
        if column.required and column.name not in header
    ]
    return [
        Fault(
            file=file.file_name, line=1, column=name, message=message, allowed=allowed
        )
        for name, message, allowed in messages
    ]


def render(header: Iterable[str], columns: Sequence[Sequence[str | None]]) -> bytes:
    """Write a header and columns of cells; None becomes an empty cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue().encode("utf-8")
