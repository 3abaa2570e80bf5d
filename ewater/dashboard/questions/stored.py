"""Reservoirs: what is in them, and what was in them on the same day of past years."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.accounts.pipeline import STOCK_U
from ewater.accounts.runs import calendar_of
from ewater.accounts.scope import with_parts
from ewater.balance.expressions import codes
from ewater.dashboard.questions.band import FEWEST_YEARS
from ewater.dashboard.questions.within import asking, rows, sites_in
from ewater.errors import ForbiddenError
from ewater.series import calendars
from ewater.series.curve_tables import storage_curves
from ewater.store import chunks, registry
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.accounts.scope import Scope
    from ewater.series.calendars import Calendar
    from ewater.series.curves import StorageCurve

    Row = dict[str, Any]
    Curves = dict[str, list[StorageCurve]]

_LOOK_BACK = dt.timedelta(days=31)  # an older reading says nothing of the storage
_USED = (Flag.PASS, Flag.NOT_EVALUATED, Flag.SUSPECT)
_SITES = """
SELECT code, name_az, name_en, name_ru, organisation, capacity_m3, dead_m3,
    full_level_m, datum FROM mine WHERE kind = 'reservoir' ORDER BY code
"""
_SERIES = """
SELECT o.number, o.code, o.site, o.quantity, o.interval_s, o.u_random_pct,
    o.u_systematic_pct
FROM owned AS o JOIN mine AS m ON m.code = o.site
WHERE m.kind = 'reservoir' AND o.quantity IN ('storage', 'level')
AND o.signal IN ('instantaneous', 'mean_preceding')
AND (CAST(:site AS text) IS NULL OR o.site = :site)
ORDER BY o.quantity DESC, o.code
"""
_DAYS = """
SELECT series_id, day, starts, mean FROM daily
WHERE series_id = ANY(:ids) AND calendar = :calendar AND day < :last
AND mean IS NOT NULL
AND (CAST(:month AS int) IS NULL OR extract(month FROM day) = :month
     AND extract(day FROM day) = :of_month)
ORDER BY day
"""


def reservoirs(
    engine: Engine,
    scope: Scope,
    day: dt.date,
    territory: str = "",
    calendar: str = "",
    as_of: str = "",
) -> list[Row]:
    """Tell what every reservoir of the scope holds at the end of a day.

    Parameters
    ----------
    engine, scope
        Of `ewater.dashboard.questions`.
    day
        Local day; a day that is not over yet ends now.
    territory
        Reservoirs that lie in it, or whose account does; empty: all.
    calendar, as_of
        As for `hydrograph.hydrograph`. What was on the same day of past years is
        always as it is known now.

    Returns
    -------
    list of dict
        ``site``, names, ``organisation``, ``capacity``, ``dead``, ``full_level``,
        ``datum``, ``share`` (national), ``account``; ``series`` that says what is
        stored, ``time`` (us UTC) and ``level`` (m) of its last reading,
        ``interval_s``, ``age_s`` (at the end of the day, or now); ``stored`` (m3),
        ``u`` (m3, k = 1) and ``past``: least, 10, 50, 90 %, largest and count of
        years on this day, None with fewer than `FEWEST_YEARS`.
    """
    moment = dt.datetime.fromisoformat(as_of) if as_of else None
    with asking(engine) as connection:
        sites = rows(connection, scope, _SITES)
        series = _series(connection, scope, None)
        frames = {
            name: registry.read_table(connection, name, moment)
            for name in ("accounts", "stocks", "curves", "calendars")
        }
        inside = _inside(connection, frames["accounts"], territory)
        sites = [row for row in sites if inside is None or row["code"] in inside]
        days = calendar_of(frames["calendars"], calendar or None)
        curves = _curves(frames["curves"])
        chosen = _chosen(series, frames)
        until = _until(days, day, moment)
        now = _newest(connection, list(chosen.values()), until, moment)
        past = _same_day(connection, series, chosen, days, day, curves)
    accounts = frames["accounts"]
    of_site = accounts[accounts["kind"] == "reservoir"].drop_duplicates("site")
    of_site = of_site.set_index("site")
    states = []
    for site in sites:
        code = site["code"]
        said = now.get(chosen[code]["number"]) if code in chosen else None
        states.append(
            {
                "site": code,
                **{name: site[name] for name in ("name_az", "name_en", "name_ru")},
                "organisation": site["organisation"],
                "capacity": site["capacity_m3"],
                "dead": site["dead_m3"],
                "full_level": site["full_level_m"],
                "datum": site["datum"],
                "account": _cell(of_site, code, "code"),
                "share": float(_cell(of_site, code, "share") or 1.0),
                "past": past.get(code),
                **_state(chosen.get(code), said, curves.get(code, []), until),
            }
        )
    return states


def storage(
    engine: Engine,
    scope: Scope,
    site: str,
    first: dt.date,
    last: dt.date,
    calendar: str = "",
) -> Row:
    """Give the storage of a reservoir by day over ``[first, last)``, and what is usual.

    Returns
    -------
    dict
        ``day`` (ISO dates), ``stored`` (m3, mean of the day, None where unknown),
        ``u`` (m3, k = 1, of the same), ``series`` that says so and ``past``: for each
        day the least, 10, 50, 90 %, largest and count of years before ``first``, or
        None. ``as_of`` does not apply: days hold the present.

    Raises
    ------
    ForbiddenError
        It is no reservoir of the scope.
    """
    with asking(engine) as connection:
        sites = rows(connection, scope, _SITES)
        if site not in {row["code"] for row in sites}:
            raise ForbiddenError(f"reservoir {site!r} is outside the scope")
        series = _series(connection, scope, site)
        frames = {
            name: registry.read_table(connection, name)
            for name in ("accounts", "stocks", "curves", "calendars")
        }
        days = calendar_of(frames["calendars"], calendar or None)
        table = _days(
            connection,
            series,
            _chosen(series, frames),
            days,
            last,
            _curves(frames["curves"]),
        )
    known = table.set_index("day")[["stored", "u", "code"]].to_dict("index")
    before = table[table["day"] < first]
    usual = _by_day(before)
    shown = [first + dt.timedelta(days=n) for n in range((last - first).days)]
    return {
        "day": [day.isoformat() for day in shown],
        **{
            name: [known[day][column] if day in known else None for day in shown]
            for name, column in (("stored", "stored"), ("u", "u"), ("series", "code"))
        },
        "past": [usual.get((day.month, day.day)) for day in shown],
    }


def _series(connection: Connection, scope: Scope, site: str | None) -> list[Row]:
    return rows(connection, scope, _SERIES, site=site)


def _inside(
    connection: Connection, accounts: pd.DataFrame, territory: str
) -> set[str] | None:
    """Sites in a territory by their place or their account; None: everywhere.

    A reservoir on a border can lie a little outside by its point alone.
    """
    if not territory:
        return None
    frame = registry.read_table(connection, "territories").set_index("code")
    parts = with_parts(frame, (territory,))
    own = accounts["territory"].isin(parts)
    placed = sites_in(connection, (territory,)) or []
    return {*placed, *accounts.loc[own, "site"].dropna()}


def _cell(frame: pd.DataFrame, row: str, column: str) -> Any:
    if row not in frame.index:
        return None
    value = frame[column].to_dict()[row]
    return None if pd.isna(value) else value


def _curves(frame: pd.DataFrame) -> Curves:
    return storage_curves(frame[frame["kind"] != "rating"])


def _chosen(series: list[Row], frames: dict[str, pd.DataFrame]) -> dict[str, Row]:
    """Choose the series that says what a site stores: of its stock, else the first."""
    stocks = frames["stocks"]
    told = {
        code for text in stocks["measured_by"].dropna() for _, code in codes(str(text))
    }
    found: dict[str, Row] = {}
    for row in sorted(series, key=lambda row: row["code"] not in told):
        found.setdefault(row["site"], row)
    return found


def _until(days: Calendar, day: dt.date, moment: dt.datetime | None) -> int:
    """End of a day, us UTC, or the present where that is earlier."""
    after = day + dt.timedelta(days=1)
    end = int(calendars.to_utc(days, np.array([after], dtype="M8[D]"))[0])
    now = moment or dt.datetime.now(dt.UTC)
    return min(end, int(now.timestamp() * 1e6))


def _newest(
    connection: Connection, series: list[Row], until: int, moment: dt.datetime | None
) -> dict[int, tuple[int, float]]:
    """Time and value of the last usable reading of each series."""
    ids = np.array([row["number"] for row in series], np.int32)
    back = int(_LOOK_BACK.total_seconds() * 1e6)
    window = chunks.Window.of(ids, until - back, until + 1)
    read, cuts = chunks.rows_of(connection, window, moment)
    used = (
        np.isin(read.flag, _USED)
        & (read.lineage != Lineage.RETRACTED)
        & np.isfinite(read.value)
    )
    found = {}
    for n, number in enumerate(ids.tolist()):
        at = np.flatnonzero(used[cuts[n] : cuts[n + 1]])
        if len(at):
            last = cuts[n] + at[-1]
            found[number] = (int(read.time[last]), float(read.value[last]))
    return found


def _state(
    series: Row | None,
    said: tuple[int, float] | None,
    versions: list[StorageCurve],
    until: int,
) -> Row:
    answer: Row = dict.fromkeys(
        ("series", "time", "level", "stored", "interval_s", "u", "age_s")
    )
    if series is None:
        return answer
    answer |= {"series": series["code"], "interval_s": series["interval_s"]}
    if said is None:
        return answer
    time, value = said
    stored = _volume(series["quantity"], np.array([value]), np.array([time]), versions)[
        0
    ]
    return answer | {
        "time": time,
        "age_s": (until - time) / 1e6,
        "level": value if series["quantity"] == "level" else None,
        "stored": float(stored) if np.isfinite(stored) else None,
        "u": float(_relative_u(series) * stored) if np.isfinite(stored) else None,
    }


def _relative_u(series: Row) -> float:
    """Give u of what is stored as a share of it: what level and curve add up to."""
    parts = [
        STOCK_U[name] if series[name] is None else series[name] for name in STOCK_U
    ]
    return float(np.hypot.reduce(parts)) / 100


def _volume(
    quantity: str,
    value: NDArray[np.float64],
    time: NDArray[np.int64],
    versions: list[StorageCurve],
) -> NDArray[np.float64]:
    """Volume on the curve that was valid then; NaN without one."""
    if quantity == "storage":
        return value
    volume = np.full(len(value), np.nan)
    for curve in versions:
        valid = (time >= curve.valid_from) & (time < curve.valid_to)
        volume[valid] = curve.volume(value[valid])
    return volume


def _days(
    connection: Connection,
    series: list[Row],
    chosen: dict[str, Row],
    calendar: Calendar,
    last: dt.date,
    curves: Curves,
    on: dt.date | None = None,
) -> pd.DataFrame:
    """Mean storage by site and day, of the chosen series, else of another there is.

    With ``u`` of each, as if all its readings erred alike, and the series' ``code``.
    """
    by_number = {row["number"]: row for row in series}
    found = connection.execute(
        text(_DAYS),
        {
            "ids": list(by_number),
            "calendar": calendar.code,
            "last": last,
            "month": None if on is None else on.month,
            "of_month": None if on is None else on.day,
        },
    ).all()
    table = pd.DataFrame(
        [tuple(row) for row in found], columns=["number", "day", "starts", "mean"]
    )
    time = pd.to_datetime(table["starts"], utc=True).dt.tz_localize(None)
    us = time.to_numpy().astype("M8[us]").astype(np.int64)
    stored = np.full(len(table), np.nan)
    number = table["number"].to_numpy(np.int64)
    for one, row in by_number.items():
        mine = number == one
        stored[mine] = _volume(
            row["quantity"],
            table["mean"].to_numpy(np.float64)[mine],
            us[mine],
            curves.get(row["site"], []),
        )
    first = {row["number"] for row in chosen.values()}
    relative = {one: _relative_u(row) for one, row in by_number.items()}
    table = table.assign(
        stored=stored,
        u=stored * np.array([relative[n] for n in number.tolist()], np.float64),
        code=[by_number[n]["code"] for n in number.tolist()],
        site=[by_number[n]["site"] for n in number.tolist()],
        other=[n not in first for n in number.tolist()],
    )
    known: pd.DataFrame = table[np.isfinite(table["stored"].to_numpy(np.float64))]
    return known.sort_values(["site", "day", "other"]).drop_duplicates(["site", "day"])


def _same_day(
    connection: Connection,
    series: list[Row],
    chosen: dict[str, Row],
    calendar: Calendar,
    day: dt.date,
    curves: Curves,
) -> dict[str, tuple[float, ...]]:
    """Storage on this day of past years: quantiles by site."""
    on = dt.date(day.year, 2, 28) if (day.month, day.day) == (2, 29) else day
    table = _days(connection, series, chosen, calendar, day, curves, on)
    table = table[table["day"] < on]
    return {
        str(site): quantiles
        for site, part in table.groupby("site")
        if (quantiles := _quantiles(part["stored"].to_numpy(np.float64)))
    }


def _by_day(table: pd.DataFrame) -> dict[tuple[int, int], tuple[float, ...]]:
    """Quantiles by month and day; without a 29 February the 28th stands for it."""
    values: dict[tuple[int, int], list[float]] = {}
    for day, value in zip(table["day"], table["stored"].tolist(), strict=True):
        values.setdefault((day.month, day.day), []).append(value)
        if (day.month, day.day) == (2, 28) and (day + dt.timedelta(days=1)).month == 3:
            values.setdefault((2, 29), []).append(value)
    found = {key: _quantiles(np.array(some)) for key, some in values.items()}
    return {key: some for key, some in found.items() if some}


def _quantiles(values: NDArray[np.float64]) -> tuple[float, ...] | None:
    if len(values) < FEWEST_YEARS:
        return None
    found = np.quantile(values, [0.0, 0.1, 0.5, 0.9, 1.0])
    return (*(float(one) for one in found), len(values))
