"""Bodies of readings, CSV or JSON: checked when they come, made rows when loaded."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ewater.errors import Fault, FaultsError
from ewater.ingest.parse import HEADERS
from ewater.ingest.source import Memory, header

if TYPE_CHECKING:
    from collections.abc import Callable

_FIELDS = ("series", "time", "value", "flag")
_ALLOWED = 'write {"readings": [{"series": "A.Q", "time": "…Z", "value": 1.5}]}'
_UNSAFE = re.compile(r'[,"\x00-\x1f]')  # would not stay one cell of a row
_MOST_FAULTS = 20


def check(body: bytes, format: str, name: str = "body") -> None:
    """Refuse a body that is not whole, or no readings at all.

    Single rows that are wrong are not refused here: they become rejected rows.

    Parameters
    ----------
    format
        ``csv`` or ``json``.

    Raises
    ------
    FaultsError
        Every fault with its line, or with its place in the document.
    """
    if format == "json":
        readings(body, name)
        return
    if b"\0" in body:
        line = body[: body.index(b"\0")].count(b"\n") + 1
        raise _refused(name, line, None, "a NUL byte", "send text")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        message = f"byte {error.start} is not UTF-8"
        raise _refused(name, line, None, message, "send UTF-8") from error
    first = header(Memory(name, body))
    if first not in HEADERS:
        message = f"unknown header {first[:80]!r}"
        raise _refused(name, 1, None, message, f"use {HEADERS[0]} or {HEADERS[1]}")


def readings(body: bytes, name: str = "body") -> list[dict[str, str]]:
    """Read a document; numbers stay the text they were sent as.

    Raises
    ------
    FaultsError
        It is not JSON, or something in it is no reading.
    """
    try:
        said = json.loads(
            body.decode("utf-8"),
            parse_float=str,
            parse_int=str,
            parse_constant=_no_constant,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
        raise _refused(name, None, None, message, "send UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"character {error.colno}"
        raise _refused(name, error.lineno, place, error.msg, _ALLOWED) from error
    except (ValueError, RecursionError) as error:
        raise _refused(name, None, None, str(error), _ALLOWED) from error
    if not isinstance(said, dict) or set(said) != {"readings"}:
        raise _refused(name, None, None, "has no readings alone", _ALLOWED)
    if not isinstance(said["readings"], list):
        raise _refused(name, None, "readings", "is no list", _ALLOWED)
    faults: list[Fault] = []
    for number, reading in enumerate(said["readings"]):
        _check(reading, f"readings[{number}]", name, faults)
        if len(faults) >= _MOST_FAULTS:
            break
    if faults:
        raise FaultsError(faults)
    found: list[dict[str, str]] = said["readings"]
    return found


def rows(body: bytes, format: str, name: str = "body") -> list[bytes]:
    """Rows of a checked body, without its header, with four cells."""
    if format == "json":
        return [
            ",".join(said.get(field, "") for field in _FIELDS).encode()
            for said in readings(body, name)
        ]
    lines = body.split(b"\n")
    if lines[-1].strip() == b"":
        lines.pop()
    rest = lines[1:]
    if header(Memory(name, body)) == HEADERS[0]:
        rest = [_fourth(line) for line in rest]
    return rest


def _fourth(line: bytes) -> bytes:
    """Give a row an empty flag; a blank line stays blank."""
    return line.rstrip(b"\r") + b"," if line.strip() else b""


def _check(said: Any, place: str, name: str, faults: list[Fault]) -> None:
    def wrong(field: str, message: str, allowed: str) -> None:
        where = f"{place}.{field}" if field else place
        faults.append(
            Fault(file=name, line=None, column=where, message=message, allowed=allowed)
        )

    if not isinstance(said, dict):
        wrong("", "is no reading", _ALLOWED)
        return
    for field in sorted(set(said) - set(_FIELDS)):
        wrong(field, "is no field of a reading", f"use {', '.join(_FIELDS)}")
    for field in _FIELDS[:3]:
        if field not in said:
            wrong(field, "is required", _ALLOWED)
    for field, value in said.items():
        if field in _FIELDS:
            _check_field(field, value, wrong)


def _check_field(
    field: str, value: Any, wrong: Callable[[str, str, str], None]
) -> None:
    if not isinstance(value, str):
        wrong(field, "is no text or number", _ALLOWED)
    elif _UNSAFE.search(value):
        wrong(field, f"{value[:40]!r} has a comma, quote or line break", "leave it out")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return made


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number; leave the reading out")


def _refused(
    name: str, line: int | None, place: str | None, message: str, allowed: str
) -> FaultsError:
    fault = Fault(file=name, line=line, column=place, message=message, allowed=allowed)
    return FaultsError([fault])
