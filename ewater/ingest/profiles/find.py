"""Profiles by name or path: YAML read, extended, checked; faults name their line."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from ewater.errors import Fault, FaultsError, UsageError
from ewater.ingest.profiles.model import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 1 << 20
_DEEPEST = 8  # profiles that extend each other


def built_in() -> dict[str, Profile]:
    """Profiles that come with the project, by name."""
    return {name: find(name) for name in _names()}


def _folder() -> Any:
    return resources.files("ewater.ingest.profiles") / "builtin"


def _names() -> list[str]:
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in _folder().iterdir()
        if entry.name.endswith(".yaml")
    )


def find(name: str) -> Profile:
    """Read a profile.

    Parameters
    ----------
    name
        Name of a built-in one, or path of a YAML file.

    Raises
    ------
    UsageError
        There is none of this name.
    FaultsError
        The file is no profile; every fault names its line.
    """
    if name in _names():
        text = (_folder() / f"{name}.yaml").read_text("utf-8")
        return parse(text, f"{name}.yaml", name)
    path = Path(name)
    if not path.is_file():
        raise UsageError(
            f"profile {name!r} is neither a file nor built in; built in are "
            f"{', '.join(_names())}"
        )
    if path.stat().st_size > _LARGEST:
        raise _refused(path.name, None, "", "is larger than 1 MB", "give a profile")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path.name, None, "", str(error), "save it as UTF-8") from error
    return parse(text, path.name, path.stem)


def parse(text: str, file: str, name: str) -> Profile:
    """Check the text of a profile.

    Raises
    ------
    FaultsError
        Every fault, with line, path, and what is allowed.
    """
    said, lines = _load(text, file)
    whole = {"name": name, **_extended(said, file, 0)}
    try:
        return Profile.model_validate(whole)
    except ValidationError as error:
        raise FaultsError([_fault(e, file, lines) for e in error.errors()]) from error


def _load(text: str, file: str) -> tuple[dict[str, Any], dict[tuple[Any, ...], int]]:
    """Read YAML without aliases, with the line of every path."""
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):  # they can grow without bound
                line = event.start_mark.line + 1 if event.start_mark else None
                raise _refused(file, line, "", "aliases are refused", "write it out")
        node = yaml.compose(text, yaml.SafeLoader)
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        why = getattr(error, "problem", None) or str(error)
        raise _refused(
            file, line, "", f"no YAML: {why}", "see docs/profiles.md"
        ) from error
    if not isinstance(said, dict) or node is None:
        raise _refused(file, 1, "", "is no mapping", "write fields such as columns:")
    lines: dict[tuple[Any, ...], int] = {}
    faults: list[Fault] = []
    _note(node, (), lines, faults, file)
    if faults:
        raise FaultsError(faults)
    return said, lines


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
                faults.append(_one(file, line, place, "is given twice", "keep one"))
            lines[inner] = key.start_mark.line + 1
            _note(value, inner, lines, faults, file)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _note(value, (*path, number), lines, faults, file)


def _extended(said: Mapping[str, Any], file: str, depth: int) -> dict[str, Any]:
    """Lay what is said over the built-in profile it extends."""
    said = dict(said)
    base = said.pop("extends", None)
    if base is None:
        return said
    if base not in _names() or depth > _DEEPEST:
        allowed = f"use {', '.join(_names())}"
        raise _refused(file, None, "extends", f"no built-in profile {base!r}", allowed)
    under, _ = _load((_folder() / f"{base}.yaml").read_text("utf-8"), f"{base}.yaml")
    return _laid_over(_extended(under, f"{base}.yaml", depth + 1), said)


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            value = _laid_over(below, value)
        merged[key] = value
    return merged


def _fault(error: Any, file: str, lines: Mapping[tuple[Any, ...], int]) -> Fault:
    path = tuple(part for part in error["loc"] if part != "[key]")
    known = tuple(path)
    while known and known not in lines:
        known = known[:-1]
    message = str(error["msg"]).removeprefix("Value error, ")
    allowed = ""
    if error["type"] == "extra_forbidden":
        message, allowed = "is no field of a profile", "see docs/profiles.md"
    elif error["type"] == "missing":
        message, allowed = "is required", "see docs/profiles.md"
    place = ".".join(str(part) for part in path)
    return _one(file, lines.get(known), place, message, allowed)


def _one(file: str, line: int | None, place: str, message: str, allowed: str) -> Fault:
    return Fault(
        file=file, line=line, column=place or None, message=message, allowed=allowed
    )


def _refused(
    file: str, line: int | None, place: str, message: str, allowed: str
) -> FaultsError:
    return FaultsError([_one(file, line, place, message, allowed)])
