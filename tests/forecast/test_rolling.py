from __future__ import annotations

import numpy as np
import pytest

from ewater.forecast.candidates import CANDIDATES
from ewater.forecast.records import Past, Records
from ewater.forecast.rolling import roll


@pytest.fixture(scope="module")
def rolled(rivers):
    return roll(rivers, range(180, 421, 6), 12)


def test_what_remembers_is_forecast_better_than_by_climatology(rolled):
    late = rolled.origins >= 300
    usual = np.nanmean(rolled.crps[0][:, late], axis=(1, 2))
    chosen = np.nanmean(rolled.of_chosen(rolled.crps)[:, late], axis=(1, 2))
    assert (chosen < usual).all()
    held = np.nanmean(rolled.of_chosen(rolled.inside)[:, late])
    assert 0.7 < held < 0.9


def test_a_choice_has_seen_nothing_behind_its_origin(rivers, rolled):
    changed = rivers.value.copy()
    changed[:, 360:] = changed[::-1, 360:]
    other = roll(
        Records.of(rivers.codes, rivers.first, changed), range(180, 421, 6), 12
    )
    before = rolled.origins <= 360
    np.testing.assert_array_equal(rolled.chosen[:, before], other.chosen[:, before])
    early = rolled.origins + 12 <= 360
    np.testing.assert_array_equal(rolled.crps[:, :, early], other.crps[:, :, early])


def test_a_future_is_that_of_the_candidate_chosen(rivers, rolled):
    made = rolled.future(12)
    past = Past.at(rivers, 420, 12)
    assert made.shape == past.tracks.shape
    assert np.isfinite(made).all()
    assert (made >= 0).all()


def test_of_a_series_without_two_years_nothing_is_said(rivers):
    value = rivers.value[:2, :120].copy()
    value[1, :110] = np.nan
    short = roll(Records.of(rivers.codes[:2], rivers.first, value), range(36, 121), 6)
    made = short.future(6)
    assert np.isfinite(made[0]).all()
    assert np.isnan(made[1]).all()


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_gives_one_future_for_each_earlier_origin(rivers, name):
    past = Past.at(rivers, 300, 6)
    assert CANDIDATES[name]()(past).shape == past.tracks.shape


@pytest.mark.parametrize("name", CANDIDATES)
def test_what_never_changes_is_forecast_as_it_is(name):
    steady = Records.of(np.array(["K"]), 1991 * 12, np.full((1, 120), 5.0))
    past = Past.at(steady, 120, 6)
    np.testing.assert_allclose(past.values(CANDIDATES[name]()(past)), 5.0, rtol=1e-6)


def test_a_companion_that_leads_makes_the_regression_better(rivers):
    rng = np.random.default_rng(11)
    snow = np.exp(rng.normal(0, 0.5, 420))
    river = np.concatenate([[1.0], snow[:-1]]) * np.exp(rng.normal(0, 0.1, 420))
    value = np.vstack([river, snow])
    alone = Records.of(np.array(["R", "S"]), rivers.first, value)
    told = Records.of(alone.codes, alone.first, value, companions=np.array([[1], [-1]]))
    scores = [
        np.nanmean(
            roll(r, range(300, 410, 3), 1, ("climatology", "regression")).crps[1, 0]
        )
        for r in (alone, told)
    ]
    assert scores[1] < 0.5 * scores[0]
