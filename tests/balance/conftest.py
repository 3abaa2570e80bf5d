"""Small countries written in a line, for the tests of the balance."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import strategies as st
from scipy import sparse

from ewater.terms import ACCOUNT_KINDS, OUTSIDE_KINDS, SECTORS, TERMS, Status

if TYPE_CHECKING:
    from ewater.balance.ledger import Ledger

START = np.datetime64("2023-01-01", "us")
PERIODS = 2
LEAVES: dict[str, tuple[str, ...]] = {
    "basin": ("B1a", "B1b", "B2"),
    "district": ("D1", "D2"),
}


@dataclass(frozen=True)
class Country:
    """A random country: frames, sources by flow, and stocks."""

    frames: dict[str, pd.DataFrame]
    volume: dict[str, np.ndarray]
    stock: dict[str, np.ndarray]


volumes = st.floats(0, 1e9, allow_subnormal=False)
gappy = st.one_of(st.just(np.nan), volumes)


@st.composite
def countries(
    draw: st.DrawFn, volume: st.SearchStrategy[float] = volumes, whole: bool = False
) -> Country:
    """Accounts of any kind, shared between basins and districts, joined at random."""
    inside = [kind for kind in ACCOUNT_KINDS if kind not in OUTSIDE_KINDS]
    kinds = draw(st.lists(st.sampled_from(inside), min_size=2, max_size=6))
    codes = [f"A{n}" for n in range(len(kinds))]
    rows, shares = [], []
    for code, kind in zip(codes, kinds, strict=True):
        sector = draw(st.sampled_from(SECTORS)) if kind == "economy" else None
        rows.append((code, kind, None, sector))
        for leaves in LEAVES.values():
            parts = np.array(
                draw(st.lists(st.integers(0, 9), min_size=len(leaves), max_size=3))[
                    : len(leaves)
                ],
                dtype=float,
            )
            if whole or not parts.sum():
                parts = np.eye(len(leaves))[draw(st.integers(0, len(leaves) - 1))]
            parts = parts / parts.sum()
            shares += [(code, t, p) for t, p in zip(leaves, parts, strict=True) if p]
    outside = [("N", "neighbour"), ("SEA", "sea"), ("AIR", "atmosphere")]
    everywhere = [*codes, "N", "SEA", "AIR"]
    ends = st.tuples(st.sampled_from(everywhere), st.sampled_from(everywhere))
    pairs = draw(st.lists(ends.filter(lambda e: e[0] != e[1]), min_size=1, max_size=9))
    flows = [
        (f"F{n}", start, end, draw(st.sampled_from(list(TERMS))))
        for n, (start, end) in enumerate(pairs)
    ]
    stocked = [code for code in codes if draw(st.booleans())]
    frames = {
        "territories": pd.DataFrame(
            [
                ("AZ", "country", None),
                ("B1", "basin", "AZ"),
                ("B1a", "basin", "B1"),
                ("B1b", "basin", "B1"),
                ("B2", "basin", "AZ"),
                ("D1", "district", "AZ"),
                ("D2", "district", "AZ"),
            ],
            columns=["code", "kind", "parent"],
        ),
        "accounts": pd.DataFrame(
            [*rows, *[(code, kind, None, None) for code, kind in outside]],
            columns=["code", "kind", "territory", "sector"],
        ),
        "account_territories": pd.DataFrame(
            shares, columns=["account", "territory", "share"]
        ),
        "flows": pd.DataFrame(flows, columns=["code", "from", "to", "term"]),
        "stocks": pd.DataFrame({"account": pd.Series(stocked, dtype=object)}),
    }

    def values(count: int) -> np.ndarray:
        return np.array([draw(volume) for _ in range(count)])

    return Country(
        frames,
        {row[0]: values(PERIODS) for row in flows},
        {code: values(PERIODS + 1) for code in stocked},
    )


def frame(columns: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    """Frame with the named columns; short rows are filled with nothing."""
    names = columns.split()
    full = [(*row, *[None] * (len(names) - len(row))) for row in rows]
    return pd.DataFrame(full, columns=names)


def territories(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Frame of territories: code, kind, parent."""
    return frame("code kind parent valid_from valid_to", *rows)


def accounts(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Frame of accounts: code, kind, territory, sector, share, site."""
    return frame(
        "code kind territory sector share site valid_from valid_to", *rows
    ).astype({"share": float})


def flows(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Frame of flows: code, from, to, term, reverse, re_enters."""
    return frame(
        "code from to term reverse re_enters sector valid_from valid_to", *rows
    )


def bounds(periods: int) -> np.ndarray:
    """Bounds of days side by side from 1 January 2023."""
    return (START + np.arange(periods + 1) * np.timedelta64(1, "D")).astype(np.int64)


def sources(
    volumes: dict[str, Any],
    u_random: dict[str, Any] | None = None,
    u_systematic: dict[str, Any] | None = None,
    coverage: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
) -> xr.Dataset:
    """Dataset of sources; what is not given is certain, covered and measured."""
    codes = list(volumes)
    periods = max(np.size(v) for v in volumes.values())

    def table(values: dict[str, Any] | None, default: float) -> tuple[Any, Any]:
        given = [(values or {}).get(code, default) for code in codes]
        full = np.array([np.broadcast_to(v, periods) for v in given], dtype=float)
        return ("source", "period"), full

    times = bounds(periods).astype("datetime64[us]")
    return xr.Dataset(
        {
            "volume": table(volumes, np.nan),
            "u_random": table(u_random, 0.0),
            "u_systematic": table(u_systematic, 0.0),
            "coverage": table(coverage, 1.0),
            "status": table(status, float(Status.MEASURED)),
        },
        coords={
            "source": codes,
            "period": times[:-1],
            "period_end": ("period", times[1:]),
        },
    )


def weights(
    ledger: Ledger, data: xr.Dataset, given: dict[str, dict[str, float]] | None = None
) -> sparse.csr_array:
    """Weights (flow, source); a flow not given is fed by the source of its name."""
    codes = list(data["source"].to_numpy())
    matrix = sparse.lil_array((ledger.flows.size, len(codes)))
    for row, flow in enumerate(ledger.flows):
        default = {flow: 1.0} if flow in codes else {}
        for source, weight in ((given or {}).get(flow, default)).items():
            matrix[row, codes.index(source)] = weight
    return sparse.csr_array(matrix)


def stocks(
    volumes: dict[str, Any] | None = None,
    periods: int = 1,
    u_random: dict[str, Any] | None = None,
    fraction: dict[str, Any] | None = None,
) -> xr.Dataset:
    """Dataset of stocks at the bounds of days."""
    given = volumes or {}

    def table(values: dict[str, Any] | None) -> tuple[Any, Any]:
        rows = [
            np.broadcast_to((values or {}).get(code, 0.0), periods + 1)
            for code in given
        ]
        return (
            ("account", "instant"),
            np.array(rows, dtype=float).reshape(len(given), periods + 1),
        )

    return xr.Dataset(
        {
            "volume": table(given),
            "u_random": table(u_random),
            "u_systematic_fraction": table(fraction),
        },
        coords={
            "account": np.array(list(given), dtype=np.str_),
            "instant": bounds(periods).astype("datetime64[us]"),
        },
    )


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Makers of frames and datasets, as one fixture that hypothesis can share."""
    return SimpleNamespace(
        frame=frame,
        territories=territories,
        accounts=accounts,
        flows=flows,
        sources=sources,
        weights=weights,
        stocks=stocks,
        bounds=bounds,
        LEAVES=LEAVES,
        Country=Country,
        countries=countries,
    )
