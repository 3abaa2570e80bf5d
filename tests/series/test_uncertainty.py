"""Uncertainty of series volumes: METHODS E21 and the defaults of METHODS 4."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.series.uncertainty import percentages, uncertainty
from ewater.series.volumes import depths, volumes

DAY = np.timedelta64(1, "D")


def daily(build, count, volume, **row):
    stamps = np.datetime64("2023-01-01", "us") + DAY * np.arange(1, count + 1)
    series = build.series(
        V={
            "quantity": "volume",
            "unit": "m3",
            "signal": "total_preceding",
            "interval_s": 86_400,
        }
        | row
    )
    readings = build.readings(V=(stamps, np.full(count, volume)))
    bounds = np.array([stamps[0] - DAY, stamps[-1]]).astype(np.int64)
    return volumes(readings, series, bounds), series


def test_e21_random_errors_average_out_and_systematic_ones_do_not(build):
    found, series = daily(build, 365, 1e6, u_random_pct=10, u_systematic_pct=4)
    u = uncertainty(found, series)
    assert u.u_systematic.item() / 1e6 == pytest.approx(14.6)
    total = np.hypot(u.u_random.item(), u.u_systematic.item())
    assert total / 1e6 == pytest.approx(14.724, abs=5e-4)
    assert total / found.volume.item() == pytest.approx(0.040341, abs=5e-7)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("river_gauge", 3.75), ("canal", 7.5), ("meter", 2.0), ("outfall", 2.25)],
)
def test_a_series_without_percentages_takes_the_default_of_its_site(
    build, kind, expected
):
    times = ["2023-01-01T00", "2023-01-01T01"]
    series = build.series(Q={})
    found = volumes(build.readings(Q=(times, [1, 1])), series, build.us(*times))
    sites = pd.DataFrame({"code": ["S"], "kind": [kind]})
    u = uncertainty(found, series, sites)
    assert u.u_systematic.item() == pytest.approx(expected / 100 * 3600)
    assert u.u_random.item() == 0


def test_defaults_go_by_quantity_where_the_site_says_nothing(build):
    found, series = daily(build, 2, 50.0)
    sites = pd.DataFrame({"code": ["S"], "kind": ["canal"]})
    assert uncertainty(found, series, sites).u_systematic.item() == pytest.approx(2.0)
    rain = series.assign(quantity="precipitation", unit="m")
    stamps = ["2023-01-02"]
    found = depths(
        build.readings(V=(stamps, [0.1])), rain, build.us("2023-01-01", "2023-01-02")
    )
    u = uncertainty(found, rain)
    assert u.u_systematic.item() == pytest.approx(0.01)
    assert u.u_systematic.attrs["units"] == "m"


def test_one_given_percentage_leaves_the_other_at_its_default(build):
    found, series = daily(build, 4, 100.0, u_random_pct=10)
    u = uncertainty(found, series)
    assert u.u_random.item() == pytest.approx(20)
    assert u.u_systematic.item() == pytest.approx(8)


def test_an_unknown_volume_has_no_uncertainty(build):
    series = build.series(Q={})
    found = volumes(
        build.readings(Q=([], [])), series, build.us("2023-01-01", "2023-01-02")
    )
    u = uncertainty(found, series)
    assert np.isnan(u.u_random).all()
    assert np.isnan(u.u_systematic).all()


def test_splitting_a_gap_of_a_counter_is_uncertain_and_its_sum_is_not(build):
    meter = {"quantity": "volume", "unit": "m3", "signal": "totaliser"}
    series = build.series(
        M=meter | {"interval_s": 3600, "u_random_pct": 0, "u_systematic_pct": 0}
    )
    readings = build.readings(M=(["2023-01-01T00", "2023-01-01T10"], [0, 120]))
    halves = build.us("2023-01-01T00", "2023-01-01T05", "2023-01-01T10")
    apart = uncertainty(volumes(readings, series, halves), series)
    np.testing.assert_allclose(apart.u_random[0], 120 / np.sqrt(12))
    whole = uncertainty(volumes(readings, series, halves[[0, 2]]), series)
    assert whole.u_random.item() == 0


def test_sites_without_a_default_leave_it_to_the_quantity(build):
    found, series = daily(build, 1, 50.0)
    sites = pd.DataFrame({"code": ["S"], "kind": ["climate"]})
    assert uncertainty(found, series, sites).u_systematic.item() == pytest.approx(1.0)
    flow = series.assign(quantity="discharge")
    assert percentages(flow, sites)[1].tolist() == [3.75]
    elsewhere = sites.assign(code="T")
    assert percentages(flow, elsewhere)[1].tolist() == [3.75]


def test_no_series_at_all_is_an_empty_answer(build):
    series = build.series(Q={})
    bounds = build.us("2023-01-01", "2023-01-02")
    u = uncertainty(volumes(build.readings(), series, bounds), series)
    assert dict(u.sizes) == {"series": 0, "period": 1}
