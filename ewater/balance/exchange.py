"""What a territory exchanges with each of its neighbours: others of its kind, outsides.

A flow from account i to account j brings share_A(i) * share_B(j) of its volume from A
to B, so that what all neighbours give and take adds up to what crosses the border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.matrices import above, choice, csr, of_columns, pattern
from ewater.balance.totals import totals

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

#: Outsides with which water is exchanged by flows that have a place.
OUTSIDES = ("neighbour", "sea")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Exchange:
    """Water exchanged with each partner of a territory.

    Attributes
    ----------
    partners : (partner,)
        Codes of territories and of outside accounts between which something flows.
    kinds : (partner,)
        ``country``, ``basin``, ``district``, ``system``, ``neighbour`` or ``sea``.
    received, given, net : dict of (partner, period)
        As `ewater.balance.totals.Totals.fields` has them; ``net`` is ``received``
        less ``given``, with what one instrument does to both counted once.
    apportioned : (partner, period)
        An account on the way is held in part: only the net means something.
    came, went : csr (partner, flow)
        Coefficients of what is received, and of what is given.
    """

    partners: NDArray[np.str_]
    kinds: NDArray[np.str_]
    received: dict[str, NDArray[Any]]
    given: dict[str, NDArray[Any]]
    net: dict[str, NDArray[Any]]
    apportioned: NDArray[np.bool_]
    came: Matrix
    went: Matrix

    def lacking(
        self, ledger: Ledger, flows: Flows, period: int
    ) -> dict[str, list[list[str]]]:
        """Name the flows without data, for each way and partner of one period."""
        gap = flows.unknown[:, period]

        def names(matrix: Matrix) -> list[list[str]]:
            return [
                [str(ledger.flows[f]) for f in matrix[[n]].indices if gap[f]]
                for n in range(matrix.shape[0])
            ]

        return {
            "received": names(self.came),
            "given": names(self.went),
            "net": names(csr(self.came + self.went)),
        }


def exchange(
    ledger: Ledger, flows: Flows, territory: str, boundary: str = "managed"
) -> Exchange:
    """Find what a territory receives from and gives to each partner.

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    territory
        Its code; its partners are the territories of its kind that lie beside it, or
        beside those that hold it, the neighbour countries and the sea.
    boundary
        A name of `ewater.terms.BOUNDARIES`: kinds of account inside.

    Raises
    ------
    UsageError
        Unknown territory or boundary.
    """
    row = int(ledger.rows([territory])[0])
    inside = ledger.shares_inside(boundary)
    share = inside[[row]].toarray()[0]
    same = _beside(ledger, row)
    outside = np.flatnonzero(np.isin(ledger.account_kind, OUTSIDES))
    others = above([csr(inside[same]), choice(outside, ledger.accounts.size)])
    came = _between(others, share, ledger.flow_from, ledger.flow_to)
    went = _between(others, share, ledger.flow_to, ledger.flow_from)
    some = np.flatnonzero(np.diff(came.indptr) + np.diff(went.indptr))
    came, went = csr(came[some]), csr(went[some])
    count = some.size
    fields = totals(above([came, went, csr(came - went)]), flows).fields()
    received, given, net = (
        {name: array[n * count : (n + 1) * count] for name, array in fields.items()}
        for n in range(3)
    )
    codes = np.concatenate([ledger.territories[same], ledger.accounts[outside]])
    kinds = np.concatenate([ledger.territory_kind[same], ledger.account_kind[outside]])
    return Exchange(
        partners=codes[some],
        kinds=kinds[some],
        received=received,
        given=given,
        net=net,
        apportioned=_apportioned(ledger, row, csr(came + went), flows, boundary),
        came=came,
        went=went,
    )


def _beside(ledger: Ledger, row: int) -> NDArray[np.intp]:
    """Territories of one kind that, with one of them, cover what its kind covers."""
    kind = ledger.territory_kind
    outer = np.where(kind[ledger.territory_parent] == kind, ledger.territory_parent, -1)
    outer[ledger.territory_parent < 0] = -1
    line = [row]
    while outer[line[-1]] >= 0:
        line.append(int(outer[line[-1]]))
    near = (kind == kind[row]) & np.isin(outer, [-1, *line[1:]])
    near[line] = False
    return np.flatnonzero(near)


def _between(
    others: Matrix,
    share: NDArray[np.float64],
    theirs: NDArray[np.intp],
    ours: NDArray[np.intp],
) -> Matrix:
    """Coefficient of each flow with one end theirs and one ours, (partner, flow)."""
    made = csr(csr(others[:, theirs]).multiply(share[ours][None, :]))
    made.eliminate_zeros()
    return made


def _apportioned(
    ledger: Ledger, row: int, touched: Matrix, flows: Flows, boundary: str
) -> NDArray[np.bool_]:
    """Where a flow of an exchange touches an account that the territory divides."""
    held = of_columns(ledger.apportioned, ledger.inside(boundary))[[row]]
    divided = pattern(csr(held @ (ledger.ends("to") + ledger.ends("from"))))
    shared = csr(pattern(touched).multiply(divided.toarray()))
    return np.asarray((shared @ flows.valid.astype(float)) > 0)
