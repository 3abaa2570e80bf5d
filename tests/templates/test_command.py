"""The command as an engineer types it: a workbook out, a workbook in."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import UsageError

pytestmark = pytest.mark.db


@pytest.fixture
def ewater(country, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def call(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    return call


def test_a_workbook_goes_out_and_comes_back(ewater, filled, tmp_path):
    path = tmp_path / "march.xlsx"
    written = ewater(
        "template", "junction", "--site", "HJ", "--from", "2024-03", "--lang", "ru",
        "--out", path,
    )  # fmt: skip
    assert written.exit_code == 0, written.output
    assert "3 columns of values, 31 days from 2024-03-01, calendar water" in (
        " ".join(written.output.split())
    )
    cells = {"HJ!B6": 40, "HJ!C6": "1,5", "HJ!D7": -1}
    path.write_bytes(filled(path.read_bytes(), cells))
    loaded = ewater("ingest", path, "--no-progress")
    assert loaded.exit_code == 1, loaded.output
    assert re.search(r"3 rows read, 1 accepted, 2 rejected \(1 new", loaded.output)
    said = [line.strip() for line in loaded.output.splitlines()]
    assert "sheet HJ!C6: '1,5' is text with a decimal comma; give the number 1.5" in (
        said
    )
    assert "sheet HJ!D7: -1 is negative; give 0 or more" in said
    path.write_bytes(filled(path.read_bytes(), {"HJ!B6": None, "HJ!D7": 1}))
    again = ewater("ingest", path, "--no-progress")
    assert "1 blank cells have readings already, which stay unchanged" in again.output
    assert "HJ!B6 (HJ.Q at 2024-03-02T04:00:00Z)" in again.output


def test_a_changed_heading_fails_the_file_by_its_cell(ewater, filled, blank, tmp_path):
    path = tmp_path / "march.xlsx"
    path.write_bytes(filled(blank("junction"), {"HJ!B4": "l/s", "HJ!B6": 40}))
    failed = ewater("ingest", path, "--no-progress")
    assert failed.exit_code == 2
    assert "march.xlsx: sheet HJ!B4: the unit and time" in failed.output
    assert "nothing was loaded" in failed.output


def test_the_list_shows_kinds_sites_and_their_series(ewater):
    listed = ewater("template", "--list", "--format", "csv")
    assert listed.exit_code == 0
    rows = listed.output.splitlines()
    assert rows[0] == "kind,site,fill_in,telemetry"
    assert "junction,HJ,HJ.Q HJ.QA HJ.QB," in rows
    assert "reservoir,MUTE,," in rows


WRONG = {
    "no kind": (["--from", "2024"], "say which template"),
    "no days": (["well"], "say which days"),
    "another ending": (["well", "--from", "2024-03", "--out", "a.csv"], "FILE.xlsx"),
    "two choices": (
        ["well", "--from", "2024-03", "--site", "W1", "--territory", "AA"], "not both",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_not_said_is_asked_for(case, ewater, tmp_path):
    words, message = case
    out = [] if "--out" in words else ["--out", tmp_path / "a.xlsx"]
    failed = ewater("template", *words, *out)
    assert isinstance(failed.exception, UsageError)
    assert message in str(failed.exception)
    assert not list(tmp_path.iterdir())


def test_a_workbook_that_may_be_filled_in_is_not_replaced(ewater, tmp_path):
    path = tmp_path / "march.xlsx"
    path.write_bytes(b"work of days")
    words = ["template", "well", "--from", "2024-03", "--out", path]
    assert "is there" in str(ewater(*words).exception)
    assert path.read_bytes() == b"work of days"
    assert ewater(*words, "--force").exit_code == 0
    assert path.read_bytes().startswith(b"PK")
