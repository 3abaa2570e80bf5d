"""What the store holds behind a series in a period: chunks, loads, versions, people."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import select, text

from ewater.accounts.documents import finite
from ewater.store import chunks, reading_history, verdicts
from ewater.store.instants import instant
from ewater.store.registry_rows import TABLES, as_it_stood
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection
    from sqlalchemy.engine import RowMapping

    from ewater.store.rows import Rows

    Document = dict[str, Any]

# As `chunks.rows_of` reads: what was folded, and deltas that were published by then.
_CHUNKS = text("""
SELECT c.series_id, c.kind, c.first_time, c.last_time, c.count, c.load_id AS load,
    coalesce(c.newest, d.recorded_from) AS recorded,
    encode(c.content_hash, 'hex') AS sha256
FROM chunk AS c LEFT JOIN load AS d ON d.id = c.load_id
WHERE c.series_id = ANY(:ids) AND c.first_time <= :last AND c.last_time >= :first
    AND (c.kind <> 'delta' OR d.recorded_from <= :as_of)
ORDER BY c.series_id, c.first_time, c.kind, c.id
""")
_LOADS = text("""
SELECT l.id, l.kind, l.source, l.issued_at, l.recorded_from, l.profile IS NOT NULL
    AS by_profile, p.name, encode(f.sha256, 'hex') AS sha256, f.size
FROM load AS l LEFT JOIN person AS p ON p.id = l.actor
LEFT JOIN landed_file AS f ON f.id = l.file_id
WHERE l.id = ANY(:ids) ORDER BY l.recorded_from
""")
_OURS = ("id", "recorded_to", "place", "geometry")  # columns that no file has
_POINTS = ("x", "y", "segment", "a", "h0", "b", "shift")


def of_series(
    connection: Connection,
    codes: Sequence[str],
    bounds: NDArray[np.int64],
    as_of: dt.datetime,
) -> dict[str, Document]:
    """Say what is behind some series from one instant to another, both included.

    Parameters
    ----------
    connection
        Open connection.
    codes
        Series, each once.
    bounds : (2,), int64 microseconds UTC
    as_of
        What was recorded by then.

    Returns
    -------
    dict of dict
        By series, as docs/explain.md describes it: ``chunks``, ``readings``,
        ``loads``, ``verdicts``.
    """
    if not codes:
        return {}
    first, last = int(bounds[0]), int(bounds[-1])
    window = chunks.Window.of(chunks.series_ids(connection, codes), first, last + 1)
    rows, cuts = chunks.rows_of(connection, window, as_of, every=True)
    ids = window.series_id.tolist()
    asked = {"ids": ids, "first": instant(first), "last": instant(last)}
    held = connection.execute(_CHUNKS, asked | {"as_of": as_of}).mappings().all()
    brought = [
        _distinct(rows.load[begin:end]) for begin, end in pairwise(cuts.tolist())
    ]
    loads = _loads(connection, {load for some in brought for load in some})
    said = verdicts.read(connection, ids, first, last, as_of)
    people = reading_history.names(connection) if len(said) else {}
    return {
        code: {
            "chunks": [_chunk(one) for one in held if one["series_id"] == ids[n]],
            "readings": _readings(rows, int(cuts[n]), int(cuts[n + 1])),
            "loads": [loads[load] for load in brought[n]],
            "verdicts": _verdicts(said[said["series"] == code], people),
        }
        for n, code in enumerate(codes)
    }


def _distinct(loads: NDArray[np.int64]) -> list[int]:
    found: list[int] = np.unique(loads).tolist()
    return found


def _chunk(row: RowMapping) -> Document:
    times = ("first_time", "last_time", "recorded")
    return {
        "sha256": row["sha256"],
        "kind": row["kind"],
        "count": row["count"],
        "load": row["load"],
        **{name: _iso(row[name]) for name in times},
    }


def _readings(rows: Rows, begin: int, end: int) -> Document:
    """Count the readings in place, newest of each instant, by flag and lineage."""
    time = rows.time[begin:end]
    newest = np.append(time[1:] != time[:-1], True)[: time.size]
    lineage = rows.lineage[begin:end][newest]
    standing = lineage != Lineage.RETRACTED
    flag = rows.flag[begin:end][newest][standing]
    instants = time[newest][standing]
    return {
        "count": int(flag.size),
        "versions": int(time.size),
        "first": _iso(instant(int(instants[0]))) if instants.size else None,
        "last": _iso(instant(int(instants[-1]))) if instants.size else None,
        "flags": {
            one.name.lower(): int(n) for one in Flag if (n := (flag == one).sum())
        },
        "lineage": {
            one.name.lower(): int(n) for one in Lineage if (n := (lineage == one).sum())
        },
    }


def _loads(connection: Connection, ids: Iterable[int]) -> dict[int, Document]:
    found = connection.execute(_LOADS, {"ids": list(ids)}).mappings().all()
    return {
        row["id"]: {
            "load": row["id"],
            "kind": row["kind"],
            "source": row["source"],
            "by": row["name"],
            "issued_at": _iso(row["issued_at"]),
            "recorded_from": _iso(row["recorded_from"]),
            "by_profile": row["by_profile"],
            "file_sha256": row["sha256"],
            "file_size": row["size"],
        }
        for row in found
    }


def _verdicts(said: pd.DataFrame, people: Mapping[object, str]) -> list[Document]:
    return [
        {
            "start": _iso(row["start"]),
            "end": _iso(row["end"]),
            "level": row["level"],
            "flag": Flag(int(row["flag"])).name.lower()
            if np.isfinite(row["flag"])
            else None,
            "reason": row["reason"],
            "by": people.get(row["author"]),
            "made": _iso(row["made"]),
        }
        for row in said.to_dict("records")
    ]


def registered(
    connection: Connection,
    table: str,
    column: str,
    codes: Sequence[str],
    bounds: NDArray[np.int64],
    as_of: dt.datetime,
) -> dict[str, list[Document]]:
    """Read the versions of registry rows that stood at a time and hold in a period.

    Returns
    -------
    dict of list
        By what is in ``column``: rows with the columns of the file of a country
        folder and ``recorded_from``.
    """
    of = TABLES[table]
    chosen = [c for c in of.columns if c.name not in _OURS]
    statement = (
        select(*chosen)
        .where(of.c[column].in_(list(codes)), as_it_stood(of, as_of))
        .order_by(of.c.id)
    )
    first, last = (instant(int(edge)) for edge in (bounds[0], bounds[-1]))
    began = of.c.valid_from.is_(None) | (of.c.valid_from <= last)
    ends = of.c.valid_to.is_(None) | (of.c.valid_to > first)
    statement = statement.where(began, ends)
    if table == "meter_events":
        statement = statement.where(of.c.time.between(first, last))
    found: dict[str, list[Document]] = {}
    for row in connection.execute(statement).mappings():
        plain = {name: _value(value) for name, value in row.items()}
        found.setdefault(plain[column], []).append(plain)
    return found


def curves(
    connection: Connection,
    sites: Sequence[str],
    bounds: NDArray[np.int64],
    as_of: dt.datetime,
) -> dict[str, list[Document]]:
    """List the versions of curves that hold in a period, by site.

    ``sha256`` is over the points of a version, sorted, as the text of docs/explain.md.
    """
    found = registered(connection, "curves", "site", sites, bounds, as_of)
    made: dict[str, list[Document]] = {}
    for site, points in found.items():
        versions: dict[tuple[Any, ...], list[Document]] = {}
        for point in points:
            key = (point["kind"], point["valid_from"], point["valid_to"])
            versions.setdefault(key, []).append(point)
        made[site] = [
            {
                "kind": kind,
                "valid_from": start,
                "valid_to": end,
                "points": len(rows),
                "sha256": _digest(rows),
                "recorded_from": max(row["recorded_from"] for row in rows),
            }
            for (kind, start, end), rows in versions.items()
        ]
    return made


def _digest(points: Sequence[Document]) -> str:
    lines = sorted(
        ",".join("" if point[n] is None else repr(float(point[n])) for n in _POINTS)
        for point in points
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return finite(value)
    return _iso(value) if hasattr(value, "isoformat") else value


def _iso(moment: Any) -> str | None:
    return None if pd.isna(moment) else str(moment.isoformat())
