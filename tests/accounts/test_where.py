"""The commands that say where water is lost and where meters pay."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ewater.accounts.where import LOSSES, METERS
from ewater.cli.main import app

pytestmark = pytest.mark.db


@pytest.fixture
def command(measured, database_url, monkeypatch):
    """Run a subcommand on two basins with a year of readings."""
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*arguments):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exception is None, done.output
        return done.output

    return run


def test_losses_and_meters_are_listed_in_every_format(command):
    year = ("--from", "2023")
    rows = json.loads(command("losses", *year, "--format", "json"))
    assert [set(row) for row in rows] == [set(LOSSES)] * len(rows)
    reach = next(row for row in rows if row["account"] == "RIVER-UP")
    assert reach["loss"] == pytest.approx(0, abs=1)  # what leaves is what is left over
    assert "RIVER-UP" in command("losses", *year, "--count", "3")
    each = command("losses", *year, "--each", "--count", "1", "--format", "csv")
    assert len(each.splitlines()) == 1 + 36

    inflow = ("meters", "--total", "inflow_from_neighbours", *year)
    found = json.loads(command(*inflow, "--format", "json"))
    assert [meter["flow"] for meter in found["meters"]] == ["IN"]
    assert found["u_after"][0] < found["u"][0]
    assert "IN" in command(*inflow)
    assert command(*inflow, "--format", "csv").splitlines()[0] == ",".join(METERS)
