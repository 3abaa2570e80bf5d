"""A flow measured by a stage, from file to account: METHODS 2 "Stage", E7."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ewater.accounts import documents, runs
from ewater.accounts.client import Client
from ewater.accounts.gaps import gaps_of
from ewater.accounts.views import View
from ewater.balance.expressions import codes
from ewater.errors import FaultsError, UsageError
from ewater.store import folder, registry
from ewater.terms import Status

pytestmark = pytest.mark.db

STAGES = Path(__file__).parents[1] / "countries" / "stages"
TWO_MONTHS = (dt.date(2023, 1, 1), dt.date(2023, 3, 1))
JANUARY = pd.date_range("2022-12-31T20:00Z", "2023-01-31T19:00Z", freq="h")
FEBRUARY = pd.date_range("2023-01-31T20:00Z", "2023-03-01T00:00Z", freq="h")
DAY = 86_400
LOW, HIGH = 2.6390158, 18.0  # E7, m3 s-1 at 0.70 and 1.60 m


@pytest.fixture
def country(engine, ingest, hourly):
    registry.load(engine, folder.read(STAGES, expression_codes=codes))
    ingest(hourly({"G.H": 70.0, "G.H2": 0.7, "C.H": 1.0}, JANUARY))
    later = pd.Timestamp("2024-02-02T00:00Z")
    ingest(hourly({"G.H": 160.0, "G.H2": 1.6, "C.H": 1.0}, FEBRUARY), later)
    return engine


@pytest.fixture
def run(country):
    return runs.obtain(country, *TWO_MONTHS, "month")


def source(run, code):
    return run.inputs.sources.sel(source=f"series:{code}")


def test_e7_a_stage_becomes_a_volume_in_the_account(run):
    stage = source(run, "G.H")
    edge = (HIGH - LOW) / 2 * 3600  # the hour in which the river rose, by trapezoid
    assert stage["volume"].values[0] == pytest.approx(31 * DAY * LOW + edge, rel=1e-6)
    assert stage["volume"].values[1] == pytest.approx(28 * DAY * HIGH, rel=1e-6)
    assert stage["coverage"].values == pytest.approx([1.0, 1.0])
    assert set(stage["status"].values) == {Status.MEASURED}
    (_, february) = documents.balance(run, "AA")["periods"]
    assert february["inflow"]["value"] == pytest.approx(28 * DAY * HIGH, rel=1e-6)
    # the curve of the time of the reading counts
    volume = source(run, "C.H")["volume"].values
    assert volume[1] == pytest.approx(28 * DAY * 15.0)
    # until February 10 m3/s at 1 m; the last hour runs from the old curve to the new
    assert volume[0] == pytest.approx(31 * DAY * 10 + 0.5 * 5 * 3600)
    # uncertain as ratings are, and more beyond the gaugings
    stage = source(run, "G.H")
    share = stage["u_systematic"].values / stage["volume"].values
    edge = 0.05 * HIGH * 1800 / stage["volume"].values[0]  # half of an hour is high
    assert share[0] == pytest.approx(0.0375 + edge)
    assert share[1] == pytest.approx(0.0875)
    canal = source(run, "C.H")
    assert (canal["u_systematic"] / canal["volume"]).values == pytest.approx(0.05)
    # what is extrapolated is listed behind the balance
    (far,) = [gap for gap in gaps_of(run, "AA")[1] if gap["series"] == "G.H"]
    assert (far["method"], far["donor"], far["flows"]) == (
        "extrapolated", "G.H", ["IN"],
    )  # fmt: skip
    assert far["seconds"] == pytest.approx(28 * DAY)
    assert far["volume"] == pytest.approx(28 * DAY * HIGH)
    assert far["u"] == pytest.approx(0.0875 * 28 * DAY * HIGH)
    assert "C.H" not in {gap["series"] for gap in gaps_of(run, "AA")[1]}


def test_stages_beyond_twice_the_greatest_gauged_discharge_are_unknown(
    country, ingest, hourly
):
    ingest(hourly({"G.H": 200.0}, FEBRUARY), pd.Timestamp("2024-02-03T00:00Z"))
    run = runs.obtain(country, *TWO_MONTHS, "month")
    assert np.isnan(source(run, "G.H")["volume"].values[1])
    (_, february) = documents.balance(run, "AA")["periods"]
    assert february["inflow"]["missing"] == ["IN"]


def test_flows_by_one_rating_err_together_in_part(country, run):
    view = View(run)
    net = view.account.sel(territory="AA").isel(period=1)
    volume = 28 * DAY * HIGH
    given, left = 0.0875 * volume, 0.0875 * volume / 2
    expected = given**2 + left**2 - 2 * 0.3 * given * left
    tail = 0.30 * 28  # of 1 m3 a day
    assert net["net_inflow_u"].item() ** 2 == pytest.approx(expected + tail**2)
    again = View(runs.obtain(country, *TWO_MONTHS, "month"))  # kept
    found = again.account.sel(territory="AA").isel(period=1)
    assert found["net_inflow_u"].item() == net["net_inflow_u"].item()
    assert "rating:G" in set(again.flows.origin)


def test_the_client_gives_volumes_of_a_stage_with_a_rating(country):
    found = Client(country).volumes("G.H", "2023-02-05", "2023-02-06", step="day")
    assert found["volume"].values[0, 0] == pytest.approx(DAY * HIGH)
    assert found["extrapolated_s"].values[0, 0] == pytest.approx(DAY)
    # and without its rating it is refused by name
    frames = folder.read(STAGES, expression_codes=codes)
    frames["curves"] = frames["curves"][frames["curves"]["site"] != "C"]
    registry.load(country, frames)
    with pytest.raises(UsageError, match=r"C\.H at C"):
        runs.obtain(country, *TWO_MONTHS, "month")


@pytest.mark.parametrize(
    ("change", "column"),
    [({0: 1.5, 1: 1.6}, "gauged_to"), ({0: 0.1}, "gauged_to"), ({4: 2.5}, "gauged_to")],
)
def test_a_gauged_range_that_makes_no_sense_is_a_fault(tmp_path, change, column):
    for file in STAGES.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    curves = pd.read_csv(tmp_path / "curves.csv", dtype=str)
    for row, level in change.items():
        curves.loc[row, "gauged_to"] = str(level)
    curves.to_csv(tmp_path / "curves.csv", index=False)
    with pytest.raises(FaultsError) as caught:
        folder.read(tmp_path, expression_codes=codes)
    assert {(f.file, f.column) for f in caught.value.faults} == {("curves.csv", column)}
