"""The simulate subcommand: a seeded country to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(simulate)


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write; replaced if older")],
    country: Annotated[
        Path | None, typer.Option(help="Country folder; the national sample if absent")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all chance")] = None,
    scale: Annotated[
        int, typer.Option(min=1, help="Copies of the network, for benchmarks")
    ] = 1,
    start: Annotated[
        str | None, typer.Option("--from", help="First local day of readings to keep")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Local day at which readings end")
    ] = None,
) -> None:
    """Write simulated readings, reports and the true ledger of a country.

    The same seed gives the same bytes; a folder that already holds them is left
    alone. Nothing here comes from an instrument.

    Exit status: 0 done, 2 failed and nothing changed.
    """
    from ewater import simulate as simulator

    result = simulator.run(
        country or simulator.sample(),
        out,
        seed=simulator.SEED if seed is None else seed,
        scale=scale,
        start=start,
        end=end,
        progress=typer.echo,
    )
    typer.echo(
        f"{result.folder}: {result.rows:,} readings in {len(result.files)} files, "
        f"reports and true ledger; simulated, from no instrument"
    )
