"""Supply probabilities of a view document, as a table and as columns of a CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from ewater.accounts.view_render import Style

    Document = dict[str, Any]

_PARTS = ("value", "low", "high")


def columns(document: Document) -> list[str]:
    """Name the columns that a CSV has besides; none without supply."""
    supply = document.get("supply")
    if supply is None:
        return []
    names = (f"supply_{percent:g}" for percent in supply["probabilities"])
    return ["supply_years", *(c for n in names for c in (n, f"{n}_low", f"{n}_high"))]


def values(document: Document, period: Document, code: str) -> Iterator[Any]:
    """Give what stands in those columns for a cell of a period."""
    for part in (document.get("supply") or {"parts": []})["parts"]:
        if part["month"] not in (None, int(period["start"][5:7])):
            continue
        cell = part["cells"].get(code)
        if cell is not None:
            yield cell["years"]
            for figure in cell["probabilities"]:
                yield from (figure[name] for name in _PARTS)


def show(console: Console, document: Document, style: Style) -> None:
    """Print a table for each part of the year; nothing without supply."""
    from rich.table import Table

    supply = document.get("supply")
    if supply is None:
        return
    labels = {row["code"]: row["label"] for row in document["rows"]}
    span = f"{supply['start'][:10]} – {supply['end'][:10]}"
    for part in supply["parts"]:
        when = "" if part["month"] is None else f", {part['month']:02d}"
        table = Table(
            title=f"{style.text('supply')} ({span}{when})", title_justify="left"
        )
        table.add_column(style.text("row"))
        table.add_column(style.text("years"), justify="right")
        for percent in supply["probabilities"]:
            table.add_column(f"{percent:g} %", justify="right")
        for code, cell in part["cells"].items():
            shown = (_figure(cell["unit"], one, style) for one in cell["probabilities"])
            label = labels[code.partition(".")[0]][style.language]
            table.add_row(label, str(cell["years"]), *shown)
        console.print(table)
    console.print(f"[dim]{style.text('supply note')}[/dim]", soft_wrap=True)


def _figure(unit: str, figure: Document, style: Style) -> str:
    if figure["value"] is None:
        return f"? ({style.text('needs')} {figure['needs']})"
    low, high = (
        "…" if figure[name] is None else style.number(figure[name], unit)
        for name in ("low", "high")
    )
    return f"{style.number(figure['value'], unit)} ({low} – {high})"
