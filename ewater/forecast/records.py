"""Monthly records, and what was known of them at an origin, season taken out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.forecast.candidates import Candidate

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

_OFFSET = 0.1  # of the mean: below that, differences are differences, above ratios
_TRACKS = 60  # earlier months wanted to learn from
_WIDEST = 6  # months around the month of the year, for short records
_PRIOR = 5.0  # years that the common width counts for in that of a month
_LEAST_YEARS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """Monthly values of series, side by side.

    Attributes
    ----------
    codes : (series,)
    first : int
        Month of the first column: 12 * year + month - 1.
    value : (series, month)
        NaN is unknown.
    upper : (series,)
        Greatest value there can be, such as a capacity; infinite where there is none.
        The least is always 0.
    companions : (series, companion)
        Positions of series whose newest value says something about this one (snow,
        the reservoir upstream); -1 is none.
    """

    codes: NDArray[np.str_]
    first: int
    value: Floats
    upper: Floats
    companions: Places

    def __post_init__(self) -> None:
        """Refuse what is below 0 or above what there can be."""
        with np.errstate(invalid="ignore"):
            wrong = (self.value < 0) | (self.value > self.upper[:, None])
        if wrong.any():
            row, month = (int(n) for n in np.argwhere(wrong)[0])
            raise UsageError(
                f"{self.codes[row]} is {self.value[row, month]:g} in month "
                f"{self.month(month)}; it lies between 0 and {self.upper[row]:g}"
            )

    @classmethod
    def of(
        cls,
        codes: NDArray[np.str_],
        first: int,
        value: Floats,
        upper: Floats | None = None,
        companions: Places | None = None,
    ) -> Records:
        """Make records; without bounds above and companions unless given."""
        count = len(codes)
        return cls(
            codes=np.asarray(codes, dtype=np.str_),
            first=first,
            value=np.asarray(value, dtype=float),
            upper=np.full(count, np.inf) if upper is None else upper,
            companions=(
                np.full((count, 1), -1, dtype=np.intp)
                if companions is None
                else companions
            ),
        )

    def month(self, column: int) -> str:
        """Name a column, such as 2024-03."""
        year, month = divmod(self.first + column, 12)
        return f"{year:04d}-{month + 1:02d}"

    def take(self, rows: Places) -> Records:
        """Keep some series; companions that are left out are none."""
        place = np.full(self.codes.size + 1, -1, dtype=np.intp)
        place[rows] = np.arange(rows.size)
        return Records(
            codes=self.codes[rows],
            first=self.first,
            value=self.value[rows],
            upper=self.upper[rows],
            companions=place[self.companions[rows]],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Past:
    """What was known at an origin, on a scale on which seasons are taken out.

    The scale is a logarithm that turns straight below a tenth of the mean (between
    two bounds a logit), less the mean of the calendar month, in widths of the month.

    Attributes
    ----------
    records
        Columns from ``origin`` on are never looked at.
    origin : int
        Column of the first month to be forecast.
    horizon : int
        Months to be forecast.
    small : (series,)
        Where the logarithm turns straight.
    center, width : (series, 12)
        By calendar month.
    anomaly : (series, origin)
        NaN where unknown.
    starts : (track,)
        Columns of earlier origins, in the same season, all of whose months ahead are
        known by now.
    inflation : (series,)
        By how much errors of a mean over the past fall short of those to come.
    """

    records: Records
    origin: int
    horizon: int
    small: Floats
    center: Floats
    width: Floats
    anomaly: Floats
    starts: Places
    inflation: Floats

    @classmethod
    def at(cls, records: Records, origin: int, horizon: int) -> Past | None:
        """Look back from an origin; None where there is too little to learn from."""
        value = records.value[:, :origin]
        known = np.isfinite(value)
        count = known.sum(axis=1)
        years = count / 12
        starts = _starts(origin, horizon, int(known.any(axis=0).argmax()))
        if not starts.size or years.max(initial=0) < _LEAST_YEARS:
            return None
        total = np.where(known, value, 0.0).sum(axis=1)
        mean = np.divide(total, count, out=np.zeros(count.size), where=count > 0)
        small = np.where(mean > 0, _OFFSET * mean, 1.0)
        scaled = _scaled(value, small, records.upper)
        calendar = (records.first + np.arange(origin)) % 12
        center, width = _seasons(scaled, known, calendar)
        anomaly = (scaled - center[:, calendar]) / width[:, calendar]
        least = np.maximum(years, _LEAST_YEARS)
        return cls(
            records=records,
            origin=origin,
            horizon=horizon,
            small=small,
            center=center,
            width=width,
            anomaly=anomaly,
            starts=starts,
            inflation=np.sqrt((least + 1) / (least - 1)),
        )

    @cached_property
    def tracks(self) -> Floats:
        """What followed each earlier origin, (series, track, lead), gaps filled.

        A gap takes what followed the origin before it, at the same lead.
        """
        ahead = self.starts[:, None] + np.arange(self.horizon)
        return filled(self.anomaly[:, ahead])

    @cached_property
    def features(self) -> Floats:
        """What each origin looked back on, (series, 1 + track, feature); first: now.

        The newest month, the means of three and of twelve, and the newest month of
        each companion. Unknown is taken as usual: 0.
        """
        at = np.concatenate([[self.origin], self.starts])
        own = [_mean_before(self.anomaly, at, months) for months in (1, 3, 12)]
        newest = np.vstack([own[0], np.zeros(at.size)])  # -1: no companion
        others = [newest[column] for column in self.records.companions.T]
        return np.stack([*own, *others], axis=-1)

    def made_by(self, candidate: Candidate) -> Floats:
        """Futures of a candidate, (series, track, lead): made once, used by several."""
        if candidate.name not in self._made:
            self._made[candidate.name] = candidate(self)
        return self._made[candidate.name]

    @cached_property
    def _made(self) -> dict[str, Floats]:
        return {}

    def anomalies(self, value: Floats) -> Floats:
        """Bring values (series, lead) of the months ahead to the scale."""
        calendar = (self.records.first + self.origin + np.arange(self.horizon)) % 12
        scaled = _scaled(value, self.small, self.records.upper)
        return np.asarray((scaled - self.center[:, calendar]) / self.width[:, calendar])

    def values(self, anomaly: Floats) -> Floats:
        """Bring anomalies (series, ..., lead) back to values, never below 0."""
        calendar = (self.records.first + self.origin + np.arange(self.horizon)) % 12
        shape = (-1, *([1] * (anomaly.ndim - 2)), self.horizon)
        scaled = anomaly * self.width[:, calendar].reshape(shape)
        scaled += self.center[:, calendar].reshape(shape)
        wide = (-1, *([1] * (anomaly.ndim - 1)))
        small = self.small.reshape(wide)
        upper = self.records.upper.reshape(wide)
        open_ = ~np.isfinite(upper)
        top = np.where(open_, 1.0, upper + 2 * small)
        grown = np.exp(np.clip(scaled, -_FAR, _FAR))
        value = np.where(open_, grown, top * grown / (1 + grown)) - small
        # the scale reaches as far below 0 as it is straight: there is no less than none
        return np.asarray(np.clip(value, 0.0, np.where(open_, np.inf, upper)))


_FAR = 60.0  # exp of more overflows what a volume can be


def filled(tracks: Floats) -> Floats:
    """Fill gaps along axis 1 from the entry before, then from the one behind."""
    gap = np.isnan(tracks)
    if not gap.any():
        return tracks
    count = tracks.shape[1]
    rank = np.arange(count)[None, :, None]
    before = np.maximum.accumulate(np.where(gap, -1, rank), axis=1)
    behind = np.minimum.accumulate(np.where(gap, count, rank)[:, ::-1], axis=1)[:, ::-1]
    source = np.where(before >= 0, before, np.where(behind < count, behind, 0))
    return np.take_along_axis(tracks, source, axis=1)


def _starts(origin: int, horizon: int, first: int) -> Places:
    """Earlier origins of the season, newest last; of a wider one in a short record."""
    years = max((origin - first) // 12, 1)
    around = int(np.clip(np.ceil((_TRACKS / years - 1) / 2), 1, _WIDEST))
    back = np.arange(1, years + 2)
    shift = np.arange(-around, around + 1)
    found = np.unique(origin - 12 * back[:, None] + shift)
    return np.asarray(found[(found >= first + 3) & (found + horizon <= origin)])


def _scaled(value: Floats, small: Floats, upper: Floats) -> Floats:
    open_ = ~np.isfinite(upper)[:, None]
    room = np.where(open_, 1.0, upper[:, None] + small[:, None] - value)
    return np.asarray(np.log(value + small[:, None]) - np.log(room))


def _seasons(
    scaled: Floats, known: NDArray[np.bool_], calendar: NDArray[np.integer]
) -> tuple[Floats, Floats]:
    """Mean and width of each calendar month, the widths drawn to the common one."""
    month = calendar[:, None] == np.arange(12)
    count = known @ month.astype(float)
    plain = np.where(known, scaled, 0.0)
    whole = plain.sum(axis=1, keepdims=True) / np.maximum(
        known.sum(axis=1, keepdims=True), 1
    )
    total = plain @ month
    center = np.where(count > 0, total / np.maximum(count, 1), whole)
    off = np.where(known, (scaled - center[:, calendar]) ** 2, 0.0)
    squares = off @ month
    free = np.maximum(count - 1, 0)
    common = squares.sum(axis=1) / np.maximum(free.sum(axis=1), 1)
    variance = (squares + _PRIOR * common[:, None]) / (free + _PRIOR)
    return center, np.sqrt(np.maximum(variance, 1e-12))


def _mean_before(anomaly: Floats, at: Places, months: int) -> Floats:
    """Mean of the known among the months before some columns, (series, at)."""
    columns = at[:, None] - np.arange(1, months + 1)
    there = columns >= 0
    taken = anomaly[:, np.maximum(columns, 0)]
    good = np.isfinite(taken) & there
    total = np.where(good, taken, 0.0).sum(axis=-1)
    return np.asarray(total / np.maximum(good.sum(axis=-1), 1))
