"""Faults of headers, cells and values that need more than a row to show."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.ingest import jobs, readings_csv, repeats, window
from ewater.ingest.outcome import Options
from ewater.ingest.source import File
from ewater.store import registry

pytestmark = pytest.mark.db

LONG = "columns: {time: [t], series: [s], value: v}\n"


def test_a_missing_or_renamed_column_prints_the_differences(at):
    said = at.refused("series,datum,value\nQ1,2024-01-01T00:00Z,1\n")
    assert "missing: time; unknown: datum" in said
    said = at.refused("series,time,value,value\nQ1,2024-01-01T00:00Z,1,1\n")
    assert "twice: value" in said
    said = at.refused("s,datum,v\nQ1,2024-01-01T00:00Z,1\n", LONG)
    assert "t: no such column" in said
    assert "the file has 's', 'datum', 'v'" in said
    assert "v: two columns have this name" in at.refused("s,t,v,v\n", LONG)


def test_text_that_starts_with_an_equals_sign_is_kept_and_neutralised_on_export(
    at, database_url, monkeypatch
):
    formula = "=HYPERLINK(A1)"
    at.rows(f"{formula},2024-01-01T00:00Z,1\n-5,2024-01-01T00:00Z,2\n")
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    said = CliRunner().invoke(app, ["rejects", "--format", "csv"]).output
    row = next(csv.DictReader(io.StringIO(said)))
    assert row["raw"] == f"'{formula},2024-01-01T00:00Z,1"
    assert row["line"] == "2"
    with at.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT raw FROM reject ORDER BY line")
        assert kept.scalars().first() == f"{formula},2024-01-01T00:00Z,1"


def more_series(engine, **said):
    """Register Q1 and one more: a table is replaced as a whole."""
    both = {"site": "GIR", "timezone": "UTC", "signal": "instantaneous"}
    river = both | {"code": "Q1", "quantity": "discharge", "unit": "m3/s"}
    registry.load(engine, {"series": pd.DataFrame([river, both | said])})


def test_a_negative_value_fails_where_the_quantity_cannot_be_negative(at):
    more_series(at.engine, code="L1", quantity="level", unit="m")
    done = at.rows("Q1,2024-01-01T00:00Z,-5\nL1,2024-01-01T00:00Z,-5\n")
    assert (done.counts.new, done.counts.rejected) == (2, 0)
    assert at.stored("Q1") == ([-5.0], [4])
    values, flags = at.stored("L1")
    assert values == [-5.0]
    assert flags[0] != 4


def test_a_counter_that_falls_back_is_stored_as_it_came(at):
    more_series(at.engine, code="M1", quantity="volume", unit="m3", signal="totaliser")
    hours = enumerate([100, 200, 300, 5, 105])
    done = at.rows("".join(f"M1,2024-01-01T{h:02d}:00Z,{v}\n" for h, v in hours))
    assert (done.counts.new, done.counts.rejected) == (5, 0)
    assert at.stored("M1")[0] == [100, 200, 300, 5, 105]


def test_memory_does_not_grow_with_the_file(country, tmp_path, monkeypatch):
    """In windows of 20,000 rows, twelve take what three take."""
    monkeypatch.setattr("ewater.ingest.source.BLOCK", 1 << 18)
    for module in (window, readings_csv, repeats):
        monkeypatch.setattr(module, "WINDOW_ROWS", 20_000)
    lines = pd.date_range("2000-01-01", periods=240_000, freq="1min").strftime(
        "Q1,%Y-%m-%dT%H:%MZ,1\n"
    )
    path, peaks = tmp_path / "f.csv", []
    for count in (1_000, 60_000, 240_000):  # the first one compiles
        path.write_text("series,time,value\n" + "".join(lines[-count:]))
        tracemalloc.start()
        done = jobs.ingest(country, File(path), Options(daily=False))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.counts.accepted == count
    assert peaks[2] < 1.5 * peaks[1]
