"""Gaps filled from donors, in the order of METHODS 2."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ewater.series import calendars
from ewater.series.calendars import Calendar
from ewater.series.donors import (
    Fit,
    Method,
    daily_rates,
    donate,
    find_donors,
    shifted,
    summed,
)
from ewater.series.infill import Grade, infill, usual
from ewater.series.volumes import volumes

NAN = np.nan
DAYS = 1200


def rates(**rows):
    table = np.array([np.asarray(row, dtype=float) for row in rows.values()])
    start = np.datetime64("2020-01-01", "us")
    return xr.DataArray(
        table,
        dims=("series", "day"),
        coords={
            "series": list(rows),
            "day": start + np.arange(table.shape[1]) * np.timedelta64(1, "D"),
        },
    )


def river(count=DAYS, seed=1):
    """A wandering positive rate: 20 to 40 m3 s-1."""
    noise = np.random.default_rng(seed).standard_normal(count)
    walk = np.convolve(noise, np.ones(20) / 4, mode="same")
    return 30 + 10 * np.tanh(walk)


def found(table, targets, *, totalisers=None, neighbours=None, u_share=None):
    return find_donors(
        table,
        targets,
        totalisers=totalisers or {},
        neighbours=neighbours or {},
        u_share=u_share or {},
    )


def test_the_totaliser_of_a_meter_comes_first_then_the_river_then_regression():
    q = river()
    table = rates(Q=q, N=q * 1.01, UP=0.5 * q + 0.1, FAR=3 * q + 7, NOISE=river(seed=9))
    fits = found(
        table,
        ["Q"],
        totalisers={"Q": ["N"]},
        neighbours={"Q": ["UP"]},
        u_share={"N": 0.02},
    )
    first = fits.groupby("method", sort=False)["donor"].first()
    assert first.to_dict() == {
        Method.TOTALISER: "N",
        Method.ROUTING: "UP",
        Method.REGRESSION: "FAR",
    }
    assert fits["method"].is_monotonic_increasing
    line = fits[fits["donor"] == "FAR"].iloc[0]
    assert line["gain"] == pytest.approx(1 / 3)
    assert line["offset"] == pytest.approx(-7 / 3)
    assert line["skill"] == pytest.approx(1)
    assert "NOISE" not in set(fits["donor"])


def test_water_takes_its_time_to_the_next_gauge():
    upper = river()
    lower = 1.2 * shifted(upper[None], np.array([3]))[0]
    table = rates(UP=upper, LOW=lower)
    down = found(table, ["LOW"], neighbours={"LOW": ["UP"]}).iloc[0]
    assert (down["lag"], down["gain"]) == (3, pytest.approx(1.2))
    up = found(table, ["UP"], neighbours={"UP": ["LOW"]}).iloc[0]
    assert (up["lag"], up["gain"]) == (-3, pytest.approx(1 / 1.2))


@pytest.mark.parametrize(("days", "accepted"), [(3 * 365 - 1, False), (3 * 365, True)])
def test_a_regression_needs_three_years_of_common_days(days, accepted):
    q, other = river(), 2 * river()
    other[days:] = NAN
    assert (len(found(rates(Q=q, D=other), ["Q"])) > 0) == accepted


def test_a_regression_needs_an_r2_of_0_8():
    q = river()
    spread = q.std()
    noise = np.random.default_rng(3).standard_normal(DAYS)
    for factor, accepted in ((0.45, True), (0.6, False)):
        other = q + factor * spread * noise
        r2 = np.corrcoef(q, other)[0, 1] ** 2
        assert (r2 >= 0.8) == accepted
        fits = found(rates(Q=q, D=other), ["Q"])
        assert (len(fits) > 0) == accepted
    fits = found(rates(Q=q, D=q + 0.45 * spread * noise), ["Q"])
    left = np.polyfit(q + 0.45 * spread * noise, q, 1, full=True)[1][0]
    assert fits["u_rate"].iloc[0] == pytest.approx(np.sqrt(left / (DAYS - 2)))


def test_a_counter_of_another_pipe_is_no_totaliser_of_this_one():
    q = river()
    fits = found(rates(Q=q, N=1.06 * q), ["Q"], totalisers={"Q": ["N"]})
    assert Method.TOTALISER not in set(fits["method"])


def test_a_series_is_no_donor_of_itself_and_a_constant_none_of_anyone():
    assert found(rates(Q=river(), C=np.ones(DAYS)), ["Q"]).empty
    assert found(rates(Q=np.full(DAYS, NAN), D=river()), ["Q"]).empty


def fit(donor, *, gain=1.0, offset=0.0, lag=0, method=Method.ROUTING, u=0.5):
    return Fit("Q", method, donor, gain, offset, lag, u, 0.0, 0.9, 999)


def given(gap_s, table, *fits):
    edges = table["day"].to_numpy().astype(np.int64)
    edges = np.append(edges, edges[-1] + 86_400_000_000)
    gaps = xr.DataArray(
        np.array([gap_s], dtype=float),
        dims=("series", "cell"),
        coords={"series": ["Q"]},
    )
    frame = pd.DataFrame(fits, columns=list(Fit._fields))
    day = np.arange(table.sizes["day"])
    return donate(gaps, day, table, frame, edges, edges[[0, -1]])


def test_each_day_is_filled_by_the_first_donor_that_was_observed():
    table = rates(A=[2, NAN, 2, 2], B=[5, 5, NAN, 5])
    filled = given([0, 100, 200, 50], table, fit("A"), fit("B", gain=2, offset=1))
    assert filled["donor"].values.tolist() == ["A", "B"]
    assert filled["seconds"].values[:, 0].tolist() == [250, 100]
    assert filled["volume"].values[:, 0].tolist() == [500, 1100]
    assert filled["u"].values[:, 0].tolist() == [125, 50]


def test_a_lag_takes_the_rate_of_days_before():
    table = rates(A=[1, 2, 3, 4])
    filled = given([10, 0, 10, 0], table, fit("A", lag=2))
    assert filled["seconds"].item() == 10  # nothing is known before the first day
    assert filled["volume"].item() == 10


def test_a_line_that_goes_below_zero_is_not_used_there():
    table = rates(A=[1, 5], B=[3, 3])
    filled = given([10, 10], table, fit("A", offset=-2), fit("B"))
    assert filled["volume"].values[:, 0].tolist() == [30, 30]


HOUR = np.timedelta64(1, "h")


def test_donated_gaps_are_not_filled_by_the_season_again(build):
    """720 h, 20 lost: ten from a donor at 6 m3/s, ten at the mean of 4."""
    stamps = np.datetime64("2024-04-01", "us") + HOUR * np.arange(1, 721)
    kept = np.setdiff1d(np.arange(720), np.arange(100, 120))
    readings = build.readings(Q=(stamps[kept], np.full(kept.size, 5.0)))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 3600})
    bounds = np.array([stamps[0] - HOUR, stamps[-1]]).astype(np.int64)
    found = volumes(readings, series, bounds)
    normal = xr.Dataset(
        {
            "mean": (("series", "month"), np.full((1, 12), 4.0)),
            "std": (("series", "month"), np.full((1, 12), 0.5)),
        },
        coords={"series": ["Q"], "month": np.arange(1, 13)},
    )
    half = xr.Dataset(
        {
            "seconds": (("fit", "period"), [[36_000.0]]),
            "volume": (("fit", "period"), [[6 * 36_000.0]]),
            "u": (("fit", "period"), [[0.1 * 36_000.0]]),
        },
        coords={"series": ("fit", ["Q"]), "donor": ("fit", ["D"])},
    )
    filled = infill(found, bounds, normal, Calendar.UTC, donated=half)
    assert filled.infilled.item() == pytest.approx((6 + 4) * 36_000)
    assert filled.seasonal.item() == pytest.approx(4 * 36_000)
    assert filled.seasonal_s.item() == pytest.approx(36_000)
    assert filled.infilled_u.item() == pytest.approx(np.hypot(0.5, 0.1) * 36_000)
    assert filled.volume.item() == pytest.approx(700 * 5 * 3600 + 10 * 36_000)
    assert summed(half, bounds, bounds)["volume"].item() == 6 * 36_000


def test_an_insufficient_period_has_bounds_and_no_total(build):
    stamps = np.datetime64("2024-04-01", "us") + HOUR * np.arange(1, 11)
    readings = build.readings(Q=(stamps[:7], np.full(7, 5.0)))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 3600})
    bounds = np.array([stamps[0] - HOUR, stamps[-1]]).astype(np.int64)
    nothing = xr.Dataset(
        {name: (("series", "month"), np.ones((1, 12))) for name in ("mean", "std")},
        coords={"series": ["Q"], "month": np.arange(1, 13)},
    )
    filled = infill(
        volumes(readings, series, bounds),
        bounds,
        nothing,
        Calendar.UTC,
        max_rate={"Q": 8.0},
    )
    assert filled.grade.item() == Grade.INSUFFICIENT
    assert np.isnan(filled.volume.item())
    assert filled.lower.item() == 7 * 5 * 3600
    assert filled.upper.item() == (7 * 5 + 3 * 8) * 3600


def test_daily_rates_are_means_of_days_that_were_observed(build):
    stamps = np.datetime64("2024-04-01", "us") + HOUR * np.arange(1, 49)
    kept = np.r_[0:24, 30:48]
    readings = build.readings(Q=(stamps[kept], np.arange(kept.size, dtype=float)))
    series = build.series(Q={"signal": "mean_preceding", "interval_s": 3600})
    days = calendars.bounds(
        Calendar.UTC, dt.date(2024, 4, 1), dt.date(2024, 4, 3), "day"
    )
    found = daily_rates(readings, series, days)
    np.testing.assert_array_equal(found[0], [np.arange(24).mean(), NAN])


def test_the_usual_volume_of_a_period_is_that_of_its_months():
    months = calendars.bounds(
        Calendar.UTC, dt.date(2023, 1, 1), dt.date(2024, 1, 1), "month"
    )
    mean = xr.Dataset(
        {"mean": (("series", "month"), np.arange(1.0, 13)[None])},
        coords={"series": ["Q"], "month": np.arange(1, 13)},
    )
    whole = usual(mean, months, months[[0, -1]], Calendar.UTC)
    assert whole.item() == np.sum(np.diff(months) / 1e6 * np.arange(1, 13))
