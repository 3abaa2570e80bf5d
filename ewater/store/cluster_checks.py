"""What ewater needs of this machine: each check says how to put right what fails."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ewater.errors import NotReadyError
from ewater.store import cluster, cluster_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from ewater.settings import Settings

_OLDEST_PYTHON = (3, 11)
_LEAST_SPACE_GB = 2.0

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: ``failed`` stops ewater, ``note`` only takes something away."""

    name: str
    verdict: Literal["ok", "note", "failed"]
    detail: str
    fix: str = ""


def run(settings: Settings) -> Iterator[Check]:
    """Make all checks, one after the other, changing nothing."""
    yield _python()
    yield _home(settings.home)
    yield _space(settings.home)
    if settings.database_url:
        yield from _database(settings.database_url, "EWATER_DATABASE_URL")
    else:
        yield from _binaries()
        yield from _cluster(settings.home)
    yield _browser()


def browser() -> Path | None:
    """Chromium of the system: ``BROWSER_PATH`` if set, else the first one found."""
    given = os.environ.get("BROWSER_PATH")
    if given:
        return Path(given) if Path(given).is_file() else None
    for name in (*_BROWSERS, *_MAC_BROWSERS):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def _python() -> Check:
    wanted = ".".join(map(str, _OLDEST_PYTHON))
    return Check(
        name="Python",
        verdict="ok" if sys.version_info >= _OLDEST_PYTHON else "failed",
        detail=f"{platform.python_version()} at {sys.executable}",
        fix=f"install Python {wanted} or newer, delete .venv and run ./run setup",
    )


def _existing(folder: Path) -> Path:
    """Nearest folder above that exists: what is missing is made on first use."""
    while not folder.exists():
        folder = folder.parent
    return folder


def _home(home: Path) -> Check:
    writable = os.access(_existing(home), os.W_OK | os.X_OK)
    return Check(
        name="data folder",
        verdict="ok" if writable else "failed",
        detail=f"{home}{'' if home.exists() else ' (not made yet)'}",
        fix=f"make {_existing(home)} writable, or set EWATER_HOME to a folder of yours",
    )


def _space(home: Path) -> Check:
    free = shutil.disk_usage(_existing(home)).free / 1e9
    return Check(
        name="disk space",
        verdict="ok" if free >= _LEAST_SPACE_GB else "failed",
        detail=f"{free:.1f} GB free",
        fix=f"free {_LEAST_SPACE_GB:g} GB, or set EWATER_HOME to another disk",
    )


def _binaries() -> Iterator[Check]:
    found = cluster_binaries.installed()
    try:
        chosen = cluster_binaries.select()
    except NotReadyError:
        there = ", ".join(f"{each.version} at {each.folder}" for each in found)
        fix = f"install it:\n{cluster_binaries.install_hint()}"
        missing = f"{there}, without PostGIS" if there else "not installed"
        yield Check(name="PostgreSQL", verdict="failed", detail=missing, fix=fix)
        return
    detail = f"{chosen.version} at {chosen.folder}"
    yield Check(name="PostgreSQL", verdict="ok", detail=detail)
    yield Check(name="PostGIS", verdict="ok", detail=str(chosen.postgis))


def _cluster(home: Path) -> Iterator[Check]:
    name = "private cluster"
    try:
        status = cluster.status(home)
    except NotReadyError as error:
        yield Check(name=name, verdict="failed", detail=str(error), fix="see there")
        return
    if status.url is None:
        state = "stopped" if status.version else "not made yet"
        yield Check(name=name, verdict="note", detail=state, fix="ewater up")
        return
    detail = f"running, process {status.pid}, PostgreSQL {status.version}"
    yield Check(name=name, verdict="ok", detail=f"{detail}, {status.data}")
    yield from _database(status.url, "database")


def _database(url: str, name: str) -> Iterator[Check]:
    """Ask a database whether it answers, has PostGIS and is at this schema."""
    from sqlalchemy.exc import SQLAlchemyError

    from ewater.store import database

    try:
        engine = database.connect(url)
        shown = engine.url.render_as_string(hide_password=True)
        with engine.connect() as connection:
            yield Check(name=name, verdict="ok", detail=shown)
            yield _postgis(connection)
            yield _schema(connection)
        engine.dispose()
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        fix = "check the address and that the server runs and lets you in"
        yield Check(name=name, verdict="failed", detail=reason, fix=fix)


def _postgis(connection: Connection) -> Check:
    from sqlalchemy import text

    query = "SELECT default_version FROM pg_available_extensions WHERE name = :name"
    version = connection.execute(text(query), {"name": "postgis"}).scalar()
    return Check(
        name="PostGIS in the database",
        verdict="ok" if version else "failed",
        detail=str(version or "not available"),
        fix="install PostGIS on the database server, or use compose.yaml",
    )


def _schema(connection: Connection) -> Check:
    from ewater.store import database

    found = database.schema(connection)
    same = found.current == found.newest
    detail = f"{found.current or 'empty'}, newest is {found.newest}"
    return Check(
        name="schema",
        verdict="ok" if same else "failed",
        detail=f"{found.current}" if same else detail,
        fix=database.STRANGE if found.strange else "ewater up",
    )


def _browser() -> Check:
    found = browser()
    return Check(
        name="Chromium",
        verdict="ok" if found else "note",
        detail=str(found) if found else "not found: no PDF, no browser tests",
        fix="install chromium (apt-get, dnf or brew --cask), or set BROWSER_PATH",
    )
