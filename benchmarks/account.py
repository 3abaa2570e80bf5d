"""National account of a synthetic country: 5,000 flows, 1,000 territories, 600 months.

The country is a random graph of rivers, reservoirs, canals, aquifers and users over
three levels of basins, two of districts and one of systems; some accounts are shared
between territories, some flows turn round, share a meter or have gaps. Timed is what
`ewater.balance.account.account` does from sources to residual, with uncertainty.

    python benchmarks/account.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from ewater.balance.account import account
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.terms import Status

BAR_S = 0.5
REPEATS = 5
KINDS = ("river", "reservoir", "canal", "groundwater", "soil", "economy")


def tree(prefix: str, kind: str, sizes: tuple[int, ...]) -> pd.DataFrame:
    """Territories of one hierarchy, level by level below the country."""
    rows, above = [], ["LAND"]
    for level, size in enumerate(sizes):
        codes = [f"{prefix}{level}.{n}" for n in range(size)]
        parents = [above[n * len(above) // size] for n in range(size)]
        rows += list(zip(codes, [kind] * size, parents, strict=True))
        above = codes
    return pd.DataFrame(rows, columns=["code", "kind", "parent"])


def country(flow_count: int, territory_count: int, rng: np.random.Generator) -> dict:
    """Country frames; every account lies in each hierarchy."""
    n = territory_count
    basins = tree("B", "basin", (n // 50, n // 10, n // 2))
    districts = tree("D", "district", (n // 50, n // 4))
    systems = tree("S", "system", (n - 1 - len(basins) - len(districts),))
    top = pd.DataFrame([("LAND", "country", None)], columns=["code", "kind", "parent"])
    accounts = flow_count * 2 // 3
    codes = np.array([f"A{i}" for i in range(accounts)])
    kind = np.array(KINDS)[np.arange(accounts) % len(KINDS)]
    kind[-10:], kind[-12:-10] = "neighbour", ["sea", "atmosphere"]
    inside = np.flatnonzero(~np.isin(kind, ("neighbour", "sea", "atmosphere")))
    shares = []
    for frame, level in ((basins, "B2"), (districts, "D1"), (systems, "S0")):
        leaves = frame["code"][frame["code"].str.startswith(level)].to_numpy()
        home = inside * leaves.size // accounts
        split = rng.random(inside.size) < 0.05
        part = np.where(split, 0.6, 1.0)
        shares.append((codes[inside], leaves[home], part))
        beside = leaves[(home[split] + 1) % leaves.size]
        shares.append((codes[inside][split], beside, 1.0 - part[split]))
    start = np.arange(flow_count) % accounts
    # most water goes to a nearby account, some to the sea, the air or a neighbour
    end = (start + rng.integers(1, 400, flow_count)) % accounts
    out = rng.random(flow_count) < 0.15
    end[out] = rng.integers(accounts - 12, accounts, out.sum())
    end[end == start] -= 1
    sector = np.where(kind == "economy", "agriculture", None)
    stocked = codes[np.isin(kind, ("reservoir",))]
    return {
        "territories": pd.concat([top, basins, districts, systems]),
        "accounts": pd.DataFrame({"code": codes, "kind": kind, "sector": sector}),
        "account_territories": pd.concat(
            [
                pd.DataFrame({"account": a, "territory": t, "share": s})
                for a, t, s in shares
            ]
        ),
        "flows": pd.DataFrame(
            {
                "code": [f"F{i}" for i in range(flow_count)],
                "from": codes[start],
                "to": codes[end],
                "term": "transfer",
            }
        ),
        "stocks": pd.DataFrame({"account": stocked}),
    }


def inputs(
    ledger: Ledger, months: int, rng: np.random.Generator
) -> tuple[xr.Dataset, sparse.csr_array, xr.Dataset]:
    """Make sources, weights and stocks; a tenth of the flows share a meter."""
    count = ledger.flows.size
    meter = np.arange(count)
    shared = rng.random(count) < 0.1
    meter[shared] = rng.integers(0, count, shared.sum())
    weights = sparse.csr_array((np.ones(count), (np.arange(count), meter)))
    weights.resize(count, count)
    volume = rng.lognormal(15, 1.5, (count, months))
    volume[rng.random(volume.shape) < 0.01] = np.nan
    status = np.repeat(rng.choice([0, 0, 0, 1, 2, 3], (count, 1)), months, axis=1)
    status[np.isnan(volume)] = Status.UNKNOWN
    start = np.datetime64("1975-01", "M") + np.arange(months + 1)
    bounds = start.astype("datetime64[us]")
    table = ("source", "period")
    sources = xr.Dataset(
        {
            "volume": (table, volume),
            "u_random": (table, 0.05 * volume),
            "u_systematic": (table, 0.03 * volume),
            "coverage": (table, rng.uniform(0.8, 1.0, volume.shape)),
            "status": (table, status.astype(np.int8)),
        },
        coords={
            "source": np.sort([f"M{i}" for i in range(count)]),
            "period": bounds[:-1],
            "period_end": ("period", bounds[1:]),
        },
    )
    stocked = ledger.accounts[ledger.stocked]
    stock = rng.lognormal(17, 1, (stocked.size, months + 1))
    stocks = xr.Dataset(
        {
            "volume": (("account", "instant"), stock),
            "u_random": (("account", "instant"), 0.01 * stock),
            "u_systematic_fraction": ("account", np.full(stocked.size, 0.02)),
        },
        coords={"account": stocked, "instant": bounds},
    )
    return sources, weights, stocks


def check(
    ledger: Ledger, sources: xr.Dataset, weights: sparse.csr_array, result: xr.Dataset
) -> None:
    """Compare one month with plain dense arithmetic."""
    net = ledger.coefficients().toarray()
    dense = weights.toarray()
    volume = weights @ sources["volume"].to_numpy()[:, 0]
    expected = np.where(net, net * volume, 0.0).sum(axis=1)
    expected[result["empty"].to_numpy()] = np.nan  # nobody described its water
    np.testing.assert_allclose(result["net_inflow"].to_numpy()[:, 0], expected)
    variance = (
        sources["u_random"].to_numpy()[:, 0] ** 2
        + sources["u_systematic"].to_numpy()[:, 0] ** 2
    )
    known = ~np.isnan(expected)
    u = np.sqrt(((net @ dense) ** 2) @ np.nan_to_num(variance))
    measured = result["net_inflow_u"].to_numpy()[:, 0]
    np.testing.assert_allclose(measured[known], u[known])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of each size")
    quick = parser.parse_args().quick
    flow_count, territories, months = (500, 100, 60) if quick else (5000, 1000, 600)
    rng = np.random.default_rng(2023)
    began = time.perf_counter()
    ledger = Ledger.build(country(flow_count, territories, rng))
    built = time.perf_counter() - began
    sources, weights, stocks = inputs(ledger, months, rng)
    result = account(ledger, sources, weights, stocks)
    check(ledger, sources, weights, result)
    times, resolving = [], []
    for _ in range(REPEATS):
        began = time.perf_counter()
        resolve(ledger, sources, weights)
        resolving.append(time.perf_counter() - began)
        began = time.perf_counter()
        account(ledger, sources, weights, stocks)
        times.append(time.perf_counter() - began)
    crossings = ledger.coefficients().nnz
    print(
        f"{flow_count} flows x {territories} territories x {months} months; "
        f"{crossings} crossings, {crossings * months / 1e6:.0f} M cells; "
        f"{os.cpu_count()} cores"
    )
    print(
        f"build of the ledger {built:.3f} s; sources to flows {min(resolving):.3f} s; "
        f"account best {min(times):.3f}, median {np.median(times):.3f} s"
    )
    value = float(np.median(times))
    verdict = "ok" if value <= BAR_S else "short"
    print(f"account {value:.3f} s bar {BAR_S} {verdict}")


if __name__ == "__main__":
    main()
