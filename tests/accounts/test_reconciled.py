"""`ewater balance --reconcile` on a canal of two reaches with an outlet each."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.accounts import documents, render, runs
from ewater.accounts.client import Client
from ewater.accounts.reader import DatabaseReader
from ewater.accounts.scope import Scope
from ewater.balance.expressions import codes
from ewater.cli.main import app
from ewater.dashboard.questions import views
from ewater.errors import UsageError
from ewater.store import folder, registry

pytestmark = pytest.mark.db

MONTH = (dt.date(2023, 3, 1), dt.date(2023, 4, 1))
DAYS = pd.date_range("2023-03-01T00:00Z", "2023-04-01T00:00Z", freq="D")
SECONDS = 31 * 86400
# head -> C1 -> middle -> C2 -> tail -> FARM, with an outlet from each canal
FLOWS = {
    "HEAD": ("NB", "C1", "inflow_from_neighbours"),
    "MIDDLE": ("C1", "C2", "transfer"),
    "SPILL": ("C1", "SEA", "outflow_to_sea"),
    "TAIL": ("C2", "FARM", "delivery"),
    "DRAIN": ("C2", "SEA", "outflow_to_sea"),
    "USED": ("FARM", "AIR", "consumption"),
    "BACK": ("FARM", "SEA", "return_flow"),
}
GOOD = {
    "HEAD": 10.1,
    "MIDDLE": 6.9,
    "SPILL": 3.0,
    "TAIL": 5.1,
    "DRAIN": 2.0,
    "USED": 4.0,
    "BACK": 1.0,
}


def frames(meters):
    """Country of one canal whose flows each have a meter, but for some."""
    sites = pd.DataFrame(
        {
            "code": list(FLOWS),
            "kind": "canal",
            "name_en": [f"{code.title()} meter" for code in FLOWS],
            "lat": 40.5,
            "lon": 47.5,
        }
    )
    series = pd.DataFrame(
        {
            "code": [f"{code}.Q" for code in FLOWS],
            "site": list(FLOWS),
            "quantity": "discharge",
            "unit": "m3/s",
            "signal": "mean_preceding",
            "interval_s": 86400.0,
            "timezone": "UTC",
            "u_random_pct": 0.0,
            "u_systematic_pct": 2.0,
        }
    )
    ends = pd.DataFrame(FLOWS, index=["from", "to", "term"]).T
    flows = ends.assign(
        code=list(FLOWS),
        measured_by=[f"{c}.Q" if c in meters else None for c in FLOWS],
        sector=None,
    )
    accounts = pd.DataFrame(
        {
            "code": ["NB", "C1", "C2", "FARM", "SEA", "AIR"],
            "kind": ["neighbour", "canal", "canal", "economy", "sea", "atmosphere"],
            "territory": [None, "T", "T", "T", None, None],
            "sector": [None, None, None, "agriculture", None, None],
        }
    )
    calendars = pd.DataFrame({"code": ["utc"], "timezone": ["UTC"]})
    return {
        "calendars": calendars,
        "sites": sites,
        "series": series,
        "flows": flows,
        "accounts": accounts,
    }


@pytest.fixture
def canal(engine, two_basins, ingest, hourly):
    """Measure the canal over March; gives the run of that month."""

    def measured(values=GOOD, meters=tuple(FLOWS)):
        area = folder.read(two_basins, expression_codes=codes)["territories"]
        country = area[area["kind"] == "country"].assign(code="T", parent=None)
        registry.load(
            engine,
            frames(meters) | {"territories": country},
            expression_codes=codes,
        )
        ingest(hourly({f"{c}.Q": v for c, v in values.items()}, DAYS))
        return engine

    return measured


def reconciled(engine):
    run = runs.obtain(engine, *MONTH, "month")
    document = documents.balance(run, "T", adjusted=True)
    return document, document["periods"][0], document["periods"][0]["reconciliation"]


def test_raw_reconciled_and_left_over_stand_side_by_side(canal):
    engine = canal()
    document, period, found = reconciled(engine)
    plain = documents.balance(runs.obtain(engine, *MONTH, "month"), "T")
    assert {k: period[k] for k in plain["periods"][0]} == plain["periods"][0]
    assert (found["verdict"], found["dof"]) == ("reconciled", 3)
    flows = {code: flow["value"] for code, flow in found["flows"].items()}
    assert flows["HEAD"] == pytest.approx(flows["MIDDLE"] + flows["SPILL"])
    assert flows["TAIL"] == pytest.approx(flows["USED"] + flows["BACK"])
    assert found["flows"]["HEAD"]["raw"] == pytest.approx(10.1 * SECONDS)
    assert found["residual"]["raw"] == period["residual"]["value"]
    assert found["residual"]["value"] == pytest.approx(0.0, abs=1e-3)
    assert found["residual"]["explained"] == pytest.approx(1.0)
    explained = sum(flow["in_residual"] for flow in found["flows"].values())
    assert explained == pytest.approx(period["residual"]["value"])
    assert found["inflow"]["u"] < period["inflow"]["u"]
    json.loads(render.as_json(document), parse_constant=pytest.fail)


def test_a_meter_that_reads_wrong_is_named_with_its_site(canal):
    document, _, found = reconciled(canal(GOOD | {"MIDDLE": 9.4}))
    assert found["verdict"] == "suspects_removed"
    (suspect,) = found["suspects"]
    assert (suspect["source"], suspect["removed"]) == ("series:MIDDLE.Q", True)
    assert document["sources"]["series:MIDDLE.Q"] == {
        "kind": "series",
        "code": "MIDDLE.Q",
        "measured_by": "MIDDLE.Q",
        "site": "MIDDLE",
        "site_name": {"az": None, "en": "Middle meter", "ru": None},
        "flows": ["MIDDLE"],
    }
    assert found["flows"]["MIDDLE"]["standing"] == "suspect"
    assert found["flows"]["MIDDLE"]["raw"] == pytest.approx(9.4 * SECONDS)
    assert found["flows"]["MIDDLE"]["value"] == pytest.approx(7.0 * SECONDS, rel=0.03)


def test_meters_that_cannot_be_told_apart_are_named_together(canal):
    values = GOOD | {"SPILL": 5.5}
    meters = ("HEAD", "MIDDLE", "SPILL", "TAIL", "DRAIN")
    _, _, found = reconciled(canal(values, meters))
    groups = [set(group) for group in found["indistinguishable"]]
    # nor can a canal that loses or holds water be told from a meter at its ends
    assert {"series:HEAD.Q", "series:SPILL.Q", "change of C1"} in groups


def test_what_fails_its_test_is_refused_and_the_residual_published(canal):
    meters = ("HEAD", "MIDDLE", "SPILL")
    _, period, found = reconciled(canal(GOOD | {"SPILL": 6.0}, meters))
    assert found["verdict"] == "refused"
    assert found["p"] < 0.05
    (suspect,) = found["suspects"]
    assert not suspect["removed"]
    assert len({suspect["source"], *suspect["alike"]}) == 3
    assert found["flows"]["HEAD"]["value"] == found["flows"]["HEAD"]["raw"]
    assert found["flows"]["HEAD"]["adjustment"] is None
    assert period["inflow"]["value"] == pytest.approx(10.1 * SECONDS)


def test_the_command_prints_tables_csv_and_json(canal, database_url, monkeypatch):
    canal(GOOD | {"MIDDLE": 9.4})
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def call(form):
        asked = "balance --territory T --from 2023-03 --step month --reconcile --format"
        done = CliRunner().invoke(app, [*asked.split(), form])
        assert done.exit_code == 0, done.output
        return done.stdout

    table = call("table")
    assert "suspects removed" in table
    assert "MIDDLE.Q (Middle meter)" in table
    rows = {row["line"]: row for row in csv.DictReader(io.StringIO(call("csv")))}
    assert float(rows["flows.MIDDLE"]["value_m3"]) == pytest.approx(9.4 * SECONDS)
    adjusted = float(rows["flows.MIDDLE"]["reconciled_m3"])
    change = float(rows["flows.MIDDLE"]["adjustment_m3"])
    assert adjusted + change == pytest.approx(9.4 * SECONDS)
    assert rows["inflow"]["reconciled_m3"]
    assert rows["use"]["reconciled_m3"] == ""
    document = json.loads(call("json"))
    assert document["periods"][0]["reconciliation"]["suspects"]


def test_python_gives_the_same_solve(canal):
    engine = canal()
    _, _, found = reconciled(engine)
    store = Client(engine)
    solved = store.reconciled("2023-03", step="month")
    value = solved.flows()["value"].sel(flow="HEAD").item()
    assert value == pytest.approx(found["flows"]["HEAD"]["value"])
    document = store.balance("T", "2023-03", step="month", reconcile=True)
    assert document["periods"][0]["reconciliation"]["verdict"] == "reconciled"


RECONCILED = ("", "", "reconciled")


def test_a_page_is_given_the_figures_that_stand_and_the_raw_ones_beside(canal):
    engine = canal()
    document, _, found = reconciled(engine)
    reader = DatabaseReader(engine)
    given = reader.balance("T", *MONTH, "month", basis=RECONCILED)
    (period,) = given["periods"]
    for name in ("inflow", "outflow", "residual"):
        assert period[name]["value"] == pytest.approx(found[name]["value"], abs=1e-3)
        assert period[name]["u"] == pytest.approx(found[name]["u"], abs=1e-3)
        raw = period["reconciliation"]["raw"][name]["value"]
        assert raw == document["periods"][0][name]["value"]
    assert period["reconciliation"]["stands"] == "reconciled"
    flows = {row["code"]: row for row in reader.flows("T", *MONTH, basis=RECONCILED)}
    for code, flow in found["flows"].items():
        assert flows[code]["volume"] == pytest.approx(flow["value"])
        assert flows[code]["u"] == pytest.approx(flow["u"])
    parts = reader.balances("country", *MONTH, basis=RECONCILED)
    assert parts["T"]["inflow"] == period["inflow"]
    use = period["sectors"]["agriculture"]["use"]
    assert use["value"] == pytest.approx(flows["TAIL"]["volume"])
    assert use["u"] == pytest.approx(flows["TAIL"]["u"])
    json.loads(render.as_json(given), parse_constant=pytest.fail)


def test_a_page_is_told_that_reconciliation_is_refused_and_what_is_left(canal):
    meters = ("HEAD", "MIDDLE", "SPILL")
    engine = canal(GOOD | {"SPILL": 6.0}, meters)
    reader = DatabaseReader(engine)
    (raw,) = reader.balance("T", *MONTH, "month")["periods"]
    (period,) = reader.balance("T", *MONTH, "month", basis=RECONCILED)["periods"]
    said = period.pop("reconciliation")
    assert period == raw
    assert (said["verdict"], said["stands"]) == ("refused", "raw")
    assert said["raw"]["residual"]["value"] == raw["residual"]["value"]
    plain = reader.flows("T", *MONTH)
    assert reader.flows("T", *MONTH, basis=RECONCILED) == plain
    with pytest.raises(UsageError, match="choose raw or reconciled"):
        reader.balance("T", *MONTH, "month", basis=("", "", "guessed"))


def test_a_view_stands_raw_and_reconciled_side_by_side(
    canal, database_url, monkeypatch
):
    engine = canal()
    _, _, found = reconciled(engine)
    store = Client(engine)
    made = store.view("section", "T", "2023-03", step="month", reconcile=True)
    assert made["verdict"].values.tolist() == ["reconciled"]
    both = store.view("indicators", "T", "2023-03", step="month", reconcile=True)
    use = both.sel(cell="use", territory="T").isel(period=0)
    assert use["value"].item() == pytest.approx(found["flows"]["TAIL"]["raw"])
    assert use["reconciled"].item() == pytest.approx(found["flows"]["TAIL"]["value"])
    assert use["reconciled_u"].item() == pytest.approx(found["flows"]["TAIL"]["u"])
    after = use["value"] - use["reconciled"]
    assert use["adjustment"].item() == pytest.approx(after.item())
    (period,) = views.table(engine, Scope(), "indicators", "T", *MONTH, RECONCILED)[
        "periods"
    ]
    shown = period["reconciliation"]["cells"]["use"]
    assert shown["value"] == pytest.approx(use["reconciled"].item())

    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def call(*more):
        asked = "view indicators --territory T --from 2023-03 --step month --reconcile"
        done = CliRunner().invoke(app, [*asked.split(), *more])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "reconciled; gamma" in call()
    rows = {r["row"]: r for r in csv.DictReader(io.StringIO(call("--format", "csv")))}
    assert float(rows["use"]["reconciled"]) == pytest.approx(shown["value"])
    document = json.loads(call("--format", "json"), parse_constant=pytest.fail)
    assert document["periods"][0]["reconciliation"]["cells"]["use"] == shown


def test_a_view_is_refused_with_its_residual_where_the_test_fails(
    canal, database_url, monkeypatch
):
    canal(GOOD | {"SPILL": 6.0}, ("HEAD", "MIDDLE", "SPILL"))
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    asked = "view indicators --territory T --from 2023-03 --step month --reconcile"
    done = CliRunner().invoke(app, asked.split())
    assert done.exit_code == 0, done.output
    assert "refused" in done.stdout
    assert "raw figures stand, with a residual of" in done.stdout
