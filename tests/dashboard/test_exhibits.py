"""Sheets of figures: how they are shown, written to files and refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
from typing import get_args

import pytest
from openpyxl import load_workbook

from ewater.dashboard import still
from ewater.dashboard.app import create_app, warm
from ewater.dashboard.exhibits import Cell, Column, Exhibit, Facts, Sheet, files, table
from ewater.dashboard.exhibits import facts as facts_of
from ewater.dashboard.exhibits.sheet import OF_QUANTITIES, Kind
from ewater.dashboard.i18n import LANGUAGES, language
from ewater.dashboard.pages.registry import PAGES
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State
from ewater.errors import ForbiddenError, UsageError

EN = language("en")
STATE = State(territory="TL", year=2023)
ASKED = "territory=TL&year=2023&lang=en"
QUANTITY = {
    "value": None,
    "known": 2.5e6,
    "missing": ["A.IN"],
    "u": 1e5,
    "coverage": 0.75,
    "status": "measured",
    "status_shares": {"measured": 1.0},
}


def words(component):
    return json.dumps(
        component, default=lambda c: c.to_plotly_json(), ensure_ascii=False
    )


@pytest.fixture(scope="module")
def client(reader):
    app = create_app(reader)
    warm(app)
    return app.server.test_client()


def lines(answer):
    """Metadata and table of a CSV."""
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    about = [row for row in rows if row[0].startswith("# ")]
    return about, rows[len(about) :]


def test_what_does_not_apply_to_a_row_is_blank_and_what_is_unknown_a_dash():
    columns = (Column("name", "Name"), Column("z", "z", kind="number", digits=2))
    sheet = Sheet("A", columns, [{"name": "Inflow"}, {"name": "Residual", "z": None}])
    assert [
        row.children[1].children
        for row in table.table(sheet, EN).children[0].children[2].children
    ] == ["", "—"]


def test_a_value_is_shown_in_its_unit_and_unknown_is_a_dash():
    depth = Column("d", "Depth", "mm", "number", 0.001, 1)
    assert table.shown(depth, 0.0123, EN) == "12.3"
    assert table.shown(depth, 0.0, EN) == "0.0"
    for unknown in (None, math.nan):
        assert table.shown(depth, unknown, EN) == "—"
    assert table.shown(Column("v", "V", kind="volume"), 2.5e6, EN) == "2.50"
    assert table.shown(Column("s", "S", kind="share"), 0.999, EN) == "99.9 %"
    assert table.shown(Column("s", "S", kind="change"), -0.05, EN) == "−5.0 %"
    day = dt.date(2024, 2, 29)
    assert table.shown(Column("d", "D", kind="date"), day, EN) == "29 Feb 2024"


def test_a_quantity_with_gaps_shows_what_is_known_and_names_them():
    columns = (Column("q", "Inflow", kind="quantity"), Column("q", "S", kind="known"))
    said = words(table.table(Sheet("T", columns, [{"q": QUANTITY}]), EN))
    assert "≥ 2.50" in said
    assert "± 0.20" in said
    assert "A.IN" in said


def test_a_row_with_a_cell_opens_explain_and_one_without_does_not():
    columns = (Column("n", "Name"),)
    with_cell = {"n": "Kür", "cell": Cell("balance.inflow", territory="KUR")}
    said = words(table.table(Sheet("T", columns, [with_cell, {"n": "x"}]), EN))
    assert said.count("data-explain") == 1
    assert '\\"territory\\": \\"KUR\\"' in said
    assert "Explain Kür" in said
    assert "data-explain" not in words(table.table(Sheet("T", columns, [{}]), EN))


def test_a_long_table_says_that_it_goes_on():
    rows = [{"n": i} for i in range(501)]
    said = words(table.table(Sheet("T", (Column("n", "N"),), rows), EN))
    assert "500 of 501 rows" in said


def test_badges_come_from_the_quantities_but_not_from_totals(reader):
    other = {**QUANTITY, "coverage": 0.0, "status_shares": {"imputed": 1.0}}
    rows = [{"q": QUANTITY}, {"q": other, "total": True}, {"q": None}]
    sheet = Sheet("T", (Column("q", "Inflow", kind="quantity"),), rows)
    known = facts_of.complete(sheet, CachedReader(reader), STATE)
    assert known.coverage == pytest.approx(0.75)
    assert known.statuses == {"measured": 1.0}
    assert (known.unit, known.as_of) == ("hm³", "2026-01-15T08:00:00+04:00")
    said = words(facts_of.badges(known, EN))
    assert "measured 100 %" in said
    assert "Coverage 75 %" in said


def test_what_a_sheet_says_of_itself_is_not_overruled(reader):
    told = Facts(unit="m", coverage=0.5, as_of="2024-01-01T00:00:00+04:00")
    sheet = Sheet("T", (Column("q", "I", kind="quantity"),), [{"q": QUANTITY}])
    known = facts_of.complete(
        Sheet(sheet.title, sheet.columns, sheet.rows, facts=told),
        CachedReader(reader),
        STATE,
    )
    assert (known.unit, known.coverage, known.as_of) == ("m", 0.5, told.as_of)
    assert "1 January 2024" in words(facts_of.badges(known, EN))


def test_coverage_that_nobody_told_is_not_zero(reader):
    rows = [{"q": {**QUANTITY, "coverage": None}}]
    sheet = Sheet("T", (Column("q", "I", kind="quantity"),), rows)
    assert facts_of.complete(sheet, CachedReader(reader), STATE).coverage is None


def test_a_sheet_that_cannot_be_made_says_why_and_a_refusal_stays_one(reader):
    def failing(error):
        def sheet(*_):
            raise error

        return Exhibit("broken", "Broken", "", "x", sheet)

    made = failing(UsageError("no curve")).made(CachedReader(reader), STATE, EN)
    assert (made.rows, made.empty) == ([], "no curve")
    with pytest.raises(ForbiddenError):
        failing(ForbiddenError("x")).made(CachedReader(reader), STATE, EN)


@pytest.mark.parametrize("unknown", [None, math.nan], ids=str)
@pytest.mark.parametrize("kind", get_args(Kind))
def test_what_is_unknown_is_a_dash_on_the_page_and_nothing_in_a_file(kind, unknown):
    """Whatever the kind of a column; and a row that has no such value at all."""
    given = None if kind in OF_QUANTITIES else unknown
    rows = [{"q": given}, {}]
    sheet = Sheet("T", (Column("q", "Q", kind=kind),), rows)
    for line in files.values(sheet, EN):
        assert set(line) == {None}
    said = re.sub("<[^>]*>", "", still.written(table.table(sheet, EN)))
    assert "0" not in said
    assert said.count("—") >= len(rows)


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd|x", "@SUM(A1)", "\t=1", " =1"])
def test_text_is_never_taken_for_a_formula(text):
    assert files.safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+5", "-1,5", "-1e-3", "Kür", "a=b", ""])
def test_a_number_in_words_and_plain_text_stay(text):
    assert files.safe(text) == text


def test_a_quantity_has_a_column_for_each_of_its_parts():
    columns = (
        Column("q", "Inflow", kind="quantity"),
        Column("q", "Coverage", kind="covered"),
        Column("n", "Written", kind="written", where="page"),
    )
    sheet = Sheet("T", columns, [{"q": QUANTITY}, {"q": None}])
    heads = [head.text for head in files.heads(sheet, EN)]
    assert heads == [
        "Inflow, hm³",
        "Inflow: ± U (95 %), hm³",
        "Inflow: known part, hm³",
        "Inflow: coverage, %",
        "Inflow: status",
        "Inflow: without data",
    ]
    first, second = files.values(sheet, EN)
    assert first == [None, 0.2, 2.5, 75.0, "measured", "A.IN"]
    assert second == [None] * 6


def test_a_csv_says_what_it_is_of_and_holds_numbers(client, reader):
    answer = client.get(f"/download/overview/monthly.csv?{ASKED}")
    about, (heads, *rows) = lines(answer)
    said = {row[0]: row[1] for row in about}
    assert said["# Title"] == "Step by step"
    assert said["# Territory"] == "TL Testland"
    assert said["# Period"] == "2023-01-01 / 2024-01-01"
    assert said["# Run"] == "made-up-1"
    assert said["# Unit"] == "hm³"
    assert said["# Boundary"].startswith("Managed water: ")
    assert said["# Version"] == "Raw"
    assert said["# Data as of"].startswith("2026-01-15")
    assert said["# Note"]
    assert len(rows) == 12
    period = reader.balance("TL", dt.date(2023, 1, 1), dt.date(2024, 1, 1), "month")
    want = period["periods"][0]["inflow"]["value"] / 1e6
    assert float(rows[0][heads.index("Inflow, hm³")]) == pytest.approx(want, rel=1e-11)
    changes = [row[heads.index("Storage change, hm³")] for row in rows]
    assert any(change.startswith("-") for change in changes)
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=ewater-overview-monthly-TL-2023-01-01.csv"
    )


def test_an_unknown_value_is_an_empty_cell(client):
    answer = client.get("/download/overview/monthly.csv?territory=TL&year=2024")
    _, (heads, *rows) = lines(answer)
    may = dict(zip(heads, rows[4], strict=True))
    assert may["Inflow, hm³"] == ""
    assert float(may["Inflow: known part, hm³"]) > 0
    assert "D00.IN" in may["Inflow: without data"]


def test_a_workbook_of_a_page_has_all_its_exhibits(client):
    answer = client.get(f"/download/overview.xlsx?{ASKED}")
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == [
        *("Key figures", "From source to use", "Territories", "Step by step"),
        *("Use by sector", "Exchange with neighbours"),
        "Border waters against treaties ",
        *("Compared with published figures", "Notes", "Definitions"),
    ]
    months = book["Step by step"]
    assert months["B1"].value == "Inflow, hm³"
    assert isinstance(months["B2"].value, float)
    assert months["B2"].data_type == "n"
    notes = {row[0].value: row[1].value for row in book["Notes"].iter_rows()}
    assert notes["Territory"] == "TL Testland"
    assert notes["Run"] == "made-up-1"
    meanings = [row[3].value for row in book["Definitions"].iter_rows()]
    assert "Expanded uncertainty: two standard errors, about 95 %." in meanings


def test_a_hostile_name_is_text_in_every_file(made_up_country):
    reader = made_up_country.MadeUpReader()
    frame = reader.territories()
    for column in ("name_az", "name_en", "name_ru"):
        frame.loc["B-NORTH", column] = "=HYPERLINK(A1)"
    app = create_app(reader)
    client = app.server.test_client()
    _, (_, *rows) = lines(client.get(f"/download/overview/map.csv?{ASKED}"))
    assert rows[0][0] == "'=HYPERLINK(A1)"
    answer = client.get(f"/download/overview/map.xlsx?{ASKED}")
    cell = load_workbook(io.BytesIO(answer.data))["Territories"]["A2"]
    assert (cell.value, cell.data_type) == ("'=HYPERLINK(A1)", "s")


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_exhibit_of_every_page_can_be_taken_away(client, code):
    for page in PAGES:
        address = f"{page.name}.xlsx?territory=TL&year=2024&lang={code}"
        if page.exhibits:
            answer = client.get(f"/download/{address}")
            assert answer.status_code == 200, page.name
            book = load_workbook(io.BytesIO(answer.data), read_only=True)
            assert len(book.sheetnames) == len(page.exhibits) + 2


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("overview/none.csv", 404),
        ("none/monthly.csv", 404),
        ("overview/monthly.exe", 404),
        ("overview/../../etc/passwd.csv", 404),
        ("overview/..%2f..%2fetc%2fpasswd.csv", 404),
        ("overview/%2e%2e/monthly.csv", 404),
        ("none.xlsx", 404),
        ("overview/monthly.csv?territory=NONE", 403),
        ("overview/monthly.csv?territory=TL'%20OR%201=1--", 403),
        ("overview/monthly.csv?year=1492", 400),
        ("overview/monthly.csv?months=0-99", 400),
        ("overview/monthly.csv?boundary=everything", 400),
        ("series/find.csv?find=%00", 400),
        ("series/find.csv?find=%0d%0aSet-Cookie:x", 400),
    ],
)
def test_what_does_not_exist_is_refused_and_not_replaced(client, address, status):
    answer = client.get(f"/download/{address}")
    assert answer.status_code == status
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize("at", ["%C2%B2", "9" * 30, "-", "1e9", "%D9%A3"])
def test_what_is_no_time_chooses_no_reading(client, at):
    answer = client.get(f"/download/series/versions.csv?at={at}")
    assert answer.status_code == 200
    assert "Choose a reading" in answer.text


def test_two_downloads_of_one_view_are_the_same_bytes(client):
    for kind in ("csv", "xlsx"):
        path = f"/download/overview/sectors.{kind}?{ASKED}"
        assert client.get(path).data == client.get(path).data
