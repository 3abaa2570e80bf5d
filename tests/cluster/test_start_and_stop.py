"""The private cluster starts once, survives what happens to servers, and goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from ewater.errors import NotReadyError
from ewater.settings import Settings
from ewater.store import cluster, cluster_server

pytestmark = pytest.mark.db

START = "import sys, pathlib; from ewater.store import cluster; "
START += "print(cluster.start(pathlib.Path(sys.argv[1]), durable=False))"


def ask(url: str, query: str) -> object:
    address = make_url(url)
    with psycopg.connect(
        host=str(address.query["host"]),
        port=str(address.query["port"]),
        user=address.username,
        dbname=address.database,
        autocommit=True,
    ) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def processes_of(data: Path) -> list[int]:
    """Postmaster of a data folder and its children."""
    stat = {int(each.name): each for each in Path("/proc").glob("[0-9]*")}
    masters = {pid for pid in stat if cluster_server.serves(pid, data)}
    children = [pid for pid, folder in stat.items() if parent(folder) in masters]
    return [*masters, *children]


def parent(process: Path) -> int:
    try:
        text = (process / "stat").read_text()
    except OSError:
        return -1
    state, ppid = text.rpartition(")")[2].split()[:2]
    return -1 if state == "Z" else int(ppid)


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(cluster_server._command_line(pid) for pid in pids):
        assert time.monotonic() < deadline, f"some of {pids} are still there"
        time.sleep(0.02)


def test_a_new_cluster_has_the_database_with_postgis_and_utc(home):
    url = cluster.start(home)
    assert make_url(url).drivername == "postgresql+psycopg"
    assert ask(url, "SELECT current_database()") == "ewater"
    assert str(ask(url, "SELECT postgis_version()")).startswith("3.")
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SHOW fsync") == "on"
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SELECT upper('ə') || upper('ж')") == "ƏЖ"


def test_a_cluster_started_twice_is_one_cluster(home):
    first = cluster.start(home, durable=False)
    pid = cluster.status(home).pid
    assert cluster.start(home) == first == cluster.status(home).url
    assert cluster.status(home).pid == pid


def test_processes_that_start_at_once_share_one_cluster(home):
    command = [sys.executable, "-c", START, str(home)]
    racers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    urls = {racer.communicate(timeout=60)[0] for racer in racers}
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert len(urls) == 1
    masters = [
        pid
        for pid in processes_of(cluster.status(home).data)
        if cluster_server.serves(pid, cluster.status(home).data)
    ]
    assert masters == [cluster.status(home).pid]


def test_stop_leaves_no_process_and_the_data_stay(home):
    url = cluster.start(home, durable=False)
    ask(url, "CREATE TABLE kept (x int)")
    before = processes_of(cluster.status(home).data)
    assert len(before) > 1
    assert cluster.stop(home) is True
    wait_until_gone(before)
    assert cluster.stop(home) is False
    assert cluster.status(home).running is False
    assert ask(cluster.start(home), "SELECT count(*) FROM kept") == 0


def test_nothing_is_made_by_looking_or_stopping(tmp_path):
    home = tmp_path / "never"
    assert cluster.status(home).version is None
    assert cluster.stop(home) is False
    assert not home.exists()


def test_a_killed_server_is_started_again_with_what_was_committed(home):
    url = cluster.start(home)
    ask(url, "CREATE TABLE kept (x int)")
    killed = cluster.status(home).pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until_gone([killed])
    assert cluster.status(home).running is False
    assert ask(cluster.start(home), "SELECT count(*) FROM kept") == 0
    assert cluster.status(home).pid != killed


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_server(home):
    cluster.start(home, durable=False)
    data = cluster.status(home).data
    text = (data / "postmaster.pid").read_text()
    cluster.stop(home)
    old = text.splitlines()[0]
    (data / "postmaster.pid").write_text(text.replace(old, str(os.getpid()), 1))
    assert cluster.status(home).running is False
    cluster.start(home, durable=False)
    assert cluster.status(home).pid not in {None, os.getpid()}


def test_a_server_that_still_starts_is_waited_for(home, monkeypatch):
    url = cluster.start(home, durable=False)
    pid = cluster.status(home).pid
    found = cluster_server.pid_file(cluster.status(home).data)
    assert found is not None
    unready = cluster_server.PidFile(found.pid, found.socket, ready=False)
    answers = iter([unready, unready, unready, found])
    monkeypatch.setattr(cluster_server, "pid_file", lambda _: next(answers, found))
    assert cluster.start(home, durable=False) == url
    assert cluster.status(home).pid == pid


def test_an_interrupted_initdb_is_done_again(home):
    (home / "cluster" / "data.new" / "base").mkdir(parents=True)
    (home / "cluster" / "data.new" / "PG_VERSION").write_text("15\n")
    url = cluster.start(home, durable=False)
    assert ask(url, "SELECT 1") == 1
    assert not (home / "cluster" / "data.new").exists()


def test_a_half_made_data_folder_is_set_aside_and_kept(home):
    (home / "cluster" / "data").mkdir(parents=True)
    (home / "cluster" / "data" / "notes.txt").write_text("mine")
    assert ask(cluster.start(home, durable=False), "SELECT 1") == 1
    kept = list((home / "cluster").glob("data.incomplete-*/notes.txt"))
    assert [file.read_text() for file in kept] == ["mine"]


def test_an_interrupt_during_the_start_leaves_nothing_running(home, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cluster_server, "_when_ready", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cluster.start(home, durable=False)
    wait_until_gone(processes_of(home / "cluster" / "data"))
    assert ask(cluster.start(home, durable=False), "SELECT 1") == 1


def test_a_database_that_was_dropped_is_made_again(home):
    url = cluster.start(home, durable=False)
    admin = make_url(url).set(database="postgres").render_as_string()
    ask(admin, "DROP DATABASE ewater")
    ask(admin, "CREATE DATABASE ewater_new")
    cluster.start(home, durable=False)
    assert str(ask(url, "SELECT postgis_version()")).startswith("3.")
    leftovers = "SELECT count(*) FROM pg_database WHERE datname = 'ewater_new'"
    assert ask(admin, leftovers) == 0


def test_data_of_another_major_version_are_explained_and_left_alone(home):
    cluster.start(home, durable=False)
    data = cluster.status(home).data
    cluster.stop(home)
    (data / "PG_VERSION").write_text("99\n")
    with pytest.raises(NotReadyError, match=r"made by PostgreSQL 99.*nothing was"):
        cluster.start(home)
    assert (data / "global" / "pg_control").exists()


def test_a_server_that_does_not_start_says_what_its_log_says(home):
    cluster.start(home, durable=False)
    data = cluster.status(home).data
    cluster.stop(home)
    with (data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(NotReadyError, match="no_such_setting"):
        cluster.start(home)


def test_a_home_too_long_for_a_socket_still_works(home):
    long = home.joinpath(*["a folder with a long name, and blanks"] * 5)
    url = cluster.start(long, durable=False)
    try:
        assert ask(url, "SELECT 1") == 1
        socket = cluster.status(long).socket
        assert socket is not None
        assert len(os.fsencode(socket)) < 80
        assert socket.stat().st_mode & 0o777 == 0o700
        cluster.stop(long)
        assert not socket.exists()
    finally:
        cluster.destroy(long)


def test_a_home_that_cannot_be_made_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReadyError, match="EWATER_HOME"):
        cluster.start(tmp_path / "file" / "home")


def test_the_environment_wins_over_the_private_cluster(home):
    settings = Settings(home=home, database_url="postgresql://elsewhere/water")
    assert cluster.database_url(settings) == "postgresql://elsewhere/water"
    with cluster.running(settings) as url:
        assert url == "postgresql://elsewhere/water"
    assert not cluster.status(home).running


def test_what_a_lease_started_it_stops_and_nothing_else(home):
    settings = Settings(home=home)
    with cluster.running(settings) as url:
        assert ask(url, "SELECT 1") == 1
        with cluster.running(settings):
            pass
        assert cluster.status(home).running
    assert not cluster.status(home).running


def test_a_temporary_cluster_leaves_nothing_behind():
    with cluster.temporary() as url:
        assert ask(url, "SHOW fsync") == "off"
        folder = Path(str(ask(url, "SHOW data_directory")))
    assert not folder.exists()


def test_what_a_killed_process_borrowed_is_cleared_by_the_next_one():
    code = "import time; from ewater.store import cluster\n"
    code += "with cluster.temporary() as url: print(url, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as borrower:
        assert borrower.stdout is not None
        url = borrower.stdout.readline().strip()
        data = Path(str(ask(url, "SHOW data_directory")))
        with cluster.temporary():
            assert ask(url, "SELECT 1") == 1
        borrower.kill()
    before = processes_of(data)
    assert before
    with cluster.temporary():
        assert not data.exists()
    wait_until_gone(before)
