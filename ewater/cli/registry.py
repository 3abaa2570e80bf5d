"""Subcommands of the registry: a country folder in and out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewater.cli.session import instant, open_store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ewater.store.registry import LoadSummary

_SHOWN = 10  # series that are named

_FOLDER = Annotated[Path, typer.Argument(metavar="DIR", help="Country folder")]


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.command()(load)
    app.command()(dump)


def load(
    folder: _FOLDER,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; change nothing")
    ] = False,
) -> None:
    """Load a country folder into the registry, all of it or nothing.

    A file that is there is the whole truth of its table, except reports.csv, which
    adds and replaces, and returns.jsonl, which adds. Exit status: 0 loaded (also when
    nothing was new), 2 refused; every fault is listed and nothing changed.
    """
    from ewater.accounts import view_files
    from ewater.balance.expressions import codes
    from ewater.ingest import limits
    from ewater.ingest.outcome import Options
    from ewater.reports import carry_load, who
    from ewater.reports import form as forms
    from ewater.store import folder as folders
    from ewater.store import registry

    started = time.perf_counter()
    with (
        open_store() as engine,
        engine.connect() as connection,
        connection.begin() as transaction,
    ):
        known = registry.read(connection)
        before = None if known["series"].empty else limits.in_force(connection)
        frames = folders.read(folder, known=known, expression_codes=codes)
        forms.check(frames)
        view_files.check(folder, frames, known)
        summary = registry.load(connection, frames, expression_codes=codes)
        others = limits.differing(before, limits.in_force(connection))
        judged = _judged(connection, others)
        person = who.command(connection, Options().person)
        returns = carry_load.load(connection, folder, person)
        if dry_run:
            transaction.rollback()
    for line in _table(summary):
        typer.echo(line)
    if returns is not None:
        typer.echo(f"returns: {returns.new:,} new, {returns.unchanged:,} unchanged")
    typer.echo(_outcome(summary, time.perf_counter() - started, dry_run=dry_run))
    if judged:
        typer.echo(
            f"{len(judged)} series with readings have other limits now; what is stored "
            "keeps its flags until `ewater qc` judges it again:"
        )
    for line in judged[:_SHOWN]:
        typer.echo(f"  ewater qc {line}")
    if len(judged) > _SHOWN:
        typer.echo(f"  and {len(judged) - _SHOWN} more")


def _judged(connection: Connection, codes: list[str]) -> list[str]:
    """Spans of stored readings of some series, as `ewater qc` takes them."""
    from ewater.store import chunks, quality_due
    from ewater.store.instants import instant

    if not codes:
        return []
    names = chunks.series_codes(connection)
    spans, _ = quality_due.extents(connection, chunks.series_ids(connection, codes))
    return [
        f"{names[number]} --from {instant(first).isoformat()} "
        f"--to {instant(last + 1).isoformat()}"
        for number, first, last in zip(
            spans.series_id.tolist(),
            spans.first.tolist(),
            spans.last.tolist(),
            strict=True,
        )
    ]


def dump(
    folder: _FOLDER,
    *,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="T", help="Registry as it stood, ISO 8601 with offset"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace country files that are there")
    ] = False,
) -> None:
    """Write the registry, and the returns of enterprises, as a country folder.

    Exit status: 0 written, 2 refused; nothing changed.
    """
    from ewater.errors import UsageError
    from ewater.reports import carry
    from ewater.store import registry

    started = time.perf_counter()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not force:
        raise UsageError(f"{folder} is not empty; name another folder, or use --force")
    when = instant("--as-of", as_of)
    with open_store() as engine:
        frames = registry.dump(engine, folder, when)
        count = 0
        if when is None:
            with engine.connect() as connection:
                count = carry.dump(connection, folder)
    rows = sum(len(frame) for frame in frames.values())
    seconds = time.perf_counter() - started
    written = f"{len(frames)} files, {rows} rows"
    written += f", {count} returns" if count else ""
    typer.echo(f"{folder}: {written} written in {seconds:.1f} s")
    if when is not None:
        typer.echo("returns are written as they stand only: left out", err=True)


def _table(summary: LoadSummary) -> list[str]:
    names = ("new", "changed", "retired", "unchanged")
    lines = [f"{'':20}" + "".join(f"{name:>11}" for name in names)]
    for table, counts in summary.tables.items():
        cells = "".join(f"{getattr(counts, name):>11,}" for name in names)
        lines.append(f"{table:20}{cells}")
    return lines


def _outcome(summary: LoadSummary, seconds: float, *, dry_run: bool) -> str:
    if summary.recorded_at is None:
        return f"nothing new, in {seconds:.1f} s"
    if dry_run:
        return f"nothing was changed: a dry run, in {seconds:.1f} s"
    return f"recorded at {summary.recorded_at.isoformat()}, in {seconds:.1f} s"
