"""One clock for everything that is recorded."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.store import instants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

_LOCK = 0x65777274  # "ewrt": one key for all writers

_WAIT = text("SELECT pg_advisory_xact_lock_shared(:key)")

# A sequence is not undone by a rollback, so a later moment is later than every
# moment that was ever given out, also when the wall clock was set back.
_NEXT = text(
    """
    SELECT to_timestamp(0) + interval '1 microsecond' * setval(
        'recorded_clock',
        greatest(
            (SELECT last_value + 1 FROM recorded_clock),
            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        )
    )
    """
)


def moment(connection: Connection) -> datetime:
    """Say when the caller's transaction is recorded: after every earlier one.

    Takes a lock that all writers share and that ends with the transaction, so
    that recorded times are committed in their own order and a reader as of T
    never sees a version appear before T later. Take it late: others wait.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In the transaction that writes.

    Returns
    -------
    datetime.datetime
        UTC, whole microseconds, strictly later than every moment given before.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    recorded: datetime = connection.execute(_NEXT).scalar_one()
    return recorded


def latest(connection: Connection) -> datetime:
    """Last moment that was given out: the present, for all that is recorded.

    Waits for writers who hold a moment but have not committed, so that whatever
    was recorded until then can be seen and whatever comes is recorded later.
    """
    statement = text(
        "SELECT to_timestamp(0) + interval '1 microsecond' * last_value "
        "FROM recorded_clock"
    )
    with connection.begin_nested() as waiting:
        connection.execute(_WAIT, {"key": _LOCK})
        recorded: datetime = connection.execute(statement).scalar_one()
        waiting.rollback()  # gives the lock back at once
    return recorded


def seen(connection: Connection, as_of: datetime | None) -> datetime:
    """State that is asked for, in UTC: what was recorded by then, or all there is.

    Raises
    ------
    UsageError
        The time has no offset.
    """
    newest = instants.in_utc(latest(connection))
    return newest if as_of is None else min(instants.in_utc(as_of), newest)


def hold(connection: Connection) -> None:
    """Let nothing be recorded until the caller's transaction ends.

    Waits for writers who hold a moment; take it late, as with `moment`.
    """
    connection.execute(_WAIT, {"key": _LOCK})


@contextmanager
def held_alone(engine: Engine, key: int) -> Iterator[bool]:
    """Hold a lock of the whole database while the block runs.

    Yields False, and holds nothing, if another process does. The lock ends with
    the process.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
        got: bool = holder.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": key}
        ).scalar_one()
        try:
            yield got
        finally:
            if got:
                holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
