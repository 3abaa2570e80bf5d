"""Where distributions put PostgreSQL, and whether PostGIS came with it."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_MAJOR = 15
RELEASE = Path("/etc/os-release")

#: Folders that may hold ``postgres``; ``PATH`` comes on top.
PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # packages of the PostgreSQL project for Fedora and RHEL
    "/usr/bin",  # Fedora, Arch
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

#: Where the control files of extensions lie, seen from a folder of binaries.
_EXTENSIONS = (
    "/usr/share/postgresql/{major}/extension",
    "{prefix}/share/extension",
    "{prefix}/share/pgsql/extension",
    "{prefix}/share/postgresql/extension",
    "{prefix}/share/postgresql@{major}/extension",
    "{prefix}/../../share/postgresql@{major}/extension",
)

INSTALL = """\
  Debian, Ubuntu: sudo apt-get install postgresql postgresql-{debian}-postgis-3
  Fedora:         sudo dnf install postgresql-server postgresql-contrib postgis
  macOS:          brew install postgresql@17 postgis
or point EWATER_DATABASE_URL at an existing PostGIS database; compose.yaml starts one
in a container: docker compose up -d"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One installation of the server."""

    folder: Path
    version: str
    postgis: str | None

    @property
    def major(self) -> int:
        """First part of the version: a data folder belongs to one."""
        return _major(self.version)


def _major(version: str) -> int:
    return int(re.split(r"\D", version)[0])  # "18beta1" too


def install_hint() -> str:
    """Say which packages to install, with this distribution's own version."""
    return INSTALL.format(debian=_debian_major())


def _debian_major() -> str:
    """Version the running Debian or Ubuntu ships, or one of them as an example."""
    try:
        release = RELEASE.read_text(encoding="utf-8")
    except OSError:
        release = ""
    shipped = {"bookworm": "15", "trixie": "17", "noble": "16"}
    codename = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    return shipped.get(codename.group(1), "17") if codename else "17"


def _folders() -> Iterator[Path]:
    for pattern in PLACES:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    for entry in os.get_exec_path():
        yield Path(entry)


def _version(folder: Path) -> str | None:
    """Version of the server in a folder; None where there is none that runs."""
    if not ((folder / "postgres").is_file() and (folder / "initdb").is_file()):
        return None
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\) (\d+[.\w]*)", answer)
    return found.group(1) if found else None


def _postgis(folder: Path, major: int) -> str | None:
    """Version of PostGIS that a server in this folder can load."""
    for pattern in _EXTENSIONS:
        place = Path(pattern.format(major=major, prefix=folder.resolve().parent))
        control = place / "postgis.control"
        if control.is_file():
            text = control.read_text(encoding="utf-8")
            found = re.search(r"default_version\s*=\s*'([^']+)'", text)
            return found.group(1) if found else "unknown"
    return None


def installed() -> list[Binaries]:
    """Every server found on this machine, newest first, each folder once."""
    seen: dict[Path, Binaries] = {}
    for folder in _folders():
        real = folder.resolve()
        if real in seen:
            continue
        version = _version(folder)
        if version is not None:
            postgis = _postgis(folder, _major(version))
            seen[real] = Binaries(folder=folder, version=version, postgis=postgis)
    return sorted(seen.values(), key=lambda each: each.major, reverse=True)


def select(major: int | None = None) -> Binaries:
    """Choose the newest server with PostGIS, or the one of a given major version.

    Raises
    ------
    NotReadyError
        None is installed, or none with PostGIS; says what to install.
    """
    found = installed()
    usable = [each for each in found if each.postgis and each.major >= OLDEST_MAJOR]
    for each in usable:
        if major is None or each.major == major:
            return each
    if major is not None and usable:
        raise NotReadyError(
            f"the data folder was made by PostgreSQL {major}, but only "
            f"{', '.join(each.version for each in usable)} is installed; nothing was "
            f"changed. Install postgresql-{major}-postgis-3 again, or dump with it "
            "and load into a new EWATER_HOME (docs/operations.md, "
            "'A newer PostgreSQL')."
        )
    if found:
        versions = ", ".join(each.version for each in found)
        problem = (
            f"PostgreSQL {versions} is installed, but none is version "
            f"{OLDEST_MAJOR} or newer with PostGIS"
        )
    else:
        problem = "PostgreSQL with PostGIS is not installed"
    raise NotReadyError(f"{problem}. Install it:\n{install_hint()}")
