"""Change of storage of territories, from the stocks of their accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.expected import expected_volume
from ewater.balance.matrices import csr
from ewater.balance.refusals import check_volumes
from ewater.balance.totals import Totals, count_missing
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Changes:
    """Errors of changes of storage that were reconciled with the flows.

    Attributes
    ----------
    loading : csr (account, part)
        How much of the error of each part is in the change of each account.
    reconciled : (account,), bool
        The others keep the errors of their stocks.
    parts : (part,)
        Names, as in ``Flows.origin`` of the same period.
    """

    loading: Matrix
    reconciled: NDArray[np.bool_]
    parts: NDArray[np.str_]

    def over(self, origin: NDArray[np.str_]) -> Matrix:
        """Give the loading with the parts in the order of flows cut further."""
        return csr(self.loading[:, pd.Index(self.parts).get_indexer(pd.Index(origin))])


def storage_change(
    ledger: Ledger,
    bounds: NDArray[np.int64],
    stocks: xr.Dataset,
    boundary: str | Iterable[str],
    rows: NDArray[np.intp],
    changes: Changes | None = None,
) -> Totals:
    """Sum the changes of stock of the accounts inside, by territory.

    A change is the closing minus the opening stock, less what a new storage curve
    changed in the books (`other_change`). Levels at both ends are uncertain at
    random; what is systematic, the storage curve, acts on the change, and an error
    of the datum cancels (METHODS 4).
    Accounts without a row in ``stocks`` take no part (`unmodelled`); a row without
    data makes the change unknown.

    Parameters
    ----------
    ledger
        The country.
    bounds : (period + 1,), int64, microseconds UTC
    stocks : (account, instant)
        ``volume``, ``u_random`` (m3, k = 1), ``u_systematic_fraction``; and
        ``other_change``, 0 if not given.
    boundary
        A name of `ewater.terms.BOUNDARIES`, or the account kinds inside.
    rows : (row,)
        Positions of territories.
    changes
        Leave out the variance of what was reconciled with the flows: whoever has the
        flows adds it.

    Raises
    ------
    UsageError
        Stocks at other instants than the bounds, of accounts without a row, or that
        cannot be meant (`ewater.balance.refusals`).
    """
    some = np.flatnonzero(ledger.stocked)
    change, variance = (a[some] for a in _changes(ledger, bounds, stocks))
    if changes is not None:
        variance = np.where(changes.reconciled[some, None], 0.0, variance)
    modelled = ledger.stock_valid(bounds)[some]
    unknown = modelled & np.isnan(change)
    usable = modelled & ~unknown
    change = np.where(usable, change, 0.0)
    share = csr(ledger.shares_inside(boundary)[rows][:, some])
    expected = expected_volume(np.where(unknown, np.nan, change), modelled)
    covered = share @ np.where(usable, expected, 0.0)
    weight = {Status.MEASURED: covered}
    if unknown.any():
        weight[Status.UNKNOWN] = share @ np.where(unknown, expected, 0.0)
    return Totals(
        known=share @ change,
        missing=count_missing(share, unknown),
        variance=share.power(2) @ np.where(usable, variance, 0.0),
        weight=weight,
        covered=covered,
    )


def unknown_changes(
    ledger: Ledger, bounds: NDArray[np.int64], stocks: xr.Dataset
) -> NDArray[np.bool_]:
    """Find modelled changes of stock that are not known, (account, period)."""
    change, _ = _changes(ledger, bounds, stocks)
    return np.asarray(ledger.stock_valid(bounds) & np.isnan(change))


def _changes(
    ledger: Ledger, bounds: NDArray[np.int64], stocks: xr.Dataset
) -> tuple[Floats, Floats]:
    """Change of stock of every account and its variance, NaN where not given."""
    return change_of(**at_instants(ledger, bounds, stocks))


def at_instants(
    ledger: Ledger, bounds: NDArray[np.int64], stocks: xr.Dataset
) -> dict[str, Floats]:
    """Lay out the tables of `stock_tables` over all accounts, (account, instant).

    NaN where nothing is given.

    Raises
    ------
    UsageError
        Stocks at other instants than the bounds, of accounts without a row, or that
        cannot be meant (`ewater.balance.refusals`).
    """
    instants = stocks["instant"].to_numpy().astype("datetime64[us]").astype(np.int64)
    if not np.array_equal(instants, bounds):
        raise UsageError("stocks must be given at the bounds of the periods")
    check_volumes(stocks, "account", u=("u_random", "u_systematic_fraction"))
    codes = stocks["account"].to_numpy().astype(np.str_)
    place = pd.Index(ledger.accounts).get_indexer(pd.Index(codes))
    strange = codes[(place < 0) | ~ledger.stocked[place]]
    if strange.size:
        raise UsageError(
            f"no row in stocks.csv for {', '.join(strange)}; accounts without one "
            "are not modelled"
        )
    full = {}
    for name, table in stock_tables(stocks).items():
        full[name] = np.full((ledger.accounts.size, bounds.size), np.nan)
        full[name][place] = table
    return full


def stock_tables(stocks: xr.Dataset) -> dict[str, Floats]:
    """Variables of a dataset of stocks as plain (account, instant)."""
    template = stocks["volume"].transpose("account", "instant")
    other = stocks.get("other_change", 0.0 * template.fillna(0.0))
    given = {
        "volume": template,
        "random": stocks["u_random"],
        "fraction": stocks["u_systematic_fraction"],
        "other": other,
    }
    return {
        name: table.broadcast_like(template).transpose(*template.dims).to_numpy()
        for name, table in given.items()
    }


def change_of(
    volume: Floats, random: Floats, fraction: Floats, other: Floats
) -> tuple[Floats, Floats]:
    """Change of stocks as water, and its variance.

    Parameters
    ----------
    volume, random : (account, instant), m3
    fraction : (account, instant)
        Systematic standard uncertainty of a change.
    other : (account, instant), m3
        What a new curve changed in the books since the instant before.

    Returns
    -------
    change, variance : (account, period), m3 and m6
    """
    change = np.diff(volume, axis=1) - other[:, 1:]
    systematic = fraction[:, 1:] * change
    variance = random[:, 1:] ** 2 + random[:, :-1] ** 2 + systematic**2
    return change, variance


def changes_at(
    ledger: Ledger,
    bounds: NDArray[np.int64],
    stocks: xr.Dataset,
    chosen: NDArray[np.intp],
) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Change of stock of single accounts, whole, whoever holds them.

    Parameters
    ----------
    bounds : (period + 1,), int64, microseconds UTC
    chosen : (account,)
        Positions of accounts in the ledger.

    Returns
    -------
    tuple of (account, period)
        Change, m3, and its variance, m6; 0 where none is modelled or it lacks; and 1
        where it is modelled and lacks.
    """
    shape = (chosen.size, bounds.size - 1)
    change, variance = np.zeros(shape), np.zeros(shape)
    wanted = ledger.stock_valid(bounds)[chosen] & ledger.stocked[chosen, None]
    codes = pd.Index(stocks["account"].to_numpy().astype(str))
    place = codes.get_indexer(pd.Index(ledger.accounts[chosen]))
    some = place >= 0
    if some.any():
        tables = {name: t[place[some]] for name, t in stock_tables(stocks).items()}
        change[some], variance[some] = change_of(**tables)
    gap = wanted & (np.isnan(change) | ~some[:, None])
    used = wanted & ~gap
    return (
        np.where(used, change, 0.0),
        np.where(used, np.nan_to_num(variance), 0.0),
        gap.astype(np.int32),
    )


def other_change(
    ledger: Ledger,
    bounds: NDArray[np.int64],
    stocks: xr.Dataset,
    boundary: str | Iterable[str],
    rows: NDArray[np.intp],
) -> Floats:
    """Sum what new storage curves changed in the books, (territory, period), m3.

    No water, hence neither in the storage change nor in the residual (METHODS 2):
    closing stock = opening stock + storage change + other change. Parameters are
    those of `storage_change`; NaN where that lacks a stock.
    """
    shape = (len(rows), bounds.size - 1)
    if "other_change" not in stocks:
        return np.zeros(shape)
    some = np.flatnonzero(ledger.stocked)
    known = pd.Index(stocks["account"].to_numpy().astype(np.str_))
    place = known.get_indexer(pd.Index(ledger.accounts[some]))
    booked = np.full((some.size, shape[1]), np.nan)
    booked[place >= 0] = stock_tables(stocks)["other"][place[place >= 0], 1:]
    modelled = ledger.stock_valid(bounds)[some]
    gap = modelled & np.isnan(booked)
    share = csr(ledger.shares_inside(boundary)[rows][:, some])
    total = share @ np.where(modelled & ~gap, booked, 0.0)
    total[count_missing(share, gap) > 0] = np.nan
    return np.asarray(total)


def unmodelled(
    ledger: Ledger, boundary: str | Iterable[str], rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Find the accounts inside each territory that have no stock.

    Their change, water in transit included, stays in the residual.

    Returns
    -------
    (territory, account), bool
    """
    share = csr(ledger.shares_inside(boundary)[rows])
    return np.asarray((share.toarray() > 0) & ~ledger.stocked)
