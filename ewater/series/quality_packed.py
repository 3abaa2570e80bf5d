"""Limits of many series as arrays, packed once and taken by code for each window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.series.calendars import Calendar, to_utc
from ewater.series.quality_limits import CLIMATE, check_columns
from ewater.series.rows import microseconds, some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class Limits(NamedTuple):
    """What the loops need to know of each series."""

    numbers: NDArray[np.float64]  # (series, NUMBERS)
    spans: NDArray[np.int64]  # (series, SPANS), microseconds, -1 for none
    climate: NDArray[np.float64]  # (series, 24), lowest then highest of each month
    companion: NDArray[np.int64]  # (series,), -1 for none


class Events(NamedTuple):
    """Times of the meter events, ragged by series."""

    offset: NDArray[np.int64]  # (series + 1,)
    time: NDArray[np.int64]  # microseconds UTC


@dataclass(frozen=True, slots=True)
class Packed:
    """Limits, companions and meter events of all series, in the order of ``codes``."""

    codes: pd.Index[str]
    limits: Limits
    events: Events
    calendar: Calendar

    def of(self, codes: Sequence[str]) -> tuple[Limits, Events]:
        """Take those of some series, in their order.

        Raises
        ------
        UsageError
            A series has no limits.
        """
        rows = self.codes.get_indexer_for(pd.Index(codes, dtype=object))
        if len(rows) and rows.min() < 0:
            unknown = sorted({codes[k] for k in np.flatnonzero(rows < 0).tolist()})
            raise UsageError(
                f"series {some(unknown)} have readings but no limits; make them with "
                "default_limits from all registered series"
            )
        place = np.full(len(self.codes) + 1, -1, np.int64)  # the last for no companion
        place[rows] = np.arange(len(rows))
        limits = Limits(
            numbers=self.limits.numbers[rows],
            spans=self.limits.spans[rows],
            climate=self.limits.climate[rows],
            companion=place[self.limits.companion[rows]],
        )
        return limits, self._events(rows)

    def months(self, first: int, last: int) -> tuple[NDArray[np.int64], ...]:
        """Where months begin around two times, closed by an end; which they are."""
        low, high = np.array([first, last], "M8[us]").astype("M8[M]").astype(np.int64)
        return _months(self.calendar, int(low), int(high))

    def _events(self, rows: NDArray[np.intp]) -> Events:
        start = self.events.offset[rows]
        count = self.events.offset[rows + 1] - start
        offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        within = np.arange(offset[-1]) + np.repeat(start - offset[:-1], count)
        return Events(offset, self.events.time[within])


def pack(
    limits: pd.DataFrame,
    *,
    events: pd.DataFrame | None = None,
    companions: Mapping[str, str] | None = None,
    calendar: Calendar = Calendar.UTC,
) -> Packed:
    """Pack a frame of limits; arguments as of `ewater.series.quality.evaluate`."""
    from ewater.series import quality_kernels as kernels  # numba is slow to import

    check_columns(limits)
    beside = companions or {}
    named = pd.Index([beside.get(code, "") for code in limits.index], dtype=object)
    spans = _array(limits, kernels.SPANS)
    return Packed(
        codes=limits.index,
        limits=Limits(
            numbers=_array(limits, kernels.NUMBERS),
            spans=np.where(np.isnan(spans), -1, microseconds(spans)),
            climate=_array(limits, CLIMATE),
            companion=np.asarray(limits.index.get_indexer_for(named), dtype=np.int64),
        ),
        events=_event_times(limits.index, events),
        calendar=calendar,
    )


def _array(rows: pd.DataFrame, names: tuple[str, ...]) -> NDArray[np.float64]:
    return np.ascontiguousarray(rows[list(names)].to_numpy(dtype=np.float64))


@lru_cache(maxsize=64)
def _months(
    calendar: Calendar, low: int, high: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Months of the calendar, from before one to after another of UTC."""
    months = np.arange(low - 1, high + 3).astype("M8[M]")
    starts = to_utc(calendar, months.astype("M8[D]"))
    return starts, months.astype(np.int64) % 12 + 1


def _event_times(codes: pd.Index[str], events: pd.DataFrame | None) -> Events:
    if events is None or events.empty:
        return Events(np.zeros(len(codes) + 1, np.int64), np.zeros(0, np.int64))
    at = codes.get_indexer_for(pd.Index(events["series"]))
    stamps = pd.to_datetime(events["time"], utc=True).dt.tz_localize(None)
    time = stamps.to_numpy().astype("M8[us]").astype(np.int64)
    order = np.lexsort((time, at))
    order = order[at[order] >= 0]
    offset = np.searchsorted(at[order], np.arange(len(codes) + 1))
    return Events(offset.astype(np.int64), time[order])
