"""All tests of quality control on ten-minute readings: compiled loops against pandas.

Both test gross range, climatology, spike, rate of change, flat line and attenuation
on the same readings, with gaps, missing values, spikes and stuck stretches; their
flags and failed tests are compared reading by reading.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.indexers import BaseIndexer

from ewater.series.quality import FAIL_TESTS, SUSPECT_TESTS, Test, evaluate
from ewater.series.quality_limits import CLIMATE, PARAMETERS

THREADS = 2
BAR_SECONDS = 2.0  # for ten million readings
BAR_RATIO = 20.0
STEP_US = 600_000_000
REPEATS = 5
START_US = 1_672_531_200_000_000  # 2023
LIMITS = {
    "neighbour.gap_s": 1200.0,
    "rate.gap_s": 21_600.0,
    "rate.counter": 0.0,
    "gross_range.fail_low": 0.0,
    "gross_range.fail_high": 100.0,
    "gross_range.suspect_high": 60.0,
    "rate.limit": 0.02,
    "rate.noise": 0.01,
    "spike.suspect": 4.0,
    "spike.fail": 8.0,
    "flat_line.window_s": 172_800.0,
    "flat_line.epsilon": 0.005,
    "flat_line.exempt": 0.0,
    "attenuation.window_s": 86_400.0,
    "attenuation.floor": 0.5,
}


def make(series: int, each: int, rng: np.random.Generator):
    """Make readings that look like discharge, with every fault the tests look for."""
    stamps = np.arange(each, dtype=np.int64) * STEP_US + START_US
    times = np.tile(stamps, (series, 1))
    slow = np.sin(np.arange(each) / 4_000.0)
    phase = rng.uniform(-10, 10, (series, 1))
    values = np.round(30 + phase + 12 * slow + rng.normal(0, 0.9, (series, each)), 2)
    for row, moments in zip(values, times, strict=True):
        moments[rng.integers(1, each) :] += 172_800_000_000
        row[rng.integers(0, each, each // 1000)] += rng.choice([-9.0, 20.0, 400.0])
        row[rng.integers(0, each, each // 500)] = np.nan
        stuck, dry, dull = rng.integers(0, each - 1_000, 3)
        row[stuck : stuck + 800] = 17.3
        row[dry : dry + 500] = 0.0
        row[dull : dull + 300] = np.round(30 + rng.normal(0, 0.1, 300), 2)
    codes = [f"S{i}" for i in range(series)]
    count = series * each
    readings = xr.Dataset(
        {
            "row_size": ("series", np.full(series, each)),
            "time": ("reading", times.ravel().view("M8[us]")),
            "value": ("reading", values.ravel()),
            "flag": ("reading", np.full(count, 2, np.uint8)),
            "lineage": ("reading", np.zeros(count, np.uint8)),
        },
        coords={"series": codes},
    )
    row = dict.fromkeys(PARAMETERS, np.nan) | LIMITS
    row |= {name: 5.0 if "low" in name else 50.0 for name in CLIMATE}
    limits = pd.DataFrame(row, index=codes)
    limits["climatology.high_7"] = 40.0
    return readings, limits


class From(BaseIndexer):
    """Windows that begin at given positions and end with each reading."""

    def get_window_bounds(
        self, num_values=0, min_periods=None, center=None, closed=None, step=None
    ):
        """Begin and end of each window."""
        return self.begin, np.arange(1, num_values + 1, dtype=np.int64)


def by_pandas(readings: xr.Dataset, limits: pd.DataFrame):
    """Vectorised: whole columns of all series at once, a limit to each reading."""
    size = readings["row_size"].to_numpy()
    owner = np.repeat(np.arange(size.size), size)
    stamps = readings["time"].to_numpy()
    times, values = stamps.view(np.int64), readings["value"].to_numpy()
    lim = {name: limits[name].to_numpy() for name in limits if name not in CLIMATE}
    month = pd.DatetimeIndex(stamps).month.to_numpy() - 1
    climate = limits[list(CLIMATE)].to_numpy()
    known = ~np.isnan(values)
    failed = np.zeros(values.size, np.uint32)
    gross = (values < lim["gross_range.fail_low"][owner]) | (
        values > lim["gross_range.fail_high"][owner]
    )
    usual = (values < climate[owner, month]) | (values > climate[owner, month + 12])
    failed[gross] |= np.uint32(Test.GROSS_FAIL)
    failed[~gross & (values > lim["gross_range.suspect_high"][owner])] |= np.uint32(
        Test.GROSS_SUSPECT
    )
    failed[~gross & usual] |= np.uint32(Test.CLIMATOLOGY)
    at = np.flatnonzero(known & ~gross)
    failed[at] |= spikes(times[at], values[at], owner[at], lim)
    at = at[(failed[at] & Test.SPIKE_FAIL) == 0]
    failed[at] |= runs(times[at], values[at], owner[at], lim)
    flag = np.where(failed & SUSPECT_TESTS, 3, 1)
    flag = np.where(failed & FAIL_TESTS, 4, flag)
    return np.where(known, flag, 9), failed


def spikes(t, x, owner, lim):
    near = (owner[1:] == owner[:-1]) & (
        np.diff(t) <= lim["neighbour.gap_s"][owner[1:]] * 1e6
    )
    off = np.zeros(x.size)
    off[1:-1] = np.where(
        near[1:] & near[:-1], np.abs(x[1:-1] - 0.5 * (x[:-2] + x[2:])), 0.0
    )
    # over the edge of a series the distance is 0, so that shifts need no groups
    beside = np.maximum(np.append(0.0, off[:-1]), np.append(off[1:], 0.0))
    blamed = off >= beside
    fails = blamed & (off > lim["spike.fail"][owner])
    suspects = blamed & ~fails & (off > lim["spike.suspect"][owner])
    return fails * np.uint32(Test.SPIKE_FAIL) + suspects * np.uint32(Test.SPIKE_SUSPECT)


def runs(t, x, owner, lim):
    same = owner[1:] == owner[:-1]
    steps = np.diff(t)
    allowed = lim["rate.limit"][owner[1:]] * (steps * 1e-6) + lim["rate.noise"][0]
    rate = same & (steps <= lim["rate.gap_s"][owner[1:]] * 1e6)
    rate &= np.abs(np.diff(x)) > allowed
    apart = ~same | (steps > lim["neighbour.gap_s"][owner[1:]] * 1e6)
    begins = np.append(0, np.flatnonzero(apart) + 1)
    run = begins[np.cumsum(np.append(0, apart))]
    window = int(LIMITS["flat_line.window_s"] * 1e6)
    rolling = int(LIMITS["attenuation.window_s"] * 1e6)
    width = rolling // 8
    # one rising clock for all series, whose blocks stay where they were
    clock = t + owner * (4 * STEP_US * 52_560 // width * width)
    column = pd.Series(x)
    still = t - t[run] >= window
    first = np.searchsorted(clock, clock - window, side="right") - 1
    by_time = column.rolling(From(begin=np.maximum(first, run)), min_periods=1)
    spread = (by_time.max() - by_time.min()).to_numpy()
    moving = np.abs(x - lim["flat_line.exempt"][owner]) > lim["flat_line.epsilon"][0]
    flat = still & moving & (spread < lim["flat_line.epsilon"][owner])
    long = t - t[run] >= rolling
    first = np.searchsorted(clock, (clock // width - 7) * width)
    by_block = column.rolling(From(begin=np.maximum(first, run)), min_periods=2)
    floor = lim["attenuation.floor"][owner]
    quiet = long & moving & (by_block.var().to_numpy() < floor * floor)
    return (
        np.append(False, rate) * np.uint32(Test.RATE)
        + flat * np.uint32(Test.FLAT_LINE)
        + quiet * np.uint32(Test.ATTENUATION)
    )


def best(call, repeats):
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - began)
    return result, min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 M readings, not 10 M")
    quick = parser.parse_args().quick
    began = time.perf_counter()
    from ewater.series import quality_kernels  # noqa: F401

    imported = time.perf_counter() - began
    series, each = (40, 52_560) if quick else (191, 52_560)
    readings, limits = make(series, each, np.random.default_rng(7))
    count = readings.sizes["reading"]
    print(
        f"{series} series x {each} readings = {count / 1e6:.1f} M; "
        f"{os.cpu_count()} cores, {THREADS} threads"
    )
    print(f"import of the kernels {imported:.2f} s (compiled on the first run)")
    found, took = best(lambda: evaluate(readings, limits, threads=THREADS), REPEATS)
    _, alone = best(lambda: evaluate(readings, limits, threads=1), REPEATS)
    (flag, failed), slow = best(lambda: by_pandas(readings, limits), 2)
    np.testing.assert_array_equal(found["flag"], flag)
    np.testing.assert_array_equal(found["failed"], failed)
    counts = {
        str(test.name).lower(): int((failed & test > 0).sum())
        for test in Test
        if (failed & test).any()
    }
    print(f"failed tests: {counts}")
    print(
        f"one thread {count / alone / 1e6:.1f} M/s, {THREADS} threads "
        f"{count / took / 1e6:.1f} M/s, vectorised pandas "
        f"{count / slow / 1e6:.1f} M/s; flags and failed tests are equal"
    )
    seconds, ratio = took * 1e7 / count, slow / took
    for name, value, unit, bar, good in (
        ("quality_ten_million", seconds, "s", BAR_SECONDS, seconds <= BAR_SECONDS),
        ("quality_over_pandas", ratio, "x", BAR_RATIO, ratio >= BAR_RATIO),
    ):
        print(f"{name} {value:.2f} {unit} bar {bar:g} {'ok' if good else 'short'}")


if __name__ == "__main__":
    main()
