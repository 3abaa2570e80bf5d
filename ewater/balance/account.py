"""The account of territories: inflow, outflow, change in storage, residual.

Everything is one signed sparse matrix times the flows (METHODS 1): a flow between two
territories is one variable with two signs, so parts and whole agree by construction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.crossing import Crossing
from ewater.balance.flows import Flows, resolve, with_pairs
from ewater.balance.labels import labelled
from ewater.balance.matrices import above, beside, csr
from ewater.balance.storage import other_change, storage_change, unmodelled
from ewater.balance.totals import Totals, count_missing, shown, totals
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.storage import Changes

QUANTITIES = ("inflow", "outflow", "net_inflow", "storage_change", "residual")
_CLOSED = (
    1e-12  # of the largest flow: what rounding leaves of a residual that is closed
)
_UNDEFINED = {"_status": Status.UNKNOWN, "_status_shares": 0.0, "_missing": 0}


def account(
    ledger: Ledger,
    sources: xr.Dataset,
    weights: Matrix,
    stocks: xr.Dataset,
    *,
    boundary: str | Iterable[str] = "managed",
    territories: Iterable[str] | None = None,
) -> xr.Dataset:
    """Account of territories from sources; see `account_of` for what it holds."""
    flows = resolve(ledger, sources, weights)
    return account_of(ledger, flows, stocks, boundary=boundary, territories=territories)


def account_of(
    ledger: Ledger,
    flows: Flows,
    stocks: xr.Dataset,
    *,
    boundary: str | Iterable[str] = "managed",
    territories: Iterable[str] | None = None,
    changes: Changes | None = None,
) -> xr.Dataset:
    """Account of territories (DESIGN, "One ledger"; METHODS 1 and 4).

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    stocks : (account, instant)
        ``volume``, ``u_random`` (m3, k = 1), ``u_systematic_fraction`` (of a
        change), at the bounds of the periods; ``other_change`` (m3), what a new
        curve changed in the books since the bound before, 0 if not given.
    boundary
        A name of `ewater.terms.BOUNDARIES`, or the account kinds inside.
    territories
        Codes, in the order wanted; all when not given.
    changes
        Errors of changes of storage, of flows and stocks that are reconciled.

    Returns
    -------
    xarray.Dataset : (territory, period), m3
        For each NAME of ``inflow``, ``outflow`` (gross), ``net_inflow``,
        ``storage_change``, ``residual``: ``NAME`` (NaN when anything is missing),
        ``NAME_known`` (sum of the rest), ``NAME_missing`` (how many), ``NAME_u`` (of
        the known), ``NAME_coverage``, ``NAME_status``, ``NAME_status_shares``.
        ``other_change``: what new storage curves changed in the books, in neither
        storage change nor residual. ``residual_z``: residual over its uncertainty.
        ``re_entering``, with ``re_entering_u``: what leaves
        and comes back, in neither gross total. ``apportioned``: gross totals are
        not defined there, and NaN. ``after_balancing_items``: a flow found as what
        is left over took part. ``not_modelled``: accounts without a stock. Where a
        territory does not exist everything is NaN. ``empty``: it holds no account
        inside the boundary: nobody described its water, which is unknown. Its values
        are NaN and ``NAME_known``, sums of nothing, 0, so that parts add up.

    Raises
    ------
    UsageError
        Unknown boundary or territory; stocks of other instants or accounts.
    """
    rows = ledger.rows(territories)
    kinds = boundary if isinstance(boundary, str) else tuple(boundary)
    crossing = Crossing.of(ledger, kinds, rows)
    change = storage_change(ledger, flows.bounds, stocks, kinds, rows, changes)
    gross = totals(above([crossing.inward, crossing.outward]), flows)
    count = rows.size
    net = gross.take(slice(0, count)).minus(gross.take(slice(count, None)))
    net = _correlated(net, crossing, flows)
    gross = _without_re_entering(gross, crossing, flows)
    residual = net.minus(change)
    if changes is not None:
        share = csr(ledger.shares_inside(kinds)[rows])
        stored = csr(share @ changes.loading)
        both = csr(crossing.net @ flows.weights - stored)
        residual = replace(
            residual, variance=change.variance + both.power(2) @ flows.variance
        )
        change = replace(
            change, variance=change.variance + stored.power(2) @ flows.variance
        )
    parts = {
        "inflow": gross.take(slice(0, count)),
        "outflow": gross.take(slice(count, None)),
        "net_inflow": net,
        "storage_change": change,
        "residual": residual,
    }
    fields = shown(parts)
    uncertain = fields["residual_u"] > _CLOSED * np.abs(flows.known).max(axis=0)
    fields["residual_z"] = np.divide(
        fields["residual"],
        fields["residual_u"],
        out=np.full(uncertain.shape, np.nan),
        where=uncertain,
    )
    fields["other_change"] = other_change(ledger, flows.bounds, stocks, kinds, rows)
    fields |= _re_entering(crossing, flows)
    apportioned = (crossing.apportioned @ flows.valid.astype(float)) > 0
    _undefine(fields, ("inflow", "outflow", "re_entering"), apportioned)
    _undefine(
        fields,
        (*QUANTITIES, "other_change", "re_entering"),
        ~ledger.territory_valid(flows.bounds)[rows],
    )
    empty = ledger.empty(rows, kinds)
    others = ("residual_z", "other_change", "re_entering", "re_entering_u")
    for name in (*QUANTITIES, *others):
        fields[name][empty] = np.nan
    fields["apportioned"] = apportioned
    fields["after_balancing_items"] = (
        count_missing(crossing.net, flows.status == Status.BALANCING) > 0
    )
    labels = {"territory": ledger.territories[rows]}
    counted = unmodelled(ledger, kinds, rows).sum(axis=1)
    return labelled(fields, labels, flows.bounds).assign(
        not_modelled=("territory", counted), empty=("territory", empty)
    )


def _correlated(net: Totals, crossing: Crossing, flows: Flows) -> Totals:
    """Uncertainty of the net where one source feeds an inflow and an outflow."""
    inward = csr(crossing.inward @ flows.weights)
    outward = csr(crossing.outward @ flows.weights)
    common = csr(inward.multiply(outward))
    if not common.nnz:
        return net
    whole = csr(crossing.net @ flows.weights)
    shared = np.flatnonzero(np.diff(common.indptr))
    variance = net.variance.copy()
    variance[shared] = whole[shared].power(2) @ flows.variance
    return Totals(
        known=net.known,
        missing=net.missing,
        variance=variance,
        weight=net.weight,
        covered=net.covered,
    )


def _without_re_entering(gross: Totals, crossing: Crossing, flows: Flows) -> Totals:
    """Take water that leaves and comes back out of both gross totals.

    The pair enters with what comes back beyond what left, or leaves with the
    opposite, so the smaller of the two volumes is in neither total.
    """
    touched = np.flatnonzero(np.diff(crossing.both_ways.indptr))
    if not touched.size:
        return gross
    pair = csr(crossing.both_ways[touched])
    nothing = csr(0.0 * pair)
    come, gone = (
        csr(whole[touched] - pair @ crossing.chosen(flows_of_pair, share))
        for whole, flows_of_pair, share in (
            (crossing.inward, crossing.returns, crossing.share_in),
            (crossing.outward, crossing.leaves, crossing.share_out),
        )
    )
    reduced = totals(
        above([beside([come, pair, nothing]), beside([gone, nothing, pair])]),
        with_pairs(flows, crossing),
        above([beside([csr(m[touched]), nothing, nothing]) for m in crossing.marks()]),
    )
    rows = np.concatenate([touched, crossing.net.shape[0] + touched])
    return gross.replaced(rows, reduced)


def _re_entering(crossing: Crossing, flows: Flows) -> dict[str, NDArray[np.float64]]:
    """Find the smaller of what left and what came back, and its uncertainty.

    To first order the error is that of the smaller one; what several pairs of a
    territory share, an instrument above all, is fully correlated.
    """
    known = flows.known
    left = crossing.share_out[:, None] * known[crossing.leaves]
    back = crossing.share_in[:, None] * known[crossing.returns]
    gap = flows.unknown[crossing.leaves] | flows.unknown[crossing.returns]
    value = np.asarray(crossing.both_ways @ np.minimum(left, back))
    lacks = count_missing(crossing.both_ways, gap) > 0
    value[lacks] = np.nan
    u = np.zeros(value.shape)
    touched = np.flatnonzero(np.diff(crossing.both_ways.indptr))
    if touched.size:
        # the smaller is what left less what it has more: all by the sources of both
        pair = csr(crossing.both_ways[touched])
        out = csr(pair @ crossing.chosen(crossing.leaves, crossing.share_out))
        smaller = beside([out, csr(0.0 * pair), csr(-1.0 * pair)])
        pairs = with_pairs(flows, crossing)
        u[touched] = np.sqrt(csr(smaller @ pairs.weights).power(2) @ pairs.variance)
    u[lacks] = np.nan
    return {"re_entering": value, "re_entering_u": u}


def _undefine(
    fields: dict[str, NDArray[Any]], names: Iterable[str], where: NDArray[np.bool_]
) -> None:
    """Blank quantities where they mean nothing."""
    if not where.any():
        return
    for field, array in fields.items():
        name = next((n for n in names if field == n or field.startswith(f"{n}_")), None)
        if name is not None:
            array[where] = _UNDEFINED.get(field.removeprefix(name), np.nan)
