"""Reconcile measured variables with linear rows: A x = b (METHODS 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.special import chdtrc

from ewater.balance.matrices import csr, pattern
from ewater.balance.reconciliation.estimate import Response, estimate
from ewater.balance.reconciliation.factor import fill_reducing
from ewater.balance.reconciliation.first import first_fit
from ewater.balance.reconciliation.inputs import read
from ewater.balance.reconciliation.result import RAW_STANDS, Reconciled, times
from ewater.balance.reconciliation.settle import Policy, settle
from ewater.balance.reconciliation.structure import structure
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from ewater.balance.reconciliation.inputs import Inputs
    from ewater.balance.reconciliation.result import Suspect

    Floats = NDArray[np.float64]
    Fields = dict[str, NDArray[Any]]


def solve(
    matrix: Any,
    value: ArrayLike,
    u: ArrayLike | None = None,
    *,
    covariance: ArrayLike | None = None,
    loading: Any = None,
    by_factor: bool = False,
    constant: ArrayLike = 0.0,
    lower: ArrayLike = -np.inf,
    upper: ArrayLike = np.inf,
    policy: Policy | None = None,
    names: dict[str, ArrayLike] | None = None,
    errors: bool = False,
) -> Reconciled:
    r"""Reconcile variables so that A x = b, period by period.

    .. math:: \min (x-y)^T V^{-1} (x-y) \quad\text{subject to}\quad A x = b

    Unmeasured variables are found where the rows determine them and stay NaN where
    they do not. Only the structure of the factor is shared between periods; V may
    change in each.

    Parameters
    ----------
    matrix : (row, variable)
        Sparse or dense; the same in all periods.
    value : (variable,) or (variable, period)
        NaN: not measured.
    u : like ``value``, or (factor, period) with ``loading``
        Standard uncertainty (k = 1). 0: certain. NaN: a value of unknown
        uncertainty cannot be weighed and counts as not measured.
    covariance : (variable, variable), optional
        V itself, instead of ``u``.
    loading : (variable, factor), optional
        Independent errors and the variables they act on, V = F diag(u^2) F'; so two
        variables that one instrument feeds are correlated.
    by_factor
        Look for gross errors in the factors, that is in instruments, and not in
        the variables.
    constant : (row,) or (row, period)
        b.
    lower, upper : (variable,) or (variable, period)
        Bounds.
    policy
        Levels and what follows from them.
    names
        Of ``variable``, ``row`` and ``candidate``; numbers from 1 if not given.
    errors
        Keep what the error of each factor does to each estimate (`Reconciled.errors`):
        for sums of them; it takes much room.

    Raises
    ------
    UsageError
        Shapes that do not fit, a negative uncertainty, a covariance that is none,
        bounds that cross.

    Examples
    --------
    >>> node = solve([[1, 1, -1]], [100, 50, 141], [4, 2, 4])
    >>> node.value[:, 0].round(6).tolist(), float(node.gamma[0].round(6))
    ([96.0, 49.0, 145.0], 2.25)
    """
    given = read(
        matrix, value, u, covariance, loading, by_factor, constant, (lower, upper)
    )
    labels = _labels(given, names or {})
    fields = _blank(given)
    policy = policy or Policy()
    order = fill_reducing(_touching(given))
    suspects: list[Suspect] = []
    kept: dict[int, Floats] = {}
    for periods in _patterns(given):
        found = structure(
            given.matrix,
            given.loading,
            given.candidates,
            given.measured[:, periods[0]],
            given.variance[:, periods[0]] > 0,
            order,
        )
        variance = given.variance[:, periods]
        fit = estimate(
            found, given.value[:, periods], variance, given.constant[:, periods]
        )
        candidates_of = first_fit(fields, given, found, fit, periods)
        named, cases = settle(
            fields, given, found, fit, periods, candidates_of, policy, labels
        )
        suspects += named
        for n, period in enumerate(periods if errors else ()):
            case = cases.get(int(period))
            kept[int(period)] = (
                case.errors()
                if case
                else Response(found, variance[:, n], fit.ridge[:, n]).errors()[1]
            )
    return _reconciled(given, fields, labels, suspects, kept)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Posterior:
    """Covariance of the estimates of one period.

    Attributes
    ----------
    period : int
        Position.
    variance : (variable,)
        NaN for what the rows leave open.
    along : callable
        Covariance of all estimates with a sum of them (`Response.along`).
    """

    period: int
    variance: Floats
    along: Callable[[Floats], Floats]


def responses(
    matrix: Any, value: ArrayLike, u: ArrayLike, loading: Any
) -> Iterator[Posterior]:
    """Give the covariance of the estimates of `solve`, period by period, in order.

    It depends on what is measured how well, not on the values. Parameters are those
    of `solve`.
    """
    given = read(matrix, value, u, None, loading, True, 0.0, (-np.inf, np.inf))
    order = fill_reducing(_touching(given))
    found: dict[int, Posterior] = {}
    for periods in _patterns(given):
        analysed = structure(
            given.matrix,
            given.loading,
            None,
            given.measured[:, periods[0]],
            given.variance[:, periods[0]] > 0,
            order,
        )
        variance = given.variance[:, periods]
        fit = estimate(
            analysed, given.value[:, periods], variance, given.constant[:, periods]
        )
        for n, period in enumerate(periods):
            response = Response(analysed, variance[:, n], fit.ridge[:, n])
            found[int(period)] = Posterior(
                period=int(period), variance=fit.variance[:, n], along=response.along
            )
    yield from (found[period] for period in sorted(found))


def _labels(given: Inputs, names: dict[str, ArrayLike]) -> dict[str, NDArray[np.str_]]:
    rows, variables = given.matrix.shape
    sizes = {"variable": variables, "row": rows, "candidate": variables}
    if given.candidates is not None:
        sizes["candidate"] = given.candidates.shape[1]
    elif "variable" in names:
        names = {"candidate": names["variable"], **names}
    labels = {}
    for dim, size in sizes.items():
        labels[dim] = np.asarray(names.get(dim, np.arange(1, size + 1)), dtype=np.str_)
        if labels[dim].shape != (size,):
            raise UsageError(f"{labels[dim].size} names for {size} of {dim}")
    return labels


def _touching(given: Inputs) -> Any:
    """Rows that share a variable or an error, csr (row, row)."""
    touched = pattern(given.matrix)
    spread = csr(touched @ pattern(given.loading))
    return csr(touched @ touched.T + spread @ spread.T)


def _patterns(given: Inputs) -> list[NDArray[np.intp]]:
    """Periods in which the same is measured, and the same is certain."""
    marks = np.concatenate([given.measured, given.variance > 0])
    packed = np.packbits(marks, axis=0).T
    _, group = np.unique(packed, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    starts = np.flatnonzero(np.diff(group.ravel()[order])) + 1
    return [part for part in np.split(order, starts) if part.size]


def _blank(given: Inputs) -> Fields:
    rows, periods = given.constant.shape
    variables = given.value.shape[0]
    count = variables if given.candidates is None else given.candidates.shape[1]
    raw = np.where(given.measured, given.value, np.nan)
    raw_u = np.sqrt(given.loading.power(2) @ given.variance)
    raw_u[~given.measured] = np.nan

    def gaps(size: int) -> Floats:
        return np.full((size, periods), np.nan)

    return {
        "raw": raw,
        "raw_u": raw_u,
        "value": raw.copy(),
        "u": raw_u.copy(),
        "standing": np.zeros((variables, periods), dtype=np.int8),
        "z": gaps(variables),
        "z_power": gaps(count),
        "explained": gaps(variables),
        "active": np.zeros((variables, periods), dtype=np.int8),
        "alike": np.full((count, periods), -1),
        "residual": times(given.matrix, raw) - given.constant,
        "nodal": gaps(rows),
        "dependent": np.zeros((rows, periods), dtype=bool),
        "contradictory": np.zeros((rows, periods), dtype=bool),
        "gamma": np.zeros(periods),
        "dof": np.zeros(periods, dtype=np.int64),
        "first_gamma": np.zeros(periods),
        "first_dof": np.zeros(periods, dtype=np.int64),
        "verdict": np.zeros(periods, dtype=np.int8),
    }


def _reconciled(
    given: Inputs,
    fields: Fields,
    labels: dict[str, NDArray[np.str_]],
    suspects: list[Suspect],
    errors: dict[int, Floats],
) -> Reconciled:
    """Let raw values stand where nothing else may, and scale rows back."""
    raw = np.isin(fields["verdict"], RAW_STANDS)
    fields["value"][:, raw] = fields["raw"][:, raw]
    fields["u"][:, raw] = fields["raw_u"][:, raw]
    fields["adjustment"] = fields["raw"] - fields["value"]
    fields["adjustment"][:, raw] = np.nan
    for name in ("", "first_"):
        dof = np.where(fields[f"{name}dof"] > 0, fields[f"{name}dof"], np.nan)
        fields[f"{name}p"] = np.asarray(chdtrc(dof, fields[f"{name}gamma"]))
    back = 1.0 / given.scale
    fields["residual"] *= back[:, None]
    return Reconciled(
        variables=labels["variable"],
        rows=labels["row"],
        candidates=labels["candidate"],
        matrix=csr(sparse.diags_array(back) @ given.matrix),
        constant=given.constant * back[:, None],
        suspects=tuple(sorted(suspects, key=lambda suspect: suspect.period)),
        errors=errors,
        **fields,
    )
