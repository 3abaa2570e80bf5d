"""A return beside its meters, permits, counterparties and other years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.reports import known, stored, who
from ewater.reports.examine import history, partners, run

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from ewater.reports.examine.facts import Facts
    from ewater.reports.who import Person

    Row = dict[str, Any]

_DAYS = {"year": 365.25, "month": 365.25 / 12, "day": 1.0}
_VOLUMES = ("intake", "used", "passed_unused", "discharge")
_OF_YEARS = (*_VOLUMES, "metered", "output")


def beside(connection: Connection, person: Person, number: int) -> Row:
    """Lay what others say beside the newest version of a return.

    Returns
    -------
    dict
        ``reported`` and ``own`` (taken by the enterprise itself) with ``u``,
        ``metered`` (share); ``meters`` and ``pumps``: ``volume``, ``u``, ``coverage``,
        ``series``, ``reported`` of the same water; ``permits`` with ``allowed`` in the
        period; ``partners``: ``other``, ``given``, ``taken``; ``years``: other returns
        of the enterprise, each volume with its ``_u``, ``expected`` from them. m3, u
        with k = 1, None unknown.

    Raises
    ------
    ForbiddenError
        The enterprise is outside the scope.
    """
    head = stored.head(connection, number)
    who.allow(connection, person, who.READ, head.enterprise)
    form = known.form_of(connection, head.form)
    rows, facts, around = run.look_at(connection, form, [number])
    at = next((n for n, row in enumerate(rows) if row.id == number), None)
    if at is None:
        return {"reported": None}
    seen = history.expected(facts)
    quarterly = bool(facts.quarter[at])
    return {
        "reported": _plain(facts.intake[at]),
        "own": _plain(np.nansum(facts.own[at])) if np.any(facts.own[at] >= 0) else None,
        "u": _plain(facts.u[at]),
        "metered": _plain(facts.metered[at]),
        "meters": _measured(around.meters, at),
        "pumps": _measured(around.pumps, at),
        "permits": permits(
            around.permits[around.permits["enterprise"] == head.enterprise],
            (head.period_start, head.period_end),
            whole_year=not quarterly,
        ),
        "partners": _partners(facts, at),
        "years": _years(facts, at),
        "expected": None if quarterly else _plain(seen.volume[at]),
    }


def permits(
    frame: pd.DataFrame, period: tuple[datetime, datetime], *, whole_year: bool
) -> list[Row]:
    """List permits with what each allows in a period, m3; None where it never held."""
    start, end = (pd.Timestamp(moment) for moment in period)
    found = []
    for record in frame.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        first = start if pd.isna(row["valid_from"]) else max(start, row["valid_from"])
        last = end if pd.isna(row["valid_to"]) else min(end, row["valid_to"])
        days = (last - first).total_seconds() / 86_400
        year = (end - start).total_seconds() / 86_400
        per = year if whole_year and row["per"] == "year" else _DAYS[row["per"]]
        allowed = row["limit_m3"] * days / per if days > 0 else None
        found.append(
            {
                **row,
                "valid_from": _moment(row["valid_from"]),
                "valid_to": _moment(row["valid_to"]),
                "allowed": None if allowed is None else _plain(allowed),
            }
        )
    return found


def _measured(table: pd.DataFrame, at: int) -> Row | None:
    mine = table[table["owner"] == at]
    if mine.empty:
        return None
    row = mine.iloc[0]
    coverage = float(row["coverage"])
    scale = 1 / coverage if coverage > 0 else np.nan
    return {
        "volume": _plain(row["volume"] * scale),
        "u": _plain(row["u"] * scale),
        "coverage": coverage,
        "series": str(row["series"]),
        "reported": _plain(row["reported"]),
    }


def _partners(facts: Facts, at: int) -> list[Row]:
    deals = partners.deals(facts)
    me, period = str(facts.enterprise[at]), str(facts.batch.period[at])
    now = deals[deals["period"].astype(str) == period]
    found = []
    for row in now.to_dict("records"):
        if me not in (row["giver"], row["taker"]):
            continue
        gives = row["giver"] == me
        found.append(
            {
                "other": row["taker"] if gives else row["giver"],
                "gives": gives,
                "given": _plain(row["given"]),
                "taken": _plain(row["taken"]),
            }
        )
    return sorted(found, key=lambda row: -max(row["given"] or 0, row["taken"] or 0))


def _years(facts: Facts, at: int) -> list[Row]:
    mine = np.flatnonzero(facts.enterprise == facts.enterprise[at])
    unsure = {name: facts.u_of(name) for name in _VOLUMES}
    found = [
        {
            "period": str(facts.batch.period[n]),
            **{name: _plain(getattr(facts, name)[n]) for name in _OF_YEARS},
            **{f"{name}_u": _plain(u[n]) for name, u in unsure.items()},
            "u": _plain(facts.u[n]),
            "this": n == at,
        }
        for n in mine.tolist()
        if facts.annual[n] or n == at
    ]
    return sorted(found, key=lambda row: row["period"])


def _plain(value: Any) -> float | None:
    found = float(value)
    return found if np.isfinite(found) else None


def _moment(value: Any) -> Any:
    return None if pd.isna(value) else value
