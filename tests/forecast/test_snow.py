"""Where snow foretells the flow, a forecast that sees it knows more."""

from __future__ import annotations

import numpy as np

from ewater.forecast.records import Records
from ewater.forecast.rolling import roll

FIRST = 1991 * 12
APRIL = 3


def spring_river():
    """A river whose spring is what lay on the mountains at the end of March."""
    rng = np.random.default_rng(11)
    month = np.arange(35 * 12) % 12
    winter = np.repeat(rng.normal(0, 0.5, 35), 12)
    cover = np.array([0.5, 0.8, 1.0, 0.4, 0.1, 0, 0, 0, 0, 0, 0.1, 0.3])
    snow = 0.4 * cover[month] * np.exp(winter)
    melts = np.isin(month, (3, 4, 5, 6))
    noise = rng.normal(0, 0.15, month.size)
    flow = 1e6 * np.where(melts, 4.0, 1.0) * np.exp(np.where(melts, winter, 0) + noise)
    return np.stack([flow, snow])


def april_score(companions):
    """Mean CRPS of the four months from each April on, of what was chosen."""
    records = Records.of(
        np.array(["RIVER", "snow:BASIN"]), FIRST, spring_river(), None, companions
    )
    origins = np.arange(96, 34 * 12 + 1)
    rolled = roll(records, origins, 4)
    score = rolled.of_chosen(rolled.crps)[0]
    return score[(origins % 12 == APRIL) & (origins >= 20 * 12)].mean()


def test_snow_at_the_origin_foretells_the_spring():
    blind = april_score(np.array([[-1], [-1]]))
    seeing = april_score(np.array([[1], [-1]]))
    assert seeing < 0.7 * blind


def test_what_is_only_looked_at_can_be_left_out_of_what_came():
    records = Records.of(
        np.array(["RIVER", "snow:BASIN"]), FIRST, spring_river(), None,
        np.array([[1], [-1]]),
    )  # fmt: skip
    rolled = roll(records, np.arange(240, 260), 2)
    kept = rolled.take(1)
    assert list(kept.records.codes) == ["RIVER"]
    np.testing.assert_array_equal(kept.crps[:, 0], rolled.crps[:, 0])
    np.testing.assert_array_equal(kept.chosen[0], rolled.chosen[0])
