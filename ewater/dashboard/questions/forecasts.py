"""What pages ask about forecasts: the newest, its scores, what came of earlier ones."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts import runs
from ewater.accounts.documents import finite
from ewater.accounts.forecasting import documents, history, kept, outcomes
from ewater.accounts.forecasting.totals import Totals
from ewater.accounts.scope import accounts_of, require, territories_of
from ewater.balance.flows import resolve
from ewater.series.calendars import labels
from ewater.store import registry

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine

    from ewater.accounts.forecasting.make import Outlook
    from ewater.accounts.scope import Scope

    Document = dict[str, Any]

_MONTHS_BEFORE = 24


def newest_forecast(engine: Engine, scope: Scope, minute: int) -> str | None:
    """Code of the newest forecast that is kept.

    ``minute`` is that of the clock: answers are kept as long as the data are the same,
    and a forecast is made without new data.
    """
    del scope, minute
    with engine.connect() as connection:
        return kept.newest(connection)


def forecast_of(
    engine: Engine, scope: Scope, code: str, territory: str
) -> Document | None:
    """Forecast of a territory, with what was before it and what came since.

    Returns
    -------
    dict or None
        As ``ewater forecast --format json``, besides ``past``: ``start`` and each
            quantity (m3, None unknown) of the 24 months before it and of those that
            are over since. None: there is no such forecast.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    require(engine, scope, territory)
    with engine.connect() as connection:
        outlook = kept.load(connection, code)
    if outlook is None:
        return None
    found = documents.document(code, outlook, territory)
    del found["reservoirs"]  # each has its own place, see `schedules`
    return found | {"past": _past(engine, outlook, territory)}


def _past(engine: Engine, outlook: Outlook, territory: str) -> list[Document]:
    """Months around the origin that are over, as they are known now."""
    year = outlook.origin.year * 12 + outlook.origin.month - 1 - _MONTHS_BEFORE
    start = outlook.origin.replace(year=year // 12, month=year % 12 + 1)
    far = outlook.origin.replace(day=1)
    for _ in range(outlook.bounds.size - 1):
        far = (far + dt.timedelta(days=31)).replace(day=1)
    end = max(outlook.origin, min(history.plan(engine).origin, far))
    run = runs.obtain(engine, start, end, "month", calendar=outlook.calendar.code)
    inputs = run.inputs
    volume = resolve(inputs.ledger, inputs.sources, inputs.weights).volume
    accounts = inputs.stocks["account"].to_numpy().astype(np.str_)
    stock = inputs.stocks["volume"].to_numpy()
    tables: dict[str, Any] = {}
    for suffix, flows in (("", volume), ("_known", np.nan_to_num(volume))):
        totals = Totals(inputs.ledger, flows, accounts, stock, [territory])
        tables |= {f"{name}{suffix}": totals(name)[0] for name in totals.names()}
    starts = labels(run.calendar, run.bounds)
    return [
        {"start": starts[n], **{name: finite(t[n]) for name, t in tables.items()}}
        for n in range(run.bounds.size - 1)
    ]


def forecast_scores(engine: Engine, scope: Scope, code: str) -> list[Document]:
    """Scores of a forecast, of flows and stocks that the scope contains.

    Returns
    -------
    list of dict
        See `ewater.accounts.forecasting.documents.score_rows`; best skill first.
    """
    with engine.connect() as connection:
        outlook = kept.load(connection, code)
        if outlook is None:
            return []
        frames = registry.read(connection, outlook.as_of)
    accounts = _accounts(engine, scope, outlook, frames)
    found = documents.score_rows(outlook.scores)
    if accounts is None:
        return found
    ledger = outlook.ledger
    ends = {
        str(flow): {str(ledger.accounts[a]), str(ledger.accounts[b])}
        for flow, a, b in zip(
            ledger.flows, ledger.flow_from, ledger.flow_to, strict=True
        )
    }
    return [row for row in found if ends.get(row["code"], {row["code"]}) & accounts]


def _accounts(
    engine: Engine, scope: Scope, outlook: Outlook, frames: dict[str, pd.DataFrame]
) -> frozenset[str] | None:
    """Accounts of a scope; None: all of them."""
    if scope.is_all:
        return None
    ledger = outlook.ledger
    inside = frozenset(map(str, ledger.accounts))
    if scope.territories:
        codes = sorted(
            territories_of(engine, scope) & set(map(str, ledger.territories))
        )
        share = ledger.membership[ledger.rows(codes)]
        inside = frozenset(
            str(code) for code in ledger.accounts[np.asarray(share.sum(axis=0)) > 0]
        )
    mine = accounts_of(frames, scope)
    return inside if mine is None else inside & mine


def came_true(
    engine: Engine, scope: Scope, territory: str, quantity: str, minute: int
) -> list[Document]:
    """Compare what earlier forecasts said of a territory with what came.

    Returns
    -------
    list of dict
        ``forecast``, ``origin``, ``start``, ``lead``, ``actual``, ``low``,
        ``middle``, ``high``, ``crps`` (m3); by origin and month.

    Raises
    ------
    ForbiddenError
        The territory is outside the scope.
    """
    del minute  # see `newest_forecast`
    require(engine, scope, territory)
    with engine.connect() as connection:
        frame = outcomes.read(connection, ("total",), (f"{territory}.{quantity}",))
        every = kept.listed(connection).set_index("code")["origin"]
        zone = runs.calendar_of(registry.read_table(connection, "calendars"), None)
    kept_names = ("lead", "actual", "low", "middle", "high", "crps")
    found = [
        {
            "forecast": row["forecast"],
            "origin": every[row["forecast"]].tz_convert(zone.timezone).isoformat(),
            "start": row["period_start"].tz_convert(zone.timezone).isoformat(),
            **{name: row[name] for name in kept_names},
        }
        for row in frame.to_dict("records")
    ]
    return sorted(found, key=lambda r: (r["origin"], r["start"]))
