"""Where the present readings come from, behind what tests and people did to them.

A load of kind ``quality`` changes flags only, and an edit replaces what a source has
said. Whether an incoming reading says anything new, and whether a verdict still
holds, depends on the versions before those; none is ever lost, so they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ewater.store import chunks
from ewater.terms import Lineage

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.store.rows import Rows

_RAW = int(Lineage.RAW)
_BY_PERSON = (Lineage.EDITED, Lineage.RETRACTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is in place, retracted readings included, and what its source said.

    ``issued`` (us) is that of the newest version that is no mere judgement;
    ``said`` is the newest raw value, which a person may have replaced.
    """

    rows: Rows
    cuts: NDArray[np.int64]
    issued: NDArray[np.int64]
    said: NDArray[np.float64]


def present(connection: Connection, window: chunks.Window) -> Present:
    """Read what is in place in a window, and where it comes from."""
    rows, cuts = chunks.rows_of(connection, window)
    known = chunks.loads(connection, rows.load)
    place = known.place(rows.load)
    issued, said = known.issued[place], rows.value
    unclear = np.isin(rows.lineage, _BY_PERSON) | known.judged[place]
    if not unclear.any():
        return Present(rows=rows, cuts=cuts, issued=issued, said=said)
    series = np.unique(np.searchsorted(cuts, np.flatnonzero(unclear), "right") - 1)
    versions, version_cuts = _versions(connection, window, series)
    known = chunks.loads(connection, versions.load)
    place = known.place(versions.load)
    source, value = _source(
        (series, cuts, rows.time, unclear),
        (version_cuts, versions.time, versions.lineage, known.judged[place]),
    )
    issued, said = issued.copy(), said.copy()
    found = source >= 0
    issued[found] = known.issued[place[source[found]]]
    found = value >= 0
    said[found] = versions.value[value[found]]
    return Present(rows=rows, cuts=cuts, issued=issued, said=said)


def value_since(
    connection: Connection,
    window: chunks.Window,
    rows: Rows,
    cuts: NDArray[np.int64],
    series: NDArray[np.intp],
    as_of: datetime | None = None,
) -> NDArray[np.int64]:
    """Say when the present value of each reading was recorded first.

    Parameters
    ----------
    connection, window
        Open connection, and what was read of it.
    rows, cuts
        Present readings of the window.
    series
        Places in the window that matter; readings of others get 0.
    as_of
        The time as of which the readings were read.

    Returns
    -------
    numpy.ndarray : (reading,), int64 microseconds UTC
        A judgement, or a source that repeats itself, does not make a value newer.
    """
    versions, version_cuts = _versions(connection, window, series, as_of)
    known = chunks.loads(connection, versions.load)
    return np.asarray(
        _since(
            series,
            cuts,
            rows.time,
            (version_cuts, versions.time, versions.value, versions.lineage),
            known.recorded[known.place(versions.load)],
        )
    )


def _versions(
    connection: Connection,
    window: chunks.Window,
    series: NDArray[np.intp],
    as_of: datetime | None = None,
) -> tuple[Rows, NDArray[np.int64]]:
    part = chunks.Window(
        series_id=window.series_id[series],
        first=window.first[series],
        last=window.last[series],
    )
    return chunks.rows_of(connection, part, as_of, every=True)


@njit(cache=True, nogil=True)
def _source(present, versions):  # type: ignore[no-untyped-def]
    """Newest version that is no judgement, and newest raw one, of each reading."""
    series, cuts, time, unclear = present
    version_cuts, version_time, lineage, judged = versions
    source = np.full(len(time), -1, np.int64)
    value = np.full(len(time), -1, np.int64)
    for k in range(len(series)):
        j, stop = version_cuts[k], version_cuts[k + 1]
        for i in range(cuts[series[k]], cuts[series[k] + 1]):
            while j < stop and version_time[j] < time[i]:
                j += 1
            while j < stop and version_time[j] == time[i]:
                if unclear[i] and not judged[j]:
                    source[i] = j
                if unclear[i] and lineage[j] == _RAW:
                    value[i] = j
                j += 1
    return source, value


@njit(cache=True, nogil=True)
def _since(series, cuts, time, versions, recorded):  # type: ignore[no-untyped-def]
    version_cuts, version_time, value, lineage = versions
    since = np.zeros(len(time), np.int64)
    for k in range(len(series)):
        j, stop = version_cuts[k], version_cuts[k + 1]
        for i in range(cuts[series[k]], cuts[series[k] + 1]):
            while j < stop and version_time[j] < time[i]:
                j += 1
            begin = j
            while j < stop and version_time[j] == time[i]:
                same = value[j] == value[begin] or (
                    np.isnan(value[j]) and np.isnan(value[begin])
                )
                if not same or lineage[j] != lineage[begin]:
                    begin = j
                j += 1
            since[i] = recorded[begin]
    return since
