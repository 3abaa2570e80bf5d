"""Curves: METHODS E7 and E8, coarse and fine tables, validity, refusals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.errors import FaultsError
from ewater.series.curve_tables import rating_curves, storage_curves
from ewater.series.curves import version_at

NAMES = ["site", "kind", "valid_from", "valid_to", "x", "y"]
SEGMENT = ["segment", "a", "h0", "b", "shift"]


def frame(*rows):
    """Rows of the country frame ``curves``; dates as text, the rest as given."""
    made = pd.DataFrame(rows, columns=None if rows else [*NAMES, *SEGMENT])
    made = made.reindex(columns=[*NAMES, *SEGMENT])
    for name in ("valid_from", "valid_to"):
        made[name] = pd.to_datetime(made[name], utc=True)
    numbers = ["x", "y", *SEGMENT]
    return made.astype(dict.fromkeys(numbers, "float64"))


def points(kind, table, site="R", **validity):
    return [{"site": site, "kind": kind, "x": x, "y": y} | validity for x, y in table]


def rating(*segments, **validity):
    return [
        {"site": "G", "kind": "rating"} | dict(zip(SEGMENT, s, strict=True)) | validity
        for s in segments
    ]


E7 = [(0.2, 8.0, 0.2, 1.6, np.nan), (1.2, 12.5, 0.4, 2.0, np.nan)]
E8_STORAGE = points("storage", [(75, 6500e6), (80, 8750e6)])
E8_AREA = points("area", [(75, 400e6), (80, 500e6)])


def test_e7_segments_of_a_rating():
    (curve,) = rating_curves(frame(*rating(*E7)))["G"]
    flow, extrapolated = curve.flow([0.70, 1.60, 1.55, 0.15, 1.20])
    np.testing.assert_allclose(flow, [2.6390158, 18.0, 16.53125, 0, 8.0], rtol=1e-8)
    assert not extrapolated.any()


def test_e7_a_shift_moves_the_stage():
    (curve,) = rating_curves(frame(*rating(*((*s[:4], 0.05) for s in E7))))["G"]
    np.testing.assert_allclose(curve.flow([1.55, 1.16])[0], [18.0, 12.5 * 0.81**2])


def test_e7_discharge_is_computed_first_and_averaged_later():
    (curve,) = rating_curves(frame(*rating(*E7)))["G"]
    assert curve.flow([1.40, 1.80])[0].mean() == pytest.approx(18.5)


def test_stages_outside_the_gauged_range_are_marked_and_far_beyond_it_refused():
    (curve,) = rating_curves(frame(*rating(*E7)))["G"]
    curve = dataclasses.replace(curve, gauged=(0.3, 1.6))
    flow, extrapolated = curve.flow([0.1, 0.25, 0.5, 1.7, 2.2, np.nan])
    assert extrapolated.tolist() == [False, True, False, True, True, False]
    assert np.isnan(flow).tolist() == [False, False, False, False, True, True]


def test_a_rating_table_ends_where_it_ends():
    table = points("rating", [(0, 0), (1, 10), (2, 40)], site="G")
    (curve,) = rating_curves(frame(*table))["G"]
    flow, extrapolated = curve.flow([-0.1, 0.5, 2.0, 2.1])
    np.testing.assert_array_equal(flow, [np.nan, 5, 40, np.nan])
    assert extrapolated.tolist() == [True, False, False, True]


def test_e8_a_coarse_table_follows_its_areas():
    (curve,) = storage_curves(frame(*E8_STORAGE, *E8_AREA))["R"]
    volume = curve.volume([77.40, 78.15, 75, 80])
    np.testing.assert_allclose(volume / 1e6, [7517.6, 7859.225, 6500, 8750], rtol=1e-12)
    np.testing.assert_allclose(np.diff(volume)[0] / 1e6, 341.625, rtol=1e-10)
    assert curve.area(77.775) == pytest.approx(455.5e6)
    assert not curve.is_approximate


def test_e8_a_coarse_table_without_areas_is_linear_and_says_so():
    (curve,) = storage_curves(frame(*E8_STORAGE))["R"]
    assert curve.is_approximate
    change = curve.volume(78.15) - curve.volume(77.40)
    assert change / 1e6 == pytest.approx(337.5)
    assert curve.area(76) == pytest.approx(450e6)


def test_a_fine_table_is_linear_even_beside_areas():
    fine = points("storage", [(10.0, 0), (10.1, 100), (10.2, 220)])
    area = points("area", [(10.0, 900), (10.2, 1300)])
    (curve,) = storage_curves(frame(*fine, *area))["R"]
    assert not curve.is_coarse
    np.testing.assert_allclose(curve.volume([10.05, 10.15]), [50, 160])


@pytest.mark.parametrize("areas", [E8_AREA, []])
def test_nothing_is_extrapolated(areas):
    (curve,) = storage_curves(frame(*E8_STORAGE, *areas))["R"]
    for answer in (curve.volume, curve.area):
        assert np.isnan(answer([74.99, 80.01, np.nan])).all()
    assert np.isnan(curve.level_for_volume([6499e6, 8751e6, np.nan])).all()


@given(st.lists(st.floats(75, 80), min_size=1, max_size=20), st.booleans())
def test_level_for_volume_undoes_volume(levels, with_areas):
    rows = [*E8_STORAGE, *(E8_AREA if with_areas else [])]
    (curve,) = storage_curves(frame(*rows))["R"]
    back = curve.level_for_volume(curve.volume(levels))
    np.testing.assert_allclose(back, levels, atol=1e-7)


@given(st.lists(st.floats(0, 30), min_size=2, max_size=30))
def test_volume_never_falls_as_the_level_rises(levels):
    area = [(0, 0), (10, 5e6), (20, 9e6), (30, 20e6)]
    storage = [(0, 0), (10, 25.1e6), (20, 94.9e6), (30, 240e6)]  # within 1 %
    table = frame(*points("storage", storage), *points("area", area))
    (curve,) = storage_curves(table)["R"]
    assert (np.diff(curve.volume(np.sort(levels))) >= 0).all()
    np.testing.assert_allclose(curve.volume([0, 10, 20, 30]), [s for _, s in storage])


def test_a_storage_table_that_contradicts_its_areas_names_the_segment():
    area = points("area", [(70, 300e6), (75, 400e6), (80, 510e6)])
    storage = points("storage", [(70, 4750e6), (75, 6500e6), (80, 8750e6)])
    with pytest.raises(FaultsError, match="R: between 75 and 80 m") as caught:
        storage_curves(frame(*storage, *area))
    assert len(caught.value.faults) == 1


def test_areas_that_do_not_cover_the_table_are_refused():
    area = points("area", [(76, 420e6), (80, 500e6)])
    with pytest.raises(FaultsError, match="does not cover"):
        storage_curves(frame(*E8_STORAGE, *area))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([(1, 5), (2, 4)], r"from \(1, 5\) to \(2, 4\)"),
        ([(1, 5), (1, 6)], "each level once"),
        ([(1, 5)], "at least two"),
        ([(1, 5), (2, np.nan)], "must not fall"),
    ],
)
@pytest.mark.parametrize("kind", ["storage", "area", "rating"])
def test_a_table_that_is_not_monotone_is_refused(kind, table, message):
    read = rating_curves if kind == "rating" else storage_curves
    with pytest.raises(FaultsError, match=message):
        read(frame(*points(kind, table)))


def test_all_faults_are_told_at_once():
    wrong = [(1, 5), (2, 4)]
    rows = [*points("storage", wrong, site="A"), *points("storage", wrong, site="B")]
    with pytest.raises(FaultsError) as caught:
        storage_curves(frame(*rows))
    assert len(caught.value.faults) == 2


def test_segments_that_do_not_meet_or_are_not_complete_are_refused():
    with pytest.raises(FaultsError, match=r"at 1\.2 m one segment gives 8"):
        rating_curves(frame(*rating(E7[0], (1.2, 13.5, 0.4, 2.0, 0))))
    with pytest.raises(FaultsError, match="not complete"):
        rating_curves(frame(*rating((0.2, 8.0, np.nan, 1.6, 0))))


def test_a_version_lasts_until_the_next_one():
    old = points("storage", [(0, 0), (10, 100)], valid_from="2010-01-01")
    new = points("storage", [(0, 0), (10, 90)], valid_from="2020-01-01")
    versions = storage_curves(frame(*new, *old))["R"]
    change = np.datetime64("2020-01-01", "us").astype(int)
    assert version_at(versions, change - 1).volume(10) == 100
    assert version_at(versions, change).volume(10) == 90
    assert version_at(versions, 0) is None


def test_versions_that_overlap_are_refused():
    old = points("storage", [(0, 0), (1, 1)], valid_to="2021-01-01")
    new = points("storage", [(0, 0), (1, 1)], valid_from="2020-01-01")
    with pytest.raises(FaultsError, match="valid at 2020-01-01"):
        storage_curves(frame(*old, *new))
    twice = points("storage", [(0, 0), (1, 1)])
    with pytest.raises(FaultsError, match="two versions"):
        storage_curves(frame(*old, *twice))


def test_an_area_table_alone_gives_areas_and_no_volume():
    (curve,) = storage_curves(frame(*E8_AREA))["R"]
    assert curve.area(77.5) == 450e6
    assert np.isnan(curve.volume(77.5))


def test_an_empty_frame_has_no_curves():
    assert storage_curves(frame()) == {}
    assert rating_curves(frame()) == {}
