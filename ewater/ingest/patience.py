"""A server that goes away is waited for; what it cannot take is said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from ewater.errors import EWaterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity.wait import wait_base

Result = TypeVar("Result")

PATIENCE_S = 300  # a server that recovers from a crash takes its time
WAIT: wait_base = wait_random_exponential(multiplier=0.5, max=20)
_AWAY = ("57P", "08")  # shut down, starting up; no connection
_NO_ROOM = ("53", "54", "58", "XX")  # disk, memory, limits; errors of the system


class StoreError(EWaterError):
    """The database cannot take a load; nothing of it is loaded."""


def _of_server(error: BaseException) -> psycopg.Error | None:
    found = error.orig if isinstance(error, DBAPIError) else error
    return found if isinstance(found, psycopg.Error) else None


def is_away(error: BaseException) -> bool:
    """Whether an error says that the server has gone, or is not there yet."""
    found = _of_server(error)
    if not isinstance(found, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return found.sqlstate is None or found.sqlstate.startswith(_AWAY)


def patiently(action: Callable[[], Result]) -> Result:
    """Do something that has its effect once however often it is begun.

    While the server is away it is begun again, after waits that grow and vary.

    Raises
    ------
    StoreError
        The server did not come back, or has no room.
    """
    retrying = Retrying(
        retry=retry_if_exception(is_away),
        wait=WAIT,
        stop=stop_after_delay(PATIENCE_S),
        reraise=True,
    )
    try:
        return retrying(action)
    except (DBAPIError, psycopg.Error) as error:
        found = _of_server(error)
        state = found.sqlstate if found else None
        if is_away(error):
            raise StoreError(
                f"the database did not come back within {PATIENCE_S} s, nothing of "
                "it is loaded; try again when it is there"
            ) from error
        if state and state.startswith(_NO_ROOM):
            raise StoreError(
                f"the database cannot take it, nothing of it is loaded: {found}"
            ) from error
        raise
