"""Table ``meter_event_proposal``: what was found, and what a person decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.store.instants import instant

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection

_SEEN = text(
    """
    INSERT INTO meter_event_proposal (series, shows, before, after, old_reading,
        new_reading, events, lower_m3, upper_m3, evidence)
    VALUES (:series, :shows, :before, :after, :old_reading, :new_reading, :events,
        :lower_m3, :upper_m3, :evidence)
    ON CONFLICT (series, shows, before, after, old_reading, new_reading)
    DO UPDATE SET state = 'open', events = excluded.events,
        lower_m3 = excluded.lower_m3, upper_m3 = excluded.upper_m3,
        evidence = excluded.evidence
    WHERE meter_event_proposal.state IN ('open', 'gone')
    RETURNING id
    """
)
_GONE = text(
    "UPDATE meter_event_proposal SET state = 'gone' "
    "WHERE state = 'open' AND series = ANY(:series) AND NOT id = ANY(:seen)"
)
_LIST = text(
    """
    SELECT p.*, q.name AS person FROM meter_event_proposal AS p
    LEFT JOIN person AS q ON q.id = p.decided_by
    WHERE CAST(:state AS text) IS NULL OR p.state = :state
    ORDER BY p.series, p.before, p.id
    """
)


def renew(connection: Connection, examined: Sequence[str], found: pd.DataFrame) -> int:
    """Make what was found the open proposals of the examined series.

    What a person decided stays decided for the same readings; an open proposal that
    the readings, or a registered event, no longer leave is gone. Returns how many
    are open in these series.
    """
    connection.execute(
        text("LOCK TABLE meter_event_proposal IN SHARE ROW EXCLUSIVE MODE")
    )
    seen = [
        number
        for row in found.to_dict("records")
        for number in connection.execute(_SEEN, _cells(row)).scalars()
    ]
    connection.execute(_GONE, {"series": list(examined), "seen": seen})
    return len(seen)


def _cells(row: dict[Any, Any]) -> dict[str, Any]:
    bounds = {
        name: float(row[name]) if np.isfinite(row[name]) else None
        for name in ("lower_m3", "upper_m3")
    }
    times = {name: instant(int(row[name])) for name in ("before", "after")}
    return {str(name): cell for name, cell in row.items()} | bounds | times


def listed(connection: Connection, state: str | None) -> list[dict[str, Any]]:
    """List proposals of one state, or all."""
    rows = connection.execute(_LIST, {"state": state})
    return [dict(row._mapping) for row in rows]


def open_one(connection: Connection, number: int) -> dict[str, Any]:
    """Take one open proposal, locked until the transaction ends.

    Raises
    ------
    UsageError
        There is none of this number, or it was decided.
    """
    found = connection.execute(
        text("SELECT * FROM meter_event_proposal WHERE id = :id FOR UPDATE"),
        {"id": number},
    ).one_or_none()
    if found is None:
        raise UsageError(f"no proposal {number}; `ewater events` lists them")
    if found.state != "open":
        raise UsageError(f"proposal {number} is {found.state}; nothing was changed")
    return dict(found._mapping)


def decide(
    connection: Connection,
    number: int,
    state: str,
    *,
    who: uuid.UUID,
    reason: str,
    recorded: datetime | None = None,
) -> None:
    """Write what a person decided."""
    connection.execute(
        text(
            "UPDATE meter_event_proposal SET state = :state, decided_by = :who, "
            "decided_at = clock_timestamp(), reason = :reason, recorded_at = :recorded "
            "WHERE id = :id"
        ),
        {
            "id": number,
            "state": state,
            "who": who,
            "reason": reason,
            "recorded": recorded,
        },
    )
