from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ewater.errors import UsageError
from ewater.forecast.records import Past, Records, filled


def test_a_value_comes_back_from_the_scale_as_it_went(rivers):
    past = Past.at(rivers, 300, 12)
    ahead = rivers.value[:, 300:312]
    back = past.values(past.anomalies(ahead)[:, None])[:, 0]
    np.testing.assert_allclose(back, ahead, rtol=1e-9)


def test_a_stock_comes_back_and_stays_below_what_fits(rivers):
    full = Records.of(
        rivers.codes, rivers.first, rivers.value, 1.01 * rivers.value.max(axis=1)
    )
    past = Past.at(full, 300, 12)
    ahead = full.value[:, 300:312]
    back = past.values(past.anomalies(ahead)[:, None])[:, 0]
    np.testing.assert_allclose(back, ahead, rtol=1e-9)
    wild = past.values(np.full((5, 1, 12), 50.0))
    assert (wild[:, 0] <= full.upper[:, None]).all()
    assert (past.values(np.full((5, 1, 12), -50.0)) == 0).all()


def test_nothing_behind_the_origin_is_looked_at(rivers):
    changed = rivers.value.copy()
    changed[:, 300:] *= 17.0
    other = Records.of(rivers.codes, rivers.first, changed)
    one, two = (Past.at(records, 300, 12) for records in (rivers, other))
    np.testing.assert_array_equal(one.tracks, two.tracks)
    np.testing.assert_array_equal(one.features, two.features)
    np.testing.assert_array_equal(one.center, two.center)


def test_every_earlier_origin_is_over_by_now_and_of_the_season(rivers):
    past = Past.at(rivers, 300, 12)
    assert (past.starts + 12 <= 300).all()
    apart = (past.starts - 300) % 12
    assert set(apart) <= {0, 1, 11}


def test_a_short_record_learns_from_the_whole_year(rivers):
    short = Records.of(rivers.codes, rivers.first, rivers.value[:, :60])
    past = Past.at(short, 60, 12)
    assert len(set((past.starts - 60) % 12)) == 12


def test_of_less_than_two_years_nothing_is_said(rivers):
    short = Records.of(rivers.codes, rivers.first, rivers.value[:, :20])
    assert Past.at(short, 20, 12) is None


@pytest.mark.parametrize("wrong", [-1.0, 11.0])
def test_a_value_beyond_what_there_can_be_is_refused_by_its_month(wrong):
    value = np.array([[1.0, wrong, 2.0]])
    with pytest.raises(UsageError, match=r"R is -?1+ in month 1991-02"):
        Records.of(np.array(["R"]), 1991 * 12, value, np.array([10.0]))


@given(
    arrays(
        float,
        (2, 7, 3),
        elements=st.one_of(st.just(np.nan), st.floats(-3, 3)),
    )
)
def test_gaps_are_filled_with_what_is_there(tracks):
    full = filled(tracks)
    known = np.isfinite(tracks)
    np.testing.assert_array_equal(full[known], tracks[known])
    some = known.any(axis=1, keepdims=True) & np.ones_like(known)
    assert np.isfinite(full[some]).all()
