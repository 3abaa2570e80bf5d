"""Steps of meters that nothing explains: suspected events, for a person to judge.

Readings alone never say what happened to a meter (METHODS 2, E3 and E4). What is
found here changes no volume: the step stays unknown, with bounds, until an event is
registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.series.kernels import RATE_SLACK
from ewater.series.rows import factors, ragged, rows_of
from ewater.terms import Flag

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]

#: Ratios of units that are mistaken for each other (METHODS 6.2): L and m3, m3/h and
#: L/s, m3/s and thousand m3 a day.
UNIT_RATIOS = (1000.0, 3.6, 86.4)
COLUMNS = (
    "series",
    "shows",
    "before",
    "after",
    "old_reading",
    "new_reading",
    "events",
    "lower_m3",
    "upper_m3",
    "evidence",
)
_RATIO_SLACK = 0.05
_AROUND = 24  # steps on each side that a change of unit must hold for
_LEAST = 6
_SMALL = 0.1  # of the old reading: what a meter shows that began anew
_IN_A_ROW = 3  # falls that make a flow that turned round
_RATES = ("instantaneous", "mean_preceding")
_COUNTERS = ("totaliser", "pulse")


def suspected(
    readings: xr.Dataset, series: pd.DataFrame, events: pd.DataFrame
) -> pd.DataFrame:
    """Find the steps that no registered event explains.

    Parameters
    ----------
    readings
        Contiguous ragged form (ARCHITECTURE, "Readings"), in SI units.
    series, events
        Country frames ``series`` and ``meter_events``.

    Returns
    -------
    pandas.DataFrame
        ``series``; ``shows``: ``fell`` (a counter went back), ``ambiguous`` (several
        numbers of rollovers fit), ``jumped`` (more than the greatest rate allows),
        ``negative`` (it keeps going back a little), ``factor`` (what is measured
        changed by a ratio of units and stayed so); ``before`` and ``after`` (int64 us
        UTC) with ``old_reading`` and ``new_reading`` in the unit of the series;
        ``events`` that would explain it, the likeliest first; ``lower_m3`` and
        ``upper_m3`` of the volume between (NaN: no bound); ``evidence``.
    """
    rows = rows_of(readings, series).reset_index(drop=True)
    offset, time, value, flag = ragged(readings)
    place = np.repeat(np.arange(len(rows)), np.diff(offset))
    usable = ~np.isin(flag, (Flag.FAIL, Flag.MISSING)) & np.isfinite(value)
    place, time, value = place[usable], time[usable], value[usable]
    steps = _Steps(rows, place, time, value, events)
    found = pd.DataFrame([*steps.counters(), *steps.units()], columns=list(COLUMNS))
    order = ["series", "before", "shows"]
    return found.sort_values(order, kind="stable", ignore_index=True)


class _Steps:
    """Pairs of neighbouring usable readings of all series."""

    def __init__(
        self,
        rows: pd.DataFrame,
        place: NDArray[np.int64],
        time: NDArray[np.int64],
        value: Floats,
        events: pd.DataFrame,
    ) -> None:
        self.rows, self.place, self.time, self.value = rows, place, time, value
        self.factor = factors(rows)
        signal = rows["signal"].to_numpy()
        self.counter = np.isin(signal, _COUNTERS)
        self.rate = np.isin(signal, _RATES) & (rows["quantity"] == "discharge")
        own = place[1:] == place[:-1]
        self.step = np.flatnonzero(own & ~self._explained(events, own))
        self.change = np.diff(value)
        self.length = np.diff(time) / 1e6
        limit = RATE_SLACK * rows["max_rate"].to_numpy(dtype=float)
        modulus = rows["modulus"].to_numpy(dtype=float) * self.factor
        self.limit = limit[place[:-1]] * self.length
        self.modulus = modulus[place[:-1]]

    def _explained(self, events: pd.DataFrame, own: Marks) -> Marks:
        """Mark steps with an event after their first reading, up to their last."""
        explained = np.zeros(own.size, dtype=bool)
        times = pd.to_datetime(events["time"], utc=True).dt.tz_localize(None)
        at = times.to_numpy().astype("M8[us]").astype(np.int64)
        codes = pd.Index(self.rows["code"]).get_indexer_for(events["series"])
        for series, instant in zip(codes, at, strict=True):
            first, last = np.searchsorted(self.place, [series, series + 1])
            n = first + int(np.searchsorted(self.time[first:last], instant)) - 1
            if series >= 0 and first <= n < last - 1:
                explained[n] = True
        return explained

    def counters(self) -> list[dict[str, Any]]:
        """List unknown steps of counters, told apart by what they show."""
        step = self.step[self.counter[self.place[self.step]]]
        change, limit, modulus = (
            a[step] for a in (self.change, self.limit, self.modulus)
        )
        with np.errstate(invalid="ignore"):
            turns = np.where(change < 0, np.ceil(-change / modulus), 0.0)
            rolled = change + np.where(turns > 0, turns * modulus, 0.0)
            fell = (change < 0) & ~(rolled <= limit)
            jumped = (change >= 0) & (change > limit)
            several = (rolled <= limit) & (rolled + modulus <= limit)
        falls = step[fell]
        back = self._going_back(falls)
        answer = [self._fell(n) for n in falls[~np.isin(falls, back)]]
        answer += [self._negative(run) for run in _runs(back)]
        answer += [self._jumped(n) for n in step[jumped]]
        both = zip(step[several], rolled[several], strict=True)
        return answer + [self._ambiguous(n, least) for n, least in both]

    def _going_back(self, falls: NDArray[np.intp]) -> NDArray[np.intp]:
        """Falls that are small, and of which several follow each other."""
        size = -self.change[falls]
        with np.errstate(invalid="ignore"):
            small = size <= np.where(
                np.isnan(self.limit[falls]),
                _SMALL * np.abs(self.value[falls]),
                self.limit[falls],
            )
        runs = [r for r in _runs(falls[small]) if r.size >= _IN_A_ROW]
        return np.concatenate(runs) if runs else np.zeros(0, dtype=np.intp)

    def _entry(
        self, first: int, last: int, shows: str, events: list[str], **more: Any
    ) -> dict[str, Any]:
        series = self.place[first]
        return {
            "series": str(self.rows["code"].iloc[series]),
            "shows": shows,
            "before": int(self.time[first]),
            "after": int(self.time[last]),
            "old_reading": float(self.value[first] / self.factor[series]),
            "new_reading": float(self.value[last] / self.factor[series]),
            "events": events,
            "lower_m3": np.nan,
            "upper_m3": np.nan,
        } | more

    def _said(self, n: int) -> str:
        series = self.place[n]
        old, new = (self.value[i] / self.factor[series] for i in (n, n + 1))
        unit = self.rows["unit"].iloc[series]
        return f"from {old:,.6g} to {new:,.6g} {unit} in {self.length[n]:,.0f} s"

    def _fell(self, n: int) -> dict[str, Any]:
        after, limit, modulus = self.value[n + 1], self.limit[n], self.modulus[n]
        fresh = after <= _SMALL * self.value[n]
        events = ["replacement", "reset"] if fresh else ["reverse", "replacement"]
        rolled = self.change[n] + np.ceil(-self.change[n] / modulus) * modulus
        why = "no modulus is registered"
        if np.isfinite(modulus) and np.isnan(limit):
            events, why = ["rollover", *events], "no greatest rate is registered"
        elif np.isfinite(modulus):
            why = (
                f"a rollover would be {rolled:,.6g} m3, more than the {limit:,.6g} m3 "
                "that the greatest rate allows"
            )
        said = f"fell {self._said(n)}; {why}"
        if _ratio(after, self.value[n]):
            events = ["unit_change", *events]
            said += f"; the readings differ by {_ratio(after, self.value[n]):g}"
        bounds = {"lower_m3": float(after), "upper_m3": float(limit)}
        return self._entry(n, n + 1, "fell", events, evidence=said, **bounds)

    def _jumped(self, n: int) -> dict[str, Any]:
        events = ["replacement"]
        said = (
            f"rose {self._said(n)}, by more than the {self.limit[n]:,.6g} m3 that the "
            "greatest rate allows"
        )
        ratio = _ratio(self.value[n + 1], self.value[n])
        if ratio:
            events = ["unit_change", *events]
            said += f"; the readings differ by {ratio:g}"
        bounds = {"lower_m3": 0.0, "upper_m3": float(self.limit[n])}
        return self._entry(n, n + 1, "jumped", events, evidence=said, **bounds)

    def _ambiguous(self, n: int, least: float) -> dict[str, Any]:
        more = np.floor((self.limit[n] - least) / self.modulus[n])
        most = float(least + more * self.modulus[n])
        said = (
            f"went {self._said(n)}; {1 + more:,.0f} numbers of rollovers fit, from "
            f"{least:,.6g} to {most:,.6g} m3"
        )
        bounds = {"lower_m3": float(least), "upper_m3": most}
        return self._entry(n, n + 1, "ambiguous", ["rollover"], evidence=said, **bounds)

    def _negative(self, run: NDArray[np.intp]) -> dict[str, Any]:
        first, last = int(run[0]), int(run[-1]) + 1
        volume = float(self.value[last] - self.value[first])
        said = f"went back {run.size} times in a row, by {-volume:,.6g} m3 in all"
        bounds = {"lower_m3": volume, "upper_m3": volume}
        return self._entry(
            first, last, "negative", ["reverse"], evidence=said, **bounds
        )

    def units(self) -> list[dict[str, Any]]:
        """List changes of what is measured by a ratio of units, that stayed."""
        amount, where = self._amounts()
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = amount[1:] / amount[:-1]
        near = np.zeros(ratio.size, dtype=bool)
        for known in UNIT_RATIOS:
            with np.errstate(invalid="ignore", divide="ignore"):
                size = np.maximum(ratio, 1 / ratio)
                near |= np.abs(size / known - 1) <= 4 * _RATIO_SLACK
        same = self.place[where[1:]] == self.place[where[:-1]]
        seen = [self._unit(amount, where, int(n)) for n in np.flatnonzero(near & same)]
        return [entry for entry in seen if entry]

    def _amounts(self) -> tuple[Floats, NDArray[np.intp]]:
        """Rates, of counters by step; and the reading at the end of each."""
        rates = np.flatnonzero(self.rate[self.place])
        step = self.step[self.counter[self.place[self.step]]]
        amount = np.concatenate(
            [self.value[rates], self.change[step] / self.length[step]]
        )
        where = np.concatenate([rates, step + 1])
        order = np.argsort(where, kind="stable")
        return amount[order], where[order]

    def _unit(
        self, amount: Floats, where: NDArray[np.intp], n: int
    ) -> dict[str, Any] | None:
        series = self.place[where[n]]
        begin, end = np.searchsorted(self.place, [series, series + 1])
        first = max(n + 1 - _AROUND, int(np.searchsorted(where, begin)))
        last = min(n + 1 + _AROUND, int(np.searchsorted(where, end)))
        old, new = amount[first : n + 1], amount[n + 1 : last]
        if min(old.size, new.size) < _LEAST or (np.r_[old, new] <= 0).any():
            return None
        ratio = _ratio(float(np.median(new)), float(np.median(old)))
        steady = max(np.ptp(np.log(old)), np.ptp(np.log(new))) < np.log(3.6) / 2
        if not ratio or not steady:
            return None
        said = (
            f"the rate changed from {np.median(old):,.4g} to {np.median(new):,.4g} "
            f"m3/s, by {ratio:g}, and stayed so for {new.size} readings"
        )
        before, after = int(where[n]), int(where[n + 1])
        return self._entry(before, after, "factor", ["unit_change"], evidence=said)


def _ratio(after: float, before: float) -> float | None:
    """Ratio of units that two figures have to each other, if one is near."""
    if not before or not after or after / before <= 0:
        return None
    size = after / before
    for known in UNIT_RATIOS:
        for ratio in (known, 1 / known):
            if abs(size / ratio - 1) <= _RATIO_SLACK:
                return ratio
    return None


def _runs(places: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Stretches of places that follow each other."""
    if not places.size:
        return []
    return np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
