"""Standard uncertainty (k = 1) of sums, over time and between streams (METHODS 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray


def aggregate_uncertainty(
    u_random: xr.DataArray, u_systematic: xr.DataArray, dim: str = "period"
) -> xr.DataArray:
    r"""Uncertainty of a sum over time of what one source says.

    .. math:: u^2(V) = \sum_k u_{r,k}^2 + \left(\sum_k u_{s,k}\right)^2

    What is random is independent between steps; what is systematic is common to
    all of them (METHODS 4, E21).

    Parameters
    ----------
    u_random, u_systematic : (..., period), m3
        With the same labels.
    dim
        Dimension summed over.

    Returns
    -------
    xarray.DataArray : (...), m3
        NaN where any step has none: the uncertainty of a step is not zero for not
        being known.
    """
    random = (u_random**2).sum(dim, skipna=False)
    systematic = u_systematic.sum(dim, skipna=False) ** 2
    total: xr.DataArray = (random + systematic) ** 0.5
    return total.assign_attrs(units="m3")


def combine(
    values: ArrayLike, u: ArrayLike, rho: ArrayLike = 0.0
) -> tuple[float, float]:
    r"""Sum of streams and its uncertainty, for a correlation between them.

    .. math:: u^2 = \sum_i u_i^2 + \sum_{i \ne j} \rho_{ij} u_i u_j

    Parameters
    ----------
    values, u : (stream,)
        Volumes and their standard uncertainties, in one unit.
    rho : scalar or (stream, stream)
        1 for one shared instrument, 0.3 for a shared rating method, else 0
        (METHODS 4); the diagonal is taken as 1.

    Raises
    ------
    UsageError
        Lengths differ, or a correlation lies outside -1 to 1 or is not symmetric.

    Examples
    --------
    >>> total, uncertainty = combine([100.0] * 4, [5.0] * 4, 0.3)
    >>> total, round(uncertainty, 3)
    (400.0, 13.784)
    """
    volume = np.asarray(values, dtype=float)
    each = np.asarray(u, dtype=float)
    if volume.shape != each.shape or volume.ndim != 1:
        raise UsageError(
            f"{volume.shape} values and {each.shape} uncertainties; give one each"
        )
    correlation = _correlation(np.asarray(rho, dtype=float), each.size)
    return float(volume.sum()), float(np.sqrt(each @ correlation @ each))


def _correlation(rho: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    if rho.ndim not in (0, 2) or (rho.ndim == 2 and rho.shape != (size, size)):
        raise UsageError(f"correlation is {rho.shape}; give a number or {(size, size)}")
    matrix = np.array(np.broadcast_to(rho, (size, size)))
    if not (np.abs(matrix) <= 1).all() or not np.array_equal(matrix, matrix.T):
        raise UsageError("a correlation lies between -1 and 1 and is symmetric")
    np.fill_diagonal(matrix, 1.0)
    return matrix
