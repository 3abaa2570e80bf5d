"""A load that fails leaves nothing behind; one that is interrupted can go on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ewater.ingest.patience import is_away
from ewater.store import unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def discarded_on_error(engine: Engine, load: int) -> Iterator[None]:
    """Remove an unpublished load when the block fails.

    One that a person interrupts is left where it has a checkpoint to go on from.
    Where the server has gone, the next ingest goes on with it or removes it.
    """
    try:
        yield
    except BaseException as error:
        if not is_away(error):
            by_person = isinstance(error, KeyboardInterrupt)
            unfinished.discard(engine, load, resumable=by_person)
        raise
