"""The years before telemetry: daily discharge and levels at long-term means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.simulate import weather
from ewater.simulate.observe import Observed, errors, level, minutes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.simulate.telemetry import Instrument, Telemetry

    Array = NDArray[np.float64]

LAST_YEAR_D = 365  # over which a level comes to where the true ledger starts


def observe(telemetry: Telemetry, instrument: Instrument) -> Observed:
    """Make the daily readings of a gauge or reservoir before telemetry."""
    drivers = telemetry.country.model.drivers["history"].set_index("series")
    row = drivers.loc[[instrument.origin]].iloc[0]
    end = f"{telemetry.truth.days.year[0]}-01-01"
    # on fixed standard time: summer time came and went until 2015
    days = pd.date_range(f"{row['start']}-01-01", end, freq="D", inclusive="left")
    minute = minutes(days)
    position = (days.day_of_year.to_numpy() - 0.5) / 365.25
    season = telemetry.country.seasons.on(str(row["pattern"]), position)
    rng = weather.generator(telemetry.seed, "history", instrument.code)
    if instrument.quantity == "level":
        value = _levels(telemetry, instrument, season, rng)
        minute = minute + 8 * 60  # the staff is read at eight
    else:
        value = _discharge(telemetry, row, season, rng)
        random, systematic = instrument.random_pct, instrument.systematic_pct
        value *= errors(rng, len(value), random, systematic)
        minute = minute + 1440
    keep = rng.random(len(value)) > 0.002
    digits = round(-np.log10(instrument.resolution))
    value, minute = np.round(value, digits)[keep], minute[keep]
    nothing = np.zeros(len(value), dtype=np.uint8)
    return Observed(
        minute=minute, value=value, first=value, flag=nothing, held=nothing > 0
    )


def _discharge(
    telemetry: Telemetry,
    row: pd.Series,
    season: Array,
    rng: np.random.Generator,
) -> Array:
    """Season with wet and dry years, common to a basin; the mean is that of facts."""
    length = len(season)
    shared = weather.generator(telemetry.seed, "basin", str(row["group"]))
    nation = weather.generator(telemetry.seed, "nation")
    common = weather.memory(nation, length, 0.14, 400)
    common += weather.memory(shared, length, 0.14, 120)
    own = weather.memory(rng, length, 0.16, 8)
    trend = 1 + float(row["trend"]) * (np.arange(length) / length - 0.5)
    raw = season * trend * np.exp(common + own)
    return np.asarray(raw / raw.mean() * float(row["mean_m3s"]))


def _levels(
    telemetry: Telemetry,
    instrument: Instrument,
    season: Array,
    rng: np.random.Generator,
) -> Array:
    account = instrument.truth.split()[1].removesuffix(".HD")
    reservoir = telemetry.country.reservoirs[account]
    slow = weather.memory(rng, len(season), 0.13, 300)
    fill = np.clip(0.55 + 0.5 * (season - 1) + slow, 0.04, 0.97)
    begin = telemetry.truth.days.index(f"{telemetry.truth.days.year[0]}-01-01")
    target = telemetry.truth.stock[telemetry.stock[account]][begin]
    useful = reservoir.capacity - reservoir.dead
    part = np.clip((np.arange(len(fill)) - len(fill)) / LAST_YEAR_D + 1, 0, 1)
    fill = fill * (1 - part) + (target - reservoir.dead) / useful * part
    stock = reservoir.dead + useful * fill
    return level(stock, telemetry.curves[account])
