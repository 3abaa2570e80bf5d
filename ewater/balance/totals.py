"""Totals over flows: the one sum behind balances, terms, sectors and neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.matrices import csr, pattern
from ewater.terms import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.matrices import Matrix

STATUSES = tuple(Status)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Totals:
    """Sums over flows, one row per territory (and term, or sector), by period.

    Attributes
    ----------
    known : (row, period), m3
        Sum of what is known.
    missing : (row, period)
        Number of flows that are not.
    variance : (row, period), m6
        Of ``known``.
    weight : (status, row, period), m3
        Expected volume by status, in the order of `STATUSES`.
    covered : (row, period), m3
        Expected volume times time coverage.
    """

    known: NDArray[np.float64]
    missing: NDArray[np.int32]
    variance: NDArray[np.float64]
    weight: NDArray[np.float64]
    covered: NDArray[np.float64]

    def take(self, rows: slice | NDArray[np.intp]) -> Totals:
        """Keep some of the rows."""
        return Totals(
            known=self.known[rows],
            missing=self.missing[rows],
            variance=self.variance[rows],
            weight=self.weight[:, rows],
            covered=self.covered[rows],
        )

    def minus(self, other: Totals) -> Totals:
        """Difference of independent totals: all that is uncertain adds up."""
        return Totals(
            known=self.known - other.known,
            missing=self.missing + other.missing,
            variance=self.variance + other.variance,
            weight=self.weight + other.weight,
            covered=self.covered + other.covered,
        )

    def fields(self) -> dict[str, NDArray[Any]]:
        """Say what is shown of a total, by suffix; the value has none.

        The status is that of the largest share by expected volume. A total of no
        flows is zero; it has no coverage, and its status is unknown.
        """
        weight = self.weight.sum(axis=0)
        some = weight > 0
        divisor = np.where(some, weight, 1.0)
        status = np.full(weight.shape, Status.UNKNOWN, dtype=np.int8)
        largest = np.zeros(weight.shape)
        for kind, part in zip(STATUSES, self.weight, strict=True):
            status[part > largest] = kind
            np.maximum(largest, part, out=largest)
        return {
            "": np.where(self.missing > 0, np.nan, self.known),
            "_known": self.known,
            "_missing": self.missing,
            "_u": np.sqrt(self.variance),
            "_coverage": np.where(some, self.covered / divisor, np.nan),
            "_status": status,
            "_status_shares": np.moveaxis(self.weight / divisor, 0, -1),
        }


def totals(matrix: Matrix, flows: Flows, marks: Matrix | None = None) -> Totals:
    """Sum flows with coefficients.

    Uncertainty is summed over sources, not flows: coefficients reach the sources
    through ``flows.weights``, so flows that share an instrument are fully
    correlated and flows that do not are independent (METHODS 4, u2 = a S a').

    Parameters
    ----------
    matrix : csr (row, flow), 1
    flows
        From `ewater.balance.flows.resolve`.
    marks : csr (row, flow), optional
        Flows whose absence makes the row unknown; those with a coefficient if
        not given.
    """
    size = abs(matrix)
    over_parts = csr(matrix @ flows.weights)
    return Totals(
        known=matrix @ flows.known(),
        missing=count_missing(matrix if marks is None else marks, flows.unknown),
        variance=over_parts.power(2) @ flows.variance(),
        weight=_by_status(size, flows),
        covered=size @ (flows.expected * flows.coverage),
    )


def count_missing(marks: Matrix, unknown: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Count the unknown items of each row, (row, period)."""
    some = np.flatnonzero(unknown.any(axis=1))
    marked = pattern(csr(marks[:, some])).astype(np.int32)
    return np.asarray(marked @ unknown[some].astype(np.int32))


def _by_status(size: Matrix, flows: Flows) -> NDArray[np.float64]:
    """Sum expected volumes of each row by status, (status, row, period)."""
    result = np.zeros((len(STATUSES), size.shape[0], flows.expected.shape[1]))
    for place, kind in enumerate(STATUSES):
        is_kind = flows.status == kind
        some = np.flatnonzero(is_kind.any(axis=1))
        if some.size:
            weight = np.where(is_kind[some], flows.expected[some], 0.0)
            result[place] = size[:, some] @ weight
    return result
