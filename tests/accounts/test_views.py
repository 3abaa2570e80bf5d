"""Views from the store: documents, tables, bridges, what a country gives."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.accounts import runs, view_files, view_render
from ewater.accounts.client import Client
from ewater.accounts.render import as_json
from ewater.accounts.view_files import Files
from ewater.accounts.view_tables import Views
from ewater.balance.expressions import codes
from ewater.balance.views import compiled
from ewater.cli.main import app
from ewater.errors import FaultsError, UsageError
from ewater.store import registry

YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))
RIVERS = "inflow_upstream.rivers"
HEAD = "item,territory,year,value,unit,u_pct,source\n"


def views(engine, territory="TB", step="year", **files):
    run = runs.obtain(engine, *YEAR, step)
    return Views(run, [territory], Files(**files))


@pytest.mark.db
def test_every_view_is_a_document_without_nan(measured):
    found = views(measured)
    for name in compiled.built_in():
        document = json.loads(as_json(found.document(name)), parse_constant=pytest.fail)
        (period,) = document["periods"]
        assert period["start"] == "2023-01-01T00:00:00+04:00"
        assert set(period["cells"]) == set(compiled.find(name).cells)
        for identity in period["closes"]:
            assert identity["difference"] == 0.0
        for left in period["not_placed"]:
            assert left["flows"] == {}
        for cell in period["cells"].values():
            assert (cell["value"] is None) == bool(cell["missing"] or cell["why"])


@pytest.mark.db
def test_a_view_gives_the_volumes_of_the_account(measured):
    found = views(measured)
    (period,) = found.document("seea_asset")["periods"]
    # half of what passes the turbine of the border reservoir is ours
    released = 8.0 * 365 * 86400
    assert period["cells"]["hydropower.reservoirs"]["value"] == pytest.approx(
        0.5 * released
    )
    store = Client(measured).view("seea_asset", "TB", "2023")
    external = store["value"].sel(cell=RIVERS, territory="TB").item()
    # what enters from the neighbour, and the other half of what the reservoir gives
    assert external == period["cells"][RIVERS]["value"]
    assert external == pytest.approx((10.0 + 0.5 * 8.0) * 365 * 86400)
    assert store.attrs["notices"]


@pytest.mark.db
def test_months_of_a_view_add_up_to_its_year(measured):
    whole = views(measured).view("seea_asset").cell(RIVERS).value[0]
    months = views(measured, step="month").view("seea_asset").cell(RIVERS).value
    assert months.shape == (1, 12)
    assert months.sum() == pytest.approx(whole[0])


@pytest.mark.db
def test_a_country_gives_its_own_form_and_inputs(measured, tmp_path):
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "statutory.yaml").write_text(
        "view: statutory\ntitle: {az: F, en: F, ru: F}\nsource: annex\nrows:\n"
        "  - code: people\n    label: {az: a, en: b, ru: c}\n    unit: persons\n"
        "    input: population\n"
        "  - code: reserve\n    label: {az: a, en: b, ru: c}\n    per: year\n"
        "    input: erwr\n"
        "  - code: taken\n    label: {az: a, en: b, ru: c}\n"
        "    flows: [{term: [abstraction], at: counted}]\n",
        "utf-8",
    )
    (tmp_path / "views" / "inputs.csv").write_text(
        HEAD + "population,TB,2023,2,thousand persons,,census\n"
        "population,TB,long-term,1,persons,,guess\n"
        "erwr,TB,long-term,365,hm3/yr,10,study\n"
    )
    files = Files.of("statutory", tmp_path)
    yearly = Views(runs.obtain(measured, *YEAR, "year"), ["TB"], files)
    form = yearly.view("statutory")
    assert list(form.compiled.cells) == ["people", "reserve", "taken"]
    assert form.cell("people").value[0, 0] == 2000.0
    assert form.cell("reserve").value[0, 0] == 365e6
    assert form.cell("reserve").u[0, 0] == pytest.approx(36.5e6)
    monthly = Views(runs.obtain(measured, *YEAR, "month"), ["TB"], files)
    assert monthly.view(None).cell("reserve").value[0, 1] == pytest.approx(28e6)
    assert monthly.view("statutory").cell("people").value[0, 1] == 2000.0
    other = Views(runs.obtain(measured, *YEAR, "year"), ["D2"], files)
    assert np.isnan(other.view("statutory").cell("people").value[0, 0])
    assert np.isfinite(yearly.view("indicators").cell("erwr_lta").value[0, 0])


@pytest.mark.db
def test_a_bridge_to_a_published_figure_ends_in_what_is_unexplained(measured):
    rows = [
        ("TB", "2023", "formed_in_country", 400.0, "hm3", "office", None),
        ("TB", "2022", "formed_in_country", 1.0, "hm3", "office", None),
        ("TB", "2023", "population_connected", 50.0, "%", "office", None),
    ]
    columns = ["territory", "year", "item", "value", "unit", "source", "note"]
    published = pd.DataFrame(rows, columns=columns)
    registry.load(measured, {"published": published}, expression_codes=codes)
    found = views(measured)
    document = found.bridge_document(
        f"seea_asset.{RIVERS}", "published:formed_in_country"
    )
    (period,) = document["periods"]
    *_, last = period["lines"]
    assert last["label"]["en"] == "unexplained"
    assert period["to"] == 400e6
    steps = sum(line["value"] for line in period["lines"])
    assert period["from"] + steps == pytest.approx(400e6)
    frame = Client(measured).bridge(
        "indicators.runoff", "published:formed_in_country", "TB", "2023"
    )
    assert frame["value"].iloc[-1] == 400e6
    assert frame["value"].iloc[:-1].sum() == pytest.approx(400e6)
    for wrong, says in (
        ("published:nothing", "published.csv has no 'nothing'"),
        ("published:population_connected", "was published in '%'"),
        ("seea", "is no cell"),
    ):
        with pytest.raises(UsageError, match=says):
            found.bridge("indicators.use", wrong)
    with pytest.raises(UsageError, match="take --step year"):
        views(measured, step="month").bridge(
            "indicators.runoff", "published:formed_in_country"
        )


@pytest.mark.db
def test_csv_has_a_line_for_each_cell(measured):
    found = views(measured)
    style = view_render.Style("az")
    text = view_render.as_csv(found.document("indicators"), style)
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    table = list(csv.DictReader(io.StringIO("\n".join(rows))))
    assert len(table) == len(compiled.find("indicators").cells)
    taken = next(row for row in table if row["row"] == "abstraction")
    assert taken["label"] == "Götürülən su"
    people = next(row for row in table if row["row"] == "population")
    assert (people["value"], people["missing"]) == ("", "input:population")


@pytest.mark.parametrize(
    ("row", "line", "column", "says"),
    [
        ("populace,TB,2023,1,persons,,x", 2, "item", "no view needs 'populace'"),
        ("population,TB,last,1,persons,,x", 2, "year", "'last' is no year"),
        ("population,TB,2023,many,persons,,x", 2, "value", "'many' is no number"),
        ("population,TB,2023,nan,persons,,x", 2, "value", "'nan' is no number"),
        ("population,TB,2023,1,hm3,,x", 2, "unit", "unit 'hm3' is not persons"),
        ("erwr,TB,2023,1,parsec,,x", 2, "unit", "does not fit volume"),
        ("erwr,TB,2023,1,hm3,-5,x", 2, "u_pct", "is no uncertainty"),
        ("erwr,,2023,1,hm3,,x", 2, "territory", "is empty"),
        ("erwr,TB,2023,1,hm3,,", 2, "source", "is empty"),
        ("erwr,TB,2023,1,hm3,,x\nerwr,TB,2023,2,hm3,,x", 3, "item", "is there twice"),
    ],
)
def test_a_fault_in_inputs_names_line_and_column(tmp_path, row, line, column, says):
    from ewater.accounts import view_inputs

    path = tmp_path / "inputs.csv"
    path.write_text(HEAD + row + "\n")
    known = view_inputs.needs([compiled.find("indicators")])
    with pytest.raises(FaultsError) as raised:
        view_inputs.read(path, known)
    (fault,) = raised.value.faults
    assert (fault.file, fault.line, fault.column) == ("inputs.csv", line, column)
    assert says in fault.message


def test_a_file_of_inputs_with_strange_columns_is_refused(tmp_path):
    from ewater.accounts import view_inputs

    path = tmp_path / "inputs.csv"
    path.write_text("item,value\n")
    with pytest.raises(FaultsError, match="column territory, year, unit, source is"):
        view_inputs.read(path, {})


def test_a_folder_or_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no"):
        Files.of("statutory", tmp_path / "gone")
    with pytest.raises(UsageError, match=r"neither statutory\.yaml nor inputs\.csv"):
        Files.of("statutory", tmp_path)
    own = tmp_path / "form.yaml"
    own.write_text(
        "view: form\ntitle: {az: F, en: F, ru: F}\nsource: annex\nrows:\n"
        "  - code: people\n    label: {az: a, en: b, ru: c}\n    input: population\n"
    )
    with pytest.raises(UsageError, match="is view form, not statutory"):
        view_files.find("statutory", Files.of("statutory", own))


def test_figures_say_what_is_not_known():
    style = view_render.Style()
    cell = {"unit": "m3", "value": None, "known": 5e6, "u": 1e6, "missing": ["F"]}
    assert style.figure(cell | {"why": None}) == "? (known 5.00)"
    assert style.figure(cell | {"why": "apportioned"}) == "? apportioned"
    assert style.figure(cell | {"why": None, "missing": ["input:population"]}) == "?"
    known = {"unit": "m3", "value": 1.23456e9, "u": 2.34e7, "missing": [], "why": None}
    assert style.uncertain(known) == "1,235 ± 23"
    assert view_render.Style(unit="km3").uncertain(known) == "1.23 ± 0.02"


def invoked(monkeypatch, database_url, *arguments):
    monkeypatch.setenv("EWATER_DATABASE_URL", str(database_url))
    return CliRunner().invoke(app, ["view", *arguments])


def test_the_command_lists_the_views():
    result = CliRunner().invoke(app, ["view", "--list", "--lang", "ru"])
    assert result.exit_code == 0
    for name in compiled.built_in():
        assert name in result.stdout
    assert "Показатели" in result.stdout


@pytest.mark.db
def test_the_command_prints_tables_json_csv_and_bridges(
    measured, monkeypatch, database_url
):
    def run(*arguments):
        span = ("--from", "2023", "--territory", "TB")
        result = invoked(monkeypatch, database_url, *arguments, *span)
        assert result.exit_code == 0, result
        return result.stdout

    table = run("seea_asset")
    assert "Additions to stock" in table
    assert "no value for" in table
    assert "Leaves and comes back" not in table  # nothing does, here
    assert "Yuxarı ərazilərdən axın" in run("seea_asset", "--lang", "az")
    assert "forecast" in run("statutory")
    assert json.loads(run("iwa", "--format", "json"))["view"] == "iwa"
    assert run("iwa", "--format", "csv").startswith("#")
    pair = ("--bridge", "indicators.use", "indicators.abstraction")
    assert "indicators.abstraction" in run(*pair)
    assert json.loads(run(*pair, "--format", "json"))["to"] == "indicators.abstraction"
    assert "indicators.use" in run(*pair, "--format", "csv")


@pytest.mark.db
def test_the_command_refuses_what_cannot_be_meant(measured, monkeypatch, database_url):
    for arguments, says in (
        ((), "name a view"),
        (("nothing",), "no view 'nothing'; there are indicators"),
        (("iwa", "--bridge", "iwa.nrw", "iwa.input"), "name a view"),
        (("--bridge", "iwa.nrw", "iwa.nothing"), "has no cell 'nothing'"),
        (("iwa", "--territory", "ATLANTIS"), "ATLANTIS"),
        (("iwa", "--unit", "parsec"), "parsec"),
        (("iwa", "--file", "gone.yaml"), "there is no gone.yaml"),
    ):
        span = () if "--territory" in arguments else ("--territory", "TB")
        result = invoked(monkeypatch, database_url, *arguments, "--from", "2023", *span)
        assert isinstance(result.exception, UsageError)
        assert says in str(result.exception)


OWN = (
    "view: form\ntitle: {az: F, en: F, ru: F}\nsource: annex\nrows:\n"
    "  - code: people\n    label: {az: a, en: b, ru: c}\n    unit: persons\n"
    "    input: inhabitants\n"
)


def country_folder(tmp_path, form=OWN, inputs="inhabitants,TB,2023,3,persons,,census"):
    folder_ = tmp_path / "country"
    (folder_ / "views").mkdir(parents=True)
    (folder_ / "views" / "form.yaml").write_text(form)
    (folder_ / "views" / "inputs.csv").write_text(f"{HEAD}{inputs}\n")
    return folder_


def call(*arguments):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    return done.exit_code, done.output + str(done.exception or "")


@pytest.mark.db
def test_a_country_loads_its_views_and_they_are_found_as_of_and_dumped_the_same(
    measured, database_url, monkeypatch, tmp_path
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    store = Client(measured)
    before = store.run("2023").as_of
    given = country_folder(tmp_path)
    status, said = call("load", given)
    assert status == 0, said
    status, said = call("view", "form", "--territory", "TB", "--from", "2023")
    assert status == 0, said
    assert "3.00" in said
    status, said = call("view", "--list")
    assert "form" in said
    assert store.view("form", "TB", "2023")["value"].item() == 3.0
    with pytest.raises(UsageError, match="no view 'form'"):
        store.view("form", "TB", "2023", as_of=before)
    dumped, again = tmp_path / "dumped", tmp_path / "again"
    assert call("dump", dumped)[0] == 0
    assert (dumped / "views" / "form.yaml").read_text() == OWN
    assert call("load", dumped)[1].count("nothing new") == 1
    assert call("dump", again)[0] == 0
    for path in dumped.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(dumped)).read_bytes()
    assert store.run("2023").stale is None  # no figure of an account follows from it


@pytest.mark.db
@pytest.mark.parametrize(
    ("form", "inputs", "says"),
    [
        (OWN.replace("input:", "inputs:"), "", ("views/form.yaml:8", "rows.0.inputs")),
        (OWN.replace("view: form", "view: other"), "", ("views/form.yaml:1", "other")),
        (OWN, "nothing,TB,2023,3,persons,,x", ("inputs.csv:2", "item", "'nothing'")),
        (OWN, "inhabitants,TB,2023,3,km,,x", ("inputs.csv:2", "unit", "km")),
        (OWN, "inhabitants,QQ,2023,3,persons,,x", ("inputs.csv:2", "territory", "QQ")),
        (OWN, "inhabitants,TB,2023,x,persons,,x", ("inputs.csv:2", "value", "'x'")),
    ],
)
def test_a_wrong_view_or_input_of_a_country_is_named_by_file_line_and_column(
    country, database_url, monkeypatch, tmp_path, form, inputs, says
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    status, said = call("load", country_folder(tmp_path, form, inputs))
    assert status != 0
    for words in says:
        assert words in said
    assert Client(country).table("views")["code"].tolist() == ["own"]
