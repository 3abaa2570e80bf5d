"""Where water is lost, and where the next meters pay: a run as rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ewater.accounts.views import View
from ewater.balance.losses import losses, ranked
from ewater.balance.meters import next_meters
from ewater.series.calendars import labels

if TYPE_CHECKING:
    import pandas as pd

    from ewater.accounts.runs import Run

    Row = dict[str, Any]

LOSSES = (
    "period_start",
    "period_end",
    "rank_first",
    "rank_last",
    "account",
    "kind",
    "loss",
    "u",
    "lower",
    "upper",
    "declared",
    "unexplained",
    "entering",
    "share",
    "sure",
    "not_modelled",
    "missing",
)
METERS = ("number", "flow", "meter_u", "gain", "fall", "left")


def losses_of(
    run: Run, territory: str | None = None, *, each: bool = False
) -> list[Row]:
    """Rank what reaches, canals and utilities lose, largest first.

    Parameters
    ----------
    run
        From ``ewater.accounts.runs.obtain``.
    territory
        Its code; default: the country.
    each
        Rank every period on its own; else all periods together.

    Returns
    -------
    list of dict
        Keys of :data:`LOSSES`, volumes in m3; None is unknown. See
        `ewater.balance.losses`.
    """
    view = View(run)
    code = view.territory(territory)
    found = losses(view.ledger, view.flows, run.inputs.stocks, code)
    edges = labels(run.calendar, run.bounds)
    if each:
        tables = [
            (ranked(found, n), edges[n], edges[n + 1]) for n in range(len(edges) - 1)
        ]
    else:
        tables = [(ranked(found), edges[0], edges[-1])]
    return [
        row | {"period_start": start, "period_end": end}
        for table, start, end in tables
        for row in _rows(table)
    ]


def meters_of(
    run: Run,
    total: str,
    territory: str | None = None,
    *,
    count: int = 40,
    u_pct: float | None = None,
    boundary: str = "managed",
) -> Row:
    """Choose the next meters for a total, the most useful first.

    Parameters
    ----------
    run, territory
        As of :func:`losses_of`.
    total, count, u_pct, boundary
        As of `ewater.balance.meters.next_meters`.

    Returns
    -------
    dict
        ``total``, ``territory``, ``u`` and ``u_after`` by period (m3), ``open`` flows,
        ``meters`` (keys of :data:`METERS`).
    """
    view = View(run, boundary)
    code = view.territory(territory)
    found = next_meters(
        view.ledger,
        view.flows,
        run.inputs.stocks,
        total,
        territory=code,
        count=count,
        u_pct=u_pct,
        boundary=boundary,
    )
    meters = _rows(found.chosen)
    return {
        "total": total,
        "territory": code,
        "u": [float(u) for u in found.u],
        "u_after": [float(u) for u in found.u_after],
        "open": list(found.open),
        "meters": [{"number": n} | row for n, row in enumerate(meters, 1)],
    }


def _rows(table: pd.DataFrame) -> list[Row]:
    """Plain values; None where a number is unknown, whole numbers for ranks."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(value) if math.isfinite(value) else None
