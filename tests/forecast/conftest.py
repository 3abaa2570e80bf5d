"""Made-up monthly records with a season and a memory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from ewater.forecast.records import Records

FIRST = 1991 * 12


@pytest.fixture(scope="session")
def rivers():
    """Five rivers of 35 years: a season, and anomalies that fade by a quarter."""
    rng = np.random.default_rng(7)
    months = np.arange(420)
    season = 2.0 + np.sin(2 * np.pi * months / 12)
    noise = lfilter([1.0], [1.0, -0.75], rng.normal(0, 0.2, (5, 480)), axis=1)[:, 60:]
    value = 1e6 * season * np.exp(noise)
    return Records.of(np.array(list("ABCDE")), FIRST, value)
