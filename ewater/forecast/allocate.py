"""Who goes short: one month of water shared out by priority, as a linear program.

Water from outside and what evaporates is given; a canal loses a part of what enters
it, a user returns a part of what it receives; the rest is free between 0 and what is
wanted.
Demand is cut where neither rivers nor reservoirs can give more, first where being short
costs least. What is not at stake stays as near to what was expected as it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from ewater.errors import EWaterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]
    Matrix = sparse.csr_array

#: Costs per m3: of another way through the network, of storage given up (or kept back),
#: of an account that does not balance. Being short costs between 1 and 1,000.
ANOTHER_WAY, STORAGE, IMBALANCE = 0.001, 0.01, 1e5
_HM3 = 1e6


class AllocationError(EWaterError):
    """The program found no way to share out the water."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """What water may do in a month.

    Attributes
    ----------
    balance : csr (row, flow)
        +1 at the account that receives, -1 at the one that gives.
    storing : csr (row, stock)
    follows : csr (rule, flow)
        Sums of flows that must be 0: a loss less its part of what enters.
    given : (flow,), bool
        Flows that are as they are.
    wanted : (flow,), bool
        Flows that may be cut, but not exceeded.
    cost : (flow,)
        Of each m3 by which a wanted flow falls short.
    """

    balance: Matrix
    storing: Matrix
    follows: Matrix
    given: Marks
    wanted: Marks
    cost: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """One month shared out: flows, stocks at its end, and what does not balance, m3."""

    flow: Floats
    stock: Floats
    gap: Floats


def share_out(
    network: Network,
    expected: Floats,
    least: Floats,
    most: Floats,
    opening: Floats,
    target: Floats,
    room: tuple[Floats, Floats],
) -> Shared:
    """Share out the water of one month.

    Parameters
    ----------
    expected : (flow,), m3
        What is expected to flow; of a wanted flow the demand.
    least, most : (flow,), m3
        Bounds of the free flows; a wanted one lies between 0 and its demand.
    opening, target : (stock,), m3
        At the begin, and as expected at the end.
    room : pair of (stock,), m3
        Least and greatest stock at the end.

    Raises
    ------
    AllocationError
        The solver gives up; it says why.
    """
    flows, stocks = network.given.size, opening.size
    rows, rules = network.balance.shape[0], network.follows.shape[0]
    free = ~network.given & ~network.wanted
    loose = np.flatnonzero(free)
    eye = sparse.eye_array
    pick = sparse.csr_array(
        (np.ones(loose.size), (np.arange(loose.size), loose)),
        shape=(loose.size, flows),
    )
    # columns: flows, stocks, |flow - expected| in two parts, the same of stocks, gaps
    ways, held, off = eye(loose.size), eye(stocks), eye(rows)
    nothing = [None] * 6
    blocks: list[Any] = [
        [network.balance, -network.storing, *nothing[:4], off, -off],
        [network.follows, None, *nothing],
        [pick, None, -ways, ways, *nothing[:4]],
        [None, held, None, None, -held, held, None, None],
    ]
    matrix = sparse.block_array(
        [block for block in blocks if block[0] is None or block[0].shape[0]],
        format="csr",
    )
    right = np.concatenate(
        [-(network.storing @ opening), np.zeros(rules), expected[loose], target]
    )
    cost = np.concatenate(
        [
            np.where(network.wanted, -network.cost, 0.0),
            np.zeros(stocks),
            np.full(2 * loose.size, ANOTHER_WAY),
            np.full(2 * stocks, STORAGE),
            np.full(2 * rows, IMBALANCE),
        ]
    )
    lower = np.where(network.given, expected, np.where(network.wanted, 0.0, least))
    upper = np.where(network.given | network.wanted, expected, most)
    extra = 2 * (loose.size + stocks + rows)
    bounds = np.column_stack(
        [
            np.concatenate([lower, room[0], np.zeros(extra)]),
            np.concatenate([upper, room[1], np.full(extra, np.inf)]),
        ]
    )
    solve: Any = linprog
    found = solve(
        cost, A_eq=matrix, b_eq=right / _HM3, bounds=bounds / _HM3, method="highs"
    )
    if found.status != 0:
        raise AllocationError(f"the water cannot be shared out: {found.message}")
    value = found.x * _HM3
    gaps = value[-2 * rows :]
    return Shared(
        flow=value[:flows],
        stock=value[flows : flows + stocks],
        gap=gaps[:rows] + gaps[rows:],
    )
