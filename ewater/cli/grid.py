"""Gridded rain and evapotranspiration as readings of territories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ewater.cli import files
from ewater.cli.session import open_store

if TYPE_CHECKING:
    from sqlalchemy import Engine


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(grid)


def grid(
    file: Annotated[Path, typer.Argument(help="NetCDF file or Zarr folder (CF)")],
    *,
    series: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", help="Series to fill, such as RAIN.{territory}"
        ),
    ],
    variable: Annotated[
        str | None, typer.Option(help="Variable of the file, if it has several")
    ] = None,
    stamp: Annotated[
        Literal["start", "end"] | None,
        typer.Option(help="What a time is, in files without bounds of time"),
    ] = None,
    least_coverage: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Part of a territory that has values"),
    ] = 0.95,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Turn the sign (evaporation below zero)")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask scheduler, tcp://host:port"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a readings file; load nothing")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there")
    ] = False,
) -> None:
    """Take means of a grid over territories and load them as readings.

    Depths (precipitation, evaporation) or volumes, as the series are registered,
    one for each territory that the pattern finds. Exit status: 0 loaded (also when
    nothing was new), 1 with rejected rows, 2 failed and nothing changed.
    """
    from geopandas import GeoDataFrame

    from ewater.grids import cf, rows, weights, zonal
    from ewater.settings import settings
    from ewater.store import registry

    if out is not None:
        files.place(out, force=force)
    opened = cf.open_grid(file, variable, stamp=stamp)
    with open_store() as engine:
        with engine.connect() as connection:
            territories = GeoDataFrame(registry.read_table(connection, "territories"))
            registered = registry.read_table(connection, "series")
        places, wanted = rows.targets(series, territories, registered)
        shared = weights.weights(opened, places, settings().home / "grids")
        means = zonal.means(opened, shared, cluster=cluster)
        found = rows.rows(means, wanted, least_coverage=least_coverage, reverse=reverse)
        typer.echo(
            f"{file.name}: {means.sizes['territory']} territories, "
            f"{means.sizes['time']} periods, {len(found):,} values; "
            f"{means['mean'].size - len(found):,} not known for want of coverage"
        )
        if out is not None:
            files.write(out, rows.csv(found))
            typer.echo(f"written to {out}; load it with `ewater ingest {out}`")
            return
        status = _load(engine, file.name, rows.csv(found))
    raise typer.Exit(status)


def _load(engine: Engine, name: str, data: bytes) -> int:
    from ewater.cli.ingest import say
    from ewater.ingest import jobs
    from ewater.ingest.outcome import Options
    from ewater.ingest.source import Memory

    outcome = jobs.ingest(engine, Memory(name, data), Options())
    say(outcome)
    return 1 if outcome.counts.rejected else 0
