"""The balance of a territory, as a table, JSON or CSV."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ewater.cli.session import instant, open_store
from ewater.terms import Boundary, Step

Format = Literal["table", "json", "csv"]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(balance)


def balance(
    *,
    territory: Annotated[
        str | None, typer.Option(help="Code of a territory; default: the country")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="2023, 2023-04 or 2023-04-11; default: last year"),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="A year or month is included; a full date is not"),
    ] = None,
    step: Annotated[Step, typer.Option(help="Length of the periods")] = "year",
    calendar: Annotated[
        str | None, typer.Option(help="Code of a calendar; default: the first")
    ] = None,
    boundary: Annotated[Boundary, typer.Option(help="What is inside")] = "managed",
    as_of: Annotated[
        str | None, typer.Option(help="As known at this time, with its offset")
    ] = None,
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
