"""Seasons and chance: daily factors with memory, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from scipy.signal import lfilter

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ewater.simulate.model import Days

    Array = NDArray[np.float64]

_MID_MONTH = (np.arange(12) + 0.5) / 12


def generator(seed: int, *key: str) -> np.random.Generator:
    """Make a source of chance that depends on its key alone, not on any order."""
    words = [crc32(part.encode()) for part in key]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def memory(rng: np.random.Generator, length: int, sigma: float, days: float) -> Array:
    """Make normal noise with standard deviation ``sigma`` and memory of ``days``.

    Returns
    -------
    (length,)
        First-order autoregression, stationary from its first value.
    """
    keep = float(np.exp(-1.0 / days))
    shocks = rng.standard_normal(length) * np.sqrt(1 - keep**2)
    shocks[0] /= np.sqrt(1 - keep**2)
    return np.asarray(sigma * lfilter([1.0], [1.0, -keep], shocks))


def chance(rng: np.random.Generator, length: int, sigma: float, days: float) -> Array:
    """Positive factors with mean 1 and memory."""
    return np.exp(memory(rng, length, sigma, days) - sigma**2 / 2)


class Seasons:
    """Monthly shapes as smooth daily factors."""

    def __init__(self, patterns: pd.DataFrame) -> None:
        table = patterns.pivot_table(index="pattern", columns="month", values="value")
        self._table = {
            str(name): row.to_numpy(dtype=float) for name, row in table.iterrows()
        }

    def on(self, name: str, position: Array) -> Array:
        """Factor at positions 0 to 1 within the year."""
        return np.asarray(
            np.interp(position, _MID_MONTH, self._table[name], period=1.0)
        )


def of_years(values: dict[int, float], days: Days, blur: int = 45) -> Array:
    """Spread one value a year over days, without a step at New Year.

    Parameters
    ----------
    blur
        Days over which one year passes into the next; 1 keeps the step.
    """
    stepped = np.array([values[year] for year in days.year.tolist()])
    edge = blur // 2
    padded = np.pad(stepped, edge, mode="edge")
    return np.convolve(padded, np.full(blur, 1 / blur), mode="valid")
