"""Which accounts must balance, and what is known of their stocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.matrices import csr
from ewater.balance.storage import stock_tables
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """Accounts that must balance.

    Attributes
    ----------
    accounts : (row,)
        Positions of the accounts that have a row.
    flows : csr (row, flow)
        +1 at the receiving, -1 at the giving account.
    open : (row, period), bool
        The change of storage is unknown, or not all is known that flows.
    modelled : (row, period), bool
        The change of storage is that of a stock.
    """

    accounts: NDArray[np.intp]
    flows: Matrix
    open: NDArray[np.bool_]
    modelled: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stocks:
    """Stocks of the accounts that have a row, in the order of the ledger.

    Attributes
    ----------
    accounts : (stocked,)
        Positions of accounts.
    volume, random : (stocked, instant), m3
    fraction : (stocked, instant)
        Systematic uncertainty of a change.
    other : (stocked, instant), m3
        What a new curve changed in the books since the instant before.
    """

    accounts: NDArray[np.intp]
    volume: Floats
    random: Floats
    fraction: Floats
    other: Floats

    @classmethod
    def of(
        cls, ledger: Ledger, bounds: NDArray[np.int64], stocks: xr.Dataset
    ) -> Stocks:
        """Read and check a dataset of stocks (ARCHITECTURE)."""
        instants = (
            stocks["instant"].to_numpy().astype("datetime64[us]").astype(np.int64)
        )
        if not np.array_equal(instants, bounds):
            raise UsageError("stocks must be given at the bounds of the periods")
        codes = pd.Index(stocks["account"].to_numpy().astype(np.str_))
        some = np.flatnonzero(ledger.stocked)
        place = codes.get_indexer(pd.Index(ledger.accounts[some]))
        strange = sorted(
            {str(c) for c in codes} - {str(a) for a in ledger.accounts[some]}
        )
        if strange:
            raise UsageError(
                f"no row in stocks.csv for {', '.join(strange)}; accounts without one "
                "are not modelled"
            )
        tables = {}
        for name, table in stock_tables(stocks).items():
            tables[name] = np.full((some.size, bounds.size), np.nan)
            tables[name][place >= 0] = table[place[place >= 0]]
        return cls(accounts=some, **tables)


def rows_of(
    ledger: Ledger,
    flows: Flows,
    boundary: str | Iterable[str],
    storeless: Iterable[str],
) -> Rows:
    """Find the accounts whose structure is fully known.

    An account inside has a row if something flows in and something flows out; one
    with only a beginning or an end is not described well enough to balance. Its row
    is open in the periods in which that is so, and in those in which its storage
    changes by what nobody measures.
    """
    inside = ledger.inside(boundary)
    into, out_of = ledger.ends("to"), ledger.ends("from")
    there = flows.valid.astype(float)
    whole = ((into @ there) > 0) & ((out_of @ there) > 0)
    chosen = np.flatnonzero(inside & whole.any(axis=1))
    modelled = ledger.stock_valid(flows.bounds)[chosen]
    tight = np.isin(ledger.account_kind[chosen], list(storeless))
    return Rows(
        accounts=chosen,
        flows=csr((into - out_of)[chosen]),
        open=~whole[chosen] | (~modelled & ~tight[:, None]),
        modelled=modelled & whole[chosen],
    )
