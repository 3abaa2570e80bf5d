"""Subcommands of the serve area."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flask import Flask

HOST, PORT = "127.0.0.1", 8050
MOST = 4  # processes where no number is given; each has what it answered in memory


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(serve)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port")] = PORT,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes; default: one per processor, at most 4"),
    ] = None,
    push_only: Annotated[
        bool, typer.Option("--push-only", help="The endpoint of loggers alone")
    ] = False,
    is_open: Annotated[
        bool, typer.Option("--open", help="No sign-in; for this machine alone")
    ] = False,
) -> None:
    """Serve the dashboard, and the endpoint that loggers post to, until Ctrl-C.

    People sign in (`ewater user add`). What is posted is loaded by `ewater worker`.
    Exit status: 0 stopped, 2 could not start.
    """
    from ewater.cli.logs import to_stderr
    from ewater.dashboard import server

    to_stderr(verbose=False, faults_only=True)
    if push_only:
        from ewater.ingest.push.endpoint import make
    else:
        from ewater.dashboard import wsgi

        def make() -> Flask:
            return wsgi.make(host, is_open=is_open)

    what = "Push endpoint" if push_only else "Dashboard"
    server.serve(
        make,
        host=host,
        port=port,
        workers=workers or (1 if push_only else min(os.cpu_count() or 1, MOST)),
        threads=16 if push_only else 4,  # posts wait for the disk, pages for the CPU
        ready=lambda url: typer.echo(f"{what}: {url} (Ctrl-C stops it)"),
    )
