"""The account as cells: each figure of it as a row of coefficients over the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ewater.balance.crossing import Crossing
from ewater.balance.flows import with_pairs
from ewater.balance.matrices import beside, csr, filled, of_columns
from ewater.balance.sectors import MEASURES, sector_matrices
from ewater.balance.terms import (
    neighbour_matrices,
    neighbours_of,
    term_matrix,
    terms_of,
)
from ewater.balance.views.basis import Basis
from ewater.balance.views.stored import Stored
from ewater.errors import UsageError
from ewater.terms import SECTORS

if TYPE_CHECKING:
    import xarray as xr

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.views.coefficients import Rows

TOTALS = (
    "inflow",
    "outflow",
    "net_inflow",
    "storage_change",
    "residual",
    "other_change",
    "re_entering",
    "use",
)
WAYS = ("inflow", "outflow")
#: Beginnings of cells of one flow, and of what one account leaves over.
SINGLE = ("flows.", "accounts.")
_FIRST = np.zeros(1, dtype=np.intp)  # row of the one territory


def names(ledger: Ledger) -> list[str]:
    """Cells of the account of a country, as the keys of docs/balance-json.md."""
    return [
        *TOTALS,
        *(f"terms.{term}" for term in terms_of(ledger)),
        *(f"sectors.{sector}.{name}" for sector in SECTORS for name in MEASURES),
        *(f"neighbours.{code}.{way}" for code in neighbours_of(ledger) for way in WAYS),
    ]


def basis_of(
    ledger: Ledger, flows: Flows, stocks: xr.Dataset, boundary: str, territory: str
) -> Basis:
    """Prepare one territory, cut along a boundary.

    Raises
    ------
    UsageError
        Unknown boundary or territory.
    """
    rows = ledger.rows([territory])
    crossing = Crossing.of(ledger, boundary, rows)
    unknown = np.full(ledger.accounts.size, np.nan)
    return Basis(
        ledger=ledger,
        rows=rows,
        flows=with_pairs(flows, crossing),
        crossing=crossing,
        stored=Stored.of(
            ledger, flows.bounds, stocks, {"full": unknown, "dead": unknown}
        ),
        inputs={},
    )


def rows_of(basis: Basis, boundary: str, cell: str) -> Rows:
    """Coefficients of a cell of the account, a row for the territory.

    Parameters
    ----------
    basis, boundary
        From `basis_of`.
    cell
        One of `names`; or ``flows.CODE``, or ``accounts.CODE``, of a flow or an account
        that touches the territory.

    Raises
    ------
    UsageError
        The account has no such cell.
    """
    single = _single(basis, cell)
    if single is not None:
        return single
    known = names(basis.ledger)
    if cell not in known:
        raise UsageError(
            f"the balance has no cell {cell!r} here; it has {', '.join(known)}, and "
            "flows.CODE and accounts.CODE of what touches the territory"
        )
    made = basis.empty()
    held = of_columns(
        csr(basis.ledger.shares_inside(boundary)[basis.rows]), basis.ledger.stocked
    )
    if cell in ("storage_change", "residual"):
        made["change"] = csr(-held) if cell == "residual" else held
    elif cell == "other_change":
        made["booked"] = held
    if cell not in ("storage_change", "other_change"):
        made["flow"] = _over_flows(basis, cell)
    return made


def _single(basis: Basis, cell: str) -> Rows | None:
    """Coefficients of one flow, ``flows.CODE``, or of what one account leaves over.

    A flow counts with the larger share that its accounts have in the territory;
    ``accounts.CODE`` is whole: what enters, less what leaves and what is stored.
    None for any other cell, and for one that does not touch the territory.
    """
    group, _, code = cell.partition(".")
    ledger = basis.ledger
    codes = {"flows": ledger.flows, "accounts": ledger.accounts}.get(group)
    place = np.flatnonzero(codes == code) if codes is not None else np.array([])
    if not place.size:
        return None
    share = ledger.membership[basis.rows].toarray()[0]
    made = basis.empty()
    at = int(place[0])
    if group == "flows":
        counted = max(share[ledger.flow_from[at]], share[ledger.flow_to[at]])
        over, held = filled(_FIRST, place[:1], counted, (1, ledger.flows.size)), counted
    else:
        over = csr((ledger.ends("to") - ledger.ends("from"))[[at]])
        held = share[at]
        if ledger.stocked[at]:
            made["change"] = filled(_FIRST, place[:1], -1.0, (1, share.size))
    if not held:
        return None
    none = csr(0.0 * basis.crossing.both_ways)
    made["flow"] = _beside(over, none, none)
    return made


def _over_flows(basis: Basis, cell: str) -> Matrix:
    crossing = basis.crossing
    out = crossing.both_ways @ crossing.chosen(crossing.leaves, crossing.share_out)
    back = crossing.both_ways @ crossing.chosen(crossing.returns, crossing.share_in)
    both = crossing.both_ways
    none = csr(0.0 * both)
    match cell:
        case "inflow":
            return _beside(csr(crossing.inward - back), both, none)
        case "outflow":
            return _beside(csr(crossing.outward - out), none, both)
        case "re_entering":  # the smaller of two is the one less what it has more
            return _beside(csr(out), none, csr(-both))
        case "net_inflow" | "residual":
            return _beside(crossing.net, none, none)
    return _beside(_by_label(basis, cell), none, none)


def _by_label(basis: Basis, cell: str) -> Matrix:
    """Coefficients of one term, sector or neighbour; of use, all sectors together."""
    ledger, rows = basis.ledger, basis.rows
    group, _, rest = cell.partition(".")
    if group == "use":
        every = sector_matrices(ledger, rows)["use"]
        return csr(csr(np.ones((1, every.shape[0]))) @ every)
    label, _, measure = rest.rpartition(".")
    if group == "terms":
        return csr(term_matrix(ledger, rows)[[terms_of(ledger).index(rest)]])
    if group == "sectors":
        return csr(sector_matrices(ledger, rows)[measure][[SECTORS.index(label)]])
    place = neighbours_of(ledger).tolist().index(label)
    return csr(neighbour_matrices(ledger, rows)[measure][[place]])


def _beside(flow: Matrix, come: Matrix, gone: Matrix) -> Matrix:
    """Put flows and pairs side by side, without what subtraction leaves of equals."""
    made = beside([flow, come, gone])
    made.eliminate_zeros()
    return csr(sparse.csr_array(made))
