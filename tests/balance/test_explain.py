"""Shares of a figure: by hand, and on random countries; what is given adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewater.balance import account_cells, explain
from ewater.balance.account import account_of
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.views import compiled
from ewater.balance.views.basis import Basis
from ewater.balance.views.evaluate import Evaluated
from ewater.errors import UsageError
from ewater.terms import BOUNDARIES

if TYPE_CHECKING:
    from types import SimpleNamespace

BY_FLOW = ("net_inflow", "inflow", "outflow", "residual", "storage_change")


class Case:
    """A ledger with its sources, and the figures of its account."""

    def __init__(self, frames: Any, sources: Any, weights: Any, stocks: Any) -> None:
        self.ledger = Ledger.build(frames)
        self.sources, self.stocks = sources, stocks
        self.weights = weights(self.ledger, sources)
        self.flows = resolve(self.ledger, sources, self.weights)

    def made(
        self,
        cell: str,
        boundary: str = "managed",
        territory: str = "AZ",
        period: int = 0,
    ) -> explain.Made:
        basis = account_cells.basis_of(
            self.ledger, self.flows, self.stocks, boundary, territory
        )
        rows = account_cells.rows_of(basis, boundary, cell)
        return explain.made(basis, self.moment(period), rows)

    def moment(self, period: int) -> explain.Moment:
        return explain.Moment.of(self.ledger, self.sources, self.weights, period)


@pytest.fixture
def small(make: SimpleNamespace) -> Case:
    """Two inflows by one meter, an outflow by another, a reservoir that fills."""
    frames = {
        "territories": make.territories(("AZ", "country")),
        "accounts": make.accounts(
            ("R", "river", "AZ"), ("L", "reservoir", "AZ"),
            ("N", "neighbour"), ("S", "sea"),
        ),
        "flows": make.flows(
            ("A", "N", "R", "inflow_from_neighbours"),
            ("B", "N", "R", "inflow_from_neighbours"),
            ("C", "R", "S", "outflow_to_sea"),
            ("D", "R", "S", "outflow_to_sea"),
        ),
        "stocks": pd.DataFrame({"account": ["L"]}),
    }  # fmt: skip
    sources = make.sources(
        {"M": 100.0, "O": 60.0, "gap": np.nan},
        u_random={"M": 3.0, "O": 2.0},
        u_systematic={"M": 4.0},
    )
    shared = {"A": {"M": 1.0}, "B": {"M": 0.5}, "C": {"O": 1.0}, "D": {}}

    def weights(ledger: Any, data: Any) -> Any:
        return make.weights(ledger, data, shared)

    stocks = make.stocks({"L": [10.0, 30.0]}, u_random={"L": 1.0}, fraction={"L": 0.1})
    return Case(frames, sources, weights, stocks)


def items(made: explain.Made) -> dict[str, explain.Item]:
    return {item.code: item for item in made.items}


def test_a_shared_meter_counts_with_its_covariance(small: Case) -> None:
    made = small.made("inflow")
    # A + B = 1.5 M: variance 1.5^2 x (3^2 + 4^2); A has 1 x 1.5 x 25 of it
    assert made.known == 150.0
    assert made.variance == pytest.approx(56.25)
    assert items(made)["A"].covariance == pytest.approx(37.5)
    assert items(made)["B"].covariance == pytest.approx(18.75)
    assert items(made)["B"].parts[0].source == "M"
    assert made.by_source() == {"M": (150.0, pytest.approx(56.25))}


def test_a_residual_has_flows_and_stocks(small: Case) -> None:
    made = small.made("residual")
    found = items(made)
    # 150 in, 60 out, 20 stored: D has no source and is unknown
    assert made.known == pytest.approx(150 - 60 - 20)
    assert found["L"].value == pytest.approx(-20.0)
    assert found["L"].covariance == pytest.approx(1 + 1 + (0.1 * 20) ** 2)
    assert found["C"].value == -60.0
    assert made.variance == pytest.approx(56.25 + 4 + 6)
    assert np.isnan(found["D"].value)
    assert found["D"].covariance == 0.0


def test_an_unknown_flow_names_its_sources_and_adds_nothing(
    make: SimpleNamespace, small: Case
) -> None:
    small.weights = make.weights(
        small.ledger, small.sources, {"A": {"M": 1.0, "gap": 1.0}, "C": {"O": 1.0}}
    )
    small.flows = resolve(small.ledger, small.sources, small.weights)
    made = small.made("terms.inflow_from_neighbours")
    lacking = items(made)["A"]
    assert {part.source: part.volume for part in lacking.parts} == {
        "M": 100.0,
        "gap": pytest.approx(np.nan, nan_ok=True),
    }
    assert np.isnan(lacking.value)
    assert made.known == 0.0
    assert list(made.by_source()) == ["M", "gap"]


def test_water_that_comes_back_is_told_as_its_two_flows(make: SimpleNamespace) -> None:
    frames = {
        "territories": make.territories(("AZ", "country")),
        "accounts": make.accounts(("R", "river", "AZ"), ("N", "neighbour")),
        "flows": make.flows(
            ("LEFT", "R", "N", "outflow_to_neighbours", None, "BACK"),
            ("BACK", "N", "R", "inflow_from_neighbours"),
        ),
        "stocks": pd.DataFrame({"account": []}, dtype=object),
    }
    sources = make.sources(
        {"LEFT": [10.0, 50.0], "BACK": [30.0, 20.0]}, u_random={"LEFT": [1.0, 1.0]}
    )
    case = Case(frames, sources, make.weights, make.stocks({}, 2))
    more = items(case.made("inflow"))
    assert (more["BACK"].value, more["LEFT"].value) == (30.0, -10.0)
    assert more["LEFT"].covariance == 1.0
    assert case.made("inflow", period=1).known == 0.0
    assert case.made("outflow", period=1).known == 30.0
    assert case.made("re_entering", period=0).known == 10.0
    assert case.made("re_entering", period=1).known == 20.0
    account = account_of(case.ledger, case.flows, case.stocks)
    for period in (0, 1):  # 1 of LEFT, then what BACK has
        told = case.made("re_entering", period=period).variance
        assert account["re_entering_u"].values[0, period] ** 2 == pytest.approx(told)


def test_a_turned_flow_is_explained_by_the_source_of_its_reverse(
    make: SimpleNamespace,
) -> None:
    frames = {
        "territories": make.territories(("AZ", "country")),
        "accounts": make.accounts(("R", "river", "AZ"), ("N", "neighbour")),
        "flows": make.flows(
            ("OUT", "R", "N", "outflow_to_neighbours", "IN"),
            ("IN", "N", "R", "inflow_from_neighbours"),
        ),
        "stocks": pd.DataFrame({"account": []}, dtype=object),
    }
    sources = make.sources({"OUT": [-5.0, 7.0]}, u_random={"OUT": [2.0, 3.0]})
    case = Case(frames, sources, make.weights, make.stocks({}, 2))
    (item,) = [i for i in case.made("inflow").items if i.value]
    assert (item.code, item.value, item.covariance) == ("IN", 5.0, 4.0)
    assert (item.parts[0].source, item.parts[0].weight) == ("OUT", -1.0)
    assert case.made("outflow", period=1).variance == 9.0


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_account_of_any_country_adds_up(
    make: SimpleNamespace, boundary: str
) -> None:
    volumes = st.one_of(st.just(np.nan), st.floats(0, 1e9, allow_subnormal=False))

    @settings(max_examples=5, deadline=None)
    @given(make.countries(volumes))
    def holds(country: Any) -> None:
        case = Case(
            country.frames,
            make.sources(
                country.volume,
                u_random={c: 0.05 * v for c, v in country.volume.items()},
            ),
            make.weights,
            make.stocks(country.stock, 2, fraction=dict.fromkeys(country.stock, 0.03)),
        )
        whole = account_of(case.ledger, case.flows, case.stocks, boundary=boundary)
        for territory in ("AZ", "B1a"):
            told = whole.sel(territory=territory).isel(period=1)
            for cell in BY_FLOW:
                known = float(told[f"{cell}_known"])
                if np.isnan(known):
                    continue  # apportioned: there is no figure to explain
                made = case.made(cell, boundary, territory, period=1)
                assert made.known == pytest.approx(known, rel=1e-9, abs=1e-3)
                u = float(told[f"{cell}_u"])
                assert np.sqrt(made.variance) == pytest.approx(u, rel=1e-9, abs=1e-3)

    holds()


def test_every_cell_of_a_view_adds_up(make: SimpleNamespace) -> None:
    @settings(max_examples=1, deadline=None)
    @given(make.countries(whole=True))
    def holds(country: Any) -> None:
        case = Case(
            country.frames,
            make.sources(
                country.volume,
                u_random={c: 0.05 * v for c, v in country.volume.items()},
            ),
            make.weights,
            make.stocks(country.stock, 2, u_random=dict.fromkeys(country.stock, 5.0)),
        )
        basis = Basis.of(case.ledger, case.flows, case.stocks, territories=["AZ"])
        for name in ("indicators", "section", "seea_asset"):
            view = Evaluated(compiled.find(name), basis)
            for code in view.compiled.cells:
                _adds_up(case, view, code)

    holds()


def _adds_up(case: Case, view: Evaluated, code: str) -> None:
    slopes = explain.slopes(view, code, 0, 1)
    made = explain.made(view.basis, case.moment(1), explain.rows_of(view, slopes))
    if code in view.linear:
        known = view.linear[code].totals.known[0, 1]
        assert made.known == pytest.approx(known, rel=1e-9, abs=1e-3)
    u = float(view.cell(code).u[0, 1])
    if np.isfinite(u) and np.isfinite(list(slopes.values())).all():
        assert np.sqrt(made.variance) == pytest.approx(u, rel=1e-6, abs=1e-6)


def test_a_shared_rating_has_variance_and_no_water(small: Case) -> None:
    ratings = {"M": "G", "O": "G"}
    codes = [str(code) for code in small.sources["source"].to_numpy()]
    small.sources["u_systematic"].loc[{"source": "O"}] = 2.0
    small.sources = small.sources.assign_coords(
        rating=("source", [ratings.get(code, "") for code in codes])
    )
    small.flows = resolve(small.ledger, small.sources, small.weights)
    made = small.made("residual")
    value, covariance = made.by_source()["rating:G"]
    assert value == 0.0
    # 1.5 M in and O out have 0.3 of their squares in common: (6 - 2)^2 x 0.3
    assert covariance == pytest.approx(0.3 * (1.5 * 4 - 2) ** 2)
    whole = 1.5**2 * 25 + (2**2 + 2**2) + 6 - 2 * 0.3 * 1.5 * 4 * 2
    assert made.variance == pytest.approx(whole)
    assert made.known == pytest.approx(70.0)


def test_there_is_no_period_or_cell_beyond_what_is_there(small: Case) -> None:
    with pytest.raises(UsageError, match="no period 1; there are 1"):
        small.moment(1)
    with pytest.raises(UsageError, match=r"no cell 'inflows'.*storage_change"):
        small.made("inflows")
    with pytest.raises(UsageError, match="ATLANTIS"):
        small.made("inflow", territory="ATLANTIS")
