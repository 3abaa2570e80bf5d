from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import EWaterError

pytestmark = pytest.mark.db


@pytest.fixture
def run(country, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def call(*arguments, status=0):
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        assert done.exit_code == status, done.output
        return done.output

    return call


def write(folder, body, name="r.csv", head="series,time,value"):
    path = folder / name
    path.write_text(f"{head}\n{body}")
    return path


def test_ingest_says_what_it_did_and_how_it_ended(run, tmp_path):
    good = write(tmp_path, "Q1,2024-01-01T00:00Z,1\nQ1,2024-01-01T01:00Z,2\n")
    assert "2 rows read, 2 accepted, 0 rejected" in run("ingest", good)
    assert "nothing new" in run("ingest", good, "--no-progress")
    bad = write(tmp_path, "Q1,2024-01-01T00:00Z,1\nQ9,2024-01-01T00:00Z,2\n", "b.csv")
    assert "ewater rejects --load 2" in run("ingest", bad, status=1)
    other = write(tmp_path, "1;2\n", "c.csv", "a;b")
    assert "unknown header" in run("ingest", other, status=2)
    assert "gone.csv" in run("ingest", tmp_path / "gone.csv", status=2)


def test_one_file_that_fails_does_not_stop_the_others(run, tmp_path):
    good = write(tmp_path, "Q1,2024-01-01T00:00Z,1\n")
    said = run("ingest", tmp_path / "gone.csv", good, status=2)
    assert "1 accepted" in said


def test_a_trial_lists_the_rejected_rows(run, tmp_path):
    bad = write(tmp_path, "Q1,2024-01-01T00:00Z,oops\n")
    said = run("ingest", bad, "--dry-run", status=1)
    assert "trial, nothing written" in said
    assert "line 2: value" in said
    assert run("rejects").count("\n") == 1


def test_rejects_readings_and_history_are_printed_in_every_format(run, tmp_path):
    run("ingest", write(tmp_path, "Q1,2024-01-01T00:00Z,1.5\nNEW,x,1\n"), status=1)
    rows = json.loads(run("rejects", "--format", "json"))
    assert [(r["line"], r["reason"], r["held"]) for r in rows] == [
        (3, "unknown_series", True)
    ]
    assert "NEW,x,1" in run("rejects", "--load", 1)
    assert "no held row" in run("rejects", "--replay")
    csv = run("readings", "Q1", "--format", "csv")
    assert csv.splitlines() == [
        "time,value,flag,failed,lineage,approval",
        "2024-01-01T00:00:00+00:00,1.5,pass,,raw,working",
    ]
    assert (
        json.loads(
            run("readings", "Q1", "--to", "2024-01-01T00:00Z", "--format", "json")
        )
        == []
    )
    run("ingest", write(tmp_path, "Q1,2024-01-01T00:00Z,9\n", "n.csv"))
    versions = json.loads(
        run("history", "Q1", "--at", "2024-01-01T04:00+04:00", "--format", "json")
    )
    assert [v["value"] for v in versions] == [1.5, 9.0]
    assert [v["why"] for v in versions] == ["r.csv", "n.csv"]
    before = versions[0]["recorded_from"]
    then = json.loads(run("readings", "Q1", "--as-of", before, "--format", "json"))
    assert then[0]["value"] == 1.5
    assert "chunks folded into" in run("compact")
    assert (
        json.loads(run("readings", "Q1", "--as-of", before, "--format", "json")) == then
    )


def test_an_older_file_does_not_replace_a_newer_one(run, tmp_path):
    run(
        "ingest",
        write(tmp_path, "Q1,2024-01-01T00:00Z,1\n"),
        "--issued-at",
        "2024-03-01T00:00Z",
    )
    said = run(
        "ingest",
        write(tmp_path, "Q1,2024-01-01T00:00Z,2\n", "o.csv"),
        "--issued-at",
        "2024-02-01T00:00Z",
    )
    assert "1 outdated" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("readings", "NOPE"), "not registered"),
        (("readings", "Q1", "--from", "yesterday"), "--from 'yesterday' is not a time"),
        (("readings", "Q1", "--as-of", "2024-01-01"), "no offset"),
        (("rejects", "--format", "xml"), "table, csv, json"),
    ],
)
def test_what_cannot_be_meant_is_said(run, country, arguments, says):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code != 0
    assert isinstance(done.exception, EWaterError)
    assert says in str(done.exception)
