"""Supply probabilities: positions, limits and too few years, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.balance.views.supply import fewest, supply
from ewater.errors import UsageError

PERCENTS = [50, 75, 95]


def test_ranks_of_nineteen_years_by_hand() -> None:
    """r/(n+1): ranks 10, 15 and 19 from the largest of 1 to 19."""
    years = np.random.default_rng(1).permutation(np.arange(1.0, 20.0))
    found = supply(years, PERCENTS)
    np.testing.assert_allclose(found.value, [10.0, 5.0, 1.0])
    # binomial tables, 19 years at 1/2: P(K <= 5) = 0.032, so ranks 6 and 14
    assert (found.low[0], found.high[0]) == (6.0, 14.0)
    assert np.isnan(found.low[2])  # 0.95^19 = 0.38: the smallest is no lower limit
    assert found.years == 19


def test_values_between_two_ranks_are_interpolated_and_unknown_years_left_out() -> None:
    years = np.array([np.nan, *range(1, 10), np.nan], dtype=float)
    found = supply(years, PERCENTS)
    np.testing.assert_allclose(found.value, [5.0, 2.5, np.nan])  # 7.5: 3 and 2
    assert found.years == 9
    assert np.isnan(found.high[2])  # no limits of what is not said


def test_too_few_years_give_nothing_and_say_how_many_are_needed() -> None:
    assert [fewest(p) for p in PERCENTS] == [5, 5, 19]
    for few in (np.arange(4.0), np.full(30, np.nan), np.zeros((3, 0))):
        found = supply(few, PERCENTS)
        for array in (found.value, found.low, found.high):
            assert np.isnan(array).all()
    assert supply(np.zeros((3, 0)), PERCENTS).years.tolist() == [0, 0, 0]
    assert np.isfinite(supply(np.arange(5.0), [50]).value).all()
    assert np.isnan(supply(np.arange(18.0), [95]).value).all()


@pytest.mark.parametrize("percent", [0, 100, -5, float("nan")])
def test_a_probability_outside_0_to_100_is_refused(percent: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 100"):
        supply(np.arange(30.0), [percent])


@given(st.lists(st.floats(-1e9, 1e9), min_size=5, max_size=60))
def test_more_sure_is_never_more_water_and_limits_hold_the_value(
    years: list[float],
) -> None:
    found = supply(np.array(years), PERCENTS)
    known = found.value[~np.isnan(found.value)]
    assert (np.diff(known) <= 0).all()
    assert known.size >= 2
    assert min(years) <= known.min() <= known.max() <= max(years)
    assert not (found.low > found.value).any()
    assert not (found.high < found.value).any()


def test_limits_hold_the_true_value_as_often_as_they_say() -> None:
    draws = np.random.default_rng(7).gumbel(100.0, 30.0, size=(20_000, 30))
    found = supply(draws, [75])
    true = 100.0 - 30.0 * np.log(-np.log(0.25))  # exceeded with 75 %
    assert (found.low[:, 0] <= true).mean() >= 0.95
    assert (found.high[:, 0] >= true).mean() >= 0.95
    assert (found.low[:, 0] <= true).mean() < 0.995  # and no wider than it needs
