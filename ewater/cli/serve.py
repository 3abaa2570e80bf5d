"""Subcommands of the serve area."""

from __future__ import annotations

from typing import Annotated

import typer

HOST, PORT = "127.0.0.1", 8050


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(serve)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port")] = PORT,
    workers: Annotated[int, typer.Option(min=1, help="Processes")] = 1,
) -> None:
    """Serve the dashboard until Ctrl-C.

    Exit status: 0 stopped, 2 could not start.
    """
    from ewater.dashboard import server, wsgi

    server.serve(
        wsgi.make,
        host=host,
        port=port,
        workers=workers,
        ready=lambda url: typer.echo(f"Dashboard: {url} (Ctrl-C stops it)"),
    )
