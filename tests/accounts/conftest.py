"""Two basins with a year of hourly readings, for tests of runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ewater.balance.expressions import codes
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import folder, registry

MODULUS = 1_000_000  # of the counter, in series.csv: no reading reaches it
ISSUED = pd.Timestamp("2024-02-01T00:00Z")


def _csv_of(values: dict[str, float], days: pd.DatetimeIndex) -> bytes:
    """Write one constant value for each series; counters grow by theirs, and turn."""
    parts = []
    for series, value in values.items():
        growing = series.endswith(".N")
        counted = value * np.arange(len(days)) % MODULUS
        numbers = counted if growing else np.full(len(days), value)
        times = days.strftime("%Y-%m-%dT%H:%M:%SZ")
        parts.append(pd.DataFrame({"series": series, "time": times, "value": numbers}))
    return pd.concat(parts).to_csv(index=False).encode()


HOURS = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")  # in Baku
VALUES = {"G-IN.Q": 10.0, "G-MID.Q": 8.0, "RES.H": 7500.0, "PUMP.N": 3600.0}


@pytest.fixture(scope="session")
def two_basins():
    """Folder of the country."""
    return Path(__file__).parents[1] / "countries" / "two_basins"


@pytest.fixture(scope="session")
def hourly():
    """Write readings of one constant value for each series, hourly over 2023."""

    def write(values, times=HOURS):
        return _csv_of(values, times)

    return write


@pytest.fixture
def ingest(engine):
    """Load rows that were issued on a day."""

    def load(data, issued=ISSUED):
        options = Options(issued_at=issued.to_pydatetime())
        return jobs.ingest(engine, Memory(f"{issued:%Y%m%d}.csv", data), options)

    return load


@pytest.fixture
def country(engine, two_basins):
    """Database with two basins, without readings."""
    frames = folder.read(two_basins, expression_codes=codes)
    curves = frames["curves"]  # its areas suit the folder's own tests, not its volumes
    frames["curves"] = curves[curves["kind"] != "area"]
    registry.load(engine, frames, expression_codes=codes)
    return engine


@pytest.fixture
def measured(country, ingest, hourly):
    """Database with two basins and a year of constant readings."""
    ingest(hourly(VALUES))
    return country


THREE_YEARS = pd.date_range("2020-12-31T20:00Z", "2023-12-31T20:00Z", freq="D")


@pytest.fixture
def three_years(country, ingest):
    """Database with two basins and three years of daily readings."""
    rng = np.random.default_rng(2)
    season = 1.5 + np.sin(2 * np.pi * np.arange(len(THREE_YEARS)) / 365.25)
    river = 10 * season * np.exp(0.2 * rng.standard_normal(len(THREE_YEARS)))
    level = 7500 + 400 * np.sin(2 * np.pi * np.arange(len(THREE_YEARS)) / 365.25 - 1)
    values = {
        "G-IN.Q": river,
        "G-MID.Q": 0.8 * river,
        "RES.H": level,
        "PUMP.N": np.cumsum(40_000 * season) % MODULUS,
    }
    times = THREE_YEARS.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [
        pd.DataFrame({"series": code, "time": times, "value": np.round(v, 3)})
        for code, v in values.items()
    ]
    ingest(pd.concat(rows).to_csv(index=False).encode())
    return country
