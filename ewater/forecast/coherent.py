"""Futures that obey the ledger: what flows in flows out or changes the storage.

Each future is moved onto the balances of the accounts by weighted least squares, what
is more uncertain further (METHODS 5), month after month: the storage at the end of
one is that at the beginning of the next, so that months, quarters and years agree;
territories agree because a flow between two of them is one number. Distributions
follow (Panagiotelis et al. 2023): quantiles are taken of what is coherent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Matrix = sparse.csr_array

_PASSES = 12
_STIFF = 1e-9  # of a pivot: keeps a balance regular in which nothing may move
_NOISE = 1e-6  # m3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coherent:
    """Futures on the balances of the ledger.

    Attributes
    ----------
    flow : (flow, lead, member), m3
    stock : (stock, 1 + lead, member), m3
        At the origin and at the end of each month.
    gap : (row,), m3
        Largest difference that is left in the balance of an account: what its flows
        and its storage could not take without becoming negative or overfull.
    moved : (flow,)
        Mean adjustment as a share of the mean flow.
    """

    flow: Floats
    stock: Floats
    gap: Floats
    moved: Floats


def cohere(
    flow: Floats,
    u: Floats,
    stock: Floats,
    stock_u: Floats,
    opening: Floats,
    full: Floats,
    balance: Matrix,
    storing: Matrix,
) -> Coherent:
    """Move futures onto the balances.

    Parameters
    ----------
    flow : (flow, lead, member), m3
        As forecast, each series for itself; not negative.
    u : (flow, lead), m3
        How uncertain each is; relative to its mean it holds for every member.
    stock : (stock, lead, member), m3
        At the end of each month, as forecast.
    stock_u : (stock, lead), m3
    opening : (stock,), m3
        At the origin.
    full : (stock,), m3
        What fits; the least is 0.
    balance : csr (row, flow)
        +1 at the account that receives, -1 at the one that gives.
    storing : csr (row, stock)
        1 where the account holds the stock.
    """
    matrix = sparse.csr_array(sparse.hstack([balance, -storing]))
    balances = Balances.of(matrix)
    flows, leads, members = flow.shape
    result = np.empty_like(flow)
    held = np.empty((stock.shape[0], leads + 1, members))
    held[:, 0] = opening[:, None]
    gap = np.zeros(matrix.shape[0])
    mean = flow.mean(axis=2)
    # a member that flows twice as much is twice as uncertain
    part = np.divide(u, mean, out=np.zeros_like(u), where=mean > 0)
    least = 0.05 * u
    for lead in range(leads):
        for member in range(members):
            before = held[:, lead, member]
            value = np.concatenate(
                [flow[:, lead, member], stock[:, lead, member] - before]
            )
            own = np.maximum(part[:, lead] * flow[:, lead, member], least[:, lead])
            spread = np.concatenate([own, stock_u[:, lead]])
            lower = np.concatenate([np.zeros(flows), -before])
            upper = np.concatenate([np.full(flows, np.inf), full - before])
            found = settle(value, spread**2, balances, lower, upper)
            result[:, lead, member] = found[:flows]
            held[:, lead + 1, member] = before + found[flows:]
            np.maximum(gap, np.abs(matrix @ found), out=gap)
    moved = np.abs(result - flow).mean(axis=(1, 2)) / np.maximum(
        flow.mean(axis=(1, 2)), 1.0
    )
    return Coherent(flow=result, stock=held, gap=gap, moved=moved)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balances:
    """Balances ``matrix @ x = 0``, and how their normal equations are made.

    Attributes
    ----------
    matrix, across : csr (row, variable), csr (variable, row)
    indices, indptr
        Where the normal equations ``matrix @ diag(v) @ matrix.T`` have entries, with
        their diagonal, by column.
    products : csr (entry, variable)
        Each entry is a sum over variances.
    diagonal : (row,)
        Entries of the diagonal.
    """

    matrix: Matrix
    across: Matrix
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    products: Matrix
    diagonal: NDArray[np.intp]

    @classmethod
    def of(cls, matrix: Matrix) -> Balances:
        """Find out once where the normal equations have entries."""
        rows, count = matrix.shape
        upright = sparse.csc_array(matrix)
        size = np.diff(upright.indptr)
        variable = np.repeat(np.arange(count), size)
        # each pair of entries of a column of the matrix adds to one entry
        times = size[variable]
        first = np.repeat(np.arange(upright.nnz), times)
        start = np.repeat(upright.indptr[variable], times)
        begin = np.repeat(np.cumsum(times) - times, times)
        second = start + np.arange(first.size) - begin
        place = upright.indices[first].astype(np.int64) * rows + upright.indices[second]
        own = np.arange(rows, dtype=np.int64) * (rows + 1)
        entries = np.unique(np.concatenate([place, own]))
        products = sparse.csr_array(
            (
                upright.data[first] * upright.data[second],
                (np.searchsorted(entries, place), variable[first]),
            ),
            shape=(entries.size, count),
        )
        column, row = np.divmod(entries, rows)
        counts = np.bincount(column, minlength=rows)
        return cls(
            matrix=matrix,
            across=sparse.csr_array(matrix.T),
            indices=row.astype(np.int32),
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            products=products,
            diagonal=np.searchsorted(entries, own),
        )

    def force(self, variance: Floats, rest: Floats) -> Floats:
        """Solve the normal equations, made regular where nothing may move, (row,)."""
        entries = self.products @ variance
        size = entries[self.diagonal]
        entries[self.diagonal] += _STIFF * np.where(size > 0, size, 1.0)
        shape = (self.matrix.shape[0],) * 2
        normal = sparse.csc_array((entries, self.indices, self.indptr), shape=shape)
        return np.asarray(splu(normal).solve(rest))


def settle(
    value: Floats, variance: Floats, balances: Balances, lower: Floats, upper: Floats
) -> Floats:
    """Nearest point on ``matrix @ x = 0`` within bounds, by an active set.

    Parameters
    ----------
    value, variance, lower, upper : (variable,)
        A variable without variance stays as it is.
    balances
        Of the matrix.

    Returns
    -------
    numpy.ndarray : (variable,)
        Where the bounds leave no way to balance, a difference remains.
    """
    matrix = balances.matrix
    found = np.clip(value, lower, upper)
    free = variance.copy()
    free[found != value] = 0.0
    for _ in range(_PASSES):
        rest = matrix @ found
        if np.abs(rest).max(initial=0.0) <= _NOISE:
            break
        force = balances.force(free, rest)
        step = found - free * (balances.across @ force)
        beyond = (step < lower) | (step > upper)
        found = np.clip(step, lower, upper)
        if not beyond.any():
            # what stiffness left is taken in one more step
            rest = matrix @ found
            if np.abs(rest).max(initial=0.0) <= _NOISE:
                break
        free[beyond] = 0.0
    return found
