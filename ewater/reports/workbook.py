"""The form as a workbook of one enterprise: its permits and last year filled in."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from typing import TYPE_CHECKING, Any

import pandas as pd

from ewater import written
from ewater.series.calendars import last_day, local_day
from ewater.workbooks import letter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ewater.reports.form import Column, Form, Section

IDENTITY = "_ewater"  # name of the hidden sheet
MARK = "ewater return"
TITLE, NOTE, LABEL, NUMBER, CODE, FIRST = range(1, 7)  # rows of a sheet, from 1
LINES = 40  # that can be filled in
_INPUT, _GIVEN, _HEAD, _EDGE, _QUIET = (
    "#FFF9DB", "#EEF2F5", "#DCE9F5", "#B8C4CE", "#5F6B76",
)  # fmt: skip
_WIDTH = 15
_WORDS = {
    "title": ("{form}: {name} ({code}), {period}",) * 3,
    "unit": (
        "Vahid: {unit}, {decimals} onluq rəqəm. Boş xana sıfır deyil: su "
        "götürülməyibsə, 0 yazın.",
        "Unit: {unit}, {decimals} decimals. Blank is not zero: where no water was "
        "taken, type 0.",
        "Единица: {unit}, знаков после запятой: {decimals}. Пустая ячейка — не ноль: "
        "если воды не брали, введите 0.",
    ),
    "previous": ("Əvvəlki dövr", "Previous period", "Прошлый период"),
}


def say(key: str, language: str, **given: Any) -> str:
    """Say a word of the workbook."""
    return _WORDS[key][written.PLACE.get(language, 1)].format(**given)


def sheet_name(section: Section, language: str) -> str:
    """Name of the sheet of a section, as Excel allows it."""
    name = section.names.say(language)
    for sign in "[]:*?/\\":
        name = name.replace(sign, " ")
    return name[:31].strip()


def identity(
    form: Form, enterprise: str, period: str, language: str
) -> list[list[str]]:
    """Rows of the hidden sheet; the last one seals the others."""
    rows = [
        [MARK, form.form, str(form.version)],
        ["return", enterprise, period, language],
    ]
    return [*rows, ["seal", seal(rows)]]


def seal(rows: Sequence[Sequence[str]]) -> str:
    """Hash of the rows of the hidden sheet."""
    text = "\n".join("\t".join(row) for row in rows)
    return hashlib.sha256(text.encode()).hexdigest()


def permit_lines(
    form: Form, permits: Sequence[Mapping[Any, Any]], zone: str
) -> list[dict[str, Any]]:
    """First cells of a line for each permit: what the system knows already.

    Its days are those of ``zone``; the last is the last on which it holds.
    """
    unit = form.factor
    kinds = {
        entry.kind: code
        for code, entry in reversed(form.codes.get("source", {}).items())
        if entry.kind
    }
    lines = [
        {
            "permit": permit["code"],
            "permit_from": _day(local_day, permit["valid_from"], zone),
            "permit_to": _day(last_day, permit["valid_to"], zone),
            "source": kinds.get(str(permit["source_kind"])),
            "limit": _limit(permit) / unit,
        }
        for permit in permits
    ]
    return [
        {form.roles[role]: v for role, v in line.items() if role in form.roles}
        for line in lines
    ]


def prefilled(form: Form) -> set[str]:
    """Columns that alone do not make a line: the system wrote them."""
    own = {column.key for _, column in form.columns() if column.filled}
    roles = ("permit", "permit_from", "permit_to", "source", "limit")
    return own | {form.roles[role] for role in roles if role in form.roles}


def _day(day: Callable[[Any, str], dt.date], moment: Any, zone: str) -> str | None:
    return None if pd.isna(moment) else day(moment, zone).isoformat()


def _limit(permit: Mapping[Any, Any]) -> float:
    times = {"year": 1.0, "month": 12.0, "day": 365.0}[str(permit["per"])]
    return float(permit["limit_m3"]) * times


def write(
    form: Form,
    enterprise: Mapping[str, Any],
    period: str,
    *,
    zone: str,
    language: str = "en",
    content: Mapping[str, Any] | None = None,
    permits: Sequence[Mapping[Any, Any]] = (),
    previous: Mapping[str, Any] | None = None,
) -> bytes:
    """Write the workbook of an enterprise.

    Parameters
    ----------
    enterprise
        ``code`` and ``name``.
    zone
        Of the country, by whose days permits begin and end.
    content
        A draft that was begun; without one the permits are filled in.
    previous
        Content of the period a year before, shown on sheets of its own.

    Returns
    -------
    bytes
        XLSX. Equal contents give equal bytes.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)})
    book.set_custom_property(MARK, f"{form.form} {form.version}", "text")
    look = _Look(book)
    title = say(
        "title",
        language,
        form=form.names.say(language),
        name=enterprise.get("name") or "",
        code=enterprise["code"],
        period=written.period(period, language),
    )
    filled = dict(content) if content else {}
    first = form.section_of(form.roles.get("permit", ""))
    if not filled and first is not None:
        filled[first] = permit_lines(form, permits, zone)
    for section in form.sections:
        page = book.add_worksheet(sheet_name(section, language))
        _sheet(page, form, section, language, title, filled.get(section.key, []), look)
    for section in form.sections:
        lines = (previous or {}).get(section.key, [])
        if lines:
            name = f"{say('previous', language)} – {section.key}"
            page = book.add_worksheet(name[:31])
            _sheet(page, form, section, language, title, lines, look, locked=True)
    _hidden(book, identity(form, str(enterprise["code"]), period, language))
    book.close()
    return out.getvalue()


class _Look:
    """Formats of a workbook."""

    def __init__(self, book: Any) -> None:
        edge = {"border": 1, "border_color": _EDGE}
        head = edge | {"bg_color": _HEAD, "text_wrap": True, "align": "center"}

        def add(**said: Any) -> Any:
            return book.add_format({"font_name": "Calibri", "font_size": 11} | said)

        self.title = add(bold=True, font_size=14)
        self.note = add(font_color=_QUIET)
        self.label = add(**head, bold=True, valign="vcenter")
        self.code = add(**head, font_size=8, font_color=_QUIET)
        self.number = add(**edge, bg_color=_INPUT, locked=False, align="right")
        self.text = add(**edge, bg_color=_INPUT, locked=False)
        self.given = add(**edge, bg_color=_GIVEN)


def _sheet(
    page: Any,
    form: Form,
    section: Section,
    language: str,
    title: str,
    lines: Sequence[Mapping[str, Any]],
    look: _Look,
    *,
    locked: bool = False,
) -> None:
    page.write_string(TITLE - 1, 0, title, look.title)
    unit = say(
        "unit", language, unit=written.unit(form.unit, language), decimals=form.decimals
    )
    note = f" {form.note.say(language)}." if form.note else ""
    page.write_string(NOTE - 1, 0, unit + note, look.note)
    page.set_column(0, len(section.columns) - 1, _WIDTH)
    page.set_row(LABEL - 1, 64)
    for at, column in enumerate(section.columns):
        page.write_string(LABEL - 1, at, column.names.say(language), look.label)
        page.write_string(NUMBER - 1, at, column.number, look.code)
        page.write_string(CODE - 1, at, column.key, look.code)
        _column(page, form, section, column, at, lines, look, locked=locked)
    page.freeze_panes(FIRST - 1, 0)
    page.protect("", {"format_columns": True, "format_rows": True})
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _column(
    page: Any,
    form: Form,
    section: Section,
    column: Column,
    at: int,
    lines: Sequence[Mapping[str, Any]],
    look: _Look,
    *,
    locked: bool,
) -> None:
    count = len(lines) if locked else 1 if section.lines == "one" else LINES
    plain = look.number if column.kind == "number" else look.text
    for row in range(count):
        value = lines[row].get(column.key) if row < len(lines) else None
        format_ = look.given if locked or column.filled else plain
        if value is None:
            page.write_blank(FIRST - 1 + row, at, None, format_)
        else:
            page.write(FIRST - 1 + row, at, value, format_)
    if locked or column.filled:
        return
    if column.codes is not None:
        codes = list(form.codes[column.codes])
        if len(",".join(codes)) <= 255:  # Excel's limit
            rule: dict[str, Any] = {"validate": "list", "source": codes}
            page.data_validation(FIRST - 1, at, FIRST - 2 + count, at, rule)
    elif column.kind == "number":
        rule = {"validate": "decimal", "criteria": "between"}
        rule |= {"minimum": 0, "maximum": form.most}
        page.data_validation(FIRST - 1, at, FIRST - 2 + count, at, rule)


def _hidden(book: Any, rows: Sequence[Sequence[str]]) -> None:
    page = book.add_worksheet(IDENTITY)
    for number, row in enumerate(rows):
        for at, text in enumerate(row):
            page.write_string(number, at, text)
    page.protect("")
    page.very_hidden()


def places(form: Form, language: str) -> dict[tuple[str, str], str]:
    """Where every column stands, as `ewater.reports.batch.Batch` wants it."""
    return {
        (
            section.key,
            column.key,
        ): f"{sheet_name(section, language)}!{letter(at)}{{row}}"
        for section in form.sections
        for at, column in enumerate(section.columns, start=1)
    }
