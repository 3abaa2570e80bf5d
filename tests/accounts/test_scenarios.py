from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ewater.accounts.forecasting import (
    kept,
    scenario_model,
    scenario_tables,
    scenarios,
)
from ewater.cli.main import app
from ewater.errors import FaultsError, UsageError

pytestmark = pytest.mark.db

TITLE = "title: {az: Quraq, en: Dry, ru: Сухо}\n"


@pytest.fixture
def written(tmp_path):
    """Write a scenario and read it."""

    def write(text, name="dry"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(TITLE + text, encoding="utf-8")
        return scenario_model.read(path)

    return write


def test_a_scenario_is_described_once_and_again_when_it_changes(engine, written):
    first = written("inflow: {quantile: 0.1}\n")
    assert scenarios.put(engine, first)
    assert not scenarios.put(engine, first)
    assert scenarios.put(engine, written("inflow: {quantile: 0.2}\n"))
    with engine.connect() as connection:
        (found,) = scenarios.listed(connection)
    assert found["said"]["inflow"] == {"quantile": 0.2}


def test_what_the_country_does_not_have_is_refused_with_all_files_by_line(
    three_years, tmp_path
):
    paths = [tmp_path / f"{name}.yaml" for name in ("good", "bad")]
    paths[0].write_text(TITLE + "inflow: {quantile: 0.1}\n", encoding="utf-8")
    paths[1].write_text(
        TITLE + "demand:\n  - {sector: industry, factor: 2, territory: ATLANTIS}\n"
        "canals:\n"
        "  - {code: TAKE, from: RES, to: NOWHERE, capacity_m3s: 1}\n"
        "  - {code: NEW, from: RES, to: RES, capacity_m3s: 1}\n"
        "reservoirs:\n"
        "  - {account: RES, least: 0.9, most: 0.2}\n"
        "  - {account: FARMS}\n",
        encoding="utf-8",
    )
    with pytest.raises(FaultsError) as refused:
        scenarios.load(three_years, paths)
    assert [(f.file, f.line, f.column) for f in refused.value.faults] == [
        ("bad.yaml", 3, "demand.0.territory"),
        ("bad.yaml", 5, "canals.0.code"),
        ("bad.yaml", 5, "canals.0.to"),
        ("bad.yaml", 6, "canals.1.to"),
        ("bad.yaml", 8, "reservoirs.0.least"),
        ("bad.yaml", 9, "reservoirs.1.account"),
    ]
    with three_years.connect() as connection:
        assert scenarios.listed(connection) == []
    assert scenarios.load(three_years, paths[:1]) == {"good": True}
    with pytest.raises(UsageError, match="two files describe one"):
        scenarios.load(three_years, paths[:1] * 2)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("canals: [{code: A, from: B, to: C, capacity_m3s: .inf}]\n", 2, "finite"),
        ("demand: [{sector: farming, factor: 1}]\n", 2, "agriculture"),
        ("inflow: {quantile: 1.5}\n", 2, "less than 1"),
        ("reservoir: []\n", 2, "no field of a scenario"),
        ("priorities: [households]\n", 2, "name each sector once"),
        ("losses:\n  share: 0.3\n  by: soon\n", 4, "pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_line(written, text, line, message):
    with pytest.raises(FaultsError) as refused:
        written(text)
    (fault,) = refused.value.faults
    assert fault.line == line
    assert message in str(fault)


def test_what_the_ledger_does_not_have_is_named(three_years, written):
    base, _ = kept.obtain(three_years, horizon=3)
    with pytest.raises(UsageError, match="no scenario 'dry'"):
        scenarios.obtain(three_years, "dry", base)
    scenarios.put(three_years, written("reservoirs: [{account: POND, least: 0.5}]\n"))
    with pytest.raises(UsageError, match="names reservoir POND; there are RES"):
        scenarios.obtain(three_years, "dry", base)


def test_a_scenario_that_changes_nothing_is_told_as_the_forecast(three_years, written):
    base, forecast = kept.obtain(three_years, horizon=3)
    scenarios.put(three_years, written(""))
    code, made, notes = scenarios.obtain(three_years, "dry", base)
    assert made.members < forecast.members  # shared out for some futures alone
    told = scenario_tables.document("dry", (base, forecast), (code, made), notes)
    known = {
        name: (one["forecast"]["mean"], one["scenario"]["mean"])
        for name, one in told["quantities"].items()
        if one["forecast"]["mean"] is not None
    }
    assert {"storage", "use.agriculture"} <= known.keys()
    for name, (before, after) in known.items():
        assert after == pytest.approx(before, abs=1.0), name
    of_stock = told["quantities"]["storage"]
    # a level is that of the last month: its band is that of the months, there
    assert of_stock["scenario_low"][-1] == of_stock["scenario"]["quantiles"]["0.1"]
    assert of_stock["scenario_high"][-1] == of_stock["scenario"]["quantiles"]["0.9"]


def test_a_scenario_with_a_canal_is_kept_and_read_back(three_years, written):
    base, forecast = kept.obtain(three_years, horizon=3)
    text = (
        "demand: [{sector: agriculture, factor: 2}]\n"
        "canals: [{code: NEW, from: RIVER-UP, to: RIVER-LOW, capacity_m3s: 1}]\n"
    )
    scenarios.put(three_years, written(text))
    code, made, notes = scenarios.obtain(three_years, "dry", base)
    assert "NEW" in made.ledger.flows
    again = scenarios.obtain(three_years, "dry", base)
    assert again[0] == code
    np.testing.assert_array_equal(made.flow, again[1].flow)
    taken = {
        name: one.flow[one.ledger.flows == "TAKE"].sum(axis=1).mean()
        for name, one in (("forecast", forecast), ("scenario", made))
    }
    fields = notes["deficits"]["agriculture"]
    wanted, short = sum(fields["demand"]), sum(fields["deficit"])
    got = made.flow[made.ledger.flows == "TAKE"][0].sum(axis=0).mean()
    assert wanted - short == pytest.approx(got, rel=1e-6)
    assert (
        wanted
        > 1.5 * forecast.flow[forecast.ledger.flows == "TAKE"][0].sum(axis=0).mean()
    )
    assert taken["scenario"] > taken["forecast"]


def test_the_command_loads_runs_and_shows(
    three_years, written, tmp_path, database_url, monkeypatch
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    written("demand: [{sector: agriculture, factor: 1.2}]\n")
    runner = CliRunner()

    def said(*arguments: str) -> str:
        result = runner.invoke(app, ["scenario", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    path = str(tmp_path / "dry.yaml")
    assert said("load", path) == "dry: recorded\n"
    assert said("load", path) == "dry: as it was\n"
    assert "Dry" in said("list")
    assert json.loads(said("show", "dry"))["demand"][0]["factor"] == 1.2
    document = json.loads(said("run", "dry", "--horizon", "3", "--format", "json"))
    assert document["quantities"]["use.agriculture"]["scenario"]["mean"] is not None
    assert "futures" in said("run", "dry", "--horizon", "3")
