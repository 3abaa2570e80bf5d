"""Descriptions in YAML, of profiles, sources and views: every fault names its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ewater.errors import Fault, FaultsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import ValidationError

    Lines = Mapping[tuple[Any, ...], int]

_LARGEST = 1 << 20
#: The same language; with the compiled parser where PyYAML came with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text_of(path: Path, what: str) -> str:
    """Read a file that describes something.

    Raises
    ------
    FaultsError
        It is larger than any description, or no UTF-8.
    """
    if path.stat().st_size > _LARGEST:
        raise refused(path.name, None, "", "is larger than 1 MB", f"give a {what}")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(path.name, None, "", str(error), "save it as UTF-8") from error


def load(text: str, file: str, see: str) -> tuple[dict[str, Any], Lines]:
    """Read YAML without aliases, with the line of every path.

    Parameters
    ----------
    see
        Where the fields are described.

    Raises
    ------
    FaultsError
        It is no YAML, no mapping, or gives something twice.
    """
    try:
        for event in yaml.parse(text, _LOADER):
            if isinstance(event, yaml.AliasEvent):  # they can grow without bound
                line = event.start_mark.line + 1 if event.start_mark else None
                raise refused(file, line, "", "aliases are refused", "write it out")
        node = yaml.compose(text, _LOADER)
        said = node and yaml.constructor.SafeConstructor().construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        why = getattr(error, "problem", None) or str(error)
        raise refused(file, line, "", f"no YAML: {why}", f"see {see}") from error
    if not isinstance(said, dict) or node is None:
        raise refused(file, 1, "", "is no mapping", "write fields such as about:")
    lines: dict[tuple[Any, ...], int] = {}
    faults: list[Fault] = []
    _note(node, (), lines, faults, file)
    if faults:
        raise FaultsError(faults)
    return said, lines


def faults_of(
    error: ValidationError, file: str, lines: Lines, what: str, see: str, tag: str = ""
) -> FaultsError:
    """Turn what pydantic says into faults with lines.

    ``tag`` is what chose the model, where one of several was chosen.
    """
    faults = error.errors()
    for fault in faults:
        if fault["loc"][:1] == (tag,):
            fault["loc"] = fault["loc"][1:]
    return FaultsError([_fault(e, file, lines, what, see) for e in faults])


def _note(
    node: yaml.Node,
    path: tuple[Any, ...],
    lines: dict[tuple[Any, ...], int],
    faults: list[Fault],
    file: str,
) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in lines:
                line = key.start_mark.line + 1
                place = ".".join(map(str, inner))
                faults.append(one(file, line, place, "is given twice", "keep one"))
            lines[inner] = key.start_mark.line + 1
            _note(value, inner, lines, faults, file)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _note(value, (*path, number), lines, faults, file)


def _fault(error: Any, file: str, lines: Lines, what: str, see: str) -> Fault:
    path = tuple(part for part in error["loc"] if part != "[key]")
    message = str(error["msg"]).removeprefix("Value error, ")
    allowed = ""
    if error["type"] == "extra_forbidden":
        message, allowed = f"is no field of a {what}", f"see {see}"
    elif error["type"] == "missing":
        message, allowed = "is required", f"see {see}"
    place = ".".join(str(part) for part in path)
    return one(file, line_of(path, lines), place, message, allowed)


def line_of(path: tuple[Any, ...], lines: Lines) -> int | None:
    """Line of a path, or of the nearest thing around it that is written."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def one(file: str, line: int | None, place: str, message: str, allowed: str) -> Fault:
    """Make a fault of a description."""
    return Fault(
        file=file, line=line, column=place or None, message=message, allowed=allowed
    )


def refused(
    file: str, line: int | None, place: str, message: str, allowed: str
) -> FaultsError:
    """Refuse a description for one fault."""
    return FaultsError([one(file, line, place, message, allowed)])
