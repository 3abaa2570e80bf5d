"""The server process of the private cluster: first made, started, recognised."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.errors import NotReadyError
from ewater.store import cluster_binaries, cluster_settings
from ewater.store.cluster_place import TEMPORARY
from ewater.store.cluster_settings import PORT, SUPERUSER

if TYPE_CHECKING:
    from ewater.store.cluster_place import Account

_LONGEST_SOCKET = 107 - len(f"/.s.PGSQL.{PORT}.lock")
_START_LIMIT_S = 300  # replaying the log after a crash takes its time
_ORPHANS_LIMIT_S = 15
_ORPHANS = "pre-existing shared memory block"


@dataclass(frozen=True, slots=True)
class PidFile:
    """The lines of ``postmaster.pid`` that matter here."""

    pid: int
    socket: Path
    ready: bool


def pid_file(data: Path) -> PidFile | None:
    """Read what the server, or one that was killed, says of itself."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        ready = "ready" in (line.strip() for line in lines[7:])
        return PidFile(int(lines[0]), Path(lines[4]), ready)
    except PermissionError as error:
        raise NotReadyError(
            f"{data} belongs to another user: run ewater as its owner, or choose "
            "another EWATER_HOME"
        ) from error
    except (OSError, ValueError, IndexError):
        return None  # absent, or half-written by a server that is just starting


def data_version(data: Path) -> str | None:
    """Major version of PostgreSQL that made a data folder; None if there is none."""
    try:
        return (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError:
        return None


def serves(pid: int, data: Path) -> bool:
    """Whether a process is the server of this data folder, and not a namesake.

    After a reboot the number in a stale file may belong to any other process.
    """
    words = _command_line(pid)
    if "-D" not in words[:-1]:
        return False
    return Path(words[words.index("-D") + 1]) == data


def _command_line(pid: int) -> list[str]:
    """Words of a process's command; none for one that is gone or a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(word) for word in raw.split(b"\0")]
    listing = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],  # noqa: S607 - differs by system
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    before, flag, folder = listing.partition(" -D ")
    return [before, flag.strip(), folder]


def boot(place: Path, account: Account, *, durable: bool) -> Path:
    """Start the server and return the folder of its socket."""
    data, log = place / "data", place / "postgres.log"
    already = pid_file(data)
    if already and (ready := _when_ready(already.pid, data, log)):
        return ready.socket
    binaries = _prepare(data, account, durable=durable)
    socket = _socket_folder(place, account)
    _configure(data, socket, account, durable=durable)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    (data / "postmaster.pid").unlink(missing_ok=True)
    orphans_until = time.monotonic() + _ORPHANS_LIMIT_S
    while not _launch(binaries, data, log, account):
        text = log.read_text(encoding="utf-8", errors="replace")
        if _ORPHANS not in text or time.monotonic() > orphans_until:
            last = "\n".join(text.splitlines()[-10:])
            raise NotReadyError(f"PostgreSQL did not start; {log} says:\n{last}")
        log.unlink()
        time.sleep(0.1)  # sessions of a killed server end within moments
    return socket


def _launch(binaries: Path, data: Path, log: Path, account: Account) -> bool:
    """Run the server in a session of its own, so that no Ctrl-C reaches it."""
    shell = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
    words = ["/bin/sh", "-c", shell, str(log)]
    words += [str(binaries / "postgres"), "-D", str(data)]
    pid = int(account.run(words, new_session=True).stdout)
    try:
        return _when_ready(pid, data, log) is not None
    except BaseException:  # an impatient Ctrl-C leaves nothing running
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)  # the shell before it ignores SIGINT
        raise


def _when_ready(pid: int, data: Path, log: Path) -> PidFile | None:
    """Wait for a server that starts or stops; None once it is gone."""
    deadline = time.monotonic() + _START_LIMIT_S
    while serves(pid, data):
        found = pid_file(data)
        if found and found.pid == pid and found.ready:
            return found
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"PostgreSQL was not ready within {_START_LIMIT_S} s; see {log}"
            )
        time.sleep(0.01)
    return None


def _prepare(data: Path, account: Account, *, durable: bool) -> Path:
    """Make the data folder if there is none; return binaries that can read it."""
    if (data / "global" / "pg_control").exists():
        version = data_version(data)
        return cluster_binaries.select(int(version) if version else None).folder
    binaries = cluster_binaries.select().folder
    if data.exists():  # never held a database, but it is not ours to delete
        data.rename(Path(tempfile.mkdtemp(prefix="data.incomplete-", dir=data.parent)))
    for leftover in data.parent.glob("data.new*"):
        shutil.rmtree(leftover)
    fresh = data.with_name("data.new")
    made = account.run(
        [
            binaries / "initdb",
            f"--pgdata={fresh}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            f"--locale={_locale()}",
            "--auth=peer",
            "--data-checksums",
            *([] if durable else ["--no-sync"]),
        ]
    )
    if made.returncode != 0:
        raise NotReadyError(
            f"the database could not be made in {data.parent}; initdb says:\n"
            f"{(made.stderr or made.stdout).strip()}"
        )
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("include = 'ewater.conf'\n")
    fresh.rename(data)
    return binaries


def _locale() -> str:
    """Sort by code point, the same on every machine, but know all letters."""
    return "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def _socket_folder(place: Path, account: Account) -> Path:
    """Make a folder short enough for a socket and closed to everyone else."""
    folder = place / "run"
    plain = re.fullmatch(r"[\w./-]+", str(folder), re.ASCII)
    if plain and len(os.fsencode(folder)) <= _LONGEST_SOCKET:
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="ewater-", dir=TEMPORARY))
    if account.dropped:
        os.chown(folder, account.uid, account.gid)
    return folder


def _configure(data: Path, socket: Path, account: Account, *, durable: bool) -> None:
    owners = {pwd.getpwuid(os.geteuid()).pw_name, account.name}
    files = {
        "ewater.conf": cluster_settings.server(socket, durable=durable),
        "pg_hba.conf": cluster_settings.client_authentication(),
        "pg_ident.conf": cluster_settings.user_map(sorted(owners)),
    }
    for name, text in files.items():
        draft = data / f"{name}.new"
        draft.unlink(missing_ok=True)
        with draft.open("x", encoding="utf-8") as file:  # follows no planted link
            file.write(text)
        draft.chmod(0o600)
        if account.dropped:
            os.chown(draft, account.uid, account.gid)
        draft.replace(data / name)
