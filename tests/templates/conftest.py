"""A country with wells, its templates, and hands that fill them in."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from ewater.balance.expressions import Sum, codes, parse
from ewater.ingest import jobs
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.ingest.templates import kinds, write
from ewater.series import calendars
from ewater.store import chunks, folder, registry

WELLS = Path(__file__).parents[1] / "countries" / "wells"
NOW = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def added(text):
    sums = [way for way in parse(text) if isinstance(way, Sum)]
    return [code for way in sums for factor, code in way.terms if factor > 0]


@pytest.fixture(scope="session")
def frames():
    """Country frames of the folder, with the territories of two sites."""
    import pandas as pd

    found = folder.complete(folder.read(WELLS, expression_codes=codes))
    pairs = {"site": ["W1", "W2", "RES"], "territory": ["EAST", "EAST", "WEST"]}
    found["site_territories"] = pd.DataFrame(pairs)
    return found


@pytest.fixture(scope="session")
def make(frames):
    """Plan a form of some days of March 2024; and write it."""

    def call(kind, sites=(), days=4, frames=frames, calendar="water", **said):
        start = said.pop("start", dt.date(2024, 3, 1))
        wanted = kinds.Wanted(
            kind=kind,
            sites=sites,
            start=start,
            end=start + dt.timedelta(days=days),
            **said,
        )
        used = calendars.from_frame(frames["calendars"], calendar)
        return kinds.form(frames, wanted, used, added)

    return call


@pytest.fixture(scope="session")
def blank(make):
    """Bytes of an empty workbook."""

    def call(kind, **said):
        return write.workbook(make(kind, **said))

    return call


@pytest.fixture(scope="session")
def filled():
    """Type into cells of a workbook, given as ``sheet!D7``, and save it again."""

    def call(raw, cells, do=None):
        book = load_workbook(io.BytesIO(raw))
        for place, value in cells.items():
            sheet, cell = place.split("!")
            book[sheet][cell] = value
        if do:
            do(book)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return call


@pytest.fixture
def country(engine):
    """Database with the registry of the folder."""
    registry.load(engine, folder.read(WELLS, expression_codes=codes))
    return engine


@pytest.fixture
def hand_in(country):
    """Load a workbook, as on a day."""

    def call(raw, name="march.xlsx", now=NOW, **said):
        return jobs.ingest(country, Memory(name, raw), Options(now=now, **said))

    return call


@pytest.fixture
def stored(country):
    """Readings of a series: (UTC time to the minute, SI value)."""

    def call(code):
        with country.connect() as connection:
            found = chunks.read(connection, [code], None, None)
        times = found["time"].values.astype("M8[m]").astype(str)
        return list(zip(times.tolist(), found["value"].values.tolist(), strict=True))

    return call
