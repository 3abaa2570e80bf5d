"""The bulletin of a territory and period, as a PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ewater.cli import files
from ewater.cli.options import AsOfOption, CalendarOption, TerritoryOption
from ewater.cli.session import open_store
from ewater.terms import Boundary


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(bulletin)


def bulletin(
    *,
    territory: TerritoryOption = None,
    period: Annotated[
        str | None,
        typer.Option(help="2023, 2023-Q2 or 2023-04; default: last year with data"),
    ] = None,
    lang: Annotated[
        Literal["az", "en", "ru"], typer.Option(help="Language of the bulletin")
    ] = "az",
    pages: Annotated[Literal["1", "10"], typer.Option(help="How long it is")] = "1",
    boundary: Annotated[
        Boundary, typer.Option(help="What is inside the balance")
    ] = "managed",
    calendar: CalendarOption = None,
    as_of: AsOfOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="PDF to write, whole or not at all")
    ] = Path("bulletin.pdf"),
) -> None:
    """Print the balance of a territory and period: one page, or ten.

    Exit status: 0 written, 2 failed and nothing changed.
    """
    from ewater.accounts.reader import DatabaseReader
    from ewater.dashboard.bulletin import ask, document, printing
    from ewater.dashboard.queries import CachedReader

    files.place(output)
    with open_store() as engine:
        reader = CachedReader(DatabaseReader(engine))  # type: ignore[arg-type]
        state = ask.state(
            reader,
            territory=territory,
            period=period,
            lang=lang,
            boundary=boundary,
            calendar=calendar,
            as_of=as_of,
        )
        html = document.document(reader, state, int(pages))
    made = printing.to_pdf(html)
    files.write(output, made)
    span = f"{state.start} to {state.end}"
    typer.echo(f"{output}: {state.territory}, {span}, {len(made):,} bytes")
