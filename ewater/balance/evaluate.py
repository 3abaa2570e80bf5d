"""From what is measured, reported or estimated to the sources of each flow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import sparse

from ewater.balance import draws
from ewater.balance.estimate import Estimate
from ewater.balance.expressions import Report, Rule, Sum, Way
from ewater.balance.knowledge import FlowRow
from ewater.balance.sectors import consumed_share, use_sign
from ewater.balance.shared import root_of_sum
from ewater.errors import UsageError
from ewater.terms import TERMS, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from ewater.balance.knowledge import Knowledge

    Array = NDArray[np.float64]

RULE_U = 0.30  # METHODS 4, unmetered use: U of 30 to 50 %; the cautious end [D]


def evaluate(
    flows: pd.DataFrame,
    accounts: pd.DataFrame,
    descendants: Callable[[str], set[str]],
    knowledge: Knowledge,
) -> tuple[xr.Dataset, sparse.csr_array]:
    """Make the sources of every flow and the weights that add them up.

    Parameters
    ----------
    flows, accounts
        Country frames.
    descendants
        Territories inside a territory, itself included: whose enterprises report.
    knowledge
        Volumes, depths, areas, normals and reports on the same periods.

    Returns
    -------
    sources : (source, period)
        See ARCHITECTURE.md. A series that several flows use is one source; a flow
        that has an uncertainty of its own, or whose fallback served in some period,
        is a source by itself.
    weights : (flow, source)

    Raises
    ------
    UsageError
        Rules that refer to each other in a circle, or to a flow that is not there.
    """
    return Evaluation(flows, accounts, descendants, knowledge).run()


class Evaluation:
    """One pass over the flows, as `evaluate`; rules may ask for flows that come later.

    Parameters
    ----------
    flows, accounts, descendants, knowledge
        As of `evaluate`.
    like
        An evaluation before: where the tables are the same objects and the periods
        the same, only flows are estimated again that draw on what differs.
    """

    def __init__(
        self,
        flows: pd.DataFrame,
        accounts: pd.DataFrame,
        descendants: Callable[[str], set[str]],
        knowledge: Knowledge,
        like: Evaluation | None = None,
    ) -> None:
        self._tables_of = flows, accounts
        if (
            like is None
            or flows is not like._tables_of[0]
            or accounts is not (like._tables_of[1])
        ):
            like = None
        self.flows: dict[str, FlowRow] = (
            like.flows
            if like
            else {str(row["code"]): FlowRow.of(row) for row in flows.to_dict("records")}
        )
        self.accounts: dict[str, Mapping[Hashable, Any]] = (
            like.accounts
            if like
            else {str(row["code"]): row for row in accounts.to_dict("records")}
        )
        self.descendants = descendants
        self.know = knowledge
        self.series_codes = [str(code) for code in knowledge.series["series"].values]
        self.series = {code: n for n, code in enumerate(self.series_codes)}
        self.arrays = {
            name: knowledge.series[name].transpose("series", "period").values
            for name in Estimate.__slots__
        }
        self._whole = np.isfinite(self.arrays["volume"]).all(axis=1)
        none = [""] * len(self.series_codes)
        coords = knowledge.series.coords
        self.ratings = coords["rating"].values if "rating" in coords else none
        self.touching: dict[str, list[str]] = {}
        for code, flow in self.flows.items():
            for end in {flow.entering, flow.leaving}:
                self.touching.setdefault(end, []).append(code)
        self.done: dict[str, Estimate] = {}
        self.draws = draws.Draws()
        self.open: list[str] = []
        self._tables: dict[str, tuple[dict[str, int], dict[str, Array]]] = {}
        if like is not None:
            self._take_over(like)

    def _take_over(self, like: Evaluation) -> None:
        """Keep the estimates that draw on nothing that differs."""
        same = (
            self.series_codes == like.series_codes
            and list(self.ratings) == list(like.ratings)
            and np.array_equal(self.know.seconds, like.know.seconds)
        )
        looked_up = {
            about: (self._table(about), table) for about, table in like._tables.items()
        }
        if not same or any(list(m[0]) != list(o[0]) for m, o in looked_up.values()):
            return
        differ = {
            ("series", self.series_codes[n])
            for n in draws.rows_apart(self.arrays, like.arrays)
        }
        for about, ((place, mine), (_, theirs)) in looked_up.items():
            codes = list(place)
            differ |= {(about, codes[n]) for n in draws.rows_apart(mine, theirs)}
        if self.know.reported is not like.know.reported:
            differ.add(draws.REPORTED)
        gone = like.draws.on(differ)
        self.done = {code: one for code, one in like.done.items() if code not in gone}
        self.draws.keep(like.draws, self.done)

    def _note(self, kind: str, code: str) -> None:
        """Remember what the flow that is being estimated draws on."""
        if self.open:
            self.draws.note(self.open[-1], (kind, code))

    def _table(self, about: str) -> tuple[dict[str, int], dict[str, Array]]:
        if about not in self._tables:
            self._tables[about] = self.know.table(about)
        return self._tables[about]

    def _of(self, about: str, code: str) -> dict[str, Array] | None:
        """Take what is known about one of them."""
        self._note(about, code)
        place, arrays = self._table(about)
        if code not in place:
            return None
        return {name: array[place[code]] for name, array in arrays.items()}

    def run(self) -> tuple[xr.Dataset, sparse.csr_array]:
        """Make sources and weights, as `evaluate` gives them."""
        shared: list[tuple[int, int, float]] = []
        own: list[tuple[int, Estimate]] = []
        for row, code in enumerate(self.flows):
            if not self.flows[code].ways:
                continue  # a reverse flow is known through the flow it reverses
            plain = self._plain_sum(self.flows[code])
            if plain is None:
                own.append((row, self.flow(code)))
            else:
                shared += [(row, self._row(s), f) for f, s in plain.terms]
        return self._assemble(shared, own)

    def _plain_sum(self, flow: FlowRow) -> Sum | None:
        """Return the sum of series that is the flow in every period, if one is."""
        if np.isfinite(flow.u):
            return None
        first = flow.ways[0]
        if not isinstance(first, Sum):
            return None
        if len(flow.ways) == 1:
            return first
        rows = [self._row(code) for _, code in first.terms]
        return first if self._whole[rows].all() else None

    def _assemble(
        self,
        shared: list[tuple[int, int, float]],
        own: list[tuple[int, Estimate]],
    ) -> tuple[xr.Dataset, sparse.csr_array]:
        codes = list(self.flows)
        used = sorted({column for _, column, _ in shared})
        place = {column: n for n, column in enumerate(used)}
        names = [f"series:{self.series_codes[c]}" for c in used]
        names += [f"flow:{codes[row]}" for row, _ in own]
        data = {
            name: (
                ("source", "period"),
                np.vstack(
                    [self.arrays[name][used]]
                    + [getattr(estimate, name)[None] for _, estimate in own]
                ),
            )
            for name in Estimate.__slots__
        }
        coords: dict[str, Any] = {"source": np.array(names, dtype=object)}
        for name in ("period", "period_end"):
            coords[name] = self.know.series[name]
        rows = [row for row, _, _ in shared] + [row for row, _ in own]
        columns = [place[c] for _, c, _ in shared]
        columns += list(range(len(used), len(names)))
        factors = [factor for _, _, factor in shared] + [1.0] * len(own)
        weights = sparse.csr_array(
            (factors, (rows, columns)), shape=(len(codes), len(names))
        )
        return xr.Dataset(data, coords=coords), weights

    def flow(self, code: str) -> Estimate:
        """Estimate of one flow, made once."""
        self._note("flow", code)
        if code in self.done:
            return self.done[code]
        if code in self.open:
            circle = " -> ".join([*self.open[self.open.index(code) :], code])
            raise UsageError(f"flows.csv: rules go round in a circle: {circle}")
        self.open.append(code)
        estimate = self._unknown()
        for way in self.flows[code].ways:
            if np.isfinite(estimate.volume).all():
                break
            estimate = estimate.or_else(self._way(code, way))
        self.open.pop()
        self.done[code] = estimate
        return estimate

    def _unknown(self) -> Estimate:
        empty = np.full(len(self.know.seconds), np.nan)
        return Estimate.of(empty, empty, empty, Status.UNKNOWN)

    def _way(self, code: str, way: Way) -> Estimate:
        match way:
            case Sum():
                estimate = self._sum(way)
            case Report(item):
                estimate = self._reports(code, item, impute=False)
            case Rule():
                estimate = self._rule(code, way)
        u = self.flows[code].u
        if not np.isfinite(u):
            return estimate
        return replace(
            estimate,
            u_random=np.where(np.isfinite(estimate.volume), 0.0, np.nan),
            u_systematic=u * abs(estimate.volume),
        )

    def _sum(self, way: Sum) -> Estimate:
        factors = np.array([factor for factor, _ in way.terms])[:, None]
        rows = [self._row(code) for _, code in way.terms]
        parts = {name: array[rows] for name, array in self.arrays.items()}
        size = abs(factors * parts["volume"])
        total = size.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            weight = np.where(total > 0, size / total, 1 / len(rows))
        largest = np.argmax(np.nan_to_num(size), axis=0)
        volume = (factors * parts["volume"]).sum(axis=0)
        known = np.isfinite(volume)
        status = np.take_along_axis(parts["status"], largest[None], axis=0)[0]
        return Estimate(
            volume=volume,
            u_random=np.hypot.reduce(factors * parts["u_random"], axis=0),
            u_systematic=root_of_sum(
                factors * parts["u_systematic"], [self.ratings[row] for row in rows]
            ),
            coverage=(weight * parts["coverage"]).sum(axis=0),
            status=np.where(known, status, Status.UNKNOWN).astype(np.int8),
        )

    def _row(self, series: str) -> int:
        if series not in self.series:
            raise UsageError(f"flows.csv: series {series!r} has no volume to add up")
        self._note("series", series)
        return self.series[series]

    def _economy_end(self, code: str) -> Mapping[Hashable, Any]:
        """Find the economy account whose enterprises report this flow."""
        flow = self.flows[code]
        ends = [flow.leaving, flow.entering]
        if TERMS[flow.term].counted_at == "to":
            ends.reverse()
        for end in ends:
            if self.accounts[end]["kind"] == "economy":
                return self.accounts[end]
        raise UsageError(f"flows.csv: {code} is reported, but neither end is economy")

    def _reports(self, code: str, item: str, *, impute: bool) -> Estimate:
        account = self._economy_end(code)
        self._note(*draws.REPORTED)
        mine = self.know.reported.select(
            item, self.descendants(account["territory"]), account["sector"]
        )
        if not len(mine.rows):
            return self._unknown()
        return mine.total(impute=impute)

    def _rule(self, code: str, rule: Rule) -> Estimate:
        name, arguments = rule.name, rule.arguments
        if name == "last_report":
            return self._reports(code, str(arguments[0]), impute=True)
        if name == "balance":
            return self._closing(code, str(arguments[0]))
        if name == "consumed":
            return self._consumed(code, str(arguments[0]), arguments[1:])
        if name == "share":
            base = self._flow_or_series(str(arguments[0]))
            volume, coverage = base.volume * float(arguments[1]), base.coverage
        elif name == "constant":
            volume = float(arguments[0]) / 86400 * self.know.seconds
            coverage = np.ones_like(volume)
        elif name == "seasonal":
            factor = float(arguments[1]) if len(arguments) > 1 else 1.0
            normal = self._of("normal", str(arguments[0])) or {}
            volume = factor * normal["normal"]
            coverage = np.zeros_like(volume)
        else:
            volume, coverage = self._on_open_water(*arguments)
        status = Status.IMPUTED if name == "seasonal" else Status.MODELLED
        return Estimate.of(volume, RULE_U * abs(volume), coverage, status)

    def _flow_or_series(self, code: str) -> Estimate:
        if code in self.flows:
            return self.flow(code)
        return self._sum(Sum(((1.0, code),)))

    def _on_open_water(
        self, site: str | float, series: str | float, factor: str | float = 1.0
    ) -> tuple[Array, Array]:
        """Multiply a depth by the mean water area of a reservoir (METHODS 2)."""
        area = (self._of("area", str(site)) or {})["area"]
        depth = self._of("depth", str(series)) or {}
        volume: Array = float(factor) * depth["depth"] * area
        return volume, depth["coverage"]

    def _consumed(
        self, code: str, account: str, given: tuple[str | float, ...]
    ) -> Estimate:
        """Give this flow the consumed part of what an account uses (METHODS 6.6)."""
        sector = str(self.accounts.get(account, {}).get("sector"))
        share, u_share = consumed_share(account, sector, given, RULE_U)
        volume = np.zeros_like(self.know.seconds)
        variance = np.zeros_like(volume)
        entered = False
        for other in self.touching.get(account, ()):
            flow = self.flows[other]
            sign = use_sign(account, flow.entering, flow.leaving, flow.term)
            if other == code or sign == 0:
                continue
            entered = entered or sign > 0
            estimate = self.flow(other)
            volume += sign * estimate.volume
            variance += estimate.u_random**2 + estimate.u_systematic**2
        if not entered:
            raise UsageError(
                f"flows.csv: {code} is consumed by {account}, which nothing enters; "
                "name the account that uses the water"
            )
        u = np.hypot(share * np.sqrt(variance), u_share * np.abs(volume))
        known = np.isfinite(volume).astype(float)
        return Estimate.of(share * volume, u, known, Status.MODELLED)

    def _closing(self, code: str, account: str) -> Estimate:
        """Give this flow what the others of an account and its stock leave over."""
        volume = np.zeros_like(self.know.seconds)
        variance = np.zeros_like(volume)
        change = self._of("storage_change", account)
        if change is not None:
            volume -= change["storage_change"]
            variance += change["storage_change_u"] ** 2
        for other in self.touching.get(account, ()):
            if other == code:
                continue
            flow = self.flows[other]
            estimate = self.flow(other)
            volume += (1 if flow.entering == account else -1) * estimate.volume
            variance += estimate.u_random**2 + estimate.u_systematic**2
        sign = -1.0 if self.flows[code].entering == account else 1.0
        known = np.isfinite(volume).astype(float)
        return Estimate.of(sign * volume, np.sqrt(variance), known, Status.BALANCING)
