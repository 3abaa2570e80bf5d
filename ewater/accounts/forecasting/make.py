"""A forecast of a country: every flow and stock, chosen by scores, made coherent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.flows import resolve
from ewater.balance.matrices import csr
from ewater.balance.reconciliation.rows import rows_of
from ewater.forecast import rolling
from ewater.forecast.coherent import cohere
from ewater.forecast.records import Past, Records
from ewater.series import calendars

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from ewater.accounts.forecasting.history import History
    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.series.calendars import Calendar

    Floats = NDArray[np.float64]

#: Kinds of account that hold nothing back for a month, as far as a forecast goes.
STORELESS = ("river", "canal", "economy")
_WARM_LONG, _WARM_SHORT = 8, 2  # years before the first origin that is scored
_LONG = 15  # years
#: In place of a candidate in the scores: what was chosen at each origin.
CHOSEN = "chosen"
_LEAST_PART = 0.01  # of a flow: least uncertainty that lets it give way
SCORES = (
    "kind",
    "code",
    "candidate",
    "months",
    "crps",
    "inside",
    "mean",
    "chosen",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """Equally likely futures of the ledger of a country.

    Attributes
    ----------
    origin : datetime.date
        First day that is forecast.
    bounds : (lead + 1,), int64 microseconds UTC
    flow : (flow, lead, member), m3
        In the order of ``ledger.flows``; NaN where nothing can be said, 0 where a
        flow no longer exists.
    accounts, stock : (stock,), (stock, 1 + lead, member), m3
        At the origin and at the end of each month.
    scores : pandas.DataFrame
        Columns `SCORES`; by series and candidate, from rolling origins.
    gap : dict
        Accounts whose balance could not be met, with the largest difference, m3.
    seconds : float
    """

    origin: dt.date
    calendar: Calendar
    as_of: dt.datetime
    run: str
    bounds: NDArray[np.int64]
    ledger: Ledger
    flow: Floats
    accounts: NDArray[np.str_]
    stock: Floats
    scores: pd.DataFrame
    gap: dict[str, float]
    seconds: float

    @property
    def members(self) -> int:
        """Count the futures."""
        return int(self.flow.shape[2])


def make(history: History, horizon: int) -> Outlook:
    """Forecast every flow and stock over some months.

    Parameters
    ----------
    history
        From `ewater.accounts.forecasting.history.read`.
    horizon
        Months.
    """
    began = time.perf_counter()
    run, ledger = history.run, history.run.inputs.ledger
    bounds = future_bounds(history.run.calendar, history.origin, horizon)
    records = _joined(history)
    count = ledger.flows.size
    made, scores = _futures(records, horizon, count + history.stocks.codes.size)
    flow = np.moveaxis(made[:count], 1, 2)
    there = ledger.flow_valid(bounds)
    flow = np.where(there[:, :, None], flow, 0.0)
    stock = np.moveaxis(made[count : count + history.stocks.codes.size], 1, 2)
    scores["kind"] = np.where(scores["row"] < count, "flow", "stock")
    flows = resolve(ledger, run.inputs.sources, run.inputs.weights)
    flow, held, gap = _coherent(history, flows, flow, stock)
    return Outlook(
        origin=history.origin,
        calendar=run.calendar,
        as_of=run.as_of,
        run=run.code,
        bounds=bounds,
        ledger=ledger,
        flow=flow,
        accounts=history.stocks.codes,
        stock=held,
        scores=scores[list(SCORES)],
        gap=gap,
        seconds=time.perf_counter() - began,
    )


def future_bounds(
    calendar: Calendar, origin: dt.date, horizon: int
) -> NDArray[np.int64]:
    """Bounds of the months ahead."""
    month = origin.year * 12 + origin.month - 1 + horizon
    end = origin.replace(year=month // 12, month=month % 12 + 1)
    return calendars.bounds(calendar, origin, end, "month")


def _joined(history: History) -> Records:
    """Flows, stocks and snow in one.

    What a reservoir gives looks at what it holds, a river at the snow of its basin.
    """
    ledger, stocks = history.run.inputs.ledger, history.stocks
    snow = history.snow
    count = ledger.flows.size
    held = {code: count + n for n, code in enumerate(stocks.codes)}
    giver = ledger.accounts[ledger.flow_from]
    companion = np.array([held.get(code, -1) for code in giver], dtype=np.intp)
    behind = count + stocks.codes.size
    white = np.where(snow.of_flow >= 0, behind + snow.of_flow, -1)
    companions = np.full((behind + snow.records.codes.size, 2), -1, dtype=np.intp)
    companions[:count] = np.stack([companion, white], axis=1)
    if (white < 0).all():  # no column of nothing in every regression
        companions = companions[:, :1]
    free = np.full(snow.records.codes.size, np.inf)
    return Records.of(
        np.concatenate([ledger.flows, stocks.codes, snow.records.codes]),
        history.flows.first,
        np.vstack([history.flows.value, stocks.value, snow.records.value]),
        np.concatenate([np.full(count, np.inf), stocks.upper, free]),
        companions,
    )


def _futures(records: Records, horizon: int, count: int) -> tuple[Floats, pd.DataFrame]:
    """Futures of the first series, aligned by the earlier origin they go back to.

    What stands behind the first ``count`` is only looked at by others.
    """
    months = records.value.shape[1]
    known = np.isfinite(records.value)
    first = np.where(known.any(axis=1), known.argmax(axis=1), months)
    length = (months - first)[:count] // 12
    parts, tables = [], []
    for years in sorted(set(length[length >= _WARM_SHORT]), reverse=True):
        rows = np.flatnonzero(length == years)
        begin = months - 12 * int(years) - 11
        looked_at = np.setdiff1d(records.companions[rows], [-1, *rows])
        part = _cut(records.take(np.append(rows, looked_at)), max(begin, 0))
        warm = _WARM_LONG if years >= _LONG else _WARM_SHORT
        at = np.arange(12 * warm, part.value.shape[1] + 1)
        rolled = rolling.roll(part, at, horizon)
        past = Past.at(part, part.value.shape[1], horizon)
        starts = np.zeros(1, np.intp) if past is None else past.starts
        future = rolled.future(horizon)[: rows.size]
        parts.append((rows, future, starts + max(begin, 0)))
        tables.append(_table(rolled.take(rows.size), rows))
    longest = parts[0][2] if parts else np.zeros(1, dtype=np.intp)
    result = np.full((count, longest.size, horizon), np.nan)
    for rows, made, starts in parts:
        result[rows] = made[:, _aligned(longest, starts)]
    return result, pd.concat(tables, ignore_index=True)


def _cut(records: Records, begin: int) -> Records:
    return Records(
        codes=records.codes,
        first=records.first + begin,
        value=records.value[:, begin:],
        upper=records.upper,
        companions=records.companions,
    )


def _aligned(wanted: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Position of each wanted origin among those of a shorter record.

    One that is not there is replaced by the others in turn, shuffled once, so that
    all of them come about as often.
    """
    place = np.searchsorted(starts, wanted).clip(0, starts.size - 1)
    missing = starts[place] != wanted
    shuffled = np.random.default_rng(starts.size).permutation(starts.size)
    place[missing] = np.resize(shuffled, int(missing.sum()))
    return place


def _table(rolled: rolling.Rolled, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Scores of one group of series as rows."""
    value = rolled.records.value
    mean = np.divide(
        np.nansum(value, axis=1),
        np.isfinite(value).sum(axis=1),
        out=np.full(rows.size, np.nan),
        where=np.isfinite(value).any(axis=1),
    )
    tables: list[tuple[str, Floats, Floats]] = [
        (name, rolled.crps[n], rolled.inside[n]) for n, name in enumerate(rolled.names)
    ]
    took = rolled.of_chosen
    tables.append((CHOSEN, took(rolled.crps), took(rolled.inside)))
    last = np.array(rolled.names)[rolled.chosen[:, -1]]
    frames = []
    for name, score, hit in tables:
        there = np.isfinite(score)
        months = there.sum(axis=(1, 2))
        means = [_mean(table, there, months) for table in (score, hit)]
        frames.append(
            pd.DataFrame(
                {
                    "row": rows,
                    "code": rolled.records.codes,
                    "candidate": name,
                    "months": months,
                    "crps": means[0],
                    "inside": means[1],
                    "mean": mean,
                    "chosen": last == name,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _mean(table: Floats, there: NDArray[np.bool_], months: NDArray[np.intp]) -> Floats:
    """Mean over origins and leads, NaN where nothing came true."""
    total = np.where(there, table, 0.0).sum(axis=(1, 2))
    empty = np.full(total.size, np.nan)
    return np.asarray(np.divide(total, months, out=empty, where=months > 0))


def _coherent(
    history: History, flows: Flows, flow: Floats, stock: Floats
) -> tuple[Floats, Floats, dict[str, float]]:
    """Move the futures onto the balances of the accounts that are fully described."""
    ledger = history.run.inputs.ledger
    rows = rows_of(ledger, flows, "managed", STORELESS)
    unknown = np.asarray(np.isnan(flow).any(axis=(1, 2)))
    lost = np.asarray(np.isnan(stock).any(axis=(1, 2)) | np.isnan(history.opening))
    holder = {code: n for n, code in enumerate(history.stocks.codes)}
    place = np.array(
        [holder.get(code, -1) for code in ledger.accounts[rows.accounts]],
        dtype=np.intp,
    )
    gaps = np.asarray(abs(rows.flows) @ unknown.astype(float))
    closed = ~rows.open[:, -1] & (gaps == 0)
    closed &= (place < 0) | ~lost[place]
    chosen = np.flatnonzero(closed)
    balance = csr(rows.flows[chosen])
    storing = _storing(place[chosen], stock.shape[0])
    part = _relative_u(flows)
    known_flow = np.nan_to_num(flow)
    u = np.hypot(flow.std(axis=2), part[:, None] * flow.mean(axis=2))
    held = np.nan_to_num(stock)
    stock_u = np.maximum(stock.std(axis=2), 1e-3 * held.mean(axis=2))
    result = cohere(
        known_flow,
        np.nan_to_num(u),
        held,
        np.nan_to_num(stock_u),
        np.nan_to_num(history.opening),
        np.where(np.isfinite(history.stocks.upper), history.stocks.upper, np.inf),
        balance,
        storing,
    )
    made = np.where(unknown[:, None, None], np.nan, result.flow)
    kept = np.where(lost[:, None, None], np.nan, result.stock)
    names = ledger.accounts[rows.accounts[chosen]]
    gap = {
        str(code): float(rest)
        for code, rest in zip(names, result.gap, strict=True)
        if rest > 1.0
    }
    return made, kept, gap


def _storing(place: NDArray[np.intp], count: int) -> Matrix:
    from ewater.balance.matrices import filled

    some = np.flatnonzero(place >= 0)
    return filled(some, place[some], 1.0, (place.size, count))


def _relative_u(flows: Flows) -> Floats:
    """Uncertainty of each flow as it is measured, as a part of it, (flow,)."""
    data = flows.dataset()
    total = np.hypot(data["u_random"].to_numpy(), data["u_systematic"].to_numpy())
    volume = np.nansum(np.abs(flows.volume), axis=1)
    part = np.divide(
        np.nansum(total, axis=1), volume, out=np.zeros(volume.size), where=volume > 0
    )
    return np.asarray(np.maximum(part, _LEAST_PART))
