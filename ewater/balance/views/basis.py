"""What the cells of any view are sums of: flows, stocks, capacities, inputs.

Cells are rows of sparse coefficients over these, one matrix for each kind (*block*),
so that sums of cells are sums of coefficients and nothing is counted by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ewater.balance.crossing import Crossing
from ewater.balance.flows import with_pairs
from ewater.balance.matrices import (
    above,
    below,
    beside,
    csr,
    filled,
    of_columns,
    pattern,
    positive,
)
from ewater.balance.terms import counted_at
from ewater.balance.views import stored
from ewater.balance.views.coefficients import BLOCKS, NEGLIGIBLE, added, clean
from ewater.balance.views.model import COLUMN, OTHERS, SETS
from ewater.errors import UsageError
from ewater.terms import OUTSIDE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix
    from ewater.balance.storage import Changes
    from ewater.balance.views.coefficients import Rows
    from ewater.balance.views.model import Column, End, Row, Selection

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Something a country states: (territory, period); NaN where it does not."""

    value: Array
    u: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Basis:
    """Everything that views of one run and some territories draw on.

    Attributes
    ----------
    ledger
        The country.
    rows : (territory,)
        Positions of the territories.
    flows
        Flows, with the pairs of `ewater.balance.flows.with_pairs` behind them.
    crossing
        How flows cross the borders of the territories.
    stored
        Stocks and capacities.
    inputs
        What is given, by name; names that are absent are unknown.
    """

    ledger: Ledger
    rows: NDArray[np.intp]
    flows: Flows
    crossing: Crossing
    stored: stored.Stored
    inputs: Mapping[str, Given]
    _measures: dict[str, Matrix] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        flows: Flows,
        stocks: xr.Dataset,
        *,
        territories: Iterable[str] | None = None,
        capacity: Mapping[str, Array] | None = None,
        inputs: Mapping[str, Given] | None = None,
        changes: Changes | None = None,
    ) -> Basis:
        """Prepare to evaluate views.

        Parameters
        ----------
        ledger, flows, stocks
            As for `ewater.balance.account.account_of`.
        territories
            Codes; all when not given.
        capacity
            ``full`` and ``dead`` volume of each account, (account,) m3; NaN unknown.
        inputs
            What is not in the ledger (population, value added), by name.
        changes
            As for `ewater.balance.account.account_of`.

        Raises
        ------
        UsageError
            Unknown territory; stocks of other instants or accounts.
        """
        rows = ledger.rows(territories)
        crossing = Crossing.of(ledger, "territory", rows)
        unknown = np.full(ledger.accounts.size, np.nan)
        return cls(
            ledger=ledger,
            rows=rows,
            flows=with_pairs(flows, crossing),
            crossing=crossing,
            stored=stored.Stored.of(
                ledger,
                flows.bounds,
                stocks,
                capacity or {"full": unknown, "dead": unknown},
                changes,
            ),
            inputs=inputs or {},
        )

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return int(self.flows.bounds.size - 1)

    @cached_property
    def input_names(self) -> list[str]:
        """Inputs that are given, in the order of their columns."""
        return sorted(self.inputs)

    @cached_property
    def shape(self) -> dict[str, int]:
        """Columns of each block."""
        accounts = self.ledger.accounts.size
        flows = self.ledger.flows.size
        sizes = {"flow": self.flows.codes.size, "gross": flows}
        sizes |= {"input": len(self.input_names) * self.rows.size}
        return sizes | dict.fromkeys(stored.BLOCKS, accounts)

    @cached_property
    def given(self) -> tuple[Array, Array]:
        """Values and variances of the inputs, (input x territory, period)."""
        shape = (0, self.periods)
        given = [self.inputs[name] for name in self.input_names]
        value = np.concatenate([np.empty(shape), *(one.value for one in given)])
        u = np.concatenate([np.empty(shape), *(one.u for one in given)])
        return value, u**2

    @cached_property
    def unknown(self) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.str_]]]:
        """Where items are unknown, (item, period), and their names, by block.

        Only blocks in which any is.
        """
        names = np.array([f"input:{name}" for name in self.input_names], dtype=np.str_)
        found = {"flow": (self.flows.unknown, self.flows.codes)}
        for block in stored.BLOCKS:
            lost = np.isnan(self.stored.volume[block])
            found[block] = (lost, self.ledger.accounts)
        found["input"] = (np.isnan(self.given[0]), np.repeat(names, self.rows.size))
        return {block: pair for block, pair in found.items() if pair[0].any()}

    def empty(self) -> Rows:
        """Coefficients of nothing, a row for each territory."""
        return dict(self._nothing)

    @cached_property
    def _nothing(self) -> Rows:
        return {
            name: csr(sparse.csr_array((self.rows.size, self.shape[name])))
            for name in BLOCKS
        }

    def cell(self, row: Row, column: Column | None, others: Sequence[str]) -> Rows:
        """Coefficients of a basic cell, a row for each territory.

        Parameters
        ----------
        row, column
            What the view says.
        others
            Accounts of the other columns.
        """
        made = self.empty()
        known = {COLUMN: list((column and column.accounts) or []), OTHERS: others}
        for selection in row.flows or ():
            made = added(made, self.selection(selection, known))
        block = row.stock or row.capacity
        if block:
            held = self.accounts(row.of or [], known) & self.ledger.stocked
            made[block] = of_columns(self._share, held)
        if row.input is not None and row.input in self.inputs:
            place = self.input_names.index(row.input) * self.rows.size
            count = np.arange(self.rows.size)
            made["input"] = filled(count, place + count, 1.0, made["input"].shape)
        return made

    def held(
        self, row: Row, column: Column | None, others: Sequence[str]
    ) -> tuple[NDArray[np.float64], Matrix]:
        """Find what a territory holds of the accounts of a stock.

        Returns
        -------
        tuple
            Share of all of them together, (territory,); and that of each that has a
            stock, csr (territory, account).
        """
        known = {COLUMN: list((column and column.accounts) or []), OTHERS: others}
        chosen = self.accounts(row.of or [], known)
        every = of_columns(self._share, chosen)
        stocked = of_columns(self._share, chosen & self.ledger.stocked)
        return np.asarray(every.sum(axis=1), dtype=float).ravel(), stocked

    def accounts(
        self, tokens: Iterable[str], known: Mapping[str, Sequence[str]] | None = None
    ) -> NDArray[np.bool_]:
        """Accounts that the words of a view mean, (account,)."""
        ledger = self.ledger
        chosen = np.zeros(ledger.accounts.size, dtype=bool)
        for token in tokens:
            kind, slash, sector = token.partition("/")
            if known and token in known:
                chosen |= self.accounts(known[token])
            elif token.startswith("@"):
                chosen |= self._account(token[1:])
            elif slash:
                chosen |= (ledger.account_kind == kind) & (
                    ledger.account_sector == sector
                )
            else:
                chosen |= np.isin(ledger.account_kind, SETS.get(token, (token,)))
        return chosen

    def _account(self, code: str) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.ledger.accounts == code
        if not found.any():
            raise UsageError(f"a view names account {code!r}, which is not there")
        return found

    def selection(
        self, one: Selection, known: Mapping[str, Sequence[str]] | None = None
    ) -> Rows:
        """Coefficients of the flows that a selection takes."""
        chosen = self._chosen(one, known)
        made = self.empty()
        matrix = csr(float(one.sign) * of_columns(self.measure(one.at), chosen))
        pairs = csr(sparse.csr_array((self.rows.size, 2 * self.crossing.leaves.size)))
        if one.re_entering:
            matrix, pairs = self._apart(matrix, one)
        made["flow"] = beside([matrix, pairs])
        if one.at in _GROSS:
            made["gross"] = csr(
                float(one.sign * _GROSS[one.at]) * of_columns(self.gross, chosen)
            )
        return made

    def _chosen(
        self, one: Selection, known: Mapping[str, Sequence[str]] | None
    ) -> NDArray[np.bool_]:
        ledger = self.ledger
        chosen = np.ones(ledger.flows.size, dtype=bool)
        for tokens, account in (
            (one.from_, ledger.flow_from),
            (one.to, ledger.flow_to),
        ):
            if tokens is not None:
                chosen &= self.accounts(tokens, known)[account]
        for words, values, wanted in (
            (one.term, ledger.flow_term, True),
            (one.not_term, ledger.flow_term, False),
            (one.structure, ledger.flow_structure, True),
            (one.not_structure, ledger.flow_structure, False),
            (one.flow, ledger.flows, True),
        ):
            if words is not None:
                chosen &= np.isin(values, words) == wanted
        if one.flow:
            strange = set(one.flow) - set(ledger.flows)
            if strange:
                names = ", ".join(sorted(strange))
                raise UsageError(f"a view names flow {names}, which is not there")
        return chosen

    @cached_property
    def _share(self) -> Matrix:
        return csr(self.ledger.membership[self.rows])

    def measure(self, at: End) -> Matrix:
        """How much of each flow belongs to each territory, csr (territory, flow)."""
        if at not in self._measures:
            self._measures[at] = self._measured(at)
        return self._measures[at]

    def _measured(self, at: End) -> Matrix:
        ledger = self.ledger
        if at in ("from", "to"):
            return csr(self._share @ ledger.ends(at))
        if at == "counted":
            flow = np.arange(ledger.flows.size)
            shape = (ledger.accounts.size, flow.size)
            return csr(self._share @ filled(counted_at(ledger), flow, 1.0, shape))
        start, end = self.measure("from"), self.measure("to")
        if at == "within":
            return csr(start.minimum(end))
        net = csr(end - start if at == "enters" else start - end)
        return csr(positive(net) - below(positive(net), NEGLIGIBLE))

    @cached_property
    def gross(self) -> Matrix:
        """1 at flows between inland accounts of which a territory holds one in part.

        What of such a flow crosses the border cannot be told: cells that need it
        are *apportioned*. In sums where it cancels, net inflow among them, it does
        not matter.
        """
        ledger = self.ledger
        held = csr(ledger.apportioned[self.rows])
        touched = pattern(csr(held @ (ledger.ends("to") + ledger.ends("from"))))
        inland = ~np.isin(ledger.account_kind, OUTSIDE_KINDS)
        both = inland[ledger.flow_from] & inland[ledger.flow_to]
        return of_columns(touched, both)

    def _apart(self, matrix: Matrix, one: Selection) -> tuple[Matrix, Matrix]:
        """Replace what comes back by what comes back beyond what left, or keep it."""
        crossing = self.crossing
        ends = one.at == "enters"
        flow = crossing.returns if ends else crossing.leaves
        shape = (crossing.leaves.size, matrix.shape[1])
        at_flow = filled(np.arange(flow.size), flow, 1.0, shape)
        paired = pattern(csr(crossing.both_ways @ at_flow)).multiply(matrix)
        of_pair = pattern(csr(matrix @ at_flow.T)).multiply(crossing.both_ways)
        signed = csr(float(one.sign) * csr(of_pair))
        nothing = csr(0.0 * signed)
        nothing.eliminate_zeros()
        pair = beside([signed, nothing] if ends else [nothing, signed])
        if one.re_entering == "only":
            return csr(paired), csr(-pair)
        rest = csr(matrix - paired)
        rest.eliminate_zeros()
        return rest, pair

    def folded(self, flow: Matrix) -> Matrix:
        """Write what comes in beyond what left, less the opposite, as the two flows."""
        crossing = self.crossing
        count, pairs = self.ledger.flows.size, crossing.leaves.size
        if not pairs:
            return flow
        come, gone = csr(flow[:, count : count + pairs]), csr(flow[:, count + pairs :])
        uneven = pattern(csr(come + gone))
        even = csr(come - come.multiply(uneven))
        even.eliminate_zeros()
        flows = csr(
            flow[:, :count]
            + even
            @ (
                crossing.chosen(crossing.returns, crossing.share_in)
                - crossing.chosen(crossing.leaves, crossing.share_out)
            )
        )
        left, right = csr(come - even), csr(gone + even)
        return clean(beside([flows, left, right]))

    def marks(self, flow: Matrix) -> Matrix:
        """Flows whose absence makes a row unknown: of a pair, both."""
        crossing = self.crossing
        count, pairs = self.ledger.flows.size, crossing.leaves.size
        both = crossing.chosen(crossing.returns) + crossing.chosen(crossing.leaves)
        of_pairs = abs(flow[:, count:]) @ above([csr(both), csr(both)])
        marked = pattern(csr(abs(flow[:, :count]) + of_pairs))
        nothing = sparse.csr_array((flow.shape[0], 2 * pairs))
        return beside([marked, csr(nothing)])


#: How the parts of a flow make up the shares of its two accounts: to = enters +
#: within, from = leaves + within, so that in those sums the parts cancel.
_GROSS = {"enters": 1, "leaves": 1, "within": -1}
