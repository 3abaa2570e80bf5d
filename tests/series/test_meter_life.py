"""Suspected meter events: METHODS E3 and E4, and what looks like a change of unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ewater.series.meter_life import suspected
from ewater.series.volumes import volumes

HOUR = 3_600_000_000
START = np.datetime64("2024-01-01T00:00", "us").astype(np.int64)
EVENTS = {"series": [], "time": [], "event": [], "old_reading": [], "new_reading": []}


def meter(values, hours=None, flags=None, **more):
    """Readings of one hourly totaliser of up to 150 m3/h, and its row."""
    hours = np.arange(len(values)) if hours is None else np.asarray(hours)
    row = {
        "code": "M",
        "quantity": "volume",
        "unit": "m3",
        "signal": "totaliser",
        "interval_s": 3600.0,
        "modulus": 1e6,
        "max_rate": 150 / 3600,
    } | more
    readings = xr.Dataset(
        {
            "row_size": ("series", [len(values)]),
            "time": ("reading", (START + hours * HOUR).view("M8[us]")),
            "value": ("reading", np.asarray(values, dtype=float)),
            "flag": (
                "reading",
                np.asarray(
                    np.ones(len(values)) if flags is None else flags, dtype=np.uint8
                ),
            ),
        },
        coords={"series": ["M"]},
    )
    return readings, pd.DataFrame([row])


def found(values, hours=None, events=None, flags=None, **more):
    readings, row = meter(values, hours, flags, **more)
    return suspected(readings, row, pd.DataFrame(EVENTS if events is None else events))


def event(hour, kind, old=None, new=None):
    time = pd.Timestamp(START + hour * HOUR, unit="us", tz="UTC")
    return pd.DataFrame(
        {
            "series": ["M"],
            "time": [time],
            "event": [kind],
            "old_reading": [old],
            "new_reading": [new],
        }
    ).astype({"old_reading": float, "new_reading": float})


def test_e3_a_rollover_over_a_gap_that_fits_once_is_no_event():
    assert found([999_850, 999_940, 210, 300], [0, 1, 4, 5]).empty


def test_e4_a_reset_is_proposed_with_its_bounds_and_never_assumed():
    (row,) = found([45_200, 45_230, 12, 40]).to_dict("records")
    assert (row["shows"], row["events"]) == ("fell", ["replacement", "reset"])
    assert (row["old_reading"], row["new_reading"]) == (45_230, 12)
    assert row["after"] - row["before"] == HOUR
    assert (row["lower_m3"], row["upper_m3"]) == (12, pytest.approx(1.05 * 150))
    assert "954,782" in row["evidence"]


def test_a_registered_event_explains_its_step_and_no_other():
    values = [45_200, 45_230, 12, 40, 5]
    assert len(found(values)) == 2
    (row,) = found(values, events=event(2, "replacement", 45_300, 0)).to_dict("records")
    assert row["old_reading"] == 40


def test_what_is_proposed_is_what_the_volumes_leave_unknown():
    rng = np.random.default_rng(7)
    for _ in range(50):
        values = rng.uniform(0, 1e6) + np.cumsum(rng.uniform(0, 150, 8))
        values = (values + 1e6 * 0) % 1e6
        values[rng.integers(1, 8)] *= rng.uniform(0, 1)
        hours = np.cumsum(rng.integers(1, 5, 8))
        readings, row = meter(values, hours)
        bounds = readings["time"].values.astype("M8[us]").astype(np.int64)
        unknown = np.isnan(volumes(readings, row, bounds)["volume"].values[0])
        proposed = suspected(readings, row, pd.DataFrame(EVENTS))
        steps = proposed[proposed["shows"].isin(("fell", "jumped", "ambiguous"))]
        covered = np.zeros(unknown.size, dtype=bool)
        for _, one in proposed[proposed["shows"] != "factor"].iterrows():
            covered |= (bounds[:-1] >= one["before"]) & (bounds[1:] <= one["after"])
        np.testing.assert_array_equal(covered, unknown)
        assert len(steps) <= unknown.sum()


def test_without_a_greatest_rate_a_fall_may_be_a_rollover():
    (row,) = found([999_940, 210], max_rate=np.nan).to_dict("records")
    assert row["events"][0] == "rollover"
    assert np.isnan(row["upper_m3"])


def test_several_numbers_of_rollovers_give_the_least_and_the_greatest_volume():
    (row,) = found([900, 100], [0, 20], modulus=1000.0).to_dict("records")
    assert row["shows"] == "ambiguous"
    assert (row["lower_m3"], row["upper_m3"]) == (200, 2200 + 1000 * 0)


def test_more_than_the_greatest_rate_is_a_jump():
    (row,) = found([1000, 1050, 9000, 9050]).to_dict("records")
    assert (row["shows"], row["events"]) == ("jumped", ["replacement"])
    assert row["upper_m3"] == pytest.approx(157.5)


def test_a_counter_that_keeps_going_back_is_one_proposal():
    (row,) = found([1000, 1010, 1005, 1000, 995, 1003], modulus=1e9).to_dict("records")
    assert (row["shows"], row["events"]) == ("negative", ["reverse"])
    assert row["lower_m3"] == row["upper_m3"] == -15


def test_failed_and_missing_readings_take_no_part():
    assert found([100, 150, 3, 200], flags=[1, 1, 4, 1]).empty


@pytest.mark.parametrize("ratio", [1000.0, 3.6, 86.4, 1 / 1000])
def test_a_rate_that_changes_by_a_ratio_of_units_and_stays_so(ratio):
    wave = 5 + 0.2 * np.sin(np.arange(60))
    values = np.where(np.arange(60) < 30, wave, wave * ratio)
    rate = {"quantity": "discharge", "unit": "m3/s", "signal": "instantaneous"}
    (row,) = found(values, **rate).to_dict("records")
    assert (row["shows"], row["events"]) == ("factor", ["unit_change"])
    assert row["after"] == START + 30 * HOUR


def test_a_flood_is_no_change_of_unit():
    values = np.full(60, 5.0)
    values[30:] = 5 * np.array([3.6, *np.linspace(9, 1, 29)])
    rate = {"quantity": "discharge", "unit": "m3/s", "signal": "instantaneous"}
    assert found(values, **rate).empty
    spike = np.full(60, 5.0)
    spike[30] = 18.0
    assert found(spike, **rate).empty


def test_readings_in_another_unit_are_given_back_in_it():
    (row,) = found([45.2 * 1000, 12_000.0], unit="dam3", modulus=1e6).to_dict("records")
    assert (row["old_reading"], row["new_reading"]) == (45.2, 12.0)
