"""A sheet as a table of the page, which says all that its chart does."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from ewater.dashboard import format as fmt
from ewater.dashboard.exhibits.sheet import Link, cell_of
from ewater.dashboard.html import attributes
from ewater.dashboard.labels import STATUSES

if TYPE_CHECKING:
    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.exhibits.sheet import Cell, Column, Row, Sheet
    from ewater.dashboard.i18n import Language


def badge(status: str, lang: Language) -> html.Span:
    """How a volume is known, in one word."""
    words = lang.gettext(STATUSES.get(status, status))
    return html.Span(words, className=f"badge status-{status}")


def known(quantity: Quantity, lang: Language) -> list[Any]:
    """Badge of a quantity; where no flow makes it there is nothing to be known."""
    if fmt.is_absent(quantity):
        return [fmt.DASH]
    return [badge(quantity["status"], lang)]


def missing(quantity: Quantity, lang: Language) -> list[Any]:
    """Name the flows without data, behind a line that counts them."""
    if not quantity["missing"]:
        return []
    return [codes(fmt.gap(quantity, lang), quantity["missing"])]


def codes(summary: str, listed: Any) -> html.Details:
    """Put a list of codes behind a line that says what they are."""
    items = html.Ul([html.Li(html.Code(code)) for code in listed])
    return html.Details([html.Summary(summary), items], className="missing")


def empty(words: str) -> html.P:
    """Say why there is nothing to see."""
    return html.P(words, className="empty")


def insufficient(reason: str, lang: Language) -> html.Div:
    """Say that there is no figure, and why: never a zero, never an empty panel."""
    words = [html.P(html.B(lang.gettext("Insufficient data")))]
    if reason:
        words.append(html.P(reason))
    return html.Div(words, className="empty", role="note")


def explain_button(cell: Cell, name: str, lang: Language) -> html.Button:
    """Open Explain for a figure; the script of the page listens."""
    words = lang.gettext("Explain {name}").format(name=name)
    return html.Button(
        "?",
        type="button",
        title=words,
        className="explain-button",
        **attributes(
            aria_label=words,
            data_explain=json.dumps({**asdict(cell), "name": name}),
        ),
    )


def table(sheet: Sheet, lang: Language) -> html.Div:
    """Make the table of a sheet; its first column heads each row."""
    columns = sheet.on("page")
    explained = any(cell_of(row) for row in sheet.rows)
    heads = [
        html.Th(
            _head(c, lang), scope="col", className="number" if c.is_number else "words"
        )
        for c in columns
    ]
    if explained:
        words = lang.gettext("Explain")
        heads.append(
            html.Th(html.Span(words, className="visually-hidden"), scope="col")
        )
    rows = [
        _row(_local(row, columns, sheet.zone), columns, lang, explained)
        for row in sheet.rows[: sheet.most]
    ]
    return html.Div(
        [
            html.Table(
                [
                    html.Caption(sheet.title, className="visually-hidden"),
                    html.Thead(html.Tr(heads)),
                    html.Tbody(rows),
                ]
            ),
            *_rest(len(sheet.rows), sheet.most, lang),
        ],
        className="table",
        tabIndex=0,
        role="region",
        **attributes(aria_label=sheet.title),
    )


def _local(row: Row, columns: list[Column], zone: dt.tzinfo | None) -> Row:
    """Put the times of a row on the clock of a zone."""
    found = {
        column.key: value.astimezone(zone)
        for column in columns
        if zone is not None
        and column.kind == "time"
        and isinstance(value := row.get(column.key), dt.datetime)
        and value.tzinfo is not None
    }
    return {**row, **found} if found else row


def _head(column: Column, lang: Language) -> Any:
    unit = "" if column.shown_unit == "%" else lang.unit(column.shown_unit)  # in cells
    words = ", ".join(filter(None, (column.label, unit)))
    if column.kind in ("quantity", "signed"):
        return [words, " ", html.Small(fmt.UNCERTAINTY)]
    return words.replace(fmt.UNCERTAINTY, fmt.UNCERTAINTY.replace(" ", "\u00a0"))


def _row(row: Row, columns: list[Column], lang: Language, explained: bool) -> html.Tr:
    first, *others = columns
    name = shown(first, row.get(first.key), lang)
    mark = row.get("mark")
    head = html.Span(name, className=mark) if mark else name
    cells: list[Any] = [
        html.Th(head, scope="row", className="number" if first.is_number else "words")
    ]
    cells += [
        html.Td(
            shown(column, row[column.key], lang) if column.key in row else "",
            className="number" if column.is_number else "words",
        )
        for column in others
    ]
    if explained:
        cell = cell_of(row)
        spoken = name if isinstance(name, str) else ""
        button = explain_button(cell, spoken, lang) if cell else ""
        cells.append(html.Td(button, className="explain-cell"))
    return html.Tr(cells, className="total" if row.get("total") else None)


def _rest(count: int, most: int, lang: Language) -> list[Any]:
    if count <= most:
        return []
    words = lang.gettext("{shown} of {count} rows; a download has them all.").format(
        shown=lang.number(most), count=lang.number(count)
    )
    return [html.P(words, className="hint")]


def is_unknown(value: Any) -> bool:
    """Whether there is no value: nothing, or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def shown(column: Column, value: Any, lang: Language) -> Any:
    """Write a value of a column as the page shows it; unknown is a dash."""
    if is_unknown(value):
        return fmt.DASH
    if isinstance(value, Link):
        return dcc.Link(str(value), href=value.href)
    match column.kind:
        case "quantity" | "signed":
            signed = column.kind == "signed"
            amount = fmt.amount(value, lang, signed=signed)
            unsure = fmt.unsure(value, lang, signed=signed)
            return [amount, html.Small(unsure)] if unsure else amount
        case "known":
            return [*known(value, lang), *missing(value, lang)]
        case "covered":
            return fmt.percent(value["coverage"], lang)
        case "status":
            return badge(value, lang)
        case "code":
            return html.Code(str(value))
        case "aside":
            return html.Span(str(value), className="source")
        case _:
            return plain(column, value, lang)


def plain(column: Column, value: Any, lang: Language) -> str:
    """Write a value that is not a quantity, as words alone."""
    match column.kind:
        case "volume":
            return fmt.hm3(value, lang)
        case "share":
            return fmt.percent(
                value, lang, 1 if column.digits is None else column.digits
            )
        case "change":
            return fmt.signed_percent(value, lang)
        case "number":
            return fmt.figure(value / column.factor, lang, column.digits)
        case "time" if isinstance(value, dt.datetime):
            return lang.moment(value)
        case "date" if isinstance(value, dt.date):
            return lang.day(value)
        case _:
            return str(value)
