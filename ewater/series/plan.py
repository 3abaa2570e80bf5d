"""What is computed of each series over which periods, ready for any readings.

A plan knows no readings: they are added to its sums series by series, all at once
or as they are read, and each series once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.errors import UsageError
from ewater.series.periods import check_bounds
from ewater.series.rows import factors, microseconds, some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ewater.series.integrate import Events, Steps

MAX_GAP_S = 21_600.0  # METHODS 2, Gaps: 6 h
INTERVAL_SLACK = 1.5  # a step this many intervals long has lost a reading

RATES = ("instantaneous", "mean_preceding")
AMOUNTS = ("total_preceding", "totaliser", "pulse")
COUNTERS = ("totaliser", "pulse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Series, what is done with their readings, and periods; see :func:`plan`."""

    codes: tuple[str, ...]
    steps: Steps
    events: Events
    bounds: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which series are counters : (series,)."""
        from ewater.series import kernels

        counts: NDArray[np.bool_] = self.steps.signal == kernels.COUNTER
        return counts

    def blank(self) -> NDArray[np.float64]:
        """Give sums of nothing : (series, period, kernels.ROWS)."""
        from ewater.series import kernels

        return np.zeros((len(self.codes), self.bounds.size - 1, kernels.ROWS))

    def add(
        self,
        out: NDArray[np.float64],
        begin: int,
        offset: NDArray[np.int64],
        time: NDArray[np.int64],
        value: NDArray[np.float64],
        flag: NDArray[np.uint8],
        threads: int | None = None,
    ) -> None:
        """Add the readings of some neighbouring series to their sums.

        Parameters
        ----------
        out : (series, period, kernels.ROWS)
            Of :meth:`blank`; a series must not be added twice.
        begin
            Place of the first of these series.
        offset : (n + 1,)
            Where each of them begins in the readings.
        time, value, flag : (reading,)
            int64 microseconds UTC; SI; QARTOD.
        threads
            Default: all that numba may use.

        Raises
        ------
        UsageError
            The times of a series do not increase.
        """
        from ewater.series import integrate

        mine = slice(begin, begin + offset.size - 1)
        steps = integrate.Steps(
            signal=self.steps.signal[mine],
            interval=self.steps.interval[mine],
            gap=self.steps.gap[mine],
            modulus=self.steps.modulus[mine],
            max_rate=self.steps.max_rate[mine],
        )
        begins = self.events.offset[begin : begin + offset.size]
        try:
            integrate.run(
                offset,
                time,
                value,
                flag,
                steps,
                self.events._replace(offset=begins),
                self.bounds,
                threads,
                out=out[mine],
            )
        except integrate.UnsortedError as error:
            code = self.codes[begin + error.args[0]]
            raise UsageError(
                f"readings of {code} are not in order of time, or two have one time; "
                "sort them and keep one value per instant"
            ) from error


def plan(
    rows: pd.DataFrame,
    bounds: NDArray[np.int64],
    allowed: Mapping[str, tuple[str, ...]],
    events: pd.DataFrame | None = None,
    max_gap_s: float = MAX_GAP_S,
) -> Plan:
    """Say what is computed of each series.

    Parameters
    ----------
    rows
        Of the country frame ``series``, in the order of the series to come.
    bounds : (period + 1,), int64 microseconds UTC
    allowed
        Signals that can be summed, by quantity.
    events, max_gap_s
        As of :func:`ewater.series.volumes.volumes`.

    Raises
    ------
    UsageError
        As of :func:`ewater.series.volumes.volumes`.
    """
    check_bounds(bounds)
    _check_signals(rows, allowed)
    return Plan(
        codes=tuple(rows["code"].astype(str)),
        steps=_steps(rows, max_gap_s),
        events=_events(rows, events),
        bounds=np.ascontiguousarray(bounds),
    )


def _check_signals(rows: pd.DataFrame, allowed: Mapping[str, tuple[str, ...]]) -> None:
    fits = pd.Series(False, index=rows.index)
    for quantity, signals in allowed.items():
        fits |= (rows["quantity"] == quantity) & rows["signal"].isin(signals)
    if not fits.all():
        wrong = rows.loc[~fits]
        named = wrong["code"] + " (" + wrong["quantity"] + ", " + wrong["signal"] + ")"
        right = "; ".join(
            f"{quantity}: {', '.join(signals)}" for quantity, signals in allowed.items()
        )
        raise UsageError(f"{some(list(named))} cannot be summed over time; use {right}")
    needs = rows["signal"].isin(("mean_preceding", "total_preceding"))
    blank = rows.loc[needs & ~(rows["interval_s"] > 0), "code"]
    if len(blank):
        raise UsageError(
            f"{some(list(blank))} stand for the interval before their time, but "
            "interval_s is not given; add it to series.csv"
        )


def _steps(rows: pd.DataFrame, max_gap_s: float) -> Steps:
    from ewater.series import kernels
    from ewater.series.integrate import Steps

    counter = rows["signal"].isin(COUNTERS)
    signal = np.select(
        [rows["signal"] == name for name in (*RATES, "total_preceding")],
        [kernels.INSTANTANEOUS, kernels.MEAN_PRECEDING, kernels.TOTAL_PRECEDING],
        kernels.COUNTER,
    ).astype(np.int64)
    usual = INTERVAL_SLACK * rows["interval_s"]
    # a counter loses nothing in a gap, so any lost reading is worth a mark
    gap = usual.where(counter & usual.notna(), usual.clip(lower=max_gap_s))
    return Steps(
        signal=signal,
        interval=microseconds(rows["interval_s"]),
        gap=microseconds(gap.fillna(max_gap_s)),
        modulus=rows["modulus"].to_numpy(dtype=np.float64) * factors(rows),
        max_rate=rows["max_rate"].to_numpy(dtype=np.float64, copy=True),
    )


def _events(rows: pd.DataFrame, events: pd.DataFrame | None) -> Events:
    """Take the events of these series, in SI units and in their order."""
    from ewater.series import kernels
    from ewater.series.integrate import Events

    if events is None:
        events = pd.DataFrame(
            {
                "series": [],
                "time": [],
                "event": [],
                "old_reading": [],
                "new_reading": [],
            }
        )
    at = pd.Index(rows["code"]).get_indexer_for(events["series"])
    kept = events.assign(at=at).loc[at >= 0].sort_values(["at", "time"], kind="stable")
    index = kept["at"].to_numpy(dtype=np.int64)
    factor = factors(rows)[index] if index.size else np.zeros(0)
    kind = np.select(
        [kept["event"] == "rollover", kept["event"] == "reverse"],
        [kernels.ROLLOVER, kernels.REVERSE],
        kernels.CHAINED,
    )
    times = pd.to_datetime(kept["time"], utc=True).dt.tz_localize(None)
    return Events(
        offset=np.searchsorted(index, np.arange(len(rows) + 1)).astype(np.int64),
        time=times.to_numpy().astype("M8[us]").astype(np.int64),
        kind=kind.astype(np.int64),
        old=kept["old_reading"].to_numpy(dtype=np.float64) * factor,
        new=kept["new_reading"].to_numpy(dtype=np.float64) * factor,
    )
