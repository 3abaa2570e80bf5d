"""Volumes straight from chunks: those of all readings in memory, bit for bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ewater.accounts.client import Client
from ewater.ingest import edits
from ewater.series import calendars, stages
from ewater.store import chunks, chunks_compact, chunks_stream, registry
from ewater.terms import Flag

pytestmark = pytest.mark.db

CODES = ["PUMP.N", "G-MID.Q", "G-OUT.H", "G-IN.Q"]
HOURS = pd.date_range("2023-03-01T20:00Z", "2023-03-20T20:00Z", freq="7h")


def us(start, end=None, freq="h"):
    stamps = pd.date_range(start, end or start, freq=freq).tz_localize(None)
    return stamps.to_numpy().astype("M8[us]").astype(np.int64)


@pytest.fixture
def changed(measured, ingest, hourly):
    """A year of readings, some of them corrected, retracted or failed."""
    later = pd.Timestamp("2024-03-01T00:00Z")
    ingest(hourly({"G-IN.Q": 12.5, "G-MID.Q": 9.25}, HOURS), later)
    ingest(hourly({"G-OUT.H": 1.1}, HOURS), later)
    chunks_compact.compact(measured)
    ingest(hourly({"G-MID.Q": 9.5}, HOURS[::3]), later + pd.Timedelta("1D"))
    gone = us("2023-04-20T00:00Z", "2023-05-05T00:00Z")
    edits.retract(measured, "PUMP.N", gone, note="of another pump")
    edits.retract(measured, "G-MID.Q", gone[:9], note="icing")
    edits.flag(measured, "G-IN.Q", us("2023-04-30T20:00Z"), Flag.FAIL, note="stuck")
    return measured


def in_memory(engine, first, last, step):
    with engine.connect() as connection:
        frames = {
            name: registry.read_table(connection, name)
            for name in ("series", "meter_events", "pumps", "curves", "sites")
        }
        calendar = calendars.from_frame(
            registry.read_table(connection, "calendars"), "civil"
        )
        readings = chunks.read(connection, CODES)
    start, end = (pd.Timestamp(day).date() for day in (first, last))
    return stages.volumes(
        readings,
        frames["series"],
        calendars.bounds(calendar, start, end, step),
        curves=frames["curves"],
        sites=frames["sites"],
        pumps=frames["pumps"],
        events=frames["meter_events"],
    )


WINDOWS = {
    "a year": ("2023-01-01", "2024-01-01", "month"),
    "corrections": ("2023-03-01", "2023-04-01", "day"),
    "in a counter's gap": ("2023-04-30", "2023-05-02", "day"),
    "the last day": ("2023-12-31", "2024-01-01", "day"),
    "before all": ("2022-06-01", "2022-07-01", "month"),
}


def test_volumes_from_chunks_are_those_of_all_readings(changed):
    for first, last, step in WINDOWS.values():
        with Client(changed) as store:
            found = store.volumes(CODES, first, last, step=step)
            alone = store.volumes(CODES[:2], first, last, step=step)
        expected = in_memory(changed, first, last, step)
        assert list(found["series"].values) == CODES
        xr.testing.assert_identical(found[sorted(found)], expected[sorted(expected)])
        for name in alone:
            xr.testing.assert_equal(alone[name], expected[name].sel(series=CODES[:2]))
    assert np.isnan(found["volume"]).all()  # of before all


def test_a_fault_of_one_batch_is_told_and_the_connection_goes_on(changed):
    def broken(*_):
        raise ValueError("no room")

    with changed.connect() as connection:
        ids = chunks.series_ids(connection, CODES)
        with pytest.raises(ValueError, match="no room"):
            chunks_stream.stream(connection, chunks.Window.of(ids, None, None), broken)
        assert chunks.read(connection, CODES).sizes["reading"] > 0
