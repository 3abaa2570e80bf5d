"""Monthly records of flows and stocks, as they were known at an origin."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.accounts import pipeline, runs
from ewater.accounts.alone import select
from ewater.accounts.forecasting import snow
from ewater.balance import expressions
from ewater.balance.flows import resolve
from ewater.errors import NotReadyError, UsageError
from ewater.forecast.records import Records
from ewater.series import calendars, stages, stocks
from ewater.store import chunks, instants, landing, recording, registry, spans
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.forecasting.snow import Snow
    from ewater.series.calendars import Calendar

    Floats = NDArray[np.float64]
    Bounds = NDArray[np.int64]
    Frames = Mapping[str, pd.DataFrame]

_LEAST_MONTHS = 24
_COVERED = 0.75  # METHODS 2: less of a month is insufficient
_EDGE_US = 86_400_000_000  # a day: readings begin and end near midnight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """What is known of every flow and stock before an origin.

    Attributes
    ----------
    run
        Of the months for which there is a ledger, up to the origin.
    origin : datetime.date
        First day that is to be forecast.
    flows, stocks : Records
        By month; of stocks the volume at its end. Archives of a site before the
        ledger are part of them.
    measured : (flow,), bool
        Flows that were measured or reported, not estimated by a rule.
    opening : (stock,), m3
        At the origin.
    snow : Snow
        Of basins, over the months of ``flows``.
    """

    run: runs.Run
    origin: dt.date
    flows: Records
    stocks: Records
    measured: NDArray[np.bool_]
    opening: Floats
    snow: Snow


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which past a forecast is made from.

    Attributes
    ----------
    seen : datetime.datetime
        Newest recorded time that is looked at: of readings or the registry. What is
        recorded of editions since does not make it another past.
    first, origin : datetime.date
        First days of the first month with a ledger, and of the first forecast.
    newest : datetime.date
        First day that is not over when the newest reading was taken.
    """

    seen: dt.datetime
    first: dt.date
    origin: dt.date
    newest: dt.date
    frames: Frames
    calendar: Calendar


def plan(
    engine: Engine,
    origin: dt.date | None = None,
    *,
    as_of: dt.datetime | None = None,
) -> Plan:
    """Find out what was recorded by ``as_of`` about the time before ``origin``.

    Parameters
    ----------
    origin
        First day of a month; default: the month of the newest reading.

    Raises
    ------
    NotReadyError
        There is no country, or less than two years of its ledger before the origin.
    """
    with engine.connect() as connection:
        latest = _changed(connection)
        seen = min(instants.in_utc(as_of), latest) if as_of else latest
        frames = registry.read(connection, seen)
        if frames["accounts"].empty and seen < latest:
            raise NotReadyError(f"no country had been loaded by {seen.isoformat()}")
        if frames["accounts"].empty:
            raise NotReadyError(
                "no country is loaded; run `ewater load DIR` or `ewater demo`"
            )
        needed = pipeline.needs(frames)
        codes = sorted({*needed.volumes, *needed.stocks})
        if seen < latest:
            ends = _spans(chunks.read(connection, codes, None, None, as_of=seen))
        else:
            ends = spans.of(connection, codes)
    if not ends.size:
        raise NotReadyError("there are no readings yet; see `ewater ingest --help`")
    calendar = runs.calendar_of(frames["calendars"], None)
    first = _month_from(int(np.sort(ends[:, 0])[len(ends) // 2]), calendar)
    newest = _day_after(int(ends[:, 1].max()), calendar)
    start = origin or newest.replace(day=1)
    if start.day != 1:
        raise UsageError(f"a forecast begins with a month, not on {start}")
    if start > newest:
        raise NotReadyError(
            f"readings end before {newest}: a forecast begins with "
            f"{newest:%Y-%m} at the latest, not with {start:%Y-%m}"
        )
    if (start.year - first.year) * 12 + start.month - first.month < _LEAST_MONTHS:
        raise NotReadyError(
            f"the ledger has readings from {first:%Y-%m} on; a forecast from "
            f"{start:%Y-%m} needs two years of them"
        )
    return Plan(
        seen=seen,
        first=first,
        origin=start,
        newest=newest,
        frames=frames,
        calendar=calendar,
    )


def _changed(connection: Connection) -> dt.datetime:
    """Newest time at which a reading or the registry was recorded, all committed."""
    latest = recording.latest(connection)
    read = landing.last_recorded(connection)
    return min(max(registry.version(connection) or read, read), latest)


def read(engine: Engine, given: Plan) -> History:
    """Read the monthly records of a plan."""
    before = _archives(given.frames, pipeline.needs(given.frames))
    with engine.connect() as connection:
        codes = sorted(set(before.values()))
        other = chunks.read(connection, codes, None, None, as_of=given.seen)
        lying = chunks.read(connection, snow.codes(given.frames), as_of=given.seen)
    run = runs.obtain(engine, given.first, given.origin, "month", as_of=given.seen)
    return _history(run, given.origin, given.first, (other, lying), before)


def _spans(readings: xr.Dataset) -> NDArray[np.int64]:
    """First and last reading of each series that has any."""
    size = readings["row_size"].to_numpy()
    time = readings["time"].to_numpy().astype("M8[us]").astype(np.int64)
    cuts = np.concatenate([[0], np.cumsum(size)])
    some = size > 0
    return np.stack([time[cuts[:-1][some]], time[cuts[1:][some] - 1]], axis=1)


def _history(
    run: runs.Run,
    origin: dt.date,
    first: dt.date,
    readings: tuple[xr.Dataset, xr.Dataset],
    before: dict[str, str],
) -> History:
    """Put the records together; ``readings`` are those of archives, and of snow."""
    inputs, (other, lying) = run.inputs, readings
    flows = resolve(inputs.ledger, inputs.sources, inputs.weights)
    value, measured = _trusted(flows.volume, flows.status, flows.valid)
    stock = np.full((inputs.stocks.sizes["account"], run.bounds.size - 1), np.nan)
    volume = inputs.stocks["volume"].to_numpy()
    stock[:] = volume[:, 1:]
    time = other["time"].to_numpy().astype("M8[us]").astype(np.int64)
    since = _month_from(int(time.min()), run.calendar) if time.size else first
    months = max((first.year - since.year) * 12 + first.month - since.month, 0)
    earlier = calendars.bounds(
        run.calendar, since if months else first, origin, "month"
    )
    every, earlier = earlier, earlier[: months + 1]
    if months:
        old_flows = _old_flows(run, other, before, earlier)
        old_stocks = _old_stocks(run, other, before, earlier)
    else:
        old_flows = np.full((value.shape[0], 0), np.nan)
        old_stocks = np.full((stock.shape[0], 0), np.nan)
    month = first.year * 12 + first.month - 1 - months
    names = inputs.stocks["account"].to_numpy().astype(np.str_)
    full = _full(run, names)
    joined = np.hstack([old_stocks, stock])
    top = np.fmax(full, np.nanmax(joined, axis=1, initial=0.0))
    return History(
        run=run,
        origin=origin,
        flows=Records.of(inputs.ledger.flows, month, np.hstack([old_flows, value])),
        stocks=Records.of(names, month, joined, np.where(top > 0, top, np.inf)),
        measured=measured,
        opening=volume[:, -1],
        snow=snow.of(run.frames, inputs.ledger, lying, every, month),
    )


def _trusted(
    volume: Floats, status: NDArray[np.int8], valid: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Volumes without what was imputed, where enough remains to learn from."""
    seen = (status == Status.MEASURED) | (status == Status.REPORTED)
    enough = seen.sum(axis=1) >= 24
    kept = np.where(enough[:, None] & ~seen, np.nan, volume)
    # a reverse flow takes over what is negative; noise around 0 is no flow
    kept = np.where(valid & (kept >= 0), kept, np.nan)
    return kept, seen[:, -12:].any(axis=1)


def _archives(frames: Frames, needed: pipeline.Needs) -> dict[str, str]:
    """Other series of the same site and quantity, by series of the ledger."""
    series = frames["series"]
    mine = {*needed.volumes, *needed.stocks}
    rest = series[~series["code"].isin(mine)]
    places = dict(
        zip(zip(rest["site"], rest["quantity"], strict=True), rest["code"], strict=True)
    )
    rows = series[series["code"].isin(mine)]
    return {
        str(code): str(places[site, quantity])
        for code, site, quantity in zip(
            rows["code"], rows["site"], rows["quantity"], strict=True
        )
        if (site, quantity) in places and quantity in ("discharge", "level", "storage")
    }


def _alone(text: object) -> str | None:
    """Series by which alone something is measured."""
    ways = expressions.parse(text) if isinstance(text, str) and text else ()
    if ways and isinstance(ways[0], expressions.Sum):
        terms = ways[0].terms
        if len(terms) == 1 and terms[0][0] == 1.0:
            return str(terms[0][1])
    return None


def _old_flows(
    run: runs.Run, other: xr.Dataset, before: dict[str, str], bounds: Bounds
) -> Floats:
    """Monthly volumes of archives, by flow that their site measures."""
    frames = run.frames
    result = np.full((run.inputs.ledger.flows.size, bounds.size - 1), np.nan)
    flows = frames["flows"].drop_duplicates("code").set_index("code")["measured_by"]
    wanted: dict[int, str] = {}
    for row, code in enumerate(run.inputs.ledger.flows):
        old = before.get(_alone(flows[str(code)]) or "")
        if old is not None:
            wanted[row] = old
    series = frames["series"].set_index("code")["quantity"]
    codes = sorted({c for c in wanted.values() if series[c] == "discharge"})
    if not codes:
        return result
    found = stages.volumes(
        select(other, codes),
        frames["series"],
        bounds,
        curves=frames["curves"],
        sites=frames["sites"],
    )
    coverage = found["coverage"].to_numpy()
    good = coverage >= _COVERED
    whole = found["volume"].to_numpy() / np.where(good, coverage, 1.0)
    table = dict(zip(codes, np.where(good & (whole >= 0), whole, np.nan), strict=True))
    for row, code in wanted.items():
        if code in table:
            result[row] = table[code]
    return result


def _old_stocks(
    run: runs.Run, other: xr.Dataset, before: dict[str, str], bounds: Bounds
) -> Floats:
    """Volumes of archives of levels at the ends of months, by account."""
    frames = run.frames
    accounts = run.inputs.stocks["account"].to_numpy()
    result = np.full((accounts.size, bounds.size - 1), np.nan)
    by = frames["stocks"].set_index("account")["measured_by"]
    wanted = {
        row: before[alone]
        for row, account in enumerate(accounts)
        if (alone := _alone(by[str(account)])) in before and alone is not None
    }
    if not wanted:
        return result
    codes = sorted(set(wanted.values()))
    found = stocks.stocks(
        select(other, codes), frames["series"], frames["curves"], bounds
    )["volume"]
    for row, code in wanted.items():
        result[row] = found.sel(series=code).to_numpy()[1:]
    return np.where(result >= 0, result, np.nan)


def _full(run: runs.Run, accounts: NDArray[np.str_]) -> Floats:
    """Capacity of each account's site, m3; NaN where none is given."""
    site = run.frames["accounts"].drop_duplicates("code").set_index("code")["site"]
    capacity = run.frames["sites"].drop_duplicates("code").set_index("code")
    found = site.reindex(accounts).map(capacity["capacity_m3"])
    return np.asarray(found.to_numpy(dtype=float, na_value=np.nan))


def _day_after(instant: int, calendar: Calendar) -> dt.date:
    """First day that is not over at an instant, give or take half a day."""
    at = np.array([instant + _EDGE_US // 2])
    day: dt.date = calendars.local_days(calendar, at)[0].item()
    return day


def _month_from(instant: int, calendar: Calendar) -> dt.date:
    """First month that begins at an instant, or within a day of it."""
    day = calendars.local_days(calendar, np.array([instant + _EDGE_US]))[0].item()
    if day.day > 2:
        day = day.replace(day=28) + dt.timedelta(days=4)
    return dt.date(day.year, day.month, 1)
