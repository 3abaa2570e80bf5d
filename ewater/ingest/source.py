"""Where the bytes of a load come from, in blocks of whole rows."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ewater.errors import Fault, FaultsError
from ewater.ingest.rows import count_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BLOCK = 4 << 20
LONGEST_ROW = 1 << 20
_LOOK = 4096
_BOM = b"\xef\xbb\xbf"


class Source(Protocol):
    """Something that gives the same bytes each time it is asked."""

    @property
    def name(self) -> str:
        """Name for people."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def blocks(self) -> Iterator[bytes]:
        """All bytes in order, cut after line breaks."""


@dataclass(frozen=True, slots=True)
class File:
    """A file on disk; ``in_lines`` False cuts it anywhere."""

    path: Path
    in_lines: bool = True

    @property
    def name(self) -> str:
        """Name without its folders: those are no part of what was received."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes in the file now."""
        return self.path.stat().st_size

    def blocks(self) -> Iterator[bytes]:
        """Read the file, a few megabytes at a time.

        Raises
        ------
        FaultsError
            It has no line breaks, or is cut off while it is read.
        """
        with self.path.open("rb", buffering=0) as file:
            size, at = os.fstat(file.fileno()).st_size, 0
            while at < size:
                stop = self._cut(file.fileno(), at, size)
                yield self._read(file.fileno(), at, stop)
                at = stop

    def _cut(self, file: int, at: int, size: int) -> int:
        """Where the block that starts at a byte ends: after a line break."""
        stop = at + BLOCK
        if stop >= size:
            return size
        if not self.in_lines:
            return stop
        for look in (min(_LOOK, BLOCK), BLOCK):  # mostly a row is short
            found = self._read(file, stop - look, stop).rfind(b"\n")
            if found >= 0:
                return stop - look + found + 1
        ahead = min(stop + LONGEST_ROW, size)
        found = self._read(file, stop, ahead).find(b"\n")
        if found >= 0:
            return stop + found + 1
        if ahead < size:
            raise FaultsError([self._no_rows()])
        return size

    def _read(self, file: int, at: int, stop: int) -> bytes:
        data = os.pread(file, stop - at, at)
        while len(data) < stop - at:  # a network disk may give less than was asked
            more = os.pread(file, stop - at - len(data), at + len(data))
            if not more:
                raise FaultsError([self._cut_off(at + len(data))])
            data += more
        return data

    def _cut_off(self, at: int) -> Fault:
        return Fault(
            file=self.name,
            line=None,
            column=None,
            message=f"cut off at byte {at} while it was read",
            allowed="load a file that nobody writes to",
        )

    def _no_rows(self) -> Fault:
        return Fault(
            file=self.name,
            line=None,
            column=None,
            message="no line breaks",
            allowed="give a text file with one row a line",
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """Rows held in memory."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.data)

    def blocks(self) -> Iterator[bytes]:
        """Give all in one block."""
        if self.data:
            yield self.data


def unparted(source: Source) -> Source:
    """Let a file be read in any pieces: its lines are not asked for."""
    return File(source.path, in_lines=False) if isinstance(source, File) else source


def digest(source: Source) -> bytes:
    """SHA-256 of all bytes."""
    found = hashlib.sha256()
    for block in source.blocks():
        found.update(block)
    return found.digest()


def header(source: Source) -> str:
    """First line, without byte-order mark and spaces.

    Raises
    ------
    FaultsError
        The file is empty or its first line is no text.
    """
    first = next(iter(source.blocks()), b"")
    line = first.split(b"\n", 1)[0].removeprefix(_BOM)
    try:
        text = line.decode("utf-8").strip().replace('"', "")
    except UnicodeDecodeError as error:
        raise FaultsError(
            [_header_fault(source, "the header is not UTF-8 text")]
        ) from error
    if not text:
        raise FaultsError([_header_fault(source, "the file has no header")])
    return ",".join(cell.strip() for cell in text.split(","))


def _header_fault(source: Source, message: str) -> Fault:
    return Fault(
        file=source.name,
        line=1,
        column=None,
        message=message,
        allowed="start with series,time,value or series,time,value,flag",
    )


def bodies(
    source: Source, tap: Callable[[bytes], None] | None = None
) -> Iterator[tuple[bytes, int]]:
    """Blocks without the header, each with the number of its first line.

    ``tap`` is given every block as it was read, header included.
    """
    line = 1
    for block in source.blocks():
        if tap:
            tap(block)
        lines = int(count_lines(np.frombuffer(block, np.uint8)))
        if line == 1:
            body = block.split(b"\n", 1)[1] if lines else b""
            yield body, 2
        else:
            yield block, line
        line += lines
