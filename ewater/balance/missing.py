"""Which flows and stocks a total lacks, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.account import QUANTITIES
from ewater.balance.crossing import Crossing
from ewater.balance.matrices import csr
from ewater.balance.sectors import sector_matrices
from ewater.balance.storage import unknown_changes, unmodelled
from ewater.balance.terms import (
    neighbour_matrices,
    neighbours_of,
    term_matrix,
    terms_of,
)
from ewater.errors import UsageError
from ewater.terms import SECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Missing:
    """What is unknown, and in which totals it would count.

    Attributes
    ----------
    ledger : Ledger
    boundary
        The boundary that the account was drawn with.
    flow_marks : dict of csr (territory, flow)
        By quantity: ``inflow``, ``outflow``, ``net_inflow``, ``residual``, a term
        (``abstraction``), a measure of a sector (``agriculture.use``) or an exchange
        with a neighbour (``GE.inflow``).
    stock_marks : csr (territory, account)
    unknown_flows : (flow, period), bool
    unknown_stocks : (account, period), bool
    """

    ledger: Ledger
    boundary: str | tuple[str, ...]
    flow_marks: dict[str, Matrix]
    stock_marks: Matrix
    unknown_flows: NDArray[np.bool_]
    unknown_stocks: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        flows: Flows,
        stocks: xr.Dataset,
        *,
        boundary: str | Iterable[str] = "managed",
    ) -> Missing:
        """Prepare to name what the account, its terms and its sectors lack.

        Parameters
        ----------
        ledger, flows, stocks, boundary
            As for `ewater.balance.account.account_of`.
        """
        kinds = boundary if isinstance(boundary, str) else tuple(boundary)
        rows = ledger.rows()
        crossing = Crossing.of(ledger, kinds, rows)
        inward, outward = crossing.marks()
        marks = {
            "inflow": inward,
            "outflow": outward,
            "net_inflow": crossing.net,
            "residual": crossing.net,
        }
        names = terms_of(ledger)
        by_term = term_matrix(ledger, rows)
        marks |= {
            name: csr(by_term[place :: len(names)]) for place, name in enumerate(names)
        }
        marks |= {
            f"{sector}.{measure}": csr(matrix[place :: len(SECTORS)])
            for measure, matrix in sector_matrices(ledger, rows).items()
            for place, sector in enumerate(SECTORS)
        }
        others = [str(code) for code in neighbours_of(ledger)]
        marks |= {
            f"{other}.{way}": csr(matrix[place :: len(others)])
            for way, matrix in neighbour_matrices(ledger, rows).items()
            for place, other in enumerate(others)
        }
        return cls(
            ledger=ledger,
            boundary=kinds,
            flow_marks=marks,
            stock_marks=ledger.shares_inside(kinds),
            unknown_flows=flows.unknown,
            unknown_stocks=unknown_changes(ledger, flows.bounds, stocks),
        )

    def missing(self, territory: str, period: int, quantity: str) -> list[str]:
        """Name what is unknown in a total, in order of code.

        Parameters
        ----------
        territory
            Its code.
        period
            Its position.
        quantity
            As in ``flow_marks``, or ``storage_change``.

        Returns
        -------
        list of str
            Codes of flows; for ``storage_change`` of accounts; for ``residual`` of
            both, flows first.

        Raises
        ------
        UsageError
            Unknown territory or quantity.
        """
        if quantity not in self.flow_marks and quantity != "storage_change":
            known = ", ".join([*QUANTITIES, *self.flow_marks])
            raise UsageError(f"no quantity {quantity!r}; use one of {known}")
        row = int(self.ledger.rows([territory])[0])
        return self.missing_at(row, period, quantity)

    def missing_at(self, row: int, period: int, quantity: str) -> list[str]:
        """Name what is unknown, as `missing` does, by the row of the territory."""
        codes: list[str] = []
        if quantity in self.flow_marks:
            marks = self.flow_marks[quantity]
            unknown = self.unknown_flows[:, period]
            codes += _named(marks, row, unknown, self.ledger.flows)
        if quantity in ("storage_change", "residual"):
            unknown = self.unknown_stocks[:, period]
            codes += _named(self.stock_marks, row, unknown, self.ledger.accounts)
        return codes

    def not_modelled(self, territory: str) -> list[str]:
        """Name the accounts inside a territory that have no stock."""
        rows = self.ledger.rows([territory])
        where = unmodelled(self.ledger, self.boundary, rows)[0]
        return [str(code) for code in self.ledger.accounts[where]]


def _named(
    marks: Matrix, row: int, unknown: NDArray[np.bool_], codes: NDArray[np.str_]
) -> list[str]:
    items = np.sort(marks.indices[marks.indptr[row] : marks.indptr[row + 1]])
    return [str(code) for code in codes[items[unknown[items]]]]
