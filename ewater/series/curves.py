"""Curves of a site: level to volume and area, stage to discharge (METHODS 2).

A curve is valid from one survey to the next and knows nothing outside its table:
there its answer is NaN. :mod:`ewater.series.curve_tables` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

FINE_SPACING_M = 0.1
REJECT_BEYOND = 2.0  # METHODS 2, Stage: times the greatest gauged discharge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StorageCurve:
    """Volume and surface of a reservoir or lake by level.

    Attributes
    ----------
    site
        Where it applies.
    valid_from, valid_to
        Microseconds UTC, half-open.
    level : (n,), m
        Strictly increasing.
    stored : (n,), m3
        Not decreasing; all NaN where a site has an area table alone.
    surface : (n,), m2, or None
        At the same levels; None where no area table is given.
    """

    site: str
    valid_from: int
    valid_to: int
    level: Floats
    stored: Floats
    surface: Floats | None

    @property
    def is_coarse(self) -> bool:
        """Whether points are further apart than linear interpolation bears."""
        return bool(np.diff(self.level).max() > FINE_SPACING_M * (1 + 1e-9))

    @property
    def is_approximate(self) -> bool:
        """Coarse and without areas, so that volumes between points are linear."""
        return self.is_coarse and self.surface is None

    def volume(self, level: ArrayLike) -> Floats:
        """Volume (m3) at each level (m); NaN outside the table.

        Fine tables are linear. Coarse ones with areas follow the area between two
        points, scaled so that the volume at each point is the one in the table.
        """
        z = np.asarray(level, dtype=np.float64)
        if self.surface is None or not self.is_coarse:
            return interpolate(z, self.level, self.stored)
        i, inside = self._segment(z)
        step, base = np.diff(self.level)[i], self.surface[i]
        slope = np.diff(self.surface)[i] / step
        part = (z - self.level[i]) * (base + 0.5 * slope * (z - self.level[i]))
        whole = step * (base + 0.5 * slope * step)
        volume = self.stored[i] + np.diff(self.stored)[i] * _share(part, whole)
        return np.where(inside, volume, np.nan)

    def area(self, level: ArrayLike) -> Floats:
        """Surface (m2) at each level (m); NaN outside the table.

        Without an area table, the slope of the storage table.
        """
        z = np.asarray(level, dtype=np.float64)
        if self.surface is not None:
            return interpolate(z, self.level, self.surface)
        i, inside = self._segment(z)
        slope = np.diff(self.stored) / np.diff(self.level)
        return np.where(inside, slope[i], np.nan)

    def level_for_volume(self, volume: ArrayLike) -> Floats:
        """Level (m) at which this volume (m3) is stored; NaN outside the table."""
        v = np.asarray(volume, dtype=np.float64)
        if self.surface is None or not self.is_coarse:
            return interpolate(v, self.stored, self.level)
        last = self.level.size - 2
        i = np.clip(np.searchsorted(self.stored, v, side="right") - 1, 0, last)
        step, base = np.diff(self.level)[i], self.surface[i]
        slope = np.diff(self.surface)[i] / step
        part = _share(v - self.stored[i], np.diff(self.stored)[i])
        part = part * step * (base + 0.5 * slope * step)
        root = np.sqrt(np.maximum(base * base + 2.0 * slope * part, 0.0))
        level = self.level[i] + _share(2.0 * part, base + root)
        inside = (v >= self.stored[0]) & (v <= self.stored[-1])
        return np.where(inside, level, np.nan)

    def _segment(self, z: Floats) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        index = np.searchsorted(self.level, z, side="right") - 1
        inside = (z >= self.level[0]) & (z <= self.level[-1])
        return np.clip(index, 0, self.level.size - 2), inside


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatingCurve:
    """Discharge of a river or canal section by stage.

    Attributes
    ----------
    site, valid_from, valid_to
        As of :class:`StorageCurve`.
    stage, discharge : (n,), m and m3 s-1
        Points of a table; empty where segments are given.
    segment, a, h0, b, shift : (m,)
        ``a (h + shift - h0)^b`` from stage ``segment`` (m) up; empty for a table.
    gauged : tuple of float, m
        Lowest and highest stage of the gaugings: of a table its ends; of segments
        from the lowest stage up, without an upper end unless one is given
        (``gauged_to`` of curves.csv).
    """

    site: str
    valid_from: int
    valid_to: int
    stage: Floats
    discharge: Floats
    segment: Floats
    a: Floats
    h0: Floats
    b: Floats
    shift: Floats
    gauged: tuple[float, float]

    def flow(
        self, stage: ArrayLike, shift: Floats | None = None
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Discharge at each stage and whether it is extrapolated.

        Parameters
        ----------
        stage : (...), m
        shift : (...), m, optional
            Of each stage, instead of the shift of its segment.

        Returns
        -------
        discharge : (...), m3 s-1
            0 at and below the level of zero flow. NaN outside a table, and beyond
            twice the greatest gauged discharge.
        extrapolated : (...), bool
            Water flows, and the shifted stage is outside the gauged range.
        """
        h = np.asarray(stage, dtype=np.float64)
        if self.segment.size == 0:
            shifted, found = h, interpolate(h, self.stage, self.discharge)
        else:
            shifted = h + (self.shift_at(h) if shift is None else shift)
            found = self._power(shifted)
        found = np.where(found > self._limit(), np.nan, found)
        return found, _outside(shifted, self.gauged) & (found != 0)

    def shift_at(self, stage: ArrayLike) -> Floats:
        """Shift (m) of the segment that each stage lies on; 0 of a table."""
        h = np.asarray(stage, dtype=np.float64)
        return (
            np.zeros_like(h) if self.segment.size == 0 else self.shift[self._index(h)]
        )

    def continues(self, other: RatingCurve) -> bool:
        """Whether this is the rating that ``other`` was, after another visit.

        So it is where it begins when the other ends and differs by its shift alone.
        """
        return (
            self.valid_from == other.valid_to
            and self.segment.size > 0
            and all(
                np.array_equal(getattr(self, name), getattr(other, name))
                for name in ("segment", "a", "h0", "b")
            )
        )

    def _limit(self) -> float:
        """Greatest discharge that is believed, m3 s-1."""
        top = np.array(self.gauged[1])
        if not np.isfinite(top):
            return np.inf
        gauged = (
            self._power(top)
            if self.segment.size
            else interpolate(top, self.stage, self.discharge)
        )
        return REJECT_BEYOND * float(gauged)

    def _power(self, shifted: Floats) -> Floats:
        i = self._index(shifted)
        depth = np.maximum(shifted - self.h0[i], 0.0)  # NaN stays NaN
        return np.asarray(self.a[i] * depth ** self.b[i])

    def _index(self, h: Floats) -> NDArray[np.intp]:
        last = self.segment.size - 1
        return np.clip(np.searchsorted(self.segment, h, side="right") - 1, 0, last)


class _Version(Protocol):
    @property
    def valid_from(self) -> int: ...
    @property
    def valid_to(self) -> int: ...


_V = TypeVar("_V", bound=_Version)


def version_at(versions: Sequence[_V], instant: int) -> _V | None:
    """Return the version valid at an instant (microseconds UTC), None if none is."""
    return next((v for v in versions if v.valid_from <= instant < v.valid_to), None)


def interpolate(at: Floats, x: Floats, y: Floats) -> Floats:
    """Linear between points, NaN outside them."""
    return np.asarray(np.interp(at, x, y, left=np.nan, right=np.nan))


def _share(part: Floats, whole: Floats) -> Floats:
    """Quotient that is 0 where there is nothing to share."""
    return np.divide(part, whole, out=np.zeros_like(part * whole), where=whole != 0)


def _outside(h: Floats, gauged: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((h < gauged[0]) | (h > gauged[1]))
