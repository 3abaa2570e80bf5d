"""Reconciliation of a country's ledger (METHODS 5; DESIGN, "One ledger")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ewater.balance.labels import labelled
from ewater.balance.reconciliation.by_period import by_period
from ewater.balance.reconciliation.rows import Stocks, rows_of
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.solve import solve
from ewater.balance.reconciliation.variables import coupled
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.reconciliation.result import Reconciled
    from ewater.balance.reconciliation.variables import Total

#: Kinds of account whose storage does not change: what enters leaves in the period.
STORELESS = ("canal", "economy")
_FIELDS = ("raw", "raw_u", "value", "u", "adjustment", "normalised")
_MARKS = ("standing", "active")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LedgerReconciliation:
    """Reconciled flows and storage of a ledger.

    Attributes
    ----------
    result : Reconciled
        With all tests, suspects and verdicts. By period, its variables are flows
        and changes of storage; coupled, it has one period, which holds all.
    coupled : bool
    totals : tuple of str
    variance : (factor, period), m6
        Of the errors of `Reconciled.errors`.
    """

    result: Reconciled
    flow_codes: NDArray[np.str_]
    row_accounts: NDArray[np.str_]
    stock_accounts: NDArray[np.str_]
    bounds: NDArray[np.int64]
    coupled: bool
    totals: tuple[str, ...]
    variance: NDArray[np.float64]

    def flows(self) -> xr.Dataset:
        """Flows, dims (flow, period), m3: ``value``, ``u``, ``raw``, ``adjustment``.

        Besides ``raw_u``, ``normalised`` (adjustment over raw_u), ``standing`` and
        ``active`` (`Reconciled`).
        """
        shape = (self.flow_codes.size, self.bounds.size - 1)
        return labelled(self._fields(0, shape), {"flow": self.flow_codes}, self.bounds)

    def changes(self) -> xr.Dataset:
        """List changes of storage, dims (account, period), when not coupled."""
        if self.coupled:
            raise UsageError("coupled, storage is given as stocks: use stocks()")
        shape = (self.row_accounts.size, self.bounds.size - 1)
        first = self.flow_codes.size
        return self._labelled(first, shape, {"account": self.row_accounts})

    def sums(self) -> xr.Dataset:
        """Totals, dims (total, period), when not coupled."""
        if self.coupled:
            raise UsageError("coupled, totals hold all periods: use total_table()")
        shape = (len(self.totals), self.bounds.size - 1)
        first = self.flow_codes.size + self.row_accounts.size
        names = np.array(self.totals, dtype=np.str_)
        return self._labelled(first, shape, {"total": names})

    def stocks(self) -> xr.Dataset:
        """Stocks, dims (account, instant), when coupled."""
        if not self.coupled:
            raise UsageError("by period, storage is given as changes: use changes()")
        shape = (self.stock_accounts.size, self.bounds.size)
        first = self.flow_codes.size * (self.bounds.size - 1)
        dims = ("account", "instant")
        fields = self._fields(first, shape)
        return xr.Dataset(
            {name: (dims, table) for name, table in fields.items()},
            coords={
                "account": self.stock_accounts,
                "instant": self.bounds.astype("datetime64[us]"),
            },
        )

    def total_table(self) -> pd.DataFrame:
        """Totals as they were stated and as they are reconciled, when coupled."""
        if not self.coupled:
            raise UsageError("by period, totals are given by sums()")
        count = len(self.totals)
        fields = self._fields(self.result.variables.size - count, (count, 1))
        columns = {name: table[:, 0] for name, table in fields.items()}
        return pd.DataFrame(columns, index=pd.Index(self.totals, name="total"))

    def _labelled(
        self, first: int, shape: tuple[int, int], labels: dict[str, NDArray[np.str_]]
    ) -> xr.Dataset:
        dataset = labelled(self._fields(first, shape), labels, self.bounds)
        dataset["normalised"].attrs.clear()
        return dataset

    def _fields(self, first: int, shape: tuple[int, int]) -> dict[str, NDArray[Any]]:
        """Take some variables out of the result."""
        size = shape[0] * (shape[1] if self.coupled else 1)
        return {
            name: getattr(self.result, name)[first : first + size].reshape(shape)
            for name in (*_FIELDS, *_MARKS)
        }


def reconcile(
    ledger: Ledger,
    flows: Flows,
    stocks: xr.Dataset,
    *,
    boundary: str | Iterable[str] = "managed",
    couple: bool = False,
    totals: Sequence[Total] = (),
    capacity: Mapping[str, float] | None = None,
    bounded: bool = True,
    storeless: Iterable[str] = STORELESS,
    policy: Policy | None = None,
    errors: bool = False,
) -> LedgerReconciliation:
    """Adjust flows and storage so that every account balances, if they let themselves.

    One row for each account inside the boundary into which and out of which something
    flows: in - out - change of storage = 0. Flows without data, balancing items and
    changes of storage of accounts that are not modelled are unmeasured: found where
    the rows determine them, else left open. Errors are those of the instruments, so
    that flows which share one are correlated, and the suspect is the instrument.

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    stocks : (account, instant)
        As for `ewater.balance.account.account_of`.
    boundary
        A name of `ewater.terms.BOUNDARIES`, or the account kinds inside.
    couple
        Solve all periods at once: stocks are continuous, what is systematic is one
        error of all periods, and ``totals`` hold.
    totals
        Sums over flows. Coupled they may be stated and join months; by period they
        are found, also over ``change of ACCOUNT``.
    capacity : mapping of account to m3
        Stocks stay below; only coupled.
    bounded
        Flows and stocks are not negative.
    storeless
        Kinds of account that hold nothing back; the others change by an unknown
        amount unless they have a stock.
    policy
        Levels and what follows from them. When not given, a coupled solve also
        searches while a single test stands out (`Policy.each`).
    errors
        As for `solve.solve`; for `adjusted.adjusted`.

    Returns
    -------
    LedgerReconciliation

    Raises
    ------
    UsageError
        Unknown boundary, code or period; stocks of other instants or accounts.
    """
    if not couple and capacity:
        raise UsageError("capacities are of stocks: couple the periods")
    kinds = boundary if isinstance(boundary, str) else tuple(boundary)
    rows = rows_of(ledger, flows, kinds, storeless)
    held = Stocks.of(ledger, flows.bounds, stocks)
    if couple:
        _refuse_unknown(ledger, held, capacity or {})
        given = coupled(ledger, flows, rows, held, totals, capacity or {})
    else:
        given = by_period(ledger, flows, rows, held, totals)
    result = solve(
        given.matrix,
        given.value,
        given.u,
        loading=given.loading,
        by_factor=True,
        constant=given.constant,
        lower=given.lower if bounded else -np.inf,
        upper=given.upper,
        policy=policy or Policy(each=couple),
        names=dict(given.names),
        errors=errors,
    )
    return LedgerReconciliation(
        result=result,
        flow_codes=flows.codes,
        row_accounts=ledger.accounts[rows.accounts],
        stock_accounts=ledger.accounts[held.accounts],
        bounds=flows.bounds,
        coupled=couple,
        totals=tuple(total.code for total in totals),
        variance=np.nan_to_num(given.u) ** 2,
    )


def _refuse_unknown(
    ledger: Ledger, held: Stocks, capacity: Mapping[str, float]
) -> None:
    strange = sorted(set(capacity) - set(ledger.accounts[held.accounts]))
    if strange:
        raise UsageError(f"a capacity needs a stock: {', '.join(strange)} has none")
