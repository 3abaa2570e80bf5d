"""What is to be reconciled, checked and brought to one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ewater.balance.matrices import csr, filled
from ewater.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]

_ROUNDING = 1e-10  # of the largest variance: eigenvalues below zero by no more


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inputs:
    """Variables, rows and errors.

    Attributes
    ----------
    matrix : csr (row, variable)
        Rows multiplied by ``scale``, so that the largest entry of each is 1.
    scale : (row,)
    constant : (row, period)
        Scaled like the rows.
    value : (variable, period)
    measured : (variable, period), bool
        A value with a known uncertainty.
    loading : csr (variable, factor)
    variance : (factor, period)
        0 where it is not known: what it acts on counts as not measured.
    candidates : csr (variable, candidate) or None
        Where a gross error may be; None: in the variables.
    lower, upper : (variable, period)
    """

    matrix: Matrix
    scale: Floats
    constant: Floats
    value: Floats
    measured: NDArray[np.bool_]
    loading: Matrix
    variance: Floats
    candidates: Matrix | None
    lower: Floats
    upper: Floats


def read(
    matrix: Any,
    value: ArrayLike,
    u: ArrayLike | None,
    covariance: ArrayLike | None,
    loading: Any,
    by_factor: bool,
    constant: ArrayLike,
    bounds: tuple[ArrayLike, ArrayLike],
) -> Inputs:
    """Check and complete what `ewater.balance.reconciliation.solve.solve` is given."""
    rows = csr(matrix).astype(float)
    rows.eliminate_zeros()
    count, variables = rows.shape
    values = _columns(value, "value", variables)
    periods = values.shape[1]
    errors, acts_on = _errors(u, covariance, loading, variables, periods)
    if not np.isfinite(rows.data).all():
        raise UsageError("the matrix must be finite")
    largest = np.ones(count)
    if rows.nnz:
        largest = abs(rows).max(axis=1).toarray().ravel()
    scale = 1.0 / np.where(largest > 0, largest, 1.0)
    right = _columns(constant, "constant", count, periods)
    lower, upper = (_columns(bound, "bounds", variables, periods) for bound in bounds)
    if (lower > upper).any():
        where = np.flatnonzero((lower > upper).any(axis=1))
        raise UsageError(f"bounds cross for variables {(where + 1).tolist()}")
    vague = abs(acts_on) @ np.isnan(errors).astype(float) > 0
    return Inputs(
        matrix=csr(sparse.diags_array(scale) @ rows),
        scale=scale,
        constant=right * scale[:, None],
        value=values,
        measured=np.isfinite(values) & ~vague,
        loading=acts_on,
        variance=np.nan_to_num(errors**2, nan=0.0),
        candidates=acts_on if by_factor else None,
        lower=lower,
        upper=upper,
    )


def _columns(
    array: ArrayLike, what: str, size: int, periods: int | None = None
) -> Floats:
    """As (item, period); spread over ``periods`` where it has one."""
    result = np.asarray(array, dtype=float)
    if result.ndim == 0:
        result = np.full(size, result)
    if result.ndim == 1:
        result = result[:, None]
    if result.ndim != 2 or result.shape[0] != size:
        raise UsageError(f"{what} is {np.shape(array)}; {size} are needed")
    if periods is None or result.shape[1] == periods:
        return result
    if result.shape[1] != 1:
        raise UsageError(f"{what} has {result.shape[1]} periods, value has {periods}")
    return np.repeat(result, periods, axis=1)


def _errors(
    u: ArrayLike | None,
    covariance: ArrayLike | None,
    loading: Any,
    variables: int,
    periods: int,
) -> tuple[Floats, Matrix]:
    """Independent errors, (factor, period), and what they act on."""
    if covariance is not None:
        if u is not None or loading is not None:
            raise UsageError("give a covariance, or u and a loading, not both")
        acts_on = _root(np.asarray(covariance, dtype=float), variables)
        return np.ones((acts_on.shape[1], periods)), acts_on
    acts_on = csr(sparse.eye_array(variables) if loading is None else loading).astype(
        float
    )
    if acts_on.shape[0] != variables:
        raise UsageError(f"loading is {acts_on.shape}, not ({variables}, factor)")
    errors = _columns(np.nan if u is None else u, "u", acts_on.shape[1], periods)
    if (errors < 0).any() or np.isinf(errors).any():
        where = np.flatnonzero(((errors < 0) | np.isinf(errors)).any(axis=1))
        raise UsageError(
            f"u of {(where + 1).tolist()} is negative or infinite; a standard "
            "uncertainty is neither, and NaN says that it is not known"
        )
    return errors, acts_on


def _root(covariance: Floats, variables: int) -> Matrix:
    """F with F F' = V, sparse by blocks of correlated variables."""
    if covariance.shape != (variables, variables):
        raise UsageError(f"covariance is {covariance.shape}; {variables} squared fits")
    if (
        not np.array_equal(covariance, covariance.T)
        or not np.isfinite(covariance).all()
    ):
        raise UsageError("a covariance is symmetric and finite")
    count, block = sparse.csgraph.connected_components(
        sparse.csr_array(covariance), directed=False
    )
    entries = []
    for number in range(count):
        within = np.flatnonzero(block == number)
        size, direction = np.linalg.eigh(covariance[np.ix_(within, within)])
        if size.min() < -_ROUNDING * max(size.max(), 0.0) or size.max() < 0:
            raise UsageError(
                f"the covariance of variables {(within + 1).tolist()} gives some sum "
                "of them a negative variance"
            )
        place = tuple(np.meshgrid(within, within, indexing="ij"))
        entries.append((direction * np.sqrt(np.maximum(size, 0.0)), place))
    value, row, column = (
        np.concatenate([np.ravel(part) for part in parts])
        for parts in zip(*((v, r, c) for v, (r, c) in entries), strict=True)
    )
    root = filled(row, column, value, (variables, variables))
    root.eliminate_zeros()
    return root
