"""The balance of a territory, as a table, JSON or CSV."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.options import (
    AsOfOption,
    CalendarOption,
    Format,
    FromOption,
    StepOption,
    TerritoryOption,
    ToOption,
)
from ewater.cli.session import instant, open_store
from ewater.terms import Boundary


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(balance)


def balance(
    *,
    territory: TerritoryOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    step: StepOption = "year",
    calendar: CalendarOption = None,
    boundary: Annotated[Boundary, typer.Option(help="What is inside")] = "managed",
    as_of: AsOfOption = None,
    reconcile: Annotated[
        bool,
        typer.Option("--reconcile", help="Adjusted figures beside the raw ones"),
    ] = False,
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Print how much water came in, left, was stored and used.

    With --reconcile flows are adjusted, by how uncertain each is, until the ledger
    closes: raw, reconciled and left over side by side, the test that says whether
    they may be, and the meters and reports that do not fit.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts import dates, documents, render, runs

    when = instant("--as-of", as_of)
    with open_store() as engine:
        start, end = dates.span(from_ or str(runs.newest_year(engine)), to)
        run = runs.obtain(engine, start, end, step, calendar=calendar, as_of=when)
    document = documents.balance(run, territory, boundary=boundary, adjusted=reconcile)
    if format_ == "table":
        render.print_table(document)
        if reconcile:
            from ewater.accounts import render_reconciled

            render_reconciled.print_tables(document)
    else:
        write = render.as_json if format_ == "json" else render.as_csv
        typer.echo(write(document).rstrip("\n"))
