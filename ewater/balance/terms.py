"""Totals by term of the account, and what is exchanged with each neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.labels import labelled
from ewater.balance.matrices import by_group, csr, filled, positive
from ewater.balance.totals import shown, totals
from ewater.terms import OUTSIDE_KINDS, TERMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix


def term_totals(
    ledger: Ledger, flows: Flows, *, territories: Iterable[str] | None = None
) -> xr.Dataset:
    """Volume of each term, counted once: at one end of every flow.

    The end is `ewater.terms.Term.counted_at`, or the other one where that lies
    outside; a flow counts with the share of its account in the territory, whatever
    kind of inland account that is. So the totals of the parts of a country add up
    to the country's.

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    territories
        Codes; all when not given.

    Returns
    -------
    xarray.Dataset : (territory, term, period), m3
        ``volume`` (NaN when a flow is missing), ``volume_known``, ``_missing``,
        ``_u``, ``_coverage``, ``_status``, ``_status_shares``, for the terms that
        some flow has; ``flows`` (territory, term): how many flows are counted. A
        total of no flow is zero, with no coverage.
    """
    rows = ledger.rows(territories)
    terms = terms_of(ledger)
    matrix = term_matrix(ledger, rows)
    fields = shown({"volume": totals(matrix, flows)})
    labels: dict[str, ArrayLike] = {
        "territory": ledger.territories[rows],
        "term": terms,
    }
    counted = np.diff(matrix.indptr).reshape(rows.size, len(terms))
    return labelled(fields, labels, flows.bounds).assign(
        flows=(("territory", "term"), counted)
    )


def terms_of(ledger: Ledger) -> tuple[str, ...]:
    """Terms that some flow of the ledger has, in the order of `ewater.terms`."""
    present = set(ledger.flow_term.tolist())
    return tuple(term for term in TERMS if term in present)


def term_matrix(ledger: Ledger, rows: NDArray[np.intp]) -> Matrix:
    """Coefficients of term totals, csr (territory x term, flow)."""
    counted = counted_at(ledger)
    shape = (ledger.accounts.size, ledger.flows.size)
    at = filled(counted, np.arange(counted.size), 1.0, shape)
    share = csr(ledger.shares_inside("territory")[rows] @ at)
    place = {term: position for position, term in enumerate(terms_of(ledger))}
    group = np.array([place[term] for term in ledger.flow_term.tolist()], dtype=np.intp)
    return by_group(share, group, len(place))


def counted_at(ledger: Ledger) -> NDArray[np.intp]:
    """Account at which each flow is counted, (flow,)."""
    received = [term for term, about in TERMS.items() if about.counted_at == "to"]
    ends = np.isin(ledger.flow_term, received)
    first = np.where(ends, ledger.flow_to, ledger.flow_from)
    second = np.where(ends, ledger.flow_from, ledger.flow_to)
    outside = np.isin(ledger.account_kind, OUTSIDE_KINDS)
    return np.where(outside[first], second, first)


def neighbours(
    ledger: Ledger, flows: Flows, *, territories: Iterable[str] | None = None
) -> xr.Dataset:
    """Water received from and passed to each neighbour.

    Parameters
    ----------
    ledger
        The country; neighbours are its accounts of that kind.
    flows
        From `ewater.balance.flows.resolve`.
    territories
        Codes; all when not given.

    Returns
    -------
    xarray.Dataset : (territory, neighbour, period), m3
        ``inflow`` and ``outflow``, with ``_known``, ``_missing``, ``_u``,
        ``_coverage``, ``_status``, ``_status_shares``. Water that leaves and comes
        back is in both. Of a territory that holds no account nothing is known but 0.
    """
    rows = ledger.rows(territories)
    matrices = neighbour_matrices(ledger, rows)
    fields = {
        f"{name}{suffix}": array
        for name, matrix in matrices.items()
        for suffix, array in totals(matrix, flows).fields().items()
    }
    count = np.count_nonzero(ledger.account_kind == "neighbour")
    for name in matrices:
        fields[name][np.repeat(ledger.empty(rows), count)] = np.nan
    labels: dict[str, ArrayLike] = {
        "territory": ledger.territories[rows],
        "neighbour": neighbours_of(ledger),
    }
    return labelled(fields, labels, flows.bounds)


def neighbours_of(ledger: Ledger) -> NDArray[np.str_]:
    """Codes of the accounts that are neighbour countries."""
    codes: NDArray[np.str_] = ledger.accounts[ledger.account_kind == "neighbour"]
    return codes


def neighbour_matrices(ledger: Ledger, rows: NDArray[np.intp]) -> dict[str, Matrix]:
    """Coefficients of what is exchanged, csr (territory x neighbour, flow)."""
    places = np.flatnonzero(ledger.account_kind == "neighbour")
    group = np.full(ledger.accounts.size, -1)
    group[places] = np.arange(places.size)
    net = csr(ledger.coefficients("territory")[rows])
    ways = {
        "inflow": (positive(net), ledger.flow_from),
        "outflow": (positive(csr(-net)), ledger.flow_to),
    }
    return {
        name: by_group(matrix, group[other], places.size)
        for name, (matrix, other) in ways.items()
    }
