"""Where water is lost: reaches, canals and utilities, by what does not come out.

The loss of an account is what enters less what it passes on and stores: the losses that
it declares, and what nobody explains besides. It is a difference of large volumes, so
it is worth as much as its interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance.labels import labelled
from ewater.balance.matrices import csr
from ewater.balance.storage import changes_at
from ewater.balance.totals import count_missing
from ewater.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

    Floats = NDArray[np.float64]

#: Flows by which water is lost on its way.
LOST = ("losses_in_conveyance", "seepage")
#: What a user has to pass on to be a utility.
PASSED_ON = ("delivery", "transfer")
KINDS = ("river", "canal", "utility")
EXPANSION = 2.0  # METHODS: U = 2u, 95 %


def losses(
    ledger: Ledger, flows: Flows, stocks: xr.Dataset, territory: str | None = None
) -> xr.Dataset:
    """Find what each reach, canal and utility loses, period by period.

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    stocks : (account, instant)
        As for `ewater.balance.account.account_of`.
    territory
        Accounts with a share in it, times that share; the whole country if not given.

    Returns
    -------
    xarray.Dataset : (account, period), m3
        ``entering``; ``loss`` = entering - passed on - storage change, NaN where a
        flow or the stock is missing, which ``missing`` counts; ``loss_u``, k = 1;
        ``declared``, the part that flows of conveyance loss and seepage say;
        ``exists``. And (account,) over all periods: ``entering_total``,
        ``loss_total``, ``declared_total``, ``loss_total_u``, where what is systematic
        in a meter counts as one error; ``kind``; ``not_modelled``: its storage is
        unknown and its change in the loss. Accounts that nothing enters or nothing
        leaves are not there: nobody described them.

    Raises
    ------
    UsageError
        An unknown territory, or one without any such account.
    """
    chosen, kind, share = _accounts(ledger, flows, territory)
    into, out_of = (
        csr(ledger.ends(end)[chosen].multiply(share[:, None])) for end in ("to", "from")
    )
    lost = np.isin(ledger.flow_term, LOST)
    declared, passed = (
        csr(out_of.multiply(np.where(mark, 1.0, 0.0)[None, :]))
        for mark in (lost, ~lost)
    )
    net = csr(into - passed)
    change, variance, gap = changes_at(ledger, flows.bounds, stocks, chosen)
    missing = count_missing(net, flows.unknown) + gap
    loss = net @ flows.known - share[:, None] * change
    errors = csr(net @ flows.weights)
    random = errors.power(2) @ flows.random**2 + share[:, None] ** 2 * variance
    u = np.sqrt(random + errors.power(2) @ flows.systematic**2)
    whole = (missing == 0).all(axis=1)
    systematic = flows.systematic.sum(axis=1)
    total_u = np.sqrt(random.sum(axis=1) + errors.power(2) @ systematic**2)
    exists = (abs(net) @ flows.valid.astype(float)) > 0
    unknown = np.where(missing > 0, np.nan, 1.0)
    fields = {
        "entering": into @ flows.known * _known(into, flows),
        "loss": loss * unknown,
        "loss_u": u * unknown,
        "declared": declared @ flows.known * _known(declared, flows),
        "missing": missing,
        "exists": exists,
    }
    never = np.where(whole, 1.0, np.nan)
    found = labelled(fields, {"account": ledger.accounts[chosen]}, flows.bounds)
    return found.assign(
        entering_total=found["entering"].sum("period", skipna=False),
        loss_total=("account", loss.sum(axis=1) * never, {"units": "m3"}),
        loss_total_u=("account", total_u * never, {"units": "m3"}),
        declared_total=found["declared"].sum("period", skipna=False),
        kind=("account", kind),
        not_modelled=("account", ~ledger.stocked[chosen]),
    )


def ranked(found: xr.Dataset, period: int | None = None) -> pd.DataFrame:
    """Order the accounts of `losses` by what they lost.

    Parameters
    ----------
    found
        From `losses`.
    period
        Its position; all periods together if not given.

    Returns
    -------
    pandas.DataFrame
        ``account``, ``kind``, ``loss``, ``u``, ``lower`` and ``upper`` (95 %, U = 2u),
        ``declared``, ``unexplained`` = loss - declared, ``entering``, ``share`` of what
        enters, ``sure`` (the interval lies above 0), ``rank_first`` and ``rank_last``:
        the ranks that the intervals leave open; ``missing`` flows and stocks.
        Unknown losses come last, without a rank.
    """
    names = ("loss", "loss_u", "entering", "declared")
    if period is None:
        totals = ("loss_total", "loss_total_u", "entering_total", "declared_total")
        loss, u, entering, declared = (found[name].to_numpy() for name in totals)
        missing = found["missing"].sum("period").to_numpy()
    else:
        one = found.isel(period=period)
        loss, u, entering, declared = (one[name].to_numpy() for name in names)
        missing = one["missing"].to_numpy()
    share = np.full(loss.shape, np.nan)
    np.divide(loss, entering, out=share, where=entering > 0)
    lower, upper = loss - EXPANSION * u, loss + EXPANSION * u
    table = pd.DataFrame(
        {
            "account": found["account"].to_numpy(),
            "kind": found["kind"].to_numpy(),
            "loss": loss,
            "u": u,
            "lower": lower,
            "upper": upper,
            "declared": declared,
            "unexplained": loss - declared,
            "entering": entering,
            "share": share,
            "sure": lower > 0,
            "not_modelled": found["not_modelled"].to_numpy(),
            "missing": missing,
        }
    )
    known = np.isfinite(loss)
    above = np.sort(lower[known])
    below = np.sort(upper[known])
    first = known.sum() - np.searchsorted(above, upper, side="right") + 1
    last = known.sum() - np.searchsorted(below, lower, side="left")
    table["rank_first"] = np.where(known, first, np.nan)
    table["rank_last"] = np.where(known, last, np.nan)
    return table.sort_values(
        ["loss", "account"], ascending=[False, True], na_position="last"
    ).reset_index(drop=True)


def _accounts(
    ledger: Ledger, flows: Flows, territory: str | None
) -> tuple[NDArray[np.intp], NDArray[np.str_], Floats]:
    """Accounts that can lose water, their kinds and shares."""
    supplies = np.zeros(ledger.accounts.size, dtype=bool)
    supplies[ledger.flow_from[np.isin(ledger.flow_term, PASSED_ON)]] = True
    utility = (ledger.account_kind == "economy") & supplies
    kind = np.where(utility, "utility", ledger.account_kind)
    there = flows.valid.any(axis=1).astype(float)
    entered, left = (np.asarray(ledger.ends(end) @ there) for end in ("to", "from"))
    described = (entered > 0) & (left > 0)
    if territory is None:
        share = np.ones(ledger.accounts.size)
    else:
        share = ledger.membership[ledger.rows([territory])].toarray()[0]
    chosen = np.flatnonzero(np.isin(kind, KINDS) & described & (share > 0))
    if not chosen.size:
        raise UsageError(
            f"{territory or 'the country'} has no reach, canal or utility into which "
            "and out of which something flows"
        )
    return chosen, kind[chosen], share[chosen]


def _known(matrix: Matrix, flows: Flows) -> Floats:
    """1 where all flows of a sum are known, NaN elsewhere."""
    return np.where(count_missing(matrix, flows.unknown) > 0, np.nan, 1.0)
