"""Run a source once, whatever its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.errors import UsageError
from ewater.ingest.outcome import EVERYTHING, Span
from ewater.ingest.push import drain
from ewater.ingest.sources import describe, folder, http, running
from ewater.ingest.sources.model import FolderSource, HttpSource
from ewater.ingest.sources.running import Item

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.ingest.outcome import Outcome
    from ewater.ingest.sources.running import Call


def run(
    engine: Engine, name: str, call: Call, span: Span = EVERYTHING
) -> list[Outcome]:
    """Take what a source has; of those that wait for posts, load what waits.

    Parameters
    ----------
    span
        Times to ask for, and to take, instead of what is new.

    Returns
    -------
    list of Outcome
        One for each load.

    Raises
    ------
    BusyError
        It is being run already.
    EWaterError
        It cannot be run; what it brought before stays.
    """
    with engine.connect() as connection:
        found = describe.find(connection, name)
    if found.paused:
        raise UsageError(f"source {name} is paused; `ewater source resume {name}`")
    source = found.source
    with running.alone(engine, name):
        if isinstance(source, HttpSource):
            return http.run(engine, source, found.profile, call, span)
        if isinstance(source, FolderSource):
            return _folder(engine, source, found, call, span)
    if not span.is_all:
        raise UsageError(
            f"source {name} brings what it likes: it takes no --from, --to"
        )
    return drain.drain(engine, call.stop)


def _folder(
    engine: Engine,
    source: FolderSource,
    found: describe.Active,
    call: Call,
    span: Span,
) -> list[Outcome]:
    if not source.path.is_dir():
        message = f"{source.path} is no folder, or cannot be reached"
        error = running.TransientError(message)
        item = Item(source=source.name, name=str(source.path), call=call)
        running.fail(engine, item, error)
        raise error
    return folder.run(engine, source, found.profile, call, span)
