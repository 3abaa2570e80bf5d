"""Subcommands of returns of enterprises: in, looked at, decided."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewater.cli import files, report_due, report_sign
from ewater.cli.report_acting import (
    Form,
    Lang,
    Number,
    Period,
    PeriodIfAny,
    Reason,
    Version,
    acting,
)
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ewater.reports import form as forms_of
    from ewater.reports.findings import Finding

_group = typer.Typer(help="Returns of enterprises.", no_args_is_help=True)
_Numbers = Annotated[list[int], typer.Argument(metavar="N", help="Number of a return")]
_FINDINGS = ("code", "severity", "size_m3", "place", "message")


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    report_due.register(_group)
    report_sign.register(_group)
    app.add_typer(_group, name="report")


@_group.command()
def forms(*, format: FormatOption = "table") -> None:
    """List the forms in force."""
    from ewater.reports import known

    with acting() as (connection, _):
        rows = [
            {
                "form": form.form,
                "version": form.version,
                "name": form.names.en,
                "columns": len(list(form.columns())),
                "note": form.note.en if form.note else None,
            }
            for form in known.all_forms(connection)
        ]
    show(rows, ("form", "version", "name", "columns", "note"), format)


@_group.command()
def template(
    enterprise: Annotated[str, typer.Argument(metavar="ENTERPRISE", help="Its code")],
    period: Period,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Workbook to write, .xlsx")],
    form: Form = None,
    lang: Lang = "en",
    force: Annotated[bool, typer.Option("--force", help="Replace a file")] = False,
) -> None:
    """Write the workbook of an enterprise, its permits and last year filled in.

    Exit status: 0 written, 2 refused.
    """
    from ewater.errors import UsageError
    from ewater.reports import ways

    if out.suffix.lower() != ".xlsx":
        raise UsageError(f"{out} is no workbook; name one that ends in .xlsx")
    files.place(out, force=force)
    with acting() as (connection, person):
        raw = ways.template(connection, person, enterprise, period, form, lang)
    files.write(out, raw)
    typer.echo(
        f"{out}: {enterprise}, {period}; fill it in, then `ewater report load {out}`"
    )


@_group.command()
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx or .csv")],
    *,
    form: Form = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why approved ones are corrected")
    ] = None,
    lang: Lang = "en",
    as_: Annotated[
        Path | None,
        typer.Option("--as", metavar="MAPPING", help="Another country's file, by this"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only")] = False,
) -> None:
    """Submit the returns of a file: a filled-in workbook, or a CSV archive.

    With --as, a YAML description, the file becomes reports or permits of the registry.

    A return with errors is refused, the others are taken and cross-examined. Exit
    status: 0 taken (also when nothing was new), 1 some were refused, 2 the file was.
    """
    from ewater.reports import bulk, ways

    began = time.perf_counter()
    if as_ is not None:
        _foreign(file, as_, began)
        return
    with acting() as (connection, person):
        batch, found, way = ways.read(connection, files.read(file), file.name, form)
        if dry_run:
            _checked(connection, batch, found, lang, began)
            return
        taken = bulk.take(
            connection, person, batch, way=way, reason=reason, found=found
        )
    _tell(taken.findings, lang, batch.form)
    refused = f", {len(taken.refused)} refused" if taken.refused else ""
    typer.echo(
        f"{file}: {taken.new} new, {taken.corrected} sent again, {taken.unchanged} "
        f"unchanged{refused} {since(began)}"
    )
    for receipt in taken.receipts[:10]:
        typer.echo(f"receipt {receipt['receipt']} {receipt['seal']}")
    if len(taken.receipts) > 10:
        typer.echo(
            f"and {len(taken.receipts) - 10} receipts more: `ewater report list`"
        )
    if taken.refused:
        raise typer.Exit(1)


def _foreign(file: Path, mapping: Path, began: float) -> None:
    from ewater import described
    from ewater.reports import foreign, known

    said = foreign.parse(described.text_of(mapping, "mapping"), mapping.name)
    with acting() as (connection, _):
        zone = known.zone_of(connection)
        made = foreign.frames(files.read(file), file.name, said, zone)
        counts = foreign.load(connection, made)
    shown = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    typer.echo(f"{file}: {shown} new {since(began)}")


@_group.command()
def totals(period: Period, *, format: FormatOption = "table") -> None:
    """Add up by sector what was reported and approved for a year, and permitted."""
    from ewater.reports import foreign

    with acting() as (connection, _):
        rows = foreign.totals(connection, period)
    show(rows, ("sector", "item", "volume_m3", "enterprises", "missing"), format)


@_group.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx or .csv")],
    *,
    form: Form = None,
    lang: Lang = "en",
) -> None:
    """Check a file and change nothing. Exit status: 0 no errors, 1 some, 2 no file."""
    load(file, form=form, lang=lang, dry_run=True)


def _checked(
    connection: Connection,
    batch: Any,
    found: Sequence[Finding],
    lang: str,
    began: float,
) -> None:
    from ewater.reports import bulk

    _, seen = bulk.check(connection, batch)
    everything = [*found, *seen]
    _tell(everything, lang, batch.form)
    wrong = {finding.owner for finding in everything if finding.stops}
    typer.echo(
        f"{len(batch)} returns, {len(wrong)} with errors; nothing was changed "
        f"{since(began)}"
    )
    if wrong:
        raise typer.Exit(1)


def _tell(
    findings: Sequence[Finding], lang: str, form: forms_of.Form, most: int = 100
) -> None:
    for finding in findings[:most]:
        typer.echo(f"{finding.severity}: {finding.text(lang, form)}", err=finding.stops)
    if len(findings) > most:
        typer.echo(f"and {len(findings) - most} findings more", err=True)


@_group.command("list")
def list_(
    *,
    period: PeriodIfAny = None,
    enterprise: Annotated[str | None, typer.Option(metavar="E", help="Code")] = None,
    state: Annotated[list[str] | None, typer.Option(metavar="S", help="State")] = None,
    form: Form = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Gravest and largest first")
    ] = False,
    count: Annotated[int, typer.Option(min=1, help="At most so many")] = 100,
    format: FormatOption = "table",
) -> None:
    """List returns: where each stands, and what was found in it."""
    from ewater.reports import seen

    with acting() as (connection, person):
        rows = seen.listed(
            connection, person, period=period, enterprise=enterprise, states=state,
            form=form, count=count, order="queue" if queue else "period",
        )  # fmt: skip
    columns = (
        "id", "enterprise", "name", "form", "period", "state", "versions", "approved",
        "late", "severity", "warnings", "size_m3",
    )  # fmt: skip
    show(rows, columns, format)


@_group.command("show")
def show_(
    number: Number,
    *,
    version: Version = None,
    lang: Lang = "en",
) -> None:
    """Print everything of a return as JSON: content, versions, remarks, findings."""
    from ewater.reports import known, seen

    with acting() as (connection, person):
        found = seen.show(connection, person, number, version)
        form = known.form_of(connection, found["form"])
    found["findings"] = [f.document(lang, form) for f in found["findings"]]
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=_plain))


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


@_group.command()
def submit(
    number: Annotated[int, typer.Argument(metavar="N", help="Number of a draft")],
    *,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why again")
    ] = None,
) -> None:
    """Submit the draft of a return. Exit status: 0 submitted, 2 refused."""
    from ewater.reports import workflow

    with acting() as (connection, person):
        receipt = workflow.submit(connection, person, number, reason=reason)
    typer.echo(json.dumps(receipt, ensure_ascii=False, indent=1))


@_group.command()
def approve(
    numbers: _Numbers,
    *,
    reason: Reason,
    clean: Annotated[
        bool, typer.Option("--clean", help="Leave those with findings")
    ] = False,
) -> None:
    """Approve submitted returns; from then on the account sees them.

    Exit status: 0 approved, 1 some were left (--clean), 2 refused.
    """
    from ewater.reports import review

    with acting() as (connection, person):
        if clean:
            done = review.approve_clean(connection, person, numbers, reason=reason)
        else:
            review.approve(connection, person, numbers, reason=reason)
            done = review.Approved(list(numbers), [])
    typer.echo(f"{len(done.approved)} approved, {len(done.left)} left")
    if done.left:
        raise typer.Exit(1)


@_group.command("return")
def return_(
    number: Number,
    *,
    remark: Annotated[list[str], typer.Option(metavar="TEXT", help="What is asked")],
    reason: Reason,
) -> None:
    """Send a return back with remarks."""
    from ewater.reports import review

    with acting() as (connection, person):
        remarks = [{"body": body} for body in remark]
        review.send_back(connection, person, number, remarks, reason)
    typer.echo(f"return {number} was sent back with {len(remark)} remarks")


@_group.command()
def findings(
    *,
    number: Annotated[
        int | None, typer.Option("--return", metavar="N", help="Of one return")
    ] = None,
    period: PeriodIfAny = None,
    code: Annotated[
        str | None, typer.Option(metavar="KIND", help="Of one kind")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Cross-examine all of the form first")
    ] = False,
    form: Form = None,
    lang: Lang = "en",
    format: FormatOption = "table",
) -> None:
    """List what was found in returns, the largest first."""
    from ewater.reports import known, ways

    with acting() as (connection, person):
        chosen = known.form_of(connection, form)
        if again:
            ways.examine(connection, chosen)
        rows = ways.findings(
            connection, person, chosen, lang, number=number, period=period, code=code
        )
    show(rows, ("return", "enterprise", "period", *_FINDINGS), format)
