"""Forecasts from many origins, each with what was known there: scores and a choice.

At each origin every candidate forecasts; later it is seen who was right. Once in half
a year the best candidate of each series is chosen anew, and bands are made wider or
narrower, by what had come true until then. The choice at an origin has seen nothing
behind it, so its scores are those of a forecaster who could have been there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.forecast.candidates import CANDIDATES, YARDSTICK
from ewater.forecast.records import Past
from ewater.forecast.scores import BAND, at_rank, crps, inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ewater.forecast.records import Records

    Floats = NDArray[np.float64]

_LEARN = 6  # origins between two looks at what came true
_ENOUGH = 144  # months that came true before anything but the yardstick is chosen
_COMMON = 600.0  # months that the common width counts for in that of a series
_LEAST_K, _MOST_K = 0.5, 2.5
_LEAST_KNOWN = 24  # months, below which nothing is said


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rolled:
    """What came of forecasts from many origins.

    Attributes
    ----------
    records
        What they were made of.
    origins : (origin,)
        Columns of the first months.
    names : tuple of str
        Candidates.
    crps, inside : (candidate, series, origin, lead)
        NaN where nothing is known to compare with.
    chosen : (series, origin)
        Position of the candidate that was taken there.
    stretch : (candidate, series)
        By how much the band is widened at the last origin.
    """

    records: Records
    origins: NDArray[np.intp]
    names: tuple[str, ...]
    crps: Floats
    inside: Floats
    chosen: NDArray[np.intp]
    stretch: Floats

    def of_chosen(self, table: Floats) -> Floats:
        """Take from (candidate, series, origin, lead) what was chosen."""
        taken = np.take_along_axis(table, self.chosen[None, :, :, None], axis=0)
        return np.asarray(taken[0])

    def take(self, count: int) -> Rolled:
        """Keep the first few series; what is made of the others is forgotten."""
        return Rolled(
            records=self.records.take(np.arange(count)),
            origins=self.origins,
            names=self.names,
            crps=self.crps[:, :count],
            inside=self.inside[:, :count],
            chosen=self.chosen[:count],
            stretch=self.stretch[:, :count],
        )

    def future(self, horizon: int, origin: int | None = None) -> Floats:
        """Forecast from an origin, by default the last, as it is chosen there.

        Returns
        -------
        numpy.ndarray : (series, member, lead)
            NaN for a series that is too short.
        """
        start = int(self.origins[-1]) if origin is None else origin
        place = int(np.searchsorted(self.origins, start))
        past = Past.at(self.records, start, horizon)
        if past is None:
            return np.full((self.records.codes.size, 1, horizon), np.nan)
        result = np.full(past.tracks.shape, np.nan)
        for number, name in enumerate(self.names):
            mine = self.chosen[:, min(place, self.origins.size - 1)] == number
            if mine.any():
                plain = past.made_by(CANDIDATES[name]())
                made = _stretched(plain, np.median(plain, axis=1), self.stretch[number])
                result[mine] = past.values(made)[mine]
        known = np.isfinite(self.records.value[:, :start]).sum(axis=1)
        result[known < _LEAST_KNOWN] = np.nan
        return result


def roll(
    records: Records,
    origins: Sequence[int] | NDArray[np.intp],
    horizon: int,
    names: Sequence[str] = tuple(CANDIDATES),
) -> Rolled:
    """Forecast from each origin and look at what came true.

    Parameters
    ----------
    records
        Series whose records begin at about the same time.
    origins
        Columns of first months, ascending. The first ones serve to learn.
    horizon
        Months ahead.
    names
        Candidates; the yardstick must be one of them.
    """
    at = np.asarray(origins, dtype=np.intp)
    makers = [CANDIDATES[name]() for name in names]
    count = records.codes.size
    shape = (len(names), count, at.size, horizon)
    score, hit, need = (np.full(shape, np.nan) for _ in range(3))
    chosen = np.full((count, at.size), names.index(YARDSTICK), dtype=np.intp)
    stretch = np.ones(shape[:2])
    ahead = np.pad(records.value, ((0, 0), (0, horizon)), constant_values=np.nan)
    for place, origin in enumerate(at.tolist()):
        if place % _LEARN == 0 or place == at.size - 1:
            stretch = _learn_stretch(need, at, place)
        chosen[:, place] = (
            _choose(score, at, place, list(names))
            if place % _LEARN == 0 or place == at.size - 1
            else chosen[:, place - 1]
        )
        past = Past.at(records, origin, horizon)
        if past is None:
            continue
        actual = ahead[:, origin : origin + horizon]
        for number, maker in enumerate(makers):
            # in order once: a wider band and the way back to values keep the order
            plain = np.sort(past.made_by(maker), axis=1)
            middle = _quantile(plain, 0.5)
            made = past.values(_stretched(plain, middle, stretch[number]))
            score[number, :, place] = crps(made, actual, ordered=True)
            hit[number, :, place] = inside(made, actual, ordered=True)
            need[number, :, place] = _needed(plain, middle, actual, past)
    return Rolled(
        records=records,
        origins=at,
        names=tuple(names),
        crps=score,
        inside=hit,
        chosen=chosen,
        stretch=stretch,
    )


def _quantile(rising: Floats, part: float) -> Floats:
    """Quantile of members in ascending order (series, track, lead)."""
    return at_rank(rising, part * (rising.shape[1] - 1))


def _stretched(futures: Floats, middle: Floats, factor: Floats) -> Floats:
    """Move futures (series, track, lead) away from their middle, or towards it."""
    center = middle[:, None]
    return np.asarray(center + (futures - center) * factor[:, None, None])


def _needed(rising: Floats, middle: Floats, actual: Floats, past: Past) -> Floats:
    """By how much the band would have had to be wider to hold what came."""
    low, high = (_quantile(rising, part) for part in BAND)
    there = past.anomalies(actual)
    side = np.where(there >= middle, high - middle, middle - low)
    flat = high - low <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(there - middle) / side
    return np.where(flat | ~np.isfinite(actual), np.nan, ratio)


def _came_true(
    table: Floats, origins: NDArray[np.intp], place: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Entries (candidate, series, origin x lead) whose month lies before an origin."""
    leads = np.arange(table.shape[-1])
    past = origins[:place, None] + leads < origins[place]
    found = table[:, :, :place][:, :, past]
    return found, np.isfinite(found)


def _choose(
    score: Floats, origins: NDArray[np.intp], place: int, names: list[str]
) -> NDArray[np.intp]:
    """Best candidate of each series by the mean score of what came true."""
    yardstick = names.index(YARDSTICK)
    found, known = _came_true(score, origins, place)
    count = known.sum(axis=-1)
    total = np.where(known, found, 0.0).sum(axis=-1)
    mean = np.divide(total, count, out=np.full(count.shape, np.inf), where=count > 0)
    best = mean.argmin(axis=0)
    enough = count[yardstick] >= min(_ENOUGH, 12 * score.shape[-1])
    return np.where(enough, best, yardstick)


def _learn_stretch(need: Floats, origins: NDArray[np.intp], place: int) -> Floats:
    """Width that would have held as much as the band says, drawn to the common one."""
    found, known = _came_true(need, origins, place)
    part = BAND[1] - BAND[0]
    result = np.ones(need.shape[:2])
    for number in range(need.shape[0]):
        mine, there = found[number], known[number]
        if there.sum() < _ENOUGH:
            continue
        common = float(np.quantile(mine[there], part))
        count = there.sum(axis=1)
        some = np.flatnonzero(count >= _ENOUGH / 4)
        own = np.full(count.size, common)
        if some.size:
            own[some] = _quantile_of_known(mine[some], count[some], part)
        blend = (count * own + _COMMON * common) / (count + _COMMON)
        result[number] = np.clip(blend, _LEAST_K, _MOST_K)
    return result


def _quantile_of_known(table: Floats, count: NDArray[np.intp], part: float) -> Floats:
    """Quantile of each row (series, month), whose unknown entries are NaN."""
    rising = np.sort(table, axis=1)  # NaN comes last
    rank = part * (count - 1)
    below = rank.astype(np.intp)
    above = np.minimum(below + 1, count - 1)
    low, high = (
        np.take_along_axis(rising, place[:, None], axis=1)[:, 0]
        for place in (below, above)
    )
    return np.asarray(low + (high - low) * (rank - below))
