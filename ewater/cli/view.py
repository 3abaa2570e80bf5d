"""A view of the ledger, or the bridge between two figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ewater.cli.session import instant, open_store
from ewater.terms import Step

Format = Literal["table", "json", "csv"]
Language = Literal["az", "en", "ru"]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(view)


def view(
    name: Annotated[
        str | None, typer.Argument(help="Name of a view, see --list")
    ] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="List the views")] = False,
    bridge: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Lead from VIEW.CELL to VIEW.CELL, or to published:ITEM",
        ),
    ] = None,
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
    as_of: Annotated[
        str | None, typer.Option(help="As known at this time, with its offset")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Your own view (YAML), or a folder with it and inputs.csv"),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="CSV of population, value added and the like")
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the labels")] = "en",
    unit: Annotated[str, typer.Option(help="Of volumes in the table")] = "hm3",
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Print a standard table of the ledger, or what lies between two figures.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts import dates, runs, view_files, view_render, view_tables
    from ewater.accounts.render import as_json
    from ewater.errors import UsageError

    if list_:
        view_render.print_list(view_files.listed(), lang)
        return
    if bool(name or file) == bool(bridge) and not (file and bridge and not name):
        raise UsageError("name a view (see `ewater view --list`), or give --bridge A B")
    style = view_render.Style(lang, unit)
    files = view_files.Files.of(name, file, inputs)
    if not bridge:
        view_files.find(name, files)  # a fault in a file is said before work is done
    when = instant("--as-of", as_of)
    with open_store() as engine:
        start, end = dates.span(from_ or str(runs.newest_year(engine)), to)
        run = runs.obtain(engine, start, end, step, calendar=calendar, as_of=when)
    views = view_tables.Views(run, [territory] if territory else None, files)
    document = views.bridge_document(*bridge) if bridge else views.document(name)
    if format_ == "json":
        typer.echo(as_json(document))
    elif format_ == "csv":
        write = view_render.bridge_as_csv if bridge else view_render.as_csv
        typer.echo(write(document, style).rstrip("\n"))
    else:
        (view_render.print_bridge if bridge else view_render.print_view)(
            document, style
        )
