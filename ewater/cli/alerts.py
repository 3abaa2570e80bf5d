"""Subcommands of alerts."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_app = typer.Typer(help="What alert rules raised; see alert_rules.csv.")
_COLUMNS = (
    "id", "severity", "rule", "kind", "subject", "raised_at", "value", "ended_at",
    "acknowledged_at", "person", "note",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_app, name="alerts")


@_app.callback(invoke_without_command=True)
def alerts(
    context: typer.Context,
    *,
    all: Annotated[
        bool, typer.Option("--all", help="Also those that have ended")
    ] = False,
    most: Annotated[
        int, typer.Option(min=1, metavar="N", help="At most so many")
    ] = 100,
    format: FormatOption = "table",
) -> None:
    """List alerts: open ones first."""
    if context.invoked_subcommand:
        return
    from ewater.store import alerts as store
    from ewater.terms import ALERT_SUBJECTS

    with open_store() as engine, engine.connect() as connection:
        rows = store.read(connection, only_open=not all, most=most)
    for row in rows:
        row["subject"] = row[ALERT_SUBJECTS[row["kind"]]]
    show(rows, _COLUMNS, format)


@_app.command()
def check() -> None:
    """Follow all rules through what has come, and send what is due.

    `ewater worker` does this every minute.
    """
    from ewater.accounts.last_month import LastMonth
    from ewater.alerts.check import check as follow_all
    from ewater.alerts.send import send_due

    with open_store() as engine:
        done = follow_all(engine, LastMonth(engine))
        sent = send_due(engine)
    typer.echo(
        f"{done.rules} rules followed: {done.raised} alerts raised, {done.ended} ended;"
        f" {sent} messages sent"
    )


@_app.command()
def acknowledge(
    alert: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert")],
    *,
    note: Annotated[str, typer.Option(help="What is being done about it")],
    who: Annotated[str, typer.Option(metavar="NAME", help="Who takes note of it")],
) -> None:
    """Take note of an alert, in somebody's name.

    Exit status: 0 done, 2 there is no such alert or it was acknowledged before.
    """
    from ewater.store import alerts as store
    from ewater.store import landing

    with open_store() as engine, engine.begin() as connection:
        person = landing.person(connection, who)
        store.acknowledge(connection, alert, who=person, note=note, address=None)
    typer.echo(f"alert {alert} is acknowledged by {who}")
