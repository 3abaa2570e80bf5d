"""Supply probabilities of the section view, from the years in the store."""

from __future__ import annotations

import calendar
import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.accounts.client import Client
from ewater.cli.main import app

FLOWS = {2018: 30.0, 2019: 10.0, 2020: 60.0, 2021: 20.0, 2022: 50.0, 2023: 40.0}

RELEASE = 8.0  # of the border reservoir, half of it foreign water


@pytest.fixture
def six_years(country, ingest, hourly):
    """Two basins whose inflow is constant in each of six years."""
    parts = [b"series,time,value\n"]
    for year, flow in FLOWS.items():
        ends = f"{year - 1}-12-31T20:00Z", f"{year}-12-31T20:00Z"
        closed = "both" if year == max(FLOWS) else "left"
        hours = pd.date_range(*ends, freq="h", inclusive=closed)
        both = hourly({"G-IN.Q": flow, "G-MID.Q": RELEASE}, hours)
        parts.append(both.partition(b"\n")[2])
    ingest(b"".join(parts))
    return country


def volume(year):
    days = 366 if calendar.isleap(year) else 365
    return (FLOWS[year] + RELEASE / 2) * days * 86400


def show(*arguments):
    done = CliRunner().invoke(app, ["view", "section", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.db
def test_section_says_what_is_reached_in_half_and_three_quarters_of_the_years(
    six_years, database_url, monkeypatch
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    where = ("--territory", "TB", "--from", "2023")
    found = json.loads(show(*where, "--format", "json"))["supply"]
    assert found["position"] == "r/(n+1)"
    assert found["start"].startswith("2018-01-01")
    assert found["end"].startswith("2024-01-01")
    (part,) = found["parts"]
    assert part["month"] is None
    inflow = part["cells"]["inflow"]
    assert inflow["years"] == 6
    half, most, nearly_all = inflow["probabilities"]
    # ranks 3.5 and 5.25 of 60, 50, 40, 30, 20, 10
    middle = (volume(2023) + volume(2018)) / 2
    assert half["value"] == pytest.approx(middle, rel=1e-3)
    low = volume(2021) + 0.25 * (volume(2019) - volume(2021))
    assert most["value"] == pytest.approx(low, rel=1e-3)
    # binomial, 6 years at 1/2: P(K = 0) = 0.016, so the smallest and the largest
    assert half["low"] == pytest.approx(volume(2019), rel=1e-3)
    assert half["high"] == pytest.approx(volume(2020), rel=1e-3)
    assert nearly_all == {
        "percent": 95, "value": None, "low": None, "high": None, "needs": 19,
    }  # fmt: skip
    # the environmental flow is not stated, so no year has a balance
    assert part["cells"]["balance"]["years"] == 0
    table = show(*where)
    assert "1,230 (44" in table  # hm3
    assert "? (needs 19)" in table
    lines = [
        line for line in show(*where, "--format", "csv").splitlines() if line[0] != "#"
    ]
    rows = {row["row"]: row for row in csv.DictReader(io.StringIO("\n".join(lines)))}
    assert rows["inflow"]["supply_years"] == "6"
    assert float(rows["inflow"]["supply_50_low"]) == half["low"]
    assert rows["inflow"]["supply_95"] == ""
    assert rows["seepage"]["supply_years"] in ("", None)


@pytest.mark.db
def test_a_month_is_ranked_among_the_same_months_of_all_years(six_years):
    made = Client(six_years).view("section", "TB", "2023-02", "2023-03", step="month")
    found = made.sel(cell="inflow", territory="TB")
    days = np.array([28.25, 31.0])  # 2020 is above the middle, so 28 in February
    half = found["supply"].sel(probability=50).values
    np.testing.assert_allclose(half, 39.0 * np.floor(days) * 86400, rtol=2e-3)
    assert found["supply_years"].values.tolist() == [6, 6]
    assert np.isnan(found["supply"].sel(probability=95)).all()
    other = made.sel(cell="seepage", territory="TB")
    assert np.isnan(other["supply"]).all()


@pytest.mark.db
def test_views_without_supply_and_periods_by_days_have_none(measured):
    store = Client(measured)
    assert "supply" not in store.view("seea_asset", "TB", "2023")
    assert "supply" not in store.view("section", "TB", "2023-01", step="decade")
