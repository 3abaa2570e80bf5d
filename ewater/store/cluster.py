"""The private PostgreSQL + PostGIS cluster of one data folder.

It is the engine of production without its administration: no TCP, a socket only its
owner can open, ``peer`` authentication, and the ``postgres`` account when root starts
it. Its folder holds ``data`` (PostgreSQL's own), ``run`` (the socket) and
``postgres.log``. ``data`` appears by a rename when it is complete, so that an
interrupted first start leaves nothing to repair.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.errors import NotReadyError
from ewater.store import cluster_binaries
from ewater.store import cluster_place as placing
from ewater.store import cluster_server as server
from ewater.store.cluster_settings import PORT, SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ewater.settings import Settings

DATABASE = "ewater"

_STOP_LIMIT_S = 120
_PASSING = "ewater-temporary-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """What is known of the cluster of one data folder."""

    home: Path
    data: Path
    log: Path
    version: str | None
    pid: int | None
    socket: Path | None

    @property
    def running(self) -> bool:
        """Whether the server takes connections."""
        return self.pid is not None

    @property
    def url(self) -> str | None:
        """Address of the database; None while the cluster is down."""
        return None if self.socket is None else _url(self.socket, DATABASE)


def start(home: Path, *, durable: bool = True) -> str:
    """Start the cluster of a data folder if it is down, making it if it is new.

    Safe to call at any time and by several processes at once.

    Parameters
    ----------
    home
        Data folder of ewater (``EWATER_HOME``); made if missing.
    durable
        False gives up crash safety for speed; see `temporary`.

    Returns
    -------
    str
        SQLAlchemy address of the database ``ewater``, which has PostGIS.

    Raises
    ------
    NotReadyError
        No binaries, a folder that cannot be used, or a server that does not start;
        the message says what to do.
    """
    home = home.resolve()
    account = placing.server_account()
    with placing.locked(home):
        place = placing.settle(home, account)
        socket = _status(home, place).socket
        if socket is None:
            socket = server.boot(place, account, durable=durable)
        _ensure_database(socket)
    return _url(socket, DATABASE)


def stop(home: Path) -> bool:
    """Shut the cluster down; False if it was not running.

    Open transactions are rolled back. Returns when the last process is gone.
    """
    home = home.resolve()
    if not home.is_dir():
        return False
    with placing.locked(home):
        state = _status(home, placing.place_of(home))
        if state.pid is None or state.socket is None:
            return False
        os.kill(state.pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP_LIMIT_S
        while server.serves(state.pid, state.data):
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"the cluster (process {state.pid}) did not stop within "
                    f"{_STOP_LIMIT_S} s; see {state.log}"
                )
            time.sleep(0.01)
        if state.socket.parent != state.data.parent:
            with contextlib.suppress(OSError):
                state.socket.rmdir()
        return True


def status(home: Path) -> ClusterStatus:
    """Look at the cluster of a data folder without changing anything."""
    home = home.resolve()
    return _status(home, placing.place_of(home))


def destroy(home: Path) -> None:
    """Stop the cluster and delete it with all its data."""
    home = home.resolve()
    stop(home)
    place = placing.place_of(home)
    if place.exists():
        shutil.rmtree(place)
    placing.pointer(home).unlink(missing_ok=True)


@contextlib.contextmanager
def temporary() -> Iterator[str]:
    """Lend a cluster that is destroyed afterwards: for tests and benchmarks.

    One whose process was killed is destroyed by the next call.
    """
    _destroy_abandoned()
    home = Path(tempfile.mkdtemp(prefix=_PASSING))
    home.chmod(0o711)  # the account must reach its own folder below
    with (home / "lease.new").open("w") as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        (home / "lease.new").rename(home / "lease")  # seen only once it is held
        try:
            yield start(home, durable=False)
        finally:
            destroy(home)
            shutil.rmtree(home)


def _destroy_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PASSING}*"):
        with contextlib.suppress(OSError):  # another process was quicker, or uses it
            if folder.lstat().st_uid != os.geteuid():
                continue  # anyone may plant a folder of this name
            with (folder / "lease").open() as lease:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                destroy(folder)
                shutil.rmtree(folder)


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Lend the database of these settings; what this call started, it stops."""
    ours = not settings.database_url and not status(settings.home).running
    try:
        yield database_url(settings)
    finally:
        if ours:
            stop(settings.home)


def database_url(settings: Settings) -> str:
    """Address to use: ``EWATER_DATABASE_URL``, else the private cluster, started."""
    return settings.database_url or start(settings.home)


def find_binaries() -> Path:
    """Folder of the newest PostgreSQL server that has PostGIS.

    Raises
    ------
    NotReadyError
        There is none; names the packages to install.
    """
    return cluster_binaries.select().folder


def _status(home: Path, place: Path) -> ClusterStatus:
    data = place / "data"
    found = server.pid_file(data)
    alive = found if found and found.ready and server.serves(found.pid, data) else None
    return ClusterStatus(
        home=home,
        data=data,
        log=place / "postgres.log",
        version=server.data_version(data),
        pid=alive.pid if alive else None,
        socket=alive.socket if alive else None,
    )


def _url(socket: Path, database: str) -> str:
    from sqlalchemy import URL

    address = URL.create(
        "postgresql+psycopg",
        username=SUPERUSER,
        database=database,
        query={"host": str(socket), "port": PORT},
    )
    return address.render_as_string(hide_password=False)


def _ensure_database(socket: Path) -> None:
    """Make the database if it is missing; it appears only with PostGIS in it."""
    import psycopg

    def connect(database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(socket),
            port=PORT,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
        )

    draft = f"{DATABASE}_new"
    with connect("postgres") as admin:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if admin.execute(query, [DATABASE]).fetchone():
            return
        admin.execute(f"DROP DATABASE IF EXISTS {draft}")
        admin.execute(f"CREATE DATABASE {draft}")
        with connect(draft) as fresh:
            fresh.execute("CREATE EXTENSION postgis")
        admin.execute(f"ALTER DATABASE {draft} RENAME TO {DATABASE}")
