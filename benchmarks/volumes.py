"""Monthly volumes of ten-minute discharges: the compiled kernel against pandas.

Both integrate the same trapezoids, cut exactly at the months and interrupted by
gaps and failed values; their volumes and observed seconds are compared.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import pandas as pd

THREADS = 2
BAR_RATE = 150.0  # million readings a second
BAR_RATIO = 20.0
STEP_US = 600_000_000
GAP_US = 21_600_000_000
REPEATS = 5


def readings(series: int, each: int, rng: np.random.Generator):
    """Offsets, times, values and flags; every series starts a little later."""
    offset = np.arange(series + 1, dtype=np.int64) * each
    stamps = np.arange(each, dtype=np.int64) * STEP_US
    late = rng.integers(0, 500, series) * 1_000_000
    time_us = np.tile(stamps, series).reshape(series, each) + late[:, None]
    for row in time_us:  # two days without data, once or twice a series
        row[rng.integers(1, each) :] += 172_800_000_000
        row[rng.integers(1, each) :] += 7_200_000_000
    value = rng.gamma(2.0, 10.0, series * each)
    flag = np.ones(series * each, dtype=np.uint8)
    flag[rng.integers(0, flag.size, flag.size // 500)] = 4
    value[rng.integers(0, flag.size, flag.size // 2000)] = np.nan
    return offset, time_us.ravel(), value, flag


def months(end_us: int) -> np.ndarray:
    last = np.datetime64(end_us, "us").astype("M8[M]") + 2  # the end of its month
    return np.arange("1970-01", last, dtype="M8[M]").astype("M8[us]").astype(np.int64)


def by_kernel(offset, time_us, value, flag, bounds, threads):
    from ewater.series import integrate, kernels

    series = offset.size - 1
    steps = integrate.Steps(
        signal=np.full(series, kernels.INSTANTANEOUS),
        interval=np.full(series, STEP_US),
        gap=np.full(series, GAP_US),
        modulus=np.full(series, np.nan),
        max_rate=np.full(series, np.nan),
    )
    none = np.zeros(0, dtype=np.int64)
    events = integrate.Events(
        np.zeros(series + 1, dtype=np.int64), none, none, np.zeros(0), np.zeros(0)
    )
    return integrate.run(offset, time_us, value, flag, steps, events, bounds, threads)


def by_pandas(offset, time_us, value, flag, bounds):
    """Vectorised: one trapezoid per row, those over an edge cut in two, one groupby.

    Shifts and comparisons run on the columns' arrays, which is faster than on
    grouped columns and gives the same.
    """
    series = np.repeat(np.arange(offset.size - 1), np.diff(offset))
    good = (flag < 4) & ~np.isnan(value)
    series, b, q = series[good], time_us[good], value[good]
    joined = (series[1:] == series[:-1]) & (b[1:] - b[:-1] <= GAP_US)
    series, a, p, b, q = (
        column[joined] for column in (series[1:], b[:-1], q[:-1], b[1:], q[1:])
    )
    first = bounds.searchsorted(a, side="right") - 1
    last = bounds.searchsorted(b, side="left") - 1
    cut = np.flatnonzero(first != last)
    edge = bounds[last[cut]]
    middle = p[cut] + (q[cut] - p[cut]) * (edge - a[cut]) / (b[cut] - a[cut])
    left = pd.DataFrame(
        {
            "key": series[cut] * (bounds.size - 1) + first[cut],
            "volume": 0.5e-6 * (p[cut] + middle) * (edge - a[cut]),
            "observed": 1e-6 * (edge - a[cut]),
        }
    )
    a[cut], p[cut] = edge, middle
    whole = pd.DataFrame(
        {
            "key": series * (bounds.size - 1) + last,
            "volume": 0.5e-6 * (p + q) * (b - a),
            "observed": 1e-6 * (b - a),
        }
    )
    shape = (offset.size - 1, bounds.size - 1)
    sums = pd.concat([whole, left]).groupby("key", sort=False).sum()
    sums = sums.reindex(np.arange(shape[0] * shape[1]), fill_value=0.0)
    return (sums[name].to_numpy().reshape(shape) for name in ("volume", "observed"))


def best(call, repeats=REPEATS):
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - began)
    return result, min(times)


def report(name: str, value: float, unit: str, bar: float) -> None:
    verdict = "ok" if value >= bar else "short"
    print(f"{name} {value:.1f} {unit} bar {bar:g} {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4 M readings, not 100 M")
    quick = parser.parse_args().quick
    began = time.perf_counter()
    from ewater.series import kernels

    imported = time.perf_counter() - began
    series, each = (80, 52_560) if quick else (1_900, 52_560)
    data = readings(series, each, np.random.default_rng(7))
    bounds = months(int(data[1].max()))
    count = data[1].size
    print(
        f"{series} series x {each} readings = {count / 1e6:.0f} M over "
        f"{bounds.size - 1} months; {os.cpu_count()} cores, {THREADS} threads"
    )
    print(f"import of the kernels {imported:.2f} s (compiled on the first run)")
    found, took = best(lambda: by_kernel(*data, bounds, THREADS))
    _, alone = best(lambda: by_kernel(*data, bounds, 1))
    small = min(series, 400)  # pandas needs ten times the memory of its input
    part = data[0][: small + 1]
    few = [array[: part[-1]] for array in data[1:]]
    (volume, observed), slow = best(lambda: by_pandas(part, *few, bounds), 2)
    np.testing.assert_allclose(
        found[:small, :, kernels.VOLUME], volume, rtol=1e-9, atol=1e-3
    )
    np.testing.assert_allclose(
        found[:small, :, kernels.OBSERVED], observed, rtol=1e-12, atol=1e-6
    )
    rate, slow_rate = count / took / 1e6, few[0].size / slow / 1e6
    print(
        f"kernel on one thread {count / alone / 1e6:.0f} M/s; vectorised pandas "
        f"{slow_rate:.1f} M/s; volumes are equal"
    )
    report("volumes_kernel", rate, "M/s", BAR_RATE)
    report("volumes_over_pandas", rate / slow_rate, "x", BAR_RATIO)


if __name__ == "__main__":
    main()
