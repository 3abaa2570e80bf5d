"""The ledger as variables and rows, each period on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from ewater.balance.matrices import above, beside, csr
from ewater.balance.reconciliation.variables import (
    Variables,
    measured_flows,
    named,
    part_names,
    placed,
)
from ewater.balance.storage import change_of
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.reconciliation.rows import Rows, Stocks
    from ewater.balance.reconciliation.variables import Total

    Floats = NDArray[np.float64]


def by_period(
    ledger: Ledger,
    flows: Flows,
    rows: Rows,
    stocks: Stocks,
    totals: Sequence[Total] = (),
) -> Variables:
    """Flows, changes of storage, and totals of both, each period on its own.

    A total is one more variable that nobody measures, and one more row that finds
    it, with the uncertainty that follows. Its parts are named as variables are.
    """
    changes = _changes(rows, stocks)
    unit = sparse.eye_array(rows.accounts.size)
    codes = ledger.accounts[rows.accounts]
    count, size, more = flows.codes.size, rows.accounts.size, len(totals)
    variables = np.concatenate([flows.codes, named("change of", codes)])
    labels = named("total", [total.code for total in totals])
    nothing = csr(sparse.csr_array((size, more)))
    balance = beside([rows.flows, csr(-unit), nothing])
    sums = beside([_sums(totals, variables), csr(-sparse.eye_array(more))])
    free = sparse.csr_array((more, 0))
    return Variables(
        matrix=above([balance, sums]),
        value=np.concatenate(
            [
                measured_flows(flows),
                changes.value,
                np.full((more, flows.volume.shape[1]), np.nan),
            ]
        ),
        loading=csr(sparse.block_diag([flows.weights, unit, free])),
        u=np.sqrt(np.concatenate([flows.variance, changes.variance])),
        lower=np.concatenate([np.zeros(count), np.full(size + more, -np.inf)])[:, None],
        upper=np.full((count + size + more, 1), np.inf),
        constant=np.zeros((size + more, 1)),
        names={
            "variable": np.concatenate([variables, labels]),
            "row": np.concatenate([codes, labels]),
            "candidate": np.concatenate([part_names(flows), named("change of", codes)]),
        },
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    value: Floats
    variance: Floats


def _changes(rows: Rows, stocks: Stocks) -> _Change:
    """Change of storage of each row: measured, none, or unknown."""
    periods = rows.open.shape[1]
    place = pd.Index(stocks.accounts).get_indexer(pd.Index(rows.accounts))
    some = place >= 0
    change = np.zeros((rows.accounts.size, periods))
    variance = np.zeros_like(change)
    chosen = place[some]
    change[some], variance[some] = change_of(
        stocks.volume[chosen],
        stocks.random[chosen],
        stocks.fraction[chosen],
        stocks.other[chosen],
    )
    change[~rows.modelled], variance[~rows.modelled] = 0.0, 0.0
    change[rows.open] = np.nan
    return _Change(change, variance)


def _sums(totals: Sequence[Total], variables: NDArray[np.str_]) -> Matrix:
    """Rows of totals over flows and changes of storage, (total, variable)."""
    place = {str(name): n for n, name in enumerate(variables)}
    entries = []
    for row, total in enumerate(totals):
        if np.isfinite(total.value) or total.periods is not None:
            raise UsageError(
                f"total {total.code} is stated or joins periods: couple them"
            )
        for code, factor in total.parts.items():
            if code not in place:
                raise UsageError(f"total {total.code}: no flow or change {code}")
            entries.append((row, place[code], factor))
    return placed(entries, (len(totals), len(variables)))
