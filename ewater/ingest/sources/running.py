"""A run of a source: alone, in rows, published together with how far it came."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError

from ewater.errors import EWaterError, FaultsError, NotReadyError
from ewater.ingest import jobs, refused
from ewater.ingest.source import digest, unparted
from ewater.store import landing, recording, source_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from ewater.ingest.outcome import Options, Outcome
    from ewater.ingest.source import Source


class BusyError(EWaterError):
    """Another process runs the source."""


class TransientError(EWaterError):
    """Something that may work later: the same run is to be tried again.

    Parameters
    ----------
    message
        What did not work.
    later
        Seconds to wait, where the other side said so.
    """

    def __init__(self, message: str, later: float | None = None) -> None:
        super().__init__(message, later)  # args must rebuild the error in a worker
        self.message, self.later = message, later

    def __str__(self) -> str:
        """Give the message alone."""
        return self.message


#: Errors that say nothing about the data: the same run may go well later.
TRANSIENT = (TransientError, BusyError, OperationalError, InterfaceError, NotReadyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who runs a source, for which job, and how it is told to stop."""

    who: str
    job: int | None = None
    attempt: int = 1
    stop: Callable[[], bool] = field(default=lambda: False)

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond being told to stop."""
        until = time.monotonic() + seconds
        while not self.stop() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of work: a file or an answer."""

    source: str | None
    name: str
    call: Call

    @property
    def work(self) -> source_runs.Work:
        """As it is recorded."""
        return source_runs.Work(
            source=self.source,
            item=self.name,
            who=self.call.who,
            attempt=self.call.attempt,
            job=self.call.job,
        )


@contextmanager
def alone(engine: Engine, name: str) -> Iterator[None]:
    """Be the only one that runs a source; what a dead process left is settled.

    Raises
    ------
    BusyError
        Another process runs it.
    """
    key = landing.owner_key(f"source {name}".encode())
    with recording.held_alone(engine, key) as mine:
        if not mine:
            raise BusyError(f"source {name} is being run by another process")
        with engine.begin() as connection:
            source_runs.settle_lost(connection, name)
        yield


def fail(
    engine: Engine, item: Item, error: Exception, data: Source | None = None
) -> None:
    """Record a piece of work that failed before anything was loaded."""
    with engine.begin() as connection:
        run = source_runs.begin(connection, item.work)
        _failed(connection, run, error, data)


def load(
    engine: Engine,
    item: Item,
    data: Source,
    options: Options,
    also: Callable[[Connection, int], None] | None = None,
) -> Outcome:
    """Load what a source brought, as a run that is seen from its start.

    Parameters
    ----------
    also
        What becomes true with the load, in the transaction that publishes it.

    Raises
    ------
    Exception
        Whatever the load raises, once the run is recorded as failed.
    """
    with engine.begin() as connection:
        run = source_runs.begin(connection, item.work)

    def published(connection: Connection, number: int) -> None:
        source_runs.attach(connection, run, number)
        if also:
            also(connection, number)

    try:
        outcome = jobs.ingest(
            engine, data, replace(options, who=item.call.who, published=published)
        )
    except KeyboardInterrupt:
        with engine.begin() as connection:
            source_runs.failed(connection, run, "interrupted by whoever ran it")
        raise
    except Exception as error:
        with engine.begin() as connection:
            _failed(connection, run, error, data)
        if isinstance(error, FaultsError):
            refused.keep(engine, run, data, options)
        raise
    with engine.begin() as connection:
        source_runs.done(
            connection,
            run,
            load=outcome.load,
            counts=_counts(outcome),
        )
    return outcome


def by_hand(engine: Engine, data: Source, options: Options) -> Outcome:
    """Load a file that a person gives; a run too, unless it is a trial."""
    if options.dry_run:
        return jobs.ingest(engine, data, options)
    item = Item(source=None, name=data.name, call=Call(who=options.person))
    return load(engine, item, data, options)


def nothing(engine: Engine, item: Item) -> None:
    """Record an answer that says there is nothing."""
    with engine.begin() as connection:
        run = source_runs.begin(connection, item.work)
        counts = landing.Counts()
        source_runs.done(connection, run, load=None, counts=counts)


def _counts(outcome: Outcome) -> landing.Counts:
    """Count what this run did: bytes that were known bring nothing new."""
    counts = outcome.counts
    if not outcome.known:
        return counts
    return landing.Counts(
        rows_read=counts.rows_read,
        rejected=counts.rejected,
        unchanged=counts.accepted,
    )


def _failed(
    connection: Connection, run: int, error: Exception, data: Source | None
) -> None:
    why = str(error) or repr(error)
    sha256 = size = None
    if data is not None:
        with suppress(OSError, EWaterError):  # it may be what cannot be read
            sha256, size = digest(unparted(data)), data.size
    source_runs.failed(connection, run, why, sha256, size)
