from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import FaultsError, NotReadyError, UsageError
from ewater.ingest.outcome import Span
from ewater.ingest.push import drain
from ewater.ingest.sources import describe, running
from ewater.ingest.sources.http_client import AnswerError
from ewater.ingest.sources.run import run
from ewater.ingest.sources.running import BusyError, Call, TransientError
from ewater.store import landing, source_runs, sources

pytestmark = pytest.mark.db

HEAD = "series,time,value\n"
CALL = Call(who="tester")


@pytest.fixture
def describe_source(country, tmp_path):
    def add(said, name="s", profile=None):
        path = tmp_path / f"{name}.yaml"
        path.write_text(said if isinstance(said, str) else json.dumps(said))
        if profile:
            (tmp_path / "p.yaml").write_text(profile)
        with country.begin() as connection:
            describe.add(connection, path, "tester")

    return add


@pytest.fixture
def runs(country):
    def read(**only):
        with country.connect() as connection:
            return source_runs.read(connection, **only)[::-1]

    return read


class Service:
    """Answers what a test says, one answer after the other; the last again."""

    def __init__(self):
        self.answers, self.asked, self.headers = [], [], []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                service.asked.append(self.path)
                service.headers.append(dict(self.headers))
                answer = service.answers[0]
                if len(service.answers) > 1:
                    service.answers.pop(0)
                answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/data"

    def says(self, *answers):
        self.answers = list(answers)

    def times(self):
        found = [parse_qs(urlsplit(path).query) for path in self.asked]
        return [(q["from"][0], q["to"][0]) for q in found]


def answer(body="", status=200, **headers):
    def write(handler):
        data = body.encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return write


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(HEAD.encode())
    handler.close_connection = True


def endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * (1 << 20))
    except OSError:
        handler.close_connection = True


def silent(handler):
    threading.Event().wait(2)
    handler.close_connection = True


@pytest.fixture
def service():
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr(Call, "wait", lambda *_: None)


def http(service, **more):
    return {
        "kind": "http",
        "url": service.url + "?from={from}&to={to}",
        "begin": "2024-01-01T00:00:00+00:00",
        "span": "100000 d",
    } | more


def rows(*values, code="Q1", day=1):
    return HEAD + "".join(
        f"{code},2024-01-{day + n:02d}T00:00Z,{v}\n" for n, v in enumerate(values)
    )


# --- folders ---------------------------------------------------------------------


@pytest.fixture
def drop(describe_source, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    describe_source({"kind": "folder", "path": str(folder), "settle": "1 s"}, "drop")
    return folder


def test_a_drop_folder_is_emptied_and_nothing_is_lost_or_doubled(
    country, drop, read, runs
):
    (drop / "a.csv").write_text(rows(1, 2))
    (drop / "sub").mkdir()
    (drop / "sub" / "b.csv").write_text(rows(3, code="Q2"))
    (drop / "c.csv").write_text("a;b\n1;2\n")
    (drop / "d.csv.part").write_text(rows(9))
    done = run(country, "drop", CALL)
    assert (read(), read("Q2"), len(done)) == ([1.0, 2.0], [3.0], 2)
    left = sorted(str(p.relative_to(drop)) for p in drop.rglob("*") if p.is_file())
    assert left == [
        "d.csv.part",
        "done/a.csv",
        "done/sub/b.csv",
        "failed/c.csv",
        "failed/c.csv.error",
    ]
    assert "unknown header" in (drop / "failed" / "c.csv.error").read_text()
    found = [(r["item"], r["state"], r["rows_read"], r["new"]) for r in runs()]
    assert found == [
        ("a.csv", "done", 2, 2),
        ("c.csv", "failed", 1, 0),
        ("sub/b.csv", "done", 1, 1),
    ]
    assert all(r["who"] == "tester" and len(r["sha256"]) == 64 for r in runs())

    (drop / "a.csv").write_text(rows(1, 2))  # the same again
    run(country, "drop", CALL)
    again = runs()[-1]
    assert (again["new"], again["unchanged"], again["load"]) == (
        0,
        2,
        runs()[0]["load"],
    )
    assert (drop / "done" / "a.csv.1").is_file()


def test_a_file_that_is_still_written_to_waits(country, drop, read, monkeypatch):
    path = drop / "a.csv"
    path.write_text(rows(1)[:-3])
    monkeypatch.setattr(Call, "wait", lambda *_: path.write_text(rows(1, 2)))
    assert run(country, "drop", CALL) == []
    assert path.is_file()
    monkeypatch.setattr(Call, "wait", lambda *_: None)
    run(country, "drop", CALL)
    assert read() == [1.0, 2.0]


def test_a_crash_between_publishing_and_moving_doubles_nothing(
    country, drop, read, runs, monkeypatch
):
    from ewater.ingest.sources import folder

    class Crash(BaseException):
        pass

    def crash(*_, **__):
        raise Crash

    (drop / "a.csv").write_text(rows(1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(source_runs, "done", crash)
        with pytest.raises(Crash):
            run(country, "drop", CALL)
    assert [r["state"] for r in runs()] == ["running"]
    assert (drop / "a.csv").is_file()
    run(country, "drop", CALL)
    assert read() == [1.0, 2.0]
    found = [(r["state"], r["rows_read"], r["new"], r["unchanged"]) for r in runs()]
    assert found == [("done", 2, 2, 0), ("done", 2, 0, 2)]
    assert (drop / "done" / "a.csv").is_file()

    monkeypatch.setattr(folder.running.jobs, "ingest", crash)
    (drop / "b.csv").write_text(rows(3))
    with pytest.raises(Crash):
        run(country, "drop", CALL)
    monkeypatch.undo()
    run(country, "drop", Call(who="tester", stop=lambda: True))
    assert runs()[-1]["state"] == "lost"
    assert "process ended" in runs()[-1]["error"]


def test_a_folder_that_is_not_there_is_a_run_that_failed(country, drop, runs):
    drop.rmdir()
    with pytest.raises(TransientError, match="cannot be reached"):
        run(country, "drop", CALL)
    assert [r["state"] for r in runs(only_failed=True)] == ["failed"]


def test_two_runs_of_a_source_at_once_are_refused(country, drop):
    with (
        running.alone(country, "drop"),
        pytest.raises(BusyError, match="another process"),
    ):
        run(country, "drop", CALL)


# --- services --------------------------------------------------------------------


def test_a_service_is_asked_from_its_cursor_less_the_overlap(
    country, describe_source, service, read, runs
):
    describe_source(http(service, overlap="2 d"))
    service.says(answer(rows(1, 2, 3)))
    run(country, "s", CALL)
    assert service.times()[0][0] == "2024-01-01T00:00:00Z"
    with country.connect() as connection:
        state = sources.state(connection, "s")
    assert state.cursor == datetime(2024, 1, 3, tzinfo=UTC), "the newest reading"

    service.says(answer(rows(2, 30, 4, day=2)))  # a correction and a late value
    [done] = run(country, "s", CALL)
    assert service.times()[1][0] == "2024-01-01T00:00:00Z", "cursor less two days"
    assert read() == [1.0, 2.0, 30.0, 4.0]
    assert (done.counts.new, done.counts.corrected, done.counts.unchanged) == (1, 1, 1)
    run(country, "s", CALL)
    assert service.times()[2][0] == "2024-01-02T00:00:00Z"
    last = runs()[-1]
    assert (last["new"], last["corrected"], last["unchanged"]) == (0, 0, 3)


def test_an_answer_given_before_counts_when_another_came_between(
    country, describe_source, service, read
):
    describe_source(http(service))
    for value in (1, 2, 1):
        service.says(answer(rows(value)))
        run(country, "s", CALL)
    assert read() == [1.0]


def test_long_times_are_asked_for_in_parts_and_resumed(
    country, describe_source, service, read
):
    ago = datetime.now(UTC) - timedelta(days=25)
    describe_source(http(service, span="10 d", overlap="0 d", begin=ago.isoformat()))
    service.says(answer(rows(1)), answer("no", 500), answer("no", 400))
    with pytest.raises(AnswerError, match="400: no"):
        run(country, "s", CALL)
    assert len(service.asked) == 3
    with country.connect() as connection:
        cursor = sources.state(connection, "s").cursor
    assert abs(cursor - ago - timedelta(days=10)) < timedelta(seconds=2)
    service.says(answer(HEAD))
    run(country, "s", CALL)
    assert len(service.asked) == 5, "the first part is not asked for again"
    run(country, "s", CALL)
    assert len(service.asked) == 6, "only the open end is"


def test_a_span_is_asked_for_whatever_the_cursor_says(
    country, describe_source, service, read
):
    describe_source(http(service))
    service.says(answer(rows(1, 2, 3)))
    start, end = (datetime(2024, 1, d, tzinfo=UTC) for d in (2, 3))
    run(country, "s", CALL, Span(start=start, end=end))
    assert service.times() == [("2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z")]
    assert read() == [2.0]
    with country.connect() as connection:
        assert sources.state(connection, "s").cursor is None


def test_sites_have_cursors_of_their_own_and_secrets_come_from_the_environment(
    country, describe_source, service, monkeypatch
):
    describe_source(
        http(
            service,
            url=service.url + "/{site}",
            params={"from": "{from}", "to": "{to}", "k": {"env": "WAYS_K"}},
            sites=["A", "B"],
            login={"user": "me", "password": {"env": "WAYS_P"}},
        )
    )
    service.says(answer(rows(1)), answer(rows(1, 2, code="Q2")))
    with pytest.raises(NotReadyError, match="WAYS_P is not set"):
        run(country, "s", CALL)
    monkeypatch.setenv("WAYS_P", "secret")
    monkeypatch.setenv("WAYS_K", "also secret")
    run(country, "s", CALL)
    assert [urlsplit(p).path for p in service.asked] == ["/data/A", "/data/B"]
    assert service.headers[0]["Authorization"].startswith("Basic ")
    assert "k=also" in service.asked[0]
    with country.connect() as connection:
        days = [sources.state(connection, "s", site).cursor.day for site in "AB"]
        kept = connection.execute(text("SELECT said FROM source")).scalar_one()
    assert days == [1, 2]
    assert "secret" not in kept


@pytest.mark.parametrize("trouble", [answer("", 500), answer("", 429), cut, silent])
def test_what_may_go_well_later_is_tried_again(
    country, describe_source, service, read, trouble
):
    describe_source(http(service, timeout="1 s"))
    service.says(trouble, trouble, answer(rows(1)))
    run(country, "s", CALL)
    assert (len(service.asked), read()) == (3, [1.0])


def test_a_service_that_names_a_time_is_not_asked_before(
    country, describe_source, service, monkeypatch
):
    waits = []
    monkeypatch.setattr(Call, "wait", lambda _, seconds: waits.append(seconds))
    describe_source(http(service))
    service.says(answer("", 429, Retry_After="7"), answer(rows(1)))
    run(country, "s", CALL)
    assert waits == [7.0]
    service.says(answer("", 503, Retry_After="3600"))
    with pytest.raises(TransientError) as raised:
        run(country, "s", CALL)
    assert (raised.value.later, waits) == (3600.0, [7.0]), "left to the queue"


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (answer("", 404), "answers 404"),
        (answer("", 401), "answers 401"),
        (answer("", 302, Location="http://localhost:1/data"), "another host"),
        (answer("", 302, Location="/data"), "redirects 5 times"),
        (endless, "more than 1 MB"),
        (answer("a;b\n"), "unknown header"),
    ],
)
def test_what_will_not_go_well_is_not_tried_again_and_is_a_run(
    country, describe_source, service, runs, trouble, says
):
    describe_source(http(service, largest_mb=1))
    service.says(trouble)
    with pytest.raises((AnswerError, FaultsError), match=says):
        run(country, "s", CALL)
    assert len(service.asked) == (5 if "redirects" in says else 1)
    [found] = runs()
    assert (found["state"], found["load"]) == ("failed", None)
    assert says in found["error"]


def test_an_answer_that_cannot_be_read_is_kept_and_can_be_read_later(
    country, describe_source, service, read
):
    describe_source(http(service, profile="p.yaml"), profile=_profile("Q"))
    service.says(answer("t,Z1\n2024-01-01,5\n"))
    with pytest.raises(FaultsError):
        run(country, "s", CALL)
    describe_source(http(service, profile="p.yaml"), profile=_profile("Z"))
    from ewater.ingest.work.again import again

    assert "1 posts of s wait again" in again(country, 1)
    drain.drain(country)
    assert read() == [5.0]


def _profile(letter):
    return (
        f"columns: {{time: [t], values: '{letter}.*'}}\ntime: {{zone: UTC}}\n"
        "series: {table: {Z1: Q1}}\n"
    )


def test_an_answer_of_nothing_is_a_run_of_nothing(
    country, describe_source, service, runs
):
    describe_source(http(service, no_data=[204, 404]))
    service.says(answer("", 404))
    assert run(country, "s", CALL) == []
    assert [(r["state"], r["rows_read"]) for r in runs()] == [("done", 0)]


# --- descriptions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("kind: folder\npath: in\n", "s.yaml:2: path: 'in' is relative"),
        ("kind: folder\npath: /in\nsetle: 1 s\n", "s.yaml:3: setle: is no field"),
        ("kind: ftp\n", "s.yaml:1"),
        ("kind: folder\npath: /in\nschedule: daily\n", "s.yaml:3: schedule: 'daily'"),
        ("kind: http\nurl: ftp://x\nbegin: 2024-01-01T00:00Z\n", "no http or https"),
        (
            "kind: http\nurl: http://x/{site}\nbegin: 2024-01-01T00:00Z\n",
            "list of sites",
        ),
        ("kind: http\nurl: http://a:b@x/\nbegin: 2024-01-01T00:00Z\n", "use login"),
        ("kind: http\nurl: http://x/\nbegin: 2024-01-01\n", "s.yaml:3: begin"),
        ("kind: http\nurl: http://x/\nbegin: 2024\n", "s.yaml:3: begin: 2024 is no"),
        ("kind: push\nprofile: nope\n", "s.yaml:2: profile: profile 'nope'"),
        ("kind: mqtt\nhost: x\n", "topic: is required"),
        ("name: A b\nkind: push\n", "s.yaml:1: name"),
    ],
)
def test_a_fault_of_a_description_names_its_line(describe_source, said, says):
    with pytest.raises(FaultsError) as raised:
        describe_source(said)
    assert says in str(raised.value)


def test_a_source_keeps_every_description_it_had(country, describe_source):
    first = {"kind": "push", "about": "one"}
    for said in (first, first, {"kind": "push", "about": "two"}):
        describe_source(said)
    with country.begin() as connection:
        assert describe.pause(connection, "s", paused=True, who="t")
        assert not describe.pause(connection, "s", paused=True, who="t")
    describe_source({"kind": "push", "about": "three"})
    with country.begin() as connection:
        assert describe.find(connection, "s").paused, "described anew, still paused"
        with pytest.raises(UsageError, match="paused"):
            run(country, "s", CALL)
        describe.remove(connection, "s")
        with pytest.raises(UsageError, match="no source is named 's'; there is none"):
            describe.find(connection, "s")
        count = connection.execute(text("SELECT count(*) FROM source")).scalar_one()
    assert count == 4


def test_sources_and_runs_are_seen_by_command(
    country, database_url, monkeypatch, tmp_path
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(rows(1) + "Q1,x,1\n")
    os.utime(folder / "a.csv", (1, 1))
    (tmp_path / "gauges.yaml").write_text(f"kind: folder\npath: {folder}\n")

    def call(*arguments, status=0):
        done = CliRunner().invoke(app, [*map(str, arguments)])
        assert done.exit_code == status, done.output
        return done.stdout

    assert "gauges: folder: described" in call(
        "source", "add", tmp_path / "gauges.yaml"
    )
    assert "already" in call("source", "add", tmp_path / "gauges.yaml")
    assert "1 accepted, 1 rejected" in call("source", "run", "gauges", status=1)
    assert "nothing to take" in call("source", "run", "gauges")
    [row] = json.loads(call("source", "list", "--format", "json"))
    assert (row["name"], row["state"], row["paused"]) == ("gauges", "done", False)
    assert "paused" in call("source", "pause", "gauges")
    assert "goes on" in call("source", "resume", "gauges")
    (tmp_path / "bad.csv").write_text("a;b\n")
    call("ingest", tmp_path / "bad.csv", status=2)
    both = json.loads(call("jobs", "--format", "json"))
    assert [(r["source"], r["item"], r["state"]) for r in both] == [
        ("", "bad.csv", "failed"),
        ("gauges", "a.csv", "done"),
    ]
    assert "bad.csv" in call("jobs", "--failed")
    assert "bad.csv" not in call("jobs", "--source", "gauges")
    assert "ended" in call("source", "remove", "gauges")
    with country.connect() as connection:
        assert landing.last_recorded(connection).year > 2000
