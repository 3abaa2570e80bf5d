"""What follows from published readings, in order: their flags, then their days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.ingest import daily, quality

if TYPE_CHECKING:
    from sqlalchemy import Engine


def refresh(engine: Engine) -> None:
    """Bring flags and daily sums up to what is published.

    Safe at any time and by several processes; nothing is done where nothing is due.
    """
    quality.refresh(engine)
    daily.refresh(engine)
