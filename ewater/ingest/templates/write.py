"""Write a form as a workbook: headings locked, cells to fill in open and checked."""

from __future__ import annotations

import datetime as dt
import io
import math
from typing import TYPE_CHECKING, Any

from ewater.ingest.templates import form as forms
from ewater.ingest.templates import limits, words
from ewater.ingest.templates.form import CODE, FIRST, LABEL, NOTE, TITLE, UNIT

if TYPE_CHECKING:
    from ewater.ingest.templates.form import Column, Form, Sheet

_FONT = "Calibri"
_INPUT, _HEAD, _EDGE, _QUIET = "#FFF9DB", "#DCE9F5", "#B8C4CE", "#5F6B76"
_DATE_WIDTH, _WIDTH, _REMARK_WIDTH, _PAGE_WIDTH = 12, 16, 28, 96
_LINE, _ROW = 15.5, 18  # points
_WIDE = 110  # characters of a page in portrait
_BOLD = 1.12  # a bold letter is so much wider than the digit columns count in
_A4 = 9
_HEADINGS = (LABEL, UNIT, CODE)


def workbook(form: Form) -> bytes:
    """Write the workbook.

    Returns
    -------
    bytes
        XLSX. Equal forms give equal bytes.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)})
    book.set_custom_property(forms.MARK, f"{form.kind} {forms.VERSION}", "text")
    look = _Look(book)
    sheets = [book.add_worksheet(sheet.name) for sheet in form.sheets]
    for page, sheet in zip(sheets, form.sheets, strict=True):
        _table(page, sheet, form, look)
    _instructions(book, form, look)
    _identity(book, form)
    sheets[0].activate()
    book.close()
    return out.getvalue()


class _Look:
    """Formats of a workbook."""

    def __init__(self, book: Any) -> None:
        edge = {"border": 1, "border_color": _EDGE}
        head = edge | {"bg_color": _HEAD, "text_wrap": True, "align": "center"}

        def add(**said: Any) -> Any:
            return book.add_format({"font_name": _FONT, "font_size": 11} | said)

        self.title = add(bold=True, font_size=14)
        self.note = add(font_color=_QUIET, text_wrap=True, valign="top")
        self.label = add(**head, bold=True, valign="vcenter")
        self.unit = add(**head, valign="vcenter", font_size=10)
        self.code = add(**head, font_size=8, font_color=_QUIET)
        self.date = add(**edge, num_format="yyyy-mm-dd", align="center")
        self.number = add(**edge, bg_color=_INPUT, locked=False, align="right")
        self.remark = add(**edge, locked=False, num_format="@", text_wrap=True)
        self.text = add(text_wrap=True, valign="top")


def _table(page: Any, sheet: Sheet, form: Form, look: _Look) -> None:
    language, last = form.language, FIRST + form.days - 1
    wide = sheet.remark
    page.write_string(TITLE - 1, 0, sheet.title, look.title)
    note = words.say(
        "day",
        language,
        start=form.calendar.day_start,
        zone=form.calendar.timezone,
    )
    page.merge_range(NOTE - 1, 0, NOTE - 1, wide - 1, "", look.note)
    page.write_string(NOTE - 1, 0, note, look.note)
    _headings(page, sheet, language, look)
    for day in range(form.days):
        date = form.start + dt.timedelta(days=day)
        page.write_datetime(FIRST - 1 + day, 0, date, look.date)
        for at in range(1, wide - 1):
            page.write_blank(FIRST - 1 + day, at, None, look.number)
        page.write_blank(FIRST - 1 + day, wide - 1, None, look.remark)
        page.set_row(FIRST - 1 + day, _ROW)
    for at, column in enumerate(sheet.columns, start=1):
        page.data_validation(FIRST - 1, at, last - 1, at, _allowed(column, language))
    page.set_row(NOTE - 1, _height(note, _widths(sheet)))
    page.freeze_panes(FIRST - 1, 1)
    _protect(page)
    _print(page, sheet, last, language)


def _headings(page: Any, sheet: Sheet, language: str, look: _Look) -> None:
    ends = {1: words.say("date", language), sheet.remark: words.say("remark", language)}
    page.set_column(0, 0, _DATE_WIDTH)
    page.set_column(1, sheet.remark - 2, _WIDTH)
    page.set_column(sheet.remark - 1, sheet.remark - 1, _REMARK_WIDTH)
    formats = (look.label, look.unit, look.code)
    for number, label in ends.items():
        for row, format_ in zip(_HEADINGS, formats, strict=True):
            page.write_string(
                row - 1, number - 1, label if row == LABEL else "", format_
            )
    for at, column in enumerate(sheet.columns, start=1):
        texts = (column.label, column.shown, column.key)
        for row, text, format_ in zip(_HEADINGS, texts, formats, strict=True):
            page.write_string(row - 1, at, text, format_)
    for row, size in ((LABEL, _BOLD), (UNIT, 0.95), (CODE, 0.8)):
        said = [
            {LABEL: c.label, UNIT: c.shown, CODE: c.key}[row] for c in sheet.columns
        ]
        page.set_row(row - 1, max(_height(text, _WIDTH, size) for text in said))


def _height(text: str, width: float, size: float = 1.0) -> float:
    """Points that a text needs in a column, its words whole where they can be."""
    lines, used = 1, 0.0
    for word in text.split():
        length = (len(word) + 1) * size
        if used and used + length > width + 1:
            lines, used = lines + 1, 0.0
        lines += max(0, math.ceil(length / (width + 1)) - 1)
        used += length
    return lines * _LINE + 3


def _widths(sheet: Sheet) -> float:
    return _DATE_WIDTH + _WIDTH * len(sheet.columns) + _REMARK_WIDTH


def _allowed(column: Column, language: str) -> dict[str, Any]:
    """Say what Excel lets through; what is pasted is checked again when it is read."""
    least, most = limits.least(column), limits.most(column)
    rule: dict[str, Any] = {"validate": "decimal", "error_type": "stop"}
    if most is not None:
        rule |= {"criteria": "between", "minimum": 0, "maximum": most}
        message = words.say("input_most", language, most=f"{most:g}")
    elif least is not None:
        rule |= {"criteria": ">=", "value": 0}
        message = words.say("input_least", language)
    else:
        rule |= {"criteria": "between", "minimum": -1e6, "maximum": 1e6}
        message = words.say("input_any", language)
    title = words.say("input_title", language)
    shown = f"{column.label}, {column.shown}. {message}"
    return rule | {
        "error_title": title,
        "error_message": message,
        "input_title": title,
        "input_message": shown if len(shown) < 256 else message,  # Excel's limit
    }


def _protect(page: Any) -> None:
    page.protect(
        "", {"format_columns": True, "format_rows": True, "format_cells": True}
    )


def _print(page: Any, sheet: Sheet, last: int, language: str) -> None:
    page.set_paper(_A4)
    if _widths(sheet) > _WIDE:
        page.set_landscape()
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    page.fit_to_pages(1, 0)
    page.repeat_rows(LABEL - 1, CODE - 1)
    page.print_area(0, 0, last - 1, sheet.remark - 1)
    page.set_footer(f"&L&A&R{words.say('page', language)}")


def _instructions(book: Any, form: Form, look: _Look) -> None:
    page = book.add_worksheet(words.say("instructions", form.language))
    page.hide_gridlines(2)
    page.set_column(0, 0, 4)
    page.set_column(1, 1, _PAGE_WIDTH)
    page.write_string(0, 0, words.say("instructions", form.language), look.title)
    calendar = form.calendar
    for number, line in enumerate(words.INSTRUCTIONS[form.language], start=1):
        text = line.format(
            start=calendar.day_start, zone=calendar.timezone, calendar=calendar.code
        )
        page.write_string(number + 1, 0, f"{number}.", look.text)
        page.write_string(number + 1, 1, text, look.text)
        page.set_row(number + 1, _height(text, _PAGE_WIDTH) + 6)
    page.protect("", {"format_columns": True})
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)


def _identity(book: Any, form: Form) -> None:
    page = book.add_worksheet(forms.IDENTITY)
    for number, row in enumerate(forms.identity(form)):
        for at, text in enumerate(row):
            if text:
                page.write_string(number, at, text)
    page.protect("")
    page.very_hidden()
