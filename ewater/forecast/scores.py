"""How good a forecast was: continuous ranked probability score and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Ends of the central band that is drawn and counted.
BAND = (0.1, 0.9)


def crps(members: Floats, actual: Floats, *, ordered: bool = False) -> Floats:
    """Continuous ranked probability score of an ensemble (Hersbach 2000).

    The mean distance of the members from what happened, less half the mean distance
    between two of them; of a single value it is the absolute error.

    Parameters
    ----------
    members : (series, member, lead)
    actual : (series, lead)
        NaN where it is not known.
    ordered
        The members of each series and lead are in ascending order already.

    Returns
    -------
    numpy.ndarray : (series, lead)
        In the unit of the values; smaller is better.
    """
    count = members.shape[1]
    apart = np.abs(members - actual[:, None]).mean(axis=1)
    rank = 2 * np.arange(1, count + 1) - count - 1
    rising = members if ordered else np.sort(members, axis=1)
    between = np.einsum("snh,n->sh", rising, rank) / count**2
    return np.asarray(apart - between)


def band(members: Floats, *, ordered: bool = False) -> tuple[Floats, Floats]:
    """Lower and upper end of the central band, (series, lead).

    Quantiles by which a further draw of the same is inside as often as it should
    (Weibull: i of n + 1), not as often as the members themselves.
    """
    count = members.shape[1]
    rising = members if ordered else np.sort(members, axis=1)
    low, high = (at_rank(rising, part * (count + 1) - 1) for part in BAND)
    return low, high


def at_rank(rising: Floats, rank: float) -> Floats:
    """Take from members in ascending order what lies at a rank, (series, lead).

    Parameters
    ----------
    rising : (series, member, lead)
    rank
        From 0 on; between two members along a straight line, beyond the ends the end.
    """
    below, part = divmod(min(max(rank, 0.0), rising.shape[1] - 1.0), 1.0)
    first = rising[:, int(below)]
    if not part:
        return np.asarray(first)
    return np.asarray(first + (rising[:, int(below) + 1] - first) * part)


def inside(members: Floats, actual: Floats, *, ordered: bool = False) -> Floats:
    """Whether it came within the band: 1 or 0, NaN where it is not known."""
    low, high = band(members, ordered=ordered)
    hit = ((actual >= low) & (actual <= high)).astype(float)
    return np.where(np.isfinite(actual), hit, np.nan)
