"""Limits in force: what the registry, history and people say of every series."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from ewater.errors import FaultsError
from ewater.ingest.daily import default_calendar
from ewater.ingest.registered import newest, series_frame
from ewater.series import quality
from ewater.series.curve_tables import storage_curves
from ewater.series.quality_companions import companions
from ewater.series.quality_limits import (
    default_limits,
    with_history,
    with_overrides,
)
from ewater.series.quality_packed import Packed, pack
from ewater.store import registry, verdicts
from ewater.store.instants import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.series.calendars import Calendar
    from ewater.series.curves import StorageCurve

_LEARNED = "SELECT max(greatest(recorded_from, recorded_to)) FROM learned_limit"
_REVERSED = """
SELECT measured_by FROM flows
WHERE reverse IS NOT NULL AND measured_by IS NOT NULL AND recorded_to IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Limits of all series, and what else the tests need to know.

    ``limits`` holds ``kind`` (by sensor), what ``history`` has taught, and the
    overrides without a validity; those with one are in ``dated``, with ``start``
    and ``end`` in microseconds.
    """

    kind: pd.DataFrame
    history: pd.DataFrame
    overrides: pd.DataFrame
    limits: pd.DataFrame
    dated: pd.DataFrame
    events: pd.DataFrame
    companions: dict[str, str]
    calendar: Calendar
    reach: pd.DataFrame
    interval_s: pd.Series[float]
    packed: Packed

    def judge(self, codes: Sequence[str], readings: quality.Ragged) -> quality.Judged:
        """Put readings to the tests by the limits that hold at their times.

        Arguments as of `ewater.series.quality.judge`.
        """
        found = quality.judge(self.packed, codes, readings)
        for code in sorted(set(self.dated["series"]) & set(codes)):
            self._by_validity(codes, readings, found, code)
        return found

    def margins(
        self, codes: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How far before and after a span its flags depend on readings, us."""
        rows = self.reach.loc[list(codes)]
        before, after = (
            np.ceil(rows[name].to_numpy(dtype=np.float64) * 1e6).astype(np.int64)
            for name in ("before_s", "after_s")
        )
        return before, after

    def epochs(self, code: str) -> Iterator[tuple[int, int, pd.DataFrame]]:
        """Limits of one series by validity: start, end, frame of all limits."""
        mine = self.dated[self.dated["series"] == code]
        turns = sorted({EARLIEST, LATEST, *mine["start"], *mine["end"]})
        for start, end in pairwise(turns):
            valid = mine[(mine["start"] <= start) & (mine["end"] >= end)]
            yield start, end, with_overrides(self.limits, valid)

    def _by_validity(
        self,
        codes: Sequence[str],
        readings: quality.Ragged,
        found: quality.Judged,
        code: str,
    ) -> None:
        """Judge one series anew, by the limits of each time; changes ``found``."""
        row = codes.index(code)
        mine = slice(int(readings[0][row]), int(readings[0][row + 1]))
        wanted, alone = _only(codes, readings, [code, self.companions.get(code, code)])
        time = readings[1][mine]
        for start, end, limits in self.epochs(code):
            inside = (time >= start) & (time < end)
            if inside.any():
                judged = quality.judge(self._packed(limits.loc[wanted]), wanted, alone)
                found.flag[mine][inside] = judged.flag[: len(time)][inside]
                found.failed[mine][inside] = judged.failed[: len(time)][inside]

    def _packed(self, limits: pd.DataFrame) -> Packed:
        return pack(
            limits,
            events=self.events,
            companions=self.companions,
            calendar=self.calendar,
        )


_last: tuple[object, InForce] | None = None  # of this process; never changed


def in_force(connection: Connection) -> InForce:
    """Say what limits every registered series has by now; errors as of `made`.

    What a process has read last it keeps for as long as the registry stands still.
    """
    global _last
    key = str(connection.engine.url), version(connection)
    if _last is None or _last[0] != key:
        _last = key, made(connection)
    return _last[1]


def version(connection: Connection) -> tuple[object, object]:
    """Say of what time registry and learned limits are: equal ones are the same."""
    learned = connection.execute(text(_LEARNED)).scalar_one()
    return registry.version(connection), learned


def made(connection: Connection, learned: pd.DataFrame | None = None) -> InForce:
    """Make the limits of every registered series.

    Parameters
    ----------
    connection
        Open connection.
    learned
        What history would suggest, in place of what has been learned and kept.

    Raises
    ------
    FaultsError
        An override does not fit the other limits of its series.
    """
    series = series_frame(connection)
    sites = newest(registry.read_table(connection, "sites"), "code")
    kind = default_limits(
        series,
        sites,
        _curves(registry.read_table(connection, "curves")),
        reversible=_reversible(connection, series),
    )
    history = verdicts.learned(connection) if learned is None else learned
    history = history.reindex(columns=kind.columns).astype("float64")
    history = history.loc[history.index.isin(kind.index)]
    overrides = _overrides(connection)
    overrides = overrides[overrides["series"].isin(kind.index)]
    always = (overrides["start"] == EARLIEST) & (overrides["end"] == LATEST)
    limits = with_overrides(with_history(kind, history), overrides[always])
    beside = companions(series)
    events = registry.read_table(connection, "meter_events")
    calendar = default_calendar(connection)
    found = InForce(
        kind=kind,
        history=history,
        overrides=overrides,
        limits=limits,
        dated=overrides[~always],
        events=events,
        companions=beside,
        calendar=calendar,
        reach=quality.context(limits, beside),
        interval_s=series.set_index("code")["interval_s"],
        packed=pack(limits, events=events, companions=beside, calendar=calendar),
    )
    for code in found.dated["series"].unique():
        for _, _, frame in found.epochs(code):
            wider = quality.context(frame, beside)
            found.reach[:] = np.maximum(found.reach, wider)
    return found


def _only(
    codes: Sequence[str], readings: quality.Ragged, wanted: Sequence[str]
) -> tuple[list[str], quality.Ragged]:
    """Take the readings of one series and, if they are there, of its companion."""
    rows = {code: n for n, code in enumerate(codes)}
    there = [code for code in dict.fromkeys(wanted) if code in rows]
    offset, time, value, flag, failed = readings
    parts = [slice(offset[rows[c]], offset[rows[c] + 1]) for c in there]
    cuts = np.concatenate([[0], np.cumsum([part.stop - part.start for part in parts])])
    return there, (
        cuts,
        np.concatenate([time[part] for part in parts]),
        np.concatenate([value[part] for part in parts]),
        np.concatenate([flag[part] for part in parts]),
        np.concatenate([failed[part] for part in parts]),
    )


def differing(before: InForce | None, after: InForce) -> list[str]:
    """Series whose stored readings were judged by other limits, in order of code."""
    if before is None:
        return []
    both = after.limits.index.intersection(before.limits.index)
    old, new = before.limits.loc[both], after.limits.loc[both]
    others = ~((old == new) | (old.isna() & new.isna())).all(axis=1)
    columns = ["series", "test", "parameter", "value", "start", "end"]
    dated = [
        frame.dated[columns].fillna({"value": np.inf}) for frame in (before, after)
    ]
    moved = dated[0].merge(dated[1], how="outer", indicator=True)
    named = moved.loc[moved["_merge"] != "both", "series"]
    return sorted({*both[others], *named[named.isin(both)]})


def _overrides(connection: Connection) -> pd.DataFrame:
    frame = registry.read_table(connection, "limits")
    return frame.assign(
        start=_ends(frame["valid_from"], EARLIEST), end=_ends(frame["valid_to"], LATEST)
    )


def _ends(times: pd.Series[pd.Timestamp], open_end: int) -> NDArray[np.int64]:
    stamps = times.dt.tz_localize(None).to_numpy().astype("M8[us]").astype(np.int64)
    return np.where(times.isna().to_numpy(), open_end, stamps)


def _reversible(connection: Connection, series: pd.DataFrame) -> set[str]:
    """Series of flows that have a reverse: they may run backwards."""
    expressions = connection.execute(text(_REVERSED)).scalars()
    named = {token for expression in expressions for token in expression.split()}
    return named & set(series["code"])


def _curves(frame: pd.DataFrame) -> dict[str, list[StorageCurve]]:
    """Storage curves by site; a site whose table is at fault goes without.

    The account refuses such a table; readings are stored all the same, and their
    level has then the limits that need no curve.
    """
    try:
        return storage_curves(frame)
    except FaultsError:
        found: dict[str, list[StorageCurve]] = {}
        for _, rows in frame.groupby("site"):
            try:
                found |= storage_curves(rows)
            except FaultsError:
                continue
        return found
