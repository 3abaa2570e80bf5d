"""Sessions in the database: what is taken away there counts at the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.people import tokens
from ewater.people.users import FIELDS, user_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ewater.people.users import User

_SEEN_EVERY = "interval '1 minute'"  # a request does not write unless so much passed

_FIND = text(
    f"SELECT {FIELDS}, s.last_seen < clock_timestamp() - {_SEEN_EVERY} AS unseen "  # noqa: S608 - from this package only
    "FROM login_session s JOIN login_user u ON u.person_id = s.person_id "
    "JOIN person p ON p.id = u.person_id "
    "WHERE s.sha256 = :sha256 AND u.disabled_at IS NULL "
    "AND s.expires_at > clock_timestamp() "
    "AND s.last_seen > clock_timestamp() - make_interval(mins => :idle)"
)


def begin(
    connection: Connection, person: UUID, *, hours: int, address: str | None
) -> str:
    """Sign a browser in; returns the token for its cookie.

    Parameters
    ----------
    hours
        The session ends then, however busy it is.
    """
    token = tokens.new()
    connection.execute(
        text(
            "INSERT INTO login_session (sha256, person_id, expires_at, address) VALUES "
            "(:sha256, :person, clock_timestamp() + make_interval(hours => :hours), "
            ":address)"
        ),
        {
            "sha256": token.sha256,
            "person": person,
            "hours": hours,
            "address": address,
        },
    )
    connection.execute(
        text("DELETE FROM login_session WHERE expires_at < clock_timestamp()")
    )
    return token.said


def find(connection: Connection, said: str, *, idle_minutes: int) -> User | None:
    """Who is signed in by a token; None if it does not hold, or no longer."""
    sha256 = tokens.hashed(said)
    row = (
        connection.execute(_FIND, {"sha256": sha256, "idle": idle_minutes})
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    if row["unseen"]:
        connection.execute(
            text(
                "UPDATE login_session SET last_seen = clock_timestamp() "
                "WHERE sha256 = :sha256"
            ),
            {"sha256": sha256},
        )
    return user_of(row)


def end(connection: Connection, said: str) -> None:
    """Sign a browser out."""
    connection.execute(
        text("DELETE FROM login_session WHERE sha256 = :sha256"),
        {"sha256": tokens.hashed(said)},
    )
