"""Kept runs, and which of them newer data or a newer registry have overtaken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SHOWN = 20  # causes that are named; all of them are counted

_RUNS = text(
    """
    SELECT code AS run, step, calendar, period_start, period_end, basis, as_of, version,
        computed_at, seconds
    FROM run ORDER BY as_of, period_start, step, code
    """
)
_CAUSES = text(
    """
    SELECT run, kind, code, stale_since, stale_load, changed_from, changed_to, causes
    FROM (
        SELECT i.*, count(*) OVER w AS causes,
            row_number() OVER (w ORDER BY i.stale_since, i.kind, i.code) AS place
        FROM run_input AS i
        WHERE i.stale_since IS NOT NULL
            AND (CAST(:run AS text) IS NULL OR i.run = :run)
        WINDOW w AS (PARTITION BY i.run)
    ) AS named
    WHERE place <= :shown ORDER BY run, place
    """
)


def listing(engine: Engine, *, only: bool = False) -> list[dict[str, Any]]:
    """List the kept runs, oldest state first; ``only`` those that are stale.

    Returns
    -------
    list of dict
        Columns of table ``run`` and ``stale``, see `of`.
    """
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(_RUNS)]
        found = _causes(connection, None)
    for row in rows:
        row["stale"] = found.get(row["run"])
    return [row for row in rows if row["stale"] or not only]


def of(connection: Connection, run: str) -> dict[str, Any] | None:
    """Say since when and why a kept run is stale; None when it is not.

    Returns
    -------
    dict
        ``since``, ``count`` of changed inputs and ``causes``, the first of them:
        ``kind`` and ``code`` (a series, or a table of the registry), ``since``,
        ``load``, and ``from`` and ``to``, the first and last changed reading.
    """
    return _causes(connection, run).get(run)


def _causes(connection: Connection, run: str | None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    rows = connection.execute(_CAUSES, {"run": run, "shown": SHOWN})
    for row in rows:
        stale = found.setdefault(
            row.run,
            {"since": row.stale_since.isoformat(), "count": row.causes, "causes": []},
        )
        stale["causes"].append(
            {
                "kind": row.kind,
                "code": row.code,
                "since": row.stale_since.isoformat(),
                "load": row.stale_load,
                "from": _iso(row.changed_from),
                "to": _iso(row.changed_to),
            }
        )
    return found


def _iso(instant: Any) -> str | None:
    return None if instant is None else str(instant.isoformat())


def why(stale: dict[str, Any]) -> str:
    """Say in one line what changed first."""
    cause = stale["causes"][0]
    by = f" by load {cause['load']}" if cause["load"] else ""
    days = dict.fromkeys(cause[end][:10] for end in ("from", "to") if cause[end])
    span = f" {' to '.join(days)}" if cause["from"] else ""
    more = f" and {stale['count'] - 1} more" if stale["count"] > 1 else ""
    return f"{cause['kind']} {cause['code']}{span}{by}{more}"
