from __future__ import annotations

import datetime as dt
import io
import json
import unicodedata

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from ewater.accounts import runs
from ewater.accounts.forecasting import (
    documents,
    kept,
    outcomes,
    statutory,
    statutory_tables,
)
from ewater.accounts.forecasting.totals import Totals
from ewater.cli.main import app
from ewater.errors import NotReadyError, UsageError
from ewater.store import recording

pytestmark = pytest.mark.db

DAYS = pd.date_range("2020-12-31T20:00Z", "2023-12-31T20:00Z", freq="D")
ORIGIN = dt.date(2024, 1, 1)


def test_a_forecast_is_kept_and_reads_back_the_same_to_the_bit(three_years):
    code, made = kept.obtain(three_years, horizon=6)
    assert made.origin == ORIGIN
    with three_years.connect() as connection:
        again = kept.load(connection, code)
        assert kept.newest(connection) == code
    np.testing.assert_array_equal(made.flow, again.flow)
    np.testing.assert_array_equal(made.stock, again.stock)
    keys = ["kind", "code", "candidate"]
    left, right = (o.scores.sort_values(keys, ignore_index=True) for o in (made, again))
    pd.testing.assert_frame_equal(left, right, check_dtype=False)
    assert kept.obtain(three_years, horizon=6)[0] == code
    with three_years.begin() as connection:  # as a signature under an edition does
        recording.moment(connection)
    assert kept.obtain(three_years, horizon=6)[0] == code


def test_what_a_forecast_says_of_parts_adds_up_to_the_whole(three_years):
    _, made = kept.obtain(three_years, horizon=6)
    totals = Totals(
        made.ledger, made.flow, made.accounts, made.stock, ["TB", "WEST", "EAST"]
    )
    for name in ("storage", "storage_change", "net_inflow"):
        whole, *parts = totals(name)
        np.testing.assert_allclose(whole, sum(parts), atol=1.0, err_msg=name)


def test_an_origin_in_the_past_sees_nothing_of_what_came(three_years, ingest):
    origin = dt.date(2023, 7, 1)
    _, before = kept.obtain(three_years, origin=origin, horizon=6)
    times = DAYS[DAYS >= "2023-07-02"].strftime("%Y-%m-%dT%H:%M:%SZ")
    late = pd.DataFrame({"series": "G-IN.Q", "time": times, "value": 99.0})
    ingest(late.to_csv(index=False).encode(), pd.Timestamp("2024-03-01T00:00Z"))
    _, after = kept.obtain(three_years, origin=origin, horizon=6)
    row = int(np.flatnonzero(before.ledger.flows == "IN")[0])
    np.testing.assert_allclose(before.flow[row], after.flow[row], rtol=1e-9)


def test_months_that_have_passed_are_compared_and_kept(three_years):
    origin = dt.date(2023, 7, 1)
    code, made = kept.obtain(three_years, origin=origin, horizon=6)
    assert outcomes.update(three_years) == 6
    with three_years.connect() as connection:
        frame = outcomes.read(connection, ("flow",), ("IN",))
    assert (frame["forecast"] == code).all()
    assert frame["lead"].tolist() == [1, 2, 3, 4, 5, 6]
    row = int(np.flatnonzero(made.ledger.flows == "IN")[0])
    np.testing.assert_allclose(frame["middle"], np.median(made.flow[row], axis=1))
    assert outcomes.update(three_years) == 6


def test_a_month_too_early_a_day_and_a_long_horizon_are_refused(three_years):
    with pytest.raises(NotReadyError, match="needs two years"):
        kept.obtain(three_years, origin=dt.date(2022, 7, 1))
    with pytest.raises(UsageError, match="begins with a month"):
        kept.obtain(three_years, origin=dt.date(2023, 7, 2))
    with pytest.raises(UsageError, match="1 to 24 months, not 25"):
        kept.obtain(three_years, horizon=25)
    with pytest.raises(NotReadyError, match="2024-01 at the latest, not with 2024-02"):
        kept.obtain(three_years, origin=dt.date(2024, 2, 1))
    with pytest.raises(NotReadyError, match="no country had been loaded by 2019"):
        kept.obtain(three_years, as_of=dt.datetime(2019, 1, 1, tzinfo=dt.UTC))


def test_without_readings_it_says_how_to_get_some(country):
    with pytest.raises(NotReadyError, match="ewater ingest"):
        kept.obtain(country)


def test_the_annual_balance_of_a_page_is_that_of_the_command(three_years):
    origin = dt.date(2023, 7, 1)
    told = statutory.document(three_years, origin=origin)
    kept.obtain(three_years, origin=dt.date(2023, 10, 1), horizon=12)
    with three_years.connect() as connection:
        code = statutory.newest_kept(connection)
    assert code == told["forecast"]  # the later one ends too early
    found = statutory.of_kept(three_years, code, told["territory"])
    forms = [statutory_tables.as_html(one, "en") for one in (found, told)]
    assert forms[0] == forms[1]
    assert statutory.of_kept(three_years, "f" * 64, told["territory"]) is None


def test_the_annual_balance_has_years_past_expected_and_forecast(three_years):
    origin = dt.date(2023, 7, 1)
    document = statutory.document(three_years, origin=origin)
    columns = {column["code"]: column for column in document["columns"]}
    assert list(columns) == [
        "2021", "2022", "2023", "2024-q1", "2024-q2", "2024-q3", "2024-q4", "2024",
    ]  # fmt: skip
    assert document["missing_years"] == [2020]
    assert [c["basis"] for c in columns.values()].count("forecast") == 5
    row = "taken_surface"  # from a reservoir, by one counter
    quarters = [columns[f"2024-q{n}"]["cells"][row]["value"] for n in (1, 2, 3, 4)]
    year = columns["2024"]["cells"][row]
    assert year["value"] == pytest.approx(sum(quarters))
    assert year["low"] < year["value"] < year["high"]
    _, made = kept.obtain(three_years, origin=origin, horizon=18)
    run = runs.obtain(three_years, dt.date(2023, 1, 1), origin, "month")
    known = float(run.inputs.sources["volume"].sel(source="series:PUMP.N").sum())
    coming = made.flow[made.ledger.flows == "TAKE", :6].sum(axis=1).mean()
    assert columns["2023"]["cells"][row]["value"] == pytest.approx(
        0.5 * (known + coming)  # half of the reservoir is ours
    )
    year_of_takes = made.flow[made.ledger.flows == "TAKE", 6:].sum(axis=1).std()
    assert year["u"] == pytest.approx(0.5 * year_of_takes)  # nothing of it is past
    losses = columns["2023"]["cells"]["residual"]
    assert losses["value"] is None
    assert "EVAP" in losses["missing"]


@pytest.mark.parametrize("lang", ["az", "en", "ru"])
def test_the_annual_balance_is_written_in_each_language(three_years, lang):
    document = statutory.document(three_years, origin=dt.date(2023, 7, 1))
    book = openpyxl.load_workbook(
        io.BytesIO(statutory_tables.as_workbook(document, lang))
    )
    sheet, details, notes = book.worksheets
    assert sheet.max_row == 3 + len(document["rows"])
    assert details.max_row == 1 + 8 * len(document["rows"])
    said = statutory_tables.notes(document, lang)
    assert notes.max_row == len(said)
    assert not list(statutory_tables.unlike_year(document))
    document["columns"][-1]["cells"]["taken_surface"]["value"] -= 10.0
    (row,) = statutory_tables.unlike_year(document)
    assert row["code"] == "taken_surface"
    (told,) = {*statutory_tables.notes(document, lang)} - {*said}
    assert "2.1" in told
    page = statutory_tables.as_html(document, lang)
    for row in document["rows"]:
        assert row["label"][lang] in page
    assert statutory_tables.as_csv(document, lang).count("EVAP") >= 8


@pytest.mark.browser
def test_the_annual_balance_is_printed_in_each_language(three_years, browser):
    from pypdf import PdfReader

    from ewater.dashboard.bulletin.printing import to_pdf

    document = statutory.document(three_years, origin=dt.date(2023, 7, 1))
    for lang in ("az", "en", "ru"):
        pdf = PdfReader(io.BytesIO(to_pdf(statutory_tables.as_html(document, lang))))
        page = pdf.pages[0].mediabox
        assert (round(page.width), round(page.height)) == (842, 595)  # A4, lying
        text = "".join("".join(one.extract_text() for one in pdf.pages).split())
        text = unicodedata.normalize("NFKC", text)  # without ligatures
        said = [statutory_tables.title(document, lang)]
        said += [statutory_tables.heading(c, lang) for c in document["columns"]]
        said += [row["label"][lang] for row in document["rows"]]
        said += statutory_tables.notes(document, lang)
        for word in " ".join(said).split():  # lines of a cell may lie apart
            assert unicodedata.normalize("NFKC", word) in text
        (cell,) = (
            column["cells"]["taken_surface"]
            for column in document["columns"]
            if column["code"] == "2024"
        )
        figure = statutory_tables.number(cell["value"] / 1e6, lang)
        assert "".join(figure.split()) in text


def test_the_command_prints_a_table_json_and_csv(
    three_years, database_url, monkeypatch
):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)
    runner = CliRunner()

    def said(*arguments: str) -> str:
        result = runner.invoke(app, ["forecast", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    assert "Forecast of TB" in said("--horizon", "3")
    document = json.loads(said("--horizon", "3", "--format", "json"))
    assert [p["start"][:7] for p in document["periods"]] == [
        "2024-01",
        "2024-02",
        "2024-03",
    ]
    cell = document["periods"][0]["quantities"]["storage"]
    assert cell["quantiles"]["0.1"] <= cell["mean"] <= cell["quantiles"]["0.9"]
    unknown = document["periods"][0]["quantities"]["outflow"]
    assert unknown["mean"] is None
    assert "EVAP" in unknown["missing"]
    assert said("--horizon", "3", "--format", "csv").startswith("period_start,")
    assert "better than by climatology" in said("scores", "--horizon", "3")
    assert documents.score_rows(kept.obtain(three_years, horizon=3)[1].scores)
    assert said("list").count("2024-01 ") == 1
