"""A load that fails leaves nothing behind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ewater.ingest.patience import is_away
from ewater.store import landing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def discarded_on_error(engine: Engine, load: int) -> Iterator[None]:
    """Remove an unpublished load when the block fails or is interrupted.

    Where the server has gone, the next ingest removes it.
    """
    try:
        yield
    except BaseException as error:
        if not is_away(error):
            landing.discard(engine, load)
        raise
