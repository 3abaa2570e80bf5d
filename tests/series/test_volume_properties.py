"""What holds for any readings and any periods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.series.volumes import volumes

SIGNALS = {
    "instantaneous": {"signal": "instantaneous", "interval_s": 3600},
    "mean_preceding": {"signal": "mean_preceding", "interval_s": 3600},
    "total_preceding": {
        "quantity": "volume",
        "unit": "m3",
        "signal": "total_preceding",
        "interval_s": 3600,
    },
    "totaliser": {"quantity": "volume", "unit": "m3", "signal": "totaliser"},
}
HOUR = 3_600_000_000

stamps = st.lists(st.integers(-200, 1200), min_size=0, max_size=40, unique=True)
instants = st.lists(st.integers(0, 1000), min_size=2, max_size=12, unique=True)


@st.composite
def one_series(draw):
    """Times in hundredths of an hour, values and flags."""
    times = np.array(sorted(draw(stamps)), dtype=np.int64) * (HOUR // 100)
    numbers = st.floats(-50, 500, allow_subnormal=False) | st.just(np.nan)
    values = draw(st.lists(numbers, min_size=times.size, max_size=times.size))
    flags = draw(
        st.lists(
            st.sampled_from([1, 1, 1, 2, 3, 4, 9]),
            min_size=times.size,
            max_size=times.size,
        )
    )
    return times, np.array(values), np.array(flags, dtype=np.uint8)


def sorted_bounds(numbers):
    return np.array(sorted(numbers), dtype=np.int64) * (HOUR // 100)


@pytest.mark.parametrize("signal", SIGNALS)
@given(data=one_series(), edges=instants)
def test_volumes_are_additive_over_any_split(build, signal, data, edges):
    bounds = sorted_bounds(edges)
    readings, series = build.readings(X=data), build.series(X=SIGNALS[signal])
    parts = volumes(readings, series, bounds)
    whole = volumes(readings, series, bounds[[0, -1]])
    np.testing.assert_allclose(
        np.nansum(parts.volume), np.nan_to_num(whole.volume.item()), atol=1e-5
    )
    assert parts.observed_s.sum().item() == whole.observed_s.item()
    assert parts.distributed_s.sum().item() == whole.distributed_s.item()


@pytest.mark.parametrize("signal", SIGNALS)
@given(data=one_series(), edges=instants)
def test_no_more_than_the_period_is_observed(build, signal, data, edges):
    bounds = sorted_bounds(edges)
    found = volumes(build.readings(X=data), build.series(X=SIGNALS[signal]), bounds)
    assert (found.observed_s[0] <= np.diff(bounds) / 1e6).all()
    assert (found.coverage <= 1).all()
    assert (found.distributed_s <= found.observed_s).all()
    assert (np.isnan(found.volume) == (found.observed_s == 0)).all()
    assert (found.square >= 0).all()


@given(data=one_series(), edges=instants)
def test_the_trapezoid_equals_an_integration_by_hand(build, data, edges):
    bounds = sorted_bounds(edges)
    found = volumes(
        build.readings(X=data), build.series(X=SIGNALS["instantaneous"]), bounds
    )
    time, value, flag = data
    good = np.isfinite(value) & (flag < 4)
    t, q = time[good] / 1e6, value[good]
    for p in range(bounds.size - 1):
        a, b = bounds[p] / 1e6, bounds[p + 1] / 1e6
        volume, observed = 0.0, 0.0
        for left in range(t.size - 1):
            lo, hi = max(a, t[left]), min(b, t[left + 1])
            if hi > lo and t[left + 1] - t[left] <= 21_600:
                volume += np.trapezoid(np.interp([lo, hi], t, q), [lo, hi])
                observed += hi - lo
        assert found.observed_s[0, p].item() == pytest.approx(observed)
        assert np.nan_to_num(found.volume[0, p].item()) == pytest.approx(
            volume, abs=1e-6
        )


@given(st.lists(one_series(), min_size=2, max_size=5), instants, st.randoms())
def test_order_and_repetition_of_series_change_nothing(build, data, edges, random):
    bounds = sorted_bounds(edges)
    kinds = list(SIGNALS.values())
    names = [f"S{i}" for i in range(len(data))]
    rows = {name: kinds[i % 4] for i, name in enumerate(names)}
    inputs = dict(zip(names, data, strict=True))
    plain = volumes(build.readings(**inputs), build.series(**rows), bounds)
    random.shuffle(names)
    mixed = volumes(
        build.readings(**{name: inputs[name] for name in names}, TWIN=inputs["S0"]),
        build.series(**rows, TWIN=rows["S0"]),
        bounds,
    )
    for name in plain.data_vars:
        np.testing.assert_array_equal(mixed[name].sel(series=plain.series), plain[name])
        np.testing.assert_array_equal(mixed[name].sel(series="TWIN"), plain[name][0])


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=30, unique=True),
    st.lists(st.integers(0, 150), min_size=30, max_size=30),
    st.integers(0, 9999),
)
def test_the_volume_of_a_totaliser_telescopes_over_rollovers(
    build, stamps, increments, first
):
    times = sorted_bounds(stamps)
    hours = np.diff(times) / HOUR
    added = np.minimum(increments[: times.size - 1], np.floor(150 * hours))
    count = first + np.concatenate([[0], np.cumsum(added)])
    series = build.series(
        M={
            "quantity": "volume",
            "unit": "m3",
            "signal": "totaliser",
            "modulus": 1e4,
            "max_rate": 150 / 3600,
        }
    )
    found = volumes(build.readings(M=(times, count % 1e4)), series, times[[0, -1]])
    assert found.volume.item() == pytest.approx(added.sum(), abs=1e-6)
    assert found.coverage.item() == 1


def test_many_series_on_threads_give_what_each_gives_alone(build):
    rng = np.random.default_rng(1)
    times = np.arange(30_000) * (HOUR // 6)
    inputs = {f"S{i}": (times[i:], rng.random(times.size - i)) for i in range(12)}
    rows = {f"S{i}": {"signal": "instantaneous"} for i in range(12)}
    bounds = np.arange(0, times[-1], 720 * HOUR)
    together = volumes(build.readings(**inputs), build.series(**rows), bounds)
    for code, data in inputs.items():
        alone = volumes(build.readings(**{code: data}), build.series(**rows), bounds)
        np.testing.assert_array_equal(
            together.volume.sel(series=code), alone.volume.sel(series=code)
        )
