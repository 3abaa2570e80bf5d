"""Volumes of wells: hours times rated flow, energy times specific yield."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewater.errors import UsageError
from ewater.series import pumps, uncertainty
from ewater.series import volumes as integrate

DAYS = ["2023-07-01", "2023-07-02", "2023-07-03", "2023-07-04"]
HOURS = {"quantity": "pump_hours", "unit": "h", "signal": "total_preceding",
         "interval_s": 86400.0}  # fmt: skip
COUNTER = HOURS | {"signal": "totaliser", "modulus": 10_000.0}
ENERGY = {"quantity": "energy", "unit": "kWh", "signal": "total_preceding",
          "interval_s": 86400.0}  # fmt: skip


def rated(*rows):
    names = ["series", "valid_from", "valid_to", "rated_m3h", "m3_per_kwh", "u_pct"]
    frame = pd.DataFrame(rows, columns=names)
    for name in ("valid_from", "valid_to"):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame.astype(dict.fromkeys(names[3:], "float64"))


NEW_TEST = rated(
    ("W", "2023-06-01", "2023-07-02T12:00", 72, None, 10),
    ("W", "2023-07-02T12:00", None, 54, None, 5),
)


@pytest.fixture
def daily(build):
    """Ten hours a day for three days, of the series W."""
    return build.readings(W=(DAYS[1:], [36_000.0] * 3))


def test_hours_times_the_rated_flow_are_cut_where_a_new_test_holds(build, daily):
    found = pumps.volumes(daily, build.series(W=HOURS), build.us(*DAYS), pumps=NEW_TEST)
    # day 2: 5 h at 72 m3/h and 5 h at 54
    np.testing.assert_allclose(found["volume"], [[720.0, 630.0, 540.0]])
    np.testing.assert_allclose(found["rating_u"], [[72.0, 36.0 + 13.5, 27.0]])
    np.testing.assert_allclose(found["coverage"], [[1.0, 1.0, 1.0]])
    assert found["volume"].attrs["units"] == "m3"


def test_an_hour_counter_gives_hours_across_its_rollover(build):
    counted = np.array([9990.0, 4.0, 16.0, 28.0]) * 3600.0
    found = pumps.volumes(
        build.readings(W=(DAYS, counted)),
        build.series(W=COUNTER),
        build.us(*DAYS),
        pumps=rated(("W", "2023-01-01", None, 100, None, None)),
    )
    np.testing.assert_allclose(found["volume"], [[1400.0, 1200.0, 1200.0]])


def test_energy_times_the_specific_yield(build):
    joules = np.array([250.0, 100.0, 0.0]) * 3.6e6
    found = pumps.volumes(
        build.readings(W=(DAYS[1:], joules)),
        build.series(W=ENERGY),
        build.us(*DAYS),
        pumps=rated(("W", "2023-01-01", None, None, 1.8, 4)),
    )
    np.testing.assert_allclose(found["volume"], [[450.0, 180.0, 0.0]])
    np.testing.assert_allclose(found["rating_u"], [[18.0, 7.2, 0.0]])


def test_outside_every_test_the_volume_is_unknown_and_not_zero(build, daily):
    series, bounds = build.series(W=HOURS), build.us(*DAYS)
    late = rated(("W", "2023-07-02T12:00", "2023-07-03", 54, None, 5))
    found = pumps.volumes(daily, series, bounds, pumps=late)
    np.testing.assert_allclose(found["volume"], [[np.nan, 270.0, np.nan]])
    np.testing.assert_allclose(found["coverage"], [[0.0, 0.5, 0.0]])
    np.testing.assert_allclose(found["observed_s"], [[0.0, 43_200.0, 0.0]])
    for none in (None, rated()):
        found = pumps.volumes(daily, series, bounds, pumps=none)
        assert np.isnan(found["volume"]).all()
        assert (found["coverage"] == 0).all()


def test_more_hours_than_time_has_passed_are_not_used(build):
    bounds, rating = build.us(*DAYS), rated(("W", "2023-01-01", None, 72, None, 5))
    hours = np.array([24.0, 25.0, 26.0])  # 25 h has a day on which the clock goes back
    interval = pumps.volumes(
        build.readings(W=(DAYS[1:], hours * 3600)),
        build.series(W=HOURS),
        bounds,
        pumps=rating,
    )
    np.testing.assert_allclose(interval["volume"], [[1728.0, 1800.0, np.nan]])
    counted = pumps.volumes(
        build.readings(W=(DAYS, np.array([0.0, 24.0, 49.0, 75.0]) * 3600)),
        build.series(W=COUNTER),
        bounds,
        pumps=rating,
    )
    np.testing.assert_allclose(counted["volume"], interval["volume"])


def test_two_pumps_on_one_counter_say_so_by_their_greatest_rate(build):
    found = pumps.volumes(
        build.readings(W=(DAYS[1:2], [48 * 3600.0])),
        build.series(W=HOURS | {"max_rate": 2.0}),
        build.us(*DAYS[:2]),
        pumps=rated(("W", "2023-01-01", None, 72, None, 5)),
    )
    np.testing.assert_allclose(found["volume"], [[3456.0]])


def test_pumps_stand_among_meters_which_they_do_not_change(build):
    both = build.readings(
        A=(DAYS[1:], [5.0, 6.0, 7.0]), W=(DAYS[1:], [36_000.0] * 3),
        Z=(DAYS[1:], [1.0, 1.0, 1.0]),
    )  # fmt: skip
    volume = {"quantity": "volume", "unit": "m3", "signal": "total_preceding",
              "interval_s": 86400.0}  # fmt: skip
    series = build.series(A=volume, W=HOURS, Z=volume)
    found = pumps.volumes(both, series, build.us(*DAYS), pumps=NEW_TEST)
    assert found["series"].values.tolist() == ["A", "W", "Z"]
    np.testing.assert_allclose(found["volume"], [[5, 6, 7], [720, 630, 540], [1, 1, 1]])
    np.testing.assert_array_equal(found["rating_u"].sel(series=["A", "Z"]), 0.0)
    alone = integrate.volumes(
        build.readings(A=(DAYS[1:], [5.0, 6.0, 7.0])), series, build.us(*DAYS)
    )
    for name in alone.data_vars:
        np.testing.assert_array_equal(found[name].sel(series="A"), alone[name][0])


def test_the_uncertainty_is_that_of_the_counter_and_of_the_rating(build, daily):
    series = build.series(W=HOURS | {"u_random_pct": 2.0, "u_systematic_pct": 3.0})
    found = pumps.volumes(daily, series, build.us(*DAYS), pumps=NEW_TEST)
    u = uncertainty.uncertainty(found, series)
    np.testing.assert_allclose(
        u["u_systematic"][0, :2], [np.hypot(21.6, 72.0), np.hypot(18.9, 49.5)]
    )
    np.testing.assert_allclose(u["u_random"][0, [0, 2]], [14.4, 10.8])


def test_a_test_that_gives_no_uncertainty_has_that_of_an_unmetered_well(build, daily):
    rating = rated(("W", "2023-01-01", None, 72, None, None))
    found = pumps.volumes(daily, build.series(W=HOURS), build.us(*DAYS), pumps=rating)
    np.testing.assert_allclose(found["rating_u"], 0.2 * 720.0)


def test_hours_that_are_no_amount_are_refused(build, daily):
    wrong = build.series(W=HOURS | {"signal": "mean_preceding"})
    with pytest.raises(UsageError, match="pump_hours: total_preceding, totaliser"):
        pumps.volumes(daily, wrong, build.us(*DAYS), pumps=NEW_TEST)


@settings(max_examples=25)
@given(
    edges=st.lists(st.integers(1, 71), min_size=1, max_size=4, unique=True),
    flows=st.lists(st.floats(1, 500), min_size=5, max_size=5),
    hours=st.lists(st.floats(0, 24), min_size=3, max_size=3),
    cuts=st.lists(st.integers(1, 71), max_size=4, unique=True),
)
def test_splitting_a_span_loses_no_volume_wherever_tests_change(
    build, edges, flows, hours, cuts
):
    start = build.us(DAYS[0])[0]
    at = lambda hour: start + int(hour) * 3_600_000_000  # noqa: E731
    stamps = [start, *(at(edge) for edge in sorted(edges)), at(72)]
    stamp = [pd.Timestamp(int(us), unit="us") for us in stamps]
    rating = rated(
        *(("W", a, b, flow, None, 7) for a, b, flow in
          zip(stamp[:-1], stamp[1:], flows, strict=False))
    )  # fmt: skip
    readings = build.readings(W=(DAYS[1:], np.array(hours) * 3600.0))
    series = build.series(W=HOURS)
    whole = pumps.volumes(readings, series, np.array([start, at(72)]), pumps=rating)
    parts = pumps.volumes(
        readings,
        series,
        np.array([start, *(at(cut) for cut in sorted(cuts)), at(72)]),
        pumps=rating,
    )
    by_hand = sum(
        hours[hour // 24] / 24 * flows[sum(edge <= hour for edge in edges)]
        for hour in range(72)
    )
    np.testing.assert_allclose(whole["volume"].item(), by_hand, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parts["volume"].sum(), by_hand, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        whole["rating_u"].item(), 0.07 * by_hand, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(parts["observed_s"].sum(), 72 * 3600.0)
