"""Compaction: deltas folded into bases, with every replaced version kept beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.store import chunks, chunks_stage, landing
from ewater.store.chunks_stage import SPARSE
from ewater.store.factors import factors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

_BATCH = 2_000_000  # readings folded in one transaction
_LOCK = landing.owner_key(b"compact")

_CHUNKS = """
SELECT c.id, c.series_id, c.kind, c.count, c.first_time, c.last_time,
    coalesce(c.newest, d.recorded_from) AS recorded
FROM chunk AS c LEFT JOIN load AS d ON d.id = c.load_id
WHERE (c.kind <> 'delta' OR d.recorded_from IS NOT NULL)
    AND (c.series_id = ANY(:ids) OR :every)
ORDER BY c.series_id, c.first_time
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What a compaction did: chunks folded, chunks they became, readings in them."""

    folded: int = 0
    written: int = 0
    readings: int = 0

    def __add__(self, other: Compacted) -> Compacted:
        """Add up two compactions."""
        return Compacted(
            folded=self.folded + other.folded,
            written=self.written + other.written,
            readings=self.readings + other.readings,
        )


def compact(engine: Engine, codes: Sequence[str] | None = None) -> Compacted:
    """Fold published deltas into bases; every read, now or as of, stays the same.

    A replaced version moves to a chunk of kind ``past``; a delta that is large and
    overlaps nothing stays as it is. Each batch is one transaction, so that a crash
    leaves a store that is merely less compact.

    Parameters
    ----------
    engine
        Database at the newest schema.
    codes
        Series to fold; None for all.
    """
    total = Compacted()
    with landing.owned(engine, _LOCK):
        while True:
            with (
                engine.connect().execution_options(
                    isolation_level="REPEATABLE READ"
                ) as connection,
                connection.begin(),
            ):
                done = _fold(connection, codes)
            if done.folded == 0:
                return total
            total += done


def _fold(connection: Connection, codes: Sequence[str] | None) -> Compacted:
    ids = None if codes is None else chunks.series_ids(connection, codes).tolist()
    rows = connection.execute(
        text(_CHUNKS), {"ids": ids or [], "every": ids is None}
    ).all()
    found = pd.DataFrame(rows, columns=list(_COLUMNS))
    found["group"] = _groups(found)
    groups = found[found["group"] >= 0].groupby("group")
    extent = groups.agg(
        series_id=("series_id", "first"),
        first=("first_time", "min"),
        last=("last_time", "max"),
        count=("count", "sum"),
    )
    if extent.empty:
        return Compacted()
    batch = extent[extent["count"].cumsum().shift(fill_value=0) < _BATCH]
    members = found[found["group"].isin(batch.index)]
    window = chunks.Window(
        series_id=batch["series_id"].to_numpy(np.int32),
        first=_microseconds(batch["first"]),
        last=_microseconds(batch["last"]),
    )
    stored, cuts = chunks.rows_of(connection, window, every=True)
    connection.execute(
        text("DELETE FROM chunk WHERE id = ANY(:ids)"), {"ids": members["id"].tolist()}
    )
    newest = members["recorded"].max().to_pydatetime()
    factor = factors_of(connection, window.series_id)
    newest_version = np.ones(len(stored), np.bool_)
    newest_version[:-1] = stored.time[1:] != stored.time[:-1]
    newest_version[cuts[1:] - 1] = True
    written = 0
    for kind, which in (("base", newest_version), ("past", ~newest_version)):
        written += chunks_stage.write(
            connection,
            window.series_id,
            stored.take(which),
            np.concatenate([[0], np.cumsum(which)])[cuts],
            factor,
            kind=kind,
            load=None,
            newest=newest,
        )
    return Compacted(folded=len(members), written=written, readings=len(stored))


_COLUMNS = ("id", "series_id", "kind", "count", "first_time", "last_time", "recorded")


def _microseconds(moments: pd.Series) -> NDArray[np.int64]:
    naive = pd.to_datetime(moments, utc=True).dt.tz_localize(None)
    return naive.to_numpy().astype("M8[us]").astype(np.int64)


def _groups(found: pd.DataFrame) -> NDArray[np.int64]:
    """Say what is to be folded together, by number; -1 for chunks that stay.

    Chunks of a series belong together when their times overlap, or when one is
    small and the next begins in the same month or is small as well.
    """
    if found.empty:
        return np.empty(0, np.int64)
    series = found["series_id"].to_numpy()
    first, last = _microseconds(found["first_time"]), _microseconds(found["last_time"])
    count = found["count"].to_numpy()
    month = first.view("M8[us]").astype("M8[M]")
    group = np.zeros(len(found), np.int64)
    reach, size, number = last[0], count[0], 0
    for row in range(1, len(found)):
        overlaps = first[row] <= reach
        same_month = month[row] == np.int64(reach).view("M8[us]").astype("M8[M]")
        small = min(size, count[row]) < SPARSE
        if series[row] != series[row - 1] or not (
            overlaps or (small and (same_month or size < SPARSE))
        ):
            number += 1
            reach, size = last[row], 0
        group[row] = number
        reach = max(reach, last[row])
        size += count[row]
    delta = (found["kind"] == "delta").to_numpy()
    small = count < SPARSE
    members = np.bincount(group)
    deltas = np.bincount(group, weights=delta)
    alone = (members == 1) & (np.bincount(group, weights=small) == 0)
    group[~((deltas > 0) & ~alone)[group]] = -1
    return group
