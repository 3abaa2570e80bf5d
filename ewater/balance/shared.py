"""Errors that sources share without being one instrument (METHODS 4, rho = 0.3).

Series of one site that were turned into discharge by one rating err together in part.
Their systematic errors are cut into a part that is common and one that is their own,
each a part of :class:`ewater.balance.flows.Flows`, so that every total, loss and
reconciliation sees the covariance without knowing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from ewater.balance.matrices import csr
from ewater.balance.uncertainty import SHARED_RATING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]


class Parts(NamedTuple):
    """Weights (flow, part), errors (part, period) m3, and sources (part,)."""

    weights: Matrix
    random: Floats
    systematic: Floats
    origin: NDArray[np.str_]


def split_shared(parts: Parts, rating: Mapping[str, str]) -> Parts:
    r"""Cut what sources share by their rating off their systematic errors.

    With *c* the error common to sources of mean error :math:`m_i`,

    .. math:: u_c^2 = \bar{(u_i / m_i)}^2, \quad
              u_{own,i}^2 = u_i^2 - \rho m_i^2 u_c^2

    where the mean is geometric. The variance of each source stays what it was. The
    covariance of two is :math:`\rho u_i u_j` exactly; of more where their errors keep
    their proportions over time, else nearly.

    Parameters
    ----------
    parts
        Of all sources.
    rating
        By source, the rating behind it; empty or absent: none.

    Returns
    -------
    Parts
        With one part more, of origin ``rating:NAME``, for each rating and each way
        in which its sources are used together. Unchanged where no two share one.
    """
    behind = np.array([rating.get(str(code), "") for code in parts.origin], np.str_)
    columns: list[Matrix] = []
    common: list[Floats] = []
    names: list[str] = []
    own = parts.systematic.copy()
    for name in np.unique(behind[behind != ""]):
        members = np.flatnonzero(behind == name)
        if np.unique(parts.origin[members]).size < 2:
            continue
        active = parts.systematic[members] > 0
        patterns, which = np.unique(active, axis=1, return_inverse=True)
        for n, pattern in enumerate(patterns.T):
            if pattern.sum() < 2:
                continue
            at = np.ix_(members[pattern], np.flatnonzero(which.ravel() == n))
            size, error = _common(parts.systematic[at])
            left = own[at] ** 2 - (size[:, None] * error) ** 2
            own[at] = np.sqrt(np.maximum(left, 0.0))  # below 0 only by rounding
            whole = np.zeros(own.shape[1])
            whole[at[1][0]] = error
            columns.append(csr(parts.weights[:, members[pattern]] @ size[:, None]))
            common.append(whole)
            names.append(f"rating:{name}")
    if not names:
        return parts
    nothing = np.zeros((len(names), own.shape[1]))
    return Parts(
        csr(sparse.hstack([parts.weights, *columns])),
        np.concatenate([parts.random, nothing]),
        np.concatenate([own, np.stack(common)]),
        np.concatenate([parts.origin, np.array(names, dtype=np.str_)]),
    )


def root_of_sum(u: Floats, rating: Sequence[str]) -> Floats:
    """Systematic uncertainty of a sum of sources, (period,).

    Parameters
    ----------
    u : (source, period), m3
        Each with the sign it has in the sum.
    rating : (source,)
        The rating behind each; empty: none.
    """
    square = (u**2).sum(axis=0)
    behind = np.asarray(rating, dtype=np.str_)
    for name in sorted({one for one in rating if one}):
        mine = u[behind == name]
        crossed = mine.sum(axis=0) ** 2 - (mine**2).sum(axis=0)
        square = square + SHARED_RATING * crossed
    # rounding may leave less than nothing
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def _common(u: Floats) -> tuple[Floats, Floats]:
    """Find loading (member,) and size (period,) of what all share."""
    mean = u.mean(axis=1)
    relative = u / mean[:, None]
    shared = np.exp(np.log(relative).mean(axis=0))
    loading = np.sqrt(SHARED_RATING) * mean
    most = (u / loading[:, None]).min(axis=0)  # none shares more than all its error
    return np.asarray(loading), np.asarray(np.minimum(shared, most))
