"""Reconciliation of the simulated country, whose truth is known.

The true ledger of the sample is one year of all flows and stocks. Each draw gives every
flow an error of the size that its meter, report or rule has (METHODS 4), independent
of the others; what is a balancing item stays unmeasured. Draws lie side by side as
periods, so that one call reconciles them all. Which planted bias can be told from the
others is found before it is planted, by dense algebra that shares no code with what is
tested: with G = A'P'H^-1 P A, the test of meter i has the non-centrality
delta_i = b sqrt(G_ii), and sqrt(1 - rho^2) of it sets i apart from its closest rival.

    python benchmarks/simulated.py [--quick]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import linalg, sparse

from ewater import simulate
from ewater.balance import expressions
from ewater.balance.evaluate import RULE_U
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.reconciliation.by_period import by_period
from ewater.balance.reconciliation.reconcile import STORELESS, reconcile
from ewater.balance.reconciliation.rows import Stocks, rows_of
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reported import REPORT_U
from ewater.series.uncertainty import percentages
from ewater.simulate import calibrate, model
from ewater.simulate import ledger as true_ledger
from ewater.store import folder
from ewater.terms import Status

YEAR = 2023
SEED = 20230101
IDENTIFIABLE = 4.5
APART = 0.4  # sqrt(1 - rho^2) of the closest rival
Z95 = 1.959964
DAY_US = 86_400_000_000
STOCK_U = 0.01  # of the capacity in use, as of a level within 2 cm


def country() -> dict[str, Any]:
    """Solve the true ledger of a year; the u is of what observes each flow."""
    frames = dict(folder.read(simulate.sample(), expression_codes=expressions.codes))
    frames["site_territories"] = pd.DataFrame({"site": [], "territory": []})
    world = true_ledger.Country(model.load(simulate.sample()), simulate.SEED)
    truth = calibrate.calibrate(world)
    days = truth.days.within(YEAR)
    ledger = Ledger.build(frames)
    place = truth.flows.get_indexer(pd.Index(ledger.flows))
    volume = truth.volume[:, days].sum(axis=1)[place]
    stocked = [str(code) for code in ledger.accounts[ledger.stocked]]
    held = truth.stock[truth.accounts.get_indexer(pd.Index(stocked))]
    change = held[:, days.stop] - held[:, days.start]
    flows = frames["flows"].set_index("code").loc[list(ledger.flows)]
    share = np.array([_share(row, frames) for _, row in flows.iterrows()])
    return {
        "ledger": ledger,
        "volume": volume,
        "u": share * np.abs(volume),
        "stocked": stocked,
        "change": change,
        "change_u": STOCK_U * np.maximum(held.max(axis=1), 1.0),
    }


def _share(flow: Any, frames: dict[str, Any]) -> float:
    """Give the standard uncertainty as a share; NaN for a balancing item."""
    if np.isfinite(flow["u_pct"]):
        return float(flow["u_pct"]) / 100
    text = flow["measured_by"]
    if not isinstance(text, str) or not text:
        return np.nan
    match expressions.parse(text)[0]:
        case expressions.Sum(terms):
            rows = frames["series"].set_index("code").loc[[code for _, code in terms]]
            return float(np.nanmax(percentages(rows, frames["sites"])[1])) / 100
        case expressions.Report():
            return REPORT_U
        case expressions.Rule(name="balance"):
            return np.nan
    return RULE_U


def drawn(
    given: dict[str, Any], draws: int, rng: np.random.Generator, bias: Any = 0.0
) -> Any:
    """Flows and stocks of many years side by side, each with errors of its own."""
    ledger, u = given["ledger"], given["u"]
    start = np.datetime64(f"{YEAR}-01-01", "us").astype(np.int64)
    bounds = (start + DAY_US * np.arange(draws + 1)).view("M8[us]")
    error = rng.standard_normal((u.size, draws)) * np.nan_to_num(u)[:, None] + bias
    fed = np.isfinite(u)
    shape = (u.size, draws)
    tables = {
        "volume": given["volume"][:, None] + error,
        "u_random": np.broadcast_to(u[:, None], shape),
        "u_systematic": np.zeros(shape),
        "coverage": np.ones(shape),
        "status": np.full(shape, Status.MEASURED),
    }
    sources = xr.Dataset(
        {n: (("source", "period"), np.array(t)[fed]) for n, t in tables.items()},
        coords={
            "source": ledger.flows[fed],
            "period": bounds[:-1],
            "period_end": ("period", bounds[1:]),
        },
    )
    weights = sparse.csr_array(sparse.eye_array(u.size).tocsr()[:, np.flatnonzero(fed)])
    step = given["change_u"]
    moved = (
        given["change"][:, None]
        + rng.standard_normal((step.size, draws)) * step[:, None]
    )
    stock = np.hstack([np.zeros((step.size, 1)), np.cumsum(moved, axis=1)])
    stocks = xr.Dataset(
        {
            "volume": (("account", "instant"), stock),
            "u_random": (
                ("account", "instant"),
                np.repeat(step[:, None] / np.sqrt(2), draws + 1, axis=1),
            ),
            "u_systematic_fraction": ("account", np.zeros(step.size)),
        },
        coords={"account": given["stocked"], "instant": bounds},
    )
    return resolve(ledger, sources, weights), stocks


def power(given: dict[str, Any], rng: np.random.Generator) -> Any:
    """G of the flows, by dense algebra."""
    flows, stocks = drawn(given, 1, rng)
    ledger = given["ledger"]
    variables = by_period(
        ledger,
        flows,
        rows_of(ledger, flows, "managed", STORELESS),
        Stocks.of(ledger, flows.bounds, stocks),
    )
    matrix = variables.matrix.toarray()
    known = np.isfinite(variables.value[:, 0])
    loose = linalg.null_space(matrix[:, ~known].T).T
    seen = loose @ matrix[:, known]
    spread = variables.loading.toarray()[known] * np.nan_to_num(variables.u[:, 0])
    wide = seen @ spread
    own = seen.T @ np.linalg.pinv(wide @ wide.T, rcond=1e-12, hermitian=True) @ seen
    whole = np.zeros((known.size, known.size))
    whole[np.ix_(known, known)] = own
    count = ledger.flows.size
    return whole, np.concatenate([given["u"], np.full(known.size - count, np.nan)])


def accuracy(given: dict[str, Any], draws: int, rng: np.random.Generator) -> list[Any]:
    """Errors before and after, over all draws."""
    flows, stocks = drawn(given, draws, rng)
    began = time.perf_counter()
    found = reconcile(given["ledger"], flows, stocks)
    kept = reconcile(
        given["ledger"], flows, stocks, policy=Policy(eliminate=False, refuse=False)
    ).flows()["value"]
    print(f"{draws} draws reconciled in {time.perf_counter() - began:.1f} s")
    table = {n: a.to_numpy() for n, a in found.flows().items()}
    true = given["volume"][:, None]
    # the raw u is given; the reconciled one that of the draws nothing was taken from
    after_u = np.nanmedian(np.where(table["u"] > 0, table["u"], np.nan), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        fall = 1 - after_u / given["u"]
    before, after = (
        np.sqrt(np.mean((table[name] - true) ** 2, axis=1)) for name in ("raw", "value")
    )
    some = np.isfinite(before) & np.isfinite(after) & (given["u"] > 0)
    gains = some & (fall >= 0.1)
    others = some & ~gains
    worse = others & (after > 1.05 * before)
    for n in np.flatnonzero(worse)[:10]:
        print(
            f"  worse: {given['ledger'].flows[n]} "
            f"{after[n] / before[n]:.3f} of the raw RMSE, u falls by {fall[n]:.1%}"
        )
    uncertain = (table["u"] > 0) & np.isfinite(table["value"])
    inside = np.abs(table["value"] - true) <= Z95 * table["u"]
    left = np.sqrt(np.mean((kept.to_numpy() - true) ** 2, axis=1))
    print(
        f"  with nothing eliminated, worse: {int((left > 1.05 * before)[others].sum())}"
    )
    verdicts = np.bincount(found.result.verdict, minlength=4)
    print(
        f"  {some.sum()} flows, {gains.sum()} of them 10 % better by prediction; "
        f"verdicts {verdicts.tolist()}"
    )
    return [
        ("improved", 100 * float(np.mean(after[gains] < before[gains])), "%", 95),
        ("worse", int(worse.sum()), "flows", 0),
        ("covered", 100 * float(inside[uncertain].mean()), "%", (92, 98)),
        ("negative", int((table["value"] < 0).sum()), "volumes", 0),
    ]


def planted(given: dict[str, Any], trials: int, rng: np.random.Generator) -> list[Any]:
    """Biases of single meters, found or said to be one of several."""
    own, u = power(given, rng)
    count = given["ledger"].flows.size
    size = np.sqrt(np.maximum(np.diag(own), 0.0))
    tested = size * np.where(np.isfinite(u), u, 0.0) > 0.05  # an error would show
    both = np.outer(size, size)
    rho = np.abs(np.divide(own, both, out=np.zeros_like(own), where=both > 0))
    np.fill_diagonal(rho, 0.0)
    apart = np.sqrt(1 - np.minimum(rho.max(axis=1), 1.0) ** 2)
    # half of the meters stand apart from all others, half have a near twin
    alone = np.flatnonzero(tested[:count] & (apart[:count] > APART))
    twins = np.flatnonzero(tested[:count] & (apart[:count] <= APART))
    meters = np.concatenate([rng.choice(alone, trials), rng.choice(twins, trials)])
    delta = np.concatenate(
        [IDENTIFIABLE / apart[meters[:trials]], np.full(trials, 2 * IDENTIFIABLE)]
    ) * rng.uniform(1.0, 2.0, 2 * trials)
    trials *= 2
    bias = np.zeros((count, trials))
    bias[meters, np.arange(trials)] = delta / size[meters]
    flows, stocks = drawn(given, trials, rng, bias)
    found = reconcile(given["ledger"], flows, stocks, bounded=False).result
    z = np.abs(np.where(np.isfinite(found.z_power), found.z_power, 0.0))
    first = [str(found.candidates[n]) for n in z.argmax(axis=0)]
    rivals: dict[int, set[str]] = {}
    for suspect in found.suspects:
        names = {suspect.name, *suspect.alike, *suspect.close}
        rivals.setdefault(suspect.period, names)
    codes = [str(given["ledger"].flows[m]) for m in meters]
    clear = delta * apart[meters] >= IDENTIFIABLE
    noticed = np.array([t in rivals for t in range(trials)])
    hit = np.array([_is(name, code) for name, code in zip(first, codes, strict=True)])
    among = np.array(
        [
            any(_is(name, code) for name in rivals.get(t, set()))
            for t, code in enumerate(codes)
        ]
    )
    print(
        f"{trials} planted biases: {clear.sum()} can be told from all others, "
        f"{(~clear).sum()} cannot; the global test notices "
        f"{noticed[clear].mean():.0%} and {noticed[~clear].mean():.0%} of them"
    )
    return [
        ("ranked_first", 100 * float(hit[clear].mean()), "%", 90),
        ("named_with_rivals", 100 * float(among[~clear].mean()), "%", 90),
    ]


def _is(name: str, code: str) -> bool:
    return name in (code, f"flow:{code}")


def main() -> None:
    """Measure, and say what is short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 draws instead of 200")
    draws = 50 if parser.parse_args().quick else 200
    rng = np.random.default_rng(SEED)
    given = country()
    for name, value, unit, bar in accuracy(given, draws, rng) + planted(
        given, draws, rng
    ):
        if isinstance(bar, tuple):
            good = bar[0] <= value <= bar[1]
            shown = f"{bar[0]}-{bar[1]}"
        else:
            good = value <= bar if bar == 0 else value >= bar
            shown = str(bar)
        verdict = "ok" if good else "short"
        print(f"{name} {value:.4g} {unit} bar {shown} {verdict}")


if __name__ == "__main__":
    main()
