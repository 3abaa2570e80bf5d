"""Assemble the command; each area registers its own subcommands.

Exit status: 0 done, 1 done with rejected rows, 2 failed and nothing changed.
Heavy imports stay inside the subcommands, so that ``--help`` is instant.
"""

from __future__ import annotations

import sys

import typer

from ewater.cli import (
    alerts,
    balance,
    bulletin,
    cluster,
    demo,
    edition,
    events,
    explain,
    files,
    forecast,
    grid,
    ingest,
    key,
    profile,
    qc,
    readings,
    registry,
    report,
    runs,
    scenario,
    schedule,
    serve,
    simulate,
    source,
    statutory,
    template,
    user,
    view,
    where,
    worker,
)
from ewater.errors import EWaterError

app = typer.Typer(
    name="ewater",
    help="National water balance: load a country, ingest its data, account for it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for area in (
    cluster,
    registry,
    ingest,
    readings,
    qc,
    profile,
    template,
    report,
    grid,
    source,
    key,
    user,
    worker,
    alerts,
    balance,
    bulletin,
    view,
    explain,
    forecast,
    scenario,
    schedule,
    statutory,
    where,
    runs,
    edition,
    events,
    simulate,
    serve,
    demo,
):
    area.register(app)


def main() -> None:
    """Run the command; a fault a user can act on is one message, no traceback."""
    try:
        app()
    except EWaterError as error:
        typer.echo(f"ewater: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(f"ewater: {files.words(error, error.filename)}", err=True)
        sys.exit(2)
