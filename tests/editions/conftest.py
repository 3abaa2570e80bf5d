"""A sealed account of two basins, copied for every test, and ways to tamper with it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from ewater.accounts.editions import keys, seal
from ewater.balance.expressions import codes
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import folder, registry
from ewater.store.codec import decode, encode

TWO_BASINS = Path(__file__).parents[1] / "countries" / "two_basins"
HOURS = pd.date_range("2022-12-31T20:00Z", "2023-12-31T20:00Z", freq="h")  # in Baku
RATES = {"G-IN.Q": 10.0, "G-MID.Q": 8.0, "RES.H": 7500.0, "PUMP.N": 3600.0}
WANTED = seal.Wanted(
    name="2023-annual",
    start=dt.date(2023, 1, 1),
    end=dt.date(2024, 1, 1),
    territory="TB",
)


def _csv(values, times=HOURS):
    parts = []
    for series, value in values.items():
        counted = value * np.arange(len(times)) % 1_000_000
        number = counted if series.endswith(".N") else np.full(len(times), value)
        stamp = times.strftime("%Y-%m-%dT%H:%M:%SZ")
        parts.append(pd.DataFrame({"series": series, "time": stamp, "value": number}))
    return pd.concat(parts).to_csv(index=False).encode()


def _ingest(engine, data, issued="2024-02-01T00:00Z", name="readings.csv"):
    options = Options(issued_at=pd.Timestamp(issued).to_pydatetime())
    return jobs.ingest(engine, Memory(name, data), options)


@pytest.fixture(scope="session")
def signers(tmp_path_factory):
    """Three people with a key each."""
    home = tmp_path_factory.mktemp("signers")
    return {name: keys.signer(home, name) for name in ("ana", "rufat", "leyla")}


@pytest.fixture(scope="session")
def two_basins():
    """Frames of the country."""
    frames = folder.read(TWO_BASINS, expression_codes=codes)
    curves = frames["curves"]  # its areas suit the folder's own tests, not its volumes
    frames["curves"] = curves[curves["kind"] != "area"]
    return frames


@pytest.fixture(scope="session")
def loaded_template(copies, template_database, two_basins):
    """Database with a year of readings of the country, nothing sealed."""

    def fill(engine):
        registry.load(engine, two_basins, expression_codes=codes)
        _ingest(engine, _csv(RATES))

    with copies.prepared(template_database, fill) as name:
        yield name


@pytest.fixture(scope="session")
def sealed_template(copies, loaded_template, signers):
    """The same with the year sealed as a draft."""

    def fill(engine):
        seal.seal(engine, WANTED, signers["ana"], excepted=["coverage"])

    with copies.prepared(loaded_template, fill) as name:
        yield name


@pytest.fixture
def copy_of(copies):
    """Copy the database of an engine: as it would come back from a backup."""
    return lambda engine: copies.engine(engine.url.database)


@pytest.fixture
def loaded(copies, loaded_template):
    """Engine on a copy of the loaded database."""
    with copies.engine(loaded_template) as engine:
        yield engine


@pytest.fixture
def sealed(copies, sealed_template):
    """Engine on a copy of the sealed database."""
    with copies.engine(sealed_template) as engine:
        yield engine


@pytest.fixture
def wanted():
    """Change what shall be sealed."""
    return lambda **changes: replace(WANTED, **changes)


@pytest.fixture
def ingest():
    """Load constant readings of series."""

    def load(engine, values, issued="2024-02-01T00:00Z", times=HOURS):
        return _ingest(engine, _csv(values, times), issued, f"{issued[:10]}.csv")

    return load


@pytest.fixture
def tamper():
    """Change rows as somebody with all rights could: past every trigger."""

    def change(engine, statement, **values):
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            done = connection.execute(text(statement), values)
            assert done.rowcount, statement

    return change


@pytest.fixture
def alter_reading(tamper):
    """Change one stored reading, and the hash of its chunk if that is wanted."""

    def alter(engine, series, at, value, *, hide=True):
        with engine.connect() as connection:
            row = connection.execute(
                text(
                    "SELECT c.id, c.payload FROM chunk c JOIN series_key k "
                    "ON k.id = c.series_id WHERE k.code = :series "
                    "AND :at BETWEEN c.first_time AND c.last_time"
                ),
                {"series": series, "at": at},
            ).one()
        rows, cuts = decode([row.payload])
        when = np.datetime64(at.replace("Z", ""), "us").astype(np.int64)
        place = np.flatnonzero(rows.time == when)
        assert place.size == 1
        rows.value[place] = value
        (payload,) = encode(rows, cuts, np.ones(1))
        digest = hashlib.sha256(payload).digest()
        tamper(
            engine,
            "UPDATE chunk SET payload = :payload, content_hash = "
            "CASE WHEN :hide THEN :digest ELSE content_hash END WHERE id = :id",
            payload=payload,
            digest=digest,
            hide=hide,
            id=row.id,
        )

    return alter
