"""What rules are judged by: values of series, gaps, permits and closures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from ewater.series import calendars
from ewater.series.curve_tables import storage_curves
from ewater.store import chunks, registry
from ewater.store.instants import instant, microseconds
from ewater.terms import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    #: The z of the last whole month of territories, and the end of that month. Left
    #: out are those whose z is unknown, and all if the month ended before a time.
    Closures = Callable[[Sequence[str], datetime], Mapping[str, tuple[datetime, float]]]

HOUR_US = 3_600_000_000
_PERCENT = 100.0
_LAST = text(
    "SELECT k.code, max(c.last_time) AS last FROM series_key AS k "
    "JOIN chunk AS c ON c.series_id = k.id LEFT JOIN load AS l ON l.id = c.load_id "
    "WHERE k.code = ANY(:codes) AND (c.kind = 'base' OR l.recorded_from IS NOT NULL) "
    "GROUP BY k.code"
)
_USED = text(
    "SELECT s.code, sum(d.volume) AS volume FROM unnest("
    "  CAST(:code AS text[]), CAST(:series AS text[]), "
    "  CAST(:start AS timestamptz[])) AS s (code, series, start) "
    "JOIN series_key AS k ON k.code = s.series "
    "JOIN daily AS d ON d.series_id = k.id AND d.starts >= s.start "
    "  AND d.ends <= :now AND d.calendar = :calendar "
    "WHERE d.volume <> 'NaN'::float8 GROUP BY s.code"
)


@dataclass(frozen=True, slots=True)
class Samples:
    """Values by rule: those of rule ``r`` lie at ``cuts[r]:cuts[r + 1]``.

    ``time`` is int64 microseconds UTC, ``value`` float64 in the unit of the kind.
    """

    cuts: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]


def gather(
    connection: Connection,
    rules: pd.DataFrame,
    since: NDArray[np.int64],
    now: datetime,
    closures: Closures,
) -> Samples:
    """Read what came for each rule.

    Parameters
    ----------
    rules
        Rows of ``alert_rules``, with ``recorded_from``.
    since : (rule,), int64 microseconds UTC
        Only values after it.
    now
        No value after it; gaps and permits are counted up to it.
    """
    empty: tuple[Any, Any] = (np.empty(0, np.int64), np.empty(0))
    found = dict.fromkeys(rules.index, empty)
    for kinds, read in (
        (("level", "discharge", "storage"), _of_series),
        (("missing",), _gaps),
        (("permit",), _permits),
    ):
        mine = rules[rules["kind"].isin(kinds)]
        if len(mine):
            found |= read(connection, mine, since[rules["kind"].isin(kinds)], now)
    of_closure = rules["kind"] == "closure"
    if of_closure.any():
        after = instant(int(since[of_closure].min()))
        found |= _closures(rules[of_closure], closures, after)
    kept = [
        (time[time > after], value[time > after])
        for (time, value), after in zip(found.values(), since, strict=True)
    ]
    return Samples(
        cuts=np.cumsum([0, *(len(time) for time, _ in kept)]),
        time=np.concatenate([empty[0], *(time for time, _ in kept)]),
        value=np.concatenate([empty[1], *(value for _, value in kept)]),
    )


def _of_series(
    connection: Connection,
    rules: pd.DataFrame,
    since: NDArray[np.int64],
    now: datetime,
) -> dict[Any, tuple[Any, Any]]:
    """Take readings that did not fail; a storage in % of the capacity of its site."""
    codes = sorted(set(rules["series"]))
    last = microseconds(now)
    read = _readings(connection, codes, int(since.min()) + 1, last + 1)
    storage = _Storage(connection) if "storage" in set(rules["kind"]) else None
    found = {}
    for index, row in rules.iterrows():
        time, values = read[row["series"]]
        if storage and row["kind"] == "storage":
            values = storage.percent(row["series"], time, values)
        found[index] = (time, values)
    return found


def _readings(
    connection: Connection, codes: list[str], first: int, end: int
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Read times and values of each series in ``[first, end)``, NaN where failed."""
    read = chunks.read(connection, codes, first, end)
    cuts = np.concatenate([[0], np.cumsum(read["row_size"].to_numpy())])
    time = read["time"].to_numpy().astype("M8[us]").astype(np.int64)
    failed = read["flag"].to_numpy() == Flag.FAIL
    value = np.where(failed, np.nan, read["value"].to_numpy())
    places = [slice(*cuts[i : i + 2]) for i in range(len(codes))]
    return {code: (time[p], value[p]) for code, p in zip(codes, places, strict=True)}


class _Storage:
    """Volumes in % of the capacity of the site, from levels or volumes."""

    def __init__(self, connection: Connection) -> None:
        self._series = registry.read_table(connection, "series").set_index("code")
        sites = registry.read_table(connection, "sites").set_index("code")
        self._capacity = sites["capacity_m3"]
        curves = registry.read_table(connection, "curves")
        self._curves = curves[curves["kind"] == "storage"]

    def percent(
        self, code: str, time: NDArray[np.int64], value: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Unknown where the site has no curve then, or the level lies beyond it."""
        site = self._series["site"][code]
        if self._series["quantity"][code] == "level":
            value = self._volume(site, time, value)
        return np.asarray(_PERCENT * value / float(self._capacity[site]))

    def _volume(
        self, site: str, time: NDArray[np.int64], level: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        volume = np.full(len(level), np.nan)
        mine = self._curves[self._curves["site"] == site]
        for version in storage_curves(mine).get(site, []):
            valid = (time >= version.valid_from) & (time < version.valid_to)
            volume[valid] = version.volume(level[valid])
        return volume


def _gaps(
    connection: Connection,
    rules: pd.DataFrame,
    since: NDArray[np.int64],
    now: datetime,
) -> dict[Any, tuple[Any, Any]]:
    """Count hours since the last reading that did not fail, now.

    A series that never had one is counted from when the rule was made.
    """
    codes = sorted(set(rules["series"]))
    at = microseconds(now)
    reach = int(2 * HOUR_US * rules["above"].max()) + 24 * HOUR_US
    read = _readings(connection, codes, at - reach, at + 1)
    ever = {
        row.code: microseconds(row.last)
        for row in connection.execute(_LAST, {"codes": codes})
    }
    last = {}
    for code, (time, value) in read.items():
        times = time[~np.isnan(value)]
        before = min(ever[code], at - reach) if code in ever else None
        last[code] = int(times[-1]) if len(times) else before
    found = {}
    for index, row in rules.iterrows():
        start = last[row["series"]]
        start = microseconds(row["recorded_from"]) if start is None else start
        found[index] = (np.array([at]), np.array([max(at - start, 0) / HOUR_US]))
    return found


def _permits(
    connection: Connection,
    rules: pd.DataFrame,
    since: NDArray[np.int64],
    now: datetime,
) -> dict[Any, tuple[Any, Any]]:
    """Compare what a site metered in the permit's present period with its limit, %."""
    at = microseconds(now)
    calendar = calendars.first(registry.read_table(connection, "calendars"))
    permits = registry.read_table(connection, "permits")
    valid = ~(permits["valid_from"] > now) & ~(permits["valid_to"] <= now)
    permits = permits[valid].drop_duplicates("code").set_index("code")
    meters = _meters(registry.read_table(connection, "series"))
    wanted = permits[permits.index.isin(rules["permit"])]
    wanted = wanted[wanted["site"].isin(meters)]
    start = {per: _start(calendar, now, per) for per in wanted["per"].unique()}
    rows = connection.execute(
        _USED,
        {
            "code": list(wanted.index),
            "series": [meters[site] for site in wanted["site"]],
            "start": [start[per] for per in wanted["per"]],
            "now": now,
            "calendar": calendar.code,
        },
    )
    used = {row.code: row.volume for row in rows}
    share = {
        code: _PERCENT * volume / float(permits["limit_m3"][code])
        for code, volume in used.items()
        if permits["limit_m3"][code] > 0
    }
    return {
        index: (np.array([at]), np.array([share.get(code, np.nan)]))
        for index, code in rules["permit"].items()
    }


def _meters(series: pd.DataFrame) -> dict[str, str]:
    """Series that meters each site: its first of volumes, else of discharges."""
    found: dict[str, str] = {}
    for quantity in ("volume", "discharge"):
        mine = series[series["quantity"] == quantity].sort_values("code")
        for site, code in zip(mine["site"], mine["code"], strict=True):
            found.setdefault(site, code)
    return found


def _start(calendar: calendars.Calendar, now: datetime, per: str) -> datetime:
    """Where the present year, month or day of a permit began."""
    local = pd.Timestamp(now).tz_convert(calendar.timezone)
    first = (local - pd.DateOffset(years=1)).date().replace(month=1, day=1)
    last = (local + pd.DateOffset(years=1)).date().replace(month=1, day=1)
    days = pd.date_range(first, last, freq="D")
    if per == "month":
        days = days[days.day == 1]
    elif per == "year":
        days = days[days.strftime("%m-%d") == calendar.year_start]
    edges = calendars.to_utc(calendar, days.to_numpy().astype("M8[D]"))
    edge = edges[np.searchsorted(edges, microseconds(now), side="right") - 1]
    return pd.Timestamp(int(edge), unit="us", tz="UTC").to_pydatetime()


def _closures(
    rules: pd.DataFrame, closures: Closures, after: datetime
) -> dict[Any, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    found = closures(sorted(set(rules["territory"])), after)
    samples = {}
    for index, code in rules["territory"].items():
        known = [found[code]] if code in found else []
        samples[index] = (
            np.array([microseconds(at) for at, _ in known], np.int64),
            np.array([abs(z) for _, z in known]),
        )
    return samples
