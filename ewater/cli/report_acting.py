"""What subcommands of returns share: who acts, and options of the same meaning."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ewater.cli.session import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from ewater.reports.who import Person

Period = Annotated[
    str, typer.Option("--period", "--year", metavar="P", help="2024 or 2024-Q1")
]
PeriodIfAny = Annotated[
    str | None,
    typer.Option("--period", "--year", metavar="P", help="2024 or 2024-Q1"),
]
Form = Annotated[
    str | None, typer.Option(metavar="F", help="Form; default: the only one")
]
Lang = Annotated[str, typer.Option(metavar="L", help="az, en or ru")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, for the audit")]
Number = Annotated[int, typer.Argument(metavar="N", help="Number of a return")]
Version = Annotated[
    int | None, typer.Option(metavar="V", help="Version; default: newest")
]


@contextmanager
def acting() -> Iterator[tuple[Connection, Person]]:
    """Lend a transaction, and the person who runs the command."""
    from ewater.ingest.outcome import Options
    from ewater.reports import who

    with open_store() as engine, engine.begin() as connection:
        yield connection, who.command(connection, Options().person)
