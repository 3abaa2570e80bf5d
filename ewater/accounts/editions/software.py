"""The program that made an edition: its own files, and what it runs on."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Packages and modules from which figures follow; pages and commands are not.
_FIGURES = (
    "accounts",
    "balance",
    "grids",
    "series",
    "store",
    "described.py",
    "terms.py",
    "units.py",
)
_RULES = "balance/views/builtin"
_KINDS = (".py", ".yaml")
_LOCK = "requirements.lock"


@cache
def code() -> tuple[str, ...]:
    """SHA-256 of every file of the program that figures follow from."""
    return tuple(line for name, line in _files() if not name.startswith(_RULES))


@cache
def rules() -> tuple[str, ...]:
    """SHA-256 of every view that is built in: what is counted where."""
    return tuple(line for name, line in _files() if name.startswith(_RULES))


@cache
def environment() -> tuple[str, ...]:
    """Versions of ewater, Python and all it needs, and the hash of the lock file."""
    lines = {f"python {platform.python_version()}", f"machine {platform.machine()}"}
    open_, seen = ["ewater"], set()
    while open_:
        name = canonicalize_name(open_.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        lines.add(f"{name} {found.version}")
        for text in found.requires or ():
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                open_.append(wanted.name)
    lock = _package().parent / _LOCK
    if lock.is_file():
        lines.add(f"{_LOCK} {hashlib.sha256(lock.read_bytes()).hexdigest()}")
    return tuple(sorted(lines))


def _package() -> Path:
    return Path(str(files("ewater")))


@cache
def _files() -> tuple[tuple[str, str], ...]:
    root = _package()
    found = sorted(path for name in _FIGURES for path in _under(root / name))
    return tuple(
        (name, f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}")
        for path in found
        for name in [path.relative_to(root).as_posix()]
    )


def _under(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (p for p in path.rglob("*") if p.suffix in _KINDS)
