"""From nothing to a national balance in the browser."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewater.cli.serve import HOST, PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from sqlalchemy import Engine

    from ewater.simulate import Simulation
    from ewater.store.registry import LoadSummary

    Say = Callable[[str], None]

_YEARS = ("2021", "2025")
_STEPS = 7


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(demo)


def demo(
    *,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop after the balance is printed")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port")] = PORT,
) -> None:
    """Load the sample country, compute its accounts, print and serve them.

    The sample's telemetry is simulated on published totals. What is already there
    is not done again. The pages are open to this machine,
    without sign-in. Exit status: 0 done or stopped by Ctrl-C, 2 failed.
    """
    from ewater.settings import settings
    from ewater.store import cluster, database

    if not no_serve:
        from ewater.dashboard import server
        from ewater.dashboard.access import config

        config.check_open(host)
        server.check_port(host, port)
    configured = settings()
    with cluster.running(configured) as url:
        with _step(1, "database") as say:
            engine = database.connect(url)
            database.migrate(engine)
            say(engine.url.render_as_string(hide_password=True))
        _prepare(engine, configured.home)
        engine.dispose()
        if no_serve:
            return
        from ewater.dashboard import wsgi

        server.serve(
            lambda: wsgi.make(host, is_open=True),
            host=host,
            port=port,
            workers=1,
            ready=lambda address: typer.echo(f"Dashboard: {address} (Ctrl-C stops it)"),
        )


def _prepare(engine: Engine, home: Path) -> None:
    """Load, simulate, ingest, compute and print."""
    from ewater import simulate
    from ewater.accounts import dates, documents, render, runs
    from ewater.balance.expressions import codes
    from ewater.store import folder, registry

    country = simulate.sample()
    with _step(2, "country") as say:
        frames = folder.read(country, expression_codes=codes)
        summary = registry.load(engine, frames, expression_codes=codes)
        say(f"{country.name}: {_changed(summary)}")
    with _step(3, "telemetry") as say:
        simulation = simulate.run(country, home / "samples" / country.name)
        say(f"{len(simulation.files)} files, simulated on published totals")
    with _step(4, "ingest") as say:
        say(_ingest(engine, simulation))
    with _step(5, "accounts") as say:
        start, end = dates.span(*_YEARS)
        yearly = runs.obtain(engine, start, end, "year")
        monthly = runs.obtain(engine, start, end, "month")
        flows = yearly.inputs.ledger.flows.size
        months = len(monthly.bounds) - 1
        say(f"{flows} flows, {len(yearly.bounds) - 1} years, {months} months")
    with _step(6, "alerts") as say:
        say(_follow(engine, start, end))
    with _step(7, "balance"):
        render.print_table(documents.balance(yearly))


def _follow(engine: Engine, start: date, end: date) -> str:
    """Follow the rules through the last year of the telemetry, which ends in the past.

    Nobody is told: the sample's rules name no address.
    """
    from datetime import UTC, datetime, time

    from ewater.accounts.last_month import LastMonth
    from ewater.alerts.check import check

    raised = 0
    for day in (end.replace(year=end.year - 1), end):
        now = datetime.combine(day, time(), UTC)
        done = check(engine, LastMonth(engine, now), now)
        raised += done.raised
    return f"{done.rules} rules, {raised} alerts raised"


def _ingest(engine: Engine, simulation: Simulation) -> str:
    """Load the files in the order in which they were issued."""
    from ewater.ingest import derived
    from ewater.ingest.outcome import Options
    from ewater.ingest.source import File
    from ewater.ingest.sources import running

    accepted = rejected = 0
    for file in simulation.files:
        options = Options(issued_at=file.issued_at, daily=False)
        outcome = running.by_hand(engine, File(file.path), options)
        if not outcome.known:
            accepted += outcome.counts.accepted
            rejected += outcome.counts.rejected
    derived.refresh(engine)
    if not accepted + rejected:
        return "nothing new"
    return f"{accepted:,} rows accepted, {rejected:,} rejected (`ewater rejects`)"


def _changed(summary: LoadSummary) -> str:
    counts = summary.tables.values()
    changed = sum(c.new + c.changed + c.retired for c in counts)
    return f"{changed} rows changed" if changed else "nothing new"


@contextmanager
def _step(number: int, name: str) -> Iterator[Say]:
    """Announce a step, and say at its end what it did and how long it took."""
    typer.echo(f"[{number}/{_STEPS}] {name} ...")
    began = time.perf_counter()
    told: list[str] = []
    yield told.append
    text = f": {told[0]}" if told else ""
    typer.echo(
        f"[{number}/{_STEPS}] {name}{text} ({time.perf_counter() - began:.1f} s)"
    )
