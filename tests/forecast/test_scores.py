from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.forecast.scores import band, crps, inside


def test_the_score_of_one_value_is_its_error():
    score = crps(np.array([[[3.0]]]), np.array([[5.0]]))
    assert score[0, 0] == 2.0


def test_the_score_of_two_values_is_worked_out_by_hand():
    # |1-2| and |5-2| have mean 2; half the mean distance of all four pairs is 1
    score = crps(np.array([[[1.0], [5.0]]]), np.array([[2.0]]))
    assert score[0, 0] == pytest.approx(1.0)


def test_the_score_of_a_normal_comes_to_that_of_the_formula():
    # closed form for N(0, 1) at 0: sqrt(2 / pi) - sqrt(1 / pi), Gneiting et al. 2005
    rng = np.random.default_rng(1)
    score = crps(rng.normal(size=(1, 40_000, 1)), np.zeros((1, 1)))
    assert score[0, 0] == pytest.approx(
        np.sqrt(2 / np.pi) - np.sqrt(1 / np.pi), rel=0.02
    )


def test_what_is_not_known_has_no_score_and_is_not_missed():
    members = np.arange(12.0).reshape(1, 12, 1)
    assert np.isnan(crps(members, np.array([[np.nan]]))[0, 0])
    assert np.isnan(inside(members, np.array([[np.nan]]))[0, 0])


def test_a_further_draw_is_inside_the_band_eight_times_of_ten():
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(4000, 20, 1))
    hits = inside(draws[:, :19], draws[:, 19])
    assert hits.mean() == pytest.approx(0.8, abs=0.02)
    low, high = band(draws)
    assert (low < high).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(-1e6, 1e6))
def test_a_score_is_never_negative(members, actual):
    table = np.array(members)[None, :, None]
    assert crps(table, np.array([[actual]]))[0, 0] >= -1e-6
