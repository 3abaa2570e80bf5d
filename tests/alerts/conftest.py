"""A country with two basins, its rules, and people who are told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ewater.balance.expressions import codes
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import folder, registry

FOLDER = Path(__file__).parents[1] / "countries" / "two_basins"


@pytest.fixture(scope="session")
def country_template(copies, template_database):
    """Database with the country."""

    def fill(engine):
        frames = folder.read(FOLDER, expression_codes=codes)
        registry.load(engine, frames, expression_codes=codes)

    with copies.prepared(template_database, fill) as name:
        yield name


@pytest.fixture
def template(country_template):
    """Every test gets a copy of the country."""
    return country_template


@pytest.fixture
def country(engine):
    """Engine on a database with the country; ``rules`` replaces its rules."""
    return engine


@pytest.fixture
def rules(country):
    """Give the country these rules and no others."""
    columns = [
        "code", "kind", "series", "permit", "territory", "above", "below", "clear",
        "hold_h", "severity", "notify", "name_az", "name_en", "name_ru",
        "valid_from", "valid_to",
    ]  # fmt: skip

    def give(*rows):
        frame = pd.DataFrame([{"severity": "warning", **row} for row in rows])
        registry.load(country, {"alert_rules": frame.reindex(columns=columns)})

    return give


@pytest.fixture
def read_in(country):
    """Load readings of one series: times and values."""
    number = iter(range(1000))

    def load(series, readings):
        rows = [f"{series},{time},{value}\n" for time, value in readings.items()]
        body = "series,time,value\n" + "".join(rows)
        file = Memory(f"{next(number)}.csv", body.encode())
        done = jobs.ingest(country, file, Options())
        assert done.counts.rejected == 0

    return load
