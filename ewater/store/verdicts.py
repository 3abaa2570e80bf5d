"""Verdicts of people on readings, and limits learned from history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import text

from ewater.store import chunks, landing
from ewater.store.instants import array, cursor, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ewater.store.stretch import Stretch

COLUMNS = ("series", "start", "end", "level", "flag", "reason", "author", "made")
_READ = """
SELECT k.code, v.starts, v.ends, v.level, v.flag, v.reason, v.author, v.made
FROM verdict AS v JOIN series_key AS k ON k.id = v.series_id
WHERE v.series_id = ANY(:ids) AND v.starts <= :last AND v.ends > :first
    AND (CAST(:as_of AS timestamptz) IS NULL OR v.made <= :as_of)
ORDER BY v.made, v.id
"""


def read(
    connection: Connection,
    series_id: Sequence[int],
    first: int,
    last: int,
    as_of: datetime | None = None,
) -> pd.DataFrame:
    """Read the verdicts on some series that touch a time, oldest first.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`; ``author`` is the random id of a person.
    """
    rows = connection.execute(
        text(_READ),
        {
            "ids": list(series_id),
            "first": instant(first),
            "last": instant(last),
            "as_of": as_of,
        },
    ).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=list(COLUMNS))
    for name in ("start", "end", "made"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.astype({"flag": "float64"})


def add(
    connection: Connection,
    span: Stretch,
    flag: Sequence[int | None],
    *,
    level: str,
    reason: str,
    who: str,
    made: datetime,
) -> None:
    """Keep verdicts: half-open spans, of which ``last`` is the end, with a flag each.

    Parameters
    ----------
    connection
        In a transaction.
    span, flag
        What they are on, and what they say; None for a level of working.
    level, reason, who
        How far the person has looked, why, and the account name.
    made
        Moment at which the caller's transaction is recorded.
    """
    author = landing.person(connection, who)
    cursor(connection).execute(
        "INSERT INTO verdict (series_id, starts, ends, flag, level, reason, author, "
        "made) SELECT w.*, %s, %s, %s, %s FROM unnest(%s::int4[], %s::timestamptz[], "
        "%s::timestamptz[], %s::int2[]) AS w",
        [
            level,
            reason,
            author,
            made,
            span.series_id.tolist(),
            array(span.first),
            array(span.last),
            list(flag),
        ],
    )


def learned(connection: Connection) -> pd.DataFrame:
    """Read the learned limits in use: by series code, a column per parameter."""
    rows = connection.execute(
        text(
            "SELECT k.code, l.parameter, l.value FROM learned_limit AS l "
            "JOIN series_key AS k ON k.id = l.series_id WHERE l.recorded_to IS NULL"
        )
    ).all()
    frame = pd.DataFrame(
        [tuple(row) for row in rows], columns=["series", "parameter", "value"]
    )
    return frame.pivot_table(
        index="series", columns="parameter", values="value", aggfunc="first"
    )


def learn(connection: Connection, found: pd.DataFrame, recorded: datetime) -> int:
    """Keep what the history of some series suggests, in place of what it did before.

    Parameters
    ----------
    connection
        In a transaction.
    found
        By series code, a column per parameter; NaN where history does not say.
    recorded
        Moment at which the caller's transaction is recorded.

    Returns
    -------
    int
        How many limits differ from before.
    """
    ids = dict(
        zip(found.index, chunks.series_ids(connection, list(found.index)), strict=True)
    )
    told = found.rename_axis("series").reset_index().melt("series").dropna()
    rows = [
        (int(ids[code]), str(name), float(value))
        for code, name, value in told.itertuples(index=False)
    ]
    out = cursor(connection)
    out.execute(
        "CREATE TEMPORARY TABLE told (series_id int4, parameter text, value float8) "
        "ON COMMIT DROP"
    )
    with out.copy("COPY told FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(("int4", "text", "float8"))
        for row in rows:
            copy.write_row(row)
    out.execute(
        "UPDATE learned_limit AS l SET recorded_to = %s WHERE l.recorded_to IS NULL "
        "AND l.series_id = ANY(%s) AND NOT EXISTS (SELECT FROM told AS t "
        "WHERE t.series_id = l.series_id AND t.parameter = l.parameter "
        "AND t.value = l.value)",
        [recorded, [int(number) for number in ids.values()]],
    )
    closed = out.rowcount
    out.execute(
        "INSERT INTO learned_limit (series_id, parameter, value, recorded_from) "
        "SELECT t.*, %s FROM told AS t WHERE NOT EXISTS (SELECT FROM learned_limit "
        "AS l WHERE l.recorded_to IS NULL AND l.series_id = t.series_id "
        "AND l.parameter = t.parameter)",
        [recorded],
    )
    return max(closed, out.rowcount)
