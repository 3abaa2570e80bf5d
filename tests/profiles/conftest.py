"""Short ways to read text by a profile, with and without a registry."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import yaml

from ewater.ingest import parse
from ewater.ingest.profiles import documents
from ewater.ingest.profiles import find as finding
from ewater.ingest.profiles.reader import Reader
from ewater.ingest.source import Memory
from ewater.store.instants import microseconds

NOW_US = microseconds(datetime(2026, 1, 1, tzinfo=UTC))


class Read:
    """Rows of a file: (series, time UTC, SI value, flag), and its rejects."""

    def __init__(self, profile, data, codes, quantity, zone):
        raw = data.encode() if isinstance(data, str) else data
        source = documents.uncut(Memory("sample", raw), profile)
        schema = parse.Schema.of(
            codes,
            np.arange(len(codes), dtype=np.int32),
            np.ones(len(codes)),
            [zone] * len(codes),
            [quantity] * len(codes),
        )
        reader = Reader(profile)
        parts = [
            reader.parse(body, line, schema, NOW_US)
            for body, line in reader.bodies(source)
        ]
        self.rows, self.rejects, self.lines = [], [], []
        for part in parts:
            times = np.datetime_as_string(part.time.view("M8[us]"), "s")
            found = zip(part.series, times, part.value, part.flag, strict=True)
            self.rows += [(codes[s], str(t), float(v), int(f)) for s, t, v, f in found]
            self.lines += part.line.tolist()
            self.rejects += part.rejects

    @property
    def values(self):
        return [row[2] for row in self.rows]

    @property
    def times(self):
        return [row[1] for row in self.rows]

    @property
    def reasons(self):
        return [(r.line, r.reason) for r in self.rejects]


def profile(said):
    if isinstance(said, dict):
        said = yaml.safe_dump(said)
        return finding.parse(said, "p.yaml", "p")
    return finding.find(said)


@pytest.fixture
def read():
    def call(said, data, codes=("Q1",), quantity="discharge", zone="UTC"):
        return Read(profile(said), data, list(codes), quantity, zone)

    return call


@pytest.fixture
def long():
    """A long layout, with whatever else a test says."""

    def call(**given):
        columns = {"time": ["t"], "series": ["s"], "value": "v"}
        return {"columns": columns | given.pop("columns", {}), **given}

    return call
