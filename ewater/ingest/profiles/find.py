"""Profiles by name or path: YAML read, extended, checked; faults name their line."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ewater import described
from ewater.errors import UsageError
from ewater.ingest.profiles.model import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEE = "docs/profiles.md"
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
    return parse(described.text_of(path, "profile"), path.name, path.stem)


def parse(text: str, file: str, name: str) -> Profile:
    """Check the text of a profile.

    Raises
    ------
    FaultsError
        Every fault, with line, path, and what is allowed.
    """
    said, lines = described.load(text, file, _SEE)
    whole = {"name": name, **_extended(said, file, 0)}
    try:
        return Profile.model_validate(whole)
    except ValidationError as error:
        raise described.faults_of(error, file, lines, "profile", _SEE) from error


def _extended(said: Mapping[str, Any], file: str, depth: int) -> dict[str, Any]:
    """Lay what is said over the built-in profile it extends."""
    said = dict(said)
    base = said.pop("extends", None)
    if base is None:
        return said
    if base not in _names() or depth > _DEEPEST:
        allowed = f"use {', '.join(_names())}"
        raise described.refused(
            file, None, "extends", f"no built-in profile {base!r}", allowed
        )
    under, _ = described.load(
        (_folder() / f"{base}.yaml").read_text("utf-8"), f"{base}.yaml", _SEE
    )
    return _laid_over(_extended(under, f"{base}.yaml", depth + 1), said)


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            value = _laid_over(below, value)
        merged[key] = value
    return merged
