"""Subcommands of returns that are due: who is missing, reminded, given more time."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.report_acting import Form, Period, PeriodIfAny, Reason, acting
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import instant, open_store


def register(group: typer.Typer) -> None:
    """Add this area's subcommands."""
    for command in (missing, remind, deadline, breaks):
        group.command()(command)


def missing(
    period: Period,
    *,
    form: Form = None,
    remind: Annotated[
        bool, typer.Option("--remind", help="Note a reminder for the overdue")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """List who has not reported, and the response by permitted volume."""
    from ewater.reports import due

    with acting() as (connection, person):
        rows = (due.remind if remind else due.missing)(connection, person, period, form)
        rate = due.rate(connection, period, form)
    columns = (
        "enterprise", "name", "territory", "permitted_m3", "due_at", "overdue",
        "reminded_at",
    )  # fmt: skip
    show(rows, columns, format)
    if format == "table":
        share = "unknown" if rate["rate"] is None else f"{100 * rate['rate']:.1f} %"
        typer.echo(
            f"{rate['came']} of {rate['due']} permit holders reported; by permitted "
            f"volume {share}"
        )


def remind(
    *,
    period: PeriodIfAny = None,
    form: Form = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list who would be told")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """Remind by mail or webhook who has not reported, once for each step of a deadline.

    The form says the steps, the register (enterprises.csv, notify) the addresses.
    `ewater worker` does this every hour.

    Exit status: 0 done (also when nobody was to be told), 1 some could not be told at
    present (the worker tries again), 2 failed and nothing changed.
    """
    from ewater.reports import remind as reminders

    with acting() as (connection, person):
        rows = reminders.planned(connection, person, period, form)
        kept = 0
        if not dry_run:
            reminders.must_reach(rows)
            kept = reminders.keep(connection, person, rows)
    flat = [{**row, "addresses": " ".join(row["addresses"]) or None} for row in rows]
    columns = (
        "enterprise", "name", "form", "period", "due_at", "step", "state", "addresses",
    )  # fmt: skip
    show(flat, columns, format)
    if dry_run:
        typer.echo("nothing was kept or sent", err=True)
        return
    with open_store() as engine:
        sent, failed = reminders.send_due(engine)
    mute = sum(not row["addresses"] for row in rows)
    typer.echo(
        f"{kept} reminders kept, {sent} sent, {failed} not sent; {mute} enterprises "
        "without an address",
        err=True,
    )
    if failed:
        raise typer.Exit(1)


def deadline(
    period: Period,
    until: Annotated[
        str, typer.Option(metavar="T", help="Late from then, with offset")
    ],
    *,
    reason: Reason,
    enterprise: Annotated[
        str | None, typer.Option(metavar="E", help="Only for this one")
    ] = None,
    form: Form = None,
) -> None:
    """Set another deadline, for all or for one enterprise."""
    from ewater.reports import due

    when = instant("--until", until)
    assert when is not None  # noqa: S101 - the option is required
    with acting() as (connection, person):
        due.extend(
            connection, person, period, when, reason, form=form, enterprise=enterprise
        )
    typer.echo(f"{period}: due until {when.isoformat()}")


def breaks(
    *,
    period: PeriodIfAny = None,
    form: Form = None,
    explain: Annotated[
        int | None, typer.Option(metavar="N", help="Explain this one")
    ] = None,
    as_: Annotated[
        str, typer.Option("--as", metavar="R", help="real, method, scope or unit")
    ] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="The explanation")] = "",
    sign_off: Annotated[
        bool, typer.Option("--sign-off", help="Sign the year off")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """List breaks in totals, explain one, or sign a year off when all are explained."""
    from ewater.errors import UsageError
    from ewater.reports import known
    from ewater.reports.examine import totals

    with acting() as (connection, person):
        chosen = known.form_of(connection, form)
        if explain is not None:
            totals.explain(connection, person, explain, as_, reason)
        if sign_off:
            if period is None:
                raise UsageError("say which year is signed off: --year 2024")
            totals.sign_off(connection, person, chosen.form, period, reason)
        rows = totals.read(connection, chosen.form, period)
    flat = [{**row, "suggests": row["evidence"]["suggests"]} for row in rows]
    columns = (
        "id", "kind", "code", "item", "period", "before_m3", "after_m3", "suggests",
        "reason", "who",
    )  # fmt: skip
    show(flat, columns, format)
