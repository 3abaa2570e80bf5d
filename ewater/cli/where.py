"""Where water is lost, and where the next meters pay."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ewater.cli.options import (
    AsOfOption,
    FromOption,
    StepOption,
    TerritoryOption,
    ToOption,
)
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import instant, open_store
from ewater.terms import Boundary, Step
from ewater.units import HM3


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(losses)
    app.command()(meters)


def losses(
    *,
    territory: TerritoryOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    step: StepOption = "decade",
    as_of: AsOfOption = None,
    each: Annotated[
        bool, typer.Option("--each", help="Rank every period on its own")
    ] = False,
    count: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many (of each period)")
    ] = None,
    format: FormatOption = "table",
) -> None:
    """Rank reaches, canals and utilities by the water that does not come out of them.

    The loss is what enters less what is passed on and stored. In the table volumes are
    hm3, +- is U = 2u (95 %); the ranks are those that the intervals leave open. In JSON
    and CSV volumes are m3 and u is k = 1. Exit status: 0 listed, 2 failed.
    """
    from ewater.accounts import where

    run = _run(from_, to, step, as_of)
    rows = where.losses_of(run, territory, each=each)
    if count is not None:
        rows = _first(rows, count)
    if format != "table":
        show(rows, where.LOSSES, format)
        return
    _say(run)
    columns = ["period"] if each else []
    columns += ["rank", "account", "kind", "loss", "declared", "unexplained", "share"]
    show([_loss_row(row) for row in rows], (*columns, "missing"), format)


def meters(
    *,
    total: Annotated[
        str,
        typer.Option(
            help="inflow, outflow, net_inflow, a term, use, or SECTOR.use (or "
            ".gross_use, .consumption)"
        ),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many meters")] = 40,
    territory: TerritoryOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    step: StepOption = "year",
    as_of: AsOfOption = None,
    boundary: Annotated[Boundary, typer.Option(help="What is inside")] = "managed",
    u_pct: Annotated[
        float | None,
        typer.Option(
            "--u-pct",
            help="Standard uncertainty (k = 1) of a new meter; default by its place",
        ),
    ] = None,
    format: FormatOption = "table",
) -> None:
    """Say where the next meters take most off the uncertainty of a total.

    Meters are chosen one after the other, each with those before it in place, on the
    reconciled account. Exit status: 0 listed, 2 failed.
    """
    from ewater.accounts import where

    run = _run(from_, to, step, as_of)
    found = where.meters_of(
        run, total, territory, count=count, u_pct=u_pct, boundary=boundary
    )
    if format == "json":
        import json

        typer.echo(json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False))
        return
    if format == "csv":
        show(found["meters"], where.METERS, format)
        return
    _say(run)
    before, after = (sum(u**2 for u in found[name]) ** 0.5 for name in ("u", "u_after"))
    typer.echo(
        f"{total} of {found['territory']}: u {before / HM3:,.1f} hm3, "
        f"{after / HM3:,.1f} hm3 with {len(found['meters'])} more meters"
    )
    if found["open"]:
        typer.echo(f"not determined, and left out: {', '.join(found['open'])}")
    rows = [
        {
            "number": row["number"],
            "flow": row["flow"],
            "meter u, hm3": f"{row['meter_u'] / HM3:,.2f}",
            "variance falls by": f"{100 * row['fall']:.1f} %",
            "left": f"{100 * row['left']:.1f} %",
        }
        for row in found["meters"]
    ]
    names = ("number", "flow", "meter u, hm3", "variance falls by", "left")
    show(rows, names, format)


def _run(from_: str | None, to: str | None, step: Step, as_of: str | None) -> Any:
    from ewater.accounts import dates, runs

    when = instant("--as-of", as_of)
    with open_store() as engine:
        start, end = dates.span(from_ or str(runs.newest_year(engine)), to)
        return runs.obtain(engine, start, end, step, as_of=when)


def _say(run: Any) -> None:
    """Print what every output of this country must say."""
    from ewater.accounts.documents import notices

    for notice in notices(run):
        typer.echo(notice["en"])


def _first(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Keep the first rows of each period."""
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        seen[row["period_start"]] = seen.get(row["period_start"], 0) + 1
        if seen[row["period_start"]] <= count:
            kept.append(row)
    return kept


def _loss_row(row: dict[str, Any]) -> dict[str, Any]:
    from ewater.accounts.render import hm3

    known = row["loss"] is not None
    ranks = "?"
    if known:
        first, last = int(row["rank_first"]), int(row["rank_last"])
        ranks = str(first) if first == last else f"{first}-{last}"
    return {
        "period": row["period_start"][:10],
        "rank": ranks,
        "account": row["account"],
        "kind": row["kind"],
        "loss": hm3(row["loss"], 2 * row["u"]) if known else "?",
        "declared": hm3(row["declared"], None),
        "unexplained": hm3(row["unexplained"], None),
        "share": "?" if row["share"] is None else f"{100 * row['share']:.1f} %",
        "missing": row["missing"],
    }
