"""The server goes away, has no room, or the process is killed: all or nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.ingest import jobs, patience
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import chunks, cluster, database, landed_files, landing, registry

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
BODY = "series,time,value\n" + "".join(
    f"Q{1 + h % 2},2024-01-{1 + h // 24:02d}T{h % 24:02d}:00Z,{h}\n" for h in range(240)
)
FILE = Memory("f.csv", BODY.encode())
OPTIONS = Options(now=NOW)


def state(engine):
    """All that a load leaves, and what readers see."""
    tables = ("load", "chunk", "reject", "landed_file", "landed_piece", "daily")
    with engine.connect() as connection:
        counts = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar()
            for name in tables
        }
        found = chunks.read(connection, ["Q1", "Q2"])
    return counts, found.value.values.tolist()


def disconnect_everyone(engine):
    """Do to all clients of a database what a restart of its server does."""
    name = engine.url.database
    admin = database.connect(engine.url.set(database="postgres"))
    with admin.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = :name"
            ),
            {"name": name},
        )
    admin.dispose()


@pytest.mark.parametrize(
    "phase", ["begin", "keep", "lock_series", "seal", "publish", "committed"]
)
def test_a_server_that_restarts_in_a_load_is_waited_for(country, monkeypatch, phase):
    jobs.ingest(country, Memory("o.csv", b"series,time,value\n"), OPTIONS)
    monkeypatch.setattr(patience.WAIT, "multiplier", 0.01)
    times = []
    name = "publish" if phase == "committed" else phase
    module = landed_files if name in ("keep", "seal") else landing
    real = getattr(module, name)

    def interrupted(*arguments, **options):
        times.append(None)
        if len(times) == 1 and phase != "committed":
            disconnect_everyone(country)
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, interrupted)
    options = OPTIONS
    if phase == "committed":
        options = Options(now=NOW, daily=False)
        monkeypatch.setattr(jobs, "Outcome", lost_answer(jobs.Outcome))
    done = jobs.ingest(country, FILE, options)
    assert done.counts.new == 240
    assert done.known == (phase == "committed")
    counts, values = state(country)
    assert sorted(values) == list(range(240))
    assert (counts["load"], counts["landed_file"]) == (2, 2)


def lost_answer(real):
    """Make an outcome whose first answer gets lost with its connection."""
    import psycopg

    asked = []

    def outcome(**fields):
        asked.append(None)
        if len(asked) == 1:
            raise psycopg.OperationalError("server closed the connection")
        return real(**fields)

    return outcome


def test_a_server_that_does_not_come_back_is_said(country, monkeypatch):
    monkeypatch.setattr(patience.WAIT, "multiplier", 0.01)
    monkeypatch.setattr(patience, "PATIENCE_S", 0.2)
    nowhere = database.connect("postgresql+psycopg://ewater@127.0.0.1:1/none")
    with pytest.raises(patience.StoreError, match="did not come back"):
        jobs.ingest(nowhere, FILE, OPTIONS)


@pytest.fixture
def own_server(tmp_path_factory):
    """A server of this test alone, with the series Q1 and Q2; and its folder."""
    home = tmp_path_factory.mktemp("server")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        cluster.start(home, durable=False)
        cluster.stop(home)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, limits[1]))
        url = cluster.start(home, durable=False)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        engine = database.connect(url)
        database.migrate(engine)
        frames = {
            "sites": pd.DataFrame({"code": ["S"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame(
                {
                    "code": ["Q1", "Q2"],
                    "site": "S",
                    "quantity": "discharge",
                    "unit": "m3/s",
                    "signal": "instantaneous",
                    "timezone": "UTC",
                }
            ),
        }
        registry.load(engine, frames)
        yield engine, home
        engine.dispose()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        cluster.destroy(home)


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_partial_and_a_restart_is_waited_for(
    own_server, monkeypatch
):
    """The server may write no file of more than 16 MB: its tables are full then."""
    engine, home = own_server
    jobs.ingest(engine, FILE, OPTIONS)
    before = state(engine)
    noise = np.random.default_rng(1).integers(33, 126, (48, 700_000), np.uint8)
    rows = b"\n".join(b"Q1,2024-03-01T00:00Z,1,%b" % row.tobytes() for row in noise)
    large = Memory(
        "l.csv", b"series,time,value\nQ1,2024-02-01T00:00Z,1\n" + rows + b"\n"
    )
    with pytest.raises(patience.StoreError, match="nothing of it is loaded"):
        jobs.ingest(engine, large, OPTIONS)
    assert state(engine) == before, "nothing partial, and reads go on"

    real, times = landing.publish, []

    def restarting(*arguments, **options):
        times.append(None)
        if len(times) == 1:
            cluster.stop(home)
            threading.Timer(1, cluster.start, [home], {"durable": False}).start()
        return real(*arguments, **options)

    monkeypatch.setattr(landing, "publish", restarting)
    again = Memory("g.csv", b"series,time,value\nQ1,2024-02-01T00:00Z,1\n")
    assert jobs.ingest(engine, again, OPTIONS).counts.new == 1
    assert len(times) == 2
    assert state(engine)[0]["load"] == before[0]["load"] + 1


# Phases of a load, in order: a function whose call kills the process that loads.
PHASES = [
    "landing.owned",
    "unfinished.clear",
    "registered.schema",
    "unfinished.adopt",
    "landed_files.new_file",
    "landing.begin",
    "landed_files.keep",
    "readings_csv.stage",
    "rejects.keep",
    "readings_csv.gather",
    "chunks_stage.compare",
    "chunks_stage.write",
    "repeats.find",
    "readings_csv.settle",
    "wrong_unit.suspects",
    "readings_csv.publish",
    "landing.lock_series",
    "landing.overtaken",
    "landed_files.seal",
    "landing.publish",
    "recording.moment",
    "derived.refresh",
    "daily.refresh",
]
_LOADER = """
import os, signal, sys
from datetime import UTC, datetime
from ewater.ingest import (
    daily, derived, jobs, readings_csv, registered, repeats, wrong_unit
)
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import (
    chunks_stage, database, landed_files, landing, recording, rejects, unfinished
)

url = sys.argv[1]
body = sys.stdin.buffer.read(int(sys.argv[2]))
now = datetime(2024, 6, 1, tzinfo=UTC)
engine = database.connect(url)  # once with compiled kernels, which every child inherits
jobs.ingest(engine, Memory("f.csv", body), Options(now=now, dry_run=True))
engine.dispose()
for line in sys.stdin.buffer:
    phase = line.decode().strip()
    child = os.fork()
    if child == 0:
        module, name = phase.split(".")
        setattr(globals()[module], name,
                lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
        jobs.ingest(database.connect(url), Memory("f.csv", body),
                    Options(now=now))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def loader(database_url):
    """A process that begins a load and is killed when it comes to a phase."""
    rows = [*BODY.splitlines(), "Q9,2024-01-01T00:00Z,1"]  # one is held
    rows += ["Q1,2024-02-01T00:00Z,1", "Q1,2024-02-01T00:00Z,2"]  # two contradict
    body = ("\n".join(rows) + "\n").encode()
    process = subprocess.Popen(
        [sys.executable, "-c", _LOADER, database_url, str(len(body))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdin.write(body)

    def kill_at(phase):
        process.stdin.write(f"{phase}\n".encode())
        process.stdin.flush()
        return int(process.stdout.readline())

    yield kill_at, Memory("f.csv", body)
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def test_a_load_killed_in_any_phase_is_all_or_nothing_and_the_rerun_completes(
    country, loader
):
    kill_at, file = loader
    empty, _ = state(country)
    for phase in PHASES:
        assert kill_at(phase) == -9, f"{phase} is no phase of this load"
        _, values = state(country)
        assert values in ([], WHOLE), phase
        with country.connect() as connection:
            assert landing.last_recorded(connection) is not None
        done = jobs.ingest(country, file, OPTIONS)
        assert (done.counts.new, done.counts.rejected) == (240, 3), phase
        assert done.known == (values == WHOLE), phase
        counts, values = state(country)
        want = {"load": 1, "reject": 3, "landed_file": 1, "landed_piece": 1}
        assert {name: counts[name] for name in want} == want, phase
        assert values == WHOLE, phase
        assert counts["daily"] == 22, phase
        with country.begin() as connection:  # for the next phase
            connection.execute(
                text(
                    "TRUNCATE load, chunk, reject, landed_file, daily, daily_due, "
                    "landed_piece, quality_due CASCADE"
                )
            )
        assert state(country)[0] == empty


WHOLE = [float(h) for h in range(0, 240, 2)] + [float(h) for h in range(1, 240, 2)]
