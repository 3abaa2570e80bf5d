"""Ten-day schedules: planned from a forecast, kept, and compared with what was done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import func, insert, select, text

import ewater
from ewater.accounts import runs
from ewater.accounts.forecasting import history, kept
from ewater.accounts.forecasting.cascade import (
    AIR,
    USERS,
    Cascade,
    released,
    within_all,
)
from ewater.balance.flows import resolve
from ewater.errors import NotReadyError, UsageError
from ewater.forecast import schedule
from ewater.series import calendars
from ewater.store import registry
from ewater.store.tables.forecasts import Schedule, ScheduleRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.forecasting.make import Outlook
    from ewater.balance.ledger import Ledger

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]
    Document = dict[str, Any]

_ONE_AT_A_TIME = text("LOCK TABLE schedule IN SHARE ROW EXCLUSIVE MODE")
PERIODS = 9
_MOST = 36


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """Flows of a reservoir: what comes, is lost, is released, is wanted by users."""

    comes: Marks
    lost: Marks
    released: Marks
    wanted: Marks

    @classmethod
    def of(cls, ledger: Ledger, account: str) -> Ways:
        """Find them."""
        place = int(np.searchsorted(ledger.accounts, account))
        to = ledger.account_kind[ledger.flow_to]
        leaves = ledger.flow_from == place
        lost = leaves & np.isin(to, AIR)
        return cls(
            comes=ledger.flow_to == place,
            lost=lost,
            released=released(ledger, account),
            wanted=leaves & np.isin(to, USERS),
        )


def make(
    engine: Engine,
    *,
    accounts: tuple[str, ...] = (),
    start: dt.date | None = None,
    periods: int = PERIODS,
    as_of: dt.datetime | None = None,
) -> list[tuple[str, int, bool]]:
    """Plan the releases of reservoirs; each plan is a new revision.

    Parameters
    ----------
    accounts
        Codes; default: every reservoir with a stock. Those above them are planned
        too, as their release comes to these, but not kept.
    start
        The 1st, 11th or 21st of a month; default: the ten days of the newest reading.
    periods
        Times ten days.

    Returns
    -------
    list of (account, revision, new)
        Not new: planned from the same forecast for the same ten days before.

    Raises
    ------
    UsageError, NotReadyError
        No such reservoir or start; its stock is not known then.
    """
    if not 1 <= periods <= _MOST:
        raise UsageError(f"a schedule has 1 to {_MOST} times ten days, not {periods}")
    first = start or _newest(engine, as_of)
    origin = first.replace(day=1)
    months = (periods + 2) // 3 + (first.day > 1)
    code, outlook = kept.obtain(
        engine, origin=origin, horizon=months, as_of=as_of, or_longer=True
    )
    known = [str(a) for a in outlook.accounts]
    chosen = list(accounts) or [a for a in known if _kind(outlook, a) == "reservoir"]
    strange = sorted(set(chosen) - set(known))
    if strange:
        raise UsageError(
            f"{', '.join(strange)} has no stock; there are {', '.join(known)}"
        )
    bounds = _bounds(outlook, first, periods)
    opening, before = _state(engine, outlook, first, as_of)
    with engine.connect() as connection:
        frames = registry.read(connection, outlook.as_of)
    cascade = Cascade(outlook, bounds)
    above = cascade.above(chosen, known)
    made = {}
    for account in cascade.order([*chosen, *above]):
        come = cascade.beyond(account)
        try:
            table = _plan(
                outlook, account, bounds, opening[account], before, frames, come
            )
        except NotReadyError:
            if account in chosen:
                raise
            continue  # one above that cannot be planned gives what it is forecast to
        cascade.release(account, table["release"].to_numpy())
        if account in chosen:
            saved = _save(engine, account, code, opening[account], table)
            made[account] = (account, *saved)
    return [made[account] for account in chosen]


def _kind(outlook: Outlook, account: str) -> str:
    ledger = outlook.ledger
    return str(ledger.account_kind[np.searchsorted(ledger.accounts, account)])


def _newest(engine: Engine, as_of: dt.datetime | None) -> dt.date:
    """First day of the ten days that are not over."""
    return _decade(history.plan(engine, as_of=as_of).newest)


def _bounds(outlook: Outlook, first: dt.date, periods: int) -> NDArray[np.int64]:
    """Bounds of the ten days ahead."""
    months = (periods + 2) // 3 + 2
    end = (first.replace(day=1) + dt.timedelta(days=32 * months)).replace(day=1)
    return calendars.bounds(outlook.calendar, first, end, "decade")[: periods + 1]


def _state(
    engine: Engine, outlook: Outlook, first: dt.date, as_of: dt.datetime | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Stock at the begin and release of the ten days before, by reservoir."""
    start = _decade(first - dt.timedelta(days=1))
    run = runs.obtain(
        engine,
        start,
        first,
        "decade",
        calendar=outlook.calendar.code,
        as_of=as_of,
    )
    inputs = run.inputs
    flows = resolve(inputs.ledger, inputs.sources, inputs.weights)
    stock = inputs.stocks["volume"].to_numpy()[:, -1]
    codes = [str(a) for a in inputs.stocks["account"].to_numpy()]
    before = {
        code: float(flows.volume[Ways.of(inputs.ledger, code).released, -1].sum())
        for code in codes
    }
    return dict(zip(codes, stock.tolist(), strict=True)), before


def _plan(
    outlook: Outlook,
    account: str,
    bounds: NDArray[np.int64],
    opening: float,
    before: Mapping[str, float],
    frames: Mapping[str, pd.DataFrame],
    come: Floats,
) -> pd.DataFrame:
    """Plan one reservoir, columns of ``schedule_row``.

    ``come``, (period, member) m3, is what reservoirs above bring beyond the forecast.
    """
    ways = Ways.of(outlook.ledger, account)
    some = [
        within_all(outlook, marks, bounds)
        for marks in (ways.comes, ways.lost, ways.wanted)
    ]
    if not np.isfinite(opening):
        raise NotReadyError(f"the stock of {account} is not known at the begin")
    if any(np.isnan(table).any() for table in some):
        raise NotReadyError(f"what flows into or out of {account} cannot be forecast")
    comes, lost, wanted = some
    comes = comes + come
    row = int(np.flatnonzero(outlook.accounts == account)[0])
    seen = outlook.stock[row].mean(axis=1)
    target = np.interp(bounds[1:], outlook.bounds, seen)
    # what is known at the begin moves the target, less and less
    off = opening - float(np.interp(bounds[0], outlook.bounds, seen))
    target += off * np.linspace(1, 0, bounds.size)[1:]
    least, most = _limits(frames, account, opening)
    limits = np.full(target.size, least), np.full(target.size, most)
    found = schedule.plan(
        comes - lost,
        wanted.mean(axis=1),
        opening,
        np.clip(target, least, most),
        limits,
        before.get(account, np.nan),
    )
    edges = pd.DatetimeIndex(bounds.view("M8[us]"), tz="UTC")
    return pd.DataFrame(
        {
            "period_start": edges[:-1],
            "period_end": edges[1:],
            "inflow": found.inflow,
            "inflow_low": found.inflow_low,
            "inflow_high": found.inflow_high,
            "demand": wanted.mean(axis=1),
            "release": found.release,
            "stock": found.stock[1:],
            "stock_low": found.stock_low[1:],
            "stock_high": found.stock_high[1:],
            "least": least,
            "most": most,
        }
    )


def _limits(
    frames: Mapping[str, pd.DataFrame], account: str, opening: float
) -> tuple[float, float]:
    """Dead and full volume of a reservoir, m3; its stock now is always allowed."""
    site = frames["accounts"].drop_duplicates("code").set_index("code")["site"][account]
    sites = frames["sites"].drop_duplicates("code").set_index("code")
    if site not in sites.index:
        raise NotReadyError(f"{account} has no site, hence no dead and full volume")
    dead, full = (float(sites[c][site]) for c in ("dead_m3", "capacity_m3"))
    if not np.isfinite(full):
        raise NotReadyError(f"sites.csv gives no capacity_m3 of {site}")
    return min(np.nan_to_num(dead), opening), max(full, opening)


def _save(
    engine: Engine, account: str, forecast: str, opening: float, table: pd.DataFrame
) -> tuple[int, bool]:
    """Write a plan whole; one from the same forecast is there already."""
    start = table["period_start"].iloc[0]
    mine = Schedule.account == account
    with engine.begin() as connection:
        connection.execute(_ONE_AT_A_TIME)
        same = connection.execute(
            select(Schedule.revision, func.count())
            .join(ScheduleRow, ScheduleRow.schedule == Schedule.id)
            .where(mine, Schedule.forecast == forecast, Schedule.start == start)
            .group_by(Schedule.revision)
        ).all()
        for revision, count in same:
            if count == len(table):
                return int(revision), False
        newest = connection.scalar(select(func.max(Schedule.revision)).where(mine))
        revision = (newest or 0) + 1
        number = connection.scalar(
            insert(Schedule)
            .values(
                account=account,
                revision=revision,
                start=start,
                opening=opening,
                forecast=forecast,
                version=ewater.__version__,
            )
            .returning(Schedule.id)
        )
        rows = table.assign(schedule=number).to_dict("records")
        connection.execute(
            insert(ScheduleRow), [{str(k): v for k, v in row.items()} for row in rows]
        )
    return revision, True


def listed(connection: Connection, account: str | None = None) -> list[Document]:
    """List the revisions, the newest of each reservoir first."""
    columns = (
        Schedule.id,
        Schedule.account,
        Schedule.revision,
        Schedule.start,
        Schedule.opening,
        Schedule.forecast,
        Schedule.made_at,
    )
    statement = select(*columns).order_by(Schedule.account, Schedule.revision.desc())
    if account is not None:
        statement = statement.where(Schedule.account == account)
    return [dict(row._mapping) for row in connection.execute(statement)]


def rows(connection: Connection, schedule_id: int) -> pd.DataFrame:
    """Read the ten days of a schedule, columns of ``schedule_row``."""
    table = ScheduleRow.__table__
    found = connection.execute(
        select(table)
        .where(ScheduleRow.schedule == schedule_id)
        .order_by(ScheduleRow.period_start)
    ).all()
    return pd.DataFrame(found, columns=[column.name for column in table.columns])


def actual(engine: Engine, account: str, starts: pd.Series) -> pd.DataFrame:
    """Read what was done since, by ten days: ``inflow``, ``release``, ``stock``, m3.

    Indexed by the begin of the ten days; those that are not over are not there.
    """
    plan = history.plan(engine)
    edges = pd.DatetimeIndex(starts).tz_convert("UTC").tz_localize(None)
    at = edges.to_numpy().astype("M8[us]").astype(np.int64)
    local = calendars.local_days(plan.calendar, at)
    first, last = local[0].item(), _decade(plan.newest)
    if first >= last:
        return pd.DataFrame(columns=["inflow", "release", "stock"])
    run = runs.obtain(engine, first, last, "decade", calendar=plan.calendar.code)
    inputs = run.inputs
    volume = resolve(inputs.ledger, inputs.sources, inputs.weights).volume
    ways = Ways.of(inputs.ledger, account)
    stock = inputs.stocks["volume"].sel(account=account).to_numpy()
    return pd.DataFrame(
        {
            "inflow": volume[ways.comes].sum(axis=0) - volume[ways.lost].sum(axis=0),
            "release": volume[ways.released].sum(axis=0),
            "stock": stock[1:],
        },
        index=pd.DatetimeIndex(run.bounds[:-1].view("M8[us]"), tz="UTC"),
    )


def _decade(day: dt.date) -> dt.date:
    """First of the ten days that a day lies in."""
    return day.replace(day=min(21, (day.day - 1) // 10 * 10 + 1))
