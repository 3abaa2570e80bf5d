"""Forecasts of inflow, use and storage by month, and how good they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewater.cli.options import AsOfOption, Format, TerritoryOption
from ewater.cli.session import instant, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_app = typer.Typer(
    help="Forecast inflow, use and storage by month, with quantiles.",
    invoke_without_command=True,
    no_args_is_help=False,
)
OriginOption = Annotated[
    str | None,
    typer.Option(
        "--from", help="First month, such as 2025-07; default: the first not over"
    ),
]
HorizonOption = Annotated[int, typer.Option(help="Months ahead, 1 to 24")]
_LEAST = 1e4  # m3 a month: less is not worth a column
_SHOWN = ("inflow", "outflow", "use", "storage")


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_app, name="forecast")


@_app.callback()
def forecast(
    context: typer.Context,
    *,
    territory: TerritoryOption = None,
    from_: OriginOption = None,
    horizon: HorizonOption = 12,
    as_of: AsOfOption = None,
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Forecast a territory by month: mean and the band that holds 80 %.

    Made once for the whole country, kept, and later scored against what happened.
    With --from nothing that was measured later is looked at.

    Exit status: 0 printed, 2 failed.
    """
    if context.invoked_subcommand:
        return
    import json

    from ewater.accounts.forecasting import documents, kept

    when = instant("--as-of", as_of)
    with open_store() as engine:
        code, outlook = kept.obtain(
            engine, origin=origin(from_), horizon=horizon, as_of=when
        )
    document = documents.document(code, outlook, territory)
    if format_ == "json":
        typer.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    if format_ == "csv":
        _csv(document)
        return
    _table(document)


@_app.command()
def scores(
    *,
    from_: OriginOption = None,
    horizon: HorizonOption = 12,
    as_of: AsOfOption = None,
    outcomes: Annotated[
        bool,
        typer.Option("--outcomes", help="Kept forecasts against what happened since"),
    ] = False,
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Print how good forecasts are: score against climatology, and coverage.

    By rolling origins, of each flow and stock, what was chosen; with --outcomes of the
    forecasts that were kept, of each territory.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts.forecasting import documents, kept
    from ewater.accounts.forecasting import outcomes as happened

    when = instant("--as-of", as_of)
    if outcomes:
        with open_store() as engine:
            happened.update(engine)
            with engine.connect() as connection:
                frame = happened.summary(connection, ("total",))
        known = frame[frame["mean"].abs() > 0].to_dict("records")
        found = [{str(k): v for k, v in row.items()} for row in known]
        _show_scores(found, ["code", "months", "mean", "crps", "inside"], format_)
        return
    with open_store() as engine:
        _, outlook = kept.obtain(
            engine, origin=origin(from_), horizon=horizon, as_of=when
        )
    columns = ["kind", "code", "candidate", "months", "mean", "crps"]
    columns += ["crps_climatology", "skill", "inside"]
    listed = documents.score_rows(outlook.scores)
    _show_scores(listed, columns, format_)
    if format_ == "table":
        _verdict(listed)


_VOLUMES = ("mean", "crps", "crps_climatology")
_NOTHING_OVER = (
    "No month of a kept forecast is over: `ewater forecast --from 2025-07` makes one "
    "from an earlier month."
)


def _show_scores(
    found: Sequence[dict[str, Any]], columns: Sequence[str], format_: Format
) -> None:
    """Print scores: volumes in m3 for programs, in hm3 for people."""
    from ewater.cli import rows

    if format_ != "table":
        rows.show([_rounded(r) for r in found], columns, format_)
        return
    volumes = [name for name in columns if name in _VOLUMES]
    rows.show(
        [_rounded(rows.in_hm3(r, volumes)) for r in found],
        [f"{c}_hm3" if c in volumes else c for c in columns],
        format_,
        none=_NOTHING_OVER,
    )


@_app.command("list")
def list_(*, format_: Annotated[Format, typer.Option("--format")] = "table") -> None:
    """List the forecasts that are kept.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts.forecasting import kept
    from ewater.cli import rows
    from ewater.series.calendars import local_day

    with open_store() as engine, engine.connect() as connection:
        kept_ones = kept.listed(connection).to_dict("records")
        found = [{str(k): v for k, v in row.items()} for row in kept_ones]
        zone = timezone(connection)
    columns = ["code", "origin", "horizon", "members", "as_of", "computed_at"]
    if format_ != "table":
        rows.show([_rounded(row) for row in found], columns, format_)
        return
    told = [
        row
        | {"code": row["code"][:12], "from": str(local_day(row["origin"], zone))[:7]}
        | {name: f"{row[name]:%Y-%m-%dT%H:%MZ}" for name in ("as_of", "computed_at")}
        for row in found
    ]
    columns[1] = "from"
    rows.show(
        told, columns, format_, none="No forecast yet; `ewater forecast` makes one"
    )


def timezone(connection: Connection) -> str:
    """Time zone of the calendar of the country; UTC where none is loaded."""
    from ewater.accounts import runs
    from ewater.store import registry

    frame = registry.read_table(connection, "calendars")
    return "UTC" if frame.empty else runs.calendar_of(frame, None).timezone


def origin(given: str | None) -> Any:
    """Read the first month of a forecast."""
    from ewater.accounts import dates
    from ewater.errors import UsageError

    if given is None:
        return None
    start, _ = dates.span(given)
    if start.day != 1:
        raise UsageError(f"--from {given!r} is no month; write for example 2025-07")
    return start


def _rounded(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Volumes in whole m3, parts with three decimals."""
    wide = ("mean", "crps", "crps_climatology", "actual")
    return {
        str(name): value
        if not isinstance(value, float)
        else round(value)
        if name in wide
        else round(value, 3)
        for name, value in row.items()
    }


def _verdict(found: list[dict[str, Any]]) -> None:
    told = [r for r in found if r["skill"] is not None and r["crps_climatology"] > 1.0]
    if not told:
        typer.echo("No forecast has been compared yet: the record is too short.")
        return
    better = sum(r["skill"] > 0 for r in told)
    inside = sum(r["inside"] * r["months"] for r in told)
    months = sum(r["months"] for r in told)
    typer.echo(
        f"{better} of {len(told)} series are forecast better than by climatology; the "
        f"80 % band held {inside / months:.0%} of {months:,} months"
    )


def _lines(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "period_start": period["start"],
            "period_end": period["end"],
            "quantity": name,
            "mean_m3": cell["mean"],
            **{
                f"q{level}_m3": value
                for level, value in (cell["quantiles"] or {}).items()
            },
        }
        for period in document["periods"]
        for name, cell in period["quantities"].items()
    ]


def _csv(document: dict[str, Any]) -> None:
    from ewater.accounts.forecasting.totals import LEVELS
    from ewater.cli import rows

    columns = ["period_start", "period_end", "quantity", "mean_m3"]
    columns += [f"q{level:g}_m3" for level in LEVELS]
    blank: dict[str, Any] = dict.fromkeys(columns)
    rows.show([blank | line for line in _lines(document)], columns, "csv")


def _table(document: dict[str, Any]) -> None:
    from rich.table import Table

    from ewater.accounts.render import console_of

    table = Table(
        title=f"Forecast of {document['territory']} in hm3, mean (80 % band), "
        f"{document['members']} futures",
        title_justify="left",
    )
    table.add_column("month")
    sectors = [
        name
        for name in document["periods"][0]["quantities"]
        if name.startswith("use.")
        and any(
            abs(p["quantities"][name]["mean"] or 0) >= _LEAST
            for p in document["periods"]
        )
    ]
    shown = (*_SHOWN, *sectors)
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right")
    for period in document["periods"]:
        cells = [_figure(period["quantities"][name]) for name in shown]
        table.add_row(period["start"][:7], *cells)
    console = console_of()
    console.print(
        f"as of {document['as_of']}, forecast {document['forecast'][:12]}; storage is "
        "that at the end of the month"
    )
    console.print(table)


def _figure(cell: dict[str, Any]) -> str:
    if cell["mean"] is None:
        return "?"
    low, high = (cell["quantiles"][level] / 1e6 for level in ("0.1", "0.9"))
    mean = cell["mean"] / 1e6
    places = 0 if abs(mean) >= 100 else 1
    return f"{mean:,.{places}f} ({low:,.{places}f}-{high:,.{places}f})"
