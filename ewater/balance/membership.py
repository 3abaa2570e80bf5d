"""Shares: how far an account belongs to a territory, in every hierarchy.

A share comes from the strongest statement about an account in a hierarchy: rows of
``account_territories``, else its ``territory`` and the territories of its ``site``,
else parents, of another kind, of explicit rows. Parents get the sum of their parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ewater.balance.matrices import csr, filled, of_columns, pattern
from ewater.errors import Fault
from ewater.terms import HIERARCHIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

SHARE_TOLERANCE = 1e-6  # shares written with six decimals still sum to one


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Links:
    """What the country folder says about accounts and territories, as positions.

    ``*_site`` are the pairs (account, territory) through the site of an account.
    """

    territory_codes: NDArray[Any]
    kind: NDArray[Any]
    parent: NDArray[np.intp]
    account_codes: NDArray[Any]
    inside: NDArray[np.bool_]
    home: NDArray[np.intp]
    explicit_account: NDArray[np.intp]
    explicit_territory: NDArray[np.intp]
    explicit_share: NDArray[np.float64]
    site_account: NDArray[np.intp]
    site_territory: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of territories and of accounts."""
        return self.territory_codes.size, self.account_codes.size


def ancestors(parent: NDArray[np.intp]) -> Matrix:
    """Reach of every territory upwards, itself included.

    Parameters
    ----------
    parent : (territory,)
        Position of the parent, -1 for none; without cycles (`cycles`).

    Returns
    -------
    scipy.sparse.csr_array : (territory, territory)
        1 where the row is the column or one of its ancestors.
    """
    count = parent.size
    child = np.flatnonzero(parent >= 0)
    step = filled(parent[child], child, 1.0, (count, count))
    reach = csr(sparse.eye_array(count))
    power = step
    while power.nnz:
        reach = csr(reach + power)
        power = csr(power @ step)
    return reach


def cycles(parent: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Find groups of territories that are their own ancestors."""
    count = parent.size
    child = np.flatnonzero(parent >= 0)
    graph = filled(child, parent[child], 1.0, (count, count))
    _, label = csgraph.connected_components(graph, connection="strong")
    size = np.bincount(label, minlength=1)
    looped = np.flatnonzero((size[label] > 1) | (parent == np.arange(count)))
    return [looped[label[looped] == one] for one in np.unique(label[looped])]


def shares(links: Links) -> Matrix:
    """Share of every account in every territory, before national shares.

    Parameters
    ----------
    links
        Territories without a cycle; shares already checked to sum to one.

    Returns
    -------
    scipy.sparse.csr_array : (territory, account), 1
        1 in the country for any inside account; nothing for outside accounts.
    """
    reach = ancestors(links.parent)
    within = _same_kind(reach, links.kind)
    explicit = filled(
        links.explicit_territory,
        links.explicit_account,
        links.explicit_share,
        links.shape,
    )
    chosen = _strongest(
        (
            csr(within @ explicit),
            _declared(links, reach),
            csr((reach - within) @ explicit),
        ),
        links.kind,
    )
    in_country = (links.kind == "country").astype(float)
    nation = sparse.csr_array(in_country[:, None]) @ np.ones((1, links.shape[1]))
    regional = sparse.diags_array(1.0 - in_country) @ chosen
    result = of_columns(csr(regional + sparse.csr_array(nation)), links.inside)
    result.data[np.abs(result.data - 1.0) <= SHARE_TOLERANCE] = 1.0
    return result


def _same_kind(matrix: Matrix, kind: NDArray[Any]) -> Matrix:
    entries = matrix.tocoo()
    row, column = entries.coords
    keep = kind[row] == kind[column]
    return filled(row[keep], column[keep], entries.data[keep], matrix.shape)


def _declared(links: Links, reach: Matrix) -> Matrix:
    """1 in the account's territory, in those of its site, and in their parents.

    A written territory overrules the map: a site a little across the border of
    another territory of that kind does not put the account into both.
    """
    housed = np.flatnonzero(links.home >= 0)
    home = filled(links.home[housed], housed, 1.0, links.shape)
    related = csr((reach + reach.T) @ home)
    account, territory = links.site_account, links.site_territory
    kind_of_home = np.full(links.home.size, "", dtype=links.kind.dtype)
    kind_of_home[housed] = links.kind[links.home[housed]]
    keep = links.kind[territory] != kind_of_home[account]
    keep |= related.toarray()[territory, account] > 0
    site = filled(territory[keep], account[keep], 1.0, links.shape)
    return pattern(csr(reach @ (home + site)))


def _strongest(candidates: tuple[Matrix, ...], kind: NDArray[Any]) -> Matrix:
    """Take, for each account and hierarchy, the first candidate that speaks of it."""
    kinds, group = np.unique(kind, return_inverse=True)
    shape = candidates[0].shape
    taken = np.zeros((kinds.size, shape[1]), dtype=bool)
    chosen = csr(sparse.csr_array(shape))
    for candidate in candidates:
        entries = candidate.tocoo()
        row, column = entries.coords
        keep = ~taken[group[row], column] & (entries.data > 0)
        row, column = row[keep], column[keep]
        chosen = csr(chosen + filled(row, column, entries.data[keep], shape))
        taken[group[row], column] = True
    return chosen


def explicit_faults(links: Links) -> list[Fault]:
    """Explicit shares outside (0, 1], of outside accounts, or not summing to one."""
    account, territory = links.explicit_account, links.explicit_territory
    share = links.explicit_share
    faults = [
        _fault(
            f"the share of {links.account_codes[account[row]]} in "
            f"{links.territory_codes[territory[row]]} is {share[row]:g}",
            "more than 0 and at most 1",
        )
        for row in np.flatnonzero(~((share > 0) & (share <= 1)))
    ]
    kinds, group = np.unique(links.kind, return_inverse=True)
    total = np.zeros((kinds.size, links.account_codes.size))
    np.add.at(total, (group[territory], account), share)
    wrong = (total > 0) & (np.abs(total - 1.0) > SHARE_TOLERANCE)
    faults += [
        _fault(
            f"shares of {links.account_codes[a]} sum to {total[k, a]:g} over the "
            f"territories of kind {kinds[k]}",
            "1 in each hierarchy",
        )
        for k, a in np.argwhere(wrong)
    ]
    return faults


def partition_faults(links: Links, share: Matrix) -> list[Fault]:
    """Accounts that lie in two territories of one hierarchy at once.

    Parameters
    ----------
    links
        Territories and accounts.
    share : (territory, account), 1
        From `shares`. The parts of a territory may hold less than the territory
        does, never more.
    """
    faults = []
    for kind in HIERARCHIES:
        member = np.flatnonzero(links.kind == kind)
        above = links.parent[member]
        top = (above < 0) | (links.kind[above] != kind)
        roots = np.asarray(share[member[top]].sum(axis=0))
        child = member[~top]
        up = filled(links.parent[child], child, 1.0, (links.kind.size,) * 2)
        excess = csr(up @ share - share)
        over = excess.indices[excess.data > SHARE_TOLERANCE]
        over = np.append(over, np.flatnonzero(roots > 1 + SHARE_TOLERANCE))
        faults += [
            _fault(
                f"{links.account_codes[a]} lies in several territories of kind "
                f"{kind} at once: {_places(links, share, a, kind)}",
                "shares in account_territories.csv that sum to 1",
            )
            for a in np.unique(over)
        ]
    return faults


def _places(links: Links, share: Matrix, account: int, kind: str) -> str:
    held = np.flatnonzero(share[:, [account]].toarray())
    return ", ".join(sorted(links.territory_codes[held[links.kind[held] == kind]]))


def _fault(message: str, allowed: str) -> Fault:
    return Fault(
        file="account_territories.csv",
        line=None,
        column="share",
        message=message,
        allowed=allowed,
    )
