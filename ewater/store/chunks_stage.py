"""Writes to the chunk store: what differs from the present becomes staged deltas."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ewater.store import chunks, chunks_origin
from ewater.store.codec import MAX_READINGS, decode, encode
from ewater.store.instants import cursor, instants
from ewater.terms import Flag, Lineage, Test

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.store.rows import Rows

NEW, CORRECTED, UNCHANGED, OUTDATED = 0, 1, 2, 3
SPARSE = 1_000  # a chunk goes on into the next month until it has as many

_DAY = 86_400_000_000
_RETRACTED, _EDITED = int(Lineage.RETRACTED), int(Lineage.EDITED)
_SUSPECT, _FAIL, _MISSING = int(Flag.SUSPECT), int(Flag.FAIL), int(Flag.MISSING)
_SOURCE_SUSPECT, _SOURCE_FAIL = int(Test.SOURCE_SUSPECT), int(Test.SOURCE_FAIL)
_COPY = """
COPY chunk (first_time, last_time, series_id, kind, count, load_id, newest,
    content_hash, payload) FROM STDIN (FORMAT binary)
"""
_TYPES = (
    "timestamptz",
    "timestamptz",
    "int4",
    "text",
    "int4",
    "int8",
    "timestamptz",
    "bytea",
    "bytea",
)


@njit(cache=True, nogil=True)
def _month_end(time):  # type: ignore[no-untyped-def]
    """Microseconds at which the UTC month of ``time`` ends."""
    z = time // _DAY + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    next_month = (5 * doy + 2) // 153 + 1  # months count from March here
    first = (153 * next_month + 2) // 5
    if next_month >= 12 or first >= 365:
        first = 365 + ((yoe + 1) % 4 == 0 and ((yoe + 1) % 100 != 0 or yoe == 399))
    return (era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + first - 719468) * _DAY


@njit(cache=True, nogil=True)
def _cut(time, series_cuts, cuts, place):  # type: ignore[no-untyped-def]
    """Cut the rows of each series into chunks; return how many chunks."""
    count = 0
    for k in range(len(series_cuts) - 1):
        begin, stop = series_cuts[k], series_cuts[k + 1]
        if begin == stop:
            continue
        month_end = _month_end(time[begin])
        cuts[count], place[count] = begin, k
        count += 1
        for i in range(begin + 1, stop):
            size = i - cuts[count - 1]
            turned = time[i] >= month_end
            if turned:
                month_end = _month_end(time[i])
            if (turned and size >= SPARSE) or size >= MAX_READINGS:
                cuts[count], place[count] = i, k
                count += 1
    cuts[count] = series_cuts[-1]
    return count


def write(
    connection: Connection,
    series_id: NDArray[np.int32],
    rows: Rows,
    series_cuts: NDArray[np.int64],
    factor: NDArray[np.float64],
    *,
    kind: str,
    load: int | None,
    newest: datetime | None = None,
) -> int:
    """Encode rows and add them as chunks of one kind.

    Parameters
    ----------
    connection
        In a transaction; nothing is committed here.
    series_id, factor : (series,)
        Series, and the factor to SI of its values.
    rows
        Sorted by series, then time.
    series_cuts : (series + 1,)
        Where the rows of each series start.
    kind, load, newest
        A delta has a load; base and past have the newest recorded time in them.

    Returns
    -------
    int
        How many chunks were added.
    """
    room = len(rows) // SPARSE + len(series_id) + len(rows) // MAX_READINGS + 1
    cuts, place = np.empty(room + 1, np.int64), np.empty(room, np.int64)
    count = int(_cut(rows.time, series_cuts, cuts, place))
    if count == 0:
        return 0
    cuts, place = cuts[: count + 1], place[:count]
    payloads = encode(rows, cuts, factor[place])
    first, last = instants(rows.time[cuts[:-1]]), instants(rows.time[cuts[1:] - 1])
    numbers, sizes = series_id[place].tolist(), np.diff(cuts).tolist()
    with cursor(connection).copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for k, payload in enumerate(payloads):
            digest = hashlib.sha256(payload).digest()
            copy.write_row(
                (
                    first[k],
                    last[k],
                    numbers[k],
                    kind,
                    sizes[k],
                    load,
                    newest,
                    digest,
                    payload,
                )
            )
    return count


@njit(cache=True, nogil=True)
def _verdict(value, flag, failed):  # type: ignore[no-untyped-def]
    """Say what the source holds of a reading: 0 nothing, 1 suspect, 2 fail.

    Of a judged reading its bits tell; the flag is then that of all tests.
    """
    if failed != 0:
        return 2 if failed & _SOURCE_FAIL else (1 if failed & _SOURCE_SUSPECT else 0)
    if flag == _FAIL or (flag == _MISSING and not np.isnan(value)):
        return 2
    return 1 if flag == _SUSPECT else 0


@njit(cache=True, nogil=True)
def _same(a, b):  # type: ignore[no-untyped-def]
    return a == b or (np.isnan(a) and np.isnan(b))


@njit(cache=True, nogil=True)
def _says_nothing_new(value, flag, failed, was):  # type: ignore[no-untyped-def]
    """Whether an incoming reading repeats what its source said before.

    What people decided stays, edits and retractions too, until the source says
    another value: sources send their last month again and again.
    """
    was_value, was_flag, was_failed, by_person, said = was
    if by_person:
        return _same(value, said) or _same(value, was_value)
    return _same(value, was_value) and (
        _verdict(value, flag, failed) == _verdict(was_value, was_flag, was_failed)
    )


@njit(cache=True, nogil=True)
def _compare(  # type: ignore[no-untyped-def]
    cuts, time, value, flag, failed, issued, old_cuts, old, old_issued, said, out
):
    old_time, old_value, old_flag, old_failed, old_lineage = old
    for k in range(len(cuts) - 1):
        j, stop = old_cuts[k], old_cuts[k + 1]
        for i in range(cuts[k], cuts[k + 1]):
            while j < stop and old_time[j] < time[i]:
                j += 1
            if j == stop or old_time[j] != time[i]:
                out[i] = NEW
                continue
            by_person = old_lineage[j] == _RETRACTED or old_lineage[j] == _EDITED
            was = (old_value[j], old_flag[j], old_failed[j], by_person, said[j])
            if _says_nothing_new(value[i], flag[i], failed[i], was):
                out[i] = UNCHANGED
            else:
                out[i] = CORRECTED if issued > old_issued[j] else OUTDATED


def compare(
    connection: Connection,
    series_id: NDArray[np.int32],
    rows: Rows,
    series_cuts: NDArray[np.int64],
    issued_us: int,
) -> NDArray[np.uint8]:
    """Say of each incoming row what it does to the published readings.

    Parameters
    ----------
    connection
        Open connection.
    series_id : (series,)
        Series that have rows.
    rows
        Raw readings, sorted by series, then time; unique. Of those already judged
        only the source's verdict counts.
    series_cuts : (series + 1,)
        Where the rows of each series start; no series is without rows.
    issued_us
        When the incoming rows were issued.

    Returns
    -------
    numpy.ndarray : (reading,), uint8
        `NEW`, `CORRECTED`, `UNCHANGED` or `OUTDATED` (issued no later than what
        is in place, so it does not replace it).
    """
    window = chunks.Window(
        series_id=series_id,
        first=rows.time[series_cuts[:-1]],
        last=rows.time[series_cuts[1:] - 1],
    )
    found = chunks_origin.present(connection, window)
    old = found.rows
    out = np.zeros(len(rows), np.uint8)
    if len(old) == 0:
        return out
    _compare(
        series_cuts,
        rows.time,
        rows.value,
        rows.flag,
        rows.failed,
        issued_us,
        found.cuts,
        (old.time, old.value, old.flag, old.failed, old.lineage),
        found.issued,
        found.said,
        out,
    )
    return out


@njit(cache=True, nogil=True)
def _count_all(change, cuts, out):  # type: ignore[no-untyped-def]
    for k in range(len(cuts) - 1):
        for i in range(cuts[k], cuts[k + 1]):
            out[k, change[i]] += 1


def counts(change: NDArray[np.uint8], cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count for each series its rows of every kind of change; shape (series, 4)."""
    found = np.zeros((len(cuts) - 1, OUTDATED + 1), np.int64)
    _count_all(change, cuts, found)
    return found


def starts_of(series: NDArray[np.int32]) -> NDArray[np.int64]:
    """Where each run of one series starts, and where the last one ends."""
    turns = np.flatnonzero(series[1:] != series[:-1]) + 1
    return np.concatenate([[0], turns, [len(series)]]).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Unpublished rows of a load, with the chunks they are in."""

    chunk: Sequence[int]
    series: NDArray[np.int32]
    rows: Rows


def staged(connection: Connection, load: int, series_id: Sequence[int]) -> Staged:
    """Read back what a load staged for some series, sorted by series and time."""
    out = cursor(connection)
    out.execute(
        "SELECT id, series_id, payload FROM chunk WHERE load_id = %s "
        "AND series_id = ANY(%s) ORDER BY series_id, id",
        [load, list(series_id)],
    )
    found = out.fetchall()
    rows, cuts = decode([row[2] for row in found])
    series = np.repeat(np.array([row[1] for row in found], np.int32), np.diff(cuts))
    order = np.lexsort((rows.time, series))
    return Staged(
        chunk=[row[0] for row in found], series=series[order], rows=rows.take(order)
    )


def drop(connection: Connection, chunk: Sequence[int]) -> None:
    """Remove staged chunks, to be written anew."""
    cursor(connection).execute("DELETE FROM chunk WHERE id = ANY(%s)", [list(chunk)])
