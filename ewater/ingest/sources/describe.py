"""Sources are added from a YAML file, and kept in the database whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ewater import described
from ewater.errors import EWaterError, UsageError
from ewater.ingest.profiles import find as profiles
from ewater.ingest.profiles.model import Profile
from ewater.ingest.sources.model import ADAPTER, Source
from ewater.store import sources

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

_SEE = "docs/ways-in.md"


@dataclass(frozen=True, slots=True)
class Active:
    """A source as it is now, with its profile."""

    source: Source
    profile: Profile | None
    paused: bool


def read(path: Path) -> tuple[Source, Profile | None]:
    """Read a description; its profile is a built-in name, or a file beside it.

    Raises
    ------
    FaultsError
        Every fault, with line, path, and what is allowed.
    UsageError
        There is no such file or profile.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file; give the YAML of a source")
    said, lines = described.load(described.text_of(path, "source"), path.name, _SEE)
    try:
        source = ADAPTER.validate_python({"name": path.stem, **said})
    except ValidationError as error:
        kind = str(said.get("kind", ""))  # pydantic puts it into every path
        raise described.faults_of(
            error, path.name, lines, "source", _SEE, kind
        ) from error
    return source, _profile(source, path, lines)


def _profile(source: Source, path: Path, lines: described.Lines) -> Profile | None:
    if source.profile is None:
        return None
    beside = path.parent / source.profile
    try:
        return profiles.find(str(beside) if beside.is_file() else source.profile)
    except UsageError as error:
        line = lines.get(("profile",))
        raise described.refused(path.name, line, "profile", str(error), "") from error


def add(connection: Connection, path: Path, who: str) -> tuple[Source, bool]:
    """Record what a file says; False if it is recorded so already."""
    source, profile = read(path)
    now = sources.find(connection, source.name)
    changed = sources.put(
        connection,
        name=source.name,
        kind=source.kind,
        said=source.model_dump_json(exclude_defaults=True),
        profile=profile.said() if profile else None,
        paused=bool(now and now.paused),
        who=who,
    )
    return source, changed


def pause(connection: Connection, name: str, *, paused: bool, who: str) -> bool:
    """Stop taking from a source, or go on; False if that is so already.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    now = _known(connection, name)
    return sources.put(
        connection,
        name=now.name,
        kind=now.kind,
        said=now.said,
        profile=now.profile,
        paused=paused,
        who=who,
    )


def remove(connection: Connection, name: str) -> None:
    """End a source.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    _known(connection, name)
    sources.remove(connection, name)


def find(connection: Connection, name: str) -> Active:
    """Look a source up.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    return _active(_known(connection, name))


def current(connection: Connection) -> list[Active]:
    """All sources."""
    return [_active(found) for found in sources.current(connection)]


def _active(found: sources.Described) -> Active:
    try:
        source = ADAPTER.validate_json(found.said)
    except ValidationError as error:  # recorded by another version
        raise EWaterError(f"source {found.name}: {error}; add it again") from error
    profile = Profile.model_validate_json(found.profile) if found.profile else None
    return Active(source, profile, found.paused)


def _known(connection: Connection, name: str) -> sources.Described:
    found = sources.find(connection, name)
    if found is None:
        names = ", ".join(s.name for s in sources.current(connection)) or "none"
        raise UsageError(f"no source is named {name!r}; there is {names}")
    return found
