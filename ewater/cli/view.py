"""A view of the ledger, or the bridge between two figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

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

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from ewater.accounts.runs import Run
    from ewater.accounts.view_files import Files
    from ewater.accounts.view_render import Style
    from ewater.balance.views.compiled import Compiled

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
    territory: TerritoryOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    step: StepOption = "year",
    calendar: CalendarOption = None,
    as_of: AsOfOption = None,
    file: ViewFileOption = None,
    inputs: InputsOption = None,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Reconciled figures beside the raw ones")
    ] = False,
    lang: Annotated[Language, typer.Option(help="Language of the labels")] = "en",
    unit: Annotated[str, typer.Option(help="Of volumes in the table")] = "hm3",
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Print a standard table of the ledger, or what lies between two figures.

    With --reconcile raw, reconciled and what is between them stand side by side; where
    the test of a period fails raw figures stand, and the residual is said.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts import dates, runs, view_files, view_render, view_tables
    from ewater.accounts.render import as_json
    from ewater.errors import UsageError

    if list_:
        view_render.print_list(_listed(), lang)
        return
    if reconcile and bridge:
        raise UsageError("a bridge leads between raw figures; leave out --reconcile")
    if bool(name or file) == bool(bridge) and not (file and bridge and not name):
        raise UsageError("name a view (see `ewater view --list`), or give --bridge A B")
    style = view_render.Style(lang, unit)
    files = view_files.Files.of(name, file, inputs)
    when = instant("--as-of", as_of)
    codes = [territory] if territory else None
    with open_store() as engine:
        found = None
        if not bridge:  # a fault in a file is said before work is done
            found = view_files.find(name, files, _own(engine, when))
        start, end = dates.span(from_ or str(runs.newest_year(engine)), to)
        run = runs.obtain(engine, start, end, step, calendar=calendar, as_of=when)
        supply = {} if found is None else _supply(engine, run, found, codes, files)
    if bridge:
        document = view_tables.Views(run, codes, files).bridge_document(*bridge)
    elif reconcile:
        from ewater.accounts.view_reconciled import ReconciledViews

        document = ReconciledViews(run, codes, files).document(name) | supply
    else:
        document = view_tables.Views(run, codes, files).document(name) | supply
    if format_ == "json":
        typer.echo(as_json(document))
    elif format_ == "csv":
        typer.echo(_csv(document, style).rstrip("\n"))
    else:
        _print(document, style)


def _supply(
    engine: Engine,
    run: Run,
    found: Compiled,
    codes: list[str] | None,
    files: Files,
) -> dict[str, Any]:
    """Write the supply probabilities of a view that has them."""
    from ewater.accounts.view_supply import Supplied

    supplied = Supplied.of(engine, run, found, codes, files)
    return {} if supplied is None else {"supply": supplied.document()}


def _csv(document: dict[str, Any], style: Style) -> str:
    from ewater.accounts import view_render, view_render_reconciled

    if "from" in document:
        return view_render.bridge_as_csv(document, style)
    if "reconciliation" in document["periods"][0]:
        return view_render_reconciled.as_csv(document, style)
    return view_render.as_csv(document, style)


def _print(document: dict[str, Any], style: Style) -> None:
    from ewater.accounts import view_render, view_render_reconciled

    if "from" in document:
        view_render.print_bridge(document, style)
    elif "reconciliation" in document["periods"][0]:
        view_render_reconciled.print_view(document, style)
    else:
        view_render.print_view(document, style)


def _own(engine: Engine, as_of: dt.datetime | None = None) -> dict[str, Any]:
    """Read the views of the country's own."""
    from ewater.store import registry

    with engine.connect() as connection:
        return {"views": registry.read_table(connection, "views", as_of)}


def _listed() -> Any:
    """List the views there are; without a store those that come with the project."""
    from ewater.accounts import view_files
    from ewater.errors import NotReadyError

    try:
        with open_store() as engine:
            return view_files.listed(_own(engine))
    except NotReadyError:
        return view_files.listed()
