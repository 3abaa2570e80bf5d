"""How good a forecast was: continuous ranked probability score and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Ends of the central band that is drawn and counted.
BAND = (0.1, 0.9)


def crps(members: Floats, actual: Floats) -> Floats:
    """Continuous ranked probability score of an ensemble (Hersbach 2000).

    The mean distance of the members from what happened, less half the mean distance
    between two of them; of a single value it is the absolute error.

    Parameters
    ----------
    members : (series, member, lead)
    actual : (series, lead)
        NaN where it is not known.

    Returns
    -------
    numpy.ndarray : (series, lead)
        In the unit of the values; smaller is better.
    """
    count = members.shape[1]
    apart = np.abs(members - actual[:, None]).mean(axis=1)
    rank = 2 * np.arange(1, count + 1) - count - 1
    between = np.einsum("snh,n->sh", np.sort(members, axis=1), rank) / count**2
    return np.asarray(apart - between)


def band(members: Floats) -> tuple[Floats, Floats]:
    """Lower and upper end of the central band, (series, lead).

    Quantiles by which a further draw of the same is inside as often as it should
    (Weibull: i of n + 1), not as often as the members themselves.
    """
    low, high = np.quantile(members, BAND, axis=1, method="weibull")
    return low, high


def inside(members: Floats, actual: Floats) -> Floats:
    """Whether it came within the band: 1 or 0, NaN where it is not known."""
    low, high = band(members)
    hit = ((actual >= low) & (actual <= high)).astype(float)
    return np.where(np.isfinite(actual), hit, np.nan)
