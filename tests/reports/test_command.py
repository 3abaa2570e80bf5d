"""The command as a user runs it: what it prints, and how it ends."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import UsageError

pytestmark = pytest.mark.db

HEAD = "enterprise,period,section,g4,g12,g31,g32,g33\n"


@pytest.fixture
def run(reporting, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def call(*words):
        return CliRunner().invoke(app, ["report", *map(str, words)])

    return call


def test_an_archive_is_checked_loaded_listed_and_approved(run, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(
        HEAD + "E1,2024,intake,river,100,100,production,100\n"
        "E2,2024,intake,brook,100,100,production,100\n"
    )
    checked = run("check", file)
    assert checked.exit_code == 1
    assert "2 returns, 1 with errors; nothing was changed" in checked.output
    loaded = run("load", file)
    assert loaded.exit_code == 1
    assert "line 3, column g4: code 'brook' is not known" in loaded.output
    assert "1 new, 0 sent again, 0 unchanged, 1 refused" in loaded.output
    rows = json.loads(run("list", "--format", "json").output)
    assert [(r["enterprise"], r["state"]) for r in rows] == [("E1", "submitted")]
    number = rows[0]["id"]
    shown = json.loads(run("show", number).output)
    assert shown["content"]["intake"][0]["g12"] == 100.0
    assert (
        run("return", number, "--remark", "why?", "--reason", "unclear").exit_code == 0
    )
    again = run("approve", number, "--reason", "agrees")
    assert again.exit_code != 0
    file.write_text(HEAD + "E1,2024,intake,river,110,110,production,110\n")
    assert run("load", file).exit_code == 0
    done = run("approve", number, "--clean", "--reason", "agrees")
    assert (done.exit_code, done.output) == (0, "1 approved, 0 left\n")
    totals = json.loads(run("totals", "--year", "2024", "--format", "json").output)
    assert {"sector": "industry", "item": "abstraction", "volume_m3": 110000.0,
            "enterprises": 1, "missing": 0} in totals  # fmt: skip
    assert "E2" in run("missing", "--year", "2024").output


def test_a_template_is_not_written_over_one_that_is_filled_in(run, tmp_path):
    out = tmp_path / "e1.xlsx"
    assert run("template", "E1", "--year", "2024", "--out", out).exit_code == 0
    again = run("template", "E1", "--year", "2024", "--out", out)
    assert again.exit_code != 0
    assert (
        run("template", "E1", "--year", "2024", "--out", out, "--force").exit_code == 0
    )


def test_a_year_is_signed_off_only_when_its_breaks_are_explained(run, tmp_path):
    file = tmp_path / "a.csv"
    rows = [
        f"E1,{year},intake,river,{5000 if year == 2021 else 100},,,\n"
        for year in range(2017, 2025)
    ]
    file.write_text(HEAD + "".join(rows))
    assert run("load", file).exit_code == 0
    found = run("findings", "--again", "--code", "history", "--format", "json")
    assert [row["period"] for row in json.loads(found.output)] == ["2021"]
    breaks = json.loads(run("breaks", "--year", "2021", "--format", "json").output)
    assert {row["kind"] for row in breaks} == {"sector", "district", "country"}
    refused = run("breaks", "--year", "2021", "--sign-off", "--reason", "done")
    assert "are not explained" in str(refused.exception)
    for row in breaks:
        run("breaks", "--explain", row["id"], "--as", "real", "--reason", "a drought")
    done = run("breaks", "--year", "2021", "--sign-off", "--reason", "done")
    assert done.exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("load", "nowhere/a.csv"),
        ("check", "nowhere/a.csv"),
        ("key", "trust", "k", "nowhere/k.pem"),
        ("template", "E1", "--year", "2024", "--out", "nowhere/e1.xlsx"),
    ],
)
def test_a_file_that_is_not_there_is_said_in_a_line(run, words):
    done = run(*words)
    assert isinstance(done.exception, UsageError)
    assert "nowhere" in str(done.exception)
