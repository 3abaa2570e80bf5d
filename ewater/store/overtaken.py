"""Kept runs whose inputs changed: marked by whoever records the change.

A run lists what it used in `run_input`: series with the span of time whose readings
matter, and tables of the registry. A change is recorded under the lock of
`recording.moment` and marks, in the same transaction, the runs that are not marked
yet; so a run is marked once for each input, and a change that concerns no run costs
one look at a partial index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, TextClause

#: Tables of the registry from which no figure of an account follows.
APART = frozenset(
    {
        "alert_rules",
        "forms",
        "limits",
        "notices",
        "published",
        "treaties",
        "view_inputs",
        "views",
    }
)

# What changes in these tables concerns only runs that use it; any change of the
# others concerns every run.
_OF_ITS_SERIES = """
EXISTS (SELECT FROM run_input AS s WHERE s.run = i.run AND s.kind = 'series'
        AND s.code = t.{column})
"""
_OF_ITS_SITES = """
EXISTS (SELECT FROM run_input AS s JOIN series AS x ON x.code = s.code
        WHERE s.run = i.run AND s.kind = 'series' AND x.site = t.site)
"""
# A return of a year before stands in for one that is missing, and the first return
# of an item makes it due in every period (balance.reported).
_REPORTS = """
(t.period_start < r.period_end AND t.period_end > r.period_start - interval '367 days'
 OR NOT EXISTS (
    SELECT FROM reports AS o WHERE o.enterprise = t.enterprise AND o.item = t.item
    AND o.id <> t.id AND o.recorded_from <= r.as_of
    AND (o.recorded_to IS NULL OR o.recorded_to > r.as_of)))
"""
_CONCERNS = {
    "series": f"({_OF_ITS_SERIES.format(column='code')} OR {_OF_ITS_SITES})",
    "meter_events": _OF_ITS_SERIES.format(column="series"),
    "pumps": _OF_ITS_SERIES.format(column="series"),
    "curves": _OF_ITS_SITES,
    "reports": _REPORTS,
}

_SERIES = """
WITH hit AS (
    SELECT i.run, i.code, min(c.first_time) AS first, max(c.last_time) AS last,
        min(coalesce(d.recorded_from, c.newest)) AS since, min(c.load_id) AS load
    FROM chunk AS c
    JOIN series_key AS k ON k.id = c.series_id
    JOIN run_input AS i ON i.kind = 'series' AND i.code = k.code
        AND i.stale_since IS NULL
        AND (i.first_time IS NULL OR i.first_time <= c.last_time)
        AND (i.last_time IS NULL OR i.last_time >= c.first_time)
    LEFT JOIN load AS d ON d.id = c.load_id
    WHERE {which}
    GROUP BY i.run, i.code
)
UPDATE run_input AS i SET stale_since = hit.since, stale_load = hit.load,
    changed_from = hit.first, changed_to = hit.last
FROM hit WHERE i.run = hit.run AND i.kind = 'series' AND i.code = hit.code
"""
_BY_LOAD = text(_SERIES.format(which="c.load_id = :load"))
_SINCE = text(
    _SERIES.format(
        which="i.run = :run AND coalesce(c.newest, d.recorded_from) > :as_of"
    )
)


def by_load(connection: Connection, load: int) -> int:
    """Mark the runs that used readings which a load changes; return how many inputs.

    Call it in the publishing transaction, after the load got its recorded time.
    """
    return connection.execute(_BY_LOAD, {"load": load}).rowcount


def by_registry(
    connection: Connection, tables: Iterable[str], recorded: datetime
) -> None:
    """Mark the runs that used what a load of the registry changed.

    Parameters
    ----------
    connection
        In the transaction of the load, which holds the lock of `recording.moment`.
    tables
        Tables in which rows were closed or added.
    recorded
        The recorded time of the load.
    """
    changed = "(t.recorded_from = :since OR t.recorded_to = :since)"
    for table in sorted(set(tables) - APART):
        connection.execute(_registry(table, changed), {"since": recorded, "run": None})


def since(
    connection: Connection, run: str, as_of: datetime, tables: Iterable[str]
) -> None:
    """Mark a run that is being kept by all that was recorded after its state.

    Hold `recording.hold` before and until the run is committed: what is recorded
    later then finds the run. Of readings that were folded since then
    (`ewater compact`) the whole chunk counts as changed.
    """
    connection.execute(_SINCE, {"run": run, "as_of": as_of})
    changed = "(t.recorded_from > :since OR t.recorded_to > :since)"
    for table in sorted(set(tables) - APART):
        connection.execute(_registry(table, changed), {"since": as_of, "run": run})


def _registry(table: str, changed: str) -> TextClause:
    concerns = _CONCERNS.get(table, "true")
    return text(
        f"""
        WITH hit AS (
            SELECT i.run, max(greatest(t.recorded_from, t.recorded_to)) AS since
            FROM run_input AS i JOIN run AS r ON r.code = i.run
            JOIN {table} AS t ON {changed} AND {concerns}
            WHERE i.kind = 'registry' AND i.code = '{table}'
                AND i.stale_since IS NULL
                AND (CAST(:run AS text) IS NULL OR i.run = :run)
            GROUP BY i.run
        )
        UPDATE run_input AS i SET stale_since = hit.since
        FROM hit
        WHERE i.run = hit.run AND i.kind = 'registry' AND i.code = '{table}'
        """  # noqa: S608 - table names are ours
    )
