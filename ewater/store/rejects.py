"""Rows that were not loaded: kept with their reason, listed, loaded after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ewater.store.instants import cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection


def keep(
    connection: Connection,
    load: int,
    rows: Iterable[tuple[int, str, str, str, str, bool]],
) -> None:
    """Keep rejected rows: line, column, reason, detail, raw text, held."""
    statement = (
        "COPY reject (load_id, line, column_name, reason, detail, raw, held) "
        "FROM STDIN (FORMAT binary)"
    )
    with cursor(connection).copy(statement) as copy:
        copy.set_types(("int8", "int8", "text", "text", "text", "text", "bool"))
        for row in rows:
            copy.write_row((load, *row))


def read(connection: Connection, load: int | None = None) -> list[dict[str, Any]]:
    """Rejected rows of a published load, or of all; the newest load last."""
    rows = connection.execute(
        text(
            "SELECT r.load_id AS load, l.source, r.line, r.column_name AS column, "
            "r.reason, r.detail, r.raw, r.held, r.resolved_by "
            "FROM reject AS r JOIN load AS l ON l.id = r.load_id "
            "WHERE l.recorded_from IS NOT NULL AND (r.load_id = :load OR :every) "
            "ORDER BY r.load_id, r.line, r.column_name"
        ),
        {"load": load, "every": load is None},
    )
    return [dict(row) for row in rows.mappings()]


def held(
    connection: Connection, load: int | None = None, *, but: Sequence[str] = ()
) -> dict[int, list[Any]]:
    """Rows that wait to be loaded again, by their load: line, text, column.

    Those held for a reason in ``but`` are left out.
    """
    waiting: dict[int, list[Any]] = {}
    for row in read(connection, load):
        if row["held"] and row["resolved_by"] is None and row["reason"] not in but:
            waiting.setdefault(row["load"], []).append(
                (row["line"], row["raw"], row["column"])
            )
    return waiting


def resolve(
    connection: Connection, load: int, rows: Sequence[tuple[int, str]], by: int
) -> None:
    """Mark held rows, given by line and column, as loaded by a later load."""
    connection.execute(
        text(
            "UPDATE reject SET resolved_by = :by FROM "
            "unnest(cast(:lines AS bigint[]), cast(:columns AS text[])) AS w (l, c) "
            "WHERE load_id = :load AND line = w.l AND column_name = w.c"
        ),
        {
            "load": load,
            "lines": [line for line, _ in rows],
            "columns": [column for _, column in rows],
            "by": by,
        },
    )
