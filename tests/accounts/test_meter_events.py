"""Meter life through the database: METHODS E3 and E4, proposals and decisions."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ewater.accounts import meter_events
from ewater.accounts.client import Client
from ewater.cli.main import app
from ewater.errors import UsageError
from ewater.ingest import daily, jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import recording, registry

pytestmark = pytest.mark.db

E3 = {0: 999_850, 1: 999_940, 4: 210, 5: 300}
E4 = {0: 45_200, 1: 45_230, 2: 12, 3: 40}


@pytest.fixture
def load(engine):
    """Load hourly readings of the meter M (up to 150 m3/h, 6 digits)."""
    row = {
        "code": ["M"],
        "site": ["S"],
        "quantity": "volume",
        "unit": "m3",
        "signal": "totaliser",
        "interval_s": 3600.0,
        "timezone": "UTC",
        "modulus": 1e6,
        "max_rate": 150 / 3600,
    }
    registry.load(
        engine,
        {
            "sites": pd.DataFrame({"code": ["S"], "kind": ["meter"]}),
            "series": pd.DataFrame(row),
        },
    )

    def put(readings, issued="2024-02-01T00:00Z"):
        lines = [f"M,2024-01-01T{hour:02}:00Z,{v}" for hour, v in readings.items()]
        body = "\n".join(["series,time,value", *lines]) + "\n"
        options = Options(issued_at=pd.Timestamp(issued).to_pydatetime())
        return jobs.ingest(engine, Memory(f"{issued}.csv", body.encode()), options)

    return put


def day(engine, as_of=None):
    return (
        Client(engine)
        .volumes("M", "2024-01-01", step="day", as_of=as_of)
        .isel(series=0, period=0)
    )


def test_e3_a_gap_in_an_intact_totaliser_loses_no_volume(engine, load):
    load(E3)
    found = day(engine)
    assert found["volume"].item() == pytest.approx(450)
    assert found["distributed_s"].item() == 3 * 3600
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT volume FROM daily")).scalar_one()
    assert kept == pytest.approx(450)
    assert meter_events.find(engine) == 0


def test_e4_a_reset_is_unknown_with_a_lower_bound_until_a_person_accepts_it(
    engine, load
):
    load(E4)
    before = day(engine)
    assert before["volume"].item() == pytest.approx(30 + 28)
    assert before["lower"].item() == pytest.approx(30 + 12 + 28)
    assert before["observed_s"].item() == 2 * 3600
    assert meter_events.find(engine) == 1
    assert day(engine)["volume"].item() == pytest.approx(
        58
    )  # a proposal changes nothing
    (proposal,) = meter_events.listed(engine)
    with engine.connect() as connection:
        then = recording.latest(connection)
    with pytest.raises(UsageError, match="--old"):
        meter_events.accept(engine, proposal["id"], reason="letter of 3 January")
    meter_events.accept(
        engine,
        proposal["id"],
        event="replacement",
        old=45_300,
        new=0,
        reason="letter of 3 January",
        who="anna",
    )
    daily.refresh(engine)
    assert day(engine)["volume"].item() == pytest.approx(30 + 82 + 28)
    assert day(engine, as_of=then)["volume"].item() == pytest.approx(58)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT volume FROM daily")).scalar_one()
    assert kept == pytest.approx(140)
    (decided,) = meter_events.listed(engine, "accepted")
    assert (decided["person"], decided["reason"]) == ("anna", "letter of 3 January")
    assert decided["recorded_at"] > then
    assert meter_events.find(engine) == 0


def test_what_was_dismissed_is_not_proposed_again_for_the_same_readings(engine, load):
    load(E4)
    meter_events.find(engine)
    (proposal,) = meter_events.listed(engine)
    with pytest.raises(UsageError, match="--reason"):
        meter_events.dismiss(engine, proposal["id"], reason=" ")
    meter_events.dismiss(engine, proposal["id"], reason="logger was restarted")
    assert meter_events.find(engine) == 0
    with pytest.raises(UsageError, match="dismissed"):
        meter_events.accept(engine, proposal["id"], old=1, new=0, reason="late")
    load({2: 15}, "2024-02-02T00:00Z")  # another reading, another proposal
    assert meter_events.find(engine) == 1
    assert len(meter_events.listed(engine, None)) == 2


def test_a_proposal_that_a_correction_explains_is_gone_and_may_come_back(engine, load):
    load(E4)
    meter_events.find(engine)
    load({2: 45_250, 3: 45_300}, "2024-02-02T00:00Z")
    assert meter_events.find(engine) == 0
    assert [row["state"] for row in meter_events.listed(engine, None)] == ["gone"]
    load({2: 12, 3: 40}, "2024-02-03T00:00Z")
    assert meter_events.find(engine) == 1


def test_an_event_that_does_not_fit_the_registry_changes_nothing(engine, load):
    load(E4)
    meter_events.find(engine)
    (proposal,) = meter_events.listed(engine)
    with pytest.raises(Exception, match="explosion"):
        meter_events.accept(engine, proposal["id"], event="explosion", reason="x")
    assert meter_events.listed(engine) == [proposal]
    with pytest.raises(UsageError, match="no proposal 99"):
        meter_events.dismiss(engine, 99, reason="x")


def test_the_command_finds_lists_and_accepts(engine, load, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    load(E4)

    def run(*words, status=0):
        done = CliRunner().invoke(app, ["events", *words])
        assert done.exit_code == status, done.output
        return done.output

    assert "no open proposal" in run()
    (row,) = json.loads(run("--find", "--format", "json"))
    assert row["events"] == ["replacement", "reset"]
    assert np.isclose(row["upper_m3"], 157.5)
    assert "954,782" in run()
    number = str(row["id"])
    given = ["--event", "reset", "--old", "45300", "--new", "0", "--reason", "seen"]
    assert "M: reset at" in run("accept", number, *given)
    assert "accepted" in run("--all")
