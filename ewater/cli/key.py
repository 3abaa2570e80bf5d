"""Subcommands of keys: who may post readings or send returns, and whose."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_group = typer.Typer(
    help="Keys by which loggers post readings, and enterprises send returns.",
    no_args_is_help=True,
)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Who has the key")]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_group, name="key")


@_group.command()
def add(
    name: _Name,
    *,
    series: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Series it may write, as in 'KUR-*'"),
    ] = None,
    enterprise: Annotated[
        list[str] | None,
        typer.Option(metavar="E", help="Enterprise whose returns it may send"),
    ] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Posts in a minute at most")
    ] = None,
) -> None:
    """Give a key. It is shown once and cannot be read again.

    Exit status: 0 given, 2 the name is taken or a pattern matches nothing.
    """
    from ewater.ingest.outcome import Options
    from ewater.store import keys

    with open_store() as engine, engine.begin() as connection:
        key = keys.add(
            connection,
            name,
            series or [],
            who=Options().person,
            per_minute=per_minute,
            enterprises=enterprise or [],
        )
    typer.echo(key)
    typer.echo(
        "keep it now, it is not shown again; send it as Authorization: Bearer KEY",
        err=True,
    )


@_group.command("list")
def list_(*, format: FormatOption = "table") -> None:
    """List keys: what they may write, when they were last used, or taken back."""
    from ewater.store import keys

    with open_store() as engine, engine.connect() as connection:
        rows = keys.read(connection)
    columns = (
        "name", "id", "series", "enterprises", "per_minute", "created_at", "last_used",
        "revoked_at",
    )  # fmt: skip
    show(rows, columns, format)


@_group.command()
def revoke(name: _Name) -> None:
    """Take a key back: from now on it is refused. What it sent stays.

    Exit status: 0 taken back (also when it was already), 2 there is none.
    """
    from ewater.ingest.outcome import Options
    from ewater.store import keys

    with open_store() as engine, engine.begin() as connection:
        done = keys.revoke(connection, name, who=Options().person)
    typer.echo(f"{name}: taken back" if done else f"{name}: was taken back already")
