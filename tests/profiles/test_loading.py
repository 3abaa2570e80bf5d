from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.store import chunks, registry, rejects

pytestmark = pytest.mark.db

PROFILE = """
text: {delimiter: ";", decimal: ","}
columns: {time: [t], values: "Q.*"}
time: {zone: Asia/Baku}
missing: [-999]
unit: l/s
"""


def register(engine, codes):
    series = {
        "site": "GIR",
        "quantity": "discharge",
        "unit": "m3/s",
        "signal": "instantaneous",
        "interval_s": 3600.0,
        "timezone": "Asia/Baku",
    }
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["az"], "timezone": ["Asia/Baku"]}),
            "sites": pd.DataFrame({"code": ["GIR"], "kind": ["river_gauge"]}),
            "series": pd.DataFrame({"code": codes} | series),
        },
    )


@pytest.fixture
def run(engine, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    register(engine, ["Q1", "Q2"])

    def call(*arguments, status=0):
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        assert done.exit_code == status, done.output
        return done.output

    return call


@pytest.fixture
def files(tmp_path):
    profile, data = tmp_path / "source.yaml", tmp_path / "data.csv"
    profile.write_text(PROFILE)
    data.write_text(
        "t;Q1;Q2;Q9\n2024-01-01T04:00;1000,5;x;7\n2024-01-01T05:00;-999;y;8\n"
    )
    return profile, data


def stored(engine, code):
    with engine.connect() as connection:
        found = chunks.read(connection, [code])
    return found["value"].values.tolist(), found["flag"].values.tolist()


def test_every_reading_of_a_wide_file_is_stored_or_kept_as_rejected(run, files, engine):
    profile, data = files
    said = run("ingest", data, "--profile", profile, status=1)
    assert "6 rows read, 2 accepted, 4 rejected" in said
    values, flags = stored(engine, "Q1")
    assert (values[0], math.isnan(values[1]), flags) == (1.0005, True, [1, 9])
    with engine.connect() as connection:
        rows = rejects.read(connection)
    assert [(r["line"], r["column"], r["reason"], r["held"]) for r in rows] == [
        (2, "Q2", "value", False),
        (2, "Q9", "unknown_series", True),
        (3, "Q2", "value", False),
        (3, "Q9", "unknown_series", True),
    ]
    assert rows[0]["raw"] == "2024-01-01T04:00;1000,5;x;7"


def test_the_same_bytes_by_the_same_profile_write_nothing(run, files):
    profile, data = files
    run("ingest", data, "--profile", profile, status=1)
    assert "nothing new" in run("ingest", data, "--profile", profile, status=1)


def test_missing_values_that_come_again_are_unchanged(run, files, engine):
    profile, data = files
    run("ingest", data, "--profile", profile, status=1)
    data.write_text("t;Q1\n2024-01-01T05:00;-999\n2024-01-01T05:00;-999\n")
    assert "2 unchanged" in run("ingest", data, "--profile", profile)
    data.write_text("t;Q1\n2024-01-01T05:00;3\n")
    assert "1 corrected" in run("ingest", data, "--profile", profile)
    assert stored(engine, "Q1") == ([1.0005, 0.003], [1, 1])


def test_a_corrected_profile_corrects_what_the_same_bytes_gave(run, files, engine):
    profile, data = files
    run("ingest", data, "--profile", profile, status=1)
    profile.write_text(PROFILE.replace("l/s", "m3/s"))
    assert "1 corrected" in run("ingest", data, "--profile", profile, status=1)
    assert stored(engine, "Q1")[0][0] == 1000.5
    with engine.connect() as connection:
        assert (
            connection.exec_driver_sql("SELECT count(*) FROM landed_file").scalar() == 1
        )


def test_held_rows_are_replayed_by_the_profile_of_their_load(run, files, engine):
    profile, data = files
    run("ingest", data, "--profile", profile, status=1)
    assert "no held row" in run("rejects", "--replay")
    profile.unlink()
    register(engine, ["Q1", "Q2", "Q9"])
    assert "2 rows read, 2 accepted, 0 rejected" in run("rejects", "--replay")
    assert stored(engine, "Q9") == ([0.007, 0.008], [1, 1])
    assert "no held row" in run("rejects", "--replay")


def test_contradictions_within_a_wide_file_are_all_rejected(run, files, engine):
    profile, data = files
    data.write_text("t;Q1;Q2\n2024-01-01T05:00;3;4\n2024-01-01T05:00;5;6\n")
    assert "4 rejected" in run("ingest", data, "--profile", profile, status=1)
    with engine.connect() as connection:
        found = rejects.read(connection)
    assert {(r["line"], r["column"]) for r in found} == {
        (line, column) for line in (2, 3) for column in ("Q1", "Q2")
    }


def test_an_empty_answer_ends_well_and_says_so(run, tmp_path):
    data = tmp_path / "empty.json"
    data.write_text('{"value": {"timeSeries": []}}')
    said = run("ingest", data, "--profile", "usgs-json")
    assert "the file is whole and has no rows" in said


def test_a_truncated_document_loads_nothing(run, tmp_path, engine):
    data = tmp_path / "cut.json"
    data.write_text('{"value": {"timeSeries": [')
    said = run("ingest", data, "--profile", "usgs-json", status=2)
    assert "broken JSON" in said
    with engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM load")
        assert count.scalar() == 0


def test_a_trial_writes_nothing_and_an_unknown_profile_is_refused(run, files):
    profile, data = files
    said = run("ingest", data, "--profile", profile, "--dry-run", status=1)
    assert "trial, nothing written" in said
    assert "line 2, Q2: value" in said
    done = CliRunner().invoke(app, ["ingest", str(data), "--profile", "nothing"])
    assert "neither a file nor built in" in str(done.exception)


def test_an_older_file_does_not_resurrect_what_a_newer_one_corrected(
    run, tmp_path, engine
):
    profile = tmp_path / "p.yaml"
    profile.write_text(
        PROFILE + "issued_at: {file_name: '(?P<time>[0-9]{8})', format: '%Y%m%d'}\n"
    )
    for day, value in (("20240301", 2), ("20240201", 1)):
        data = tmp_path / f"q{day}.csv"
        data.write_text(f"t;Q1\n2024-01-01T05:00;{value}\n")
        said = run("ingest", data, "--profile", profile)
    assert "1 outdated" in said
    assert stored(engine, "Q1")[0] == [0.002]
    with engine.connect() as connection:
        issued = connection.exec_driver_sql("SELECT min(issued_at) FROM load").scalar()
    assert issued == datetime(2024, 2, 1, tzinfo=UTC)


def test_a_year_of_json_is_counted_and_read_back(run, tmp_path, engine):
    start = 1_672_531_200_000
    values = [[start + 600_000 * k, k / 8, 0] for k in range(5000)]
    data = tmp_path / "cwms.json"
    data.write_text(json.dumps({"name": "Q1", "units": "cms", "values": values}))
    assert "5,000 new" in run("ingest", data, "--profile", "cwms-json")
    assert stored(engine, "Q1")[0] == [k / 8 for k in range(5000)]
