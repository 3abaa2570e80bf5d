"""Subcommands of the database: ``up``, ``down`` and ``doctor``."""

from __future__ import annotations

import time

import typer

from ewater.cli.session import migrated, since, timed


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(up)
    app.command()(down)
    app.command()(doctor)


def up() -> None:
    """Start the database if it is down and bring its schema to this version.

    Exit status: 0 ready, 2 not.
    """
    from ewater.settings import settings
    from ewater.store import cluster

    configured = settings()
    if configured.database_url:
        url = configured.database_url
        typer.echo("EWATER_DATABASE_URL is set: no private cluster is started")
    else:
        with timed("private cluster runs"):
            url = cluster.start(configured.home)
    with timed("schema is up to date"), migrated(url) as engine:
        shown = engine.url.render_as_string(hide_password=True)
    typer.echo(shown)


def down() -> None:
    """Stop the private cluster; all that was committed stays.

    Exit status: 0, also when nothing was running.
    """
    from ewater.settings import settings
    from ewater.store import cluster

    configured = settings()
    if configured.database_url:
        typer.echo("EWATER_DATABASE_URL is set: that server is not ours to stop")
    began = time.perf_counter()
    if cluster.stop(configured.home):
        typer.echo(f"private cluster stopped {since(began)}")
    elif not configured.database_url:
        typer.echo("private cluster was not running")


def doctor() -> None:
    """Check what ewater needs of this machine, and say how to fix what fails.

    Exit status: 0 nothing failed, 2 something did.
    """
    from rich.console import Console
    from rich.table import Table

    from ewater.settings import settings
    from ewater.store import cluster_checks

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("check", "verdict", "found, and what to do"):
        table.add_column(heading, overflow="fold")
    failed = 0
    for check in cluster_checks.run(settings()):
        failed += check.verdict == "failed"
        fix = "" if check.verdict == "ok" else f"\n→ {check.fix}"
        table.add_row(check.name, check.verdict, f"{check.detail}{fix}")
    Console(markup=False, highlight=False).print(table)
    if failed:
        typer.echo(f"{failed} of the checks failed", err=True)
        raise typer.Exit(2)
