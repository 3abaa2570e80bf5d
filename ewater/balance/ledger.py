"""The country as a directed graph: accounts, flows between them, territories.

Everything is held as sorted code arrays and positions into them, so that the order
of rows in the input files changes no sum, not even in its last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.balance import checks, membership
from ewater.balance.matrices import below, csr, filled, of_columns, pattern
from ewater.errors import UsageError
from ewater.terms import BOUNDARIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from ewater.balance.matrices import Matrix

_NEGLIGIBLE = 1e-12  # what subtraction leaves of equal shares


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ledger:
    """A country: who holds water, how it moves, and where that is.

    Attributes
    ----------
    accounts, flows, territories
        Codes, sorted; positions below point into them, -1 means none.
    account_kind, account_sector, flow_term, territory_kind
        Words of `ewater.terms`; empty where there is none.
    flow_structure : (flow,)
        What the flow passes (``turbine``); empty where nothing is said.
    flow_from, flow_to : (flow,)
        Positions of accounts.
    flow_reverse, flow_re_enters : (flow,)
        Positions of flows.
    territory_parent : (territory,)
        Positions of territories.
    membership : csr (territory, account), 1
        Share in the territory times the national share.
    apportioned : csr (territory, account), 1
        Where the share in the territory is a fraction; a national share alone is
        not one: what is ours of a border reservoir is settled by treaty.
    stocked : (account,), bool
        The account has a row in ``stocks``; the others are not modelled.
    flow_span, stock_span, territory_span : (item, 2), int64, microseconds UTC
        Validity, half-open; no flow or stock outlives its accounts.
    """

    accounts: NDArray[np.str_]
    account_kind: NDArray[np.str_]
    account_sector: NDArray[np.str_]
    flows: NDArray[np.str_]
    flow_from: NDArray[np.intp]
    flow_to: NDArray[np.intp]
    flow_term: NDArray[np.str_]
    flow_structure: NDArray[np.str_]
    flow_reverse: NDArray[np.intp]
    flow_re_enters: NDArray[np.intp]
    territories: NDArray[np.str_]
    territory_kind: NDArray[np.str_]
    territory_parent: NDArray[np.intp]
    membership: Matrix
    apportioned: Matrix
    stocked: NDArray[np.bool_]
    flow_span: NDArray[np.int64]
    stock_span: NDArray[np.int64]
    territory_span: NDArray[np.int64]

    @classmethod
    def build(cls, frames: Mapping[str, pd.DataFrame]) -> Ledger:
        """Make a ledger of country frames.

        Parameters
        ----------
        frames
            ``territories``, ``accounts``, ``flows`` and, where there are any,
            ``account_territories``, ``site_territories``, ``stocks``, ``sectors``.

        Raises
        ------
        FaultsError
            Unknown code, term or sector; a flow from an account to itself; shares
            that do not sum to one; an outside account in a territory; a cycle of
            parents. Every fault names its code.
        """
        country = checks.read(frames)
        accounts, flows = country.accounts, country.flows
        share = membership.shares(country.links)
        checks.refuse(membership.partition_faults(country.links, share))
        national = accounts["share"].fillna(1.0).to_numpy(dtype=float)
        start = checks.positions(accounts, flows["from"])
        end = checks.positions(accounts, flows["to"])
        account_span = checks.spans(accounts)
        return cls(
            accounts=country.links.account_codes,
            account_kind=checks.texts(accounts["kind"]),
            account_sector=country.sector,
            flows=checks.texts(flows["code"]),
            flow_from=start,
            flow_to=end,
            flow_term=checks.texts(flows["term"]),
            flow_structure=checks.texts(flows["structure"]),
            flow_reverse=checks.positions(flows, flows["reverse"]),
            flow_re_enters=checks.positions(flows, flows["re_enters"]),
            territories=country.links.territory_codes,
            territory_kind=country.links.kind,
            territory_parent=country.links.parent,
            membership=csr(share.multiply(national[None, :])),
            apportioned=pattern(below(share, 1.0)),
            stocked=country.stocked,
            flow_span=_common(
                checks.spans(flows), account_span[start], account_span[end]
            ),
            stock_span=_common(country.stock_span, account_span),
            territory_span=checks.spans(country.territories),
        )

    def flow_valid(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Periods in which each flow exists.

        Parameters
        ----------
        bounds : (period + 1,), int64, microseconds UTC

        Returns
        -------
        (flow, period), bool
            True where any part of the period lies in the validity. A flow that
            begins or ends within a period exists in it and is not pro-rated: its
            readings cover the part in which it ran, and their coverage says so.
            Where it does not exist its volume is 0 by absence.
        """
        return _overlaps(self.flow_span, bounds)

    def territory_valid(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Periods in which each territory exists, (territory, period)."""
        return _overlaps(self.territory_span, bounds)

    def stock_valid(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Periods in which the change of stock of each account is modelled.

        Both instants must lie within the validity of the stock and its account;
        otherwise the change stays in the residual, as for any account without a
        row in ``stocks``.

        Returns
        -------
        (account, period), bool
        """
        opens, closes = bounds[:-1][None, :], bounds[1:][None, :]
        within = (opens >= self.stock_span[:, :1]) & (closes <= self.stock_span[:, 1:])
        return np.asarray(within & self.stocked[:, None])

    def inside(self, boundary: str | Iterable[str] = "managed") -> NDArray[np.bool_]:
        """Accounts inside a boundary, (account,).

        Parameters
        ----------
        boundary
            A name of `ewater.terms.BOUNDARIES`, or the account kinds themselves.
        """
        if isinstance(boundary, str):
            if boundary not in BOUNDARIES:
                raise UsageError(
                    f"no boundary {boundary!r}; use one of {', '.join(BOUNDARIES)}"
                )
            boundary = BOUNDARIES[boundary]
        return np.isin(self.account_kind, list(boundary))

    def shares_inside(self, boundary: str | Iterable[str] = "managed") -> Matrix:
        """Membership of the accounts inside a boundary, (territory, account)."""
        return of_columns(self.membership, self.inside(boundary))

    def empty(
        self, rows: NDArray[np.intp], boundary: str | Iterable[str] = "territory"
    ) -> NDArray[np.bool_]:
        """Find territories that hold no account: nobody described their water, (row,).

        ``rows`` are positions of territories, ``boundary`` what counts as inside.
        """
        return np.asarray(np.diff(csr(self.shares_inside(boundary)[rows]).indptr) == 0)

    def ends(self, at: str) -> Matrix:
        """1 at the account where each flow begins ("from") or ends ("to").

        Returns
        -------
        csr (account, flow)
        """
        account = self.flow_from if at == "from" else self.flow_to
        shape = (self.accounts.size, self.flows.size)
        return filled(account, np.arange(account.size), 1.0, shape)

    def coefficients(self, boundary: str | Iterable[str] = "managed") -> Matrix:
        """Net coefficient of every flow: share(to) - share(from), inside a boundary.

        Returns
        -------
        csr (territory, flow), 1
            Positive: an inflow of the territory.
        """
        net = csr(self.shares_inside(boundary) @ (self.ends("to") - self.ends("from")))
        net.data[np.abs(net.data) < _NEGLIGIBLE] = 0.0
        net.eliminate_zeros()
        return net

    def apportioned_flows(self, boundary: str | Iterable[str] = "managed") -> Matrix:
        """Flows that cross a territory through an account it holds in part.

        Returns
        -------
        csr (territory, flow), 1
        """
        held = of_columns(self.apportioned, self.inside(boundary))
        touched = held @ (self.ends("to") + self.ends("from"))
        return pattern(csr(touched.multiply(self.coefficients(boundary))))

    def rows(self, territories: Iterable[str] | None = None) -> NDArray[np.intp]:
        """Positions of territories, all of them when none are named.

        Raises
        ------
        UsageError
            A code is unknown.
        """
        if territories is None:
            return np.arange(self.territories.size)
        codes = list(territories)
        found = pd.Index(self.territories).get_indexer(pd.Index(codes, dtype=object))
        unknown = [code for code, row in zip(codes, found, strict=True) if row < 0]
        if unknown:
            raise UsageError(
                f"no territory {', '.join(unknown)}; known are "
                f"{', '.join(self.territories[:20])}"
            )
        return found


def _overlaps(span: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    starts, ends = bounds[:-1][None, :], bounds[1:][None, :]
    return np.asarray((starts < span[:, 1:]) & (ends > span[:, :1]))


def _common(*spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Time that all the given validities share, row by row."""
    stacked = np.stack(spans)
    return np.stack([stacked[..., 0].max(axis=0), stacked[..., 1].min(axis=0)], axis=1)
