"""The clock of the country."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FIRST = text(
    "SELECT timezone FROM calendars WHERE recorded_to IS NULL ORDER BY code LIMIT 1"
)


def zone(connection: Connection) -> str | None:
    """Zone of the country: that of its first calendar; None where none is loaded."""
    found = connection.scalar(_FIRST)
    return None if found is None else str(found)
