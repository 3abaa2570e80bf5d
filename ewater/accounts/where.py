"""Where water is lost, and where the next meters pay: a run as rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.views import View
from ewater.balance.losses import losses, ranked
from ewater.balance.meters import next_meters
from ewater.series.calendars import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ewater.accounts.runs import Run
    from ewater.balance.ledger import Ledger

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
METERS = ("number", "flow", "meter_u", "gain", "fall", "left", "from", "to")


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
    return losses_in(View(run), territory, each=each)


def losses_in(
    view: View,
    territory: str | None = None,
    periods: Sequence[int] | None = None,
    *,
    each: bool = True,
) -> list[Row]:
    """Rank losses in some periods (all by default) of a view, see `losses_of`."""
    code, run = view.territory(territory), view.run
    found = losses(view.ledger, view.flows, run.inputs.stocks, code)
    edges = labels(run.calendar, run.bounds)
    if each:
        chosen = range(len(edges) - 1) if periods is None else periods
        tables = [(ranked(found, n), edges[n], edges[n + 1]) for n in chosen]
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
    return meters_in(view, total, territory, count=count, u_pct=u_pct)


def meters_in(
    view: View,
    total: str,
    territory: str | None = None,
    periods: Sequence[int] | None = None,
    *,
    count: int = 40,
    u_pct: float | None = None,
) -> Row:
    """Choose meters for some periods (all by default) of a view, see `meters_of`."""
    code = view.territory(territory)
    flows, stocks = view.flows, view.run.inputs.stocks
    if periods is not None:
        flows = flows.within(periods)
        stocks = stocks.isel(instant=[*periods, periods[-1] + 1])
    found = next_meters(
        view.ledger,
        flows,
        stocks,
        total,
        territory=code,
        count=count,
        u_pct=u_pct,
        boundary=view.boundary,
    )
    meters = _rows(found.chosen)
    return {
        "total": total,
        "territory": code,
        "u": [float(u) for u in found.u],
        "u_after": [float(u) for u in found.u_after],
        "open": list(found.open),
        "meters": [
            {"number": n} | row | _ends(view.ledger, row["flow"])
            for n, row in enumerate(meters, 1)
        ],
    }


def _ends(ledger: Ledger, flow: str) -> Row:
    place = int(np.flatnonzero(ledger.flows == flow)[0])
    return {
        "from": str(ledger.accounts[ledger.flow_from[place]]),
        "to": str(ledger.accounts[ledger.flow_to[place]]),
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
