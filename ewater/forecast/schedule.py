"""Ten-day releases of a reservoir against expected inflow and demand.

One linear program over all periods: nobody goes short if that can be helped, the stock
stays within its limits also where inflow is low or high, and what is released changes
little from one period to the next.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from ewater.forecast.allocate import AllocationError
from ewater.forecast.scores import BAND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Costs per m3 [D]: of demand not met, of leaving the limits with expected inflow, with
#: low or high inflow, of a change of release, of a stock off its target.
SHORT, BEYOND, BEYOND_BAND, CHANGE, OFF = 100.0, 1000.0, 5.0, 0.5, 0.1
_HM3 = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Planned releases and what follows from them.

    Attributes
    ----------
    release : (period,), m3
    inflow, inflow_low, inflow_high : (period,), m3
        Expected net inflow, and the band that holds 80 % of it.
    stock, stock_low, stock_high : (1 + period,), m3
        With expected inflow; with what has come together by then low or high.
    short : (period,), m3
        Demand that is not met.
    """

    release: Floats
    inflow: Floats
    inflow_low: Floats
    inflow_high: Floats
    stock: Floats
    stock_low: Floats
    stock_high: Floats
    short: Floats


def plan(
    inflow: Floats,
    demand: Floats,
    opening: float,
    target: Floats,
    limits: tuple[Floats, Floats],
    before: float,
) -> Plan:
    """Plan the releases of a reservoir.

    Parameters
    ----------
    inflow : (period, member), m3
        Futures of what comes in less what evaporates and seeps.
    demand : (period,), m3
        What is wanted of it.
    opening
        Stock at the begin, m3.
    target : (period,), m3
        Where its stock was expected to be at the ends.
    limits : pair of (period,), m3
        Least and greatest stock at the ends.
    before
        Release of the period before, m3; NaN if it is not known.

    Raises
    ------
    AllocationError
        The solver gives up; it says why.
    """
    periods = demand.size
    together = np.cumsum(inflow, axis=0)
    middle = together.mean(axis=1)
    low, high = np.quantile(together, BAND, axis=1, method="weibull")
    eye: Any = sparse.eye_array(periods)
    sums: Any = sparse.csr_array(np.tril(np.ones((periods, periods))))
    step: Any = sparse.diags_array(
        [np.ones(periods), -np.ones(periods - 1)], offsets=[0, -1]
    )
    first = np.zeros(periods)
    first[0] = before if np.isfinite(before) else 0.0
    # columns: release, short, below and above with expected inflow, below with low and
    # above with high, change up and down, off target up and down
    nothing: Any = sparse.csr_array((periods, periods))

    def row(**given: Any) -> list[Any]:
        line = [nothing] * len(_PLACES)
        for name, block in given.items():
            line[_PLACES[name]] = block
        return line

    equal = sparse.block_array(
        [
            row(release=step, up=-eye, down=eye),
            row(release=sums, over=eye, under=-eye),
        ],
        format="csr",
    )
    least = sparse.block_array(
        [
            row(release=-eye, short=-eye),  # release + short >= demand
            row(release=sums, below=-eye),  # stock + below >= least
            row(release=-sums, above=-eye),
            row(release=sums, below_low=-eye),
            row(release=-sums, above_high=-eye),
        ],
        format="csr",
    )
    right = np.concatenate(
        [
            -demand,
            opening + middle - limits[0],
            limits[1] - opening - middle,
            opening + low - limits[0],
            limits[1] - opening - high,
        ]
    )
    cost = np.repeat(
        [
            0.0,
            SHORT,
            BEYOND,
            BEYOND,
            BEYOND_BAND,
            BEYOND_BAND,
            CHANGE,
            CHANGE,
            OFF,
            OFF,
        ],
        periods,
    )
    if not np.isfinite(before):
        cost[[6 * periods, 7 * periods]] = 0.0
    solve: Any = linprog
    found = solve(
        cost,
        A_ub=least,
        b_ub=right / _HM3,
        A_eq=equal,
        b_eq=np.concatenate([first, opening + middle - target]) / _HM3,
        bounds=(0, None),
        method="highs",
    )
    if found.status != 0:
        raise AllocationError(f"no schedule can be found: {found.message}")
    release = found.x[:periods] * _HM3
    given = np.cumsum(release)
    ends = [np.quantile(inflow, q, axis=1, method="weibull") for q in BAND]

    def stock(come: Floats) -> Floats:
        return np.concatenate([[opening], opening + come - given])

    return Plan(
        release=release,
        inflow=inflow.mean(axis=1),
        inflow_low=ends[0],
        inflow_high=ends[1],
        stock=stock(middle),
        stock_low=stock(low),
        stock_high=stock(high),
        short=np.maximum(demand - release, 0.0),
    )


_PLACES = {
    name: place
    for place, name in enumerate(
        (
            "release",
            "short",
            "below",
            "above",
            "below_low",
            "above_high",
            "up",
            "down",
            "over",
            "under",
        )
    )
}


def within_months(
    monthly: Floats, months: NDArray[np.int64], bounds: NDArray[np.int64]
) -> Floats:
    """Split monthly volumes into shorter periods, smoothly and without loss.

    Mean rates run straight from the middle of one month to that of the next; what a
    month then has too much or too little is taken from its parts by their size, so
    that they add up to it.

    Parameters
    ----------
    monthly : (month, member), m3
    months : (month + 1,), int64 microseconds UTC
    bounds : (period + 1,)
        Each period lies in one month; together they may cover a part of the first.

    Returns
    -------
    numpy.ndarray : (period, member), m3
    """
    length = np.diff(months).astype(float)
    rate = monthly / length[:, None]
    middle = (months[:-1] + months[1:]) / 2
    # all parts of every month, also those that lie before the first period
    cuts = np.unique(np.concatenate([months, bounds]))
    cuts = cuts[(cuts >= months[0]) & (cuts <= months[-1])]
    at = (cuts[:-1] + cuts[1:]) / 2
    span = np.diff(cuts).astype(float)
    shape = np.stack([np.interp(at, middle, column) for column in rate.T], axis=1)
    raw = shape * span[:, None]
    month = np.searchsorted(months, cuts[:-1], side="right") - 1
    total = np.zeros_like(monthly)
    np.add.at(total, month, raw)
    even = span[:, None] / length[month][:, None] * monthly[month]
    part = np.divide(monthly, total, out=np.full_like(monthly, np.nan), where=total > 0)
    made = np.where(np.isfinite(part[month]), raw * part[month], even)
    wanted = np.searchsorted(cuts, bounds)
    return np.stack([made[a:b].sum(axis=0) for a, b in itertools.pairwise(wanted)])
