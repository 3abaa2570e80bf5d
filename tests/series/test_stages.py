"""Stages to discharge by ratings: METHODS 2 "Stage", E7."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.errors import FaultsError, UsageError
from ewater.series import stages
from ewater.series.curve_tables import rating_curves
from ewater.series.curves import RatingCurve

HOURS = np.arange(
    np.datetime64("2023-01-01", "us"),
    np.datetime64("2023-01-03"),
    np.timedelta64(1, "h"),
)
LEVEL = {"quantity": "level", "unit": "m", "site": "G", "interval_s": 3600.0}


def curves(*rows):
    names = ["site", "kind", "valid_from", "valid_to", "x", "y"]
    names += ["segment", "a", "h0", "b", "shift", "gauged_to"]
    frame = pd.DataFrame(rows).reindex(columns=names)
    for name in ("valid_from", "valid_to"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.astype(dict.fromkeys(names[4:], "float64"))


def e7(**more):
    first = {"segment": 0.2, "a": 8.0, "h0": 0.2, "b": 1.6}
    second = {"segment": 1.2, "a": 12.5, "h0": 0.4, "b": 2.0}
    both = {"site": "G", "kind": "rating"} | more
    return [both | first, both | second]


def rated(build, level, *rows, **series):
    readings = build.readings(H=(HOURS, np.broadcast_to(level, HOURS.shape)))
    return stages.rated(readings, build.series(H=LEVEL | series), curves(*rows))


def test_e7_discharge_is_computed_first_and_integrated_later(build):
    level = np.where(np.arange(HOURS.size) % 2, 1.8, 1.4)
    found = stages.volumes(
        build.readings(H=(HOURS, level)),
        build.series(H=LEVEL),
        build.us("2023-01-01T00:00", "2023-01-01T02:00"),
        curves=curves(*e7()),
    )
    assert found["volume"].item() == pytest.approx(18.5 * 7200)  # not 18.0, of 1.60 m


def test_a_stage_is_a_discharge_from_then_on(build):
    found = rated(build, 0.7, *e7(), unit="cm", max_rate=0.1)
    np.testing.assert_allclose(found.readings["value"], 2.63902, rtol=1e-5)
    (row,) = found.series.to_dict("records")
    assert (row["quantity"], row["unit"]) == ("discharge", "m3/s")
    assert np.isnan(row["max_rate"])
    assert found.stages == ("H",)


def test_the_curve_of_the_time_counts_and_none_outside_all(build):
    old = e7(valid_from="2023-01-01T12:00", valid_to="2023-01-02")
    new = [dict(row, a=2 * row["a"]) for row in e7(valid_from="2023-01-02T06:00")]
    value = rated(build, 1.6, *old, *new).readings["value"].values
    assert np.isnan(value[:12]).all()
    np.testing.assert_allclose(value[12:24], 18.0)
    assert np.isnan(value[24:30]).all()  # half-open: nothing holds at midnight
    np.testing.assert_allclose(value[30:], 36.0)


def test_the_shift_runs_from_one_visit_to_the_next(build):
    visits = [
        *e7(valid_from="2023-01-01", shift=0.0),
        *e7(valid_from="2023-01-02", shift=0.1),
    ]
    value = rated(build, 1.55, *visits).readings["value"].values
    np.testing.assert_allclose(value[0], 16.53125)  # E7, no shift
    np.testing.assert_allclose(value[12], 18.0)  # E7: half way, +0.05
    np.testing.assert_allclose(value[24:], 12.5 * 1.25**2)  # after the last it stays


def test_a_new_curve_takes_no_shift_from_the_old_one(build):
    other = [
        dict(row, a=1.01 * row["a"]) for row in e7(valid_from="2023-01-02", shift=0.1)
    ]
    value = rated(build, 1.55, *e7(valid_from="2023-01-01"), *other)
    np.testing.assert_allclose(value.readings["value"].values[:24], 16.53125)


def test_beyond_the_gaugings_is_marked_and_far_beyond_unknown(build):
    level = np.full(HOURS.size, 1.0)
    level[10:20], level[20:30] = 1.6, 2.0  # 18 and 32; gauged 15.125
    rows = e7(gauged_to=1.5)
    found = rated(build, level, *rows)
    assert found.extrapolated.nonzero()[0].tolist() == list(range(10, 20))
    assert np.isnan(found.readings["value"].values[20:30]).all()
    whole = stages.volumes(
        build.readings(H=(HOURS, level)),
        build.series(H=LEVEL),
        build.us("2023-01-01T10:00", "2023-01-01T19:00"),
        curves=curves(*rows),
    )
    assert whole["extrapolated"].item() == pytest.approx(18 * 9 * 3600)
    assert whole["extrapolated_s"].item() == 9 * 3600
    assert whole["rating_u"].item() == pytest.approx(0.0875 * 18 * 9 * 3600)


def test_without_a_gauged_range_nothing_above_is_extrapolated(build):
    found = rated(build, 9.0, *e7())
    assert not found.extrapolated.any()
    assert np.isfinite(found.readings["value"].values).all()


def test_a_table_may_reach_beyond_its_gaugings(build):
    table = [
        {"site": "G", "kind": "rating", "x": x, "y": y, "gauged_to": g}
        for x, y, g in [(0, 0, np.nan), (1, 10, 1.0), (3, 50, np.nan)]
    ]
    (curve,) = rating_curves(curves(*table))["G"]
    flow, far = curve.flow([0.5, 1.2, 1.5, 2.0, 3.5])
    np.testing.assert_allclose(flow, [5.0, 14.0, 20.0, np.nan, np.nan])
    assert far[:3].tolist() == [False, True, True]


def test_a_gauged_range_outside_its_curve_is_refused():
    with pytest.raises(FaultsError, match="but up to"):
        rating_curves(curves(*e7(gauged_to=0.1)))
    two = e7(gauged_to=1.5)
    two[1]["gauged_to"] = 1.6
    with pytest.raises(FaultsError, match="two greatest gauged stages"):
        rating_curves(curves(*two))
    table = [
        {"site": "G", "kind": "rating", "x": x, "y": x, "gauged_to": 3} for x in (0, 1)
    ]
    with pytest.raises(FaultsError, match="ends at 1 m"):
        rating_curves(curves(*table))


def test_a_level_at_a_site_without_a_rating_is_refused_by_name(build):
    with pytest.raises(UsageError, match="H at G"):
        rated(build, 1.0)


def test_a_missing_or_unknown_stage_stays_unknown(build):
    level = np.full(HOURS.size, 1.0)
    level[5] = np.nan
    value = rated(build, level, *e7()).readings["value"].values
    assert np.isnan(value).nonzero()[0].tolist() == [5]


def test_the_uncertainty_of_a_stage_is_that_of_the_discharge_it_gives(build):
    series = build.series(H=LEVEL, K=LEVEL | {"u_systematic_pct": 5.0, "site": "K"})
    sites = pd.DataFrame({"code": ["G", "K"], "kind": ["canal", "canal"]})
    assert stages.rating_u_pct(series, ["H", "K"]).tolist() == [3.75, 5.0]
    assert stages.rating_u_pct(series, ["H"], sites).tolist() == [7.5]


def test_series_of_one_rated_site_share_its_rating(build):
    series = build.series(
        H=LEVEL, Q={"site": "G"}, N={"site": "G", "quantity": "volume"}, X={"site": "X"}
    )
    assert stages.shared_ratings(series, curves(*e7())) == {"H": "G", "Q": "G"}


def test_a_visit_is_the_same_curve_with_another_shift():
    one, two, three = rating_curves(
        curves(
            *e7(valid_from="2023-01-01"),
            *e7(valid_from="2023-02-01", shift=0.1),
            *(dict(r, a=9 * r["a"]) for r in e7(valid_from="2023-03-01")),
        )
    )["G"]
    assert isinstance(one, RatingCurve)
    assert two.continues(one)
    assert not one.continues(two)
    assert not three.continues(two)
