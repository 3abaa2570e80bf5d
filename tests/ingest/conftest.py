"""A country that files are loaded into, for the tests of ingest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ewater.errors import FaultsError
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.profiles import find
from ewater.ingest.source import Memory
from ewater.store import chunks, rejects

NOW = datetime(2024, 6, 1, tzinfo=UTC)


class Country:
    """Loads text, and says what became of it."""

    def __init__(self, engine):
        self.engine = engine

    def load(self, body, profile=None, name="f.csv", **options):
        raw = body.encode() if isinstance(body, str) else body
        said = find.parse(profile, "p.yaml", "p") if profile else None
        return jobs.ingest(
            self.engine,
            Memory(name, raw),
            Options(now=NOW, daily=False, profile=said, **options),
        )

    def rows(self, body, **options):
        """Load rows of the canonical layout."""
        return self.load("series,time,value\n" + body, **options)

    def refused(self, *arguments, **options):
        """Text of the error; nothing is left of the file."""
        with pytest.raises(FaultsError) as caught:
            self.load(*arguments, **options)
        with self.engine.connect() as connection:
            for table in ("load", "chunk", "reject", "landed_file", "landed_piece"):
                count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
                assert count.scalar() == 0, table
        return str(caught.value)

    def stored(self, code="Q1"):
        """Values and flags."""
        with self.engine.connect() as connection:
            found = chunks.read(connection, [code])
        return found.value.values.tolist(), found.flag.values.tolist()

    @property
    def rejected(self):
        """Line and reason of every row that was not loaded."""
        with self.engine.connect() as connection:
            return [(r["line"], r["reason"]) for r in rejects.read(connection)]


@pytest.fixture
def at(country):
    return Country(country)
