"""Scenarios: what if, over a forecast, with who goes short."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewater.cli.forecast import HorizonOption, OriginOption, origin
from ewater.cli.options import AsOfOption, Format, TerritoryOption
from ewater.cli.session import instant, open_store

if TYPE_CHECKING:
    from sqlalchemy import Engine

_app = typer.Typer(
    help="Changes over a forecast, and who goes short.", no_args_is_help=True
)
_NameArgument = Annotated[str, typer.Argument(help="Name of a scenario")]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_app, name="scenario")


@_app.command()
def load(
    files: Annotated[list[Path], typer.Argument(help="YAML files (docs/forecast.md)")],
) -> None:
    """Record scenarios; one of the same name is replaced, and its past kept.

    Exit status: 0 recorded or already there, 2 refused and nothing changed.
    """
    from ewater.accounts.forecasting import scenarios

    with open_store() as engine:
        done = scenarios.load(engine, files)
    for name, new in done.items():
        typer.echo(f"{name}: {'recorded' if new else 'as it was'}")


@_app.command("list")
def list_(*, format_: Annotated[Format, typer.Option("--format")] = "table") -> None:
    """List the scenarios.

    Exit status: 0 printed, 2 failed.
    """
    from ewater.accounts.forecasting import scenarios
    from ewater.cli import rows

    with open_store() as engine, engine.connect() as connection:
        found = scenarios.listed(connection)
    told = [one | {"title": one["title"]["en"]} for one in found]
    if format_ == "table":
        told = [
            one | {"recorded_from": f"{one['recorded_from']:%Y-%m-%dT%H:%MZ}"}
            for one in told
        ]
    none = "No scenario yet; `ewater scenario load` takes files (docs/forecast.md)"
    rows.show(told, ["scenario", "title", "recorded_from"], format_, none=none)


@_app.command()
def run(
    name: _NameArgument,
    *,
    from_: OriginOption = None,
    horizon: HorizonOption = 12,
    as_of: AsOfOption = None,
    territory: TerritoryOption = None,
    format_: Annotated[Format, typer.Option("--format")] = "table",
) -> None:
    """Compute a scenario over a forecast, keep it, and compare it with the forecast.

    Exit status: 0 printed, 2 failed.
    """
    with open_store() as engine:
        document = _document(engine, name, from_, horizon, as_of, territory)
    _show(document, format_)


@_app.command()
def show(
    name: _NameArgument,
    *,
    format_: Annotated[Format, typer.Option("--format")] = "json",
) -> None:
    """Print a scenario as it is described.

    Exit status: 0 printed, 2 failed.
    """
    import json

    from ewater.accounts.forecasting import scenarios
    from ewater.cli import rows
    from ewater.errors import UsageError

    with open_store() as engine, engine.connect() as connection:
        found = {one["scenario"]: one["said"] for one in scenarios.listed(connection)}
    if name not in found:
        known = ", ".join(found) or "none"
        raise UsageError(f"no scenario {name!r}; loaded are: {known}")
    if format_ == "json":
        typer.echo(json.dumps(found[name], ensure_ascii=False, indent=1))
        return
    told = [
        {"field": field, "value": json.dumps(value, ensure_ascii=False)}
        for field, value in found[name].items()
        if value not in (None, [])
    ]
    rows.show(told, ["field", "value"], format_)


def _document(
    engine: Engine,
    name: str,
    from_: str | None,
    horizon: int,
    as_of: str | None,
    territory: str | None,
) -> dict[str, Any]:
    from ewater.accounts.forecasting import kept, scenario_tables, scenarios

    when = instant("--as-of", as_of)
    base, forecast = kept.obtain(
        engine, origin=origin(from_), horizon=horizon, as_of=when
    )
    code, made, notes = scenarios.obtain(engine, name, base)
    return scenario_tables.document(
        name, (base, forecast), (code, made), notes, territory
    )


def _show(document: dict[str, Any], format_: Format) -> None:
    import json

    from ewater.accounts.forecasting import scenario_tables
    from ewater.cli import rows

    if format_ == "json":
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))
        return
    found = scenario_tables.rows(document)
    rows.show(found, list(found[0]), format_)
    if format_ == "table":
        for line in scenario_tables.lines(document):
            typer.echo(line)
