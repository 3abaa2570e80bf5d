"""`ewater qc` as a person uses it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import EWaterError

pytestmark = pytest.mark.db

A, B = "2024-01-01T00:00Z", "2024-01-01T03:00Z"


@pytest.fixture
def run(country, database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def call(*arguments):
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    values = [1, -5, 1, 60]
    rows = [f"Q1,2024-01-01T0{h}:00Z,{value}" for h, value in enumerate(values)]
    file = tmp_path / "r.csv"
    file.write_text("\n".join(["series,time,value", *rows, ""]))
    call("ingest", file)
    return call


def readings(run):
    return json.loads(run("readings", "Q1", "--format", "json"))


def override(run, folder, value):
    folder.mkdir(exist_ok=True)
    row = f"Q1,gross_range,suspect_high,{value}"
    (folder / "limits.csv").write_text(f"series,test,parameter,value\n{row}\n")
    return run("load", folder)


def test_a_limit_is_loaded_explained_and_used_when_asked(run, tmp_path):
    said = override(run, tmp_path / "limits", 50)
    assert "1 series with readings have other limits now" in said
    assert "ewater qc Q1 --from 2024-01-01T00:00:00+00:00" in said
    assert "other limits" not in override(run, tmp_path / "limits", 50)
    rows = json.loads(run("qc", "limits", "Q1", "--format", "json"))
    sources = {row["limit"]: (row["value"], row["from"]) for row in rows}
    assert sources["gross_range.suspect_high"] == (50, "override")
    assert sources["gross_range.fail_low"] == (0, "kind")
    dry = json.loads(run("qc", "--dry-run", "--format", "json"))
    assert (dry["changed"], dry["series"], dry["loads"]) == (1, {"Q1": 1}, [])
    assert [r["flag"] for r in readings(run)] == ["pass", "fail", "pass", "pass"]
    assert "flag or failed tests of 1 changed" in run("qc", "Q1", "--from", A)
    assert readings(run)[3]["failed"] == "gross_suspect"
    assert "failed tests of 0 changed" in run("qc")


def test_a_limit_that_cannot_be_is_refused_with_its_place(run, tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "limits.csv").write_text(
        "series,test,parameter,value\n"
        "Q1,gross_range,fail_low,9\nQ1,gross_range,fail_high,2\n"
    )
    with pytest.raises(EWaterError, match="fail_low is above"):
        run("load", folder)
    (folder / "limits.csv").write_text(
        "series,test,parameter,value\nQ1,spike,height,9\nNOPE,rate,limit,1\n"
    )
    with pytest.raises(EWaterError) as refused:
        run("load", folder)
    assert "'height' is no parameter of spike" in str(refused.value)
    assert "'NOPE' is not in series.csv" in str(refused.value)
    assert "failed tests of 0 changed" in run("qc")


def test_people_approve_correct_and_retract(run):
    done = run(
        *("qc", "approve", "Q1", "--from", A, "--to", B, "--level", "approved"),
        *("--flag", "pass", "--reason", "gate test"),
    )
    assert "3 readings approved" in done
    found = readings(run)
    assert [r["approval"] for r in found] == ["approved"] * 3 + ["working"]
    assert (found[1]["flag"], found[1]["failed"]) == ("pass", "gross_fail manual")
    at = "2024-01-01T01:00Z"
    run("qc", "correct", "Q1", "--at", at, "--value", "5", "--reason", "sign")
    assert (readings(run)[1]["value"], readings(run)[1]["lineage"]) == (5, "edited")
    assert readings(run)[1]["approval"] == "working", "it was another value"
    told = json.loads(run("history", "Q1", "--at", at, "--format", "json"))
    assert [row["what"] for row in told][:4] == [
        "readings",
        "quality",
        "approved",
        "edit",
    ]
    assert [row["why"] for row in told][2:4] == ["gate test", "sign"]
    assert all(row["by"] for row in told)
    said = run("qc", "retract", "Q1", "--from", A, "--to", at, "--reason", "ice")
    assert "1 readings retracted" in said
    assert len(readings(run)) == 3
