"""Errors common to sources by their rating: rho = 0.3 (METHODS 4, E21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance.account import account
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.losses import losses
from ewater.balance.shared import root_of_sum
from ewater.balance.uncertainty import combine

if TYPE_CHECKING:
    from types import SimpleNamespace

RHO = 0.3
VOLUME = {"A": [100.0, 40.0, 0.0], "B": [80.0, 32.0, 10.0], "C": [30.0, 12.0, 9.0]}
U = {"A": [5.0, 2.0, 0.0], "B": [4.0, 2.5, 1.0], "C": [3.0, 1.2, 0.9]}


@pytest.fixture
def river(make: SimpleNamespace) -> Any:
    """Reach that A and B enter and C leaves."""

    def made(u: Any = None, **rating: str) -> Any:
        ledger = Ledger.build(
            {
                "territories": make.territories(("AZ", "country")),
                "accounts": make.accounts(
                    ("NB", "neighbour"), ("R", "river", "AZ"), ("SEA", "sea")
                ),
                "flows": make.flows(
                    ("A", "NB", "R", "inflow_from_neighbours"),
                    ("B", "NB", "R", "inflow_from_neighbours"),
                    ("C", "R", "SEA", "outflow_to_sea"),
                ),
            }
        )
        data = make.sources(VOLUME, u_random={"A": 1.0}, u_systematic=u or U)
        names = [rating.get(code, "") for code in VOLUME]
        data = data.assign_coords(rating=("source", names))
        weights = make.weights(ledger, data)
        return ledger, data, weights, resolve(ledger, data, weights)

    return made


def net_u(river: Any, make: SimpleNamespace, u: Any = None, **rating: str) -> Any:
    ledger, data, weights, _ = river(u, **rating)
    found = account(ledger, data, weights, make.stocks(periods=3))
    one = found.sel(territory="AZ")
    return {n: one[f"{n}_u"].values for n in ("inflow", "net_inflow")}


def test_two_inflows_by_one_rating_err_together(
    river: Any, make: SimpleNamespace
) -> None:
    apart = net_u(river, make)
    together = net_u(river, make, A="G", B="G")
    crossed = 2 * RHO * np.array(U["A"]) * np.array(U["B"])
    for name in ("inflow", "net_inflow"):
        expected = np.sqrt(apart[name] ** 2 + crossed)
        np.testing.assert_allclose(together[name], expected)


def test_an_inflow_and_an_outflow_by_one_rating_cancel_in_part(
    river: Any, make: SimpleNamespace
) -> None:
    apart = net_u(river, make)
    together = net_u(river, make, B="G", C="G")
    crossed = 2 * RHO * np.array(U["B"]) * np.array(U["C"])
    np.testing.assert_allclose(together["inflow"], apart["inflow"])
    expected = np.sqrt(apart["net_inflow"] ** 2 - crossed)
    np.testing.assert_allclose(together["net_inflow"], expected)


def test_the_uncertainty_of_each_flow_stays_what_it_was(river: Any) -> None:
    alone, shared = (river(**r)[3].dataset() for r in ({}, {"A": "G", "B": "G"}))
    for name in ("u_random", "u_systematic"):
        np.testing.assert_allclose(alone[name], shared[name])
    assert "rating:G" in set(river(A="G", B="G")[3].origin)
    assert set(river(A="G", B="H")[3].origin) == {"A", "B", "C"}


def test_monte_carlo_of_three_by_one_rating(river: Any, make: SimpleNamespace) -> None:
    steady = {c: np.array([1.0, 0.5, 0.25]) * U[c][0] for c in U}
    all_three = {"A": "G", "B": "G", "C": "G"}
    together = net_u(river, make, steady, **all_three)["net_inflow"]
    nearly = net_u(river, make, **all_three)["net_inflow"]  # B changes by a quarter
    rng = np.random.default_rng(4)
    draws = 200_000
    common, size = rng.standard_normal(draws), np.array(list(U.values()))[:, 0]
    own = rng.standard_normal((3, draws))
    error = size[:, None] * (np.sqrt(RHO) * common + np.sqrt(1 - RHO) * own)
    error[0] += rng.standard_normal(draws)  # the random part of A
    truth = (error[0] + error[1] - error[2]).std()
    assert together[0] == pytest.approx(truth, rel=0.005)
    assert nearly[0] == pytest.approx(truth, rel=0.02)


def test_losses_see_what_the_gauges_share(river: Any, make: SimpleNamespace) -> None:
    u = []
    for rating in ({}, {"B": "G", "C": "G"}):
        ledger, _, _, flows = river(**rating)
        found = losses(ledger, flows, make.stocks(periods=3))
        u.append(found["loss_u"].sel(account="R").values)
    crossed = 2 * RHO * np.array(U["B"]) * np.array(U["C"])
    np.testing.assert_allclose(u[1], np.sqrt(u[0] ** 2 - crossed))


def test_e21_four_streams_of_one_rating_in_one_sum() -> None:
    u = np.full((4, 1), 5.0)
    assert root_of_sum(u, ["G"] * 4)[0] == pytest.approx(13.784, abs=5e-4)
    assert root_of_sum(u, ["G"] * 4)[0] == combine([100] * 4, [5] * 4, RHO)[1]
    assert root_of_sum(u, [""] * 4)[0] == pytest.approx(10.0)
    assert root_of_sum(u * [[1], [-1], [1], [-1]], ["G"] * 4)[0] < 10.0


def test_errors_in_no_proportion_never_grow(river: Any, make: SimpleNamespace) -> None:
    # the third period has no error of A; the ratio of the others changes eightfold
    odd = {"A": [1.0, 8.0, 0.0], "B": [8.0, 1.0, 2.0]}
    ledger, data, weights, _ = river(A="G", B="G")
    data = data.copy(deep=True)
    for code, u in odd.items():
        data["u_systematic"].loc[{"source": code}] = u
    found = resolve(ledger, data, weights).dataset()["u_systematic"]
    np.testing.assert_allclose(found.sel(flow="A"), odd["A"])
    np.testing.assert_allclose(found.sel(flow="B"), odd["B"])
