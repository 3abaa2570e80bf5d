"""A volume for each period, with all that it has to carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.terms import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One volume for each period, with all it has to carry; arrays are (period,)."""

    volume: Array
    u_random: Array
    u_systematic: Array
    coverage: Array
    status: NDArray[np.int8]

    @classmethod
    def of(cls, volume: Array, u: Array, coverage: Array, status: Status) -> Estimate:
        """Estimate of one status, whose uncertainty is common to its steps."""
        known = np.isfinite(volume)
        return cls(
            volume=volume,
            u_random=np.where(known, 0.0, np.nan),
            u_systematic=np.where(known, u, np.nan),
            coverage=np.where(known, coverage, 0.0),
            status=np.where(known, status, Status.UNKNOWN).astype(np.int8),
        )

    def or_else(self, other: Estimate) -> Estimate:
        """Take ``other`` in the periods where this knows nothing."""
        known = np.isfinite(self.volume)
        return Estimate(
            **{
                name: np.where(known, getattr(self, name), getattr(other, name))
                for name in Estimate.__slots__
            }
        )
