"""The national sample, as a new user gets it: command, page, notebook, truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner

pytestmark = [pytest.mark.db, pytest.mark.slow]

PROJECT = Path(__file__).parents[2]
YEARS = range(2021, 2026)
PLANNED = ("edition_log", "forecast", "forecast_outcome", "schedule", "scenario")
GAP = 2025  # an enterprise did not report, and nothing stands in for it


class National:
    """The demo in a database and home of its own."""

    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        self.url = url
        self.told = {"EWATER_DATABASE_URL": url, "EWATER_HOME": str(home)}
        self.environment = os.environ | self.told

    def process(self, *arguments: str) -> str:
        """What the command prints, as a process of its own."""
        command = [sys.executable, "-m", "ewater", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ewater(self, *arguments: str) -> str:
        """What the command prints, asked in this process: to start one takes longer."""
        from ewater.cli.main import app

        done = CliRunner().invoke(app, arguments, env=self.told, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def balance(self, *arguments: str) -> dict:
        answer = json.loads(self.ewater("balance", "--format", "json", *arguments))
        return {int(p["start"][:4]): p for p in answer["periods"]} | {"all": answer}


@pytest.fixture(scope="module")
def national(server_url: str, tmp_path_factory: pytest.TempPathFactory):
    from ewater.store import database

    engine = database.connect(server_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        admin.execute(text("DROP DATABASE IF EXISTS ewater_national WITH (FORCE)"))
        admin.execute(text("CREATE DATABASE ewater_national"))
        url = make_url(server_url).set(database="ewater_national")
        home = tmp_path_factory.mktemp("national")
        national = National(url.render_as_string(hide_password=False), home)
        national.first = national.process("demo", "--no-serve")
        yield national
        admin.execute(text("DROP DATABASE ewater_national WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="module")
def years(national: National) -> dict:
    return national.balance("--from", "2021", "--to", "2025")


@pytest.fixture(scope="module")
def engine_of(national: National):
    from ewater.store import database

    engine = database.connect(national.url)
    yield engine
    engine.dispose()


def hm3(quantity: dict) -> float:
    assert quantity["value"] is not None, quantity["missing"]
    return quantity["value"] / 1e6


def test_the_demo_says_that_its_telemetry_is_simulated(national, years):
    assert "SIMULATED" in national.first
    assert "SIMULATED" in years["all"]["notices"][1]["en"]
    assert "SIMULATED" in national.ewater(
        "balance", "--from", "2023", "--format", "csv"
    )


def test_a_second_run_writes_nothing(national, engine_of):
    def rows():
        names = ("chunk", "load", "series", "flows", "run_source", *PLANNED)
        with engine_of.connect() as connection:
            return [
                connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
                for name in names
            ]

    before = rows()
    again = national.ewater("demo", "--no-serve")
    assert again.count("nothing new") == 3
    assert rows() == before


def test_the_demo_seals_forecasts_and_plans(national, engine_of):
    from ewater.accounts.forecasting import schedules
    from ewater.accounts.scope import Scope
    from ewater.dashboard.questions import editions, forecasts, scenarios

    before, after = editions.editions(engine_of, Scope())
    assert [before["state"], after["state"]] == ["published", "reviewed"]
    told = editions.edition(engine_of, Scope(), before["name"])
    assert [one["name"] for one in told["exceptions"]] == ["coverage:inflow/2025-01-01"]
    names = (before["name"], after["name"])
    moved = editions.difference(engine_of, Scope(), *names, "AZ")
    counted = [one["what"].split()[0] for one in moved["causes"]["late data"]]
    assert counted == ["504"] * 3
    assert moved["causes"]["corrections"][0]["item"] == "KUR-YEV.Q"
    done = scenarios.compared(engine_of, Scope(), "AZ", ("losses-2030", "dry-year"))
    assert len(done) == 2
    assert len(forecasts.came_true(engine_of, Scope(), "AZ", "storage", 0)) == 6
    with engine_of.connect() as connection:
        plans = schedules.listed(connection, "RES-MIN")
    assert [one["revision"] for one in plans] == [2, 1]
    written = sorted(path.name for path in (national.home / "demo").iterdir())
    assert written == [
        f"annual-balance-2025-{lang}.xlsx" for lang in ("az", "en", "ru")
    ]


def test_use_and_losses_of_2023_are_those_published(years):
    period = years[2023]
    use = {sector: measures["use"] for sector, measures in period["sectors"].items()}
    assert hm3(period["use"]) == pytest.approx(9772, rel=0.01)
    assert hm3(use["agriculture"]) == pytest.approx(7207, rel=0.01)
    production = hm3(use["industry"]) + hm3(use["energy"])
    assert production == pytest.approx(2145, rel=0.01)
    assert hm3(use["households"]) == pytest.approx(342.7, rel=0.01)
    assert hm3(use["services"]) == pytest.approx(77.3, rel=0.01)
    losses = period["terms"]["losses_in_conveyance"]
    assert hm3(losses) == pytest.approx(3034.4, rel=0.01)


def test_2021_was_as_dry_as_officials_said(years):
    period = years[2021]
    inflow = hm3(period["terms"]["inflow_from_neighbours"])
    from_outside = inflow - hm3(period["re_entering"])
    assert from_outside == pytest.approx(11_000, rel=0.05)
    assert from_outside < min(
        hm3(years[y]["terms"]["inflow_from_neighbours"]) - hm3(years[y]["re_entering"])
        for y in (2022, 2023, 2024)
    )


def test_an_honest_gap_shows_in_the_newest_year_and_nowhere_before(years):
    for year in YEARS:
        period = years[year]
        unknown = [n for n in ("inflow", "outflow", "residual") if period[n]["missing"]]
        assert bool(unknown) == (year == GAP), (year, unknown)
    gap = years[GAP]["use"]
    assert gap["value"] is None
    assert gap["known"] > 0
    assert len(gap["missing"]) == 1


def test_residuals_close_within_their_uncertainty(years):
    for year in YEARS:
        z = years[year]["residual"]["z"]
        assert (z is None) == (year == GAP)
        assert z is None or abs(z) < 3


@pytest.fixture(scope="module")
def store(national: National):
    import ewater

    with ewater.connect(national.url) as store:
        yield store


def codes_of(store, kind: str) -> list[str]:
    table = store.table("territories")
    return list(table.loc[table["kind"] == kind, "code"])


def test_the_basins_add_up_to_the_nation(store):
    parts = store.account(codes_of(store, "basin"), "2021", "2025")
    whole = store.account("AZ", "2021", "2025").sel(territory="AZ")
    for name in ("net_inflow_known", "storage_change_known", "residual_known"):
        total = parts[name].sum("territory").values
        assert total == pytest.approx(whole[name].values, rel=1e-9), name


def test_the_use_of_districts_adds_up_to_the_nations(store, years):
    from ewater.accounts import documents
    from ewater.accounts.views import View

    view = View(store.run("2021", "2025"), "managed")  # which the command has kept
    year = [2023 - 2021]
    used = [
        documents.periods_of(view, code, year, figures_only=True)[0]["use"]["value"]
        for code in codes_of(store, "district")
    ]
    assert len(used) == 77
    assert sum(used) == pytest.approx(years[2023]["use"]["value"], rel=1e-9)


def test_estimates_are_scored_against_the_true_ledger(national, engine_of):
    from ewater.simulate import truth

    monthly = national.balance("--from", "2021", "--to", "2025", "--step", "month")
    run = monthly["all"]["run"]
    columns = "w.flow, s.period_start, sum(w.weight * s.volume) AS volume_m3"
    u = "sqrt(sum(w.weight ^ 2 * (s.u_random ^ 2 + s.u_systematic ^ 2))) AS u_m3"
    unknown = "bool_or(s.volume IS NULL) AS unknown"
    statement = text(
        f"SELECT {columns}, {u}, {unknown} FROM run_weight w JOIN run_source s "
        "ON s.run = w.run AND s.source = w.source WHERE w.run = :run GROUP BY 1, 2"
    )
    with engine_of.connect() as connection:
        rows = connection.execute(statement, {"run": run}).mappings().all()
    estimate = pd.DataFrame(rows)
    estimate["period_start"] = pd.to_datetime(estimate["period_start"], utc=True)
    estimate["period_start"] = estimate["period_start"].dt.as_unit("us")
    estimate = estimate[~estimate["unknown"]]
    folder = national.home / "samples" / "azerbaijan"
    scores = truth.score(estimate, truth.read(folder))
    weight = scores["rmse_m3"].notna()
    assert weight.mean() > 0.95
    covered = (scores["within_2u"] * scores["periods"]).sum() / scores["periods"].sum()
    assert covered > 0.85


@pytest.mark.browser
def test_the_page_shows_the_number_that_the_command_prints(
    national, years, engine_of, serve_reader, open_page, settled
):
    from ewater.accounts.reader import DatabaseReader

    address = serve_reader(DatabaseReader(engine_of))
    page = open_page(f"{address}/?year=2022&lang=en")

    def shown(name: str) -> float:
        return float(page.get_attribute(f"[data-kpi={name}]", "data-m3"))

    for name in ("inflow", "outflow", "use", "storage_change", "residual"):
        assert shown(name) == years[2022][name]["value"], name
    page.click("#year")
    page.get_by_role("option", name="2023", exact=True).click()
    page.locator("#title").filter(has_text="2023").wait_for()
    settled(page)
    assert shown("inflow") == years[2023]["inflow"]["value"]
    page.fill("#territory", "Middle Kura")
    page.get_by_role("option", name="Middle Kura").first.click()
    page.locator("#title").filter(has_text="Middle Kura").wait_for()
    settled(page)
    basin = national.balance("--territory", "KUR-MID", "--from", "2023")[2023]
    assert shown("use") == basin["use"]["value"]
    assert "SIMULATED" in page.inner_text("#notices")


def test_the_notebook_runs_and_both_ways_agree(national, monkeypatch):
    import jupytext
    import nbclient

    for name, value in national.environment.items():
        monkeypatch.setenv(name, value)
    path = PROJECT / "notebooks" / "01_national_balance"
    notebook = jupytext.read(path.with_suffix(".ipynb"))
    script = jupytext.read(path.with_suffix(".py"))
    sources = [cell.source for cell in notebook.cells]
    assert sources == [cell.source for cell in script.cells]
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )
    assert "the same numbers" in printed
