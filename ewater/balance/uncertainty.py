"""Standard uncertainty (k = 1) of sums, over time and between streams (METHODS 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

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

    Raises
    ------
    UsageError
        Their labels differ.

    Returns
    -------
    xarray.DataArray : (...), m3
        NaN where any step has none: the uncertainty of a step is not zero for not
        being known.
    """
    try:
        u_random, u_systematic = xr.align(u_random, u_systematic, join="exact")
    except ValueError as error:
        raise UsageError(
            "random and systematic uncertainties have other labels; give both for the "
            "same periods and sources"
        ) from error
    random = (u_random**2).sum(dim, skipna=False)
    systematic = u_systematic.sum(dim, skipna=False) ** 2
    total: xr.DataArray = (random + systematic) ** 0.5
    return total.assign_attrs(units="m3")


#: Correlation of two streams that share a rating method (METHODS 4) [D]; one
#: instrument: 1.
SHARED_RATING = 0.3


def combine(
    values: ArrayLike,
    u: ArrayLike,
    rho: ArrayLike = 0.0,
    coefficients: ArrayLike = 1.0,
) -> tuple[float, float]:
    r"""Sum of streams and its uncertainty, for a correlation between them.

    .. math:: u^2 = \sum_i (c_i u_i)^2 + \sum_{i \ne j} \rho_{ij} c_i u_i c_j u_j

    Parameters
    ----------
    values, u : (stream,)
        Volumes and their standard uncertainties, in one unit.
    rho : scalar or (stream, stream)
        1 for one shared instrument, 0.3 for a shared rating method, else 0
        (METHODS 4); the diagonal is taken as 1.
    coefficients : scalar or (stream,)
        -1 for what is subtracted.

    Raises
    ------
    UsageError
        Lengths differ, an uncertainty is negative, or a correlation lies outside -1
        to 1 or is not symmetric.

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
    if (each < 0).any():
        raise UsageError("an uncertainty is negative; a variance cannot be")
    correlation = _correlation(np.asarray(rho, dtype=float), each.size)
    signed = np.broadcast_to(np.asarray(coefficients, dtype=float), each.shape)
    variance = (signed * each) @ correlation @ (signed * each)
    return float(signed @ volume), float(np.sqrt(max(variance, 0.0)))


def product(
    values: ArrayLike, u: ArrayLike, rho: ArrayLike = 0.0
) -> tuple[float, float]:
    r"""Multiply quantities, such as a depth and an area, and its uncertainty.

    First order (GUM 5.1): good where the relative uncertainties are small against 1.

    .. math:: u(y) = |y| \sqrt{\sum_{ij} \rho_{ij} (u_i / x_i) (u_j / x_j)}

    Parameters
    ----------
    values, u, rho
        As of :func:`combine`; units may differ.

    Examples
    --------
    >>> volume, uncertainty = product([0.12, 455.5e6], [0.018, 0.0])
    >>> round(volume), round(uncertainty)
    (54660000, 8199000)
    """
    factors = np.asarray(values, dtype=float)
    # the derivative by each factor is the product of the others
    others = np.array([np.prod(np.delete(factors, n)) for n in range(factors.size)])
    _, uncertainty = combine(factors, u, rho, others)
    return float(factors.prod()), uncertainty


def through(
    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    value: ArrayLike,
    u: ArrayLike,
    u_share: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read values off a curve, with the uncertainty that follows.

    First order: the slope of the curve over one u to either side, so that a bend or
    an end of the table is seen, together with the uncertainty of the curve itself.

    Parameters
    ----------
    curve
        Such as ``StorageCurve.volume``; NaN outside what it knows.
    value, u : (n,)
        Levels or stages, and their standard uncertainty.
    u_share
        Standard uncertainty of the curve, as a share of what it gives.

    Returns
    -------
    tuple of numpy.ndarray : (n,)
        NaN where the value itself is outside the curve, or both sides are.
    """
    at, spread = np.broadcast_arrays(
        np.asarray(value, dtype=float), np.asarray(u, dtype=float)
    )
    found, low, high = (
        np.asarray(curve(at + side * spread)) for side in (0.0, -1.0, 1.0)
    )
    both = np.abs(high - low) / 2
    one = np.abs(np.where(np.isnan(low), high - found, found - low))
    slope = np.where(np.isnan(both), one, both)
    return found, np.hypot(slope, u_share * np.abs(found))


def _correlation(rho: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    if rho.ndim not in (0, 2) or (rho.ndim == 2 and rho.shape != (size, size)):
        raise UsageError(f"correlation is {rho.shape}; give a number or {(size, size)}")
    matrix = np.array(np.broadcast_to(rho, (size, size)))
    if not (np.abs(matrix) <= 1).all() or not np.array_equal(matrix, matrix.T):
        raise UsageError("a correlation lies between -1 and 1 and is symmetric")
    np.fill_diagonal(matrix, 1.0)
    return matrix
