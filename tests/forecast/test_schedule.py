from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.forecast.schedule import plan, within_months

DAY = 86_400_000_000
MONTHS = np.array([0, 31, 59, 90]) * DAY
TENS = np.array([0, 10, 20, 31, 41, 51, 59, 69, 79, 90]) * DAY


def test_months_are_split_without_loss_and_without_a_step():
    monthly = np.array([[310.0], [560.0], [900.0]])
    parts = within_months(monthly, MONTHS, TENS)
    np.testing.assert_allclose(
        parts[:, 0].reshape(3, 3).sum(axis=1), monthly[:, 0], rtol=1e-12
    )
    rate = parts[:, 0] / np.diff(TENS)
    assert (np.diff(rate) >= -1e-18).all()


@given(st.lists(st.floats(0, 1e9), min_size=3, max_size=3))
def test_a_split_is_never_negative(volumes):
    parts = within_months(np.array(volumes)[:, None], MONTHS, TENS)
    assert (parts >= 0).all()
    assert parts.sum() == pytest.approx(sum(volumes), rel=1e-9, abs=1e-6)


def test_a_schedule_may_begin_within_a_month():
    monthly = np.array([[310.0], [280.0], [310.0]])
    whole = within_months(monthly, MONTHS, TENS)
    late = within_months(monthly, MONTHS, TENS[1:])
    np.testing.assert_allclose(whole[1:], late)


def planned(inflow, demand, *, least=20e6, most=100e6, before=np.nan, spread=0.0):
    periods = len(inflow)
    futures = np.array(inflow)[:, None] * (1 + spread * np.linspace(-1, 1, 21))
    limits = np.full(periods, least), np.full(periods, most)
    return plan(futures, np.array(demand), 50e6, np.full(periods, 50e6), limits, before)


def test_with_enough_water_demand_is_met_and_the_target_kept():
    found = planned([10e6] * 6, [10e6] * 6)
    np.testing.assert_allclose(found.release, 10e6)
    np.testing.assert_allclose(found.stock, 50e6)
    assert found.short.sum() == 0


def test_a_stock_is_drawn_to_its_limit_and_the_rest_is_short():
    # 50 + 6 x 5 - 20 leave 60 of 120 that are wanted
    found = planned([5e6] * 6, [20e6] * 6)
    assert found.release.sum() == pytest.approx(60e6)
    assert found.stock[-1] == pytest.approx(20e6)
    assert found.short.sum() == pytest.approx(60e6)


def test_a_flood_is_let_through_before_it_overflows():
    found = planned([5e6, 5e6, 5e6, 90e6, 5e6, 5e6], [5e6] * 6)
    assert (found.stock <= 100e6 + 1).all()
    assert found.release[:3].sum() + found.release[3] >= 55e6 - 1


def test_a_wide_band_is_heeded():
    sure, unsure = (planned([30e6] * 6, [5e6] * 6, spread=s) for s in (0.0, 0.8))
    assert unsure.stock_high.max() > unsure.stock.max()
    assert unsure.stock_high.max() < planned_high(sure, 0.8)


def planned_high(found, spread):
    """Where the stock would come to with the releases of another plan."""
    return found.stock.max() + spread * 30e6 * 6


def test_books_balance():
    found = planned([12e6, 3e6, 40e6, 1e6], [9e6] * 4, spread=0.4, before=8e6)
    np.testing.assert_allclose(
        np.diff(found.stock), found.inflow - found.release, atol=1.0
    )
