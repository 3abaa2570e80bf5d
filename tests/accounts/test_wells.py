"""A flow measured by the hours or the energy of a pump, from file to account."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ewater.accounts import documents, runs, stale
from ewater.accounts.client import Client
from ewater.balance.expressions import codes
from ewater.ingest import jobs
from ewater.ingest.source import Memory
from ewater.store import folder, registry

pytestmark = pytest.mark.db

WELLS = Path(__file__).parents[1] / "countries" / "wells"
MONTH = (dt.date(2023, 6, 1), dt.date(2023, 8, 1))


@pytest.fixture
def country(engine):
    registry.load(engine, folder.read(WELLS, expression_codes=codes))
    days = pd.date_range("2023-06-02T08:00", "2023-08-01T08:00", freq="D")
    rows = ["series,time,value", "W2.E,2023-06-01T08:00,1000"]
    for number, day in enumerate(days, start=1):
        rows.append(f"W1.T,{day.isoformat()},10")
        rows.append(f"W2.E,{day.isoformat()},{1000 + 250 * number}")
    jobs.ingest(engine, Memory("pumps.csv", ("\n".join(rows) + "\n").encode()))
    return engine


def test_a_flow_may_be_measured_by_hours_and_by_energy(country):
    run = runs.obtain(country, *MONTH, "month")
    sources = run.inputs.sources.sel(source=["series:W1.T", "series:W2.E"])
    volume = sources["volume"].values
    # 10 h a day at 72 m3/h; from 1 July 20:00 local at 54, half a day later
    july = 0.5 * 720 + 30.5 * 540
    expected = [[30 * 720, july], [30 * 450, 31 * 450]]
    np.testing.assert_allclose(volume, expected)
    u = sources["u_systematic"].values
    hours = np.array([30 * 720, july]) * 0.005  # u of an hour counter
    rating = np.array([30 * 72, 36 + 30.5 * 27])
    np.testing.assert_allclose(u[0], np.hypot(hours, rating))
    np.testing.assert_allclose(
        u[1], np.hypot(0.0115, 0.2) * np.array([30 * 450, 31 * 450])
    )
    (june, _) = documents.balance(run, "AA")["periods"]
    use = june["sectors"]["agriculture"]["use"]["known"]
    assert use == pytest.approx(30 * 720 + 30 * 450)


def test_the_client_gives_daily_volumes_of_a_pump(country):
    found = Client(country).volumes("W1.T", "2023-07-01", "2023-07-03", step="day")
    np.testing.assert_allclose(found["volume"], [[0.5 * 720 + 0.5 * 540, 540.0]])


def test_a_pump_without_a_test_leaves_its_flow_unknown(country):
    frames = folder.read(WELLS, expression_codes=codes)
    energy = frames["pumps"][frames["pumps"]["series"] == "W2.E"]
    registry.load(country, {"pumps": energy})
    document = documents.balance(
        runs.obtain(country, *MONTH, "month"), "EAST", boundary="water_resources"
    )
    outflow = document["periods"][0]["terms"]["abstraction"]
    assert outflow["value"] is None
    assert outflow["missing"] == ["PUMP1"]


def test_a_new_pump_test_makes_the_runs_of_its_pump_stale(country):
    runs.obtain(country, *MONTH, "month")
    frames = folder.read(WELLS, expression_codes=codes)
    tests = frames["pumps"]
    tests.loc[tests["series"] == "W1.T", "u_pct"] = 4.0
    registry.load(country, {"pumps": tests})
    (row,) = stale.listing(country, only=True)
    assert [cause["code"] for cause in row["stale"]["causes"]] == ["pumps"]
