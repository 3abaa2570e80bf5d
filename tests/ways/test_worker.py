from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import text

from ewater.ingest.push import drain
from ewater.ingest.sources import describe
from ewater.ingest.sources.model import ADAPTER
from ewater.ingest.sources.mqtt import Subscription
from ewater.ingest.work import tasks
from ewater.ingest.work.again import again
from ewater.store import posts, source_runs, sources

pytestmark = pytest.mark.db

HEAD = "series,time,value\n"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def row(hour, value=1, code="Q1"):
    return f"{code},2024-01-01T{hour:02d}:00Z,{value}\n"


def put(engine, name, **said):
    with engine.begin() as connection:
        sources.put(
            connection,
            name=name,
            kind=said["kind"],
            said=json.dumps({"name": name, **said}),
            profile=None,
            paused=False,
            who="tester",
        )


@pytest.fixture
def drop(country, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    put(country, "drop", kind="folder", path=str(folder), settle="1 s")
    return folder


@pytest.fixture
def runs(country):
    def read(**only):
        with country.connect() as connection:
            return source_runs.read(connection, **only)[::-1]

    return read


def jobs_of(engine):
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT status::text, attempts FROM jobs.procrastinate_jobs "
                "WHERE task_name = 'run_source'"
            )
        )
        return [tuple(each) for each in found]


def test_a_worker_does_what_waits_and_ends(country, drop, command, read):
    (drop / "a.csv").write_text(HEAD + row(1) + row(2, 2))
    with country.begin() as connection:
        posts.keep(connection, (HEAD + row(3, 3)).encode(), format="csv")
    process = command("worker", "--once")
    assert process.wait(60) == 0, process.log.read_text()
    assert read() == [1.0, 2.0, 3.0]
    assert (drop / "done" / "a.csv").is_file()
    with country.connect() as connection:
        days = connection.execute(text("SELECT count(*) FROM daily")).scalar_one()
    assert days == 1
    assert jobs_of(country) == [], "jobs that went well are not kept; their runs are"


def test_two_workers_share_the_work_and_stop_when_told(
    country, drop, command, eventually, read, runs
):
    both = [command("worker") for _ in range(2)]
    for hour in range(6):
        path = drop / f".{hour}"
        path.write_text(HEAD + row(hour, hour))
        path.rename(drop / f"{hour}.csv")
        with country.begin() as connection:
            body = HEAD + row(hour, hour, "Q2")
            posts.keep(connection, body.encode(), format="csv")
    eventually(lambda: len(read()) == 6 and len(read("Q2")) == 6, 60)
    eventually(lambda: len(list((drop / "done").iterdir())) == 6)
    for process in both:
        process.send_signal(signal.SIGTERM)
    for process in both:
        assert process.wait(30) == 0, process.log.read_text()
    assert "stops" in both[0].log.read_text()
    found = runs(source="drop")
    assert {r["state"] for r in found} == {"done"}
    assert sum(r["new"] for r in found) == 6


@pytest.mark.slow
def test_a_job_whose_worker_was_killed_is_taken_up_by_another(
    country, drop, command, eventually, read, runs
):
    """The first worker is killed while its load waits to be published."""
    (drop / "a.csv").write_text(HEAD + row(1) + row(2))
    with country.connect() as connection, connection.begin():
        connection.execute(text("LOCK TABLE series_key IN ACCESS EXCLUSIVE MODE"))
        first = command("worker", "--stalled", "2")
        eventually(lambda: [s for s, _ in jobs_of(country)] == ["doing"], 60)
        eventually(lambda: [r["state"] for r in runs()] == ["running"])
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert (read(), [r["state"] for r in runs()]) == ([], ["running"])
    time.sleep(2)
    second = command("worker", "--stalled", "2")
    eventually(lambda: read() == [1.0, 1.0], 60)
    eventually(lambda: (drop / "done" / "a.csv").is_file())
    eventually(lambda: [r["state"] for r in runs()] == ["lost", "done"])
    assert [r["attempt"] for r in runs()] == [1, 2]
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0


def test_a_schedule_is_followed_once_for_all_times_that_passed(country):
    put(country, "s", kind="folder", path="/in", schedule="*/10 * * * *")
    put(country, "watched", kind="folder", path="/in")
    noon = datetime(2024, 1, 1, 12, 0, 5, tzinfo=UTC)
    minutes = (0, 1, 9, 10, 11, 60, 61)
    found = [tasks.due(country, noon + timedelta(minutes=m)) for m in minutes]
    assert found == [["s"], [], [], ["s"], [], ["s"], []]
    with country.begin() as connection:
        describe.pause(connection, "s", paused=True, who="t")
    assert tasks.due(country, noon + timedelta(days=1)) == []


def test_a_job_that_fails_for_good_stays_and_is_tried_again_when_asked(
    country, command, runs
):
    put(
        country,
        "s",
        kind="http",
        url="http://127.0.0.1:1/",
        begin="2024-01-01T00:00:00Z",
        login={"bearer": {"env": "WAYS_NO_SUCH"}},
        schedule="* * * * *",
        attempts=1,
    )
    process = command("worker", "--once", WAYS_NO_SUCH="x")
    assert process.wait(60) == 0, process.log.read_text()
    assert jobs_of(country) == [("todo", 1)], "it waits to be tried again"
    [first] = runs()
    assert (first["state"], first["attempt"]) == ("failed", 1)
    with country.begin() as connection:
        connection.execute(text("SET LOCAL search_path TO jobs"))
        for state in ("doing", "failed"):
            change = "UPDATE procrastinate_jobs SET status = "
            connection.execute(text(f"{change}'{state}'"))
    assert "waits again" in again(country, first["id"])
    assert jobs_of(country) == [("todo", 2)]
    assert "waits" in again(country, first["id"])
    assert len(jobs_of(country)) == 1


# --- brokers ---------------------------------------------------------------------


class Broker:
    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.config = folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nuser root\n"
        )
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self.config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def publish(self, *bodies, topic="gauges/a"):
        client = paho.Client(CallbackAPIVersion.VERSION2)
        until = time.monotonic() + 20
        while True:
            with suppress(OSError):
                client.connect("127.0.0.1", self.port)
                break
            assert time.monotonic() < until
            time.sleep(0.05)
        client.loop_start()
        for body in bodies:
            client.publish(topic, body, qos=1).wait_for_publish(20)
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def broker(tmp_path, free_port):
    if MOSQUITTO is None:
        pytest.skip("no broker on this machine: install the package mosquitto")
    made = Broker(tmp_path, free_port)
    yield made
    made.stop()


@pytest.fixture
def subscribe(country, broker):
    open_ = []

    def start():
        said = {
            "kind": "mqtt",
            "name": "m",
            "host": "127.0.0.1",
            "port": broker.port,
            "topic": "gauges/+",
        }
        source = ADAPTER.validate_python(said)
        made = Subscription(country, source, by_profile=False)
        made.start()
        open_.append(made)
        return made

    yield start
    for each in open_:
        each.stop()


def kept(engine):
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT body, topic FROM post ORDER BY id"))
        return [(bytes(r.body).decode(), r.topic) for r in rows]


def connected(subscription):
    return lambda: subscription._client.is_connected()


def test_messages_become_posts_and_posts_readings(
    country, broker, subscribe, eventually, read, runs
):
    first = subscribe()
    eventually(connected(first))
    document = json.dumps(
        {"readings": [{"series": "Q2", "time": "2024-01-01T00:00Z", "value": 2.5}]}
    )
    broker.publish(HEAD + row(1), document, "rubbish")
    broker.publish(HEAD + row(5), topic="other")
    eventually(lambda: len(kept(country)) == 3)
    drain.drain(country)
    assert (read(), read("Q2")) == ([1.0], [2.5])
    failed = runs(source="m", only_failed=True)
    assert len(failed) == 1
    assert "unknown header 'rubbish'" in failed[0]["error"]


def test_nothing_is_lost_while_nobody_listens_or_the_database_is_away(
    country, broker, subscribe, eventually, monkeypatch
):
    first = subscribe()
    eventually(connected(first))
    first.stop()
    broker.publish(*(HEAD + row(h) for h in range(5)))
    assert kept(country) == []

    real, broken = posts.keep, threading.Event()

    def keep(*arguments, **named):
        if not broken.is_set():
            broken.set()
            raise sa_error()
        return real(*arguments, **named)

    monkeypatch.setattr(posts, "keep", keep)
    monkeypatch.setattr("ewater.ingest.sources.mqtt._PAUSE_S", 0.05)
    subscribe()
    eventually(lambda: len(kept(country)) == 5)
    assert [body for body, _ in kept(country)] == [HEAD + row(h) for h in range(5)]


def sa_error():
    from sqlalchemy.exc import OperationalError

    return OperationalError("INSERT", {}, Exception("the server closed the connection"))


def test_what_was_not_acknowledged_is_delivered_again_and_changes_nothing(
    country, broker, subscribe, eventually, read, monkeypatch
):
    """As when the process is killed between commit and acknowledgement."""
    first = subscribe()
    eventually(connected(first))
    monkeypatch.setattr(first._client, "ack", lambda *_: None)
    broker.publish(HEAD + row(1), HEAD + row(2))
    eventually(lambda: len(kept(country)) == 2)
    first.stop()
    subscribe()
    eventually(lambda: len(kept(country)) == 4)
    [done] = drain.drain(country)
    assert read() == [1.0, 1.0]
    assert (done.counts.new, done.counts.unchanged) == (2, 2)


@pytest.mark.slow
def test_a_killed_worker_loses_no_message(country, broker, command, eventually, read):
    put(
        country,
        "m",
        kind="mqtt",
        host="127.0.0.1",
        port=broker.port,
        topic="gauges/#",
    )
    first = command("worker")
    eventually(lambda: "listening" in first.log.read_text(), 60)
    eventually(lambda: (broker.publish(HEAD + row(0)), len(kept(country)))[1] > 0, 20)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    broker.publish(*(HEAD + row(h) for h in range(1, 10)))
    command("worker")
    eventually(lambda: len(read()) == 10, 60)


def test_the_whole_application_takes_posts_too(country, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    from ewater.dashboard import app as dashboard
    from ewater.ingest.push.endpoint import blueprint

    made = dashboard.create_app(object()).server
    made.register_blueprint(blueprint(country))
    answer = made.test_client().post("/api/push/readings", data=HEAD)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
