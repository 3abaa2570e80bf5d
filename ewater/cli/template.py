"""Subcommand of templates: workbooks that an operator fills in by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewater.cli import files
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from ewater.ingest.templates.form import Form
    from ewater.ingest.templates.kinds import Wanted

_KINDS = "reservoir, junction, gauge or well"


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(template)


def template(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help=_KINDS)] = None,
    *,
    site: Annotated[
        list[str] | None, typer.Option(metavar="S", help="Site; may be repeated")
    ] = None,
    territory: Annotated[
        str | None, typer.Option(metavar="T", help="All sites of a territory")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="A", help="First day, or a month")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="B", help="Day after the last")
    ] = None,
    lang: Annotated[str, typer.Option(metavar="L", help="az, en or ru")] = "en",
    at: Annotated[
        str, typer.Option(metavar="HH:MM", help="When levels and counters are read")
    ] = "08:00",
    calendar: Annotated[
        str | None, typer.Option(metavar="C", help="Whose days; default: the first")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Workbook to write, .xlsx")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Show kinds, their sites, and series")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """Write a workbook for daily data, which `ewater ingest` takes back filled in.

    KIND is reservoir, junction, gauge or well. Without --site or --territory it has
    a sheet for every site of the country. Exit status: 0 written, 2 refused.
    """
    from ewater.ingest.templates import kinds, write

    path = None if listed else _path(out, force=force)
    with open_store() as engine, engine.connect() as connection:
        from ewater.store import registry

        frames = registry.read(connection)
    if path is None:
        show(_sites(frames), ("kind", "site", "fill_in", "telemetry"), format)
        return
    if kind is not None:
        kinds.kind_of(kind)
    form = _form(frames, _wanted(kind, site, territory, start, end, lang, at), calendar)
    files.write(path, write.workbook(form))
    series = sum(len(sheet.columns) for sheet in form.sheets)
    names = [sheet.name for sheet in form.sheets]
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    typer.echo(
        f"{path}: {form.kind}, sheets {shown}; {series} columns of values, "
        f"{form.days} days from {form.start}, calendar {form.calendar.code}"
    )
    typer.echo(f"filled in, it is loaded by `ewater ingest {path}`")


def _path(out: Path | None, *, force: bool) -> Path:
    from ewater.errors import UsageError

    if out is None or out.suffix.lower() != ".xlsx":
        raise UsageError("say where to write the workbook: --out FILE.xlsx")
    return files.place(out, force=force)


def _wanted(
    kind: str | None,
    sites: Sequence[str] | None,
    territory: str | None,
    start: str | None,
    end: str | None,
    lang: str,
    at: str,
) -> Wanted:
    from ewater.accounts import dates
    from ewater.errors import UsageError
    from ewater.ingest.templates.kinds import Wanted

    if kind is None:
        raise UsageError(f"say which template: {_KINDS}")
    if start is None:
        raise UsageError("say which days: --from 2024-03, or --from A --to B")
    if sites and territory:
        raise UsageError("give --site or --territory, not both")
    first, last = dates.span(start, end)
    return Wanted(
        kind=kind,
        sites=tuple(sites or ()),
        territory=territory,
        start=first,
        end=last,
        language=lang,
        at=at,
    )


def _form(
    frames: Mapping[str, pd.DataFrame], wanted: Wanted, calendar: str | None
) -> Form:
    from ewater.accounts.runs import calendar_of
    from ewater.ingest.templates import kinds

    chosen = calendar_of(frames["calendars"], calendar)
    return kinds.form(frames, wanted, chosen, _added)


def _added(text: str) -> list[str]:
    """Series that any of the sums of an expression adds."""
    from ewater.balance import expressions

    sums = [way for way in expressions.parse(text) if isinstance(way, expressions.Sum)]
    return [code for way in sums for factor, code in way.terms if factor > 0]


def _sites(frames: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Sites by kind, with what a person can fill in and what comes by telemetry."""
    from ewater.ingest.templates import kinds

    rows: list[dict[str, object]] = []
    for kind in kinds.KINDS.values():
        for site in kinds.of_kind(frames["sites"], kind):
            fits, often = kinds.asked(frames, kind, site)
            codes = " ".join(str(row["code"]) for row in fits)
            rows.append(
                {
                    "kind": kind.name,
                    "site": site,
                    "fill_in": codes or None,
                    "telemetry": " ".join(often) or None,
                }
            )
    return rows
