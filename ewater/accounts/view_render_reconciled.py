"""Views with reconciled figures beside the raw ones, for people and programs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ewater.accounts import view_render_supply
from ewater.accounts.view_render import (
    COLUMNS,
    label_of,
    make_console,
    print_head,
    print_notes,
    rows_of,
    started,
)

if TYPE_CHECKING:
    from rich.table import Table

    from ewater.accounts.view_render import Style

    Document = dict[str, Any]

_CSV = (*COLUMNS[:9], "u", "reconciled", "reconciled_u", "adjustment", "verdict")


def as_csv(document: Document, style: Style) -> str:
    """One line for each cell and period, in the unit of the cell."""
    out = io.StringIO()
    writer = started(out, document, _CSV)
    labels = {row["code"]: row["label"][style.language] for row in document["rows"]}
    for period in document["periods"]:
        found = period["reconciliation"]
        place = (document["view"], document["territory"])
        when = (*place, period["start"], period["end"])
        for code, cell in period["cells"].items():
            row, _, column = code.partition(".")
            after = (found["cells"] or {}).get(code, {})
            figures = (after.get(name) for name in ("value", "u", "adjustment"))
            raw = (cell["unit"], cell["value"], cell["u"])
            writer.writerow(
                (*when, row, column, labels[row], *raw, *figures, found["verdict"])
            )
    return out.getvalue()


def print_view(document: Document, style: Style) -> None:
    """Print a table for each period, each cell raw, reconciled, and the difference."""
    console = make_console()
    print_head(console, document, document["title"][style.language], style)
    for period in document["periods"]:
        console.print(_table(document, period, style))
        console.print(_said(document, period, style))
    view_render_supply.show(console, document, style)
    console.print(f"[dim]{style.text('left out')}[/dim]")
    for period in document["periods"]:
        print_notes(console, document, period, style)


def _table(document: Document, period: Document, style: Style) -> Table:
    from rich.table import Table

    found = period["reconciliation"]
    table = Table(title=label_of(period, document["step"]), title_justify="left")
    table.add_column(style.text("row"))
    table.add_column(style.text("unit"))
    for name in ("raw", "reconciled", "adjustment"):
        table.add_column(style.text(name), justify="right")
    after = found["cells"] or {}
    for row, column in _lines(document, period, style):
        if column is None and row.get("title"):
            table.add_section()
            table.add_row(f"[bold]{row['title']}[/bold]")
            continue
        code = f"{row['code']}.{column['code']}" if column else row["code"]
        label = row["label"]
        if column:
            label = f"{label}: {column['label'][style.language]}"
        raw, new = period["cells"][code], after.get(code)
        shown = ("", "") if new is None else _after(new, style)
        table.add_row(
            label,
            style.unit_of(row["unit"]),
            style.uncertain(raw),
            *shown,
            style="dim" if row["memo"] else None,
        )
    return table


def _lines(document: Document, period: Document, style: Style) -> Any:
    """Rows, in a table one for each column in which there is water."""
    for row in rows_of(document, [period], style.language):
        if row.get("title") or not document["columns"]:
            yield row, None
            continue
        for column in document["columns"]:
            cell = period["cells"].get(f"{row['code']}.{column['code']}")
            if cell is not None and (cell["missing"] or cell["value"] != 0.0):
                yield row, column


def _after(cell: Document, style: Style) -> tuple[str, str]:
    change = cell["adjustment"]
    if change is None:
        return style.uncertain(cell), ""
    sign = "+" if change > 0 else ""
    return style.uncertain(cell), sign + style.number(change, cell["unit"])


def _said(document: Document, period: Document, style: Style) -> str:
    """Say what became of the period, and what stands."""
    found = period["reconciliation"]
    label = label_of(period, document["step"])
    test = ""
    if found["p"] is not None:
        test = f"; gamma {found['gamma']:,.0f} / {found['dof']}, p {found['p']:.3f}"
    words = f"{label}: {found['verdict'].replace('_', ' ')}{test}"
    if found["stands"] == "raw":
        left = found["raw"]["residual"]
        value = "?" if left["value"] is None else style.number(left["value"], "m3")
        words += f"; {style.text('raw stands')} {value} {style.unit}"
    if found["suspects"]:
        words += f"; {style.text('suspects')}: {', '.join(found['suspects'][:12])}"
    return words
