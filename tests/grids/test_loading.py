from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import UsageError
from ewater.grids import cf, rows, weights, zonal
from ewater.store import database, folder, registry

Y, X = np.arange(41.25, 39.0, -0.5), np.arange(45.75, 48.5, 0.5)
COLUMNS = ("code", "site", "quantity", "unit", "signal", "interval_s")


@pytest.fixture
def country(two_basins_folder, database_url, monkeypatch):
    """Two basins with gridded rain: depth on one, volume on the other."""
    frames = folder.read(two_basins_folder)
    site = "G-MID"
    more = pd.DataFrame(
        [
            ("RAIN.WEST", site, "precipitation", "mm", "total_preceding", 86400.0),
            ("RAIN.EAST", site, "volume", "hm3", "total_preceding", 86400.0),
        ],
        columns=COLUMNS,
    )
    frames["series"] = pd.concat([frames["series"], more], ignore_index=True)
    frames["series"]["derived"] = frames["series"]["derived"].fillna(False).astype(bool)
    engine = database.connect(database_url)
    registry.load(engine, frames)
    engine.dispose()
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    return frames


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("EWATER_HOME", str(tmp_path / "home"))

    def call(*arguments, status=0):
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        if status == "error":
            raise done.exception
        assert done.exit_code == status, done.output
        return done.output

    return call


@pytest.mark.db
def test_a_grid_becomes_readings_of_the_registered_territories(country, make_grid, run):
    days = np.arange(1.0, 4.0)[:, None, None] * np.ones((1, 5, 6))
    path = make_grid(days, Y, X)
    said = run("grid", path, "--series", "RAIN.{territory}")
    assert "2 territories, 3 periods, 6 values" in said
    assert "6 new" in said
    found = json.loads(run("readings", "RAIN.WEST", "--format", "json"))
    assert [r["value"] for r in found] == pytest.approx([1e-3, 2e-3, 3e-3])
    assert found[0]["time"].startswith("2023-01-02T00:00:00")
    volume = json.loads(run("readings", "RAIN.EAST", "--format", "json"))[0]["value"]
    east = country["territories"].set_index("code").geometry["EAST"]
    area = weights.weights(
        cf.open_grid(path), country["territories"].query("code == 'EAST'")
    ).area[0]
    assert volume == pytest.approx(area * 1e-3, rel=1e-12)
    assert area == pytest.approx(east.area * 111e3**2 * np.cos(np.radians(40.5)), 0.02)
    again = run("grid", path, "--series", "RAIN.{territory}")
    assert "nothing new" in again


@pytest.mark.db
def test_a_file_can_be_written_and_loaded_later(country, make_grid, run, tmp_path):
    path, out = make_grid(np.ones((2, 5, 6)), Y, X), tmp_path / "rain.csv"
    run("grid", path, "--series", "RAIN.{territory}", "--out", out)
    assert "RAIN.WEST,2023-01-02T00:00:00.000000Z,1.0\n" in out.read_text()
    assert "4 new" in run("ingest", out)


@pytest.mark.db
def test_a_pattern_that_finds_nothing_changes_nothing(country, make_grid, run):
    path = make_grid(np.ones((2, 5, 6)), Y, X)
    with pytest.raises(UsageError, match=r"no series that 'SNOW.\{territory\}'"):
        run("grid", path, "--series", "SNOW.{territory}", status="error")
    with pytest.raises(UsageError, match=r"needs \{territory\}"):
        run("grid", path, "--series", "SNOW", status="error")


def test_a_series_that_cannot_hold_totals_is_named(boxes):
    series = pd.DataFrame(
        {"code": ["R.A"], "quantity": ["discharge"], "signal": ["instantaneous"]}
    )
    with pytest.raises(UsageError, match=r"R\.A is discharge, instantaneous"):
        rows.targets("R.{territory}", boxes(A=(0, 0, 1, 1)), series)


def test_a_period_that_is_not_covered_has_no_row(make_grid, boxes):
    values = np.ones((3, 5, 6))
    values[1] = np.nan
    values[2, 0] = np.nan
    grid = cf.open_grid(make_grid(values, Y, X, unit="mm"))
    places = boxes(A=(46.0, 39.5, 48.0, 41.5))
    means = zonal.means(grid, weights.weights(grid, places))
    series = pd.DataFrame(
        {
            "code": ["R.A"],
            "quantity": ["evaporation"],
            "signal": ["total_preceding"],
            "unit": ["mm"],
        }
    )
    assert len(rows.rows(means, series)) == 1
    some = rows.rows(means, series, least_coverage=0.5, reverse=True)
    assert some["value"].to_list() == pytest.approx([-1.0, -1.0])
    assert [t.day for t in some["time"]] == [2, 4]
