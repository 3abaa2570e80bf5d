"""Small countries written in a line, for the tests of the balance."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse

from ewater.terms import Status

if TYPE_CHECKING:
    from ewater.balance.ledger import Ledger

START = np.datetime64("2023-01-01", "us")


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
    )
