"""How flows cross the boundary of a territory: in, out, or out and back in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.matrices import choice, csr, positive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crossing:
    """How the flows cross the boundaries of some territories.

    Attributes
    ----------
    net, inward, outward, apportioned : csr (territory, flow)
        ``net`` is ``inward`` - ``outward``; both are positive.
    leaves, returns : (pair,)
        Flows that leave, and those by which that water comes back.
    both_ways : csr (territory, pair)
        The coefficient with which the pair leaves and comes back.
    """

    net: Matrix
    inward: Matrix
    outward: Matrix
    apportioned: Matrix
    leaves: NDArray[np.intp]
    returns: NDArray[np.intp]
    both_ways: Matrix

    @classmethod
    def of(
        cls, ledger: Ledger, boundary: str | Iterable[str], rows: NDArray[np.intp]
    ) -> Crossing:
        """Cut the ledger along the boundaries of the territories at ``rows``."""
        kinds = boundary if isinstance(boundary, str) else tuple(boundary)
        net = csr(ledger.coefficients(kinds)[rows])
        inward, outward = positive(net), positive(-net)
        leaves = np.flatnonzero(ledger.flow_re_enters >= 0)
        returns = ledger.flow_re_enters[leaves]
        return cls(
            net=net,
            inward=inward,
            outward=outward,
            apportioned=csr(ledger.apportioned_flows(kinds)[rows]),
            leaves=leaves,
            returns=returns,
            both_ways=csr(outward[:, leaves].minimum(inward[:, returns])),
        )

    def chosen(self, flows: NDArray[np.intp]) -> Matrix:
        """Matrix (pair, flow) with 1 at the flow of each pair."""
        return choice(flows, self.net.shape[1])

    def marks(self) -> tuple[Matrix, Matrix]:
        """Flows whose absence makes gross inflow, and gross outflow, unknown.

        Each flow of a pair is in both: how much of the one comes back is known
        only with the other.
        """
        left, returned = (
            self.both_ways @ self.chosen(f) for f in (self.leaves, self.returns)
        )
        return csr(self.inward + left), csr(self.outward + returned)
