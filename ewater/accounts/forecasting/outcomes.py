"""Kept forecasts against what happened since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlalchemy import delete, select

from ewater.accounts import runs
from ewater.accounts.forecasting import history, kept
from ewater.accounts.forecasting.totals import Totals
from ewater.balance.flows import resolve
from ewater.forecast.scores import band, crps
from ewater.series import calendars
from ewater.store import bulk
from ewater.store.base import Base
from ewater.store.tables.forecasts import ForecastOutcome

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.forecasting.make import Outlook

    Floats = NDArray[np.float64]

COLUMNS = (
    "kind",
    "code",
    "period_start",
    "lead",
    "run",
    "actual",
    "low",
    "middle",
    "high",
    "crps",
)


def update(engine: Engine) -> int:
    """Compare all kept forecasts with what is known now; return how many months.

    What was compared before is written anew where corrections changed the actual.
    """
    with engine.connect() as connection:
        forecasts = kept.listed(connection)
    if forecasts.empty:
        return 0
    count = 0
    end = history.plan(engine).origin
    for code in forecasts["code"]:
        with engine.connect() as connection:
            outlook = kept.load(connection, code)
        if outlook is None or outlook.origin >= end:
            continue
        frame = compare(engine, outlook, end)
        with engine.begin() as connection:
            connection.execute(
                delete(ForecastOutcome).where(ForecastOutcome.forecast == code)
            )
            table = Base.metadata.tables[ForecastOutcome.__tablename__]
            bulk.copy_in(connection, table, frame.assign(forecast=code))
        count += frame["period_start"].nunique()
    return count


def compare(engine: Engine, outlook: Outlook, end: dt.date) -> pd.DataFrame:
    """Compare the months of a forecast that are over, columns `COLUMNS`."""
    last = min(end, _end_of(outlook))
    run = runs.obtain(
        engine,
        outlook.origin,
        last,
        "month",
        calendar=outlook.calendar.code,
    )
    months = run.bounds.size - 1
    ledger, now = outlook.ledger, run.inputs
    flows = resolve(now.ledger, now.sources, now.weights)
    actual_flow = _placed(ledger.flows, flows.codes, flows.volume)
    codes = now.stocks["account"].to_numpy().astype(np.str_)
    actual_stock = _placed(outlook.accounts, codes, now.stocks["volume"].to_numpy())
    flow, stock = outlook.flow[:, :months], outlook.stock[:, : months + 1]
    parts = [
        ("flow", list(ledger.flows), flow, actual_flow),
        ("stock", list(outlook.accounts), stock[:, 1:], actual_stock[:, 1:]),
    ]
    territories = [str(code) for code in ledger.territories]
    made = Totals(ledger, flow, outlook.accounts, stock, territories)
    happened = Totals(ledger, actual_flow, outlook.accounts, actual_stock, territories)
    for name in made.names():
        labels = [f"{code}.{name}" for code in territories]
        parts.append(("total", labels, made(name), happened(name)))
    starts = pd.DatetimeIndex(run.bounds[:-1].view("M8[us]"), tz="UTC")
    frames = [_rows(*part, starts, run.code) for part in parts]
    return pd.concat(frames, ignore_index=True)


def summary(connection: Connection, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Months compared, mean score and share inside the band, by code.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``code``, ``months``, ``crps``, ``inside``, ``mean``.
    """
    frame = read(connection, kinds)
    frame["inside"] = (frame["actual"] >= frame["low"]) & (
        frame["actual"] <= frame["high"]
    )
    grouped = frame.groupby(["kind", "code"], as_index=False)
    return grouped.agg(
        months=("actual", "size"),
        crps=("crps", "mean"),
        inside=("inside", "mean"),
        mean=("actual", "mean"),
    )


def read(
    connection: Connection, kinds: tuple[str, ...], codes: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read what was compared, columns ``forecast`` and `COLUMNS`."""
    names = ("forecast", *COLUMNS)
    columns = [getattr(ForecastOutcome, name) for name in names]
    statement = select(*columns).where(ForecastOutcome.kind.in_(kinds))
    if codes:
        statement = statement.where(ForecastOutcome.code.in_(codes))
    rows = connection.execute(statement.order_by(*columns[:4])).all()
    return pd.DataFrame(rows, columns=list(names))


def _rows(
    kind: str,
    codes: list[str],
    members: Floats,
    actual: Floats,
    starts: pd.DatetimeIndex,
    run: str,
) -> pd.DataFrame:
    """Scores of some items; months without a forecast or an actual are left out."""
    ahead = np.moveaxis(members, 2, 1)
    low, high = band(ahead)
    middle = np.median(ahead, axis=1)
    score = crps(ahead, actual)
    known = np.isfinite(score)
    item, lead = np.nonzero(known)
    return pd.DataFrame(
        {
            "kind": kind,
            "code": np.array(codes, dtype=object)[item],
            "period_start": starts[lead],
            "lead": lead + 1,
            "run": run,
            "actual": actual[known],
            "low": low[known],
            "middle": middle[known],
            "high": high[known],
            "crps": score[known],
        }
    )


def _placed(wanted: NDArray[np.str_], codes: NDArray[np.str_], table: Floats) -> Floats:
    """Rows in the order wanted; NaN where there is none."""
    place = pd.Index(codes).get_indexer(pd.Index(wanted))
    result = np.full((wanted.size, table.shape[1]), np.nan)
    result[place >= 0] = table[place[place >= 0]]
    return result


def _end_of(outlook: Outlook) -> dt.date:
    end: dt.date = calendars.local_days(outlook.calendar, outlook.bounds[-1:])[0].item()
    return end
