"""Subcommands of sources: describe them, see them, run one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ewater.cli.ingest import say, span_of
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_group = typer.Typer(
    help="Sources that bring readings by themselves.", no_args_is_help=True
)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the source")]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_group, name="source")


@_group.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="YAML, one source each")
    ],
) -> None:
    """Describe sources, or describe them anew; all of them or none.

    A worker that runs follows at once. Exit status: 0 done, 2 refused.
    """
    from ewater.ingest.outcome import Options
    from ewater.ingest.sources import describe

    with open_store() as engine, engine.begin() as connection:
        for path in files:
            source, changed = describe.add(connection, path, Options().person)
            what = "described" if changed else "is described so already"
            typer.echo(f"{source.name}: {source.kind}: {what}")


@_group.command("list")
def list_(*, format: FormatOption = "table") -> None:
    """List sources: when they run, how far they came, how the last run went."""
    from ewater.store import sources

    with open_store() as engine, engine.connect() as connection:
        rows = sources.overview(connection)
    for row in rows:
        row["schedule"] = json.loads(row["said"]).get("schedule")
    columns = (
        "name", "kind", "schedule", "paused", "cursor", "last_run", "state", "error"
    )  # fmt: skip
    show(rows, columns, format)


@_group.command()
def remove(name: _Name) -> None:
    """End a source. What it brought stays, and how far it came.

    Exit status: 0 ended, 2 there is none.
    """
    from ewater.ingest.sources import describe

    with open_store() as engine, engine.begin() as connection:
        describe.remove(connection, name)
    typer.echo(f"{name}: ended")


@_group.command()
def pause(name: _Name) -> None:
    """Take nothing from a source until it is resumed.

    Exit status: 0 paused, 2 there is none.
    """
    _pause(name, paused=True)


@_group.command()
def resume(name: _Name) -> None:
    """Go on with a source where it was paused.

    Exit status: 0 it goes on, 2 there is none.
    """
    _pause(name, paused=False)


def _pause(name: str, *, paused: bool) -> None:
    from ewater.ingest.outcome import Options
    from ewater.ingest.sources import describe

    with open_store() as engine, engine.begin() as connection:
        changed = describe.pause(connection, name, paused=paused, who=Options().person)
    state = "paused" if paused else "goes on"
    typer.echo(f"{name}: {state}" if changed else f"{name}: {state} already")


@_group.command()
def run(
    name: _Name,
    *,
    start: Annotated[
        str | None, typer.Option("--from", metavar="A", help="Ask from A on, again")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="B", help="Ask for times before B")
    ] = None,
) -> None:
    """Run a source now; with --from and --to for these times, whatever was asked.

    Exit status: 0 done (also when nothing was new), 1 with rejected rows, 2 failed;
    what was loaded before that stays.
    """
    from ewater.ingest import derived
    from ewater.ingest.outcome import Options
    from ewater.ingest.sources import run as running
    from ewater.ingest.sources.running import Call

    span = span_of(start, end)
    with open_store() as engine:
        outcomes = running.run(engine, name, Call(who=Options().person), span)
        derived.refresh(engine)
    for outcome in outcomes:
        say(outcome)
    if not outcomes:
        typer.echo(f"{name}: nothing to take; see `ewater jobs --source {name}`")
    raise typer.Exit(int(any(o.counts.rejected for o in outcomes)))
