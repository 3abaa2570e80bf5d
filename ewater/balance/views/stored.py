"""Stocks and capacities as cells need them: at both ends of each period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ewater.balance.expected import expected_volume
from ewater.balance.matrices import csr
from ewater.balance.storage import at_instants, change_of
from ewater.balance.totals import Totals, count_missing
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.storage import Changes

    Array = NDArray[np.float64]

#: What a cell can ask of an account, as blocks of its coefficients.
BLOCKS = ("opening", "closing", "change", "booked", "full", "dead")
_ENDS = ("opening", "closing", "change")  # the uncertain ones


@dataclass(frozen=True, eq=False, kw_only=True)
class Stored:
    """Volumes of all accounts, by block, (account, period).

    ``volume`` holds NaN where a modelled stock is unknown and 0 where none is
    modelled; ``random`` and ``fraction`` are those of the two instants. ``booked`` is
    what a new storage curve changed in the books: closing = opening + change + booked.
    """

    volume: Mapping[str, Array]
    modelled: NDArray[np.bool_]
    random: tuple[Array, Array]
    fraction: Array
    changes: Changes | None = None

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        bounds: NDArray[np.int64],
        stocks: xr.Dataset,
        capacity: Mapping[str, NDArray[np.float64]],
        changes: Changes | None = None,
    ) -> Stored:
        """Lay out stocks and capacities.

        Parameters
        ----------
        ledger, bounds, stocks
            As for `ewater.balance.storage.storage_change`.
        capacity
            ``full`` and ``dead``, (account,) m3, NaN where not given.
        changes
            Errors of changes that were reconciled with the flows.
        """
        tables = at_instants(ledger, bounds, stocks)
        volume, random = tables["volume"], tables["random"]
        modelled = ledger.stock_valid(bounds)
        blocks = {
            "opening": volume[:, :-1],
            "closing": volume[:, 1:],
            "change": change_of(**tables)[0],
            "booked": tables["other"][:, 1:],
        }
        blocks |= {
            name: np.broadcast_to(capacity[name][:, None], modelled.shape)
            for name in ("full", "dead")
        }
        return cls(
            volume={
                name: np.where(modelled, block, 0.0) for name, block in blocks.items()
            },
            modelled=modelled,
            random=(_given(random[:, :-1]), _given(random[:, 1:])),
            fraction=_given(tables["fraction"][:, 1:]),
            changes=changes,
        )

    def totals(self, block: str, matrix: Matrix) -> Totals:
        """Sum one block; the variance is that of `covariance`, of all together."""
        volume = self.volume[block]
        unknown = np.isnan(volume)
        expected = expected_volume(volume, self.modelled)
        size = abs(matrix)
        covered = size @ np.where(unknown, 0.0, expected)
        weight = {Status.MEASURED: covered}
        if unknown.any():
            weight[Status.UNKNOWN] = size @ np.where(unknown, expected, 0.0)
        return Totals(
            known=matrix @ _given(volume),
            missing=count_missing(matrix, unknown),
            variance=np.zeros((matrix.shape[0], volume.shape[1])),
            weight=weight,
            covered=covered,
        )

    def covariance(
        self, left: Mapping[str, Matrix], right: Mapping[str, Matrix]
    ) -> Array:
        """Covariance of rows of two sets of coefficients, (row, period), m6.

        Both instants have a random error of their own; the error of the curve is
        common to them and in proportion to the volume, so that of a change is in
        proportion to the change. Capacities, and what is booked, are certain.
        """
        both = np.isfinite(self.volume["change"])
        if not all(any(rows[name].nnz for name in _ENDS) for rows in (left, right)):
            return np.zeros((left["change"].shape[0], both.shape[1]))
        if self.changes is None:
            total = self._product(left, right, both, with_change=True)
            return total + self._product(left, right, ~both, with_change=False)
        apart = ~self.changes.reconciled[:, None]
        total = self._product(left, right, both & apart, with_change=True)
        total += self._product(left, right, ~both & apart, with_change=False)
        return total + self._openings(left, right, both & ~apart)

    def _openings(
        self,
        left: Mapping[str, Matrix],
        right: Mapping[str, Matrix],
        where: NDArray[np.bool_],
    ) -> Array:
        """Covariance of stocks that are the opening one and a reconciled change."""
        mine, theirs = (csr(r["opening"] + r["closing"]) for r in (left, right))
        of_curve = _given(self.volume["opening"]) * self.fraction
        own = np.where(where, self.random[0] ** 2 + of_curve**2, 0.0)
        return np.asarray(csr(mine.multiply(theirs)) @ own)

    def in_parts(self, rows: Mapping[str, Matrix], origin: NDArray[np.str_]) -> Matrix:
        """Coefficients of the parts of flows that reconciled changes bring in."""
        if self.changes is None:
            nothing = (rows["change"].shape[0], origin.size)
            return csr(sparse.csr_array(nothing))
        return csr(csr(rows["change"] + rows["closing"]) @ self.changes.over(origin))

    def _product(
        self,
        left: Mapping[str, Matrix],
        right: Mapping[str, Matrix],
        where: NDArray[np.bool_],
        *,
        with_change: bool,
    ) -> Array:
        def parts(rows: Mapping[str, Matrix]) -> tuple[Matrix, ...]:
            """Coefficients of opening, closing and, in changes, of what is booked."""
            if not with_change:
                return rows["opening"], rows["closing"], csr(0.0 * rows["change"])
            change = rows["change"]
            ends = csr(rows["opening"] - change), csr(rows["closing"] + change)
            return *ends, csr(-change)

        mine, theirs = parts(left), parts(right)
        of_curve = [
            np.where(where, _given(self.volume[name]) * self.fraction, 0.0)
            for name in ("opening", "closing", "booked")
        ]
        total: Array = np.zeros((mine[0].shape[0], where.shape[1]))
        for a, u in zip(mine, of_curve, strict=True):
            for b, v in zip(theirs, of_curve, strict=True):
                total += csr(a.multiply(b)) @ (u * v)
        for a, b, name, random in zip(
            mine[:2], theirs[:2], ("opening", "closing"), self.random, strict=True
        ):
            known = where & np.isfinite(self.volume[name])
            total += csr(a.multiply(b)) @ np.where(known, random**2, 0.0)
        return total


def _given(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)
