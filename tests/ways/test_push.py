from __future__ import annotations

import gzip
import json
import os
import signal

import httpx
import pytest
from flask import Flask
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import UsageError
from ewater.ingest import replay
from ewater.ingest.push import drain, endpoint
from ewater.store import database, keys, source_runs, sources

pytestmark = pytest.mark.db

HEAD = "series,time,value\n"
ROW = "Q1,2024-01-01T00:00Z,1.5\n"


@pytest.fixture
def send(client, key):
    def post(body, kind="text/csv", given=key, path="readings", **headers):
        data = body if isinstance(body, bytes) else body.encode()
        auth = {"Authorization": f"Bearer {given}"} if given else {}
        return client.post(
            f"/api/push/{path}", data=data, content_type=kind, headers=auth | headers
        )

    return post


@pytest.fixture
def receipt(client, key):
    def get(number, given=key):
        found = client.get(
            f"/api/push/receipts/{number}", headers={"Authorization": f"Bearer {given}"}
        )
        return found.get_json() if found.status_code == 200 else found.status_code

    return get


def document(*readings):
    return json.dumps({"readings": readings})


def reading(series="Q1", time="2024-01-01T00:00Z", value=1.5, **more):
    return {"series": series, "time": time, "value": value, **more}


def posts(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM post")).scalar_one()


def test_a_post_is_kept_before_it_is_acknowledged_and_loaded_soon_after(
    country, send, receipt, read
):
    sent = send(HEAD + ROW)
    assert (sent.status_code, sent.get_json()) == (202, {"receipt": 1})
    assert (posts(country), read(), receipt(1)["state"]) == (1, [], "waiting")
    drain.drain(country)
    assert read() == [1.5]
    found = receipt(1)
    assert (found["state"], found["rows"], found["rejected"]) == ("loaded", 1, [])
    assert drain.drain(country) == []


def test_many_posts_are_one_load_and_each_knows_its_own_rejects(
    country, send, receipt, read
):
    send(HEAD + ROW + "Q2,2024-01-01T00:00Z,oops\n")
    send("series,time,value,flag\nQ2,2024-01-02T00:00Z,2,3\nQ1,x,1,\n")
    send(document(reading(time="2024-01-02T00:00Z"), reading("Q9")), "application/json")
    [done] = drain.drain(country)
    assert (done.counts.rows_read, done.counts.rejected) == (6, 3)
    assert (read(), read("Q2")) == ([1.5, 1.5], [2.0])
    assert [(r["line"], r["reason"]) for r in receipt(1)["rejected"]] == [(3, "value")]
    assert [(r["line"], r["reason"]) for r in receipt(2)["rejected"]] == [(3, "time")]
    third = receipt(3)["rejected"]
    assert [(r["line"], r["reason"]) for r in third] == [(2, "not_allowed")]
    with country.connect() as connection:
        [run] = source_runs.read(connection)
    assert (run["source"], run["who"], run["state"]) == ("push", "push", "done")
    assert (run["rows_read"], run["accepted"], run["rejected"]) == (6, 3, 3)


def test_a_key_writes_its_own_series_only(
    country, send, receipt, read, register_series
):
    send(HEAD + ROW + "Q3,2024-01-01T00:00Z,1\nNEW1,2024-01-01T00:00Z,1\nX,y,1\n")
    drain.drain(country)
    assert (read(), read("Q3")) == ([1.5], [])
    found = [(r["line"], r["reason"], r["state"]) for r in receipt(1)["rejected"]]
    assert found == [
        (3, "not_allowed", "rejected"),
        (4, "unknown_series", "held"),
        (5, "not_allowed", "rejected"),
    ]
    register_series(country, ["Q1", "NEW1", "X"])
    replay.replay(country)
    assert (read("NEW1"), read("X")) == ([1.0], [])
    assert receipt(1)["rejected"][1]["state"] == "loaded later, load 2"


def test_a_later_post_corrects_an_earlier_one_that_still_waits(country, send, read):
    values = (1, 1, 2, 1)
    for value in values:
        send(HEAD + f"Q1,2024-01-01T00:00Z,{value}\nQ2,2024-01-01T00:00Z,7\n")
    done = drain.drain(country)
    assert read() == [1.0]
    assert [o.counts.rows_read for o in done] == [4, 2, 2]
    assert [o.counts.corrected for o in done] == [0, 1, 1]
    assert sum(o.counts.rejected for o in done) == 0


def test_a_post_that_contradicts_itself_loses_only_those_rows(country, send, receipt):
    send(HEAD + ROW + "Q1,2024-01-01T00:00Z,9\nQ2,2024-01-01T00:00Z,1\n")
    drain.drain(country)
    assert [r["reason"] for r in receipt(1)["rejected"]] == ["conflict"] * 2


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("a;b\n1;2\n", "text/csv", "body:1: unknown header 'a;b'"),
        ("\n", "text/csv", "no header"),
        (HEAD.encode() + b"Q1,\xff,1\n", "text/csv", "body:2: byte 21 is not UTF-8"),
        (HEAD.encode() + ROW.encode() + b"\0", "text/csv", "body:3: a NUL byte"),
        ('{"readings": [', "application/json", "body:1: character 15"),
        ('{"readings": 1}', "application/json", "readings: is no list"),
        ("[]", "application/json", "has no readings alone"),
        ('{"readings": [{"value": NaN}]}', "application/json", "NaN is no number"),
        ('{"readings":[], "readings":[]}', "application/json", "given twice"),
        ("[" * 100_000, "application/json", "recursion"),
        (
            document(reading(), {"series": "Q1", "time": None, "val": 1}),
            "application/json",
            "readings[1].val: is no field",
        ),
        (document(reading(series="a,b")), "application/json", "readings[0].series"),
        (document(reading(value=[1])), "application/json", "readings[0].value"),
    ],
)
def test_a_malformed_body_is_refused_with_its_place(country, send, body, kind, says):
    sent = send(body, kind)
    assert sent.status_code == 400
    assert says in "\n".join(sent.get_json()["faults"])
    assert posts(country) == 0


def test_numbers_of_a_document_keep_all_their_digits(country, send, read):
    body = '{"readings": [{"series":"Q1","time":"2024-01-01T00:00Z","value":1.10e0}]}'
    send(body, "application/json")
    drain.drain(country)
    assert read() == [1.1]


def test_who_may_not_post_is_told_so_and_nothing_is_kept(country, send, key):
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for given in (None, "", "x", wrong, key.replace("ewk_", "ewk_0", 1)):
        sent = send(HEAD + ROW, given=given)
        assert sent.status_code == 401
        assert sent.headers["WWW-Authenticate"] == "Bearer"
    assert send(HEAD + ROW).status_code == 202
    with country.begin() as connection:
        assert keys.revoke(connection, "logger", who="chief")
        assert not keys.revoke(connection, "logger", who="chief")
    assert send(HEAD + ROW).status_code == 401, "also a key that was just trusted"
    assert posts(country) == 1


def test_the_key_itself_is_not_kept(country, key):
    with country.connect() as connection:
        kept = connection.execute(text("SELECT * FROM push_key")).one()
        assert key not in str(kept)
        with pytest.raises(UsageError, match="there is a key named"):
            keys.add(connection, "logger", ["*"], who="tester")
        with pytest.raises(UsageError, match="matches no series"):
            keys.add(connection, "other", ["a b"], who="tester")


def test_sizes_packings_and_kinds_have_limits(send, monkeypatch):
    packed = gzip.compress((HEAD + ROW).encode())
    assert send(packed, **{"Content-Encoding": "gzip"}).status_code == 202
    assert send(packed[:-4], **{"Content-Encoding": "gzip"}).status_code == 400
    assert send(b"\x1f\x8b", **{"Content-Encoding": "gzip"}).status_code == 400
    assert send(HEAD, **{"Content-Encoding": "br"}).status_code == 415
    assert send(HEAD, "text/html").status_code == 415
    bomb = gzip.compress(HEAD.encode() + b" " * (endpoint.LARGEST_UNPACKED + 1))
    assert send(bomb, **{"Content-Encoding": "gzip"}).status_code == 413
    monkeypatch.setattr(endpoint, "LARGEST", 10)
    assert send(HEAD + ROW).status_code == 413


def test_a_key_sends_its_share_of_a_minute(country, send):
    with country.begin() as connection:
        given = keys.add(connection, "slow", ["*"], who="t", per_minute=2)
    codes = [send(HEAD + ROW, given=given).status_code for _ in range(3)]
    assert codes == [202, 202, 429]
    assert send(HEAD + ROW, given=given).headers["Retry-After"] == "60"
    assert send(HEAD + ROW).status_code == 202, "others are not held up"


def test_receipts_belong_to_their_key(country, send, receipt):
    send(HEAD + ROW)
    with country.begin() as connection:
        other = keys.add(connection, "other", ["*"], who="t")
    assert receipt(1, other) == 404
    assert receipt(99) == 404


def test_without_a_database_nothing_is_acknowledged(key):
    app = Flask("push")
    nowhere = database.connect("postgresql://nobody@127.0.0.1:1/none")
    app.register_blueprint(endpoint.blueprint(nowhere))
    sent = app.test_client().post(
        "/api/push/readings",
        data=HEAD + ROW,
        content_type="text/csv",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (sent.status_code, sent.headers["Retry-After"]) == (503, "5")


def test_a_source_reads_its_posts_by_its_profile(country, send, receipt, read):
    said = {"columns": {"time": ["t"], "values": "Q.*"}, "time": {"zone": "UTC"}}
    with country.begin() as connection:
        sources.put(
            connection,
            name="wide",
            kind="push",
            said="{}",
            profile=json.dumps(said),
            paused=False,
            who="t",
        )
    assert send("x", path="sources/none").status_code == 404
    send("t,Q1,Q2\n2024-01-01,1,2\n", path="sources/wide")
    send("no,such,columns\n1,2,3\n", path="sources/wide")
    send("t,Q1,Q3\n2024-01-02,3,4\n", path="sources/wide")
    send("t,Q1,Q2\n2024-01-02,3,4\n", path="sources/wide")
    drain.drain(country)
    assert (read(), read("Q2"), read("Q3")) == ([1.0, 3.0], [2.0, 4.0], [])
    assert [receipt(n)["state"] for n in (1, 2, 3, 4)] == [
        "loaded",
        "set aside",
        "loaded",
        "loaded",
    ]
    assert "columns" in receipt(2)["error"]
    assert [r["reason"] for r in receipt(3)["rejected"]] == ["not_allowed"]
    with country.connect() as connection:
        runs = source_runs.read(connection, source="wide", only_failed=True)
    assert [run["item"] for run in runs] == ["wide: post 2"]


def test_keys_are_given_listed_and_taken_back(country, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*arguments):
        done = CliRunner().invoke(app, ["key", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    given = run("add", "gauge", "--series", "KUR-*", "--series", "Q1").strip()
    assert given.startswith("ewk_")
    [row] = json.loads(run("list", "--format", "json"))
    assert (row["name"], row["series"], row["revoked_at"]) == (
        "gauge",
        "KUR-* Q1",
        None,
    )
    assert given not in run("list")
    assert "taken back" in run("revoke", "gauge")
    assert "already" in run("revoke", "gauge")


def test_what_was_acknowledged_survives_the_death_of_the_server(
    country, key, push_server, read
):
    process, url = push_server()
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}) as client:
        for hour in range(5):
            body = HEAD + f"Q1,2024-01-01T0{hour}:00Z,{hour}\n"
            sent = client.post(
                f"{url}/readings", content=body, headers={"Content-Type": "text/csv"}
            )
            assert sent.status_code == 202
        os.killpg(process.pid, signal.SIGKILL)
    drain.drain(country)
    assert read() == [0.0, 1.0, 2.0, 3.0, 4.0]
