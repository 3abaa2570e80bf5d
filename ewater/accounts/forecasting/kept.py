"""Forecasts as rows of the store, and back."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import Table, insert, select, text

import ewater
from ewater.accounts import runs
from ewater.accounts.forecasting import history
from ewater.accounts.forecasting.extended import extended
from ewater.accounts.forecasting.make import SCORES, Outlook, future_bounds, make
from ewater.balance.ledger import Ledger
from ewater.errors import UsageError
from ewater.series import calendars
from ewater.store import bulk, registry
from ewater.store.base import Base
from ewater.store.tables.forecasts import (
    Forecast,
    ForecastMember,
    ForecastScore,
    Scenario,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:code, 0))")


def obtain(
    engine: Engine,
    *,
    origin: dt.date | None = None,
    horizon: int = 12,
    as_of: dt.datetime | None = None,
    or_longer: bool = False,
) -> tuple[str, Outlook]:
    """Return the forecast from an origin with its code, making it when it is new.

    Parameters
    ----------
    origin
        First day of a month; default: the first month that is not over.
    horizon
        Months.
    as_of
        What was recorded by then; default: all there is.
    or_longer
        One that is kept and reaches further will do.

    Raises
    ------
    UsageError, NotReadyError
        There is no such month, or too little is known before it.
    """
    if not 1 <= horizon <= _LONGEST:
        raise UsageError(f"a forecast reaches 1 to {_LONGEST} months, not {horizon}")
    plan = history.plan(engine, origin, as_of=as_of)
    longest = _LONGEST if or_longer else horizon
    codes = [_code(plan, months) for months in range(horizon, longest + 1)]
    with engine.connect() as connection:
        code = next((c for c in codes if _row(connection, c) is not None), codes[0])
        found = load(connection, code)
    if found is None:
        found = make(history.read(engine, plan), horizon)
        save(engine, code, found)
    return code, found


_LONGEST = 24


def save(
    engine: Engine,
    code: str,
    outlook: Outlook,
    *,
    base: str | None = None,
    scenario: int | None = None,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write a forecast whole or not at all; who comes second finds it there."""
    with engine.begin() as connection:
        connection.execute(_ONE_AT_A_TIME, {"code": code})
        if _row(connection, code) is not None:
            return
        edges = pd.DatetimeIndex(outlook.bounds.view("M8[us]"), tz="UTC")
        connection.execute(
            insert(Forecast).values(
                code=code,
                base=base,
                scenario=scenario,
                run=outlook.run,
                calendar=outlook.calendar.code,
                origin=edges[0],
                horizon=outlook.bounds.size - 1,
                members=outlook.members,
                as_of=outlook.as_of,
                notes={"gap": outlook.gap, **(notes or {})},
                version=ewater.__version__,
                seconds=outlook.seconds,
            )
        )
        connection.execute(
            insert(ForecastMember),
            [
                {
                    "forecast": code,
                    "kind": kind,
                    "code": str(name),
                    "volume": np.ascontiguousarray(table, dtype="<f8").tobytes(),
                }
                for kind, names, tables in (
                    ("flow", outlook.ledger.flows, outlook.flow),
                    ("stock", outlook.accounts, outlook.stock),
                )
                for name, table in zip(names, tables, strict=True)
            ],
        )
        table = _table(ForecastScore)
        bulk.copy_in(connection, table, outlook.scores.assign(forecast=code))


def load(connection: Connection, code: str) -> Outlook | None:
    """Read a forecast back; None when there is no such."""
    row = _row(connection, code)
    if row is None:
        return None
    frames = registry.read(connection, row.as_of)
    calendar = runs.calendar_of(frames["calendars"], row.calendar)
    if row.scenario is not None:
        frames = extended(frames, _said(connection, row.scenario))
    ledger = Ledger.build(frames)
    start = pd.Timestamp(row.origin).value // 1000
    origin = calendars.local_days(calendar, np.array([start]))[0].item()
    bounds = future_bounds(calendar, origin, row.horizon)
    found = connection.execute(
        select(ForecastMember.kind, ForecastMember.code, ForecastMember.volume)
        .where(ForecastMember.forecast == code)
        .order_by(ForecastMember.code)
    ).all()
    tables = {
        (kind, name): np.frombuffer(volume, dtype="<f8").reshape(-1, row.members)
        for kind, name, volume in found
    }
    accounts = np.array([name for kind, name in tables if kind == "stock"], np.str_)
    empty = np.empty((0, row.horizon + 1, row.members))
    stock = [tables["stock", str(name)] for name in accounts]
    return Outlook(
        origin=origin,
        calendar=calendar,
        as_of=row.as_of,
        run=row.run,
        bounds=bounds,
        ledger=ledger,
        flow=np.stack([tables["flow", str(name)] for name in ledger.flows]),
        accounts=accounts,
        stock=np.stack(stock) if stock else empty,
        scores=_scores(connection, row.base or code),
        gap=dict(row.notes["gap"]),
        seconds=row.seconds,
    )


def _said(connection: Connection, scenario: int) -> dict[str, Any]:
    """Read a scenario as it was described."""
    statement = select(Scenario.said).where(Scenario.id == scenario)
    return dict(connection.execute(statement).scalar_one())


def notes(connection: Connection, code: str) -> dict[str, Any]:
    """Read what a forecast could not meet."""
    row = _row(connection, code)
    return {} if row is None else dict(row.notes)


def listed(connection: Connection) -> pd.DataFrame:
    """Forecasts that are kept, oldest origin first, without scenarios."""
    statement = (
        select(
            Forecast.code,
            Forecast.origin,
            Forecast.horizon,
            Forecast.members,
            Forecast.as_of,
            Forecast.computed_at,
        )
        .where(Forecast.base.is_(None))
        .order_by(Forecast.origin, Forecast.horizon, Forecast.computed_at)
    )
    return pd.DataFrame(
        connection.execute(statement).all(),
        columns=["code", "origin", "horizon", "members", "as_of", "computed_at"],
    )


def newest(connection: Connection) -> str | None:
    """Code of the kept forecast with the latest origin, of those the longest."""
    frame = listed(connection)
    return None if frame.empty else str(frame["code"].iloc[-1])


def _scores(connection: Connection, code: str) -> pd.DataFrame:
    columns = [getattr(ForecastScore, name) for name in SCORES]
    statement = select(*columns).where(ForecastScore.forecast == code)
    rows = connection.execute(statement.order_by(*columns[:3])).all()
    frame = pd.DataFrame(rows, columns=list(SCORES))
    return frame.astype({"crps": float, "inside": float, "mean": float})


def _row(connection: Connection, code: str) -> Any:
    return connection.execute(
        select(Forecast.__table__).where(Forecast.code == code)
    ).one_or_none()


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


def _code(plan: history.Plan, horizon: int) -> str:
    """Hash what determines the result: same inputs and version, same code."""
    days = [day.isoformat() for day in (plan.first, plan.origin)]
    identity = [plan.seen.isoformat(), *days, horizon, ewater.__version__]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()
