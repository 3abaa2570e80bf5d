"""Readings of every series: from the true ledger to what the instruments send."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.simulate import history, observe
from ewater.simulate.observe import DAY_S, Observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.simulate.ledger import Country, Truth

    Array = NDArray[np.float64]
    Stamps = NDArray[np.int64]

PEAKING = 0.12  # of turbines, against DIURNAL of rivers
DIURNAL = 0.03
EDGE_HOURS = 2  # readings beyond both ends, for trapezoids and stocks at the bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One series as the registry and the simulation describe it.

    A copy (`grow`) has a code of its own and observes what its ``origin`` does.
    """

    code: str
    origin: str
    site: str
    quantity: str
    signal: str
    step_s: float
    truth: str
    resolution: float
    fault: str
    modulus: float
    random_pct: float
    systematic_pct: float
    copy: int = 1


class Telemetry:
    """Makes the readings of any series; the same whatever the order they are made in.

    Parameters
    ----------
    country, truth
        What is true.
    series
        Country frame of series, joined with ``simulation/series.csv``.
    """

    def __init__(self, country: Country, truth: Truth) -> None:
        self.country = country
        self.truth = truth
        self.seed = country.seed
        self.row = {code: n for n, code in enumerate(truth.flows)}
        self.stock = {code: n for n, code in enumerate(truth.accounts)}
        self.midnight = observe.minutes(truth.days.start)
        self.hour = self.midnight[0] + 60 * np.arange(24 * len(truth.days) + 1)
        first, last = f"{truth.days.year[0]}-01-01", f"{truth.days.year[-1] + 1}-01-01"
        self.begin, self.end = observe.minutes(first)[0], observe.minutes(last)[0]

    @cached_property
    def months(self) -> Stamps:
        """Minutes at which months start."""
        first, last = self.truth.days.year[0], self.truth.days.year[-1] + 1
        return observe.minutes(
            pd.date_range(f"{first}-01-01", f"{last}-01-01", freq="MS")
        )

    @cached_property
    def curves(self) -> dict[str, tuple[Array, Array, Array]]:
        """Level, volume and area of the table of each reservoir."""
        frame = self.country.model.frames["curves"]
        tables = {}
        for site, mine in frame.groupby("site"):
            kinds = {k: part.sort_values("x") for k, part in mine.groupby("kind")}
            tables[str(site)] = (
                kinds["storage"]["x"].to_numpy(),
                kinds["storage"]["y"].to_numpy(),
                kinds["area"]["y"].to_numpy(),
            )
        return tables

    @cached_property
    def replaced(self) -> dict[str, tuple[int, float, float]]:
        """When a meter was replaced (minute), with its last and first reading."""
        events = self.country.model.frames["meter_events"]
        local = events["time"].dt.tz_convert("Asia/Baku").dt.tz_localize(None)
        stamps = observe.minutes(pd.DatetimeIndex(local))
        return {
            str(series): (int(stamp), float(old), float(new))
            for series, stamp, old, new in zip(
                events["series"],
                stamps,
                events["old_reading"],
                events["new_reading"],
                strict=True,
            )
        }

    def observe(self, instrument: Instrument) -> Observed:
        """Make the readings of one series."""
        if instrument.truth.startswith("history "):
            return history.observe(self, instrument)
        rng = observe.chance_of(self.seed, instrument.code)
        minute, value = self._signal(instrument, rng)
        edge = 60 * EDGE_HOURS
        inside = (minute >= self.begin - edge) & (minute <= self.end + edge)
        if instrument.signal in ("mean_preceding", "total_preceding"):
            inside &= minute > self.begin
        minute, value = minute[inside], value[inside]
        guarded = self.months if instrument.quantity == "level" else None
        keep = observe.present(rng, minute, instrument.step_s, guarded)
        minute, value = minute[keep], value[keep]
        flag = np.zeros(len(value), dtype=np.uint8)
        if instrument.fault == "spikes":
            value, flag, _ = observe.spikes(rng, value)
        held = np.zeros(len(value), dtype=bool)
        first = value
        if instrument.fault == "late":
            held = observe.between(minute, observe.LATE)
        elif instrument.fault == "corrected":
            wrong = observe.between(minute, observe.WRONG)
            first = np.where(wrong, value * observe.WRONG_FACTOR, value)
        digits = round(-np.log10(instrument.resolution))
        return Observed(
            minute=minute,
            value=np.round(value, digits),
            first=np.round(first, digits),
            flag=flag,
            held=held,
        )

    def _signal(
        self, instrument: Instrument, rng: np.random.Generator
    ) -> tuple[Stamps, Array]:
        """Make times and values over all days, with their errors, before any loss."""
        kind, *rest = instrument.truth.split(" ")
        daily = instrument.step_s >= DAY_S
        if kind == "level":
            return self._level(rest[0], rng, daily=daily)
        if kind in ("evaporation", "precipitation") and len(rest) == 2:
            depth = self.country.depths[rest[0]][kind == "precipitation"]
            shown = depth * 1000 / (0.7 if kind == "evaporation" else 1.0)
            return self.midnight + 1440, shown * self._errors(instrument, rng, shown)
        volume = self._volume(instrument.truth)
        if instrument.signal == "totaliser":
            return self._counted(instrument, rng, volume, daily=daily)
        if instrument.signal == "total_preceding":
            return self.midnight + 1440, volume * self._errors(instrument, rng, volume)
        if daily:
            mean = volume / DAY_S
            return self.midnight + 1440, mean * self._errors(instrument, rng, mean)
        swing = PEAKING if instrument.origin.endswith(".QT") else DIURNAL
        rates = observe.rate(volume, swing)
        if instrument.signal == "instantaneous":
            return self.hour, rates * self._errors(instrument, rng, rates)
        hourly = observe.means(rates)
        return self.hour[1:], hourly * self._errors(instrument, rng, hourly)

    def _errors(
        self, instrument: Instrument, rng: np.random.Generator, like: Array
    ) -> Array:
        return observe.errors(
            rng, len(like), instrument.random_pct, instrument.systematic_pct
        )

    def _volume(self, truth: str) -> Array:
        rows = [self.row[code] for code in truth.split(" + ")]
        return np.asarray(self.truth.volume[rows].sum(axis=0))

    def _level(
        self, account: str, rng: np.random.Generator, *, daily: bool
    ) -> tuple[Stamps, Array]:
        stock = self.truth.stock[self.stock[account]]
        instants = np.append(self.midnight, self.midnight[-1] + 1440)
        minute = instants if daily else self.hour
        stock = np.interp(minute, instants, stock)
        noise = rng.standard_normal(len(minute)) * observe.LEVEL_NOISE_M
        return minute, observe.level(stock, self.curves[account]) + noise

    def _counted(
        self,
        instrument: Instrument,
        rng: np.random.Generator,
        volume: Array,
        *,
        daily: bool,
    ) -> tuple[Stamps, Array]:
        if daily:
            minute = np.append(self.midnight, self.midnight[-1] + 1440)
            steps = volume
        else:
            minute = self.hour
            steps = observe.means(observe.rate(volume, DIURNAL)) * 3600
        steps = steps * self._errors(instrument, rng, steps)
        if instrument.fault == "drift":
            steps = steps * observe.drift(minute[1:])
        at, old, new = None, 0.0, 0.0
        if instrument.origin in self.replaced:
            when, old, new = self.replaced[instrument.origin]
            at = int(np.searchsorted(minute, when))
        start = rng.uniform(0.2, 0.9) * instrument.modulus
        reading = observe.counter(steps, instrument.modulus, start, at, old, new)
        return minute, np.mod(np.round(reading), instrument.modulus)


def instruments(frame: pd.DataFrame, drivers: pd.DataFrame) -> list[Instrument]:
    """Join the registry's series with what each of them observes."""
    table = frame.merge(drivers, left_on="code", right_on="series", how="inner")
    table["fault"] = table["fault"].astype(object).where(table["fault"].notna(), "")
    errors = ["u_random_pct", "u_systematic_pct"]
    table[errors] = table[errors].fillna(0.0)
    return [
        Instrument(
            code=str(row["code"]),
            origin=str(row["code"]),
            site=str(row["site"]),
            quantity=str(row["quantity"]),
            signal=str(row["signal"]),
            step_s=float(row["interval_s"]),
            truth=str(row["truth"]),
            resolution=float(row["resolution"]),
            fault=str(row["fault"]),
            modulus=float(row["modulus"]),
            random_pct=float(row["u_random_pct"]),
            systematic_pct=float(row["u_systematic_pct"]),
        )
        for row in table.to_dict("records")
    ]
