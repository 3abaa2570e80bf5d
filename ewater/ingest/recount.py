"""Counts of a load put right where its file gives an instant more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.store import chunks_stage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.ingest.readings_csv import Run
    from ewater.ingest.repeats import Repeats
    from ewater.ingest.tally import Tally


def outdated(run: Run, connection: Connection, found: Repeats) -> NDArray[np.int64]:
    """Count contradictory rows that were taken for outdated in their own window."""
    series, rows = found.counted
    count = len(run.schema.codes)
    if len(rows) == 0:
        return np.zeros(count, np.int64)
    cuts = chunks_stage.starts_of(series)
    change = run.compare(connection, series[cuts[:-1]], rows, cuts)
    return np.bincount(series[change == chunks_stage.OUTDATED], minlength=count)


def uncount(run: Run, connection: Connection, tally: Tally, found: Repeats) -> None:
    """Take from a trial's counts what was counted twice; nothing is staged."""
    series, rows = found.surplus
    if len(rows) == 0:
        return
    cuts = chunks_stage.starts_of(series)
    change = run.compare(connection, series[cuts[:-1]], rows, cuts)
    count = len(run.schema.codes)
    tally.new -= np.bincount(series[change == chunks_stage.NEW], minlength=count)
    corrected = series[change == chunks_stage.CORRECTED]
    tally.corrected -= np.bincount(corrected, minlength=count)
