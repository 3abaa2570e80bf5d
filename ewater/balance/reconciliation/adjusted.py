"""The reconciled ledger of one period, as flows and stocks that any sum is made of.

Reconciled volumes are correlated through every account that they were tied to. Their
errors are sums of those of the instruments, so a reconciled flow is fed by all the
instruments that decided it: `Flows.weights` of the period says how much by each, and
sums over flows have the uncertainty that follows from the whole of V̂.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from ewater.balance.expected import expected_volume
from ewater.balance.matrices import csr, filled
from ewater.balance.reconciliation.result import RAW_STANDS, Standing
from ewater.balance.storage import Changes
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.reconcile import LedgerReconciliation

    Floats = NDArray[np.float64]

_NOTHING = 1e-12  # of the largest error of a flow: rounding


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Adjusted:
    """A reconciled period.

    Attributes
    ----------
    flows : Flows
        Of the one period. What the rows leave open is unknown.
    stocks : (account, instant)
        The opening stock as it was measured; the closing one is that, and the
        reconciled change.
    changes : Changes
        The errors of the reconciled changes of storage.
    """

    flows: Flows
    stocks: xr.Dataset
    changes: Changes


def adjusted(
    ledger: Ledger,
    flows: Flows,
    stocks: xr.Dataset,
    found: LedgerReconciliation,
    period: int,
) -> Adjusted | None:
    """Take one period out of a reconciliation; None where raw values stand.

    Parameters
    ----------
    ledger, flows, stocks
        What was reconciled.
    found
        By period, made with ``errors=True``.
    period
        Its position.

    Raises
    ------
    UsageError
        The reconciliation is coupled, or did not keep its errors.
    """
    result = found.result
    if found.coupled or period not in result.errors:
        raise UsageError("take a reconciliation by period, made with errors=True")
    if result.verdict[period] in RAW_STANDS:
        return None
    count, rows = found.flow_codes.size, found.row_accounts.size
    now = flows.within([period])
    variables = result.value[: count + rows, period]
    errors = _errors(result.errors[period], count + rows)
    u = np.sqrt(found.variance[:, [period]])
    value = np.where(now.valid[:, 0], variables[:count], 0.0)[:, None]
    unknown = np.isnan(value)
    standing = result.standing[:count, [period]]
    found_here = (standing == Standing.OBSERVABLE) & ~unknown
    status = np.where(found_here, Status.BALANCING, now.status)
    status[unknown] = Status.UNKNOWN
    # names of parts of one source need not differ, and these must
    names = np.array([f"{name}#{n}" for n, name in enumerate(result.candidates)])
    place = pd.Index(ledger.accounts).get_indexer(pd.Index(found.row_accounts))
    shape = (ledger.accounts.size, rows)
    # what an account without a stock holds back stays in the residual, as it was
    held = ledger.stocked[place] & np.isfinite(variables[count:])
    placed = csr(filled(place, np.arange(rows), held.astype(float), shape))
    return Adjusted(
        flows=replace(
            now,
            volume=value,
            unknown=unknown,
            status=status.astype(np.int8),
            expected=expected_volume(value, now.valid),
            weights=csr(errors[:count]),
            random=u,
            systematic=np.zeros_like(u),
            origin=names,
        ),
        stocks=_stocks(stocks, period, found.row_accounts, variables[count:]),
        changes=Changes(
            loading=csr(placed @ errors[count:]),
            reconciled=placed @ np.ones(rows) > 0,
            parts=names,
        ),
    )


def _errors(errors: Floats, variables: int) -> Matrix:
    """Without what is rounding, csr (variable, factor)."""
    some = errors[:variables]
    size = np.abs(some).max(axis=1, initial=0.0, keepdims=True)
    return csr(sparse.csr_array(np.where(np.abs(some) > _NOTHING * size, some, 0.0)))


def _stocks(
    stocks: xr.Dataset, period: int, codes: NDArray[np.str_], change: Floats
) -> xr.Dataset:
    """Close each reconciled stock by its reconciled change, and what was booked."""
    now = stocks.isel(instant=[period, period + 1]).copy(deep=True)
    by_code = {str(code): float(c) for code, c in zip(codes, change, strict=True)}
    volume = now["volume"].transpose("account", "instant").to_numpy().copy()
    booked = (
        now["other_change"].transpose("account", "instant").to_numpy()
        if "other_change" in now
        else np.zeros_like(volume)
    )
    for row, code in enumerate(now["account"].to_numpy().astype(str)):
        if np.isfinite(by_code.get(code, np.nan)):
            volume[row, 1] = volume[row, 0] + by_code[code] + booked[row, 1]
    return now.assign(volume=(("account", "instant"), volume))
