"""Do the single accounts close: what enters, less what leaves, less what is stored.

Whole accounts, whoever holds them. Where every flow and the stock are known the
residual is worth as much as its uncertainty; else it is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.balance.labels import labelled
from ewater.balance.matrices import csr, pattern
from ewater.balance.storage import changes_at
from ewater.balance.totals import count_missing
from ewater.terms import OUTSIDE_KINDS, Status

if TYPE_CHECKING:
    import xarray as xr

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger


def closure(ledger: Ledger, flows: Flows, stocks: xr.Dataset) -> xr.Dataset:
    """Find the residual of every account.

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    stocks : (account, instant)
        As for `ewater.balance.account.account_of`.

    Returns
    -------
    xarray.Dataset : (account, period), m3
        ``entering`` and ``leaving``: sums of what is known; ``storage_change``, 0
        where none is modelled; ``residual`` = entering - leaving - storage change and
        its ``u`` (k = 1), NaN where anything is missing, which ``missing`` counts, and
        where nothing enters or nothing leaves, since nobody described the rest;
        ``residual_z``. ``balanced``: a flow found as what is left over took part, so
        that the residual tests nothing.
    """
    into, out_of = (ledger.ends(end) for end in ("to", "from"))
    there = flows.valid.astype(float)
    described = ((into @ there) > 0) & ((out_of @ there) > 0)
    inland = ~np.isin(ledger.account_kind, OUTSIDE_KINDS)
    every = np.arange(ledger.accounts.size)
    change, variance, gap = changes_at(ledger, flows.bounds, stocks, every)
    net = csr(into - out_of)
    missing = count_missing(net, flows.unknown) + gap
    errors = csr(net @ flows.weights)
    judged = described & inland[:, None] & (missing == 0)
    u = np.sqrt(errors.power(2) @ flows.variance + variance)
    residual = net @ flows.known - change
    balancing = (flows.status == Status.BALANCING).astype(float)
    return labelled(
        {
            "entering": into @ flows.known,
            "leaving": out_of @ flows.known,
            "storage_change": np.where(gap > 0, np.nan, change),
            "residual": np.where(judged, residual, np.nan),
            "u": np.where(judged, u, np.nan),
            "residual_z": np.divide(
                residual, u, out=np.full(u.shape, np.nan), where=judged & (u > 0)
            ),
            "missing": missing,
            "balanced": (pattern(net) @ balancing) > 0,
        },
        {"account": ledger.accounts},
        flows.bounds,
    )
