"""Points of a chart: extremes and gaps that can be seen are never lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ewater.series.thinning import thin

HOUR = 3_600_000_000


@st.composite
def readings(draw):
    """Some thousand readings, an hour apart, with gaps and spikes anywhere."""
    count = draw(st.integers(2, 3000))
    steps = np.full(count - 1, HOUR)
    for _ in range(draw(st.integers(0, 4))):
        steps[draw(st.integers(0, count - 2))] = HOUR * draw(st.integers(2, 5000))
    time = np.concatenate([[0], np.cumsum(steps)])
    value = np.random.default_rng(draw(st.integers(0, 999))).normal(size=count)
    for _ in range(draw(st.integers(0, 3))):
        value[draw(st.integers(0, count - 1))] = draw(st.sampled_from([-1e9, 50, 1e9]))
    return time, value


@given(readings(), st.integers(8, 400))
def test_extremes_ends_and_visible_gaps_are_kept(given_readings, most):
    time, value = given_readings
    found = thin(time, value, most, gap=1.5 * HOUR)
    index = found.index
    assert (np.diff(index) > 0).all()
    kept = value[index]
    assert (kept.max(), kept.min()) == (value.max(), value.min())
    assert (index[0], index[-1]) == (0, len(time) - 1)
    bins = most // 4
    width = 0 if len(time) <= most else (time[-1] - time[0]) / bins
    apart = np.diff(time)
    wide = np.flatnonzero((apart > 1.5 * HOUR) & (apart >= width))
    # each of them lies between two neighbours that are both drawn, and is broken there
    assert set(wide + 1) == set(index[found.broken])
    assert set(wide) <= set(index)
    assert found.bridged == (apart > 1.5 * HOUR).sum() - len(wide)
    assert len(index) <= max(most, len(time) if len(time) <= most else 0) + 2 * bins + 4


@given(readings())
def test_a_line_that_is_short_enough_is_drawn_whole(given_readings):
    time, value = given_readings
    found = thin(time, value, 3000)
    assert found.index.tolist() == list(range(len(time)))
    assert not found.broken.any()


@given(readings(), readings())
def test_extremes_of_every_line_are_kept(one, other):
    count = min(len(one[0]), len(other[0]))
    time, low, high = one[0][:count], one[1][:count], other[1][:count]
    index = thin(time, [low, high], 40).index
    assert low[index].min() == low.min()
    assert high[index].max() == high.max()


def test_nothing_and_one_reading_are_themselves():
    empty = thin(np.empty(0, np.int64), np.empty(0), 10)
    assert len(empty.index) == len(empty.broken) == 0
    one = thin(np.array([5]), np.array([1.0]), 10, gap=1)
    assert one.index.tolist() == [0]
    assert not one.broken.any()
