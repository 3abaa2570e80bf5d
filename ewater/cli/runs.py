"""The runs that are kept, and which of them are stale."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_COLUMNS = ("run", "step", "period_start", "period_end", "as_of", "computed_at")


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(runs)


def runs(
    *,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only those that newer data have overtaken")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """List the kept runs of the account: periods, state of the data, stale or not.

    A run is stale once a reading or a row of the registry that its figures may rest
    on was recorded after its state. `ewater balance` computes the newest state anew;
    the kept run stays as it was. Exit status: 0 listed, 2 failed.
    """
    from ewater.accounts import stale as overtaken

    with open_store() as engine:
        rows = overtaken.listing(engine, only=stale)
    show([_row(row, format) for row in rows], (*_COLUMNS, *_LAST[format]), format)


_LAST = {
    "table": ("stale_since", "why"),
    "csv": ("stale_since", "why"),
    "json": ("calendar", "basis", "version", "seconds", "stale"),
}


def _row(row: dict[str, Any], format: str) -> dict[str, Any]:
    from ewater.accounts.stale import why

    found = row["stale"]
    shown = row | {
        "stale_since": found["since"] if found else None,
        "why": why(found) if found else None,
    }
    if format == "table":
        shown["run"] = row["run"][:12]
        for name in ("period_start", "period_end", "as_of", "computed_at"):
            shown[name] = f"{row[name]:%Y-%m-%d %H:%M}"
        shown["stale_since"] = found["since"][:16].replace("T", " ") if found else None
    return shown
