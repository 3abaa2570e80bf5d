"""Whatever is typed wrongly is told by its cell, with what to give instead."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import numpy as np
import pytest
from openpyxl import load_workbook

from ewater.errors import FaultsError
from ewater.ingest.parse import Schema
from ewater.ingest.source import Memory
from ewater.ingest.templates.reader import Reader
from ewater.store.instants import microseconds

NOW_US = microseconds(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))


@pytest.fixture
def read(frames):
    """Rejected cells and accepted values of a workbook, without a database."""

    def call(raw):
        series = frames["series"]
        schema = Schema.of(
            series["code"].tolist(),
            np.arange(len(series), dtype=np.int32),
            np.ones(len(series)),
            series["timezone"].tolist(),
            series["quantity"].tolist(),
        )
        reader = Reader()
        ((body, line),) = reader.bodies(Memory("march.xlsx", raw))
        found = reader.parse(body, line, schema, NOW_US)
        assert found.rows_read == len(found.value) + len(found.rejects)
        return {r.column: r.message for r in found.rejects}, found.value.tolist()

    return call


CELLS = {
    "text with a decimal comma": ("1,5", "'1,5' is text with a decimal comma; give"
                                  " the number 1.5"),
    "what may be thousands": ("1,234", "'1,234' is text that may mean 1.234 or 1234"),
    "a number kept as text": ("12.5", "'12.5' is a number kept as text; give the"
                              " number 12.5"),
    "words": ("no water", "'no water' is text; give a number without a unit"),
    "a number with its unit": ("12 m3/s", "'12 m3/s' is text"),
    "a dash": ("-", "'-' is text"),
    "not a number": ("NaN", "'NaN' is text"),
    "a formula": ("=SUM(B6:B9)", "'=SUM(B6:B9)' is a formula"),
    "an error": ("#DIV/0!", "'#DIV/0!' is an error"),
    "true": (True, "'True' is no number"),
    "a date": (dt.datetime(2024, 5, 1), "'2024-05-01 00:00:00' is a date"),  # noqa: DTZ001
    "a time": (dt.time(10, 30), "'10:30:00' is a date or time"),
    "a length of time": (dt.timedelta(hours=30), "is a date or time"),
    "a negative discharge": (-0.5, "-0.5 is negative; give 0 or more"),
}  # fmt: skip


@pytest.mark.parametrize("case", CELLS.values(), ids=CELLS)
def test_what_is_no_number_is_refused_in_its_cell(case, blank, filled, read):
    value, message = case
    raw = filled(blank("junction"), {"HJ!C7": value, "HJ!D7": 7})
    rejected, accepted = read(raw)
    assert list(rejected) == ["HJ!C7"]
    assert message in rejected["HJ!C7"]
    assert accepted == [7.0]


def test_more_hours_than_the_day_has_are_refused(blank, filled, read):
    raw = filled(blank("well"), {"W1!B6": 24, "W1!B7": 24.5})
    rejected, accepted = read(raw)
    assert rejected == {"W1!B7": "24.5 is more than the day has; give 24 or less"}
    assert accepted == [86_400.0]


def test_the_day_on_which_the_clock_goes_back_has_25_hours(blank, filled, read):
    raw = blank("well", start=dt.date(2015, 10, 24))
    rejected, accepted = read(filled(raw, {"W1!B6": 25, "W1!B7": 25}))
    assert list(rejected) == ["W1!B7"]  # from 08:00 on the 25th
    assert accepted == [90_000.0]


def test_a_level_may_be_below_its_datum(blank, filled, read):
    assert read(filled(blank("reservoir"), {"RES!B6": -1.5})) == ({}, [-1.5])


DATES = {
    "of another month": (dt.date(2024, 4, 1), "A7, says 2024-04-01; give a date of"),
    "none": (None, "A7, is empty; give the date as it was written"),
    "a word": ("Monday", "A7, says 'Monday', which is no date"),
    "in another order": ("05.03.2024", "'05.03.2024', which is no date"),
    "with a time": (dt.datetime(2024, 3, 2, 8), "a time of day besides"),  # noqa: DTZ001
    "that no calendar has": ("2024-02-30", "which is no date"),
    "a formula": ("=A6+1", "'=A6+1', which is no date"),
}


@pytest.mark.parametrize("case", DATES.values(), ids=DATES)
def test_a_wrong_date_refuses_the_values_of_its_row(case, blank, filled, read):
    value, message = case
    raw = filled(blank("junction"), {"HJ!A7": value, "HJ!B7": 1,
                                                   "HJ!C7": 2, "HJ!B8": 3})  # fmt: skip
    rejected, accepted = read(raw)
    assert list(rejected) == ["HJ!B7", "HJ!C7"]
    assert message in rejected["HJ!B7"]
    assert accepted == [3.0]


def test_a_date_that_stands_twice_refuses_both_rows(blank, filled, read):
    cells = {"HJ!A7": dt.date(2024, 3, 1), "HJ!B6": 1, "HJ!B7": 2, "HJ!B8": 3}
    rejected, accepted = read(filled(blank("junction"), cells))
    assert "A6, says 2024-03-01, as A7 does; give each date once" in rejected["HJ!B6"]
    assert "as A6 does" in rejected["HJ!B7"]
    assert accepted == [3.0]


def test_dates_that_lost_their_format_are_still_dates(blank, filled, read):
    def plain(book):
        for row in range(6, 10):
            book["HJ"][f"A{row}"].number_format = "General"

    assert read(filled(blank("junction"), {"HJ!B6": 1}, plain)) == ({}, [1.0])
    text = {"HJ!A6": "2024-03-01", "HJ!B6": 1}
    assert read(filled(blank("junction"), text)) == ({}, [1.0])


def test_rows_that_were_sorted_keep_their_dates(blank, filled, read):
    days = {f"HJ!A{9 - k}": dt.date(2024, 3, 1 + k) for k in range(4)}
    raw = filled(blank("junction"), days | {"HJ!B6": 4, "HJ!B9": 1})
    assert read(raw) == ({}, [4.0, 1.0])


def test_what_stands_beside_the_table_is_refused(blank, filled, read):
    rejected, _ = read(filled(blank("junction"), {"HJ!G7": 5, "HJ!E7": "a remark"}))
    assert rejected == {
        "HJ!G7": "stands beside the table and is not read; clear the cell"
    }


def renamed(book):
    book["HJ"].title = "Junction"


def moved(book):
    for row in (3, 4, 5):
        page = book["HJ"]
        page.cell(row, 3).value, page.cell(row, 4).value = (
            page.cell(row, 4).value, page.cell(row, 3).value,
        )  # fmt: skip


def inserted(book):
    book["HJ"].insert_cols(2)


STRUCTURE = {
    "another code": ({"HJ!B5": "HJ.QX"}, None, "sheet HJ!B5: the code 'HJ.Q' now says"
                     " 'HJ.QX'; give 'HJ.Q'"),
    "another unit": ({"HJ!C4": "l/s, mean of the day"}, None, "sheet HJ!C4: the unit"
                     " and time 'm³/s, mean of the day' now says 'l/s"),
    "another heading": ({"HJ!B3": "Spring"}, None, "sheet HJ!B3: the heading"),
    "columns that were moved": ({}, moved, "sheet HJ!C5: the column of 'HJ.QA' now"
                                " holds 'HJ.QB', which was written to column D"),
    "a column that was inserted": ({}, inserted, "sheet HJ!B5: the code 'HJ.Q' now"),
    "a sheet that was renamed": ({}, renamed, "no sheet 'HJ'; it has Junction"),
    "no hidden sheet": ({}, lambda book: book.remove(book["_ewater"]), "is gone"),
    "a changed hidden sheet": ({"_ewater!B5": "HJ.QX"}, None, "was changed"),
    "a later version": ({"_ewater!B1": "2"}, None, "of version 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", STRUCTURE.values(), ids=STRUCTURE)
def test_a_workbook_that_was_rebuilt_is_refused_whole(case, blank, filled, read):
    cells, do, message = case
    raw = filled(blank("junction"), cells | {"HJ!B6": 1}, do)
    with pytest.raises(FaultsError) as caught:
        read(raw)
    assert message in str(caught.value)
    assert str(caught.value).startswith("march.xlsx: ")


def test_every_changed_heading_is_told_at_once(blank, filled, read):
    raw = filled(blank("junction"), {"HJ!B3": "x", "HJ!C4": "y", "HJ!D5": "z"})
    with pytest.raises(FaultsError) as caught:
        read(raw)
    places = [fault.column for fault in caught.value.faults]
    assert places == ["sheet HJ!B3", "sheet HJ!C4", "sheet HJ!D5"]


def test_a_damaged_workbook_is_refused(blank, read):
    raw = blank("junction")
    for broken in (raw[: len(raw) // 2], raw[:200] + b"\0" * 400 + raw[600:], b"PK"):
        with pytest.raises(FaultsError, match="no whole workbook"):
            read(broken)


def test_a_workbook_that_unpacks_without_end_is_refused(blank, read):
    out = io.BytesIO(blank("junction"))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/more.xml", b" " * (64 << 20))
    with pytest.raises(FaultsError, match="unpacks to"):
        read(out.getvalue())


def test_what_a_person_sees_is_locked_and_what_they_fill_in_is_not(blank):
    book = load_workbook(io.BytesIO(blank("reservoir")))
    page = book["RES"]
    assert page.protection.sheet
    assert page.protection.password is None
    assert page.freeze_panes == "B6"
    locked = {(cell.coordinate, cell.protection.locked) for cell in page[6]}
    assert ("A6", True) in locked
    assert {place for place, is_locked in locked if not is_locked} == {
        f"{letter}6" for letter in "BCDEFGHIJ"
    }
    assert book["_ewater"].sheet_state == "veryHidden"
    rules = {str(r.sqref): r for r in page.data_validations.dataValidation}
    assert rules["D6:D9"].operator == "greaterThanOrEqual"
    assert page.page_setup.paperSize == 9
    assert page.sheet_properties.pageSetUpPr.fitToPage
