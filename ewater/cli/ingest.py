"""Subcommands of loads: load files, see what was rejected, compact."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewater.cli.files import words
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import instant, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

    from ewater.ingest.outcome import Options, Outcome, Span
    from ewater.ingest.parse import Reject
    from ewater.ingest.profiles.model import Profile

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    for command in (ingest, rejects, compact):
        app.command()(command)


def ingest(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Files, or folders of them")
    ],
    *,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="A", help="Take readings from A on only"),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="B", help="Take readings before B only"),
    ] = None,
    issued_at: Annotated[
        str | None,
        typer.Option(metavar="T", help="When the source issued the files, ISO 8601"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="P", help="What the files are like: a name or YAML file"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and count; write nothing")
    ] = False,
    no_progress: Annotated[
        bool, typer.Option("--no-progress", help="Show no progress bar")
    ] = False,
) -> None:
    """Load files of readings or reports, told apart by their header.

    With --profile, files of any layout that it describes; `ewater profile list`.
    Of folders all files are taken, also below them, in order of their names.
    Each file is published whole or not at all. Exit status: 0 loaded (also when
    nothing was new), 1 loaded with rejected rows, 2 a file failed and nothing of
    it is loaded.
    """
    from ewater.errors import EWaterError
    from ewater.ingest.folders import find
    from ewater.ingest.outcome import Options

    status = 0
    issued = instant("--issued-at", issued_at)
    span = span_of(start, end)
    described = _described(profile)
    found = find(files)
    for path, reason in found.skipped:
        typer.echo(f"{path}: skipped: {reason}", err=True)
    with open_store() as engine:
        for path in found.files:
            try:
                with _progress(path, hidden=no_progress) as advance:
                    options = Options(
                        issued_at=issued,
                        dry_run=dry_run,
                        progress=advance,
                        profile=described,
                        span=span,
                        say=_note,
                    )
                    outcome = _ingest(engine, path, options)
            except (EWaterError, OSError) as error:
                typer.echo(words(error, path), err=True)
                status = 2
                continue
            say(outcome)
            status = max(status, 1 if outcome.counts.rejected else 0)
    raise typer.Exit(status)


def span_of(start: str | None, end: str | None) -> Span:
    """Read the span of --from and --to."""
    from ewater.errors import UsageError
    from ewater.ingest.outcome import Span

    span = Span(start=instant("--from", start), end=instant("--to", end))
    first, last = span.bounds_us
    if first >= last:
        raise UsageError(f"--from {start} is not before --to {end}")
    return span


def _described(profile: str | None) -> Profile | None:
    if profile is None:
        return None
    from ewater.ingest.profiles.find import find

    return find(profile)


def _note(message: str) -> None:
    typer.echo(message, err=True)


def _ingest(engine: Engine, path: Path, options: Options) -> Outcome:
    from ewater.ingest.source import File
    from ewater.ingest.sources import running

    return running.by_hand(engine, File(path), options)


def rejects(
    *,
    load: Annotated[
        int | None, typer.Option(metavar="N", help="Rows of this load only")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Load held rows that can be by now")
    ] = False,
    accept_unit: Annotated[
        bool,
        typer.Option("--accept-unit", help="With --load and --replay: they are right"),
    ] = False,
    format: FormatOption = "table",
) -> None:
    """List rows that were not loaded, with line, reason and text.

    Held rows wait for a series or an enterprise to be registered; --replay loads
    them then. Rows that seem to be in another unit wait for --accept-unit, by which
    you say that they are right. Exit status: 0 done, 1 replayed with rows rejected
    again, 2 failed.
    """
    from ewater.errors import UsageError
    from ewater.ingest import replay as held
    from ewater.ingest.outcome import Options
    from ewater.store import rejects

    if accept_unit and not (replay and load):
        raise UsageError(
            "--accept-unit is said of one load; give --replay and --load N too"
        )
    with open_store() as engine:
        if replay:
            outcomes = held.replay(engine, load, Options(unit_accepted=accept_unit))
            for outcome in outcomes:
                say(outcome)
            if not outcomes:
                typer.echo("no held row can be loaded by now")
            raise typer.Exit(int(any(o.counts.rejected for o in outcomes)))
        with engine.connect() as connection:
            rows = rejects.read(connection, load)
    columns = (
        "load",
        "source",
        "line",
        "column",
        "reason",
        "held",
        "resolved_by",
        "raw",
    )
    show(rows, (*columns, "detail") if format != "table" else columns, format)


def compact(
    series: Annotated[
        list[str] | None, typer.Argument(metavar="SERIES…", help="All if none is named")
    ] = None,
) -> None:
    """Fold changes into larger chunks; every read stays the same, also as of."""
    from ewater.store import chunks_compact, unfinished

    with open_store() as engine:
        unfinished.sweep(engine)
        done = chunks_compact.compact(engine, series or None)
    typer.echo(
        f"{done.folded:,} chunks folded into {done.written:,}, "
        f"{done.readings:,} readings and versions"
    )


@contextmanager
def _progress(path: Path, *, hidden: bool) -> Iterator[Callable[[int], None] | None]:
    if hidden or not path.is_file():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    columns = (
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=path.stat().st_size)
        yield lambda size: bar.advance(task, size)


def say(outcome: Outcome) -> None:
    """Print what a load did."""
    """Print what a load did, and the first rows that were rejected."""
    counts = outcome.counts
    parts = [f"{counts.rows_read:,} rows read", f"{counts.accepted:,} accepted"]
    parts += [f"{counts.rejected:,} rejected"]
    kinds = ("new", "corrected", "unchanged", "outdated")
    detail = ", ".join(f"{getattr(counts, kind):,} {kind}" for kind in kinds)
    if outcome.outside:
        detail += f"; {outcome.outside:,} outside --from and --to"
    if outcome.known:
        typer.echo(
            f"{outcome.source}: nothing new: the same bytes are load {outcome.load} "
            f"({', '.join(parts)}), {outcome.seconds:.1f} s"
        )
        return
    where = "trial, nothing written" if outcome.load is None else f"load {outcome.load}"
    rate = counts.rows_read / max(outcome.seconds, 1e-9)
    typer.echo(
        f"{outcome.source}: {where}: {', '.join(parts)} ({detail}), "
        f"{outcome.seconds:.1f} s, {rate:,.0f} rows/s"
    )
    if not counts.rows_read:
        typer.echo(f"{outcome.source}: the file is whole and has no rows")
    _say_rejects(outcome.rejects)
    _say_cleared(outcome.cleared)
    if counts.rejected and outcome.load is not None:
        typer.echo(f"see `ewater rejects --load {outcome.load}`")


def _say_rejects(rejected: Sequence[Reject]) -> None:
    for row in rejected[:_SHOWN]:
        if "!" in row.column:  # a cell of a template says it all
            typer.echo(f"  sheet {row.column}: {row.message}")
            continue
        place = f"line {row.line}" + (f", {row.column}" if row.column else "")
        typer.echo(f"  {place}: {row.reason}: {row.message}: {row.raw}")
    if len(rejected) > _SHOWN:
        typer.echo(f"  and {len(rejected) - _SHOWN:,} more")


def _say_cleared(cells: Sequence[str]) -> None:
    """Say of blank cells that what was handed in before stands."""
    if not cells:
        return
    typer.echo(
        f"{len(cells):,} blank cells have readings already, which stay unchanged; to "
        "withdraw one: ewater qc retract SERIES --from … --to … --reason …"
    )
    for cell in cells[:_SHOWN]:
        typer.echo(f"  {cell}")
    if len(cells) > _SHOWN:
        typer.echo(f"  and {len(cells) - _SHOWN:,} more")
