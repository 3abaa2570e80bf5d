"""Stocks and capacities as cells need them: at both ends of each period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.flows import expected_volume
from ewater.balance.matrices import csr
from ewater.balance.storage import at_instants
from ewater.balance.totals import Totals, count_missing
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

    Array = NDArray[np.float64]

#: What a cell can ask of an account, as blocks of its coefficients.
BLOCKS = ("opening", "closing", "change", "full", "dead")


@dataclass(frozen=True, eq=False, kw_only=True)
class Stored:
    """Volumes of all accounts, by block, (account, period).

    ``volume`` holds NaN where a modelled stock is unknown and 0 where none is
    modelled; ``random`` and ``fraction`` are those of the two instants.
    """

    volume: Mapping[str, Array]
    modelled: NDArray[np.bool_]
    random: tuple[Array, Array]
    fraction: Array

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        bounds: NDArray[np.int64],
        stocks: xr.Dataset,
        capacity: Mapping[str, NDArray[np.float64]],
    ) -> Stored:
        """Lay out stocks and capacities.

        Parameters
        ----------
        ledger, bounds, stocks
            As for `ewater.balance.storage.storage_change`.
        capacity
            ``full`` and ``dead``, (account,) m3, NaN where not given.
        """
        volume, random, fraction = at_instants(ledger, bounds, stocks)
        modelled = ledger.stock_valid(bounds)
        blocks = {
            "opening": volume[:, :-1],
            "closing": volume[:, 1:],
            "change": np.diff(volume, axis=1),
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
            fraction=_given(fraction[:, 1:]),
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
        proportion to the change. Capacities are certain.
        """
        both = np.isfinite(self.volume["change"])
        total = self._product(left, right, both, with_change=True)
        return total + self._product(left, right, ~both, with_change=False)

    def _product(
        self,
        left: Mapping[str, Matrix],
        right: Mapping[str, Matrix],
        where: NDArray[np.bool_],
        *,
        with_change: bool,
    ) -> Array:
        def ends(rows: Mapping[str, Matrix]) -> tuple[Matrix, Matrix]:
            if not with_change:
                return rows["opening"], rows["closing"]
            change = rows["change"]
            return csr(rows["opening"] - change), csr(rows["closing"] + change)

        (a0, a1), (b0, b1) = ends(left), ends(right)
        v0, v1 = (
            np.where(where, _given(self.volume[name]) * self.fraction, 0.0)
            for name in ("opening", "closing")
        )
        r0, r1 = (
            np.where(where & np.isfinite(self.volume[name]), random**2, 0.0)
            for name, random in zip(("opening", "closing"), self.random, strict=True)
        )
        crossed = csr(a0.multiply(b1) + a1.multiply(b0))
        return np.asarray(
            csr(a0.multiply(b0)) @ (r0 + v0**2)
            + csr(a1.multiply(b1)) @ (r1 + v1**2)
            + crossed @ (v0 * v1)
        )


def _given(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)
