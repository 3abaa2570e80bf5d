"""Flags written back: only where they differ, as a load that changes no value."""

from __future__ import annotations

import getpass
import time as clock
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from ewater.store import chunks_stage, landing
from ewater.store.factors import factors_of

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.store.rows import Rows

SOURCE = "quality control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was written: load and its recorded time are None where nothing differs."""

    load: int | None
    recorded: datetime | None
    changed: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many readings got another flag or other failed tests."""
        return int(self.changed.sum())


def lock(connection: Connection, series_id: NDArray[np.int32]) -> None:
    """Lock series in the order of their codes, as every writer does."""
    connection.execute(
        text(
            "SELECT 1 FROM series_key WHERE id = ANY(:ids) "
            "ORDER BY code FOR NO KEY UPDATE"
        ),
        {"ids": series_id.tolist()},
    )


def write(
    connection: Connection,
    series_id: NDArray[np.int32],
    rows: Rows,
    cuts: NDArray[np.int64],
    flag: NDArray[np.uint8],
    failed: NDArray[np.uint32],
    *,
    source: str = SOURCE,
    who: str = "",
) -> Judged:
    """Publish the readings whose flag or failed tests are others now.

    Values, lineage and issue times stay: it is a judgement, no revision.

    Parameters
    ----------
    connection
        In a transaction that holds the locks of the series, in which the rows were
        read.
    series_id, rows, cuts
        Present readings, sorted by series and time.
    flag, failed : (reading,)
        What they shall be.
    source, who
        Why, and the person; the account of this process unless given.
    """
    started = clock.monotonic()
    changed = (flag != rows.flag) | (failed != rows.failed)
    count = int(changed.sum())
    if count == 0:
        return Judged(load=None, recorded=None, changed=changed)
    load, _ = landing.begin(
        connection,
        kind="quality",
        source=source,
        key=landing.owner_key(uuid.uuid4().bytes),
        who=who or getpass.getuser(),
        issued_at=None,
    )
    new = replace(
        rows.take(changed),
        flag=flag[changed],
        failed=failed[changed],
        load=np.full(count, load, np.int64),
    )
    chunks_stage.write(
        connection,
        series_id,
        new,
        np.concatenate([[0], np.cumsum(changed)])[cuts],
        factors_of(connection, series_id),
        kind="delta",
        load=load,
    )
    counts = landing.Counts(rows_read=count, corrected=count)
    recorded = landing.publish(connection, load, counts, clock.monotonic() - started)
    return Judged(load=load, recorded=recorded, changed=changed)
