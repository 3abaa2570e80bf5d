"""Subcommands that read: readings of a series, and all versions of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import instant, microseconds, open_store

if TYPE_CHECKING:
    import pandas as pd

SeriesArgument = Annotated[
    str, typer.Argument(metavar="SERIES", help="Code of the series")
]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(readings)
    app.command()(history)


def readings(
    series: SeriesArgument,
    *,
    start: Annotated[
        str | None, typer.Option("--from", metavar="A", help="Start, included")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="B", help="End, excluded")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="T", help="As recorded at this time")
    ] = None,
    format: FormatOption = "table",
) -> None:
    """Print the readings of a series, in SI units and UTC.

    With each its flag, the tests it failed, where it comes from (raw, edited,
    infilled) and how far a person has looked at it (working, reviewed, approved).
    """
    from ewater.ingest import quality
    from ewater.series.quality_verdicts import Approval
    from ewater.store import chunks

    span = microseconds("--from", start), microseconds("--to", end)
    when = instant("--as-of", as_of)
    with open_store() as engine, engine.connect() as connection:
        found = chunks.read(connection, [series], *span, when)
        approval = quality.approvals(connection, series, *span, when)
    names = ["time", "value", "flag", "failed", "lineage"]
    frame = _named(found[names].to_dataframe())
    frame["time"] = frame["time"].dt.tz_localize("UTC")
    levels = {one.value: one.name.lower() for one in Approval}
    frame["approval"] = [levels[level] for level in approval.tolist()]
    show(_records(frame), tuple(frame.columns), format)


def history(
    series: SeriesArgument,
    *,
    at: Annotated[str, typer.Option(metavar="TIME", help="Time of the reading")],
    format: FormatOption = "table",
) -> None:
    """List every version of one reading and every verdict on it, oldest first.

    With each who brought it, and why: the file, the reason of an edit or a verdict.
    """
    from ewater.store import reading_history

    time = microseconds("--at", at)
    with open_store() as engine, engine.connect() as connection:
        frame = reading_history.history(connection, series, time or 0)
    frame = _named(frame).astype({"load": "Int64"})
    show(_records(frame), tuple(frame.columns), format)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Put names for numbers: flag, failed tests, lineage."""
    from ewater.series.quality import names
    from ewater.terms import Flag, Lineage

    return frame.assign(
        flag=frame["flag"].map({f.value: f.name.lower() for f in Flag}),
        failed=frame["failed"].map(lambda bits: " ".join(names(int(bits))), "ignore"),
        lineage=frame["lineage"].map({k.value: k.name.lower() for k in Lineage}),
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]
