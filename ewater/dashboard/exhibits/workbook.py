"""Exhibits as a workbook: a sheet of data for each, then notes and definitions."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import files
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.exhibits.sheet import Sheet
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_MOST_ROWS = 1_048_575  # of a sheet, without its head
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME, _WIDEST = 31, 60
_FORMATS: dict[str, dict[str, Any]] = {
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1},
    "number": {"num_format": "#,##0.###"},
    "day": {"num_format": "yyyy-mm-dd"},
    "time": {"num_format": "yyyy-mm-dd hh:mm"},
    "words": {"text_wrap": True, "valign": "top"},
    "title": {"bold": True, "font_size": 14},
}


def write(
    reader: CachedReader,
    state: State,
    lang: Language,
    title: str,
    sheets: Sequence[Sheet],
) -> bytes:
    """Write sheets of one view into a workbook.

    Raises
    ------
    UsageError
        A sheet has more rows than a workbook can hold.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    made = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(made, options)
    # the time of making would make two workbooks of one view differ
    book.set_properties({"title": title, "created": dt.datetime(2000, 1, 1)})  # noqa: DTZ001
    formats = {name: book.add_format(how) for name, how in _FORMATS.items()}
    taken: set[str] = set()
    for sheet in sheets:
        _data(book, _name(sheet.title, taken), sheet, formats, lang)
    _notes(book, reader, state, lang, title, sheets, formats, taken)
    _definitions(book, lang, sheets, formats, taken)
    book.close()
    return made.getvalue()


def _name(title: str, taken: set[str]) -> str:
    """Name a sheet of the workbook, unlike those before it."""
    base = _FORBIDDEN.sub(" ", title).strip(" '") or "-"
    name, count = base[:_LONGEST_NAME], 1
    while name.casefold() in taken:
        count += 1
        name = f"{base[: _LONGEST_NAME - 3]} {count}"
    taken.add(name.casefold())
    return name


def _data(
    book: Any, name: str, sheet: Sheet, formats: dict[str, Any], lang: Language
) -> None:
    if len(sheet.rows) > _MOST_ROWS:
        raise UsageError(
            f"{sheet.title}: {len(sheet.rows)} rows are more than a workbook holds; "
            "take the CSV"
        )
    page = book.add_worksheet(name)
    heads = files.heads(sheet, lang)
    for at, head in enumerate(heads):
        page.write_string(0, at, files.safe(head.text), formats["head"])
        page.set_column(at, at, 14 if head.is_number else 28)
    page.freeze_panes(1, 1)
    last = 0
    for last, row in enumerate(files.values(sheet, lang), start=1):
        for at, value in enumerate(row):
            _cell(page, last, at, value, formats)
    if not sheet.rows:
        page.write_string(1, 0, files.safe(files.nothing(sheet, lang)))
    else:
        page.autofilter(0, 0, last, len(heads) - 1)


def _cell(page: Any, row: int, at: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, dt.datetime):
        plain = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        page.write_datetime(row, at, plain, formats["time"])
    elif isinstance(value, dt.date):
        page.write_datetime(row, at, value, formats["day"])
    elif isinstance(value, (int, float)):
        page.write_number(row, at, value, formats["number"])
    else:
        page.write_string(row, at, value)


def _notes(
    book: Any,
    reader: CachedReader,
    state: State,
    lang: Language,
    title: str,
    sheets: Sequence[Sheet],
    formats: dict[str, Any],
    taken: set[str],
) -> None:
    page = book.add_worksheet(_name(lang.gettext("Notes"), taken))
    page.set_column(0, 0, 22)
    page.set_column(1, 1, _WIDEST)
    page.write_string(0, 0, files.safe(title), formats["title"])
    pairs = files.about(reader, state, lang, sheets, told=True)
    word = lang.gettext("Note")
    pairs += [(word, note) for note in files.notes(reader, state, lang)]
    if len(sheets) > 1:
        pairs += [(files.safe(s.title), files.believed(reader, state, lang, s))
                  for s in sheets if s.rows]  # fmt: skip
    pairs += [(files.safe(s.title), note) for s in sheets for note in s.notes]
    pairs += [
        (files.safe(s.title), lang.gettext("Without data: {codes}").format(codes=codes))
        for s in sheets
        if (codes := "; ".join(s.gaps))
    ]
    for row, (key, value) in enumerate(pairs, start=1):
        page.write_string(row, 0, key, formats["words"])
        page.write_string(row, 1, files.safe(value), formats["words"])


def _definitions(
    book: Any,
    lang: Language,
    sheets: Sequence[Sheet],
    formats: dict[str, Any],
    taken: set[str],
) -> None:
    say = lang.gettext
    page = book.add_worksheet(_name(say("Definitions"), taken))
    for at, width in enumerate((28, 34, 10, _WIDEST)):
        page.set_column(at, at, width)
    titles = (say("Table"), say("Column"), say("Unit"), say("Meaning"))
    for at, words in enumerate(titles):
        page.write_string(0, at, words, formats["head"])
    row = 0
    for sheet in sheets:
        for head in files.heads(sheet, lang):
            row += 1
            cells = (sheet.title, head.label, head.unit, head.note)
            for at, words in enumerate(cells):
                page.write_string(row, at, files.safe(words), formats["words"])
