"""What holds for any readings and any limits: slow rules, spans, order, threads."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewater.series.quality import FAIL_TESTS, Test, context, evaluate
from ewater.series.quality_limits import PARAMETERS

if TYPE_CHECKING:
    import xarray as xr

UNIT = 10_000_000  # ten seconds

_CHOICES = {
    "neighbour.gap_s": [60.0, 120.0],
    "rate.gap_s": [60.0, 300.0],
    "gross_range.fail_low": [np.nan, -1.0],
    "gross_range.fail_high": [np.nan, 6.0],
    "gross_range.suspect_high": [np.nan, 4.0],
    "rate.limit": [np.nan, 0.0, 0.05],
    "rate.noise": [np.nan, 0.5],
    "rate.counter": [0.0, 1.0],
    "rate.modulus": [np.nan, 8.0],
    "spike.suspect": [np.nan, 0.0, 1.0],
    "spike.fail": [np.nan, 2.0],
    "flat_line.window_s": [np.nan, 100.0, 400.0],
    "flat_line.count": [np.nan, 4.0],
    "flat_line.epsilon": [np.nan, 0.0, 0.6, 1.5],
    "flat_line.exempt": [np.nan, 0.0],
    "attenuation.window_s": [np.nan, 160.0],
    "attenuation.floor": [np.nan, 0.4],
    "climatology.high_1": [np.nan, 5.0],
}
_VALUES = st.sampled_from([0.0, 0.5, 1.0, 1.0, 1.0, 2.0, 3.5, 5.5, 7.0, np.nan, np.inf])


@st.composite
def limits_of(draw, codes):
    rows = {
        code: {name: draw(st.sampled_from(few)) for name, few in _CHOICES.items()}
        for code in codes
    }
    return pd.DataFrame(rows).T.reindex(columns=list(PARAMETERS)).astype(float)


@st.composite
def one_series(draw, longest=60):
    """Steps of 10 s to 90 s, seldom a gap; values on a coarse grid, so that ties and
    flat stretches abound."""
    step = st.sampled_from([1, 1, 2, 3, 4, 5, 9, 40])
    steps = draw(st.lists(step, min_size=0, max_size=longest))
    times = np.cumsum(np.array(steps, dtype=np.int64)) * UNIT
    values = draw(st.lists(_VALUES, min_size=times.size, max_size=times.size))
    few = st.sampled_from([2, 2, 2, 2, 3, 4, 9])
    flags = draw(st.lists(few, min_size=times.size, max_size=times.size))
    return times, np.array(values), np.array(flags, np.uint8)


def cut(readings: xr.Dataset, start: np.ndarray, end: np.ndarray) -> xr.Dataset:
    """Readings of each series in its own span ``[start, end)``."""
    owner = np.repeat(np.arange(readings.sizes["series"]), readings.row_size)
    time = readings.time.values.astype(np.int64)
    inside = (time >= start[owner]) & (time < end[owner])
    size = np.bincount(owner[inside], minlength=readings.sizes["series"])
    part = readings.isel(reading=np.flatnonzero(inside))
    return part.assign(row_size=("series", size))


@settings(max_examples=100)
@given(
    st.tuples(one_series(), one_series()),
    limits_of(["N", "Q"]),
    st.lists(st.integers(0, 300), min_size=1, max_size=5),
)
def test_spans_with_their_context_give_the_flags_of_the_whole(
    build, data, limits, edges
):
    readings = build.readings(N=data[0], Q=data[1])
    beside = {"N": "Q"}
    whole = evaluate(readings, limits, companions=beside)
    reach = (context(limits, beside).loc[["N", "Q"]] * 1e6).astype(np.int64)
    bounds = np.unique([0, *edges, 10_000]) * UNIT
    pieces = []
    for start, end in pairwise(bounds):
        wide = cut(
            readings,
            (start - reach["before_s"]).to_numpy(),
            (end + reach["after_s"]).to_numpy(),
        )
        found = evaluate(wide, limits, companions=beside)
        pieces.append(cut(found, np.array([start] * 2), np.array([end] * 2)))
    for i, code in enumerate(("N", "Q")):
        one = cut(whole, *(np.where(np.arange(2) == i, x, 0) for x in (0, 10**18)))
        for name in ("flag", "failed"):
            parts = [
                cut(p, np.zeros(2, int), np.where(np.arange(2) == i, 10**18, 0))[name]
                for p in pieces
            ]
            np.testing.assert_array_equal(np.concatenate(parts), one[name], code)


@given(one_series(), limits_of(["X"]))
def test_the_loops_agree_with_the_rules_written_out(build, data, limits):
    found = evaluate(build.readings(X=data), limits)
    flags, bits = slowly(*data, limits.loc["X"].to_dict())
    assert [Test(int(b)) for b in found.failed.values] == bits
    assert found.flag.values.tolist() == flags


@given(one_series(), limits_of(["X"]))
def test_a_second_run_changes_nothing(build, data, limits):
    once = evaluate(build.readings(X=data), limits)
    assert evaluate(once, limits).identical(once)


@given(st.lists(one_series(20), min_size=2, max_size=4), st.randoms(), st.data())
def test_order_and_repetition_of_series_change_nothing(build, data, random, draw):
    names = [f"S{i}" for i in range(len(data))]
    limits = draw.draw(limits_of(names))
    limits.loc["TWIN"] = limits.loc["S0"]
    inputs = dict(zip(names, data, strict=True))
    alone = {
        name: evaluate(build.readings(**{name: inputs[name]}), limits) for name in names
    }
    random.shuffle(names)
    inputs = {name: inputs[name] for name in names} | {"TWIN": inputs["S0"]}
    mixed = evaluate(build.readings(**inputs), limits.sample(frac=1, random_state=1))
    begin = 0
    for name, (times, *_) in inputs.items():
        one = alone["S0" if name == "TWIN" else name]
        part = mixed.isel(reading=slice(begin, begin + times.size))
        begin += times.size
        np.testing.assert_array_equal(part.flag, one.flag)
        np.testing.assert_array_equal(part.failed, one.failed)


def test_threads_give_what_one_gives(build):
    rng = np.random.default_rng(2)
    inputs = {
        f"S{i}": (
            np.cumsum(rng.integers(1, 6, 30_000 - i)) * UNIT,
            rng.integers(0, 8, 30_000 - i) / 2,
        )
        for i in range(9)
    }
    row = {name: few[-1] for name, few in _CHOICES.items()} | {"rate.counter": 0.0}
    limits = pd.DataFrame(dict.fromkeys(inputs, row)).T.reindex(columns=PARAMETERS)
    readings = build.readings(**inputs)
    one = evaluate(readings, limits, threads=1)
    assert evaluate(readings, limits, threads=4).identical(one)
    assert len(np.unique(one.failed)) > 8


@pytest.mark.parametrize("length", [40, 5_000])
def test_a_long_flat_line_costs_no_more_than_a_short_one(build, length):
    values = np.tile(np.arange(length) % 2 * 0.1, 2)
    row = dict.fromkeys(PARAMETERS, np.nan) | {
        "neighbour.gap_s": 60.0,
        "flat_line.window_s": 10.0 * length,
        "flat_line.epsilon": 0.5,
    }
    found = evaluate(
        build.readings(X=(np.arange(2 * length) * UNIT, values)),
        pd.DataFrame(row, index=["X"]),
    )
    assert (found.flag == 3).sum().item() == length


def slowly(times, values, flags, given):
    """Flags and bits by the rules, one reading at a time, with no regard to cost."""
    seconds = times / 1e6
    bits = [_alone(x, f, given) for x, f in zip(values, flags, strict=True)]
    tested = [_looked_at(x, given) for x in values]
    present = [k for k, x in enumerate(values) if x == x and not bits[k] & FAIL_TESTS]
    for k, test in _spikes(seconds, values, present, given).items():
        tested[k] = True
        bits[k] |= test
    usable = [k for k in present if not bits[k] & FAIL_TESTS]
    for rule in (_rate, _flat, _quiet):
        for i in range(len(usable)):
            test = rule(seconds[usable[: i + 1]], values[usable[: i + 1]], given)
            if test is not None:
                tested[usable[i]] = True
                bits[usable[i]] |= test
    rolled = []
    for x, b, t in zip(values, bits, tested, strict=True):
        flag = 4 if b & FAIL_TESTS else 3 if b else 1 if t else 2
        rolled.append(flag if x == x else 9)
    return rolled, bits


def _alone(x, flag, given):
    source = {3: Test.SOURCE_SUSPECT, 4: Test.SOURCE_FAIL}.get(flag, Test(0))
    if flag == 9 and x == x:
        source = Test.SOURCE_FAIL
    if np.isinf(x) or x < given["gross_range.fail_low"]:
        return source | Test.GROSS_FAIL
    if x > given["gross_range.fail_high"]:
        return source | Test.GROSS_FAIL
    if x > given["gross_range.suspect_high"]:
        source |= Test.GROSS_SUSPECT
    if x > given["climatology.high_1"]:
        source |= Test.CLIMATOLOGY
    return source


def _looked_at(x, given):
    names = ("gross_range.fail_low", "gross_range.fail_high")
    names += ("gross_range.suspect_high", "climatology.high_1")
    return bool(np.isinf(x) or any(given[name] == given[name] for name in names))


def _spikes(t, x, present, given):
    suspect, fail = given["spike.suspect"], given["spike.fail"]
    if np.isnan(suspect) and np.isnan(fail):
        return {}
    off = {}
    for a, k, b in zip(present, present[1:], present[2:], strict=False):
        if max(t[k] - t[a], t[b] - t[k]) <= given["neighbour.gap_s"]:
            off[k] = abs(x[k] - 0.5 * (x[a] + x[b]))
    found = {}
    for k, distance in off.items():
        i = present.index(k)
        rivals = [off.get(present[i - 1], 0.0), off.get(present[i + 1], 0.0)]
        found[k] = Test(0)
        if distance >= max(rivals):
            if distance > fail:
                found[k] = Test.SPIKE_FAIL
            elif distance > suspect:
                found[k] = Test.SPIKE_SUSPECT
    return found


def _rate(t, x, given):
    limit = given["rate.limit"]
    if len(t) < 2 or np.isnan(limit) or t[-1] - t[-2] > given["rate.gap_s"]:
        return None
    noise = np.nan_to_num(given["rate.noise"])
    change, allowed = x[-1] - x[-2], limit * (t[-1] - t[-2]) + noise
    if given["rate.counter"] == 1:
        if change < -noise and given["rate.modulus"] == given["rate.modulus"]:
            change += given["rate.modulus"]
        wrong = change < -noise or change > allowed
    else:
        wrong = abs(change) > allowed
    return Test.RATE if wrong else Test(0)


def _run(t, given):
    """Position from which no gap interrupts the readings up to the last."""
    gaps = np.flatnonzero(np.diff(t) > given["neighbour.gap_s"])
    return gaps[-1] + 1 if gaps.size else 0


def _flat(t, x, given):
    epsilon, window = given["flat_line.epsilon"], given["flat_line.window_s"]
    count = given["flat_line.count"]
    if np.isnan(epsilon) or given["rate.counter"] == 1:
        return None
    t, x = t[_run(t, given) :], x[_run(t, given) :]
    stretches = []
    if window == window and t[-1] - t[0] >= window:
        stretches.append(x[np.flatnonzero(t <= t[-1] - window)[-1] :])
    if count == count and len(x) >= count:
        stretches.append(x[-int(count) :])
    if not stretches:
        return None
    stuck = any(np.ptp(stretch) < epsilon for stretch in stretches)
    exempt = abs(x[-1] - given["flat_line.exempt"]) <= epsilon
    return Test.FLAT_LINE if stuck and not exempt else Test(0)


def _quiet(t, x, given):
    floor, window = given["attenuation.floor"], given["attenuation.window_s"]
    if np.isnan(floor) or np.isnan(window):
        return None
    if t[-1] - t[_run(t, given)] < window:
        return None
    first = t[-1] // (window / 8) - 7
    inside = x[t // (window / 8) >= first]
    if inside.size < 2:
        return None
    epsilon = given["flat_line.epsilon"]
    exempt = abs(x[-1] - given["flat_line.exempt"]) <= epsilon
    quiet = inside.std(ddof=1) < floor
    return Test.ATTENUATION if quiet and not exempt else Test(0)
