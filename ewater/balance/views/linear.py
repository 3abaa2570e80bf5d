"""Sums over a basis: value, gaps, uncertainty, coverage, and who is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.matrices import csr, pattern
from ewater.balance.totals import Totals, count_missing, totals
from ewater.balance.views import stored
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix
    from ewater.balance.views.basis import Basis
    from ewater.balance.views.coefficients import Rows
    from ewater.balance.views.formulas import Dual

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Fields:
    """One cell, (territory, period); ``value`` is NaN where anything is unknown.

    ``u`` is that of ``known``; a ratio has no known part. ``shares`` are by status,
    (territory, period, status). ``why`` says what makes a value unknown besides
    what is missing: ``apportioned`` or ``divided by zero``.
    """

    value: Array
    known: Array
    u: Array
    coverage: Array
    status: NDArray[np.int8]
    shares: Array
    apportioned: NDArray[np.bool_]
    lacks: NDArray[np.bool_]
    not_modelled: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear:
    """Sums, (row, period); rows are territories, of one cell or of several.

    Attributes
    ----------
    basis, rows
        What is summed, with which coefficients.
    totals
        Known part, gaps, variance and weights of all blocks together.
    apportioned : (row, period), bool
        The sum would need to divide an account; it has no value.
    lacks_input
        It needs an input that nobody gives.
    """

    basis: Basis
    rows: Rows
    totals: Totals
    apportioned: NDArray[np.bool_]
    lacks_input: bool = False

    @cached_property
    def lacks(self) -> NDArray[np.bool_]:
        """Where something is missing, (row, period)."""
        return np.asarray((self.totals.missing > 0) | self.lacks_input)

    @cached_property
    def value(self) -> Array:
        """The sum, NaN where anything is missing or it is apportioned."""
        return np.where(self.lacks | self.apportioned, np.nan, self.totals.known)

    @cached_property
    def coverage_share(self) -> Array:
        """Observed share of the time, by expected volume; see `Totals.fields`."""
        found: Array = self._shown["_coverage"]
        return found

    @cached_property
    def known_share(self) -> Array:
        """Share of the expected volume that is known."""
        whole = sum(self.totals.weight.values(), np.zeros(self.totals.known.shape))
        unknown = self.totals.weight.get(Status.UNKNOWN, np.zeros_like(whole))
        some = whole > 0
        share: Array = np.divide(
            whole - unknown, whole, out=np.full(whole.shape, np.nan), where=some
        )
        return share

    @cached_property
    def _shown(self) -> dict[str, NDArray[Any]]:
        return self.totals.fields()

    def fields(self) -> Fields:
        """Say what is shown of the sum."""
        hidden = self.apportioned
        unknown = hidden | self.lacks_input
        return Fields(
            value=self.value,
            known=np.where(hidden, np.nan, self.totals.known),
            u=np.where(unknown, np.nan, np.sqrt(self.totals.variance)),
            coverage=self._shown["_coverage"],
            status=np.where(self.lacks_input, Status.UNKNOWN, self._shown["_status"]),
            shares=self._shown["_status_shares"],
            apportioned=hidden,
            lacks=self.lacks,
        )

    def take(self, rows: slice, lacks_input: bool) -> Linear:
        """Keep some of the rows."""
        return replace(
            self,
            rows=_Taken(self.rows, rows),
            totals=self.totals.take(rows),
            apportioned=self.apportioned[rows],
            lacks_input=lacks_input,
        )

    def covariance(self, other: Linear) -> Array:
        """Covariance with other sums, row by row, (row, period), m6."""
        mine, theirs = self.parts, other.parts
        over_flows = csr(mine.multiply(theirs)) @ self.basis.flows.variance
        inputs = csr(self.rows["input"].multiply(other.rows["input"]))
        _, variance = self.basis.given
        return np.asarray(
            over_flows
            + self.basis.stored.covariance(self.rows, other.rows)
            + inputs @ np.nan_to_num(variance)
        )

    @cached_property
    def parts(self) -> Matrix:
        """Coefficients of the sources, so that what is shared is correlated."""
        return _parts(self.basis, self.rows)

    def missing(self, row: int, period: int) -> list[str]:
        """Name the flows, stocks and inputs that are unknown, in order of code."""
        named: list[str] = []
        for block, (unknown, codes) in self.basis.unknown.items():
            marks = self._marks if block == "flow" else self.rows[block]
            named += _named(marks, row, unknown[:, period], codes)
        return list(dict.fromkeys(named))

    @cached_property
    def _marks(self) -> Matrix:
        """Flows whose absence makes each row unknown."""
        return self.basis.marks(self.rows["flow"])

    def coefficients(self, row: int) -> dict[str, float]:
        """Coefficient of each flow in a row, by code."""
        found = csr(self.rows["flow"][[row]])
        codes = self.basis.flows.codes[found.indices]
        return {str(c): float(v) for c, v in zip(codes, found.data, strict=True) if v}


class _Taken(dict[str, "Matrix"]):
    """Some rows of coefficients, each block taken when it is first asked for."""

    def __init__(self, whole: Rows, rows: slice) -> None:
        super().__init__()
        self._whole, self._rows = whole, rows

    def __missing__(self, block: str) -> Matrix:
        """Take a block."""
        found = self[block] = csr(self._whole[block][self._rows])
        return found


def _parts(basis: Basis, rows: Rows) -> Matrix:
    flows = basis.flows
    stored = basis.stored.in_parts(rows, flows.origin)
    return csr(rows["flow"] @ flows.weights + stored)


def _named(
    marks: Matrix, row: int, unknown: NDArray[np.bool_], codes: NDArray[np.str_]
) -> list[str]:
    mine = slice(marks.indptr[row], marks.indptr[row + 1])
    items = marks.indices[mine]
    items = items[unknown[items] & (marks.data[mine] != 0)]
    return [str(code) for code in codes[np.unique(items)]] if items.size else []


def evaluated(basis: Basis, rows: Rows) -> Linear:
    """Sum a basis with coefficients, one row for each of theirs."""
    flows = totals(rows["flow"], basis.flows, basis.marks(rows["flow"]))
    if basis.stored.changes is not None:
        errors = _parts(basis, rows).power(2) @ basis.flows.variance
        flows = replace(flows, variance=np.asarray(errors))
    parts = [flows]
    parts += [basis.stored.totals(name, rows[name]) for name in stored.BLOCKS]
    parts.append(_input_totals(basis, rows["input"]))
    whole = Totals.sum_of(parts)
    crossed = pattern(rows["gross"]) @ basis.flows.valid[
        : basis.ledger.flows.size
    ].astype(float)
    return Linear(
        basis=basis,
        rows=rows,
        totals=replace(
            whole,
            variance=whole.variance + basis.stored.covariance(rows, rows),
        ),
        apportioned=np.asarray(crossed > 0),
    )


def variance(dual: Dual, of: Mapping[str, Linear]) -> Array | float:
    """First-order variance of a value, from those of the sums it is made of (GUM).

    Parameters
    ----------
    dual
        The value with its gradient.
    of
        The sums, by the names of the gradient.
    """
    names = list(dual.gradient)
    total: Array | float = 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is unknown
        for place, first in enumerate(names):
            for second in names[place:]:
                shared = of[first].covariance(of[second])
                twice = 1.0 if first == second else 2.0
                total = total + (
                    twice * dual.gradient[first] * dual.gradient[second] * shared
                )
    return np.maximum(total, 0.0)  # a difference of equals may fall below by a bit


def _input_totals(basis: Basis, matrix: Matrix) -> Totals:
    value, variance = basis.given
    unknown = np.isnan(value)
    size = abs(matrix)
    weight = {Status.REPORTED: size @ np.abs(np.where(unknown, 0.0, value))}
    if unknown.any():
        weight[Status.UNKNOWN] = size @ unknown.astype(float)
    return Totals(
        known=matrix @ np.where(unknown, 0.0, value),
        missing=count_missing(matrix, unknown),
        variance=matrix.power(2) @ np.where(unknown, 0.0, np.nan_to_num(variance)),
        weight=weight,
        covered=weight[Status.REPORTED].copy(),
    )
