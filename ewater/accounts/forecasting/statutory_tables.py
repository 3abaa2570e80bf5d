"""The annual balance as tables: for a screen, a workbook, a page to be printed."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
from typing import TYPE_CHECKING, Any

from ewater import written
from ewater.accounts.forecasting.statutory_texts import NOTES, TEXTS
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Iterator

    Document = dict[str, Any]

_QUARTERS = ("I", "II", "III", "IV")
_SAME_M3 = 1.0
_WHOLE = 1000  # hm3 from which decimals say nothing
_DETAILS = (
    "value",
    "known",
    "u",
    "low",
    "high",
    "coverage",
    "status",
    "missing",
    "why",
)


def word(key: str, lang: str) -> str:
    """Say a word in a language."""
    return TEXTS[key][lang]


def heading(column: Document, lang: str) -> str:
    """Name a column, such as ``2026 I quarter forecast``."""
    parts = [str(column["year"])]
    if column["quarter"]:
        parts.append(f"{_QUARTERS[column['quarter'] - 1]} {word('quarter', lang)}")
    return " ".join([*parts, word(column["basis"], lang)])


def title(document: Document, lang: str) -> str:
    """Name the table: what, where, which year."""
    year = document["year"]
    return f"{document['title'][lang]}. {document['names'][lang]}, {year}-{year + 1}"


def unit(row: Document, lang: str) -> str:
    """Name the unit that a row is shown in."""
    return word("hm3", lang) if row["unit"] == "m3" else str(row["unit"])


def shown(row: Document, cell: Document, field: str = "value") -> float | None:
    """Give a figure of a cell in the unit that is shown; None where unknown."""
    value = cell.get(field)
    if value is None or field == "coverage":
        return value
    return float(value) / (HM3 if row["unit"] == "m3" else 1.0)


def number(value: float, lang: str = "en") -> str:
    """Write a figure with as many decimals as it deserves, never ``-0``.

    Examples
    --------
    >>> number(17462.4), number(342.71), number(-0.001)
    ('17,462', '342.7', '0.00')
    >>> number(17462.4, "az"), number(342.71, "az")
    ('17.462', '342,7')
    """
    places = 0 if abs(value) >= _WHOLE else 1 if abs(value) >= 1 else 2
    text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.removeprefix("-")
    return text.translate(_SEPARATORS[lang])


# thousands and decimals as CLDR has them
_SEPARATORS = {
    "en": {},
    "az": str.maketrans({",": ".", ".": ","}),
    "ru": str.maketrans({",": "\N{NO-BREAK SPACE}", ".": ","}),
}


def text_of(row: Document, cell: Document, lang: str) -> str:
    """Write a cell: its value, the known part where something is missing, or why."""
    value = shown(row, cell)
    if value is not None:
        return number(value, lang)
    known = shown(row, cell, "known")
    if known is None or not cell["missing"]:
        return "…"
    return word("unknown", lang).format(known=number(known, lang))


def notes(document: Document, lang: str) -> list[str]:
    """Say what stands behind the columns, and what every output must say."""
    facts = {
        "as_of": _moment(document["as_of"], lang),
        "year": document["year"],
        "months": document["known_months"],
        "members": document["members"],
        "source": document["source"],
        "forecast": document["forecast"][:12],
        "years": ", ".join(map(str, document["missing_years"])),
        "rows": ", ".join(r["number"] or r["code"] for r in unlike_year(document)),
    }
    where = {"years": "years", "parts": "rows"}
    keys = [key for key in NOTES if key not in where or facts[where[key]]]
    told = [NOTES[key][lang].format(**facts) for key in keys]
    return told + [notice[lang] for notice in document["notices"]]


def _moment(text: str, lang: str) -> str:
    """Write a time in UTC, as files do, as people of the language write it."""
    when = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    return f"{written.moment(when, lang)} UTC"


def unlike_year(document: Document) -> Iterator[Document]:
    """Give rows of volumes of which the quarters do not add up to the year."""
    cells = {column["code"]: column["cells"] for column in document["columns"]}
    quarters = [c["code"] for c in document["columns"] if c["quarter"]]
    year = str(document["year"] + 1)
    for row in document["rows"]:
        whole = cells[year][row["code"]]["value"]
        parts = [cells[code][row["code"]]["value"] for code in quarters]
        if row["unit"] != "m3" or whole is None or None in parts:
            continue
        if abs(sum(parts) - whole) > _SAME_M3 * max(1.0, abs(whole) * 1e-9):
            yield row


def details(document: Document, lang: str) -> Iterator[list[Any]]:
    """List every cell with its uncertainty, band, coverage and what is missing."""
    for row in document["rows"]:
        for column in document["columns"]:
            cell = column["cells"][row["code"]]
            status = "unknown status" if cell["status"] == "unknown" else cell["status"]
            why = cell["why"]
            yield [
                row["number"],
                row["label"][lang],
                heading(column, lang),
                unit(row, lang),
                *(shown(row, cell, name) for name in _DETAILS[:6]),
                word(status, lang),
                ", ".join(cell["missing"]),
                word(why, lang) if why in TEXTS else why,
            ]


def details_head(lang: str) -> list[str]:
    """Name the columns of `details`."""
    keys = ("number", "row", "column", "unit", *_DETAILS)
    return [word(key, lang) for key in keys]


def as_csv(document: Document, lang: str) -> str:
    """One line for each cell; an unknown value is an empty cell."""
    out = io.StringIO()
    for line in notes(document, lang):
        out.write(f"# {line}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(details_head(lang))
    writer.writerows(details(document, lang))
    return out.getvalue()


def as_workbook(document: Document, lang: str) -> bytes:
    """Write the table, its coverage and its notes as three sheets."""
    import xlsxwriter  # type: ignore[import-untyped]

    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    # the time of making would make two workbooks of one balance differ
    book.set_properties({"title": title(document, lang), "created": _NO_TIME})
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "border": 1}
    )
    figure = book.add_format({"num_format": "#,##0.0", "border": 1})
    words = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    big = book.add_format({"bold": True, "font_size": 13})
    formats = {"head": head, "figure": figure, "words": words, "big": big}
    _balance_sheet(book.add_worksheet(word("balance", lang)), document, lang, formats)
    sheet = book.add_worksheet(word("quality", lang))
    sheet.freeze_panes(1, 2)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 12, 18)
    sheet.write_row(0, 0, details_head(lang), head)
    for line, cells in enumerate(details(document, lang), start=1):
        sheet.write_row(line, 0, ["" if cell is None else cell for cell in cells])
    sheet = book.add_worksheet(word("notes", lang))
    sheet.set_column(0, 0, 110)
    for line, told in enumerate(notes(document, lang)):
        sheet.write_string(line, 0, told, plain)
    book.close()
    return made.getvalue()


_NO_TIME = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook knows no zones


def _balance_sheet(
    sheet: Any, document: Document, lang: str, formats: dict[str, Any]
) -> None:
    """Write the printed form: rows, and a column for each period."""
    columns = document["columns"]
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.freeze_panes(3, 2)
    sheet.set_column(0, 0, 6)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 2 + len(columns), 13)
    sheet.write_string(0, 0, title(document, lang), formats["big"])
    names = [word("number", lang), word("row", lang), word("unit", lang)]
    names += [heading(column, lang) for column in columns]
    for place, name in enumerate(names):
        sheet.write_string(2, place, name, formats["head"])
    for line, row in enumerate(document["rows"], start=3):
        about = (row["number"] or "", row["label"][lang], unit(row, lang))
        for place, text in enumerate(about):
            sheet.write_string(line, place, text, formats["words"])
        for place, column in enumerate(columns, start=3):
            cell = column["cells"][row["code"]]
            value = shown(row, cell)
            if value is None:
                sheet.write_string(
                    line, place, text_of(row, cell, lang), formats["words"]
                )
            else:
                sheet.write_number(line, place, value, formats["figure"])


def as_html(document: Document, lang: str) -> str:
    """Write a page to be printed on A4, landscape, complete in itself."""
    say = html.escape
    head = "".join(
        f'<th scope="col" class="{column["basis"]}">{say(heading(column, lang))}</th>'
        for column in document["columns"]
    )
    body = "".join(_html_row(row, document, lang) for row in document["rows"])
    told = "".join(f"<li>{say(line)}</li>" for line in notes(document, lang))
    name = say(title(document, lang))
    first = "".join(
        f'<th scope="col">{say(word(key, lang))}</th>'
        for key in ("number", "row", "unit")
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>{name}</title><style>{_CSS}</style></head><body><h1>{name}</h1>"
        f"<table><thead><tr>{first}{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<h2>{say(word('notes', lang))}</h2><ul>{told}</ul></body></html>"
    )


def _html_row(row: Document, document: Document, lang: str) -> str:
    say = html.escape
    cells = []
    for column in document["columns"]:
        cell = column["cells"][row["code"]]
        text = say(text_of(row, cell, lang))
        low, high = (shown(row, cell, end) for end in ("low", "high"))
        if low is not None and high is not None and number(low) != number(high):
            ends = (say(number(end, lang)) for end in (low, high))
            text += f"<small>{' – '.join(ends)}</small>"
        cells.append(f'<td class="{column["basis"]}">{text}</td>')
    deep = str(row["number"] or "").count(".")
    label = f'<th scope="row" class="deep{min(deep, 2)}">{say(row["label"][lang])}</th>'
    first = f"<td>{say(row['number'] or '')}</td>{label}<td>{say(unit(row, lang))}</td>"
    return f"<tr>{first}{''.join(cells)}</tr>"


_CSS = """
@page { size: A4 landscape; margin: 12mm; }
body { font: 9pt "DejaVu Sans", "Liberation Sans", Arial, sans-serif; color: #1b2733; }
h1 { font-size: 14pt; margin: 0 0 4mm; } h2 { font-size: 10pt; margin: 5mm 0 1mm; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 0.3pt solid #8795a1; padding: 1mm 1.4mm; text-align: right; }
thead { display: table-header-group; } tr { break-inside: avoid; }
thead th { background: #e8eef3; text-align: center; vertical-align: top; }
thead th.expected, td.expected { background: #fbf6e6; }
thead th.forecast, td.forecast { background: #eef5fb; }
tbody th { text-align: left; font-weight: 600; }
tbody th.deep1 { font-weight: 400; padding-left: 4mm; }
tbody th.deep2 { font-weight: 400; padding-left: 8mm; }
td:first-child, td:nth-child(3) { text-align: left; white-space: nowrap; }
small { display: block; color: #52616b; font-size: 7pt; white-space: nowrap; }
ul { margin: 0; padding-left: 5mm; font-size: 8pt; }
"""
