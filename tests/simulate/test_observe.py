"""Instruments show the truth, and distort it only in the ways they should."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater import simulate
from ewater.simulate import observe, telemetry, weather
from ewater.terms import Flag

if TYPE_CHECKING:
    from ewater.simulate.ledger import Country, Truth
    from ewater.simulate.telemetry import Instrument, Telemetry

volumes = st.lists(st.floats(1, 1e9), min_size=2, max_size=40).map(np.array)


@pytest.fixture(scope="module")
def made(country: Country, truth: Truth) -> Telemetry:
    return telemetry.Telemetry(country, truth)


@pytest.fixture(scope="module")
def by_code(country: Country) -> dict[str, Instrument]:
    frames, drivers = country.model.frames, country.model.drivers
    found = telemetry.instruments(frames["series"], drivers["series"])
    return {instrument.code: instrument for instrument in found}


@given(volumes, st.floats(0, 0.3))
def test_trapezoids_of_the_hourly_rate_keep_every_day(daily: np.ndarray, swing: float):
    hourly = observe.means(observe.rate(daily, swing)) * 3600
    np.testing.assert_allclose(
        hourly.reshape(-1, 24).sum(axis=1), daily, rtol=1e-9, atol=1e-6
    )


@given(volumes, st.floats(0, 0.3))
def test_the_hourly_rate_is_never_negative(daily: np.ndarray, swing: float):
    assert observe.rate(daily, swing).min() >= -1e-9 * daily.max()


def test_a_counter_turns_over_and_is_replaced_at_the_readings_given():
    steps = np.full(6, 40.0)
    reading = observe.counter(steps, 100.0, 90.0, None, 0.0, 0.0)
    assert reading.tolist() == [90, 30, 70, 10, 50, 90, 30]
    replaced = observe.counter(steps, 1000.0, 0.0, 3, old=500.0, new=7.0)
    assert replaced.tolist() == [380, 420, 460, 7, 47, 87, 127]


def test_a_level_is_the_inverse_of_the_storage_curve():
    z, area = np.array([75.0, 80.0]), np.array([400e6, 500e6])
    stored = np.array([6500e6, 8750e6])
    stock = np.array([7517.6e6, 7859.225e6])  # METHODS E8
    levels = observe.level(stock, (z, stored, area))
    np.testing.assert_allclose(levels, [77.40, 78.15], atol=1e-3)


def test_a_gauge_measures_its_year_within_its_uncertainty(
    made: Telemetry, by_code: dict[str, Instrument], truth: Truth
):
    seen = made.observe(by_code["KUR-SAL.Q"])
    year = observe.between(seen.minute, ("2023-01-01", "2024-01-01"))
    mean = seen.value[year].mean()
    row = truth.flows.get_loc("R-KURA-6:R-KURA-7")
    true = truth.volume[row, truth.days.within(2023)].sum() / (365 * 86400)
    assert mean == pytest.approx(true, rel=3 * 0.025)


def test_archive_means_are_within_five_percent_of_the_facts(
    made: Telemetry, by_code: dict[str, Instrument], country: Country
):
    history = country.model.drivers["history"].dropna(subset="mean_m3s")
    assert len(history) == 25
    for row in history.itertuples():
        seen = made.observe(by_code[row.series])
        assert seen.value.mean() == pytest.approx(row.mean_m3s, rel=0.05), row.series
        times = pd.to_datetime(seen.minute * 60, unit="s")
        assert times[0] == pd.Timestamp("1991-01-02")
        assert times[-1] == pd.Timestamp("2021-01-01")


def test_readings_exist_at_and_beyond_the_last_bound(
    made: Telemetry, by_code: dict[str, Instrument]
):
    end = observe.minutes("2026-01-01")[0]
    for code in ("KUR-GIR.Q", "RES-MIN.H", "INT-BAKI-CKBW.N", "RES-TAK.H"):
        seen = made.observe(by_code[code])
        assert end in seen.minute
        if by_code[code].step_s == 3600:
            assert seen.minute[-1] > end


def test_levels_are_there_at_the_start_of_every_month(
    made: Telemetry, by_code: dict[str, Instrument]
):
    for code, instrument in by_code.items():
        if instrument.quantity == "level" and not code.endswith(".HD"):
            seen = made.observe(instrument)
            assert np.isin(made.months, seen.minute).all(), code


def test_spikes_are_flagged_and_gaps_are_absences(
    made: Telemetry, by_code: dict[str, Instrument]
):
    seen = made.observe(by_code["KUR-GIR.Q"])
    assert (seen.flag > 0).sum() == observe.SPIKES
    assert set(np.unique(seen.flag)) <= {0, Flag.SUSPECT, Flag.FAIL}
    steps = np.diff(seen.minute)
    assert steps.max() > 120
    assert np.isfinite(seen.value).all()
    assert len(seen.value) > 0.75 * 24 * 1826


def test_every_series_keeps_three_quarters_of_every_year(
    made: Telemetry, by_code: dict[str, Instrument]
):
    for code in ("KUR-YEV.Q", "C-UKC.Q", "OFF-NE-74.Q", "CLM-MID.E", "ZM-NE-39.N"):
        seen = made.observe(by_code[code])
        for year in range(2021, 2026):
            span = (f"{year}-01-01", f"{year + 1}-01-01")
            due = 365 * 86400 / by_code[code].step_s
            assert observe.between(seen.minute, span).sum() > 0.75 * due, code


def test_the_replaced_meter_shows_the_readings_of_its_event(
    made: Telemetry, by_code: dict[str, Instrument], country: Country
):
    event = country.model.frames["meter_events"].iloc[0]
    seen = made.observe(by_code[event["series"]])
    stamp = observe.minutes("2023-05-17T10:00:00")[0]
    at = int(np.searchsorted(seen.minute, stamp))
    assert seen.value[at] == event["new_reading"]
    assert 0 <= event["old_reading"] - seen.value[at - 1] < 100_000


def test_totalisers_turn_over(made: Telemetry, by_code: dict[str, Instrument]):
    seen = made.observe(by_code["INT-BAKI-CKBW.N"])
    assert (np.diff(seen.value) < 0).sum() >= 2
    assert seen.value.max() < by_code["INT-BAKI-CKBW.N"].modulus


def test_a_drifting_meter_counts_less_and_less(
    made: Telemetry, by_code: dict[str, Instrument]
):
    instrument = by_code["MET-IN-NE-54.N"]
    assert instrument.fault == "drift"
    factor = observe.drift(
        observe.minutes(pd.DatetimeIndex(["2023-01-01", "2026-01-01"]))
    )
    np.testing.assert_allclose(factor, [1, 1 + observe.DRIFT_PART])


def test_readings_do_not_depend_on_the_order_in_which_they_are_made(
    country: Country, truth: Truth, by_code: dict[str, Instrument]
):
    codes = ["KUR-GIR.Q", "RES-MIN.H", "ZM-NE-01.N"]
    first = telemetry.Telemetry(country, truth)
    second = telemetry.Telemetry(country, truth)
    one = {code: first.observe(by_code[code]) for code in codes}
    two = {code: second.observe(by_code[code]) for code in reversed(codes)}
    for code in codes:
        np.testing.assert_array_equal(one[code].value, two[code].value)
        np.testing.assert_array_equal(one[code].minute, two[code].minute)


def test_chance_follows_its_key_alone():
    one = weather.generator(simulate.SEED, "series", "A").standard_normal(4)
    two = weather.generator(simulate.SEED, "series", "A").standard_normal(4)
    other = weather.generator(simulate.SEED, "series", "B").standard_normal(4)
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one, other)


def test_a_copy_observes_what_its_origin_does(
    made: Telemetry, by_code: dict[str, Instrument]
):
    for code in ("KUR-GIR.QD", "MET-IN-NE-70.N", "KUR-GIR.Q"):
        origin = by_code[code]
        copy = replace(origin, code=f"{code}.c2", copy=2)
        one, two = made.observe(origin), made.observe(copy)
        both = np.intersect1d(one.minute, two.minute)
        assert len(both) > 0.9 * len(one.minute)
    event = made.replaced["MET-IN-NE-70.N"]
    copy = replace(by_code["MET-IN-NE-70.N"], code="MET-IN-NE-70.N.c2", copy=2)
    seen = made.observe(copy)
    assert seen.value[np.searchsorted(seen.minute, event[0])] == event[2]
