"""Who runs the private cluster, and who is kept out of it."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from sqlalchemy import make_url

from ewater.errors import NotReadyError
from ewater.store import cluster, cluster_place

pytestmark = pytest.mark.db

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change accounts")
STRANGER = pwd.getpwnam("nobody")
ROOT_OF_CHECKOUT = Path(__file__).parents[2]


def run_as_stranger(command: list[str], **environment: str):
    return subprocess.run(
        command,
        user=STRANGER.pw_uid,
        group=STRANGER.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def strangers_python() -> tuple[str, str]:
    """An interpreter and a module path that an ordinary account can use."""
    packages = sysconfig.get_paths()["platlib"]
    path = f"{ROOT_OF_CHECKOUT}:{packages}"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            tried = run_as_stranger(
                [python, "-c", "import ewater.store.cluster, psycopg, sqlalchemy"],
                PYTHONPATH=path,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python, path
    pytest.skip(f"no {version} that the account 'nobody' may run")


def connect_as_stranger(socket: Path) -> str:
    """What the server, or the folder before it, answers to another account."""
    psql = str(cluster.find_binaries() / "psql")
    answer = run_as_stranger(
        [psql, "-h", str(socket), "-U", "ewater", "-d", "ewater", "-tc", "SELECT 1"]
    )
    assert answer.returncode != 0
    return answer.stderr


@as_root
def test_root_drops_to_another_account(running):
    assert running.pid is not None
    owner = Path(f"/proc/{running.pid}").stat().st_uid
    assert owner == cluster_place.server_account().uid != 0
    assert running.data.stat().st_uid == owner


@as_root
def test_folders_are_closed_to_everyone_else(running):
    assert running.socket is not None
    for folder in (running.data, running.data.parent, running.socket):
        assert folder.stat().st_mode & 0o777 == 0o700, folder


@as_root
def test_another_user_does_not_reach_the_socket(running):
    assert running.socket is not None
    assert "Permission denied" in connect_as_stranger(running.socket)


@as_root
def test_another_user_who_reaches_the_socket_is_still_refused(running):
    socket = running.socket
    assert socket is not None
    opened = [socket, socket.parent]
    file = socket / ".s.PGSQL.5432"
    try:
        for folder in opened:
            folder.chmod(0o711)
        file.chmod(0o777)
        assert "Peer authentication failed" in connect_as_stranger(socket)
    finally:
        file.chmod(0o700)
        for folder in opened:
            folder.chmod(0o700)


@as_root
def test_a_home_only_root_can_enter_gets_its_cluster_elsewhere(home):
    private = home / "private"
    private.mkdir(mode=0o700)
    url = cluster.start(private, durable=False)
    try:
        place = cluster.status(private).data.parent
        assert not place.is_relative_to(private)
        assert cluster_place.place_of(private) == place
        assert cluster.start(private, durable=False) == url
        cluster.stop(private)
        cluster.start(private, durable=False)
        assert cluster.status(private).data.parent == place
    finally:
        cluster.destroy(private)
    assert not place.exists()
    assert not cluster_place.pointer(private).exists()


@as_root
def test_an_ordinary_user_has_a_cluster_of_their_own(home, strangers_python):
    python, path = strangers_python
    own = home / "own"
    own.mkdir()
    os.chown(own, STRANGER.pw_uid, STRANGER.pw_gid)
    code = (
        "import sys, pathlib; from ewater.store import cluster, database\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "engine = database.connect(cluster.start(home, durable=False))\n"
        "print(engine.connect().exec_driver_sql('SELECT current_user').scalar())\n"
        "print(cluster.stop(home))"
    )
    answer = run_as_stranger([python, "-c", code, str(own)], PYTHONPATH=path)
    assert answer.stdout.split() == ["ewater", "True"], answer.stderr
    assert (own / "cluster" / "data").stat().st_uid == STRANGER.pw_uid


@as_root
def test_a_folder_of_another_account_is_refused(home, strangers_python):
    python, path = strangers_python
    cluster.start(home, durable=False)
    home.chmod(0o777)
    code = "import sys, pathlib; from ewater.store import cluster\n"
    code += "cluster.start(pathlib.Path(sys.argv[1]))"
    answer = run_as_stranger([python, "-c", code, str(home)], PYTHONPATH=path)
    assert answer.returncode != 0
    assert "EWATER_HOME" in answer.stderr


def test_root_without_an_account_to_drop_to_is_told(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def unknown(name: str) -> object:
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with pytest.raises(NotReadyError, match="useradd"):
        cluster_place.server_account()


def test_a_user_without_a_name_is_told(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)

    def unknown(uid: int) -> object:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(NotReadyError, match="12345"):
        cluster_place.server_account()


def test_the_socket_path_in_the_address_is_the_running_one(running):
    assert make_url(running.url).query["host"] == str(running.socket)
