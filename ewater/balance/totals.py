"""Totals over flows: the one sum behind balances, terms, sectors and neighbours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.matrices import csr, pattern
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.matrices import Matrix

STATUSES = tuple(Status)
_BLOCK = 32  # rows at once, so that what is worked on stays in the cache
_WEIGHED = ("_coverage", "_status", "_status_shares")
_THREADS = 2  # numpy lets go of the interpreter; more gain little, memory is the limit


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
    weight : dict of (row, period), m3
        Expected volume, by the statuses that occur.
    covered : (row, period), m3
        Expected volume times time coverage.
    """

    known: NDArray[np.float64]
    missing: NDArray[np.int32]
    variance: NDArray[np.float64]
    weight: dict[Status, NDArray[np.float64]]
    covered: NDArray[np.float64]

    def take(self, rows: slice | NDArray[np.intp]) -> Totals:
        """Keep some of the rows."""
        return Totals(
            known=self.known[rows],
            missing=self.missing[rows],
            variance=self.variance[rows],
            weight={status: part[rows] for status, part in self.weight.items()},
            covered=self.covered[rows],
        )

    def replaced(self, rows: NDArray[np.intp], other: Totals) -> Totals:
        """Take some of the rows from another total."""

        def mixed(mine: NDArray[Any], theirs: Any) -> NDArray[Any]:
            result = mine.copy()
            result[rows] = theirs
            return result

        nothing = np.zeros_like(self.known)
        return Totals(
            known=mixed(self.known, other.known),
            missing=mixed(self.missing, other.missing),
            variance=mixed(self.variance, other.variance),
            weight={
                status: mixed(
                    self.weight.get(status, nothing), other.weight.get(status, 0.0)
                )
                for status in {**self.weight, **other.weight}
            },
            covered=mixed(self.covered, other.covered),
        )

    def minus(self, other: Totals) -> Totals:
        """Difference of independent totals: all that is uncertain adds up."""
        weight = dict(self.weight)
        for status, part in other.weight.items():
            weight[status] = weight[status] + part if status in weight else part
        return Totals(
            known=self.known - other.known,
            missing=self.missing + other.missing,
            variance=self.variance + other.variance,
            weight=weight,
            covered=self.covered + other.covered,
        )

    @staticmethod
    def sum_of(parts: Sequence[Totals]) -> Totals:
        """Sum independent totals of the same rows; at least one."""
        weight: dict[Status, NDArray[np.float64]] = {}
        for part in parts:
            for status, size in part.weight.items():
                weight[status] = weight[status] + size if status in weight else size
        first, *rest = parts
        return Totals(
            known=sum((p.known for p in rest), first.known),
            missing=sum((p.missing for p in rest), first.missing),
            variance=sum((p.variance for p in rest), first.variance),
            weight=weight,
            covered=sum((p.covered for p in rest), first.covered),
        )

    def fields(self) -> dict[str, NDArray[Any]]:
        """Say what is shown of a total, by suffix; the value has none.

        The status is that of the largest share by expected volume. A total of no
        flows is zero; it has no coverage, and its status is unknown.
        """
        shape = self.known.shape
        fields: dict[str, NDArray[Any]] = {
            "": self.known.copy(),
            "_known": self.known,
            "_missing": self.missing,
            "_u": np.sqrt(self.variance),
            "_coverage": np.full(shape, np.nan),
            "_status": np.full(shape, Status.UNKNOWN, dtype=np.int8),
            "_status_shares": np.moveaxis(np.zeros((len(STATUSES), *shape)), 0, -1),
        }
        np.copyto(fields[""], np.nan, where=self.missing > 0)
        for start in range(0, shape[0], _BLOCK):
            rows = slice(start, start + _BLOCK)
            self.take(rows)._weigh(*(fields[name][rows] for name in _WEIGHED))
        return fields

    def _weigh(
        self,
        coverage: NDArray[np.float64],
        status: NDArray[np.int8],
        shares: NDArray[np.float64],
    ) -> None:
        """Write coverage, status and shares by the expected volumes."""
        total = np.zeros(self.known.shape)
        largest = np.zeros(self.known.shape)
        for kind in sorted(self.weight):
            part = self.weight[kind]
            total += part
            np.copyto(status, np.int8(kind), where=part > largest)
            np.maximum(largest, part, out=largest)
        some = total > 0
        np.divide(self.covered, total, out=coverage, where=some)
        for kind, part in self.weight.items():
            share = shares[..., STATUSES.index(kind)]
            np.divide(part, total, out=share, where=some)


def shown(parts: Mapping[str, Totals]) -> dict[str, NDArray[Any]]:
    """Fields of several totals, by name and suffix."""
    with ThreadPoolExecutor(_THREADS) as pool:
        each = pool.map(Totals.fields, parts.values())
        return {
            f"{name}{suffix}": array
            for name, fields in zip(parts, each, strict=True)
            for suffix, array in fields.items()
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
    marks = matrix if marks is None else marks
    with ThreadPoolExecutor(_THREADS) as pool:
        known = pool.submit(lambda: matrix @ flows.known)
        variance = pool.submit(lambda: over_parts.power(2) @ flows.variance)
        covered = pool.submit(lambda: size @ flows.covered)
        weight = pool.submit(_by_status, size, flows)
        missing = pool.submit(count_missing, marks, flows.unknown)
        return Totals(
            known=known.result(),
            missing=missing.result(),
            variance=variance.result(),
            weight=weight.result(),
            covered=covered.result(),
        )


def count_missing(marks: Matrix, unknown: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Count the unknown items of each row, (row, period)."""
    some = np.flatnonzero(unknown.any(axis=1))
    marked = pattern(csr(marks[:, some])).astype(np.int32)
    return np.asarray(marked @ unknown[some].astype(np.int32))


def _by_status(size: Matrix, flows: Flows) -> dict[Status, NDArray[np.float64]]:
    """Sum expected volumes of each row, by the statuses that occur."""
    result = {}
    for kind in STATUSES:
        is_kind = flows.status == kind
        some = np.flatnonzero(is_kind.any(axis=1))
        if some.size:
            weight = flows.expected[some] * is_kind[some]
            result[kind] = np.asarray(size[:, some] @ weight)
    return result
