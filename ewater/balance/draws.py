"""What each flow was estimated from, so that one that stays need not be made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    Leaf = tuple[str, str]

#: Stands for all returns together.
REPORTED = ("reported", "")


class Draws:
    """By flow, what it draws on: kind and code, other flows among them."""

    def __init__(self) -> None:
        self._uses: dict[str, set[Leaf]] = {}

    def note(self, flow: str, leaf: Leaf) -> None:
        """Remember one thing that a flow draws on."""
        self._uses.setdefault(flow, set()).add(leaf)

    def keep(self, other: Draws, flows: Collection[str]) -> None:
        """Take over what is known of some flows."""
        self._uses = {f: uses for f, uses in other._uses.items() if f in flows}

    def on(self, leaves: Iterable[Leaf]) -> set[str]:
        """Find the flows that draw on any of some things, also by way of flows."""
        users: dict[Leaf, list[str]] = {}
        for flow, uses in self._uses.items():
            for leaf in uses:
                users.setdefault(leaf, []).append(flow)
        found: set[str] = set()
        open_ = list(leaves)
        while open_:
            new = set(users.get(open_.pop(), ())) - found
            found |= new
            open_ += [("flow", flow) for flow in new]
        return found


def rows_apart(
    one: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]
) -> list[int]:
    """Rows in which any of some arrays of equal shape differ.

    Examples
    --------
    >>> unknown = np.array([[np.nan], [2.0]])
    >>> rows_apart({"v": unknown}, {"v": np.array([[np.nan], [3.0]])})
    [1]
    """
    found: set[int] = set()
    for name, array in one.items():
        theirs = other[name]
        apart = (array != theirs) & ~(np.isnan(array) & np.isnan(theirs))
        found |= set(np.flatnonzero(apart.reshape(len(array), -1).any(axis=1)).tolist())
    return sorted(found)
