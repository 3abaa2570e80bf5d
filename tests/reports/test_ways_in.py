"""Workbooks and archives: what is right comes in, what is not is named by its cell."""

from __future__ import annotations

import io

import openpyxl
import pytest
from sqlalchemy import text

from ewater.errors import FaultsError, ForbiddenError, UsageError
from ewater.reports import (
    bulk,
    known,
    review,
    seen,
    stored,
    ways,
    workbook,
    workbook_read,
)
from ewater.reports.form import built_in
from ewater.reports.validate import validate

pytestmark = pytest.mark.db

INTAKE = "1. Water taken, received and u"


def blank(engine, person, **more):
    with engine.begin() as connection:
        return ways.template(connection, person, "E1", "2024", **more)


def filled(raw, cells, change=None):
    """Type into the first line of a template, as a person does."""
    book = openpyxl.load_workbook(io.BytesIO(raw))
    sheet = next(book[name] for name in book.sheetnames if name.startswith("1. "))
    keys = {cell.value: cell.column for cell in sheet[5]}
    for key, value in cells.items():
        sheet.cell(6, keys[key]).value = value
    if change:
        change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(engine, raw, name="r.xlsx"):
    with engine.begin() as connection:
        batch, found, way = ways.read(connection, raw, name)
        _, seen = bulk.check(connection, batch)
        return batch, [*found, *seen], way


def take(engine, person, raw, name="r.xlsx", **more):
    with engine.begin() as connection:
        batch, found, way = ways.read(connection, raw, name)
        return bulk.take(connection, person, batch, way=way, found=found, **more)


@pytest.fixture
def right(made_content):
    return dict(made_content()["intake"][0])


def test_a_template_knows_its_permits_and_the_year_before(
    reporting, people, approved, right
):
    approved(period="2023")
    raw = blank(reporting, people.reporter)
    assert raw == blank(reporting, people.reporter), "equal contents, equal bytes"
    book = openpyxl.load_workbook(io.BytesIO(raw))
    sheet = next(book[name] for name in book.sheetnames if name.startswith("1. "))
    given = [cell.value for cell in sheet[6]]
    assert given[:4] == ["P1", "2020-01-01", "2029-12-31", "river"], "days of Baku"
    assert given[10] == 1000
    before = book["Previous period – intake"]
    assert [c.value for c in before[6]][11] == 500
    with pytest.raises(ForbiddenError):
        blank(reporting, people.other)


def test_a_filled_in_template_comes_back_as_a_sealed_return(reporting, people, right):
    raw = filled(blank(reporting, people.reporter), right)
    _, found, way = read(reporting, raw)
    assert (way, [f.code for f in found if f.stops]) == ("xlsx", [])
    taken = take(reporting, people.reporter, raw)
    assert (taken.new, taken.refused) == (1, [])
    again = take(reporting, people.reporter, raw)
    assert (again.new, again.unchanged) == (0, 1), "equal content changes nothing"
    with reporting.begin() as connection:
        head = stored.find(connection, "E1", "2-TP", "2024")
        version = stored.version(connection, head.id)
        assert (head.state, version["way"]) == ("submitted", "xlsx")
        assert version["sha256"].hex() == taken.receipts[0]["sha256"]
        assert version["examined_at"] is not None
        review.approve(connection, people.command, [head.id], reason="agrees")
    with pytest.raises(UsageError, match="is approved; say why"):
        take(reporting, people.reporter, filled(raw, {"g29": 1.0}))
    fixed = take(reporting, people.reporter, filled(raw, {"g29": 1.0}), reason="typo")
    assert fixed.corrected == 1
    with pytest.raises(ForbiddenError):
        take(reporting, people.other, raw)


@pytest.fixture
def typed(form, known, right):
    """Fill in a template without a database; findings of the book and of its cells."""

    def fill(cells=None, change=None, language="en"):
        permits = known.permits[known.permits["enterprise"] == "E1"].to_dict("records")
        head = {"code": "E1", "name": "Zavod"}
        raw = workbook.write(
            form, head, "2024", zone=known.zone, language=language, permits=permits
        )
        raw = filled(raw, right | (cells or {}), change)
        book = workbook_read.read(raw, "r.xlsx", lambda code: form)
        return [*book.findings, *validate(book.batch, known)]

    return fill


def merge(book, sheet):
    sheet.merge_cells("M6:N6")


def hide(book, sheet):
    book.create_sheet("notes").sheet_state = "hidden"


def foreign(book, sheet):
    book.create_sheet("notes")


def rename(book, sheet):
    sheet.title = "Sheet1"


def move(book, sheet):
    sheet["L5"].value, sheet["M5"].value = sheet["M5"].value, sheet["L5"].value


def beside(book, sheet):
    sheet.cell(6, 80).value = "see note"


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (merge, "merged", "cells M6:N6 are merged; unmerge them"),
        (hide, "hidden_sheet", "is hidden; show it, or remove it"),
        (foreign, "foreign_sheet", "is none of the template"),
        (rename, "missing_sheet", "keep it as it was"),
        (move, "moved_column", "leave the columns where they were"),
        (beside, "beside", "stands beside the table"),
    ],
)
def test_a_workbook_that_was_rebuilt_is_refused(typed, change, code, says):
    wrong = [f for f in typed(change=change) if f.code == code]
    assert wrong
    assert all(f.stops for f in wrong)
    assert says in wrong[0].text("en")


@pytest.mark.db
def test_what_is_wrong_with_a_book_refuses_the_return(reporting, people, right):
    raw = filled(blank(reporting, people.reporter), right, merge)
    assert take(reporting, people.reporter, raw).refused == [0]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"g13": "=A1+2"}, "!M6: '=A1+2' is a formula and not evaluated"),
        ({"g13": "40"}, "!M6: '40' is a number kept as text"),
        ({"g13": "forty"}, "!M6: 'forty' is text; give a number"),
        ({"g13": -4}, "!M6: -4 is negative; give 0 or more"),
        ({"g12": 123456789012345}, "!L6: 123456789012345 has 15 digits"),
        ({"g4": "brook"}, "!D6: code 'brook' is not known"),
        ({"g7": "E77"}, "!G6: no enterprise has the code 'E77'"),
        ({"g12": 501}, "!L6: column 12 is the sum of columns 13 to 24"),
    ],
)
def test_a_fault_is_named_by_its_cell(typed, form, cells, says):
    said = [f.text("en", form) for f in typed(cells) if f.stops]
    assert any(says in text_ for text_ in said), said
    stops = next(f for f in typed(cells, language="ru") if f.stops)
    assert stops.text("ru", form).startswith("1. ")


def test_another_version_of_the_form_is_refused(reporting, people, right):
    raw = filled(blank(reporting, people.reporter), right)
    body = built_in().model_copy(update={"version": 2})
    newer = workbook_read.read(raw, "r.xlsx", lambda code: body)
    wrong = [f.text("en") for f in newer.findings if f.stops]
    assert "it is of version 1 of the form, 2 is in force" in wrong[0]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"PK\x03\x04 broken", "no whole workbook"),
        (b"\xff\xfe", "not UTF-8"),
        (b"enterprise,period\n", "section: is missing"),
        (b"enterprise,period,section,g12,g12\n", "stands twice"),
        (
            b"enterprise,period,section,g122\n",
            "is no column of the form; use a column: 'g",
        ),
        (b"enterprise,period,section,g12\nE1,2024\n", "one cell for each column"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(reporting, raw, says):
    with pytest.raises(FaultsError, match=says):
        read(reporting, raw, "archive.csv")


def test_a_workbook_of_another_kind_is_no_template(reporting):
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    with pytest.raises(FaultsError, match="is no template of a return"):
        read(reporting, out.getvalue())


HEAD = "enterprise,period,section,unit,g4,g12,g31,g32,g33,d4,d11\n"
GOOD = (
    "E1,2023,intake,,river,100,90,production,90,,\n"
    "E1,2023,discharge,,,,,,,river,50\n"
    "E1,2024,intake,,river,110,100,production,100,,\n"
    "E2,2024,intake,m3,groundwater,20000,20000,production,20000,,\n"
)


def test_an_archive_is_loaded_with_receipts_and_findings(reporting, people):
    taken = take(reporting, people.command, (HEAD + GOOD).encode(), "a.csv")
    assert (taken.new, taken.refused) == (3, [])
    assert [r["receipt"] for r in taken.receipts] == [
        "2-TP/E1/2023/1",
        "2-TP/E1/2024/1",
        "2-TP/E2/2024/1",
    ]
    with reporting.begin() as connection:
        head = stored.find(connection, "E2", "2-TP", "2024")
        content = stored.version(connection, head.id)["content"]
        assert content["intake"][0]["g12"] == 20.0, "in the unit of the form"
        rows = connection.execute(
            text("SELECT count(*) FROM audit WHERE action = 'report.submit'")
        ).scalar_one()
        assert rows == 3
        one = stored.find(connection, "E1", "2-TP", "2023")
        assert stored.version(connection, one.id)["content"]["discharge"] == [
            {"d4": "river", "d11": 50.0}
        ]
    assert (
        take(reporting, people.command, (HEAD + GOOD).encode(), "a.csv").unchanged == 3
    )


def test_bad_returns_of_an_archive_are_named_by_line_and_the_others_loaded(
    reporting, people, form
):
    bad = (
        "E9,2024,intake,,river,1,,,,,\n"
        "OLD,2024,intake,,river,1,,,,,\n"
        "E2,2023,intake,,brook,x,,,,,\n"
        "E2,2022,intake,m3,river,1,,,,,\n"
        "E2,2022,intake,1000 m3,lake,1,,,,,\n"
        "E2,2021,intake,kg,river,1,,,,,\n"
        "E1,2023,intake,,river,7,,,,,\n"
        "E2,2020,waste,,,,,,,,\n"
    )
    taken = take(reporting, people.command, (HEAD + GOOD + bad).encode(), "a.csv")
    said = [f.text("en", form) for f in taken.findings if f.stops]
    for wanted in (
        "line 6: no enterprise has the code 'E9'",
        "line 7: enterprise OLD was closed on 1 Jan 2020",
        "line 8, column g4: code 'brook' is not known",
        "line 8, column g12: 'x' is text",
        "line 10, column unit: the unit is 1000 m3, in other lines of this return m3",
        "line 11: 'kg' is no unit of volume",
        "line 12: the return of E1 for 2023 stands in the file again (2)",
        "line 2: the return of E1 for 2023 stands in the file again (12)",
        "the form has no section waste",
    ):
        assert any(wanted in text_ for text_ in said), (wanted, said)
    assert taken.new == 2
    with reporting.begin() as connection:
        rows = seen.listed(connection, people.command)
    assert {(r["enterprise"], r["period"]) for r in rows} == {
        ("E1", "2024"),
        ("E2", "2024"),
    }


def test_findings_are_listed_within_the_scope_and_in_the_language(reporting, people):
    loud = HEAD + "".join(
        f"E1,{year},intake,,river,{100 if year != 2022 else 100000},,,,,\n"
        for year in range(2019, 2025)
    )
    take(reporting, people.command, loud.encode(), "a.csv")
    with reporting.begin() as connection:
        form = known.form_of(connection)
        rows = ways.findings(connection, people.reviewer, form, "ru", code="unit_slip")
        assert [(r["enterprise"], r["period"]) for r in rows] == [("E1", "2022")]
        assert "ошибку единицы" in rows[0]["message"]
        assert ways.findings(connection, people.far, form) == []
        again = ways.examine(connection, form)
        assert again > 0, "the sector's total breaks with it"
        clean = [r["id"] for r in seen.listed(connection, people.command)]
        done = review.approve_clean(connection, people.command, clean, reason="clean")
        slipped = stored.find(connection, "E1", "2-TP", "2022").id
        assert slipped in done.left
        assert stored.find(connection, "E1", "2-TP", "2021").id in done.approved
