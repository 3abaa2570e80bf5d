"""Subcommands of people: who may sign in, and what was changed."""

from __future__ import annotations

from typing import Annotated

import typer

from ewater.cli.rows import FormatOption, show
from ewater.cli.session import open_store

_group = typer.Typer(help="People who may sign in.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Login name")]
_ROLES = "viewer, analyst, engineer, reviewer, approver, reporter or admin"


def register(app: typer.Typer) -> None:
    """Add this area's subcommands."""
    app.add_typer(_group, name="user")
    app.command()(audit)


def _me() -> str:
    from ewater.ingest.outcome import Options

    return Options().person


def _say_password(password: str) -> None:
    from ewater.people.users import FIRST_PASSWORD_DAYS

    typer.echo(password)
    typer.echo(
        "first password, not shown again: it serves "
        f"{FIRST_PASSWORD_DAYS} days and must be changed at the first sign-in",
        err=True,
    )


@_group.command()
def add(
    name: _Name,
    *,
    role: Annotated[str, typer.Option(help=_ROLES)],
    organisation: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Sees its sites only; may be repeated"),
    ] = None,
    territory: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Sees it and its parts; may be repeated"),
    ] = None,
    provider: Annotated[
        bool,
        typer.Option("--provider", help="Signs in by OpenID Connect, NAME is e-mail"),
    ] = False,
) -> None:
    """Let a person sign in; prints a first password, once.

    Exit status: 0 done, 2 the name is taken, or a role or code does not exist.
    """
    from ewater.people import users

    with open_store() as engine, engine.begin() as connection:
        password = users.add(
            connection,
            name,
            role=role,
            by=_me(),
            organisations=organisation or (),
            territories=territory or (),
            provider=provider,
        )
    if password is None:
        typer.echo(
            f"{name}: signs in at the provider, which must vouch for this e-mail"
        )
    else:
        _say_password(password)


@_group.command("list")
def list_(*, format: FormatOption = "table") -> None:
    """List people who may sign in: role, what they see, last sign-in."""
    from ewater.people import users

    with open_store() as engine, engine.connect() as connection:
        rows = users.read(connection)
    columns = (
        "name", "role", "method", "organisations", "territories", "must_change",
        "sessions", "created_at", "last_login", "disabled_at",
    )  # fmt: skip
    show(rows, columns, format)


@_group.command()
def role(
    name: _Name,
    role: Annotated[str | None, typer.Argument(help=_ROLES)] = None,
    *,
    organisation: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="In place of those before")
    ] = None,
    territory: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="In place of those before")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Sees all that is not named here")
    ] = False,
) -> None:
    """Change what a person may do and see, from their next request on.

    Exit status: 0 done, 2 there is no such user, role or code.
    """
    from ewater.errors import UsageError
    from ewater.people import users

    if role is None and not (organisation or territory or everything):
        raise UsageError("name a role, --organisation, --territory or --everything")
    rest = () if everything else None
    with open_store() as engine, engine.begin() as connection:
        users.set_role(
            connection,
            name,
            by=_me(),
            role=role,
            organisations=organisation or rest,
            territories=territory or rest,
        )
    typer.echo(f"{name}: changed, from the next request on")


@_group.command()
def disable(name: _Name) -> None:
    """Shut a person out, also where they are signed in now."""
    from ewater.people import users

    with open_store() as engine, engine.begin() as connection:
        users.disable(connection, name, by=_me())
    typer.echo(f"{name}: shut out")


@_group.command()
def enable(name: _Name) -> None:
    """Let a person in again."""
    from ewater.people import users

    with open_store() as engine, engine.begin() as connection:
        users.enable(connection, name, by=_me())
    typer.echo(f"{name}: may sign in")


@_group.command()
def password(name: _Name) -> None:
    """Give a new first password; prints it, once. Also ends a lockout."""
    from ewater.people import users

    with open_store() as engine, engine.begin() as connection:
        given = users.reset_password(connection, name, by=_me())
    _say_password(given)


@_group.command()
def unlock(name: _Name) -> None:
    """Forget the failed sign-ins of a name, so that it can try again at once."""
    from ewater.people import users

    with open_store() as engine, engine.begin() as connection:
        users.unlock(connection, name, by=_me())
    typer.echo(f"{name}: may try again")


@_group.command()
def forget(name: _Name) -> None:
    """Erase a person's name, user and sessions; what they did keeps a random id."""
    from ewater.people import users

    with open_store() as engine, engine.begin() as connection:
        users.forget(connection, name, by=_me())
    typer.echo(f"{name}: forgotten")


def audit(
    *,
    action: Annotated[
        str | None, typer.Option(help="Such as login or user.role; or its first part")
    ] = None,
    object: Annotated[
        str | None, typer.Option(help="What it was done to, as it is kept")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Newest rows")] = 100,
    format: FormatOption = "table",
) -> None:
    """List what was changed or refused, by whom, before and after; newest first."""
    from ewater.store import audit as kept

    with open_store() as engine, engine.connect() as connection:
        rows = kept.read(connection, action=action, object=object, count=count)
    columns = ("at", "who", "action", "object", "before", "after", "address")
    show(rows, columns, format)
