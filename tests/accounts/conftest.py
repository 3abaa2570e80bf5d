"""Two basins with a year of hourly readings, for tests of runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ewater.accounts import runs, standing
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


def _ingest(engine, data, issued=ISSUED):
    options = Options(issued_at=issued.to_pydatetime())
    return jobs.ingest(engine, Memory(f"{issued:%Y%m%d}.csv", data), options)


@pytest.fixture
def ingest(engine):
    """Load rows that were issued on a day."""

    def load(data, issued=ISSUED):
        return _ingest(engine, data, issued)

    return load


@pytest.fixture(scope="session")
def country_template(copies, template_database, two_basins):
    """Database with two basins, without readings."""

    def fill(engine):
        frames = folder.read(two_basins, expression_codes=codes)
        curves = frames["curves"]  # its areas suit the folder's own tests, not volumes
        frames["curves"] = curves[curves["kind"] != "area"]
        registry.load(engine, frames, expression_codes=codes)

    with copies.prepared(template_database, fill) as name:
        yield name


@pytest.fixture(scope="session")
def measured_template(copies, country_template):
    """The same with a year of constant readings."""

    def fill(engine):
        _ingest(engine, _csv_of(VALUES, HOURS))

    with copies.prepared(country_template, fill) as name:
        yield name


@pytest.fixture(scope="session")
def kept_template(copies, measured_template):
    """The same with the account of 2023, kept before anything changed."""

    def fill(engine):
        runs.obtain(engine, dt.date(2023, 1, 1), dt.date(2024, 1, 1), "year")

    with copies.prepared(measured_template, fill) as name:
        yield name


@pytest.fixture(scope="session")
def standing_template(copies, kept_template):
    """The same with that account standing, for pages."""

    def fill(engine):
        assert standing.renew(engine)

    with copies.prepared(kept_template, fill) as name:
        yield name


THREE_YEARS = pd.date_range("2020-12-31T20:00Z", "2023-12-31T20:00Z", freq="D")


def _three_years():
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
    return pd.concat(rows).to_csv(index=False).encode()


@pytest.fixture(scope="session")
def three_years_template(copies, country_template):
    """The same with three years of daily readings."""

    def fill(engine):
        _ingest(engine, _three_years())

    with copies.prepared(country_template, fill) as name:
        yield name


@pytest.fixture
def template(request, template_database):
    """Name of the fullest database that the fixtures of this test ask for."""
    for name in ("three_years", "standing", "kept", "measured", "country"):
        if f"{name}_template" in request.fixturenames:
            return request.getfixturevalue(f"{name}_template")
    return template_database


@pytest.fixture
def country(country_template, engine):
    """Engine on two basins, without readings."""
    return engine


@pytest.fixture
def measured(measured_template, engine):
    """Engine on two basins and a year of constant readings."""
    return engine


@pytest.fixture
def kept(kept_template, engine):
    """Engine on the same, in which the account of 2023 was kept."""
    return engine


@pytest.fixture
def three_years(three_years_template, engine):
    """Engine on two basins and three years of daily readings."""
    return engine
