"""Bad input of the balance: what cannot be meant is refused, or named, never computed.

One test for each kind; the message says what is wrong and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr

from ewater.balance.account import account
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.reconciliation.result import Standing, Verdict
from ewater.balance.reconciliation.solve import solve
from ewater.balance.uncertainty import aggregate_uncertainty, combine
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

NAN = np.nan
FLOWS = {"A": [5.0, 6.0], "B": [4.0, 4.0]}


@pytest.fixture
def country(make: SimpleNamespace) -> Callable[..., Any]:
    """Account of a river and an empty district, after ``spoil`` of its inputs."""

    def made(
        spoil: Callable[[xr.Dataset, xr.Dataset], tuple[xr.Dataset, xr.Dataset]],
    ) -> xr.Dataset:
        ledger = Ledger.build(
            {
                "territories": make.territories(
                    ("AZ", "country"),
                    ("WET", "district", "AZ"),
                    ("DRY", "district", "AZ"),
                ),
                "accounts": make.accounts(
                    ("NB", "neighbour"), ("R", "lake", "WET"), ("SEA", "sea")
                ),
                "flows": make.flows(
                    ("A", "NB", "R", "inflow_from_neighbours"),
                    ("B", "R", "SEA", "outflow_to_sea"),
                ),
                "stocks": make.frame("account measured_by", ("R", "R.S")),
            }
        )
        sources = make.sources(FLOWS)
        weights = make.weights(ledger, sources)
        given = spoil(sources, make.stocks({"R": [1.0, 2.0, 4.0]}, periods=2))
        return account(ledger, given[0], weights, given[1])

    return made


def with_unit(data: xr.Dataset, unit: str) -> xr.Dataset:
    return data.assign(volume=data["volume"].assign_attrs(units=unit))


def later(data: xr.Dataset, *names: str) -> xr.Dataset:
    moved = {name: data[name] + np.timedelta64(1, "h") for name in names}
    return data.assign_coords(moved)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda q, s: (with_unit(q, "hm3"), s), "source are in hm3"),
        (lambda q, s: (q, with_unit(s, "hm3")), "account are in hm3"),
        (lambda q, s: (q, later(s, "instant")), "at the bounds of the periods"),
        (lambda q, s: (later(q, "period"), s), "side by side"),
        (lambda q, s: (q.assign_coords(source=["A", "A"]), s), "A occurs twice"),
        (lambda q, s: (q, s.assign_coords(account=["X"])), "stocks.csv for X"),
        (lambda q, s: (q.assign(u_random=q["u_random"] - 1), s), "source A, B is neg"),
        (lambda q, s: (q, s.assign(u_random=s["u_random"] - 1)), "of account R is neg"),
        (lambda q, s: (q.assign(volume=q["volume"] * np.inf), s), "A, B is infinite"),
    ],
    ids=[
        "units of flows differ", "units of stocks differ", "instants differ",
        "bounds differ", "a label twice", "a label that matches nothing",
        "a negative variance of a flow", "a negative variance of a stock", "infinite",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(
    country: Callable[..., Any], spoil: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        country(spoil)


def test_what_is_given_well_is_not_refused(country: Callable[..., Any]) -> None:
    found = country(lambda q, s: (with_unit(q, "m3"), s)).sel(territory="WET")
    assert found["residual"].values.tolist() == [0.0, 0.0]
    assert not found["empty"]


def test_an_empty_territory_says_that_it_is_empty(country: Callable[..., Any]) -> None:
    found = country(lambda q, s: (q, s)).sel(territory="DRY")
    assert found["empty"]
    for name in ("inflow", "outflow", "net_inflow", "storage_change", "residual"):
        assert np.isnan(found[name]).all(), "nobody described it: unknown, and no 0"
        assert (found[f"{name}_known"] == 0).all()  # parts add up to the whole
        assert np.isnan(found[f"{name}_coverage"]).all()
        assert (found[f"{name}_status"] == Status.UNKNOWN).all()


def test_labels_that_do_not_match_exactly_are_not_joined() -> None:
    u = xr.DataArray([1.0, 2.0], coords={"period": [0, 1]}, dims="period")
    with pytest.raises(UsageError, match="other labels"):
        aggregate_uncertainty(u, u.assign_coords(period=[1, 2]))


def test_a_weight_matrix_of_another_ledger_is_refused(make: SimpleNamespace) -> None:
    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(("NB", "neighbour"), ("R", "river", "AZ")),
            "flows": make.flows(("A", "NB", "R", "inflow_from_neighbours")),
        }
    )
    sources = make.sources({"A": 1.0})
    with pytest.raises(UsageError, match="weights are"):
        resolve(ledger, sources, make.weights(ledger, make.sources({"A": 1, "B": 2})))


def test_a_singular_system_is_solved_without_the_rows_that_repeat() -> None:
    rows = [[1, 1, -1], [2, 2, -2]]
    result = solve(rows, [100, 50, 141], [4, 2, 4], names={"row": ["N", "AGAIN"]})
    assert result.value[:, 0] == pytest.approx([96, 49, 145])
    assert result.dependent.sum() == 1  # and says which


def test_contradictory_fixed_values_are_named() -> None:
    result = solve([[1, -1]], [10, 12], [0, 0], names={"row": ["NODE"]})
    assert result.verdict[0] == Verdict.CONTRADICTORY
    assert result.contradictions() == ["NODE"]


def test_a_loop_with_no_measurement_is_unobservable_and_not_guessed() -> None:
    # 1 -> 2 -> 1 beside what is measured
    rows = [[1, -1, 1, 0], [0, 1, -1, -1]]
    result = solve(rows, [10, NAN, NAN, 10], [1, NAN, NAN, 1])
    assert (result.standing[1:3, 0] == Standing.UNOBSERVABLE).all()
    assert np.isnan(result.value[1:3, 0]).all()


def test_a_negative_variance_is_refused() -> None:
    with pytest.raises(UsageError, match="negative variance"):
        solve([[1, -1]], [1, 1], covariance=[[1, 2], [2, 1]])
    with pytest.raises(UsageError, match="negative or infinite"):
        solve([[1, -1]], [1, 1], [1, -1])
    with pytest.raises(UsageError, match="uncertainty is negative"):
        combine([1, 2], [1, -1])
