"""Approved returns become figures of ``reports``, which the ledger reads.

An approval closes what stood for the same enterprise, items and time, from whatever
way it came, and records the new figures at the same moment: nothing counts twice, and
the account as of an earlier time still sees the old ones.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.reports import linear, periods
from ewater.store import overtaken, recording, registry
from ewater.store.instants import cursor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.reports.batch import Batch, Lines
    from ewater.reports.form import Entry, Form

COLUMNS = (
    "enterprise", "period_start", "period_end", "item", "value", "unit", "source",
    "purpose", "status", "counterparty", "revision", "metered",
)  # fmt: skip
_KEY = [
    "owner", "item", "source", "purpose", "counterparty", "period_start", "period_end",
]  # fmt: skip
_CLOSE = text(
    "UPDATE reports AS r SET recorded_to = :recorded FROM "
    "(SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:starts AS timestamptz[]), "
    " CAST(:ends AS timestamptz[])) AS t(enterprise, period_start, period_end)) AS g "
    "WHERE r.recorded_to IS NULL AND r.enterprise = g.enterprise "
    "AND r.period_start >= g.period_start AND r.period_end <= g.period_end "
    "AND r.item = ANY(:items)"
)
_BEYOND = text(
    "SELECT r.enterprise, r.item, r.period_start, r.period_end FROM reports AS r JOIN "
    "(SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:starts AS timestamptz[]), "
    " CAST(:ends AS timestamptz[])) AS t(enterprise, period_start, period_end)) AS g "
    "ON r.enterprise = g.enterprise AND r.period_start < g.period_end "
    "AND r.period_end > g.period_start "
    "AND NOT (r.period_start >= g.period_start AND r.period_end <= g.period_end) "
    "WHERE r.recorded_to IS NULL AND r.status = 'approved' AND r.item = ANY(:items) "
    "LIMIT 1"
)


def items(form: Form) -> list[str]:
    """Items that a form can give."""
    found = {entry.item for entry in form.ledger}
    return sorted(found.union(*(entry.items.values() for entry in form.ledger)))


def figures(batch: Batch, zone: str, revision: Sequence[int]) -> pd.DataFrame:
    """Figures that returns give to the ledger.

    A figure with months is split by them where they are given, else it is one figure
    of the whole period, which the account splits by days. Lines that say the same
    thing are added up; ``metered`` is the metered part of the sum.

    Parameters
    ----------
    batch
        Returns that passed every check.
    zone
        Of the country.
    revision
        Version of each return.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` and ``owner``, the position of the return.
    """
    parts = [part for entry in batch.form.ledger for part in _entry(batch, entry, zone)]
    if not parts:
        return pd.DataFrame(columns=["owner", *COLUMNS])
    table = pd.concat(parts, ignore_index=True)
    table["of_meter"] = table["value"] * table["metered"]
    groups = table.groupby(_KEY, dropna=False, sort=True)
    summed = groups.agg(
        value=("value", "sum"),
        known=("metered", lambda s: s.notna().all()),
        of_meter=("of_meter", "sum"),
        metered=("metered", "first"),
    ).reset_index()
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (summed["of_meter"] / summed["value"]).clip(0, 1)
    summed["metered"] = share.where(summed["value"] > 0, summed["metered"])
    summed["metered"] = summed["metered"].where(summed["known"])
    owner = summed["owner"].to_numpy()
    return summed.assign(
        enterprise=batch.enterprise[owner],
        unit=batch.form.unit,
        status="approved",
        revision=np.asarray(revision)[owner],
        value=summed["value"].round(batch.form.decimals + 4),
    )[["owner", *COLUMNS]]


def _entry(batch: Batch, entry: Entry, zone: str) -> list[pd.DataFrame]:
    lines = batch.sections[entry.section]
    value = lines.number[entry.value]
    keep = ~np.isnan(value)
    for key, wanted in ((entry.only, True), (entry.unless, False)):
        if key is not None:
            keep &= lines.where(key) == wanted
    if not keep.any():
        return []
    edges = _edges(batch, zone)
    owner = lines.owner
    base = pd.DataFrame(
        {
            "owner": owner,
            "item": _items(lines, entry),
            "source": _texts(lines, entry.source),
            "purpose": _texts(lines, entry.purpose),
            "counterparty": _texts(lines, entry.counterparty),
            "metered": _metered(lines, entry),
            "value": value,
            "period_start": edges[0][owner],
            "period_end": edges[1][owner],
        }
    )
    monthly, split = _months(batch, lines, entry)
    split &= keep
    whole = base[keep & ~split]
    parts = [whole] if len(whole) else []
    for month, figure in enumerate(monthly):
        mine = split & ~np.isnan(figure)
        if mine.any():
            starts, ends = _month_edges(batch, month, zone)
            parts.append(
                base[mine].assign(
                    value=figure[mine],
                    period_start=starts[owner[mine]],
                    period_end=ends[owner[mine]],
                )
            )
    return parts


def _items(lines: Lines, entry: Entry) -> NDArray[np.object_]:
    if entry.source is None or not entry.items:
        return np.full(len(lines), entry.item, dtype=object)
    said = lines.text[entry.source]
    return np.array([entry.items.get(s, entry.item) for s in said], dtype=object)


def _texts(lines: Lines, key: str | None) -> NDArray[np.object_]:
    return np.full(len(lines), None, dtype=object) if key is None else lines.text[key]


def _metered(lines: Lines, entry: Entry) -> NDArray[np.float64]:
    if entry.metered is None:
        return np.full(len(lines), np.nan)
    value, metered = lines.number[entry.value], lines.number[entry.metered]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip(metered / value, 0, 1)
    return np.where(value > 0, share, np.nan)


def _months(
    batch: Batch, lines: Lines, entry: Entry
) -> tuple[list[NDArray[np.float64]], NDArray[np.bool_]]:
    """Monthly figures of each line, and whether all months of its period have one."""
    if entry.months is None:
        return [], np.zeros(len(lines), dtype=bool)
    from ewater.reports.heads import months

    figures_ = [lines.number[key] for key in linear.sum_of(entry.months).keys]
    due = months(batch)[lines.owner]
    given = ~np.isnan(np.column_stack(figures_))
    split: NDArray[np.bool_] = np.all(given | ~due, axis=1) & given.any(axis=1)
    return figures_, split


def _edges(batch: Batch, zone: str) -> tuple[Any, Any]:
    known = {p: periods.read(p).edges(zone) for p in set(map(str, batch.period))}
    return tuple(
        pd.DatetimeIndex([known[str(p)][end] for p in batch.period], tz="UTC")
        for end in (0, 1)
    )  # type: ignore[return-value]


def _month_edges(batch: Batch, month: int, zone: str) -> tuple[Any, Any]:
    years = {p: periods.read(p).year for p in set(map(str, batch.period))}
    starts = {y: periods.local(y, month + 1, zone) for y in set(years.values())}
    ends = {
        y: periods.local(y + (month == 11), (month + 1) % 12 + 1, zone)
        for y in set(years.values())
    }
    return tuple(
        pd.DatetimeIndex([known[years[str(p)]] for p in batch.period], tz="UTC")
        for known in (starts, ends)
    )  # type: ignore[return-value]


def record(
    connection: Connection, batch: Batch, zone: str, revision: Sequence[int]
) -> datetime:
    """Make returns what the ledger sees, at one moment, which is returned.

    Raises
    ------
    UsageError
        Figures of a longer time, from a file, cover the time of a return: they would
        count beside it.
    """
    registry.alone(connection)
    starts, ends = _edges(batch, zone)
    spans = {
        "codes": [str(code) for code in batch.enterprise],
        "starts": list(starts.to_pydatetime()),
        "ends": list(ends.to_pydatetime()),
        "items": items(batch.form),
    }
    beyond = connection.execute(_BEYOND, spans).one_or_none()
    if beyond is not None:
        raise UsageError(
            f"reports.csv has {beyond.item} of {beyond.enterprise} from "
            f"{beyond.period_start.date()} to {beyond.period_end.date()}, which "
            "reaches beyond the return; the two would be counted twice"
        )
    table = figures(batch, zone, revision)
    recorded = recording.moment(connection)
    connection.execute(_CLOSE, {**spans, "recorded": recorded})
    copy(connection, "reports", table[list(COLUMNS)].assign(recorded_from=recorded))
    overtaken.by_registry(connection, ["reports"], recorded)
    return recorded


def copy(connection: Connection, name: str, table: pd.DataFrame) -> None:
    """Copy rows into a table of the store; its columns are those of the frame."""
    if table.empty:
        return
    out = io.StringIO()
    table.to_csv(out, header=False, index=False)
    columns = ", ".join(f'"{column}"' for column in table.columns)
    statement = f'COPY "{name}" ({columns}) FROM STDIN (FORMAT csv)'
    with cursor(connection) as raw, raw.copy(statement) as stream:
        stream.write(out.getvalue())
