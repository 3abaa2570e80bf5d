"""Reads of the chunk store: base and deltas merged, now or as of a recorded time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.store.codec import decode
from ewater.store.instants import EARLIEST, LATEST, array, cursor, microseconds
from ewater.terms import Lineage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.store.rows import Rows

# Later rows win over earlier ones of the same time: what was replaced, then what
# was folded, then deltas in the order in which they were recorded.
CHUNKS = """
SELECT w.place::int4, coalesce(c.newest, d.recorded_from), c.payload
FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[])
    WITH ORDINALITY AS w (series_id, first_time, last_time, place)
JOIN chunk AS c ON c.series_id = w.series_id
    AND c.first_time <= w.last_time AND c.last_time >= w.first_time
LEFT JOIN load AS d ON d.id = c.load_id
WHERE (c.kind <> 'delta' OR d.recorded_from <= %s)
    AND (c.kind <> 'past' OR %s)
ORDER BY w.place, CASE c.kind WHEN 'past' THEN 0 WHEN 'base' THEN 1 ELSE 2 END,
    d.recorded_from, c.first_time
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Series and, for each, the first and last instant wanted (both included)."""

    series_id: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @staticmethod
    def of(series_id: NDArray[np.int32], start: int | None, end: int | None) -> Window:
        """Take the same half-open time for all series."""
        first = EARLIEST if start is None else max(start, EARLIEST)
        last = LATEST if end is None else min(end - 1, LATEST)
        return Window(
            series_id=series_id,
            first=np.full(len(series_id), first),
            last=np.full(len(series_id), last),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """What is known of the loads that readings came by; sorted by number."""

    id: NDArray[np.int64]
    issued: NDArray[np.int64]
    recorded: NDArray[np.int64]
    judged: NDArray[np.bool_]  # changed flags only, no value

    def place(self, load: NDArray[np.int64]) -> NDArray[np.intp]:
        """Row of each reading's load."""
        return np.searchsorted(self.id, load)


def series_ids(connection: Connection, codes: Sequence[str]) -> NDArray[np.int32]:
    """Numbers of series, in the order of ``codes``.

    Raises
    ------
    UsageError
        A code was never registered; the message names the first ones.
    """
    found = {code: number for number, code in series_codes(connection).items()}
    unknown = [code for code in codes if code not in found]
    if unknown:
        names = ", ".join(unknown[:5])
        raise UsageError(
            f"series {names} not registered ({len(unknown)} in all); use codes of "
            "series.csv, loaded with `ewater load`"
        )
    return np.array([found[code] for code in codes], np.int32)


def series_codes(connection: Connection) -> dict[int, str]:
    """Code of every series that was ever registered, by its number."""
    rows = connection.execute(text("SELECT id, code FROM series_key"))
    return {row.id: row.code for row in rows}


def loads(connection: Connection, load: NDArray[np.int64]) -> Loads:
    """Issue and record times of the loads in ``load`` (any order, repeated)."""
    wanted = _distinct(load)
    out = cursor(connection)
    out.execute(
        "SELECT id, issued_at, recorded_from, kind = 'quality' FROM load "
        "WHERE id = ANY(%s) ORDER BY id",
        [wanted.tolist()],
    )
    rows = out.fetchall()
    return Loads(
        id=np.array([row[0] for row in rows], np.int64),
        issued=np.array([microseconds(row[1]) for row in rows], np.int64),
        recorded=np.array(
            [LATEST if row[2] is None else microseconds(row[2]) for row in rows],
            np.int64,
        ),
        judged=np.array([row[3] for row in rows], np.bool_),
    )


def _distinct(load: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distinct numbers; runs of one load are long, so sort only their heads."""
    if len(load) == 0:
        return load
    heads = np.flatnonzero(load[1:] != load[:-1]) + 1
    return np.unique(np.concatenate([load[:1], load[heads]]))


@njit(cache=True, nogil=True)
def is_plain(cuts, time, first, last):  # type: ignore[no-untyped-def]
    """Whether all rows are wanted as they lie: within limits, each after the other."""
    for k in range(len(cuts) - 1):
        a, b = cuts[k], cuts[k + 1]
        if a == b:
            continue
        if time[a] < first[k] or time[b - 1] > last[k]:
            return False
        faults = 0
        for i in range(a + 1, b):
            faults += time[i] <= time[i - 1]
        if faults:
            return False
    return True


@njit(cache=True, nogil=True)
def merge(cuts, time, first, last, keep, every, order, sizes):  # type: ignore[no-untyped-def]
    """Order the wanted rows of each series in time; of equal times keep the last.

    Fills ``order`` with rows to take and ``sizes`` with how many for each series;
    returns how many in all.
    """
    total = 0
    for k in range(len(sizes)):
        begin = total
        sorted_so_far = True
        for i in range(cuts[k], cuts[k + 1]):
            if keep[i] and first[k] <= time[i] <= last[k]:
                if total > begin and time[i] <= time[order[total - 1]]:
                    sorted_so_far = False
                order[total] = i
                total += 1
        if not sorted_so_far:
            rows = order[begin:total].copy()
            by_time = rows[np.argsort(time[rows], kind="mergesort")]
            total = begin
            for j in range(len(by_time)):
                row = by_time[j]
                again = total > begin and time[order[total - 1]] == time[row]
                if again and not every:
                    total -= 1
                order[total] = row
                total += 1
        sizes[k] = total - begin
    return total


def rows_of(
    connection: Connection,
    window: Window,
    as_of: datetime | None = None,
    *,
    every: bool = False,
) -> tuple[Rows, NDArray[np.int64]]:
    """Read the stored rows, retracted ones included.

    Parameters
    ----------
    connection
        Open connection.
    window
        What is wanted; a series must not be named twice.
    as_of
        Only what was recorded by then; None for the present.
    every
        Keep all versions of a reading, oldest first, instead of the newest.

    Returns
    -------
    rows
        Sorted by place in the window, then time.
    cuts : (series + 1,)
        Where the rows of each series start.
    """
    past = every or as_of is not None
    out = cursor(connection)
    limits = (array(window.first), array(window.last))
    out.execute(CHUNKS, [window.series_id.tolist(), *limits, as_of or "infinity", past])
    found = out.fetchall()
    rows, chunk_cuts = decode([row[2] for row in found])
    place = np.array([row[0] for row in found], np.int64) - 1
    cuts = chunk_cuts[np.searchsorted(place, np.arange(len(window.series_id) + 1))]
    keep = np.ones(0, np.bool_)
    if as_of is not None and any(row[1] > as_of for row in found):
        known = loads(connection, rows.load)
        keep = known.recorded[known.place(rows.load)] <= microseconds(as_of)
    if len(keep) == 0 and is_plain(cuts, rows.time, window.first, window.last):
        return rows, cuts
    if len(keep) == 0:
        keep = np.ones(len(rows), np.bool_)
    order = np.empty(len(rows), np.int64)
    sizes = np.empty(len(window.series_id), np.int64)
    total = merge(cuts, rows.time, window.first, window.last, keep, every, order, sizes)
    return rows.take(order[:total]), np.concatenate([[0], np.cumsum(sizes)])


def read(
    connection: Connection,
    codes: Sequence[str],
    start: int | None = None,
    end: int | None = None,
    as_of: datetime | None = None,
    *,
    history: bool = False,
) -> xr.Dataset:
    """Read readings in the CF contiguous ragged form.

    Parameters
    ----------
    connection
        Open connection.
    codes
        Series, each once.
    start, end
        Half-open, microseconds UTC; None for no limit.
    as_of
        Only what was recorded by then; None for the present.
    history
        Keep every version of a reading, oldest first, retractions included.

    Returns
    -------
    xarray.Dataset
        ``row_size(series)``; ``time``, ``value``, ``flag``, ``failed`` and
        ``lineage`` over ``reading``, and with ``history`` also ``load``,
        ``issued_at`` and ``recorded_from``. Values in the SI unit of the series.

    Raises
    ------
    UsageError
        A code is unknown or named twice.
    """
    if len(set(codes)) != len(codes):
        raise UsageError("a series is named twice; name each once")
    window = Window.of(series_ids(connection, codes), start, end)
    rows, cuts = rows_of(connection, window, as_of, every=history)
    sizes = np.diff(cuts)
    gone = rows.lineage == Lineage.RETRACTED
    if not history and gone.any():
        lost = np.concatenate([[0], np.cumsum(gone)])
        sizes = sizes - np.diff(lost[cuts])
        rows = rows.take(~gone)
    columns = {
        "time": rows.time.view("M8[us]"),
        "value": rows.value,
        "flag": rows.flag,
        "failed": rows.failed,
        "lineage": rows.lineage,
    }
    if history:
        known = loads(connection, rows.load)
        at = known.place(rows.load)
        columns["value"] = np.where(gone, np.nan, rows.value)
        columns["load"] = rows.load
        columns["issued_at"] = known.issued[at].view("M8[us]")
        columns["recorded_from"] = known.recorded[at].view("M8[us]")
    return xr.Dataset(
        {
            "row_size": ("series", sizes, {"sample_dimension": "reading"}),
            **{name: ("reading", column) for name, column in columns.items()},
        },
        coords={"series": np.array(codes, dtype=object)},
    )


def history(connection: Connection, code: str, time: int) -> pd.DataFrame:
    """List every version of one reading, oldest first.

    Returns
    -------
    pandas.DataFrame
        ``recorded_from``, ``issued_at``, ``load``, ``value`` (NaN where it was
        retracted), ``flag``, ``lineage``; empty when there never was a reading.
    """
    found = read(connection, [code], time, time + 1, history=True)
    columns = ["recorded_from", "issued_at", "load", "value", "flag", "lineage"]
    frame = pd.DataFrame({name: found[name].to_numpy() for name in columns})
    for name in ("recorded_from", "issued_at"):
        frame[name] = frame[name].dt.tz_localize("UTC")
    return frame
