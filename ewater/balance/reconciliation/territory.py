"""Reconciled totals of a territory, with the uncertainty that follows from V̂.

Gross inflow and outflow, storage change and residual are sums over flows and changes
of storage, so each is found in the same solve as they are (`variables.Total`). Water
that leaves and comes back is in a gross total only as far as the one exceeds the
other; the sums are asked for in each pattern of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress, product
from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.crossing import Crossing
from ewater.balance.matrices import csr
from ewater.balance.reconciliation.variables import Total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.reconcile import LedgerReconciliation

    Floats = NDArray[np.float64]

_FEW = 4  # pairs, of which every pattern is asked for
_EVEN = 1e-9  # of the largest volume: as much comes back as left
QUANTITIES = ("inflow", "outflow", "storage_change", "residual")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TerritoryTotals:
    """What to ask a reconciliation for, and how to read its answer.

    Attributes
    ----------
    totals : tuple of Total
        To be given to `reconcile.reconcile`, not coupled.
    net : mapping of flow or ``change of ACCOUNT`` to its factor in the residual
    defined : (quantity, period), bool
        False where the territory is not there, a gross total is apportioned, or the
        stock of an account begins or ends within the periods.
    back : (pattern, pair), bool
        Patterns of pairs of which more comes back than left.
    """

    totals: tuple[Total, ...]
    net: Mapping[str, float]
    defined: NDArray[np.bool_]
    back: NDArray[np.bool_]

    @classmethod
    def of(
        cls, ledger: Ledger, flows: Flows, boundary: str | Iterable[str], territory: str
    ) -> TerritoryTotals:
        """Cut the ledger along the boundary of one territory.

        Parameters
        ----------
        ledger, flows
            As for `reconcile.reconcile`.
        boundary, territory
            As for `ewater.balance.account.account_of`.
        """
        rows = ledger.rows([territory])
        kinds = boundary if isinstance(boundary, str) else tuple(boundary)
        crossing = Crossing.of(ledger, kinds, rows)
        share = csr(ledger.shares_inside(kinds)[rows]).toarray()[0]
        stocked = np.flatnonzero(ledger.stocked & (share != 0))
        modelled = ledger.stock_valid(flows.bounds)[stocked].all(axis=0)
        there = ledger.territory_valid(flows.bounds)[rows][0]
        apportioned = (crossing.apportioned @ flows.valid.astype(float))[0] > 0
        gross = there & ~apportioned
        changes = {f"change of {ledger.accounts[n]}": float(share[n]) for n in stocked}
        net = _parts(ledger, crossing.net)
        net |= {name: -factor for name, factor in changes.items()}
        pairs = [
            _parts(ledger, _pair(crossing, n)) for n in range(crossing.leaves.size)
        ]
        inward, outward = (
            _parts(ledger, csr(whole - crossing.both_ways @ crossing.chosen(which, s)))
            for whole, which, s in (
                (crossing.inward, crossing.returns, crossing.share_in),
                (crossing.outward, crossing.leaves, crossing.share_out),
            )
        )
        back = _patterns(crossing, flows)
        parts = {"storage_change": changes, "residual": net}
        parts |= {f"pair {n}": part for n, part in enumerate(pairs)}
        for n, more in enumerate(back):
            parts[f"inflow {n}"] = _sum(inward, pairs, more, 1.0)
            parts[f"outflow {n}"] = _sum(outward, pairs, ~more, -1.0)
        return cls(
            totals=tuple(Total(code=code, parts=part) for code, part in parts.items()),
            net=net,
            defined=np.array([gross, gross, there & modelled, there & modelled]),
            back=back,
        )

    def read(self, found: LedgerReconciliation) -> dict[str, tuple[Floats, Floats]]:
        """Value and u of each quantity, (period,), m3; NaN where not determined.

        Gross totals are unknown where reconciliation turns many pairs into a
        pattern that no period of the raw values has.
        """
        sums = found.sums()
        codes = {str(code): n for n, code in enumerate(sums["total"].values)}
        value, u = sums["value"].values, sums["u"].values
        periods = found.bounds.size - 1
        pairs = [codes[f"pair {n}"] for n in range(self.back.shape[1])]
        even = np.abs(value[pairs]) <= _EVEN * np.nanmax(np.abs(found.result.raw))
        same = (even | (self.back[:, :, None] == (value[pairs] > 0))).all(axis=1)
        pattern, usual = same.argmax(axis=0), same.any(axis=0)
        answer = {}
        for place, name in enumerate(QUANTITIES):
            if name in codes:
                row, known = np.full(periods, codes[name]), self.defined[place]
            else:
                row = np.array([codes[f"{name} {n}"] for n in pattern])
                known = self.defined[place] & usual
            at = (row, np.arange(periods))
            answer[name] = (
                np.where(known, value[at], np.nan),
                np.where(known, u[at], np.nan),
            )
        return answer


def _patterns(crossing: Crossing, flows: Flows) -> NDArray[np.bool_]:
    """Say of which pairs more may come back than left, (pattern, pair).

    All patterns where the pairs are few; else those that the raw volumes show.
    """
    pairs = crossing.leaves.size
    if pairs <= _FEW:
        every = np.array(list(product((False, True), repeat=pairs)), dtype=bool)
        return every.reshape(2**pairs, pairs)
    left = crossing.share_out[:, None] * flows.volume[crossing.leaves]
    back = crossing.share_in[:, None] * flows.volume[crossing.returns]
    return np.unique(back > left, axis=1).T


def _pair(crossing: Crossing, pair: int) -> Matrix:
    """Factors of what comes back of one pair beyond what left, csr (1, flow)."""
    one = np.array([pair])
    back = crossing.chosen(crossing.returns[one], crossing.share_in[one])
    return csr(back - crossing.chosen(crossing.leaves[one], crossing.share_out[one]))


def _parts(ledger: Ledger, row: Matrix) -> dict[str, float]:
    entries = row.tocoo()
    return {
        str(ledger.flows[column]): float(factor)
        for column, factor in zip(entries.coords[1], entries.data, strict=True)
        if factor
    }


def _sum(
    base: Mapping[str, float],
    pairs: Sequence[Mapping[str, float]],
    chosen: NDArray[np.bool_],
    sign: float,
) -> dict[str, float]:
    """Add the chosen pairs to a sum of flows."""
    parts = dict(base)
    for pair in compress(pairs, chosen):
        for code, factor in pair.items():
            parts[code] = parts.get(code, 0.0) + sign * factor
    return parts
