"""Everything that was ever said of one reading: versions, and verdicts of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import text

from ewater.store import chunks, verdicts

if TYPE_CHECKING:
    from sqlalchemy import Connection

COLUMNS = (
    "recorded_from",
    "what",
    "value",
    "flag",
    "failed",
    "lineage",
    "issued_at",
    "load",
    "by",
    "why",
)
_LOADS = """
SELECT l.id, l.kind, l.source, p.name FROM load AS l
LEFT JOIN person AS p ON p.id = l.actor WHERE l.id = ANY(:ids)
"""


def history(connection: Connection, code: str, time: int) -> pd.DataFrame:
    """List every version of a reading and every verdict on it, oldest first.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. ``what`` is the kind of the load, or the level of a verdict;
        ``value`` is NaN where the reading was retracted; ``by`` is who loaded,
        edited or judged (None once the person is erased), ``why`` the file, the
        note or the reason.
    """
    versions = _versions(connection, code, time)
    ids = [int(number) for number in chunks.series_ids(connection, [code])]
    found = verdicts.read(connection, ids, time, time)
    said = pd.DataFrame(
        {
            "recorded_from": found["made"],
            "what": found["level"],
            "flag": found["flag"],
            "by": found["author"].map(names(connection)),
            "why": found["reason"],
        }
    )
    parts = [part for part in (versions, said) if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    both = pd.concat(parts, ignore_index=True).reindex(columns=list(COLUMNS))
    return both.sort_values("recorded_from", kind="stable", ignore_index=True)


def _versions(connection: Connection, code: str, time: int) -> pd.DataFrame:
    found = chunks.read(connection, [code], time, time + 1, history=True)
    names = ("recorded_from", "value", "flag", "failed", "lineage", "issued_at", "load")
    frame = pd.DataFrame({name: found[name].to_numpy() for name in names})
    for name in ("recorded_from", "issued_at"):
        frame[name] = frame[name].dt.tz_localize("UTC")
    rows = connection.execute(text(_LOADS), {"ids": frame["load"].tolist()}).all()
    known = {row.id: row for row in rows}
    loads = [known[number] for number in frame["load"].tolist()]
    return frame.assign(
        what=[row.kind for row in loads],
        by=[row.name for row in loads],
        why=[row.source for row in loads],
    )


def names(connection: Connection) -> dict[object, str]:
    """Look up the names of people by their random ids; who was erased is not there."""
    rows = connection.execute(text("SELECT id, name FROM person")).all()
    return {row.id: row.name for row in rows}
