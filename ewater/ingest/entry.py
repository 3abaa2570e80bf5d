"""Values that a person writes: entered where there were none, corrected, taken back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError
from ewater.ingest import versions
from ewater.ingest.damage import LARGEST
from ewater.store import chunks
from ewater.store.instants import instant, microseconds
from ewater.store.rows import Rows
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.ingest.outcome import Outcome
    from ewater.ingest.versions import Care

_AHEAD = dt.timedelta(minutes=10)  # METHODS 3: later than this is refused


def change(
    engine: Engine,
    code: str,
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    note: str,
    who: str = "",
    care: Care | None = None,
    now: dt.datetime | None = None,
) -> Outcome:
    """Make readings say what a person says, as one load.

    Parameters
    ----------
    engine, code, note, who, care
        As for `ewater.ingest.versions.write`.
    times : (n,), int64 us UTC
        Each once, in any order, not in the future.
    values : (n,)
        SI. NaN takes the reading back. A value for an instant without a reading is
        a new reading; one that stands already is left as it is.
    now
        The present, for tests.

    Raises
    ------
    UsageError
        No reason is given, nothing would change, there is nothing to take back, or a
        time or value cannot be meant; nothing is changed.
    """
    if not note.strip():
        raise UsageError("say why: the reason is kept with the readings")
    order = np.argsort(times)
    at, value = np.asarray(times)[order], np.asarray(values, np.float64)[order]
    _check(at, value, now or dt.datetime.now(dt.UTC))

    def make(connection: Connection, series: NDArray[np.int32]) -> tuple[Rows, int]:
        return _versions(connection, series, at, value, code)

    return versions.write(engine, code, make, note=note.strip(), who=who, care=care)


def _check(at: NDArray[np.int64], value: NDArray[np.float64], now: dt.datetime) -> None:
    if len(at) == 0 or len(at) != len(value) or (np.diff(at) == 0).any():
        raise UsageError("give at least one time, each once, with its value")
    if int(at[-1]) > microseconds(now + _AHEAD):
        raise UsageError(f"{instant(int(at[-1])).isoformat()} is in the future")
    if (np.abs(value[~np.isnan(value)]) > LARGEST).any():
        raise UsageError(f"a value above {LARGEST:g} is no measurement")


def _versions(
    connection: Connection,
    series: NDArray[np.int32],
    at: NDArray[np.int64],
    value: NDArray[np.float64],
    code: str,
) -> tuple[Rows, int]:
    """Choose what differs from what stands."""
    window = chunks.Window.of(series, int(at[0]), int(at[-1]) + 1)
    found, _ = chunks.rows_of(connection, window)
    found = found.take(np.isin(found.time, at) & (found.lineage != Lineage.RETRACTED))
    stands = np.isin(at, found.time)
    gone = np.isnan(value)
    if (gone & ~stands).any():
        time = instant(int(at[gone & ~stands][0])).isoformat()
        raise UsageError(f"{code} has no reading at {time} to take back")
    before = np.full(len(at), np.nan)
    before[stands] = found.value
    flag = np.full(len(at), Flag.NOT_EVALUATED, np.uint8)
    flag[stands & gone] = found.flag[gone[stands]]
    differs = ~(stands & (before == value))
    if not differs.any():
        raise UsageError("these values stand already; nothing was changed")
    rows = Rows(
        time=at,
        value=np.where(gone, before, value),
        flag=flag,
        failed=np.zeros(len(at), np.uint32),
        lineage=np.where(gone, Lineage.RETRACTED, Lineage.EDITED).astype(np.uint8),
        load=np.zeros(len(at), np.int64),
    )
    return rows.take(differs), int((differs & ~stands).sum())
