"""Microseconds since 1970 UTC and PostgreSQL's timestamps, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import Cursor
    from sqlalchemy import Connection

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = -62_135_596_800_000_000  # year 1
LATEST = 253_402_300_799_999_999  # year 9999


def instant(microseconds: int) -> datetime:
    """Timestamp of a number of microseconds.

    Examples
    --------
    >>> instant(1_500_000).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    return EPOCH + timedelta(microseconds=microseconds)


def instants(microseconds: NDArray[np.int64]) -> list[datetime]:
    """Timestamps of many."""
    naive: list[datetime] = microseconds.astype("M8[us]").tolist()
    return [moment.replace(tzinfo=UTC) for moment in naive]


def array(microseconds: NDArray[np.int64]) -> str:
    """Timestamps of many as one parameter, for ``%s::timestamptz[]``.

    The driver takes ten times as long over a list.

    Examples
    --------
    >>> array(np.array([1_500_000]))
    '{1970-01-01T00:00:01.500000Z}'
    """
    said = np.datetime_as_string(microseconds.astype("M8[us]"), timezone="UTC")
    return "{" + ",".join(said.tolist()) + "}"


def microseconds(moment: datetime) -> int:
    """Microseconds of a timestamp.

    Examples
    --------
    >>> microseconds(instant(-1))
    -1
    """
    return (moment - EPOCH) // timedelta(microseconds=1)


def in_utc(moment: datetime | str) -> datetime:
    """Give a time in UTC: one moment, one way to write it.

    Raises
    ------
    UsageError
        Not a time, or without an offset: nobody knows whose midnight is meant.

    Examples
    --------
    >>> in_utc("2024-01-31T00:00:00+04:00").isoformat()
    '2024-01-30T20:00:00+00:00'
    """
    wanted = "give a time with its offset, such as 2024-01-31T00:00:00+04:00"
    try:
        found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError as error:
        raise UsageError(f"{moment!r} is not a time; {wanted}") from error
    if found.tzinfo is None:
        raise UsageError(f"{str(moment)!r} has no offset; {wanted}")
    return found.astimezone(UTC)


def cursor(connection: Connection) -> Cursor[Any]:
    """Binary cursor of the driver, in the transaction of ``connection``.

    Text bytea doubles what is sent; COPY has no SQLAlchemy form.
    """
    driver: Any = connection.connection.driver_connection
    opened: Cursor[Any] = driver.cursor(binary=True)
    return opened
