"""Whom the provider sends: a user who was added, or a new viewer if that is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.people import users
from ewater.people.provider import ProviderError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ewater.people.provider import Identity
    from ewater.people.users import User

_FIND = (
    f"SELECT {users.FIELDS} FROM login_user u "  # noqa: S608 - from this package only
    "JOIN person p ON p.id = u.person_id "
    "WHERE u.method = 'provider' AND u.disabled_at IS NULL AND "
)


def user_of(connection: Connection, who: Identity, *, provision: bool) -> User:
    """Find who comes from the provider; at the first time by the e-mail it verified.

    A user with a password here is never found so: who is at the provider could
    otherwise take the account of a person here.

    Parameters
    ----------
    provision
        Whoever the provider knows is added as viewer.

    Raises
    ------
    ProviderError
        Nobody was added for this person, or they are shut out.
    """
    known = {"issuer": who.issuer, "subject": who.subject}
    found = _find(connection, "u.issuer = :issuer AND u.subject = :subject", **known)
    if found is not None:
        return found
    if who.email is None:
        raise ProviderError("the provider has verified no e-mail address of theirs")
    if provision and not _exists(connection, who.email):
        users.add(connection, who.email, role="viewer", by="provider", provider=True)
    found = _find(connection, "p.name = :email AND u.subject IS NULL", email=who.email)
    if found is None:
        raise ProviderError("nobody was added for this person")
    connection.execute(
        text(
            "UPDATE login_user SET issuer = :issuer, subject = :subject "
            "WHERE person_id = :id"
        ),
        {"id": found.id, **known},
    )
    return found


def _find(connection: Connection, which: str, **values: str) -> User | None:
    row = connection.execute(text(_FIND + which), values).mappings().one_or_none()
    return None if row is None else users.user_of(row)


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM login_user u JOIN person p "
            "ON p.id = u.person_id WHERE p.name = :name)"
        ),
        {"name": name},
    )
    return bool(found.scalar_one())
