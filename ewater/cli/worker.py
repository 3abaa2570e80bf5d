"""Subcommands of the worker and of its jobs."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_jobs = typer.Typer(help="Runs of ingest, by sources and by hand.")
_COLUMNS = (
    "id", "source", "item", "started_at", "seconds", "state", "attempt", "rows_read",
    "accepted", "rejected", "new", "corrected", "unchanged", "load", "error",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(worker)
    app.add_typer(_jobs, name="jobs")


def worker(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, then end")
    ] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, metavar="N", help="Sources at the same time")
    ] = 2,
    stalled: Annotated[
        float,
        typer.Option(min=1, metavar="S", help="Seconds after which a worker is dead"),
    ] = 30.0,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log also what the queue does")
    ] = False,
) -> None:
    """Run what runs by itself: schedules, folders, posts, alerts, reminders.

    Several workers share the work. SIGTERM or Ctrl-C lets what is being loaded come
    to its end. Exit status: 0 stopped, or nothing left to do, 2 could not start.
    """
    from ewater.accounts.last_month import LastMonth
    from ewater.alerts.check import watch
    from ewater.cli.logs import to_stderr
    from ewater.ingest.work.worker import work
    from ewater.reports import remind

    to_stderr(verbose=verbose)
    with open_store() as engine:
        minutely = (watch(LastMonth(engine)), remind.watch())
        work(
            engine,
            once=once,
            concurrency=concurrency,
            stalled_s=stalled,
            minutely=minutely,
        )


@_jobs.callback(invoke_without_command=True)
def jobs(
    context: typer.Context,
    *,
    source: Annotated[
        str | None, typer.Option(metavar="S", help="Runs of this source only")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Runs that failed or died only")
    ] = False,
    most: Annotated[
        int, typer.Option(min=1, metavar="N", help="At most so many, newest first")
    ] = 50,
    format: FormatOption = "table",
) -> None:
    """List runs: what was read, accepted, rejected, and why one failed."""
    if context.invoked_subcommand:
        return
    from ewater.store import source_runs

    with open_store() as engine, engine.connect() as connection:
        rows = source_runs.read(
            connection, source=source, only_failed=failed, most=most
        )
    more = () if format == "table" else ("who", "job", "sha256", "size", "file")
    if format == "table":
        for row in rows:
            row["started_at"] = row["started_at"].strftime("%Y-%m-%d %H:%M:%SZ")
            row["seconds"] = None if row["seconds"] is None else f"{row['seconds']:.2f}"
            row["error"] = row["error"] and row["error"].splitlines()[0][:120]
    show(rows, (*_COLUMNS, *more), format)


@_jobs.command()
def retry(
    run: Annotated[int, typer.Argument(metavar="ID", help="Number of the run")],
) -> None:
    """Let a run that failed be tried again by the worker.

    Exit status: 0 it will be, 2 it cannot be.
    """
    from ewater.ingest.work.again import again

    with open_store() as engine:
        typer.echo(again(engine, run))
