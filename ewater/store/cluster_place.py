"""Whose the private cluster is, where it lies, and who may touch it now."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.errors import NotReadyError
from ewater.store import cluster_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# TMPDIR may be too long for a socket, or private to root
TEMPORARY = Path("/tmp")  # noqa: S108 - only random names are made in it


@dataclass(frozen=True, slots=True)
class Account:
    """The system user the server runs as; root may not be one."""

    name: str
    uid: int
    gid: int
    dropped: bool

    def run(
        self, command: Sequence[str | Path], *, new_session: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, with nothing of the caller's environment."""
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            umask=0o077,
            stdin=subprocess.DEVNULL,
            start_new_session=new_session,
            user=self.uid if self.dropped else None,
            group=self.gid if self.dropped else None,
            extra_groups=[] if self.dropped else None,
        )


def server_account() -> Account:
    """Account that a server started by this process runs as."""
    uid = os.geteuid()
    if uid != 0:
        try:
            user = pwd.getpwuid(uid)
        except KeyError as error:
            raise NotReadyError(
                f"user id {uid} has no name on this machine, and PostgreSQL needs "
                "one: add it to /etc/passwd, or set EWATER_DATABASE_URL"
            ) from error
        return Account(user.pw_name, uid, user.pw_gid, dropped=False)
    for name in ("postgres", "_postgres"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return Account(name, user.pw_uid, user.pw_gid, dropped=True)
    cluster_binaries.select()  # the packages bring the account: name them if missing
    raise NotReadyError(
        "PostgreSQL refuses to run as root and there is no account 'postgres'. "
        "Make one (useradd --system postgres), or run ewater as an ordinary user."
    )


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop the cluster of a data folder."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "cluster.lock").open("a")
    except OSError as error:
        raise NotReadyError(
            f"the data folder {home} cannot be written ({error.strerror}): "
            "set EWATER_HOME to a folder of yours"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        yield


def pointer(home: Path) -> Path:
    """File that names the folder of the cluster when it lies elsewhere."""
    return home / "cluster.path"


def place_of(home: Path) -> Path:
    """Folder of the cluster: in the data folder, or where its pointer says."""
    try:
        return Path(pointer(home).read_text(encoding="utf-8").rstrip("\n"))
    except OSError:
        return home / "cluster"


def settle(home: Path, account: Account) -> Path:
    """Make the folder of the cluster where its account can reach it."""
    place = place_of(home)
    if not place.exists():
        if account.run(["/bin/sh", "-c", 'cd "$1"', "sh", home]).returncode != 0:
            place = _elsewhere(home)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = place.stat().st_uid
    if account.dropped and owner == 0:
        os.chown(place, account.uid, account.gid)
    elif owner != account.uid:
        raise NotReadyError(
            f"{place} belongs to user id {owner}, and the server would run as "
            f"{account.name}: run ewater as its owner, or choose another EWATER_HOME"
        )
    return place


def _elsewhere(home: Path) -> Path:
    """Choose a folder outside root's private ones, and leave a pointer to it."""
    passing = (TEMPORARY, Path(tempfile.gettempdir()))
    short_lived = any(home.is_relative_to(folder) for folder in passing)
    base = TEMPORARY if short_lived else Path("/var/lib")
    place = Path(tempfile.mkdtemp(prefix="ewater-", dir=base))
    pointer(home).write_text(f"{place}\n", encoding="utf-8")
    return place
