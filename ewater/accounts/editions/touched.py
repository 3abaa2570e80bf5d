"""Which figures an input can touch: what follows from it, by the registry's own words.

An input need not move a figure to touch it: half a litre is lost in rounding, and a
series may stand behind another as donor. What follows is found by walking from series,
flows and accounts to the flows and stocks that are made of them, and on to the cells
that count these.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.measured import EXTRAPOLATED
from ewater.accounts.pipeline import Descendants
from ewater.accounts.view_tables import Views
from ewater.accounts.views import View
from ewater.balance import expressions
from ewater.balance.matrices import csr
from ewater.balance.reported import with_sector
from ewater.balance.views import compiled
from ewater.balance.views.stored import BLOCKS
from ewater.terms import SECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.accounts.runs import Run
    from ewater.balance.matrices import Matrix
    from ewater.balance.missing import Missing

    Node = tuple[str, str]  # series, flow, account or site, and its code
    Cell = tuple[str, str]  # territory, and the cell

#: Registry tables of which a row can concern everything.
_EVERYTHING = ("calendars", "territories", "site_territories", "account_territories")
#: Tables of which nothing of the account is made.
_NOTHING = ("alert_rules", "forms", "limits", "notices", "published", "treaties")
_COLUMNS = {
    "sites": ("site", "code"),
    "series": ("series", "code"),
    "curves": ("site", "site"),
    "pumps": ("series", "series"),
    "meter_events": ("series", "series"),
    "accounts": ("account", "code"),
    "flows": ("flow", "code"),
    "stocks": ("account", "account"),
}


class Touched:
    """What follows from what in one run, down to the cells of an edition.

    Parameters
    ----------
    run
        The account, computed.
    territories, boundary
        Of the edition.
    every
        All its cells.
    """

    def __init__(
        self,
        run: Run,
        territories: Sequence[str],
        boundary: str,
        every: Sequence[Cell],
    ) -> None:
        self.run, self.territories, self.boundary = run, list(territories), boundary
        self.every = list(every)
        self.frames = run.frames
        self.after: dict[Node, set[Node]] = defaultdict(set)
        self._link()

    def by_row(self, table: str, row: Mapping[str, Any]) -> list[Cell]:
        """Cells that a row of the registry touches."""
        if table in _NOTHING:
            return []
        if table in _COLUMNS:
            kind, column = _COLUMNS[table]
            return self.by((kind, str(row.get(column))))
        if table in ("reports", "enterprises", "permits"):
            code = row.get("code" if table == "enterprises" else "enterprise")
            return self.by(("enterprise", str(code)))
        if table == "view_inputs":
            item = str(row.get("item"))
            known = any(item in made.inputs for made in self._coefficients.values())
            return self.by(("input", item)) if known else self.everything()
        if table == "sectors":
            return self._cells(self.follows(self._enterprises()))
        return self.everything()

    def by(self, *nodes: Node) -> list[Cell]:
        """Cells that follow from series, sites, flows, accounts or enterprises."""
        return self._cells(self.follows(nodes))

    def everything(self) -> list[Cell]:
        """All cells."""
        return self.every

    def follows(self, nodes: Iterable[Node]) -> set[Node]:
        """Everything that is made of some nodes, themselves included."""
        found, open_ = set(nodes), list(nodes)
        while open_:
            new = self.after.get(open_.pop(), set()) - found
            found |= new
            open_ += new
        return found

    def _link(self) -> None:
        """Draw an arrow from everything to what is made of it."""
        frames, after = self.frames, self.after
        for row in frames["series"][["code", "site"]].to_dict("records"):
            after["site", str(row["site"])].add(("series", str(row["code"])))
        for row in frames["accounts"][["code", "site"]].to_dict("records"):
            account = ("account", str(row["code"]))
            after["site", str(row["site"])].add(account)
            after[account].add(("stock", account[1]))
        gaps = self.run.inputs.gaps
        filled = gaps[gaps["method"] != EXTRAPOLATED]
        pairs = set(zip(filled["donor"].astype(str), filled["series"], strict=True))
        for donor, code in pairs:
            after["series", donor].add(("series", str(code)))
        for row in frames["stocks"].to_dict("records"):
            for _, code in _codes(row["measured_by"]):
                after["series", code].add(("stock", str(row["account"])))
        self._link_flows()

    def _link_flows(self) -> None:
        flows, after = self.frames["flows"], self.after
        at: dict[str, set[Node]] = defaultdict(set)
        for row in flows[["code", "from", "to"]].to_dict("records"):
            for end in (row["from"], row["to"]):
                at[str(end)].add(("flow", str(row["code"])))
                after["account", str(end)].add(("flow", str(row["code"])))
        self._link_expected()
        items = _Items(self.frames)
        for row in flows.to_dict("records"):
            flow = ("flow", str(row["code"]))
            if isinstance(row["reverse"], str):
                after[flow].add(("flow", row["reverse"]))
            for kind, code in _codes(row["measured_by"]):
                match kind:
                    case "item":
                        before = {("enterprise", one) for one in items.of(row)}
                    case "account":
                        before = {("stock", code), *at[code]} - {flow}
                    case "flow_or_series":
                        before = {("series", code), ("flow", code)}
                    case _:
                        before = {(kind, code)}
                for node in before:
                    after[node].add(flow)

    def _link_expected(self) -> None:
        """Let flows that nobody knows follow from all: what weight they are given."""
        known = View(self.run).flows
        for code in known.codes[known.unknown.any(axis=1)]:
            self.after["expected", ""].add(("flow", str(code)))
        for code in known.codes:
            self.after["flow", str(code)].add(("expected", ""))

    def _enterprises(self) -> list[Node]:
        return [("enterprise", str(c)) for c in self.frames["enterprises"]["code"]]

    def _cells(self, nodes: set[Node]) -> list[Cell]:
        """Cells that count some flows, stocks or inputs."""
        ledger = self.run.inputs.ledger
        flows = np.isin(ledger.flows.astype(str), [c for k, c in nodes if k == "flow"])
        stored = [code for kind, code in nodes if kind == "stock"]
        accounts = np.isin(ledger.accounts.astype(str), stored)
        inputs = {code for kind, code in nodes if kind == "input"}
        if not (flows.any() or accounts.any() or inputs):
            return []
        found = self._views(flows, accounts, inputs)
        return sorted({*self._account(flows, accounts), *found})

    def _account(
        self, flows: NDArray[np.bool_], accounts: NDArray[np.bool_]
    ) -> Iterable[Cell]:
        missing = self._missing
        ledger = self.run.inputs.ledger
        rows = {code: int(ledger.rows([code])[0]) for code in self.territories}
        hits = {name: _hit(m, flows) for name, m in missing.flow_marks.items()}
        stock = _hit(missing.stock_marks, accounts)
        for code, row in rows.items():
            for name, hit in hits.items():
                if hit[row]:
                    yield code, f"balance.{_cell(name)}"
                    if name.endswith(".use") and name.split(".")[0] in SECTORS:
                        yield code, "balance.use"
            if stock[row]:
                yield code, "balance.storage_change"
                yield code, "balance.other_change"
                yield code, "balance.residual"

    def _views(
        self,
        flows: NDArray[np.bool_],
        accounts: NDArray[np.bool_],
        inputs: set[str],
    ) -> Iterable[Cell]:
        count = len(self.territories)
        for name, made in self._coefficients.items():
            hit = _hit(made.flow, flows) | _hit(made.stock, accounts)
            given = np.isin(np.array(made.inputs, dtype=str), list(inputs))
            if given.any():
                per = made.given.shape[1] // given.size
                hit |= _hit(made.given, np.repeat(given, per))
            each = hit.reshape(len(made.codes), count)
            touched = dict(zip(made.codes, each, strict=True))
            for cell, parts in made.cells.items():
                some = np.any([touched[part] for part in parts], axis=0)
                for place in np.flatnonzero(some):
                    yield self.territories[place], f"{name}.{cell}"

    @cached_property
    def _coefficients(self) -> dict[str, _OfView]:
        """What the cells of every built-in view count."""
        views = Views(self.run, self.territories)
        size = self.run.inputs.ledger.flows.size
        found = {}
        for name in compiled.built_in():
            view = views.view(name)
            codes = list(view.linear)
            rows = view.coefficients(codes)
            marks = views.basis.marks(rows["flow"])
            stored = [abs(matrix) for name, matrix in rows.items() if name in BLOCKS]
            cells = {cell: view.linear_parts(cell) for cell in view.compiled.cells}
            found[name] = _OfView(
                codes=codes,
                flow=csr(marks[:, :size]),
                stock=csr(sum(stored[1:], stored[0])),
                inputs=view.basis.input_names,
                given=rows["input"],
                cells={cell: parts for cell, parts in cells.items() if parts},
            )
        return found

    @cached_property
    def _missing(self) -> Missing:
        return View(self.run, self.boundary).missing


@dataclass(frozen=True, eq=False, kw_only=True)
class _OfView:
    """Flows and stored accounts by the sums of a view, and the sums by its cells."""

    codes: list[str]
    flow: Matrix  # (sum x territory, flow)
    stock: Matrix  # (sum x territory, account)
    inputs: list[str]
    given: Matrix  # (sum x territory, input x territory)
    cells: dict[str, list[str]]


class _Items:
    """Enterprises that report a flow."""

    def __init__(self, frames: Mapping[str, Any]) -> None:
        self.accounts = frames["accounts"].drop_duplicates("code").set_index("code")
        self.known = with_sector(frames["enterprises"], frames["sectors"])
        self.inside = Descendants(frames["territories"])

    def of(self, flow: Mapping[Any, Any]) -> list[str]:
        ends = [str(flow[end]) for end in ("from", "to")]
        chosen = [e for e in ends if self.accounts.at[e, "kind"] == "economy"]
        known, found = self.known, set[str]()
        for account in chosen:
            inside = known["territory"].isin(
                self.inside(self.accounts.at[account, "territory"])
            )
            of_sector = known["sector"] == self.accounts.at[account, "sector"]
            found |= set(known.loc[inside & of_sector, "code"])
        return sorted(found)


def _codes(text: object) -> list[tuple[str, str]]:
    return list(expressions.codes(text)) if isinstance(text, str) and text else []


def _hit(matrix: Matrix, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows with a coefficient at something chosen."""
    hit: NDArray[np.bool_] = abs(matrix) @ chosen.astype(float) > 0
    return hit


def _cell(name: str) -> str:
    """Name a quantity of `balance.missing` as the cell of the balance."""
    first, dot, _ = name.partition(".")
    if not dot:
        whole = ("inflow", "outflow", "net_inflow", "residual")
        return name if name in whole else f"terms.{name}"
    return f"sectors.{name}" if first in SECTORS else f"neighbours.{name}"
