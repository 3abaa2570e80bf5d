"""Accounts that can be checked by their own mass balance: nodes.

A river reach, canal or reservoir of which every flow is measured by series closes
within its uncertainty, or one of its members is wrong (METHODS 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ewater.balance import expressions
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from ewater.accounts.pipeline import Inputs

    Frames = Mapping[str, pd.DataFrame]
    Array = NDArray[np.float64]

KINDS = ("river", "canal", "reservoir")
COVERAGE = 0.95  # of every flow, below which a period is not judged [D]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Residuals of the accounts that every flow is measured at.

    ``residual`` and ``u`` : (node, period), m3, NaN where a period cannot be judged;
    ``members`` : csr (series, node), 1 where a series measures a flow or stock.
    """

    accounts: list[str]
    residual: Array
    u: Array
    series: list[str]
    members: sparse.csr_array


def find(inputs: Inputs, frames: Frames, bounds: NDArray[np.int64]) -> Nodes:
    """Find the nodes of a ledger and what their balances leave over.

    A flow counts as measured in a period where its sum of series does, without
    fallback or infilled part to speak of. A reservoir needs a stock; what a reach or
    canal holds is small against a month of flow and may go unmodelled.

    Parameters
    ----------
    inputs
        Of the account on these periods.
    frames
        Country frames it was computed from.
    bounds : (period + 1,), int64, microseconds UTC
    """
    ledger = inputs.ledger
    terms = _terms(frames["flows"], "code")
    stored = _terms(frames["stocks"], "account")
    chosen = _chosen(inputs, terms, frames)
    signed = (ledger.ends("to") - ledger.ends("from"))[chosen]
    ends = (ledger.ends("to") + ledger.ends("from"))[chosen]
    residual, u = _residual(inputs, signed, ends, bounds)
    change, variance, unknown = _changes(inputs, chosen, bounds)
    residual = np.where(unknown, np.nan, residual - change)
    accounts = [str(code) for code in ledger.accounts[chosen]]
    named: list[tuple[str, int]] = []
    for node, account in enumerate(accounts):
        touching = ledger.flows[ends[[node]].indices]
        named += [(code, node) for flow in touching for code in terms.get(flow, ())]
        named += [(code, node) for code in stored.get(account, ())]
    series = sorted({code for code, _ in named})
    place = {code: n for n, code in enumerate(series)}
    pairs = sorted({(place[code], node) for code, node in named})
    rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
    members = sparse.csr_array(
        (np.ones(len(pairs)), (rows, columns)), shape=(len(series), len(accounts))
    )
    return Nodes(
        accounts=accounts,
        residual=residual,
        u=np.sqrt(u**2 + variance),
        series=series,
        members=members,
    )


def _terms(frame: pd.DataFrame, key: str) -> dict[str, tuple[str, ...]]:
    """Series that measure a flow or stock, of those whose first way is a sum."""
    found = {}
    for code, text in zip(frame[key], frame["measured_by"], strict=True):
        if isinstance(text, str) and text:
            first = expressions.parse(text)[0]
            if isinstance(first, expressions.Sum):
                found[str(code)] = tuple(series for _, series in first.terms)
    return found


def _chosen(
    inputs: Inputs, terms: dict[str, tuple[str, ...]], frames: Frames
) -> NDArray[np.intp]:
    """Positions of the accounts that are nodes."""
    ledger = inputs.ledger
    reversed_ = set(frames["flows"]["reverse"].dropna())
    measured = np.array(
        [str(code) in terms or str(code) in reversed_ for code in ledger.flows], bool
    )
    touching = ledger.ends("to") + ledger.ends("from")
    count = touching.sum(axis=1)
    known = touching @ measured.astype(float)
    kinds = np.isin(ledger.account_kind, KINDS)
    stocked = ledger.stocked | (ledger.account_kind != "reservoir")
    into, out = ledger.ends("to").sum(axis=1), ledger.ends("from").sum(axis=1)
    through = (into > 0) & (out > 0)
    return np.flatnonzero(kinds & stocked & through & (known == count))


def _residual(
    inputs: Inputs,
    signed: sparse.csr_array,
    ends: sparse.csr_array,
    bounds: NDArray[np.int64],
) -> tuple[Array, Array]:
    """Inflow less outflow of the nodes, and its standard uncertainty."""
    data = {
        name: inputs.sources[name].transpose("source", "period").values
        for name in ("volume", "u_random", "u_systematic", "coverage", "status")
    }
    usable = np.isfinite(data["volume"]) & (data["status"] == Status.MEASURED)
    usable &= data["coverage"] >= COVERAGE
    part = sparse.csr_array(signed @ inputs.weights)
    volume = np.where(usable, data["volume"], 0.0)
    variance = data["u_random"] ** 2 + data["u_systematic"] ** 2
    missing = abs(part).astype(bool).astype(float) @ (~usable).astype(float)
    absent = ends @ (~inputs.ledger.flow_valid(bounds)).astype(float)
    judged = (missing == 0) & (absent == 0)
    squares = part.multiply(part).tocsr() @ np.where(usable, variance, 0.0)
    residual = np.where(judged, part @ volume, np.nan)
    return residual, np.where(judged, np.sqrt(squares), np.nan)


def _changes(
    inputs: Inputs, chosen: NDArray[np.intp], bounds: NDArray[np.int64]
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Change of stock of the nodes, its variance, and where it is not known."""
    ledger, stocks = inputs.ledger, inputs.stocks
    change = np.zeros((len(chosen), len(bounds) - 1))
    variance = np.zeros_like(change)
    rows = {str(code): n for n, code in enumerate(stocks["account"].values)}
    volume = stocks["volume"].transpose("account", "instant").values
    u = stocks["u_random"].transpose("account", "instant").values
    common = stocks["u_systematic_fraction"].values
    for node, code in enumerate(ledger.accounts[chosen]):
        row = rows.get(str(code))
        if row is not None:
            change[node] = np.diff(volume[row])
            variance[node] = u[row, 1:] ** 2 + u[row, :-1] ** 2
            variance[node] += (common[row] * change[node]) ** 2
    held = ledger.stocked[chosen][:, None]
    unknown = held & ~ledger.stock_valid(bounds)[chosen]
    return change, variance, unknown | np.isnan(change)
