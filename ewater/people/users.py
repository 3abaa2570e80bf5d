"""Who may sign in: added, changed and shut out, each time with an audit row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.errors import UsageError
from ewater.people import guesses, passwords
from ewater.people.roles import ROLES, may
from ewater.store import audit, landing, registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection, RowMapping

FIRST_PASSWORD_DAYS = 7
_NAME = re.compile(r"[\w.@+-]{2,100}")
FIELDS = (
    "u.person_id, p.name, u.method, u.role, u.organisations, u.territories, "
    "u.must_change"
)
_AUDITED = ("method", "role", "organisations", "territories", "disabled", "must_change")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may sign in, as they stand now.

    ``organisations`` and ``territories`` are what they may see; empty is all.
    """

    id: UUID
    name: str
    method: str
    role: str
    organisations: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    must_change: bool = False

    def may(self, act: str) -> bool:
        """Whether the role of this person may do something."""
        return may(self.role, act)


def user_of(row: RowMapping) -> User:
    """Make a user of a row with `FIELDS`."""
    return User(
        id=row["person_id"],
        name=row["name"],
        method=row["method"],
        role=row["role"],
        organisations=tuple(row["organisations"]),
        territories=tuple(row["territories"]),
        must_change=row["must_change"],
    )


def login_name(name: str) -> str:
    """Write a name as it is kept: small letters.

    Raises
    ------
    UsageError
        It has blanks or signs that no name has.
    """
    wanted = name.strip().casefold()
    if not _NAME.fullmatch(wanted):
        raise UsageError(f"{name!r} is no name; use letters, digits and . _ @ + -")
    return wanted


def add(
    connection: Connection,
    name: str,
    *,
    role: str,
    by: str,
    organisations: Sequence[str] = (),
    territories: Sequence[str] = (),
    provider: bool = False,
) -> str | None:
    """Let a person sign in.

    Parameters
    ----------
    by
        Who decides it.
    provider
        The person signs in at the provider, which vouches for ``name`` as e-mail
        address; there is no password.

    Returns
    -------
    str or None
        The first password, which cannot be read again; None with a provider.

    Raises
    ------
    UsageError
        The name is taken, or the role or a code does not exist.
    """
    name = login_name(name)
    _check_role(role, organisations)
    _check_scope(connection, organisations, territories)
    password = None if provider else passwords.first()
    done = connection.execute(
        text(
            "INSERT INTO login_user (person_id, method, password, must_change, "
            "password_until, role, organisations, territories) "
            "VALUES (:id, :method, :password, :first, CASE WHEN :first THEN "
            "clock_timestamp() + make_interval(days => :days) END, :role, "
            ":organisations, :territories) ON CONFLICT DO NOTHING"
        ),
        {
            "id": landing.person(connection, name),
            "method": "provider" if provider else "password",
            "password": None if password is None else passwords.made(password),
            "first": not provider,
            "days": FIRST_PASSWORD_DAYS,
            "role": role,
            "organisations": list(organisations),
            "territories": list(territories),
        },
    )
    if not done.rowcount:
        raise UsageError(f"there is a user {name!r}; see `ewater user list`")
    _audited(connection, "user.add", name, by, before=None)
    return password


def read(connection: Connection) -> list[dict[str, Any]]:
    """All users, without their passwords."""
    rows = connection.execute(
        text(
            "SELECT p.name, u.role, u.method, array_to_string(u.organisations, ' ') "
            "AS organisations, array_to_string(u.territories, ' ') AS territories, "
            "u.must_change, u.created_at, u.last_login, u.disabled_at, "
            "(SELECT count(*) FROM login_session s WHERE s.person_id = u.person_id "
            " AND s.expires_at > clock_timestamp()) AS sessions "
            "FROM login_user u JOIN person p ON p.id = u.person_id ORDER BY p.name"
        )
    )
    return [dict(row) for row in rows.mappings()]


def any_exist(connection: Connection) -> bool:
    """Whether anybody may sign in."""
    found = connection.execute(
        text("SELECT EXISTS (SELECT FROM login_user WHERE disabled_at IS NULL)")
    )
    return bool(found.scalar_one())


def set_role(
    connection: Connection,
    name: str,
    *,
    by: str,
    role: str | None = None,
    organisations: Sequence[str] | None = None,
    territories: Sequence[str] | None = None,
) -> None:
    """Change what a person may do and see; it counts at their next request.

    What is None stays; an empty list means all.

    Raises
    ------
    UsageError
        There is no such user, role or code.
    """
    name, before = _known(connection, name)
    role = before["role"] if role is None else role
    mine = before["organisations"] if organisations is None else organisations
    areas = before["territories"] if territories is None else territories
    _check_role(role, mine)
    _check_scope(connection, mine, areas)
    _update(
        connection,
        name,
        "role = :role, organisations = :organisations, territories = :territories",
        role=role,
        organisations=list(mine),
        territories=list(areas),
    )
    _audited(connection, "user.role", name, by, before=before)


def disable(connection: Connection, name: str, *, by: str) -> None:
    """Shut a person out, also where they are signed in."""
    name, before = _known(connection, name)
    _update(connection, name, "disabled_at = coalesce(disabled_at, clock_timestamp())")
    _end_sessions(connection, name)
    _audited(connection, "user.disable", name, by, before=before)


def enable(connection: Connection, name: str, *, by: str) -> None:
    """Let a person in again."""
    name, before = _known(connection, name)
    _update(connection, name, "disabled_at = NULL")
    _audited(connection, "user.enable", name, by, before=before)


def reset_password(connection: Connection, name: str, *, by: str) -> str:
    """Give a new first password; whoever is signed in by the old one is signed out.

    Raises
    ------
    UsageError
        There is no such user, or they sign in at the provider.
    """
    name, before = _known(connection, name)
    if before["method"] != "password":
        raise UsageError(f"{name} signs in at the provider and has no password here")
    password = passwords.first()
    _update(
        connection,
        name,
        "password = :password, must_change = true, password_until = "
        "clock_timestamp() + make_interval(days => :days)",
        password=passwords.made(password),
        days=FIRST_PASSWORD_DAYS,
    )
    _end_sessions(connection, name)
    guesses.forgive(connection, "name", name)
    _audited(connection, "user.password_reset", name, by, before=before)
    return password


def change_password(
    connection: Connection, user: User, old: str, new: str, *, address: str | None
) -> None:
    """Let a person choose a password; their other browsers are signed out.

    The caller makes a new session for this one.

    Raises
    ------
    UsageError
        The old one is wrong, or the new one is too easy.
    """
    kept = connection.execute(
        text("SELECT password FROM login_user WHERE person_id = :id FOR UPDATE"),
        {"id": user.id},
    ).scalar_one_or_none()
    if not passwords.holds(kept, old):
        raise UsageError("the present password is wrong")
    passwords.check(new, name=user.name, old=old)
    _update(
        connection,
        user.name,
        "password = :password, must_change = false, password_until = NULL",
        password=passwords.made(new),
    )
    _end_sessions(connection, user.name)
    audit.record(
        connection,
        "user.password",
        f"person:{user.id}",
        who=user.id,
        before={"must_change": user.must_change},
        after={"must_change": False},
        address=address,
    )


def unlock(connection: Connection, name: str, *, by: str) -> None:
    """Forget a person's failed sign-ins.

    Raises
    ------
    UsageError
        There is no such user.
    """
    name, before = _known(connection, name)
    guesses.forgive(connection, "name", name)
    _audited(connection, "user.unlock", name, by, before=before)


def forget(connection: Connection, name: str, *, by: str) -> None:
    """Erase a person: name, user and sessions; the audit keeps the random id."""
    name, before = _known(connection, name)
    audit.record(
        connection,
        "user.forget",
        f"person:{before['id']}",
        who=landing.person(connection, by),
        before={key: before[key] for key in _AUDITED},
    )
    connection.execute(text("DELETE FROM person WHERE name = :name"), {"name": name})


def _known(connection: Connection, name: str) -> tuple[str, dict[str, Any]]:
    name = login_name(name)
    row = (
        connection.execute(
            text(
                "SELECT u.*, u.person_id AS id, u.disabled_at IS NOT NULL AS disabled "
                "FROM login_user u JOIN person p ON p.id = u.person_id "
                "WHERE p.name = :name FOR UPDATE OF u"
            ),
            {"name": name},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise UsageError(f"there is no user {name!r}; see `ewater user list`")
    return name, dict(row)


def _update(connection: Connection, name: str, what: str, **values: Any) -> None:
    connection.execute(
        text(
            f"UPDATE login_user SET {what} "  # noqa: S608 - from this module only
            "WHERE person_id = (SELECT id FROM person WHERE name = :name)"
        ),
        {"name": name, **values},
    )


def _end_sessions(connection: Connection, name: str) -> None:
    connection.execute(
        text(
            "DELETE FROM login_session WHERE person_id = "
            "(SELECT id FROM person WHERE name = :name)"
        ),
        {"name": name},
    )


def _audited(
    connection: Connection,
    action: str,
    name: str,
    by: str,
    *,
    before: dict[str, Any] | None,
) -> None:
    _, after = _known(connection, name)
    audit.record(
        connection,
        action,
        f"person:{after['id']}",
        who=landing.person(connection, by),
        before=None if before is None else {key: before[key] for key in _AUDITED},
        after={key: after[key] for key in _AUDITED},
    )


def _check_role(role: str, organisations: Sequence[str]) -> None:
    if role not in ROLES:
        raise UsageError(f"there is no role {role!r}; use {', '.join(ROLES)}")
    if role == "reporter" and not organisations:
        raise UsageError("a reporter reports for an organisation; name it")


def _check_scope(
    connection: Connection, organisations: Sequence[str], territories: Sequence[str]
) -> None:
    """Refuse a code that stands for nothing: it would hide everything."""
    if territories:
        known = set(registry.read_table(connection, "territories")["code"])
        if unknown := sorted(set(territories) - known):
            raise UsageError(f"no territory has the code {', '.join(unknown)}")
    if organisations:
        known = set(registry.read_table(connection, "sites")["organisation"].dropna())
        known |= set(registry.read_table(connection, "enterprises")["code"])
        if unknown := sorted(set(organisations) - known):
            raise UsageError(
                f"no site belongs to {', '.join(unknown)}, and no enterprise is called "
                f"so; there are: {', '.join(sorted(known)[:20]) or 'none'}"
            )
