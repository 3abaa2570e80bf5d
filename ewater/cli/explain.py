"""What made a figure: flows, series, chunks of readings, curves, rules, returns."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ewater.cli.options import (
    AsOfOption,
    CalendarOption,
    Format,
    FromOption,
    InputsOption,
    StepOption,
    TerritoryOption,
    ToOption,
    ViewFileOption,
)
from ewater.cli.session import instant, open_store
from ewater.terms import Boundary

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
    territory: TerritoryOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    step: StepOption = "year",
    calendar: CalendarOption = None,
    boundary: Annotated[
        Boundary, typer.Option(help="What is inside, for cells of balance")
    ] = "managed",
    as_of: AsOfOption = None,
    depth: Annotated[
        Depth, typer.Option(help="How far down: flows, their sources, chunks")
    ] = "chunks",
    top: Annotated[
        int, typer.Option(min=0, help="Flows and sources listed, largest first; 0: all")
    ] = 10,
    file: ViewFileOption = None,
    inputs: InputsOption = None,
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
