"""Sign-in by name and password: counted, looked at, answered the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.errors import EWaterError, UsageError
from ewater.people import guesses, passwords, sessions, users
from ewater.store import audit

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from ewater.people.users import User

_FIND = text(
    f"SELECT {users.FIELDS}, u.password FROM login_user u "  # noqa: S608 - from this package only
    "JOIN person p ON p.id = u.person_id WHERE p.name = :name "
    "AND u.disabled_at IS NULL AND u.method = 'password' "
    "AND (u.password_until IS NULL OR u.password_until > clock_timestamp())"
)


class LockedError(EWaterError):
    """Too many failed attempts; none is looked at for a while."""


class WrongError(EWaterError):
    """Name and password do not belong together; it is not said why."""


def sign_in(
    engine: Engine, name: str, password: str, *, hours: int, address: str
) -> tuple[User, str]:
    """Look at a name and password; returns the user and the token of the session.

    Raises
    ------
    LockedError
        Too many failed attempts of this name or from this address.
    WrongError
        They do not belong together, or the user is shut out or has never been.
    """
    try:
        name = users.login_name(name)
    except UsageError:
        name = ""
    origin = guesses.household(address)
    _count_attempt(engine, name, address, origin)
    with engine.begin() as connection:
        row = connection.execute(_FIND, {"name": name}).mappings().one_or_none()
        if row is not None and passwords.holds(row["password"], password):
            guesses.give_back(connection, "address", origin)  # locked in this order
            guesses.forgive(connection, "name", name)
            _renew_hash(connection, row["person_id"], row["password"], password)
            user = users.user_of(row)
            return user, begin(connection, user, hours=hours, address=address)
        if row is None:
            passwords.holds(None, password)  # takes as long
        _refused(connection, "login.failed", name, address)
    raise WrongError("name or password is wrong")


def begin(connection: Connection, user: User, *, hours: int, address: str) -> str:
    """Begin the session of somebody who proved who they are; returns its token."""
    connection.execute(
        text(
            "UPDATE login_user SET last_login = clock_timestamp() WHERE person_id = :id"
        ),
        {"id": user.id},
    )
    audit.record(connection, "login", f"person:{user.id}", who=user.id, address=address)
    return sessions.begin(connection, user.id, hours=hours, address=address)


def _count_attempt(engine: Engine, name: str, address: str, origin: str) -> None:
    """Count before looking, in a transaction of its own."""
    with engine.begin() as connection:
        taken = guesses.take(connection, "address", origin)
        if taken and guesses.take(connection, "name", name):
            return
        _refused(connection, "login.locked", name, address)
    raise LockedError("too many attempts; wait and try again")


def _renew_hash(connection: Connection, person: UUID, kept: str, password: str) -> None:
    if passwords.outdated(kept):
        connection.execute(
            text("UPDATE login_user SET password = :new WHERE person_id = :id"),
            {"new": passwords.made(password), "id": person},
        )


def _refused(connection: Connection, action: str, name: str, address: str) -> None:
    """Say so in the audit; what was typed is not kept: it may be a password."""
    person = connection.execute(
        text(
            "SELECT u.person_id FROM login_user u JOIN person p ON p.id = u.person_id "
            "WHERE p.name = :name"
        ),
        {"name": name},
    ).scalar_one_or_none()
    whose = "nobody" if person is None else f"person:{person}"
    audit.record(connection, action, whose, who=None, address=address)
