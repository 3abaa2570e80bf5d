"""From nothing to a national balance in the browser."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewater.cli.demo_steps import step
from ewater.cli.serve import HOST, PORT
from ewater.cli.session import migrated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Engine

    from ewater.simulate.files import SimulatedFile
    from ewater.store.registry import LoadSummary

_YEARS = ("2021", "2025")


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(demo)


def demo(
    *,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop when all is made; serve no pages")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port")] = PORT,
) -> None:
    """Load the sample country, compute its accounts, print and serve them.

    The sample's telemetry is simulated on published totals. What is already there
    is not done again. The pages are open to this machine,
    without sign-in. Exit status: 0 done or stopped by Ctrl-C, 2 failed.
    """
    from ewater import simulate
    from ewater.cli import demo_ahead
    from ewater.settings import settings
    from ewater.store import cluster

    if not no_serve:
        from ewater.dashboard import server
        from ewater.dashboard.access import config

        config.check_open(host)
        server.check_port(host, port)
    configured, country = settings(), simulate.sample()
    with cluster.running(configured) as url:
        with ExitStack() as stack:
            with step(1, "database") as say:
                engine = stack.enter_context(migrated(url))
                say(engine.url.render_as_string(hide_password=True))
            _prepare(engine, configured.home, country)
            if no_serve:
                demo_ahead.prepare(engine, configured.home, country)
        if no_serve:
            return
        from ewater.dashboard import wsgi

        with demo_ahead.beside(url, configured.home, country):
            server.serve(
                lambda: wsgi.make(host, is_open=True),
                host=host,
                port=port,
                workers=1,
                ready=lambda address: typer.echo(
                    f"Dashboard: {address} (Ctrl-C stops it)"
                ),
            )


def _prepare(engine: Engine, home: Path, country: Path) -> None:
    """Load, simulate, ingest, seal, compute and print."""
    from ewater import simulate
    from ewater.accounts import dates, documents, render, runs
    from ewater.balance.expressions import codes
    from ewater.cli import demo_editions
    from ewater.store import folder, registry

    with step(2, "country") as say:
        frames = folder.read(country, expression_codes=codes)
        summary = registry.load(engine, frames, expression_codes=codes)
        say(f"{country.name}: {_changed(summary)}")
    with step(3, "telemetry") as say:
        simulation = simulate.run(country, home / "samples" / country.name)
        say(f"{len(simulation.files)} files, simulated on published totals")
    newest = max(file.issued_at for file in simulation.files)
    with step(4, "ingest") as say:
        say(_ingest(engine, [f for f in simulation.files if f.issued_at < newest]))
    with step(5, "edition") as say:
        say(demo_editions.seal_first(engine))
    with step(6, "corrections") as say:
        say(_ingest(engine, [f for f in simulation.files if f.issued_at == newest]))
    with step(7, "edition") as say:
        say(demo_editions.seal_second(engine))
    with step(8, "accounts") as say:
        start, end = dates.span(*_YEARS)
        yearly = runs.obtain(engine, start, end, "year")
        monthly = runs.obtain(engine, start, end, "month")
        flows = yearly.inputs.ledger.flows.size
        months = len(monthly.bounds) - 1
        say(f"{flows} flows, {len(yearly.bounds) - 1} years, {months} months")
    with step(9, "alerts") as say:
        say(_follow(engine, start, end))
    with step(10, "balance"):
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


def _ingest(engine: Engine, files: Sequence[SimulatedFile]) -> str:
    """Load files, which are in the order in which they were issued."""
    from ewater.ingest import derived
    from ewater.ingest.outcome import Options
    from ewater.ingest.source import File
    from ewater.ingest.sources import running

    accepted = rejected = 0
    for file in files:
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
