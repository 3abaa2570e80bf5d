"""The account of territories: inflow, outflow, change in storage, residual.

Everything is one signed sparse matrix times the flows (METHODS 1): a flow between two
territories is one variable with two signs, so parts and whole agree by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from ewater.balance.flows import (
    Flows,
    expected_volume,
    period_coordinates,
    resolve,
    with_pairs,
)
from ewater.balance.totals import STATUSES, Totals, count_missing, stack, totals
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger

QUANTITIES = ("inflow", "outflow", "net_inflow", "storage_change", "residual")
_UNDEFINED = {"_status": Status.UNKNOWN, "_status_shares": 0.0, "_missing": 0}


def account(
    ledger: Ledger,
    sources: xr.Dataset,
    weights: sparse.csr_array,
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
        change), at the bounds of the periods.
    boundary
        A name of `ewater.terms.BOUNDARIES`, or the account kinds inside.
    territories
        Codes, in the order wanted; all when not given.

    Returns
    -------
    xarray.Dataset : (territory, period), m3
        For each NAME of ``inflow``, ``outflow`` (gross), ``net_inflow``,
        ``storage_change``, ``residual``: ``NAME`` (NaN when anything is missing),
        ``NAME_known`` (sum of the rest), ``NAME_missing`` (how many), ``NAME_u`` (of
        the known), ``NAME_coverage``, ``NAME_status``, ``NAME_status_shares``.
        ``residual_z``: residual over its uncertainty. ``re_entering``: what leaves
        and comes back, in neither gross total. ``apportioned``: gross totals are
        not defined there, and NaN. ``after_balancing_items``: a flow found as what
        is left over took part. ``not_modelled``: accounts without a stock. Where a
        territory does not exist everything is NaN.

    Raises
    ------
    UsageError
        Unknown boundary or territory; stocks of other instants or accounts.
    """
    rows = ledger.rows(territories)
    crossing = Crossing.of(ledger, boundary, rows)
    change = storage(ledger, flows, stocks, boundary, rows)
    gross = totals(stack([crossing.inward, crossing.outward]), flows)
    count = rows.size
    net = gross.take(slice(0, count)).minus(gross.take(slice(count, None)))
    net = _correlated(net, crossing, flows)
    gross = _without_re_entering(gross, crossing, flows)
    parts = {
        "inflow": gross.take(slice(0, count)),
        "outflow": gross.take(slice(count, None)),
        "net_inflow": net,
        "storage_change": change,
        "residual": net.minus(change),
    }
    fields = {
        f"{name}{suffix}": array
        for name, part in parts.items()
        for suffix, array in part.fields().items()
    }
    uncertain = fields["residual_u"] > 0
    fields["residual_z"] = np.divide(
        fields["residual"],
        fields["residual_u"],
        out=np.full(uncertain.shape, np.nan),
        where=uncertain,
    )
    fields["re_entering"] = _re_entering(crossing, flows)
    apportioned = (crossing.apportioned @ flows.valid.astype(float)) > 0
    _undefine(fields, ("inflow", "outflow", "re_entering"), apportioned)
    _undefine(
        fields,
        (*QUANTITIES, "re_entering"),
        ~ledger.territory_valid(flows.bounds)[rows],
    )
    fields["apportioned"] = apportioned
    fields["after_balancing_items"] = (
        count_missing(crossing.net, flows.status == Status.BALANCING) > 0
    )
    return _dataset(fields, ledger.territories[rows], flows.bounds).assign(
        not_modelled=("territory", _unmodelled(ledger, boundary, rows).sum(axis=1))
    )


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

    net: sparse.csr_array
    inward: sparse.csr_array
    outward: sparse.csr_array
    apportioned: sparse.csr_array
    leaves: NDArray[np.intp]
    returns: NDArray[np.intp]
    both_ways: sparse.csr_array

    @classmethod
    def of(
        cls, ledger: Ledger, boundary: str | Iterable[str], rows: NDArray[np.intp]
    ) -> Crossing:
        """Cut the ledger along the boundaries of the territories at ``rows``."""
        kinds = boundary if isinstance(boundary, str) else tuple(boundary)
        net = sparse.csr_array(ledger.coefficients(kinds)[rows])
        inward, outward = _positive(net), _positive(-net)
        leaves = np.flatnonzero(ledger.flow_re_enters >= 0)
        returns = ledger.flow_re_enters[leaves]
        return cls(
            net=net,
            inward=inward,
            outward=outward,
            apportioned=sparse.csr_array(ledger.apportioned_flows(kinds)[rows]),
            leaves=leaves,
            returns=returns,
            both_ways=sparse.csr_array(outward[:, leaves].minimum(inward[:, returns])),
        )

    def marks(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Flows whose absence makes gross inflow, and gross outflow, unknown."""
        flow_count = self.net.shape[1]
        left, returned = (
            self.both_ways @ _choose(flows, flow_count)
            for flows in (self.leaves, self.returns)
        )
        return (
            sparse.csr_array(self.inward + left),
            sparse.csr_array(self.outward + returned),
        )


def storage(
    ledger: Ledger,
    flows: Flows,
    stocks: xr.Dataset,
    boundary: str | Iterable[str],
    rows: NDArray[np.intp],
) -> Totals:
    """Sum closing minus opening stock of the accounts inside, by territory.

    Levels at both ends are uncertain at random; what is systematic, the storage
    curve, acts on the change, and an error of the datum cancels (METHODS 4).
    """
    change, variance = _changes(ledger, flows.bounds, stocks)
    modelled = ledger.stock_valid(flows.bounds)
    unknown = modelled & np.isnan(change)
    usable = modelled & ~unknown
    change = np.where(usable, change, 0.0)
    share = sparse.csr_array(ledger.shares_inside(boundary)[rows])
    expected = expected_volume(np.where(unknown, np.nan, change), modelled)
    weight = np.zeros((len(STATUSES), rows.size, flows.bounds.size - 1))
    weight[STATUSES.index(Status.MEASURED)] = share @ np.where(usable, expected, 0.0)
    weight[STATUSES.index(Status.UNKNOWN)] = share @ np.where(unknown, expected, 0.0)
    return Totals(
        known=share @ change,
        missing=count_missing(share, unknown),
        variance=share.power(2) @ np.where(usable, variance, 0.0),
        weight=weight,
        covered=weight[STATUSES.index(Status.MEASURED)],
    )


def _changes(
    ledger: Ledger, bounds: NDArray[np.int64], stocks: xr.Dataset
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Change of stock of every account and its variance, NaN where not given."""
    instants = stocks["instant"].to_numpy().astype("datetime64[us]").astype(np.int64)
    if not np.array_equal(instants, bounds):
        raise UsageError("stocks must be given at the bounds of the periods")
    codes = stocks["account"].to_numpy().astype(np.str_)
    place = pd.Index(ledger.accounts).get_indexer(pd.Index(codes))
    strange = codes[(place < 0) | ~ledger.stocked[place]]
    if strange.size:
        raise UsageError(
            f"no row in stocks.csv for {', '.join(strange)}; accounts without one "
            "are not modelled"
        )
    template = stocks["volume"].transpose("account", "instant")
    volume = template.to_numpy()
    random = stocks["u_random"].transpose("account", "instant").to_numpy()
    fraction = stocks["u_systematic_fraction"].broadcast_like(template)
    systematic = fraction.transpose("account", "instant").to_numpy()[:, 1:]
    change = np.full((ledger.accounts.size, bounds.size - 1), np.nan)
    variance = change.copy()
    change[place] = np.diff(volume, axis=1)
    variance[place] = (
        random[:, 1:] ** 2 + random[:, :-1] ** 2 + (systematic * change[place]) ** 2
    )
    return change, variance


def _positive(matrix: sparse.csr_array) -> sparse.csr_array:
    result = sparse.csr_array(matrix, copy=True)
    result.data = np.maximum(result.data, 0.0)
    result.eliminate_zeros()
    return result


def _choose(items: NDArray[np.intp], count: int) -> sparse.csr_array:
    """Matrix (chosen, item) with 1 where an item is chosen."""
    return sparse.csr_array(
        (np.ones(items.size), (np.arange(items.size), items)),
        shape=(items.size, count),
    )


def _correlated(net: Totals, crossing: Crossing, flows: Flows) -> Totals:
    """Uncertainty of the net where one source feeds an inflow and an outflow."""
    inward = sparse.csr_array(crossing.inward @ flows.weights)
    outward = sparse.csr_array(crossing.outward @ flows.weights)
    common = sparse.csr_array(inward.multiply(outward))
    if not common.nnz:
        return net
    whole = sparse.csr_array(crossing.net @ flows.weights)
    shared = np.flatnonzero(np.diff(common.indptr))
    variance = net.variance.copy()
    variance[shared] = whole[shared].power(2) @ flows.variance()
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
    flow_count = crossing.net.shape[1]
    pair = sparse.csr_array(crossing.both_ways[touched])
    nothing = sparse.csr_array(pair.shape)
    come = crossing.inward[touched] - pair @ _choose(crossing.returns, flow_count)
    gone = crossing.outward[touched] - pair @ _choose(crossing.leaves, flow_count)
    blocks = [
        sparse.csr_array(sparse.hstack([come, pair, nothing], format="csr")),
        sparse.csr_array(sparse.hstack([gone, nothing, pair], format="csr")),
    ]
    paired = with_pairs(flows, crossing.leaves, crossing.returns)
    wide = [
        sparse.csr_array(
            sparse.hstack([marks[touched], nothing, nothing], format="csr")
        )
        for marks in crossing.marks()
    ]
    shown = totals(stack(blocks), paired, stack(wide))
    where = np.concatenate([touched, crossing.net.shape[0] + touched])
    for name in ("known", "missing", "variance", "covered"):
        getattr(gross, name)[where] = getattr(shown, name)
    gross.weight[:, where] = shown.weight
    return gross


def _re_entering(crossing: Crossing, flows: Flows) -> NDArray[np.float64]:
    known = flows.known()
    smaller = np.minimum(known[crossing.leaves], known[crossing.returns])
    gap = flows.unknown[crossing.leaves] | flows.unknown[crossing.returns]
    value = crossing.both_ways @ smaller
    value[count_missing(crossing.both_ways, gap) > 0] = np.nan
    return np.asarray(value)


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


def _unmodelled(
    ledger: Ledger, boundary: str | Iterable[str], rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    share = sparse.csr_array(ledger.shares_inside(boundary)[rows])
    return np.asarray((share.toarray() > 0) & ~ledger.stocked)


def _dataset(
    fields: dict[str, NDArray[Any]],
    territories: NDArray[np.str_],
    bounds: NDArray[np.int64],
) -> xr.Dataset:
    dims = ("territory", "period", "status")
    dataset = xr.Dataset(
        {name: (dims[: array.ndim], array) for name, array in fields.items()},
        coords={
            "territory": territories,
            "status": np.array(STATUSES, dtype=np.int8),
            **period_coordinates(bounds),
        },
    )
    for name in fields:
        if name.removesuffix("_known").removesuffix("_u") in {
            *QUANTITIES,
            "re_entering",
        }:
            dataset[name].attrs["units"] = "m3"
    meanings = " ".join(status.name.lower() for status in STATUSES)
    dataset["status"].attrs |= {
        "flag_values": np.array(STATUSES, dtype=np.int8),
        "flag_meanings": meanings,
    }
    return dataset
