"""Futures of flows and stocks to futures of the totals of territories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.crossing import Crossing
from ewater.balance.matrices import csr, pattern
from ewater.balance.sectors import sector_matrices
from ewater.terms import SECTORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]

#: What is shown of a territory, besides the use of each sector (``use.SECTOR``).
QUANTITIES = (
    "inflow",
    "outflow",
    "net_inflow",
    "storage",
    "storage_change",
    "use",
    "losses",
)
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


class Totals:
    """Totals of some territories, for every month and future.

    Parameters
    ----------
    ledger
        Of the forecast.
    flow : (flow, lead, ...), m3
        NaN where unknown.
    accounts, stock : (stock,), (stock, 1 + lead, ...), m3
    territories
        Codes.
    """

    def __init__(
        self,
        ledger: Ledger,
        flow: Floats,
        accounts: NDArray[np.str_],
        stock: Floats,
        territories: Sequence[str],
        boundary: str = "managed",
    ) -> None:
        self.ledger, self.codes = ledger, list(territories)
        self._rows = ledger.rows(self.codes)
        self._flow, self._stock = flow, stock
        self._unknown = np.isnan(flow).reshape(flow.shape[0], -1).any(axis=1)
        self._crossing = Crossing.of(ledger, boundary, self._rows)
        place = np.searchsorted(ledger.accounts, accounts)
        inside = ledger.shares_inside(boundary)[self._rows]
        self._held = csr(csr(inside)[:, place])
        self._sectors = sector_matrices(ledger, self._rows)["use"]

    def names(self) -> list[str]:
        """Everything there is, in the order of the tables."""
        return [*QUANTITIES, *(f"use.{sector}" for sector in SECTORS)]

    def __call__(self, name: str) -> Floats:
        """One quantity, (territory, lead, ...), m3; NaN where a part is unknown.

        ``storage`` is that at the end of each month.
        """
        match name:
            case "inflow" | "outflow":
                return self._gross(name)
            case "net_inflow":
                return self._of_flows(self._crossing.net)
            case "storage":
                return self._times(self._held, self._stock[:, 1:])
            case "storage_change":
                return self._times(self._held, np.diff(self._stock, axis=1))
            case "use":
                return self._of_flows(self._all_sectors())
            case "losses":
                lost = self.ledger.flow_term == "losses_in_conveyance"
                share = csr(
                    self.ledger.membership[self._rows] @ self.ledger.ends("from")
                )
                return self._of_flows(csr(share * lost[None, :]))
        return self._of_flows(self._sector(name.partition(".")[2]))

    def missing(self, name: str, territory: int) -> list[str]:
        """Flows or accounts without which a quantity is unknown."""
        if name.startswith("storage"):
            lost = np.isnan(self._stock).reshape(self._stock.shape[0], -1).any(axis=1)
            part = self._held[[territory]].toarray()[0] != 0
            return [f"stock {n}" for n in np.flatnonzero(part & lost)]
        return [str(c) for c in self.ledger.flows[self._touching(name, territory)]]

    def _touching(self, name: str, territory: int) -> NDArray[np.bool_]:
        matrix = {
            "inflow": self._crossing.inward,
            "outflow": self._crossing.outward,
            "use": self._all_sectors(),
        }.get(name)
        if matrix is None:
            sector = name.partition(".")[2]
            matrix = self._sector(sector) if sector else self._crossing.net
        return np.asarray((matrix[[territory]].toarray()[0] != 0) & self._unknown)

    def _sector(self, sector: str) -> Matrix:
        count = len(SECTORS)
        rows = np.arange(len(self.codes)) * count + SECTORS.index(sector)
        return csr(self._sectors[rows])

    def _all_sectors(self) -> Matrix:
        result = self._sector(SECTORS[0])
        for sector in SECTORS[1:]:
            result = csr(result + self._sector(sector))
        return result

    def _of_flows(self, matrix: Matrix) -> Floats:
        return self._times(matrix, self._flow)

    def _times(self, matrix: Matrix, table: Floats) -> Floats:
        """Multiply (row, item) by (item, ...), unknown where an item of a row is."""
        flat = table.reshape(table.shape[0], -1)
        gap = np.isnan(flat)
        result = np.asarray(matrix @ np.where(gap, 0.0, flat))
        if gap.any():
            result[(pattern(matrix) @ gap.astype(float)) > 0] = np.nan
        return result.reshape(-1, *table.shape[1:])

    def _gross(self, name: str) -> Floats:
        """Gross inflow or outflow, without what leaves and comes back."""
        crossing = self._crossing
        matrix = crossing.inward if name == "inflow" else crossing.outward
        total = self._of_flows(matrix)
        if crossing.leaves.size:
            shape = (-1, *([1] * (self._flow.ndim - 1)))
            smaller = np.minimum(
                crossing.share_out.reshape(shape) * self._flow[crossing.leaves],
                crossing.share_in.reshape(shape) * self._flow[crossing.returns],
            )
            total = total - self._times(crossing.both_ways, smaller)
        split = np.diff(crossing.apportioned.indptr) > 0
        total[split] = np.nan
        return total


def summary(values: Floats) -> dict[str, Any]:
    """Mean and quantiles over the futures of one figure; None where unknown."""
    if np.isnan(values).any():
        return {"mean": None, "quantiles": None}
    quantiles = np.quantile(values, LEVELS, method="weibull")
    return {
        "mean": float(values.mean()),
        "quantiles": {
            f"{level:g}": float(value)
            for level, value in zip(LEVELS, quantiles, strict=True)
        },
    }
