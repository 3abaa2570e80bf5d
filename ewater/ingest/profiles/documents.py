"""Documents, workbooks and tables become lines of tab-separated text.

So that one reader settles times, values, flags and series of every format, and a
reject of any of them has a text. Their lines count readings, or rows of a sheet.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ewater.ingest.profiles import json_documents, tables, text, xml_documents
from ewater.ingest.profiles.model import DOCUMENT_COLUMNS, Profile
from ewater.ingest.source import BLOCK, unparted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ewater.errors import FaultsError
    from ewater.ingest.source import Source

LARGEST = 96 << 20  # a document is in memory whole
_READERS: dict[str, Callable[[bytes, Profile], Any]] = {
    "waterml1": xml_documents.waterml1,
    "waterml2": xml_documents.waterml2,
    "usgs-json": json_documents.usgs,
    "sensorthings": json_documents.sensorthings,
    "cwms-json": json_documents.cwms,
    "xlsx": tables.xlsx,
    "parquet": tables.parquet,
}
_SEPARATOR = str.maketrans("\t\r\n", "   ")


def is_one(profile: Profile) -> bool:
    """Whether files are of a format other than text."""
    return profile.format in _READERS


def as_text(profile: Profile) -> Profile:
    """Give the profile of the lines that the documents become."""
    if not is_one(profile):
        return profile
    said = profile.text.model_copy(
        update={
            "encoding": "utf-8",
            "delimiter": "tab",
            "quote": "none",
            "comment": "",
            "starts": None,
            "fixed": None,
        }
    )
    if profile.format in DOCUMENT_COLUMNS:
        names = list(DOCUMENT_COLUMNS[profile.format])
        plain = {"header": False, "names": names, "skip": 0, "after": 0}
        said = said.model_copy(update=plain | {"decimal": ".", "thousands": "none"})
    elif profile.format == "parquet":
        plain = {"header": True, "names": None, "skip": 0, "after": 0}
        said = said.model_copy(update=plain)
    return profile.model_copy(update={"text": said})


def blocks(
    source: Source, profile: Profile, tap: Callable[[bytes], None] | None
) -> Iterator[text.Block]:
    """Read a document whole and give its lines.

    Raises
    ------
    FaultsError
        It is too large, damaged, or of another format.
    """
    raw = _whole(source, tap)
    if not raw.strip():
        raise text.fault(source.name, None, "the file is empty", "a whole document")
    try:
        number = 0 if profile.format == "parquet" else 1
        for body in _gathered(_READERS[profile.format](raw, profile)):
            yield text.Block(body, number)
            number += body.count(b"\n")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise text.fault(
            source.name,
            None,
            f"no whole {profile.format}: {_said(error)}; nothing of it is loaded",
            f"a document that profile {profile.name} describes",
        ) from error


def _gathered(lines: Iterator[list[str] | bytes]) -> Iterator[bytes]:
    """Join lines to blocks."""
    parts, size = [], 0
    for line in map(_line, lines):
        parts.append(line)
        size += len(line)
        if size >= BLOCK:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _line(cells: list[str] | bytes) -> bytes:
    """One line of cells; a table gives many lines at once."""
    if isinstance(cells, bytes):
        return cells
    line = "\t".join(cells)
    if line.count("\t") != max(len(cells) - 1, 0) or "\n" in line or "\r" in line:
        line = "\t".join([cell.translate(_SEPARATOR) for cell in cells])
    return (line + "\n").encode()


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!r}"
    return str(error) or type(error).__name__


def _whole(source: Source, tap: Callable[[bytes], None] | None) -> bytes:
    if source.size > LARGEST:
        raise _too_large(source)
    held = io.BytesIO()  # gives what it holds without a copy, unlike a join
    for part in source.blocks():
        held.write(part)
        if tap:
            tap(part)
    return held.getvalue()


def _too_large(source: Source) -> FaultsError:
    return text.fault(
        source.name,
        None,
        f"{source.size:,} bytes are too many for one document",
        f"at most {LARGEST:,}; ask the source for shorter spans",
    )


def uncut(source: Source, profile: Profile) -> Source:
    """Let a document be read in any pieces: it may be a single line."""
    return unparted(source) if is_one(profile) else source
