"""Ten-day schedules of reservoirs: planned, revised, compared with what was done."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ewater.cli.forecast import timezone
from ewater.cli.options import AsOfOption, Format
from ewater.cli.session import instant, open_store

_app = typer.Typer(
    help="Ten-day releases of reservoirs: plan, revisions, actual.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_app, name="schedule")


@_app.command()
def make(
    accounts: Annotated[
        list[str] | None, typer.Argument(help="Accounts of reservoirs; default: all")
    ] = None,
    *,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="1st, 11th or 21st: 2025-07-11; default: newest"),
    ] = None,
    periods: Annotated[int, typer.Option(help="How many times ten days, 1 to 36")] = 9,
    as_of: AsOfOption = None,
) -> None:
    """Plan releases against expected inflow and demand; each plan is a revision.

    Exit status: 0 planned, or already there; 2 failed and nothing changed.
    """
    from ewater.accounts import dates
    from ewater.accounts.forecasting import schedules

    start = None if from_ is None else dates.span(from_)[0]
    when = instant("--as-of", as_of)
    with open_store() as engine:
        made = schedules.make(
            engine,
            accounts=tuple(accounts or ()),
            start=start,
            periods=periods,
            as_of=when,
        )
    for account, revision, new in made:
        typer.echo(f"{account}: revision {revision}{'' if new else ', as it was'}")


@_app.command("list")
def list_(*, format_: Annotated[Format, typer.Option("--format")] = "table") -> None:
    """List the schedules, every revision.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts.forecasting import schedules
    from ewater.cli import rows
    from ewater.series.calendars import local_day

    with open_store() as engine, engine.connect() as connection:
        found = schedules.listed(connection)
        zone = timezone(connection)
    columns = ["account", "revision", "start", "opening", "made_at"]
    if format_ != "table":
        rows.show(found, columns, format_)
        return
    told = [
        rows.in_hm3(row, ["opening"])
        | {"start": str(local_day(row["start"], zone))}
        | {"made_at": f"{row['made_at']:%Y-%m-%dT%H:%MZ}"}
        for row in found
    ]
    columns[3] = "opening_hm3"
    none = "No schedule yet; `ewater schedule make` plans the reservoirs"
    rows.show(told, columns, format_, none=none)


@_app.command()
def show(
    account: Annotated[str, typer.Argument(help="Account of a reservoir")],
    *,
    revision: Annotated[int | None, typer.Option(help="Default: the newest")] = None,
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Print a schedule with what was done since, in hm3.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts.forecasting import schedule_tables
    from ewater.cli import rows

    with open_store() as engine:
        document = schedule_tables.document(engine, account, revision)
    if format_ == "json":
        from ewater.accounts.render import as_json

        typer.echo(as_json(document))
        return
    found = [_shown(row) for row in document["periods"]]
    rows.show(found, list(found[0]), format_)
    if format_ == "table":
        typer.echo(
            f"{account}, revision {document['revision']} of {document['revisions']}, "
            f"made {document['made_at'][:16]}; limits "
            f"{document['least'] / 1e6:,.1f} to {document['most'] / 1e6:,.1f} hm3"
        )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Volumes in hm3."""
    return {
        "from": row["start"][:10],
        **{
            name: None if value is None else round(value / 1e6, 2)
            for name, value in row.items()
            if name not in ("start", "end")
        },
    }
