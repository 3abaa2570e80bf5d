"""Editions: sealed, reviewed, approved, published, verified, compared, taken away."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewater.cli import files
from ewater.cli.options import AsOfOption, CalendarOption, StepOption, TerritoryOption
from ewater.cli.rows import FormatOption, show
from ewater.cli.session import instant, open_store
from ewater.terms import Boundary

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.accounts.editions.keys import Signer

app = typer.Typer(
    name="edition",
    help="Accounts that are sealed, signed and can be re-performed.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="Name of the edition")]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who signs; default: your account name")
]
ExceptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--except", help="What is in the way and shall not be, by name; repeatable"
    ),
]
ReasonOption = Annotated[str, typer.Option(help="Why, for the log")]
_LISTED = ("name", "territory", "period_start", "period_end", "state", "seal", "intact")
_SHOWN = ("name", "territory", "first_day", "last_day", "state", "seal", "intact")

_MOVED = ("a", "b", "change", "value_a", "value_b")


def register(parent: typer.Typer) -> None:
    """Add this area's subcommands."""
    parent.add_typer(app)


@app.command()
def seal(
    *,
    name: Annotated[str, typer.Option(help="What it shall be called")],
    period: Annotated[str, typer.Option(help="2025, 2025-04 or a first day")],
    to: Annotated[str | None, typer.Option(help="Last year or month, included")] = None,
    territory: TerritoryOption = None,
    step: StepOption = "year",
    calendar: CalendarOption = None,
    boundary: Annotated[Boundary, typer.Option(help="What is inside")] = "managed",
    as_of: AsOfOption = None,
    least_coverage: Annotated[
        float, typer.Option(min=0, max=1, help="Least coverage without an exception")
    ] = 0.75,
    excepted: ExceptOption = None,
    by: ByOption = None,
    reason: ReasonOption = "",
) -> None:
    """Compute an account from the beginning and seal it as a draft.

    Refused while something is stale, unapproved or covered too little: each is
    named, and sealed with the exception on record if it is named with --except.

    Exit status: 0 sealed, 2 refused and nothing written.
    """
    from ewater.accounts import dates
    from ewater.accounts.editions import seal as sealing

    start, end = dates.span(period, to)
    with open_store() as engine:
        done = sealing.seal(
            engine,
            sealing.Wanted(
                name=name,
                start=start,
                end=end,
                territory=territory or country_of(engine),
                step=step,
                calendar=calendar,
                boundary=boundary,
                as_of=instant("--as-of", as_of),
                least_coverage=least_coverage,
            ),
            signer(engine, by, "analyse"),
            excepted=excepted or (),
            reason=reason,
        )
    typer.echo(
        f"{done['name']}: {done['cells']:,} cells from {done['readings']:,} readings, "
        f"as of {done['as_of'].isoformat()}"
    )
    for exception in done["exceptions"]:
        typer.echo(f"except {exception}")
    typer.echo(f"root {done['root']}\nseal {done['seal']}\ndraft")


def _step(verb: str, act: str, told: str) -> None:
    """Add the command of one step."""

    def step(
        name: NameArgument,
        *,
        excepted: ExceptOption = None,
        by: ByOption = None,
        reason: ReasonOption = "",
    ) -> None:
        from ewater.accounts.editions import seal as sealing

        with open_store() as engine:
            done = sealing.advance(
                engine,
                name,
                verb,
                signer(engine, by, act),
                excepted=excepted or (),
                reason=reason,
            )
        typer.echo(f"{done['name']}: {done['state']}\nseal {done['seal']}")

    step.__doc__ = f"{told}\n\nExit status: 0 done, 2 refused and nothing written."
    app.command(verb)(step)


_step("review", "review", "Say that a draft was examined; not by who sealed it.")
_step("approve", "approve", "Approve what was reviewed; not by who sealed it.")
_step("publish", "approve", "Publish what was approved.")
_step("withdraw", "approve", "Take an edition back; it stays and says so.")


@app.command("list")
def list_(format: FormatOption = "table") -> None:
    """List the editions: state, seal, and what verifying them found last.

    Exit status: 0 listed, 2 failed.
    """
    from ewater.accounts.editions import show as shown

    with open_store() as engine, engine.connect() as connection:
        rows = shown.listing(connection)
    if format == "table":
        rows = [_short(row) | _days(row) for row in rows]
        none = "No edition yet; `ewater edition seal` makes one"
        show(rows, (*_SHOWN, "checked_at"), format, none=none)
    else:
        show(rows, list(rows[0]) if rows else _LISTED, format)


@app.command("show")
def show_(
    name: NameArgument,
    *,
    territory: TerritoryOption = None,
    cells: Annotated[bool, typer.Option("--cells", help="All sealed figures")] = False,
    format: FormatOption = "table",
) -> None:
    """Show one edition: parameters, exceptions, steps and who took them.

    With --cells its sealed figures, rounded to 1 m3. Exit status: 0 shown, 2 failed.
    """
    from ewater.accounts.editions import render
    from ewater.accounts.editions import show as shown

    with open_store() as engine, engine.connect() as connection:
        document = shown.document(connection, name)
        if cells:
            found = shown.figures(connection, name, territory)
    if cells:
        rows = render.cell_rows(found)
        show(rows, render.CELL_COLUMNS, format)
    elif format == "json":
        _json(document)
    else:
        typer.echo(render.edition(document))


@app.command()
def log(format: FormatOption = "table") -> None:
    """List the steps of all editions, oldest first, with their hashes.

    Exit status: 0 listed, 2 failed.
    """
    from ewater.accounts.editions import show as shown

    with open_store() as engine, engine.connect() as connection:
        rows = shown.steps(connection)
    if format == "json":
        _json(rows)
        return
    columns = ("seq", "at", "edition", "state", "who", "reason", "hash")
    told = [
        row | {"reason": row["note"]["reason"], "who": row["who"] or row["person"]}
        for row in rows
    ]
    shown_rows = [_short(row) for row in told] if format == "table" else told
    none = "No step yet; `ewater edition seal` takes the first"
    show(shown_rows, columns, format, none=none)


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="Name of the edition, or its archive")],
    *,
    against_store: Annotated[
        bool,
        typer.Option(
            "--against-store", help="Also look for the steps of an archive in the store"
        ),
    ] = False,
    by: ByOption = None,
    format: FormatOption = "table",
) -> None:
    """Re-perform an edition and compare it to the last byte.

    Names every reading, row, step or file that is not as it was sealed, and every
    cell that it touches. An archive needs no store. What is found of an edition of
    the store is kept. Exit status: 0 intact, 1 something differs, 2 it cannot be
    verified.
    """
    from ewater.accounts.editions import checking, render

    path = Path(name)
    if path.is_file():
        document = _of_archive(path, against_store)
    else:
        with open_store() as engine:
            document = checking.check(engine, name, _name(by))
    if format == "json":
        _json(document)
    else:
        typer.echo(render.verification(document))
    raise typer.Exit(0 if document["intact"] else 1)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="The earlier edition, or its archive")],
    b: Annotated[str, typer.Argument(help="The later one")],
    *,
    territory: TerritoryOption = None,
    cell: Annotated[str, typer.Option(help="Cells whose names begin so")] = "",
    top: Annotated[int, typer.Option(min=0, help="Cells listed; 0: all")] = 20,
    format: FormatOption = "table",
) -> None:
    """Say what changed from one edition to another, and why.

    Each cell that moved is split into late data, corrections, curves, returns, the
    rest of the registry, and the program, replaced one after the other in this order;
    the parts add up to the whole. It is kept for the page /editions.

    Exit status: 0 compared, 2 failed.
    """
    from ewater.accounts import runs
    from ewater.accounts.editions import diff as differing
    from ewater.accounts.editions import render

    paths = [Path(name) for name in (a, b)]
    with contextlib.ExitStack() as stack:
        archived = all(path.is_file() for path in paths)
        engine = None if archived else stack.enter_context(open_store())
        sides = [
            differing.of_archive(path)
            if engine is None or path.is_file()
            else differing.of_store(engine, str(path))
            for path in paths
        ]
        document = differing.difference(*sides)
        if engine is not None and not any(path.is_file() for path in paths):
            differing.keep(engine, document)
    cells = render.chosen(document, territory, cell)
    if format == "json":
        _json(document | {"cells": cells})
    elif format == "csv":
        groups = document["groups"]
        rows = [one | (one["parts"] or dict.fromkeys(groups)) for one in cells]
        show(rows, ("territory", "period", "cell", "unit", *_MOVED, *groups), format)
    else:
        calendar = runs.calendar_of(
            sides[0].frames["calendars"], sides[0].spec.calendar or None
        )
        told = render.difference(
            document, calendar.timezone, territory=territory, cell=cell, top=top
        )
        typer.echo(told)


def _of_archive(path: Path, against_store: bool) -> Any:
    from ewater.accounts.editions import archive_read, archive_verify

    outcome = archive_verify.check(path)
    if against_store:
        manifest = archive_read.manifest_of(path, archive_read.read(path)[0])
        with open_store() as engine, engine.connect() as connection:
            strange = archive_verify.strange_steps(connection, manifest)
            outcome.differences += [(one, [], []) for one in strange]
    return outcome.document()


@app.command()
def export(
    name: NameArgument,
    *,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: NAME.tar here")
    ] = None,
) -> None:
    """Write an edition as one archive that stands for itself.

    Equal editions give equal bytes. Exit status: 0 written, 2 failed and nothing
    written.
    """
    from ewater.accounts.editions import archive

    path = files.place(out or Path(f"{name}.tar"))
    with open_store() as engine:
        manifest = archive.export(engine, name, path)
    typer.echo(
        f"{path}: {len(manifest['files']) + 1} files, {path.stat().st_size:,} bytes, "
        f"{manifest['state']}\nseal {manifest['seal']}"
    )


def _json(document: Any) -> None:
    import json

    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=str))


def _short(row: dict[str, Any]) -> dict[str, Any]:
    cut = {n: row[n] and row[n][:12] for n in ("seal", "hash") if n in row}
    times = ("period_start", "period_end", "at", "checked_at")
    return row | cut | {n: row[n] and f"{row[n][:16]}Z" for n in times if n in row}


def _days(row: dict[str, Any]) -> dict[str, str]:
    """First and last day of an edition, by its own calendar."""
    from ewater.accounts.editions import show as shown

    zone = row["timezone"]
    first = shown.day(row["period_start"], zone)
    last = shown.day(row["period_end"], zone, last=True)
    return {"first_day": str(first), "last_day": str(last)}


def country_of(engine: Engine) -> str:
    """Code of the country, where there is exactly one."""
    from ewater.errors import NotReadyError, UsageError
    from ewater.store import registry

    with engine.connect() as connection:
        frame = registry.read_table(connection, "territories")
    if frame.empty:
        raise NotReadyError(
            "no country is loaded; run `ewater load DIR` or `ewater demo`"
        )
    countries = frame.loc[frame["kind"] == "country", "code"].tolist()
    if len(countries) != 1:
        raise UsageError("name a territory; there is not exactly one country")
    return str(countries[0])


def _name(by: str | None) -> str:
    import getpass

    return by or getpass.getuser()


def signer(engine: Engine, by: str | None, act: str) -> Signer:
    """Take the key of who signs; where there are users, their role must allow it."""
    from ewater.accounts.editions import keys
    from ewater.errors import ForbiddenError
    from ewater.people import users
    from ewater.people.roles import may
    from ewater.settings import settings

    name = _name(by)
    with engine.connect() as connection:
        known = {
            user["name"]: user["role"]
            for user in users.read(connection)
            if user["disabled_at"] is None
        }
    if known and not (name in known and may(known[name], act)):
        raise ForbiddenError(
            f"{name!r} may not {act}; sign with --by as somebody whose role does "
            "(`ewater user list`)"
        )
    return keys.signer(settings().home, name)
