"""Suspected meter events: list, find, accept, dismiss."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_group = typer.Typer(
    help="Suspected meter events, which a person accepts or dismisses.",
    invoke_without_command=True,
)
_Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the proposal")]
_Reason = Annotated[str, typer.Option(help="Why; kept with the decision")]
_TABLE = ("id", "series", "after", "events", "lower_m3", "upper_m3", "evidence")
_ALL = (
    "id",
    "series",
    "shows",
    "state",
    "before",
    "after",
    "old_reading",
    "new_reading",
    "events",
    "lower_m3",
    "upper_m3",
    "evidence",
    "found_at",
    "decided_at",
    "person",
    "reason",
    "recorded_at",
)


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_group, name="events")


@_group.callback()
def events(
    context: typer.Context,
    *,
    find: Annotated[
        bool, typer.Option("--find", help="Look through the readings first")
    ] = False,
    series: Annotated[
        list[str] | None, typer.Option(help="With --find: only these series")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was decided or is gone")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """List suspected meter events; readings alone never change what counts.

    Exit status: 0 listed, 2 failed.
    """
    if context.invoked_subcommand:
        return
    from ewater.accounts import meter_events

    with open_store() as engine:
        if find:
            meter_events.find(engine, series)
        rows = meter_events.listed(engine, None if every else "open")
    columns = _TABLE if format == "table" and not every else _ALL
    if format != "json":
        rows = [row | {"events": " ".join(row["events"])} for row in rows]
    show(rows, columns, format)
    if format == "table" and not rows:
        typer.echo("no open proposal" + ("" if find else "; --find looks for some"))


@_group.command()
def accept(
    number: _Number,
    *,
    reason: _Reason,
    event: Annotated[
        str | None, typer.Option(help="What happened; default: the likeliest")
    ] = None,
    old: Annotated[
        float | None, typer.Option(help="Last reading of the old meter")
    ] = None,
    new: Annotated[
        float | None, typer.Option(help="First reading of the new meter")
    ] = None,
) -> None:
    """Register a meter event; volumes count by it from now on, not as of before.

    Exit status: 0 registered, 2 refused; nothing changed.
    """
    from ewater.accounts import meter_events
    from ewater.ingest import daily

    with open_store() as engine:
        row = meter_events.accept(
            engine, number, reason=reason, event=event, old=old, new=new
        )
        daily.refresh(engine)
    typer.echo(f"{row['series']}: {row['event']} at {row['time'].isoformat()} recorded")


@_group.command()
def dismiss(number: _Number, *, reason: _Reason) -> None:
    """Set a proposal aside; it is not made again for the same readings.

    Exit status: 0 set aside, 2 refused; nothing changed.
    """
    from ewater.accounts import meter_events

    with open_store() as engine:
        meter_events.dismiss(engine, number, reason=reason)
    typer.echo(f"proposal {number} dismissed")
