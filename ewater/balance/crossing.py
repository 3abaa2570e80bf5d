"""How flows cross the boundary of a territory: in, out, or out and back in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.matrices import csr, filled, positive

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
    both_ways : csr (territory, pair)
        1 where water leaves a territory and comes back; a pair of flows that does
        so in several territories is there once for each.
    leaves, returns : (pair,)
        The flow that leaves, and the one by which that water comes back.
    share_out, share_in : (pair,)
        Their coefficients in the territory; they differ where water leaves from an
        account that is ours in part and comes back to one that is ours.
    """

    net: Matrix
    inward: Matrix
    outward: Matrix
    apportioned: Matrix
    both_ways: Matrix
    leaves: NDArray[np.intp]
    returns: NDArray[np.intp]
    share_out: NDArray[np.float64]
    share_in: NDArray[np.float64]

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
        out, back = csr(outward[:, leaves]), csr(inward[:, returns])
        place, pair = out.multiply(back).nonzero()
        return cls(
            net=net,
            inward=inward,
            outward=outward,
            apportioned=csr(ledger.apportioned_flows(kinds)[rows]),
            both_ways=filled(place, np.arange(pair.size), 1.0, (rows.size, pair.size)),
            leaves=leaves[pair],
            returns=returns[pair],
            share_out=out.toarray()[place, pair],
            share_in=back.toarray()[place, pair],
        )

    def chosen(
        self, flows: NDArray[np.intp], share: NDArray[np.float64] | float = 1.0
    ) -> Matrix:
        """Matrix (pair, flow) with the share at the flow of each pair."""
        shape = (flows.size, self.net.shape[1])
        return filled(np.arange(flows.size), flows, share, shape)

    def marks(self) -> tuple[Matrix, Matrix]:
        """Flows whose absence makes gross inflow, and gross outflow, unknown.

        Each flow of a pair is in both: how much of the one comes back is known
        only with the other.
        """
        left, returned = (
            self.both_ways @ self.chosen(f) for f in (self.leaves, self.returns)
        )
        return csr(self.inward + left), csr(self.outward + returned)
