"""Rows for people and programs: as a table, CSV or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FORMATS = ("table", "csv", "json")
FormatOption = Annotated[str, typer.Option("--format", help="table, csv or json")]


def _cell(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def show(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], format: str
) -> None:
    """Print rows as a table, CSV or JSON."""
    from ewater.errors import UsageError

    cells = [{name: _cell(row[name]) for name in columns} for row in rows]
    if format == "json":
        typer.echo(json.dumps(cells, ensure_ascii=False, indent=1))
    elif format == "csv":
        typer.echo(_csv(cells, columns), nl=False)
    elif format == "table":
        show_table(cells, columns)
    else:
        raise UsageError(f"--format {format!r} is unknown; use {', '.join(_FORMATS)}")


def _csv(cells: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: _harmless(cell) for name, cell in row.items()} for row in cells
    )
    return out.getvalue()


def _harmless(cell: object) -> object:
    """Put a quote before text that a spreadsheet would take for a formula."""
    if not isinstance(cell, str) or not cell.startswith(
        ("=", "+", "-", "@", "\t", "\r")
    ):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def show_table(cells: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Print rows under their columns."""
    texts = [["" if row[c] is None else str(row[c]) for c in columns] for row in cells]
    widths = [
        max(len(t) for t in column) for column in zip(columns, *texts, strict=True)
    ]
    for row in (list(columns), *texts):
        line = "  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True))
        typer.echo(line.rstrip())
