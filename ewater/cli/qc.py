"""Quality control: spans judged again, limits, and what people decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from ewater.cli.readings import SeriesArgument
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import microseconds, open_store

if TYPE_CHECKING:
    from ewater.ingest.quality import Report

_MOST = 10  # series that are named in the table
_From = Annotated[str, typer.Option("--from", metavar="A", help="Start, included")]
_To = Annotated[str, typer.Option("--to", metavar="B", help="End, excluded")]
_MaybeFrom = Annotated[
    str | None, typer.Option("--from", metavar="A", help="Start, included")
]
_MaybeTo = Annotated[
    str | None, typer.Option("--to", metavar="B", help="End, excluded")
]
_Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the act")]
_Flag = Literal["pass", "suspect", "fail"]
_Level = Literal["working", "reviewed", "approved"]


class _Judging(TyperGroup):
    """A group that judges when no subcommand is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``run`` before what is no subcommand."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


qc = typer.Typer(
    cls=_Judging,
    help="Judge stored readings again, see their limits, approve and edit them. "
    "Without a subcommand: `ewater qc run`.",
)


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    for command in (run, balance, limits, approve, correct, retract):
        qc.command()(command)
    app.add_typer(qc, name="qc")


def run(
    series: Annotated[
        list[str] | None, typer.Argument(metavar="SERIES…", help="All if none is named")
    ] = None,
    *,
    start: _MaybeFrom = None,
    end: _MaybeTo = None,
    learn: Annotated[
        bool, typer.Option("--learn", help="Learn limits from the whole history first")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; write nothing")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """Put stored readings to the tests again, by the limits in force.

    Only flags and failed tests that differ are written; values, approvals and issue
    times stay. Exit status: 0 done (also when nothing differs), 2 failed.
    """
    from ewater.ingest.rejudge import rejudge

    with open_store() as engine:
        report, learned = rejudge(
            engine,
            series or None,
            microseconds("--from", start),
            microseconds("--to", end),
            learn=learn,
            dry_run=dry_run,
        )
    if format == "table" and learn:
        typer.echo(f"limits learned: {learned:,} differ from before")
    _say(report, format, dry_run=dry_run)


def balance(
    *,
    start: Annotated[
        str | None, typer.Option("--from", help="2023 or 2023-04; default: last year")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Included")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; write nothing")
    ] = False,
    format: FormatOption = "table",
) -> None:
    """Test by month whether measured nodes of the ledger close, and meters drift.

    Suspect are the readings of every member of a river reach, canal or reservoir
    that leaves over more than three standard uncertainties, and those of a totaliser
    more than 5 % from the discharge beside it. Where all is well again the mark is
    taken off. Exit status: 0 done, 2 failed.
    """
    from ewater.accounts import closing, dates, runs
    from ewater.ingest import derived

    with open_store() as engine:
        span = dates.span(start or str(runs.newest_year(engine)), end)
        done = closing.check(engine, *span, dry_run=dry_run)
        if not dry_run:
            derived.refresh(engine)
    names = ("test", "what", "period_start", "residual_m3", "u_m3", "z", "series")
    show(done.found, names, format)
    if format == "table":
        verb = "would change" if dry_run else "changed"
        typer.echo(
            f"{done.judged:,} months of nodes and meters judged, {len(done.found):,} "
            f"at fault; flag or failed tests of {done.changed:,} readings {verb}"
        )


def limits(
    series: SeriesArgument,
    *,
    format: FormatOption = "table",
) -> None:
    """Print the limits in force for a series, and where each comes from.

    kind: of its sensor; history: learned by `ewater qc --learn`; override: of
    limits.csv. SI units. A limit that is switched off has no value.
    """
    from ewater.ingest.explain import explain
    from ewater.ingest.limits import in_force

    with open_store() as engine, engine.connect() as connection:
        rows = explain(in_force(connection), series)
    names = ("limit", "value", "from", "valid_from", "valid_to", "meaning")
    show(rows, names, format)


def approve(
    series: SeriesArgument,
    *,
    start: _From,
    end: _To,
    level: Annotated[_Level, typer.Option(help="How far they have been looked at")],
    reason: _Reason,
    flag: Annotated[
        _Flag | None,
        typer.Option(help="Flag of all readings; each keeps its own if not given"),
    ] = None,
) -> None:
    """Say that a person has looked at the readings of a span.

    It outranks the tests, survives the source sending the same values again, and
    lapses where a value is revised. Level working takes an approval back.
    """
    from ewater.ingest import edits
    from ewater.series.quality_verdicts import Approval
    from ewater.terms import Flag

    with open_store() as engine:
        done = edits.approve(
            engine,
            series,
            microseconds("--from", start) or 0,
            microseconds("--to", end) or 0,
            level=Approval[level.upper()],
            verdict=None if flag is None else Flag[flag.upper()],
            note=reason,
        )
    counts = done.counts
    typer.echo(
        f"{series}: {counts.rows_read:,} readings {level}, "
        f"{counts.corrected:,} with another flag or mark"
    )


def correct(
    series: SeriesArgument,
    *,
    at: Annotated[str, typer.Option(metavar="T", help="Time of the reading")],
    value: Annotated[float, typer.Option(metavar="V", help="Right value, SI unit")],
    reason: _Reason,
) -> None:
    """Replace the value of a reading; the old one stays readable.

    The source sending the old value again changes nothing; another value, issued
    later, is a revision and wins.
    """
    import numpy as np

    from ewater.ingest import edits

    time = np.array([microseconds("--at", at) or 0])
    with open_store() as engine:
        done = edits.correct(engine, series, time, np.array([value]), note=reason)
    typer.echo(f"{series}: 1 reading corrected, load {done.load}")


def retract(
    series: SeriesArgument,
    *,
    start: _From,
    end: _To,
    reason: _Reason,
) -> None:
    """Take the readings of a span back; they stay readable as of before."""
    from ewater.ingest import edits

    with open_store() as engine:
        done = edits.retract_span(
            engine,
            series,
            microseconds("--from", start) or 0,
            microseconds("--to", end) or 0,
            note=reason,
        )
    typer.echo(f"{series}: {done.counts.rows_read:,} readings retracted")


def _say(report: Report, format: str, *, dry_run: bool) -> None:
    if format == "json":
        typer.echo(
            json.dumps(
                {
                    "dry_run": dry_run,
                    "readings": report.readings,
                    "changed": report.changed,
                    "loads": report.loads,
                    "tests": report.tests,
                    "flags": report.flags,
                    "series": report.series,
                },
                indent=1,
            )
        )
        return
    most = sorted(report.series.items(), key=lambda item: (-item[1], item[0]))
    shown = most[:_MOST] if format == "table" else most
    rows = [
        {"what": what, "name": name, "readings": count}
        for what, counts in (
            ("failed test", report.tests.items()),
            ("flag", report.flags.items()),
            ("changed", shown),
        )
        for name, count in counts
    ]
    show(rows, ("what", "name", "readings"), format)
    if format != "table":
        return
    if len(most) > _MOST:
        typer.echo(f"and {len(most) - _MOST:,} more series")
    done = "would change" if dry_run else "changed"
    typer.echo(
        f"{report.readings:,} readings judged, flag or failed tests of "
        f"{report.changed:,} {done}"
    )
