"""Limits by kind of sensor, from history, and as a person sets them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.errors import FaultsError, UsageError
from ewater.series.calendars import Calendar
from ewater.series.curves import StorageCurve
from ewater.series.quality import evaluate
from ewater.series.quality_history import grouped_quantiles, learned_limits
from ewater.series.quality_limits import (
    CLIMATE,
    KINDS,
    PARAMETERS,
    default_limits,
    sensor_kinds,
    with_history,
    with_overrides,
)
from ewater.terms import SITE_KINDS

NAN = np.nan
HOUR = 3_600_000_000


def sites(**rows):
    blank = {"capacity_m3": NAN, "dead_m3": NAN, "full_level_m": NAN}
    return pd.DataFrame(
        [{"code": code} | blank | row for code, row in rows.items()],
        columns=["code", "kind", *blank],
    )


def one(build, place, **row):
    """Limits of a series X at a site S; NaN ones left out."""
    return default_limits(build.series(X=row), sites(S=place)).loc["X"].dropna()


def curve(**more):
    level = np.array([70.0, 75.0, 85.0])
    given = {
        "site": "S",
        "valid_from": 0,
        "valid_to": 1,
        "level": level,
        "stored": np.array([0.0, 5e6, 25e6]),
        "surface": np.array([0.5e6, 1.5e6, 2.5e6]),
    }
    return StorageCurve(**(given | more))


# kinds and defaults


@pytest.mark.parametrize(
    ("quantity", "signal", "site", "kind"),
    [
        ("discharge", "instantaneous", "meter", "pipe_meter"),
        ("discharge", "mean_preceding", "well", "pipe_meter"),
        ("discharge", "instantaneous", "canal", "open_channel"),
        ("level", "instantaneous", "canal", "stage"),
        ("level", "instantaneous", "river_gauge", "stage"),
        ("level", "instantaneous", "reservoir", "reservoir_level"),
        ("storage", "instantaneous", "reservoir", "storage"),
        ("volume", "totaliser", "intake", "totaliser"),
        ("volume", "pulse", "meter", "totaliser"),
        ("volume", "total_preceding", "meter", "interval_volume"),
        ("precipitation", "total_preceding", "climate", "rain"),
        ("precipitation", "pulse", "climate", "rain_counter"),
        ("pump_hours", "total_preceding", "well", "pump_hours"),
        ("groundwater_level", "instantaneous", "well", "other"),
    ],
)
def test_a_sensor_has_a_kind(build, quantity, signal, site, kind):
    series = build.series(X={"quantity": quantity, "signal": signal})
    assert sensor_kinds(series, sites(S={"kind": site})).to_dict() == {"X": kind}


def test_every_default_is_a_parameter_and_every_site_has_limits(build):
    assert {name for row in KINDS.values() for name in row} <= set(PARAMETERS)
    for kind in SITE_KINDS:
        assert len(one(build, {"kind": kind}))


def test_a_pipe_meter_goes_by_its_q4(build):
    found = one(build, {"kind": "meter"}, max_rate=0.5, interval_s=600)
    assert found.to_dict() == pytest.approx(
        {
            "neighbour.gap_s": 1200,
            "rate.gap_s": 21_600,
            "rate.counter": 0,
            "gross_range.fail_low": -0.01,
            "gross_range.fail_high": 0.625,
            "rate.limit": 0.5 / 60,
            "flat_line.window_s": 48 * 3600,
            "flat_line.epsilon": 1e-9,
            "flat_line.exempt": 0,
        }
    )


def test_a_stage_goes_by_its_bank(build):
    level = {"quantity": "level", "unit": "m", "interval_s": 900}
    found = one(build, {"kind": "river_gauge", "full_level_m": 4.5}, **level)
    assert found["gross_range.fail_high"] == 6.5
    assert found["rate.limit"] * 900 == pytest.approx(0.5)
    assert found["flat_line.window_s"] == 72 * 3600
    assert "gross_range.fail_low" not in found  # nobody has said where the sensor ends
    assert "gross_range.fail_high" not in one(build, {"kind": "canal"}, **level)


def test_a_reservoir_goes_by_its_dead_level_and_crest(build):
    series = build.series(X={"quantity": "level", "unit": "m", "interval_s": 3600})
    place = {"kind": "reservoir", "full_level_m": 83.0, "dead_m3": 5e6}
    found = default_limits(series, sites(S=place), {"S": [curve()]}).loc["X"]
    assert found["gross_range.fail_low"] == pytest.approx(73.0)
    assert found["gross_range.fail_high"] == 85.5
    assert found["rate.limit"] == 0.5 / 86_400
    assert found["flat_line.window_s"] == 7 * 86_400
    without = default_limits(series, sites(S=place)).loc["X"]
    assert without["gross_range.fail_high"] == 83.5
    assert np.isnan(without["gross_range.fail_low"])


def test_a_reservoir_rises_no_faster_than_its_inflow_allows(build):
    series = build.series(X={"quantity": "level", "unit": "m"})
    place = sites(S={"kind": "reservoir", "dead_m3": 5e6})
    for inflow, limit in ((3.0, 3.0 / 1.5e6), (1e4, 0.5 / 86_400)):
        found = default_limits(
            series, place, {"S": [curve()]}, max_inflow={"S": inflow}
        )
        assert found["rate.limit"].item() == pytest.approx(limit)


def test_a_totaliser_goes_by_its_modulus_and_greatest_flow(build):
    found = one(
        build,
        {"kind": "meter"},
        quantity="volume",
        unit="thousand m3",
        signal="totaliser",
        modulus=1e5,
        max_rate=2.0,
        interval_s=3600,
    )
    assert found["gross_range.fail_low"] == 0
    assert found["gross_range.fail_high"] == found["rate.modulus"] == 1e8
    assert found["rate.limit"] == pytest.approx(2.1)
    assert found["rate.counter"] == 1
    assert found["flat_line.window_s"] == 48 * 3600
    assert found["rate.gap_s"] == 7 * 86_400


def test_e3_rolls_over_and_e4_resets(build):
    series = build.series(
        X={
            "quantity": "volume",
            "unit": "m3",
            "signal": "totaliser",
            "modulus": 1e6,
            "max_rate": 150 / 3600,
            "interval_s": 3600,
        }
    )
    table = default_limits(series, sites(S={"kind": "meter"}))
    values = [999_850, 999_940, NAN, NAN, 210, 300]
    readings = build.readings(X=(np.arange(6) * HOUR, values))
    assert evaluate(readings, table).flag.values.tolist() == [1, 1, 9, 9, 1, 1]
    readings = build.readings(X=(np.arange(2) * HOUR, [45_230, 12]))
    assert evaluate(readings, table).flag.values.tolist() == [1, 3]


def test_rain_is_limited_by_its_interval(build):
    rain = {"quantity": "precipitation", "unit": "mm", "signal": "total_preceding"}
    found = one(build, {"kind": "climate"}, interval_s=600, **rain)
    assert found["gross_range.fail_high"] == pytest.approx(0.010)
    assert found["flat_line.count"] == 6
    assert "gross_range.fail_high" not in one(build, {"kind": "climate"}, **rain)


def test_what_may_be_negative_has_no_lower_limit_of_zero(build):
    series = build.series(
        A={"max_rate": 10.0}, B={"max_rate": 10.0}, C={"derived": True}, D={}
    )
    found = default_limits(series, sites(S={"kind": "canal"}), reversible=["B", "Z"])
    low = found["gross_range.fail_low"]
    assert low["A"] == pytest.approx(-0.2)
    assert low["B"] == -found.loc["B", "gross_range.fail_high"] == -12.5
    assert np.isnan(low["C"])
    assert low["D"] == 0


def test_a_regulated_flow_may_stand_still(build):
    for kind in ("canal", "hydro_junction", "reservoir", "river_gauge"):
        assert "flat_line.window_s" not in one(build, {"kind": kind}, max_rate=9.0)


def test_a_site_or_a_curve_that_is_missing_leaves_limits_off(build):
    series = build.series(X={"quantity": "level", "unit": "m"})
    found = default_limits(series, sites(), {}).loc["X"]
    assert np.isnan(found["gross_range.fail_high"])


# overrides


def overrides(*rows):
    return pd.DataFrame(rows, columns=["series", "test", "parameter", "value"])


def test_an_override_sets_one_limit_of_one_series(build):
    table = default_limits(build.series(X={}, Y={}), sites(S={"kind": "canal"}))
    found = with_overrides(
        table,
        overrides(
            ("X", "gross_range", "fail_low", -1.0),
            ("X", "spike", "fail", 0.0),
            ("Y", "gross_range", "fail_low", NAN),
        ),
    )
    assert found.loc["X", "gross_range.fail_low"] == -1
    assert found.loc["X", "spike.fail"] == 0
    assert np.isnan(found.loc["Y", "gross_range.fail_low"])
    assert table.loc["X", "gross_range.fail_low"] == 0
    rest = [c for c in PARAMETERS if c not in ("gross_range.fail_low", "spike.fail")]
    pd.testing.assert_frame_equal(found[rest], table[rest])


def test_all_faults_of_overrides_are_told_at_once(build):
    table = default_limits(build.series(X={}), sites(S={"kind": "canal"}))
    wrong = overrides(
        ("NO", "rate", "limit", 1.0),
        ("X", "rate", "speed", 1.0),
        ("X", "rate", "limit", -1.0),
        ("X", "rate", "limit", 2.0),
        ("X", "rate", "noise", 2.0),
    )
    with pytest.raises(FaultsError) as caught:
        with_overrides(table, wrong, file="qc.csv")
    told = [(fault.line, fault.column) for fault in caught.value.faults]
    assert told == [(2, "series"), (3, "parameter"), (5, "value"), (4, "value")]
    assert "NO rate.limit: this series is not registered" in str(caught.value)


def test_limits_in_the_wrong_order_are_refused(build):
    table = default_limits(build.series(X={}), sites(S={"kind": "canal"}))
    wrong = overrides(
        ("X", "gross_range", "fail_high", -5.0),
        ("X", "climatology", "low_3", 5.0),
        ("X", "climatology", "high_3", 4.0),
    )
    with pytest.raises(FaultsError, match=r"low_3 is above climatology\.high_3") as e:
        with_overrides(table, wrong)
    assert len(e.value.faults) == 2


def test_no_overrides_change_nothing(build):
    table = default_limits(build.series(X={}), sites(S={"kind": "canal"}))
    pd.testing.assert_frame_equal(with_overrides(table, overrides()), table)


# history


def history(build, values, times=None, flags=None, **row):
    times = np.arange(len(values)) * HOUR if times is None else times
    flags = np.full(len(values), 2, np.uint8) if flags is None else flags
    series = build.series(X={"interval_s": 3600} | row)
    base = default_limits(series, sites(S={"kind": "canal"}))
    return base, learned_limits(build.readings(X=(times, values, flags)), base)


def test_rate_spike_and_resolution_follow_from_history(build):
    rng = np.random.default_rng(1)
    values = np.round(50 + np.cumsum(rng.normal(size=5000)), 2)
    _, found = history(build, values)
    change = np.abs(np.diff(values)) / 3600
    assert found["rate.limit"].item() == pytest.approx(2 * np.percentile(change, 99.9))
    off = values[1:-1] - 0.5 * (values[:-2] + values[2:])
    mad = np.median(np.abs(off - np.median(off)))
    most = np.percentile(np.abs(off), 99.9)
    assert found["spike.suspect"].item() == pytest.approx(max(5 * mad, most))
    assert found["spike.fail"].item() == pytest.approx(max(10 * mad, 2 * most))
    assert found["flat_line.epsilon"].item() == pytest.approx(0.005)


def test_floods_do_not_fail_for_being_rare(build):
    low = np.random.default_rng(2).normal(5, 0.01, 20_000)
    values = low + 200 * np.exp(-0.5 * ((np.arange(20_000) % 5_000 - 2_500) / 6) ** 2)
    base, learned = history(build, values)
    readings = build.readings(X=(np.arange(20_000) * HOUR, values))
    flags = evaluate(readings, with_history(base, learned)).flag.values
    assert (flags == 4).sum() == 0
    assert (flags == 3).sum() <= 25


def test_failed_and_missing_readings_and_gaps_teach_nothing(build):
    rng = np.random.default_rng(1)
    values = np.round(50 + np.cumsum(rng.normal(size=3000)), 2)
    _, plain = history(build, values)
    worse, flags = values.copy(), np.full(3000, 2, np.uint8)
    worse[500:510], flags[500:510] = 1e6, 4
    worse[700], worse[800] = np.nan, np.inf
    _, found = history(build, worse, flags=flags)
    columns = ["rate.limit", "spike.fail"]
    np.testing.assert_allclose(found[columns], plain[columns], rtol=0.05)
    times = np.arange(3000) * HOUR
    times[1500:] += 100 * HOUR
    jump = values + np.where(np.arange(3000) < 1500, 0, 1e6)
    _, found = history(build, jump, times)
    np.testing.assert_allclose(found[columns], plain[columns], rtol=0.05)


def test_a_series_that_hardly_moves_says_nothing_and_the_default_stays(build):
    values = np.full(3000, 4.0)
    values[100] = 4.5
    base, found = history(build, values, quantity="level", unit="m")
    assert found[["rate.limit", "spike.fail"]].isna().all(axis=None)
    merged = with_history(base, found)
    assert merged["rate.limit"].item() == pytest.approx(0.5 / 900)
    assert found["flat_line.epsilon"].item() == 0.25


def test_a_short_history_and_a_counter_say_nothing(build):
    _, found = history(build, np.arange(900.0) % 7)
    assert found["rate.limit"].isna().all()
    counter = {"quantity": "volume", "unit": "m3", "signal": "totaliser"}
    _, found = history(build, np.arange(5000.0), **counter)
    assert found.isna().all(axis=None)
    _, found = history(build, np.zeros(0))
    assert found.isna().all(axis=None)


def test_climatology_takes_months_of_three_years(build):
    days = np.arange("2020-01-01", "2023-02-01", dtype="M8[D]")
    month = days.astype("M8[M]").astype(int) % 12 + 1
    values = month * 10.0 + np.arange(days.size) % 2
    times = days.astype("M8[us]").astype(np.int64)
    _, found = history(build, values, times)
    for name, m in (("1", 1), ("12", 12)):
        assert found[f"climatology.low_{name}"].item() == pytest.approx(10 * m - 0.2)
        assert found[f"climatology.high_{name}"].item() == pytest.approx(10 * m + 1.2)
    _, found = history(build, values[:-100], times[:-100])
    known = found[list(CLIMATE)].notna().to_numpy().reshape(2, 12)
    assert known.tolist() == [[True] * 10 + [False] * 2] * 2


def test_climatology_does_not_depend_on_the_datum(build):
    days = np.arange("2020-01-01", "2023-01-01", dtype="M8[D]")
    times = days.astype("M8[us]").astype(np.int64)
    values = np.sin(np.arange(days.size))
    _, low = history(build, values, times, quantity="level", unit="m")
    _, high = history(build, values + 1000, times, quantity="level", unit="m")
    shifted = high[list(CLIMATE)] - 1000
    np.testing.assert_allclose(shifted, low[list(CLIMATE)], atol=1e-9)


def test_attenuation_takes_the_quiet_days(build):
    rng = np.random.default_rng(4)
    scale = np.repeat(rng.uniform(1, 2, 1500), 24)
    values = rng.normal(size=1500 * 24) * scale
    _, found = history(build, values)
    spread = values.reshape(1500, 24).std(axis=1, ddof=1)
    floor = 0.5 * np.percentile(spread, 0.1)
    assert found["attenuation.floor"].item() == pytest.approx(floor)
    assert found["attenuation.window_s"].item() == 86_400


def test_history_is_that_of_the_calendar(build):
    stamps = pd.date_range("2021-01-31 21:00", periods=3, freq="365D").to_numpy()
    series = build.series(X={"interval_s": 3600})
    base = default_limits(series, sites(S={"kind": "canal"}))
    readings = build.readings(X=(stamps, [1.0, 2, 3]))
    for calendar, month in ((Calendar.UTC, 1), (Calendar("az", "Asia/Baku"), 2)):
        found = learned_limits(readings, base, calendar=calendar)
        assert found[f"climatology.low_{month}"].notna().all()
        assert found[list(CLIMATE)].notna().sum(axis=None) == 2


def test_quantiles_of_groups_are_numpys():
    rng = np.random.default_rng(5)
    group, value = rng.integers(0, 6, 500), rng.normal(size=500)
    group[group == 3] = 4
    found = grouped_quantiles(group, value, 7, (0.1, 50.0, 99.9, 100.0))
    for g in range(7):
        if g in (3, 6):
            assert np.isnan(found[:, g]).all()
        else:
            np.testing.assert_allclose(
                found[:, g], np.percentile(value[group == g], [0.1, 50, 99.9, 100])
            )


def test_a_series_without_a_row_cannot_be_learned_from(build):
    base = default_limits(build.series(Y={}), sites(S={"kind": "canal"}))
    with pytest.raises(UsageError, match="no limits"):
        learned_limits(build.readings(X=([0], [1.0])), base)
