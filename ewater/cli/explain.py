"""What made a figure: flows, series, chunks of readings, curves, rules, returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ewater.cli.session import instant, open_store
from ewater.terms import Boundary, Step

Format = Literal["table", "json", "csv"]
Depth = Literal["flows", "sources", "chunks"]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(explain)


def explain(
    cell: Annotated[
        str,
        typer.Argument(
            help="VIEW.CELL, such as indicators.use or balance.terms.abstraction"
        ),
    ],
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
    boundary: Annotated[
        Boundary, typer.Option(help="What is inside, for cells of balance")
    ] = "managed",
    as_of: Annotated[
        str | None, typer.Option(help="As known at this time, with its offset")
    ] = None,
    depth: Annotated[
        Depth, typer.Option(help="How far down: flows, their sources, chunks")
    ] = "chunks",
    top: Annotated[
        int, typer.Option(min=0, help="Flows and sources listed, largest first; 0: all")
    ] = 10,
    file: Annotated[
        Path | None,
        typer.Option(help="Your own view (YAML), or a folder with it and inputs.csv"),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="CSV of population, value added and the like")
    ] = None,
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Say what made a figure, each part with its share of value and of variance.

    Cells are those of `ewater view`, and those of `ewater balance` as the view
    balance: balance.inflow, balance.terms.abstraction, balance.sectors.industry.use.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts import dates, explain_render, runs, view_files
    from ewater.accounts.explain import Explainer
    from ewater.accounts.render import as_json
    from ewater.accounts.views import View

    name = cell.partition(".")[0]
    files = view_files.Files.of(name, file, inputs)
    when = instant("--as-of", as_of)
    with open_store() as engine:
        start, end = dates.span(from_ or str(runs.newest_year(engine)), to)
        run = runs.obtain(engine, start, end, step, calendar=calendar, as_of=when)
        with engine.connect() as connection:
            document = Explainer(View(run, boundary), files).document(
                cell, territory, depth=depth, top=top, connection=connection
            )
    if format_ == "json":
        typer.echo(as_json(document))
    elif format_ == "csv":
        typer.echo(explain_render.as_csv(document).rstrip("\n"))
    else:
        explain_render.print_explanation(document)
