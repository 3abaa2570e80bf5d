"""Gaps in the aggregate: METHODS E9, the rules of coverage, long-term means."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr

from ewater.errors import UsageError
from ewater.series import calendars
from ewater.series.calendars import Calendar
from ewater.series.infill import Grade, climatology, infill
from ewater.series.volumes import aggregate, cells, volumes

BAKU = Calendar("az", "Asia/Baku")
HOUR = np.timedelta64(1, "h")


def months(first, last, calendar=Calendar.UTC):
    return calendars.bounds(
        calendar, dt.date(first, 1, 1), dt.date(last, 1, 1), "month"
    )


def normal(mean, std=0.5, codes=("Q",)):
    """A climatology given by hand: one rate, or twelve."""
    shape = (len(codes), 12)
    return xr.Dataset(
        {
            "mean": (("series", "month"), np.broadcast_to(mean, shape)),
            "std": (("series", "month"), np.full(shape, std)),
        },
        coords={"series": list(codes), "month": np.arange(1, 13)},
    )


def with_gap(build, count, lost, rate=5.0, start="2024-04-01"):
    """Hourly means over ``count`` hours without those in ``lost``."""
    stamps = np.datetime64(start, "us") + HOUR * np.arange(1, count + 1)
    kept = np.setdiff1d(np.arange(count), lost)
    readings = build.readings(Q=(stamps[kept], np.full(kept.size, rate)))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 3600})
    bounds = np.array([stamps[0] - HOUR, stamps[-1]]).astype(np.int64)
    return volumes(readings, series, bounds), bounds


def test_e9_a_gap_takes_the_long_term_mean_and_is_never_scaled_up(build):
    found, bounds = with_gap(build, 720, np.arange(100, 120))
    filled = infill(found, bounds, normal(4.0, 0.5), Calendar.UTC)
    assert filled.coverage.item() == pytest.approx(0.9722, abs=5e-5)
    assert filled.observed.item() / 1e6 == pytest.approx(12.600, rel=1e-12)
    assert filled.infilled.item() / 1e6 == pytest.approx(0.288, rel=1e-12)
    assert filled.volume.item() / 1e6 == pytest.approx(12.888, rel=1e-12)
    assert filled.estimated_share.item() == pytest.approx(0.0223, abs=5e-5)
    assert filled.infilled_u.item() == pytest.approx(0.5 * 20 * 3600)
    assert filled.grade.item() == Grade.FULL


@pytest.mark.parametrize(
    ("lost", "grade"),
    [
        (0, Grade.FULL),
        (5, Grade.FULL),
        (6, Grade.ESTIMATED),
        (25, Grade.ESTIMATED),
        (26, Grade.INSUFFICIENT),
        (100, Grade.INSUFFICIENT),
    ],
)
def test_coverage_decides_what_is_said_of_a_volume(build, lost, grade):
    found, bounds = with_gap(build, 100, np.arange(lost))
    filled = infill(found, bounds, normal(4.0), Calendar.UTC)
    assert filled.grade.item() == grade
    assert np.isnan(filled.volume.item()) == (grade == Grade.INSUFFICIENT)
    assert filled.infilled.item() == pytest.approx(lost * 4 * 3600)
    if lost < 100:
        assert filled.observed.item() == pytest.approx((100 - lost) * 5 * 3600)
        assert filled.lower.item() == filled.observed.item()


def test_a_gap_without_a_long_term_mean_stays_unknown(build):
    found, bounds = with_gap(build, 720, [3])
    filled = infill(found, bounds, normal(np.nan), Calendar.UTC)
    assert np.isnan(filled.volume.item())
    assert filled.observed.item() == 719 * 5 * 3600
    stranger = infill(found, bounds, normal(4.0, codes=("X",)), Calendar.UTC)
    assert np.isnan(stranger.volume.item())


def test_nothing_missing_needs_no_long_term_mean(build):
    found, bounds = with_gap(build, 720, [])
    filled = infill(found, bounds, normal(np.nan), Calendar.UTC)
    assert filled.volume.item() == 720 * 5 * 3600
    assert filled.infilled.item() == 0
    assert filled.estimated_share.item() == 0


def test_a_year_is_filled_with_the_month_of_each_gap(build):
    edges = months(2023, 2024, BAKU)
    stamps = np.arange(edges[0] + 3_600_000_000, edges[-1] + 1, 3_600_000_000)
    april = (stamps > edges[3]) & (stamps <= edges[3] + 10 * 3_600_000_000)
    july = (stamps > edges[6]) & (stamps <= edges[6] + 30 * 3_600_000_000)
    kept = stamps[~(april | july)]
    readings = build.readings(Q=(kept, np.ones(kept.size)))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 3600})
    fine = cells(edges[[0, -1]], edges)
    found = volumes(readings, series, fine)
    filled = infill(found, edges[[0, -1]], normal(np.arange(1.0, 13)), BAKU)
    assert filled.infilled.item() == pytest.approx((10 * 4 + 30 * 7) * 3600)
    assert filled.infilled_u.item() == pytest.approx(0.5 * 40 * 3600)
    assert filled.volume.item() == pytest.approx(
        filled.observed.item() + filled.infilled.item()
    )


def test_decades_are_filled_too(build):
    edges = calendars.bounds(
        Calendar.UTC, dt.date(2024, 4, 1), dt.date(2024, 5, 1), "decade"
    )
    stamps = np.datetime64("2024-04-01", "us") + HOUR * np.arange(25, 721)
    readings = build.readings(Q=(stamps, np.full(stamps.size, 5.0)))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 3600})
    filled = infill(volumes(readings, series, edges), edges, normal(4.0), Calendar.UTC)
    assert filled.infilled[0].values.tolist() == [24 * 4 * 3600, 0, 0]
    assert filled.grade[0].values.tolist() == [1, 0, 0]


def test_cells_that_reach_over_a_month_or_miss_a_bound_are_refused(build):
    found, bounds = with_gap(build, 720, [], start="2024-04-15")
    with pytest.raises(UsageError, match="over the end of a month"):
        infill(found, bounds, normal(4.0), Calendar.UTC)
    found, bounds = with_gap(build, 24, [])
    with pytest.raises(UsageError, match="no edge of the cells"):
        infill(found, bounds - 1, normal(4.0), Calendar.UTC)


def test_a_long_term_mean_has_its_spread_and_its_number_of_years(build):
    edges = months(2020, 2024)
    rates = np.repeat([1.0, 2.0, 3.0, 6.0], 12) + np.tile(np.arange(12.0), 4)
    readings = build.readings(Q=(edges[1:], rates))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 31 * 86_400})
    found = climatology(volumes(readings, series, edges), Calendar.UTC)
    # the first month has no stamp before it, so its interval has its full length
    np.testing.assert_allclose(found["mean"][0], 3 + np.arange(12.0))
    np.testing.assert_allclose(found["std"][0], np.std([1, 2, 3, 6], ddof=1))
    assert (found.years == 4).all()


def test_three_years_of_80_percent_are_needed(build):
    edges = months(2020, 2023)
    readings = build.readings(Q=(edges[1:], np.ones(36)), E=([], []))
    row = {"signal": "mean_preceding", "interval_s": 31 * 86_400}
    found = volumes(readings, build.series(Q=row, E=row), edges)
    thin = found.assign(coverage=found.coverage.copy())
    thin.coverage[0, 13] = 0.79  # February 2021
    made = climatology(thin, Calendar.UTC)
    assert np.isnan(made["mean"][0]).values.tolist() == [False, True] + [False] * 10
    assert made.years[0].values.tolist() == [3, 2] + [3] * 10
    assert np.isnan(made["mean"][1]).all()


def test_a_long_term_mean_of_anything_but_months_is_refused(build):
    readings = build.readings(Q=([], []))
    series = build.series(Q={})
    for bounds in (
        months(2020, 2021)[::3],
        months(2020, 2021) + 1,
        months(2020, 2021, BAKU),
    ):
        with pytest.raises(UsageError, match="whole months"):
            climatology(volumes(readings, series, bounds), Calendar.UTC)


def test_infill_of_fully_observed_cells_is_their_sum(build):
    edges = months(2023, 2024)
    times = np.arange(edges[0], edges[-1] + 1, 6 * 3_600_000_000)
    readings = build.readings(Q=(times, np.sin(np.arange(times.size)) + 2))
    found = volumes(readings, build.series(Q={"interval_s": 21_600}), edges)
    filled = infill(found, edges[[0, -1]], normal(4.0), Calendar.UTC)
    np.testing.assert_allclose(
        filled.volume, aggregate(found, edges, edges[[0, -1]]).volume
    )
