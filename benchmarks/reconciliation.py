"""Reconciliation of a synthetic country: 5,000 flows, 600 months; and one coupled year.

Rivers are trees that gather tributaries; canals leave them for users, who return part;
reservoirs lie on one reach in twelve. Every account balances in truth. Meters have
random and systematic errors; those of canals tell their losses too; what users consume
and some evaporation is not measured; five meters are off by a gross error. First every
month is reconciled on its own, without elimination or bounds; then with other gaps in
every month, so that no structure is shared; then one year in one solve, with annual
reports of every fourth flow, sums of districts and the nation, what is systematic
common to all months, bounds and elimination.

    python benchmarks/reconciliation.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from ewater.balance.flows import Flows, resolve
from ewater.balance.ledger import Ledger
from ewater.balance.reconciliation.reconcile import LedgerReconciliation, reconcile
from ewater.balance.reconciliation.result import Standing, Verdict
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.variables import Total
from ewater.terms import Status

BAR_UNCOUPLED_S, BAR_COUPLED_S = 5.0, 10.0
HM3 = 1e6
PLAIN = Policy(eliminate=False, refuse=False)


class Country:
    """A country whose rivers are trees, with its true volumes, m3."""

    def __init__(self, flow_count: int, months: int, rng: np.random.Generator) -> None:
        self.rng, self.months = rng, months
        self.flows: list[tuple[str, str, str, str]] = []
        self.volume: list[np.ndarray] = []
        self.shared: list[tuple[int, int]] = []  # losses that a canal's meter tells
        self.unmeasured: list[int] = []
        self.stock: dict[str, np.ndarray] = {}
        self.accounts = [("N", "neighbour"), ("SEA", "sea"), ("AIR", "atmosphere")]
        count = 0
        while len(self.flows) < flow_count:  # a first pass only counts
            self._use(count, self._reach(count))
            count += 1
        self._let_flow()

    def _flow(self, start: str, end: str, term: str, volume: np.ndarray) -> int:
        code = f"F{len(self.flows):05d}"
        self.flows.append((code, start, end, term))
        self.volume.append(volume)
        return len(self.flows) - 1

    def _size(self, scale: float) -> np.ndarray:
        return scale * HM3 * self.rng.lognormal(0.0, 0.4, self.months)

    def _reach(self, n: int) -> str:
        code, stocked = f"R{n:04d}", n % 12 == 5
        self.accounts.append((code, "reservoir" if stocked else "river"))
        down = f"R{int(self.rng.integers(max(0, n - 30), n)):04d}" if n else "SEA"
        self._flow(code, down, "outflow_to_downstream", np.zeros(self.months))
        self._flow("N", code, "runoff", 30.0 * HM3 + self._size(10.0))
        if n % 9 == 4 and n > 600:  # of small rivers nobody knows it
            self.unmeasured.append(
                self._flow(code, "AIR", "evaporation", self._size(1.0))
            )
        if stocked:
            self._flow(code, "AIR", "evaporation", self._size(0.5))
            self.stock[code] = (
                40.0 * HM3 + self.rng.uniform(-2, 2, self.months + 1) * HM3
            )
        return code

    def _use(self, n: int, code: str) -> None:
        if n % 5 > 2:
            return
        canal, user = f"C{n:04d}", f"U{n:04d}"
        self.accounts += [(canal, "canal"), (user, "economy")]
        taken = self._size(2.0)
        meter = self._flow(code, canal, "abstraction", taken)
        self._flow(canal, user, "delivery", 0.9 * taken)
        self.shared.append(
            (meter, self._flow(canal, "AIR", "losses_in_conveyance", 0.1 * taken))
        )
        self.unmeasured.append(self._flow(user, "AIR", "consumption", 0.6 * taken))
        back = f"R{int(self.rng.integers(max(0, n - 30), max(n, 1))):04d}"
        self._flow(user, back, "return_flow", 0.3 * taken)

    def _let_flow(self) -> None:
        """Give every reach the outflow that balances it, from the springs down."""
        into: dict[str, list[int]] = {}
        out_of: dict[str, list[int]] = {}
        for n, (_, start, end, _) in enumerate(self.flows):
            out_of.setdefault(start, []).append(n)
            into.setdefault(end, []).append(n)
        for code, kind in reversed(self.accounts):
            if kind not in ("river", "reservoir"):
                continue
            left, *others = out_of[code]
            gain = sum(self.volume[n] for n in into[code])
            loss = sum((self.volume[n] for n in others), np.zeros(self.months))
            change = np.diff(self.stock[code]) if code in self.stock else 0.0
            self.volume[left] = gain - loss - change

    def frames(self) -> dict[str, pd.DataFrame]:
        """Country frames."""
        table = pd.DataFrame(self.accounts, columns=["code", "kind"])
        districts = [f"D{n:02d}" for n in range(40)]
        number = table["code"].str.extract(r"^[RCU](\d+)$")[0]
        table["territory"] = [
            None if pd.isna(x) else districts[int(x) * 40 // len(table)] for x in number
        ]
        table["sector"] = np.where(table["kind"] == "economy", "agriculture", None)
        return {
            "territories": pd.DataFrame(
                [
                    ("LAND", "country", None),
                    *((d, "district", "LAND") for d in districts),
                ],
                columns=["code", "kind", "parent"],
            ),
            "accounts": table,
            "flows": pd.DataFrame(self.flows, columns=["code", "from", "to", "term"]),
            "stocks": pd.DataFrame({"account": list(self.stock)}),
        }


def measure(
    land: Country, ledger: Ledger, *, gaps: float = 0.0, months: int | None = None
) -> tuple[Flows, xr.Dataset, np.ndarray]:
    """Read the meters: errors of 3 % at random and 2 % for good, an eighth missing."""
    rng, months = np.random.default_rng(1), months or land.months
    truth = np.array(land.volume)[:, :months]
    assert (truth >= 0).all()
    count = len(truth)
    source = np.arange(count)
    weight = np.ones(count)
    for meter, told in land.shared:
        source[told], weight[told] = meter, 0.1
    weights = sparse.csr_array(
        (weight, (np.arange(count), source)), shape=(count, count)
    )
    bias = 1.0 + 0.02 * rng.standard_normal((count, 1))
    seen = truth * bias * (1.0 + 0.03 * rng.standard_normal(truth.shape))
    seen[land.unmeasured] = np.nan
    if gaps:
        seen[rng.random(seen.shape) < gaps] = np.nan
    start = np.datetime64("1975-01", "M") + np.arange(months + 1)
    bounds = start.astype("datetime64[us]")
    table = ("source", "period")
    sources = xr.Dataset(
        {
            "volume": (table, seen),
            "u_random": (table, 0.03 * truth),
            "u_systematic": (table, 0.02 * truth),
            "coverage": (table, np.ones_like(seen)),
            "status": (table, np.full(seen.shape, Status.MEASURED, dtype=np.int8)),
        },
        coords={
            "source": [f"M{n:05d}" for n in range(count)],
            "period": bounds[:-1],
            "period_end": ("period", bounds[1:]),
        },
    )
    stock = np.array([land.stock[str(a)] for a in ledger.accounts[ledger.stocked]])
    stock = stock[:, : months + 1] + 0.1 * HM3 * rng.standard_normal(
        (len(stock), months + 1)
    )
    held = ("account", "instant")
    stocks = xr.Dataset(
        {
            "volume": (held, stock),
            "u_random": (held, np.full(stock.shape, 0.1 * HM3)),
            "u_systematic_fraction": ("account", np.full(len(stock), 0.02)),
        },
        coords={"account": ledger.accounts[ledger.stocked], "instant": bounds},
    )
    return resolve(ledger, sources, weights), stocks, truth


def spoiled(flows: Flows, found: LedgerReconciliation) -> list[str]:
    """Plant gross errors on meters that are redundant; names of their flows."""
    standing = found.flows()["standing"].to_numpy()
    good = np.flatnonzero((standing == Standing.REDUNDANT).all(axis=1))
    fed_alone = np.diff(sparse.csc_array(flows.weights).indptr) == 1
    good = good[fed_alone[good]]
    chosen = good[:: max(1, good.size // 5)][:5]
    for n, flow in enumerate(chosen):
        flows.volume[flow, n] *= 0.5
    return [str(code) for code in flows.codes[chosen]]


def annual(ledger: Ledger, truth: np.ndarray, rng: np.random.Generator) -> list[Total]:
    """Yearly reports of every fourth flow; sums of districts, and of the nation."""
    totals = []
    for n in range(0, len(truth), 4):
        real = truth[n].sum()
        code = str(ledger.flows[n])
        totals.append(
            Total(
                code=f"year of {code}",
                parts={code: 1.0},
                value=real * (1.0 + 0.02 * rng.standard_normal()),
                u=0.02 * real,
            )
        )
    at = pd.Index(ledger.accounts).get_indexer(ledger.accounts[ledger.flow_from])
    held = ledger.membership[:, at]
    taken = ledger.flow_term == "abstraction"
    for row in np.flatnonzero(ledger.territory_kind == "district"):
        here = np.flatnonzero(taken & (held[[row]].toarray()[0] > 0))
        parts = {str(ledger.flows[n]): 1.0 for n in here}
        if parts:
            totals.append(
                Total(code=f"taken in {ledger.territories[row]}", parts=parts)
            )
    districts = {t.code: 1.0 for t in totals if t.code.startswith("taken")}
    real = truth[taken].sum()
    nation = Total(code="taken", parts=districts, value=1.001 * real, u=0.002 * real)
    return [*totals, nation]


def timed(what: str, run) -> tuple[LedgerReconciliation, float]:
    began, busy = time.perf_counter(), time.process_time()
    result = run()
    wall = time.perf_counter() - began
    print(f"{what}: {wall:.2f} s wall, {time.process_time() - busy:.2f} s CPU")
    return result, wall


def check(found: LedgerReconciliation, truth: np.ndarray) -> None:
    """Rows hold, and redundant flows are nearer to the truth than their meters."""
    result, flows = found.result, found.flows()
    solved = np.isin(result.verdict, (Verdict.RECONCILED, Verdict.SUSPECTS_REMOVED))
    left = result.residual_after()[:, solved]
    assert np.nanmax(np.abs(left), initial=0.0) < 1e-3
    good = (flows["standing"] == Standing.REDUNDANT).to_numpy()
    raw = np.sqrt(np.mean((flows["raw"].to_numpy() - truth)[good] ** 2))
    new = np.sqrt(np.mean((flows["value"].to_numpy() - truth)[good] ** 2))
    counts = {v.name.lower(): int((result.verdict == v).sum()) for v in Verdict}
    print(
        f"  {result.first_dof[0]} degrees of freedom; RMSE of redundant flows "
        f"{raw / HM3:.3f} -> {new / HM3:.3f} hm3; "
        + ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of each size")
    quick = parser.parse_args().quick
    count, months = (500, 60) if quick else (5000, 600)
    rng = np.random.default_rng(2023)
    land = Country(count, months, rng)
    ledger = Ledger.build(land.frames())
    options = {"storeless": ("river", "canal", "economy")}
    flows, stocks, _ = measure(land, ledger)
    print(
        f"{ledger.flows.size} flows, {ledger.accounts.size} accounts, {months} months; "
        f"{os.cpu_count()} cores"
    )
    warm, *_ = measure(land, ledger, months=3)
    reconcile(ledger, warm, stocks.isel(instant=slice(0, 4)), policy=PLAIN, **options)

    found, uncoupled = timed(
        "every month on its own",
        lambda: reconcile(
            ledger, flows, stocks, bounded=False, policy=PLAIN, **options
        ),
    )
    gappy, gappy_stocks, _ = measure(land, ledger, gaps=0.01)
    timed(
        "the same, with other gaps in every month",
        lambda: reconcile(
            ledger, gappy, gappy_stocks, bounded=False, policy=PLAIN, **options
        ),
    )
    year, year_stocks, year_truth = measure(land, ledger, months=12)
    planted = spoiled(year, found)
    totals = annual(ledger, year_truth, rng)
    capacity = dict.fromkeys(land.stock, 42.0 * HM3)
    joined, coupled = timed(
        f"one coupled year, {len(totals)} totals",
        lambda: reconcile(
            ledger,
            year,
            year_stocks,
            couple=True,
            totals=totals,
            capacity=capacity,
            **options,
        ),
    )
    check(joined, year_truth)
    named = [
        (s.name, round(s.z, 1), *s.alike, *s.close) for s in joined.result.suspects
    ]
    print(f"  planted {planted}; named {named}")
    print(f"  {len(joined.result.active_bounds())} active bounds")
    for name, value, bar in (
        ("reconciliation_uncoupled", uncoupled, BAR_UNCOUPLED_S),
        ("reconciliation_coupled_year", coupled, BAR_COUPLED_S),
    ):
        verdict = "ok" if value <= bar else "short"
        print(f"{name} {value:.2f} s bar {bar} {verdict}")


if __name__ == "__main__":
    main()
