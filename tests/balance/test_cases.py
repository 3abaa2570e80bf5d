"""Golden cases: every folder of ``tests/cases`` with an ``expected.csv``.

A case is a small country folder with ``volumes.csv`` (source, period, volume, ...) and
``stock_volumes.csv`` (account, instant, ...) in m3 by month of 2023. ``expected.csv``
names a view, a territory, a period and a figure; an empty value is unknown.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from ewater.balance.account import account_of
from ewater.balance.expressions import Sum, parse
from ewater.balance.flows import Flows, resolve
from ewater.balance.ledger import Ledger
from ewater.balance.missing import Missing
from ewater.balance.sectors import sector_totals
from ewater.balance.terms import neighbours, term_totals
from ewater.terms import BOUNDARIES, Status

if TYPE_CHECKING:
    import xarray as xr

CASES = sorted(
    path.parent for path in (Path(__file__).parents[1] / "cases").glob("*/volumes.csv")
)
TABLES = ("territories", "accounts", "account_territories", "flows", "stocks")


class Case:
    """One folder, computed once."""

    def __init__(self, folder: Path) -> None:
        frames = {
            name: pd.read_csv(folder / f"{name}.csv")
            for name in TABLES
            if (folder / f"{name}.csv").exists()
        }
        self.ledger = Ledger.build(frames)
        sources = read_sources(folder)
        self.flows: Flows = resolve(
            self.ledger, sources, weights(self.ledger, frames["flows"], sources)
        )
        self.stocks = read_stocks(folder)
        self.missing = Missing.of(self.ledger, self.flows, self.stocks)
        self.views: dict[str, xr.Dataset] = {
            "account": account_of(self.ledger, self.flows, self.stocks),
            "term": term_totals(self.ledger, self.flows),
            "sector": sector_totals(self.ledger, self.flows),
            "neighbour": neighbours(self.ledger, self.flows),
            "flow": self.flows.dataset(),
        } | {
            name: account_of(self.ledger, self.flows, self.stocks, boundary=name)
            for name in BOUNDARIES
        }

    def figure(self, view: str, territory: str, period: int, name: str) -> Any:
        """Find what ``expected.csv`` names."""
        if view == "missing":
            return " ".join(self.missing.missing(territory, period, name))
        if view == "not_modelled":
            return " ".join(self.missing.not_modelled(territory))
        dataset = self.views[view]
        if view != "flow":
            dataset = dataset.sel(territory=territory)
        if view == "term":
            term = max(t for t in dataset["term"].values if name.startswith(t))
            dataset, name = dataset.sel(term=term), f"volume{name.removeprefix(term)}"
        elif view in ("sector", "neighbour", "flow"):
            label, name = name.rsplit(".", 1)
            dataset = dataset.sel({view: label})
        value = dataset[name]
        return float(value.isel(period=period) if "period" in value.dims else value)


def read_sources(folder: Path) -> xr.Dataset:
    table = pd.read_csv(folder / "volumes.csv")
    table["status"] = [Status[name] for name in table["status"]]
    data = table.set_index(["source", "period"]).to_xarray()
    bounds = months(data.sizes["period"])
    return data.assign_coords(period=bounds[:-1], period_end=("period", bounds[1:]))


def read_stocks(folder: Path) -> xr.Dataset:
    table = pd.read_csv(folder / "stock_volumes.csv")
    data = table.set_index(["account", "instant"]).to_xarray()
    return data.assign_coords(instant=months(data.sizes["instant"] - 1))


def months(count: int) -> np.ndarray:
    start = np.datetime64("2023-01", "M")
    return (start + np.arange(count + 1)).astype("datetime64[us]")


def weights(
    ledger: Ledger, flows: pd.DataFrame, sources: xr.Dataset
) -> sparse.csr_array:
    measured = flows.set_index("code")["measured_by"]
    place = {str(code): n for n, code in enumerate(sources["source"].values)}
    matrix = sparse.lil_array((ledger.flows.size, len(place)))
    for row, code in enumerate(ledger.flows):
        text = measured[code]
        for way in parse(text) if isinstance(text, str) else ():
            assert isinstance(way, Sum)
            for factor, series in way.terms:
                matrix[row, place[series]] += factor
    return sparse.csr_array(matrix)


@cache
def case(folder: Path) -> Case:
    return Case(folder)


def expectations() -> list[Any]:
    rows = []
    for folder in CASES:
        table = pd.read_csv(folder / "expected.csv", dtype=str, keep_default_na=False)
        rows += [
            pytest.param(
                folder,
                *row,
                id=f"{folder.name}: {' '.join(filter(None, row[:-1]))}",
            )
            for row in table.itertuples(index=False, name=None)
        ]
    return rows


@pytest.mark.parametrize(
    ("folder", "view", "territory", "period", "name", "value"), expectations()
)
def test_a_case_gives_what_it_expects(
    folder: Path, view: str, territory: str, period: str, name: str, value: str
) -> None:
    found = case(folder).figure(view, territory, int(period), name)
    if isinstance(found, str):
        assert found == value
    elif value == "":
        assert np.isnan(found)
    else:
        assert found == pytest.approx(float(value), rel=1e-9, abs=1e-9)


def test_there_are_cases() -> None:
    assert {folder.name for folder in CASES} >= {"two_basins", "new_canal"}
