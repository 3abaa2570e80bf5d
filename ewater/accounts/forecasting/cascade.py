"""Reservoirs below one another: what one is planned to release comes to the next.

A forecast expects of each reservoir a release of its own; a plan has another one. The
difference goes down the network, in each future by itself, within the same ten days:
the registry does not know how long water travels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.forecast import schedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ewater.accounts.forecasting.make import Outlook
    from ewater.balance.ledger import Ledger

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]

AIR = ("atmosphere", "groundwater", "soil", "snow_ice")
USERS = ("canal", "economy")
_THROUGH = ("river", "lake", "canal")  # what comes in goes out


class Cascade:
    """What comes to each reservoir beyond the forecast, as those above are planned.

    Parameters
    ----------
    outlook
        The forecast.
    bounds : (period + 1,), int64 microseconds UTC
        Of the plans.
    """

    def __init__(self, outlook: Outlook, bounds: NDArray[np.int64]) -> None:
        self._outlook, self._bounds = outlook, bounds
        self._come: dict[str, Floats] = {}

    def order(self, accounts: Sequence[str]) -> list[str]:
        """Put reservoirs in the order of the water; in a circle, by code."""
        left = sorted(accounts)
        above: dict[str, set[str]] = {code: set() for code in left}
        for code in left:
            for below, _ in self._below(code):
                if below in above and below != code:
                    above[below].add(code)
        order: list[str] = []
        while left:
            free = [code for code in left if above[code] <= set(order)]
            order.append((free or left)[0])
            left.remove(order[-1])
        return order

    def above(self, accounts: Sequence[str], known: Sequence[str]) -> list[str]:
        """Find the reservoirs whose release comes to some, directly or by others."""
        found = set(accounts)
        while True:
            more = {
                code
                for code in known
                if code not in found
                and any(below in found for below, _ in self._below(code))
            }
            if not more:
                return sorted(found - set(accounts))
            found |= more

    def beyond(self, account: str) -> Floats:
        """Give what comes to one beyond the forecast, (period, member) m3."""
        nothing = np.zeros((self._bounds.size - 1, self._outlook.members))
        return self._come.get(account, nothing)

    def release(self, account: str, planned: Floats) -> None:
        """Let a planned release, (period,) m3, run down to the reservoirs below."""
        forecast = self._within(released(self._outlook.ledger, account))
        if np.isnan(forecast).any():
            return  # what it was expected to release is not known: no difference
        more = planned[:, None] - forecast
        for below, part in self._below(account):
            self._come[below] = self.beyond(below) + part * more

    def _below(self, account: str) -> Iterator[tuple[str, float]]:
        """Reservoirs that a release reaches first, with the part that does."""
        ledger = self._outlook.ledger
        ways = np.flatnonzero(released(ledger, account))
        yield from self._onward(ways, 1.0, frozenset([_place(ledger, account)]))

    def _onward(
        self, flows: NDArray[np.intp], part: float, seen: frozenset[int]
    ) -> Iterator[tuple[str, float]]:
        ledger = self._outlook.ledger
        for flow, share in zip(flows, self._shares(flows), strict=True):
            to = int(ledger.flow_to[flow])
            kind = str(ledger.account_kind[to])
            if share <= 0 or to in seen:
                continue
            if kind == "reservoir":
                yield str(ledger.accounts[to]), part * share
            elif kind in _THROUGH:
                yield from self._onward(self._leaving(to), part * share, seen | {to})

    def _leaving(self, place: int) -> NDArray[np.intp]:
        """Flows that more water in a river or canal leaves by: users take no more."""
        ledger = self._outlook.ledger
        to = ledger.account_kind[ledger.flow_to]
        leaves = (ledger.flow_from == place) & ~np.isin(to, AIR)
        if ledger.account_kind[place] != "canal":
            leaves &= ~np.isin(to, USERS)
        return np.flatnonzero(leaves)

    def _shares(self, flows: NDArray[np.intp]) -> Floats:
        """Split by what the flows are forecast to carry; nothing where unknown."""
        volume = self._outlook.flow[flows].mean(axis=2).sum(axis=1)
        whole = volume.sum()
        if not whole > 0:
            return np.zeros(flows.size)
        return np.asarray(volume / whole)

    def _within(self, marks: Marks) -> Floats:
        return within_all(self._outlook, marks, self._bounds)


def released(ledger: Ledger, account: str) -> Marks:
    """Flows by which a reservoir releases water, (flow,)."""
    to = ledger.account_kind[ledger.flow_to]
    return np.asarray((ledger.flow_from == _place(ledger, account)) & ~np.isin(to, AIR))


def within_all(outlook: Outlook, marks: Marks, bounds: NDArray[np.int64]) -> Floats:
    """Sum some flows and split their months, (period, member), m3."""
    monthly = outlook.flow[marks].sum(axis=0)
    return schedule.within_months(monthly, outlook.bounds, bounds)


def _place(ledger: Ledger, account: str) -> int:
    return int(np.searchsorted(ledger.accounts, account))
