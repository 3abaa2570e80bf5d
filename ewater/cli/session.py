"""What the subcommands share: the store, times as people type them, timing."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def open_store() -> Iterator[Engine]:
    """Lend the store of this environment, started and at the newest schema.

    Raises
    ------
    NotReadyError
        There is no database, none can be started here, or it refuses.
    """
    from ewater.settings import settings
    from ewater.store import cluster

    with migrated(cluster.database_url(settings())) as engine:
        yield engine


@contextmanager
def migrated(url: str) -> Iterator[Engine]:
    """Lend the store at an address, brought to the newest schema.

    Raises
    ------
    NotReadyError
        It does not answer, refuses, or has a schema that nobody here knows.
    """
    from ewater.store import database

    engine = database.connect(url)
    try:
        with database.refusals_named():
            database.migrate(engine)
        yield engine
    finally:
        engine.dispose()


def instant(option: str, given: str | None) -> dt.datetime | None:
    """Read a time that an option gives; it must say its offset from UTC.

    Raises
    ------
    UsageError
        Not a time, or without an offset: nobody knows whose midnight is meant.
    """
    if given is None:
        return None
    from ewater.store import instants

    try:
        return instants.in_utc(given)
    except UsageError as error:
        raise UsageError(f"{option} {error}") from error


def microseconds(option: str, given: str | None) -> int | None:
    """Read a time as `instant` does, as microseconds since 1970 UTC."""
    from ewater.store import instants

    moment = instant(option, given)
    return None if moment is None else instants.microseconds(moment)


def since(began: float) -> str:
    """Time since a moment of ``time.perf_counter``, as it is printed."""
    return f"({time.perf_counter() - began:.1f} s)"


@contextmanager
def timed(done: str) -> Iterator[None]:
    """Say what was done and how long it took; say nothing if it was not done."""
    began = time.perf_counter()
    yield
    typer.echo(f"{done} {since(began)}")
