"""Bytes of a source become blocks of UTF-8 lines behind the header."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import Fault, FaultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.source import Source

_BOMS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_LF = 10
_HEAD_LINES = 2_000  # no header is longer
DELIMITERS = {"tab": "\t", "whitespace": " "}


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, and the number of the first."""

    body: bytes
    first_line: int


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the rows."""

    names: list[str]
    lines: list[str]
    line: str  # the one with the names


def fault(source: str, line: int | None, message: str, allowed: str) -> FaultsError:
    """Make the error that refuses a whole file."""
    return FaultsError(
        [Fault(file=source, line=line, column=None, message=message, allowed=allowed)]
    )


def _codec(first: bytes, profile: Profile, name: str) -> str:
    given = profile.text.encoding
    for mark, family in _BOMS.items():
        if first.startswith(mark) and not given.startswith(family):
            raise fault(
                name,
                1,
                f"the file starts as {family} does, the profile says {given}",
                f"text.encoding: {family}",
            )
    marked = any(first.startswith(mark) for mark in _BOMS)
    if given == "utf-16" and not marked:
        raise fault(
            name, 1, "no byte-order mark", "text.encoding: utf-16-le or utf-16-be"
        )
    if given.startswith("utf-16") and marked:
        return "utf-16"
    return "utf-8-sig" if given == "utf-8" else given


def utf8_blocks(
    source: Source, profile: Profile, tap: Callable[[bytes], None] | None
) -> Iterator[Block]:
    """Decode a file strictly, in blocks of whole lines.

    Raises
    ------
    FaultsError
        A byte is not of the declared encoding: offset and line are named.
    """
    decoder: codecs.IncrementalDecoder | None = None
    rest, line, offset, plain = b"", 1, 0, False
    for raw in source.blocks():
        if tap:
            tap(raw)
        if decoder is None:
            codec = _codec(raw, profile, source.name)
            decoder = codecs.getincrementaldecoder(codec)("strict")
            plain = codec.startswith("utf-8")
        try:
            found = _utf8(raw, decoder, plain=plain)
        except UnicodeDecodeError as error:
            raise _undecodable(source, profile, raw, offset, line, error) from error
        offset += len(raw)
        text = rest + found if rest else found
        cut = text.rfind(b"\n") + 1
        body, rest = (text, b"") if cut == len(text) else (text[:cut], text[cut:])
        if body:
            yield _checked(body, line, source.name)
            line += lines_in(body)
    if decoder is not None:
        try:
            rest += decoder.decode(b"", final=True).encode()
        except UnicodeDecodeError as error:
            raise _undecodable(source, profile, b"", offset, line, error) from error
    if rest:
        yield _checked(rest, line, source.name)


def _utf8(raw: bytes, decoder: codecs.IncrementalDecoder, *, plain: bool) -> bytes:
    """Decode and encode; ASCII in UTF-8 is what it is."""
    if plain and raw.isascii() and not decoder.getstate()[0]:
        return raw
    return decoder.decode(raw).encode()


def lines_in(body: bytes) -> int:
    """How many line breaks there are."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == _LF))


def _checked(body: bytes, line: int, name: str) -> Block:
    at = body.find(b"\0")
    if at >= 0:
        raise fault(
            name,
            line + body.count(b"\n", 0, at),
            "NUL in the text: the file is damaged or of another encoding",
            "if it is UTF-16, say text.encoding: utf-16",
        )
    return Block(body, line)


def _undecodable(
    source: Source,
    profile: Profile,
    raw: bytes,
    offset: int,
    line: int,
    error: UnicodeDecodeError,
) -> FaultsError:
    at = offset + error.start
    byte = f"0x{raw[error.start]:02x}" if error.start < len(raw) else "the end"
    return fault(
        source.name,
        line + raw.count(b"\n", 0, error.start),
        f"{byte} at byte {at} is not {profile.text.encoding}",
        "declare the encoding of the file in text.encoding",
    )


def split(line: str, profile: Profile) -> list[str]:
    """Cells of the header line."""
    kind, quote = profile.text.delimiter, profile.text.quote
    if kind == "whitespace":
        return line.split()
    mark = re.escape(DELIMITERS.get(kind, kind))
    if quote == "none":
        return [cell.strip() for cell in re.split(mark, line)]
    cells = re.findall(rf"(?:^|{mark})\s*({quote}[^{quote}]*{quote}|[^{mark}]*)", line)
    return [cell.strip().strip(quote).strip() for cell in cells]


def head_of(block: Block, profile: Profile, name: str) -> tuple[Head, Block]:
    """Take header and preamble off the first block; blank lines stay in their place.

    Raises
    ------
    FaultsError
        The file does not start as the profile says, or has no header.
    """
    text = profile.text
    lines = block.body.split(b"\n", _HEAD_LINES)
    said = [raw.decode().rstrip("\r") for raw in lines[:_HEAD_LINES]]
    if text.starts and not re.match(text.starts, "\n".join(said[:50])):
        raise fault(
            name,
            1,
            f"starts with {said[0][:80]!r}: no file of profile {profile.name}",
            f"a file that matches {text.starts!r}",
        )
    at = min(text.skip, len(said))
    while at < len(said) and _passed_over(said[at], text.comment):
        at += 1
    if not text.header or text.fixed:
        names = list(text.fixed or text.names or [])
        return Head(names, said[:at], ""), _without(block, lines, at)
    if at >= len(said) or not said[at].strip():
        raise fault(name, None, "has no header", f"a file of profile {profile.name}")
    head = Head(split(said[at], profile), said[: at + 1], said[at])
    return head, _without(block, lines, at + 1 + text.after)


def _passed_over(line: str, comment: str) -> bool:
    return not line.strip() or bool(comment and line.lstrip().startswith(comment))


def _without(block: Block, lines: list[bytes], count: int) -> Block:
    cut = sum(len(line) + 1 for line in lines[:count])
    return Block(block.body[cut:], block.first_line + count)


def without_repeated_header(
    block: Block, head: Head, profile: Profile, name: str
) -> Block:
    """Blank out headers that come again where files were joined.

    Raises
    ------
    FaultsError
        Another header comes: its columns would be taken for those of the first.
    """
    if not head.line or not head.names or not head.names[0]:
        return block
    first = head.line.encode()
    start = first[: len(first) - len(first.lstrip())] + head.names[0].encode()
    mark = first[len(start) : len(start) + 1]
    if not first.startswith(start) or (not mark.strip(b"\r") and mark not in b"\t "):
        return block
    at = _line_start(block.body, start + mark, 0)
    if at < 0:
        return block
    body, counted, line = bytearray(block.body), 0, block.first_line
    while at >= 0:
        end = _end_of_line(body, at)
        line, counted = line + body.count(b"\n", counted, at), at
        if body[at:end].rstrip(b"\r") != first:
            raise fault(
                name,
                line,
                "another header: the columns change within the file",
                "split the file in two",
            )
        for _ in range(profile.text.after):
            end = _end_of_line(body, end + 1)
        body[at:end] = re.sub(rb"[^\n]", b" ", body[at:end])
        at = _line_start(body, start + mark, end)
    return Block(bytes(body), block.first_line)


def _end_of_line(body: bytearray, since: int) -> int:
    found = body.find(b"\n", since)
    return len(body) if found < 0 else found


def _line_start(body: bytes | bytearray, mark: bytes, since: int) -> int:
    if since == 0 and body.startswith(mark):
        return 0
    found = body.find(b"\n" + mark, since)
    return found + 1 if found >= 0 else -1
