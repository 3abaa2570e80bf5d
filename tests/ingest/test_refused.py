"""A file that is refused keeps its bytes and a run; no reading of it is taken."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import FaultsError
from ewater.ingest.outcome import Options
from ewater.ingest.profiles import find
from ewater.ingest.source import File
from ewater.ingest.sources import running
from ewater.store import chunks, landed_files, landing, source_runs

pytestmark = pytest.mark.db

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CUT = b"series,time,value\nQ1,2024-01-01T00:00Z,1\nQ9,2024-01-01T00:00Z,1\nQ1,2024-"
SEMICOLONS = """
name: semicolons
text: {delimiter: ";"}
columns: {series: [s], time: [t], value: v}
"""


@pytest.fixture
def given(country, tmp_path):
    """Give bytes by hand, with a profile or without."""

    def run(raw, name="f.csv", profile=None, **options):
        path = tmp_path / name
        path.write_bytes(raw)
        said = find.parse(profile, "p.yaml", "p") if profile else None
        return running.by_hand(
            country,
            File(path),
            Options(now=NOW, daily=False, profile=said, who="tester", **options),
        )

    return run


@pytest.fixture
def refused(country, given):
    """Give bytes that are refused: the run, and the bytes that it kept."""

    def run(raw, **options):
        with pytest.raises(FaultsError):
            given(raw, **options)
        with country.connect() as connection:
            found = source_runs.read(connection, only_failed=True)[0]
            kept = b"".join(landed_files.content(connection, found["file"]))
        return found, kept

    return run


def count(engine, table):
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_refused_file_keeps_its_bytes_and_a_run_with_all_rows_rejected(
    country, refused
):
    found, kept = refused(CUT)
    assert kept == CUT
    assert found["sha256"] == hashlib.sha256(CUT).hexdigest()
    assert (found["state"], found["who"], found["load"]) == ("failed", "tester", None)
    assert (found["rows_read"], found["accepted"], found["rejected"]) == (3, 0, 3)
    assert "ends within a row" in found["error"]
    with country.connect() as connection:
        assert chunks.read(connection, ["Q1"]).sizes["reading"] == 0
    assert [count(country, t) for t in ("load", "chunk", "reject")] == [0, 0, 0]


def test_the_same_bytes_are_tried_again_and_kept_once(country, refused):
    first, _ = refused(CUT)
    again, _ = refused(CUT, name="g.csv")
    assert again["id"] > first["id"]
    assert again["file"] == first["file"]
    assert count(country, "landed_file") == 1
    assert count(country, "landed_piece") == 1


def test_a_profile_may_make_refused_bytes_readable(country, given, refused):
    raw = b"s;t;v\nQ1;2024-01-01T00:00Z;1\n"
    found, _ = refused(raw)
    assert "unknown header" in found["error"]
    assert (found["rows_read"], found["rejected"]) == (1, 1)
    done = given(raw, profile=SEMICOLONS)
    assert (done.known, done.counts.new) == (False, 1)
    assert count(country, "landed_file") == 1
    with country.connect() as connection:
        assert b"".join(landed_files.landed(connection, done.load)) == raw
    assert given(raw, profile=SEMICOLONS).known


@pytest.mark.parametrize(
    ("raw", "rows", "profile"),
    [
        (b"series,time,value\nQ1,2024-01-01T00:00Z,\xff\n", 1, None),
        (b"series,time,value\nQ1,2024-01-01T00:00Z,1\0\n", 1, None),
        (b"", 0, None),
        (b"PK\x03\x04\x99\xfe no workbook", 0, None),
        (b"x" * (6 << 20), 0, None),
        (b"s;t;v\nQ1;2024-01-01T00:00Z;1\nQ1;2024-01-01T01:00Z", 2, SEMICOLONS),
        (b"s;t\nQ1;2024-01-01T00:00Z\n", 0, SEMICOLONS),
    ],
    ids=["utf8", "nul", "empty", "zip", "no lines", "cut", "no column"],
)
def test_bytes_are_kept_whatever_is_wrong_with_them(refused, raw, rows, profile):
    found, kept = refused(raw, profile=profile)
    assert kept == raw
    assert (found["rows_read"], found["rejected"]) == (rows, rows)


def test_a_trial_keeps_nothing(country, given):
    with pytest.raises(FaultsError):
        given(CUT, dry_run=True)
    assert count(country, "landed_file") == 0
    assert count(country, "source_run") == 0


def test_the_bytes_of_a_refused_file_outlive_a_load_of_them(
    country, given, refused, monkeypatch
):
    """A load of the same file by a profile that fails takes only itself away."""
    raw = b"s;t;v\nQ1;2024-01-01T00:00Z;1\n"
    found, _ = refused(raw)

    def broken(*_args, **_kwargs):
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(landing, "publish", broken)
        with pytest.raises(ValueError, match="no"):
            given(raw, profile=SEMICOLONS)
    with country.connect() as connection:
        assert b"".join(landed_files.content(connection, found["file"])) == raw


def test_ingest_ends_with_status_2_and_jobs_shows_the_refused_file(
    country, database_url, monkeypatch, tmp_path
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    path = tmp_path / "cut.csv"
    path.write_bytes(CUT)
    call = CliRunner().invoke
    assert call(app, ["ingest", str(path)]).exit_code == 2
    shown = call(app, ["jobs", "--failed", "--format", "csv"])
    assert shown.exit_code == 0
    head, row = shown.output.splitlines()[:2]
    cells = dict(zip(head.split(","), row.split(","), strict=False))
    assert cells["item"] == "cut.csv"
    assert (cells["rows_read"], cells["rejected"]) == ("3", "3")


def test_ctrl_c_closes_the_run(country, given, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(landing, "publish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        given(b"series,time,value\nQ1,2024-01-01T00:00Z,1\n")
    with country.connect() as connection:
        (found,) = source_runs.read(connection, only_failed=True)
    assert "interrupted" in found["error"]
