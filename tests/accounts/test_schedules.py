from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from typer.testing import CliRunner

from ewater.accounts.forecasting import kept, schedule_tables, schedules
from ewater.cli.main import app
from ewater.errors import NotReadyError, UsageError
from ewater.store import folder, registry

pytestmark = pytest.mark.db

JULY = dt.date(2023, 7, 11)


@pytest.fixture
def described(three_years, two_basins):
    """Two basins with a reservoir nothing evaporates from, and what it holds."""
    from ewater.balance.expressions import codes

    frames = folder.read(two_basins, expression_codes=codes)
    flows, sites = frames["flows"], frames["sites"]
    flows.loc[flows["code"] == "EVAP", "measured_by"] = "rule:constant(1000)"
    flows.loc[flows["code"] == "TO-RES", "measured_by"] = "G-IN.Q"
    held = sites["code"] == "RES"
    sites.loc[held, "capacity_m3"], sites.loc[held, "dead_m3"] = 9e9, 1e5
    registry.load(three_years, {"flows": flows, "sites": sites}, expression_codes=codes)
    return three_years


def test_a_schedule_balances_and_is_kept_with_its_revisions(described):
    code, _ = kept.obtain(described, origin=JULY.replace(day=1), horizon=5)
    assert schedules.make(described, start=JULY, periods=3) == [("RES", 1, True)]
    with described.connect() as connection:  # the longer one that was there will do
        assert schedules.listed(connection, "RES")[0]["forecast"] == code
    assert schedules.make(described, start=JULY, periods=3) == [("RES", 1, False)]
    later = schedules.make(described, start=dt.date(2023, 7, 21), periods=3)
    assert later == [("RES", 2, True)]
    told = schedule_tables.document(described, "RES", 1)
    assert (told["revision"], told["revisions"]) == (1, 2)
    assert [p["start"][:10] for p in told["periods"]] == [
        "2023-07-11",
        "2023-07-21",
        "2023-08-01",
    ]
    stock = np.array([told["opening"], *(p["stock"] for p in told["periods"])])
    net = [p["inflow"] - p["release"] for p in told["periods"]]
    np.testing.assert_allclose(np.diff(stock), net, rtol=1e-6)


def test_ten_days_that_are_over_have_what_was_done(described):
    schedules.make(described, start=JULY, periods=2)
    (first, second) = schedule_tables.document(described, "RES")["periods"]
    assert first["actual_inflow"] > 0
    assert second["actual_stock"] is not None
    schedules.make(described, periods=1)
    (ahead,) = schedule_tables.document(described, "RES")["periods"]
    assert ahead["actual_inflow"] is None


def test_what_cannot_be_planned_is_refused(described, three_years):
    with pytest.raises(UsageError, match="POND has no stock; there are RES"):
        schedules.make(described, accounts=("POND",))
    with pytest.raises(UsageError, match="1 to 36 times ten days, not 40"):
        schedules.make(described, periods=40)
    with pytest.raises(UsageError, match="is not where a decade begins"):
        schedules.make(described, start=dt.date(2023, 7, 12))
    with pytest.raises(UsageError, match="no schedule of 'RES'"):
        schedule_tables.document(described, "RES")


def test_a_reservoir_whose_evaporation_nobody_knows_is_not_planned(three_years):
    with pytest.raises(NotReadyError, match="cannot be forecast"):
        schedules.make(three_years, start=JULY)


def test_the_command_plans_and_shows(described, database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    runner = CliRunner()

    def said(*arguments: str) -> str:
        result = runner.invoke(app, ["schedule", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    assert said("make", "--from", "2023-07-11", "--periods", "2") == "RES: revision 1\n"
    assert "revision 1 of 1" in said("show", "RES")
    assert said("list").count("RES") == 1
