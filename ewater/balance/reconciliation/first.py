"""The first fit of periods, and its tests: global, nodal, measurement (METHODS 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ewater.balance.reconciliation.gross import measurement_z
from ewater.balance.reconciliation.result import Standing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.reconciliation.estimate import Estimate
    from ewater.balance.reconciliation.inputs import Inputs
    from ewater.balance.reconciliation.structure import Structure

    Floats = NDArray[np.float64]

_SMALL = 1e-7  # of what a row adds up: rounding, no contradiction


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidates:
    """Where a gross error may be.

    Attributes
    ----------
    vectors : csc (row, candidate)
        What it does to the rows.
    directions : csc (variable, candidate)
    power : (candidate, period)
        Variance of the maximum-power statistic; 0 where an error would not show.
    """

    vectors: Any
    directions: Any
    power: Floats


def first_fit(
    fields: dict[str, NDArray[Any]],
    given: Inputs,
    found: Structure,
    fit: Estimate,
    periods: NDArray[np.intp],
) -> Candidates:
    """Write the fit and its tests into the fields of some periods."""
    variables = given.value.shape[0]
    candidates = _candidates(given, found, fit, periods)
    fields["value"][:, periods] = fit.value
    fields["u"][:, periods] = np.sqrt(fit.variance)
    fields["standing"][:, periods] = _standing(found)[:, None]
    redundant = found.redundant[:variables, None]
    adjustment = fields["raw"][:, periods] - fit.value
    fields["z"][:, periods] = _ratio(
        adjustment, np.where(redundant, fit.adjustment_variance, 0.0)
    )
    fields["z_power"][:, periods] = measurement_z(
        fit.multiplier, candidates.vectors, candidates.power
    )
    kind = slice(0, variables) if given.candidates is None else slice(variables, None)
    fields["alike"][:, periods] = found.alike[kind][:, None]
    pull = found.probes[:, :variables].T @ fit.multiplier
    fields["explained"][:, periods] = np.divide(
        adjustment * pull,
        fit.gamma,
        out=np.full(pull.shape, np.nan),
        where=fit.gamma > 0,
    )
    for name in ("gamma", "first_gamma"):
        fields[name][periods] = fit.gamma
    for name in ("dof", "first_dof"):
        fields[name][periods] = found.rank
    fields["nodal"][:, periods] = _ratio(
        fields["residual"][:, periods],
        found.spread.power(2) @ given.variance[:, periods],
    )
    dependent = found.dropped[found.row_place][:, None]
    fields["dependent"][:, periods] = dependent
    fields["contradictory"][:, periods] = dependent & (
        np.abs(fit.left) > _SMALL * fit.size
    )
    return candidates


def _ratio(value: Floats, variance: Floats) -> Floats:
    """Value over its standard deviation, NaN where that is 0."""
    ratio = np.full(value.shape, np.nan)
    size = np.sqrt(np.maximum(variance, 0.0))
    np.divide(value, size, out=ratio, where=size > 0)
    return ratio


def _candidates(
    given: Inputs, found: Structure, fit: Estimate, periods: NDArray[np.intp]
) -> Candidates:
    variables = given.value.shape[0]
    kind = slice(0, variables) if given.candidates is None else slice(variables, None)
    vectors = sparse.csc_array(found.probes[:, kind])
    directions = (
        sparse.eye_array(variables) if given.candidates is None else given.candidates
    )
    # what is certain has no error to look for
    if given.candidates is None:
        uncertain = np.diff(found.loading.indptr) > 0
    else:
        uncertain = given.variance[:, periods[0]] > 0
    uncertain = uncertain & found.redundant[kind]
    power = np.where(uncertain[:, None], fit.probe_variance[kind], 0.0)
    return Candidates(
        vectors=vectors, directions=sparse.csc_array(directions), power=power
    )


def _standing(found: Structure) -> NDArray[np.int8]:
    """How each variable stands, whatever its value."""
    variables = found.measured.size
    standing = np.where(
        found.redundant[:variables], Standing.REDUNDANT, Standing.NOT_REDUNDANT
    )
    standing[np.diff(found.loading.indptr) == 0] = Standing.FIXED
    standing[found.unmeasured] = np.where(
        found.observable, Standing.OBSERVABLE, Standing.UNOBSERVABLE
    )
    return standing.astype(np.int8)
