"""Subcommands of source profiles: try one on a sample, list those built in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewater.cli.files import words

_group = typer.Typer(
    help="Profiles say what the files of a source are like.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_group, name="profile")


@_group.command()
def check(
    profile: Annotated[
        str, typer.Argument(metavar="FILE", help="A YAML file, or a built-in name")
    ],
    *,
    sample: Annotated[
        Path | None, typer.Option(metavar="DATA", help="A file of the source")
    ] = None,
) -> None:
    """Check a profile; with a sample, show its first readings and every assumption.

    Needs no database. Exit status: 0 all rows can be read, 1 some cannot, 2 the
    profile is at fault, or the sample is none of it.
    """
    from ewater.errors import EWaterError
    from ewater.ingest.profiles import check as checks
    from ewater.ingest.profiles.find import find
    from ewater.ingest.source import File

    try:
        found = find(profile)
        typer.echo(f"profile {found.name}: {found.about or 'as it should be'}")
        if sample is None:
            return
        report = checks.check(File(sample), found)
    except (EWaterError, OSError) as error:
        typer.echo(words(error, profile), err=True)
        raise typer.Exit(2) from error
    _show(report)
    raise typer.Exit(int(bool(report.rejected)))


@_group.command("list")
def list_() -> None:
    """List the built-in profiles."""
    from ewater.ingest.profiles.find import built_in

    profiles = built_in()
    width = max(map(len, profiles))
    for name, profile in profiles.items():
        typer.echo(f"{name:{width}}  {profile.about}")


def _show(report: object) -> None:
    from ewater.cli.rows import show_table
    from ewater.ingest.profiles.check import Report

    if not isinstance(report, Report):
        raise TypeError(type(report))
    rejected = report.rejected.total()
    if report.rows:
        show_table(report.rows, list(report.rows[0]))
    typer.echo(f"{report.readings:,} readings, {rejected:,} of them unreadable")
    if not report.readings:
        typer.echo("no rows: the file is a whole, empty answer")
    for line in report.assumptions:
        typer.echo(f"  {line}")
    for reason, count in report.rejected.items():
        typer.echo(f"rejected, {reason}: {count:,}")
    for line in report.rejects:
        typer.echo(f"  {line}")
