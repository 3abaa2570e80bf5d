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
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    format: str,
    *,
    none: str = "",
) -> None:
    """Print rows as a table, CSV or JSON.

    ``none`` is said in place of an empty table: what there could be, and how.
    """
    from ewater.errors import UsageError

    cells = [{name: _cell(row[name]) for name in columns} for row in rows]
    if format == "json":
        typer.echo(json.dumps(cells, ensure_ascii=False, indent=1))
    elif format == "csv":
        typer.echo(_csv(cells, columns), nl=False)
    elif format == "table" and none and not cells:
        typer.echo(none)
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


def in_hm3(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Write volumes (m3) of a row in hm3 under names that say so, for people."""
    from ewater.units import HM3

    shown = {k: v for k, v in row.items() if k not in names}
    for name in names:
        value = row[name]
        shown[f"{name}_hm3"] = None if value is None else f"{value / HM3:,.3f}"
    return shown


def show_table(cells: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Print rows under their columns."""
    texts = [["" if row[c] is None else str(row[c]) for c in columns] for row in cells]
    widths = [
        max(len(t) for t in column) for column in zip(columns, *texts, strict=True)
    ]
    for row in (list(columns), *texts):
        line = "  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True))
        typer.echo(line.rstrip())
