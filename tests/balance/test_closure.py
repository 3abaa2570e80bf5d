"""Whether single accounts close, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance.closure import closure
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.terms import Status

if TYPE_CHECKING:
    from types import SimpleNamespace

VOLUME = {"in": 100.0, "out": 70.0, "take": 20.0, "sea": 65.0}
U = {"in": 3.0, "out": 2.0, "take": 1.0, "sea": 1.0}


def country(make: SimpleNamespace) -> Ledger:
    return Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(
                ("DAM", "reservoir", "AZ"),
                ("REACH", "river", "AZ"),
                ("FARM", "economy", "AZ", "agriculture"),
                ("N", "neighbour"),
                ("SEA", "sea"),
            ),
            "flows": make.flows(
                ("in", "N", "DAM", "inflow_from_neighbours"),
                ("out", "DAM", "REACH", "outflow_to_downstream"),
                ("take", "DAM", "FARM", "abstraction"),
                ("sea", "REACH", "SEA", "outflow_to_sea"),
            ),
            "stocks": make.frame("account", ("DAM",)),
        }
    )


def found(make: SimpleNamespace, stock: Any = (50.0, 56.0), **more: Any) -> Any:
    ledger = country(make)
    volume = VOLUME | more.pop("volume", {})
    data = make.sources(volume, u_random=U, **more)
    flows = resolve(ledger, data, make.weights(ledger, data))
    stocks = make.stocks({"DAM": np.array(stock)}, u_random={"DAM": 0.5})
    return closure(ledger, flows, stocks).isel(period=0)


def test_a_reservoir_leaves_over_what_neither_came_out_nor_stayed(
    make: SimpleNamespace,
) -> None:
    dam = found(make).sel(account="DAM")
    assert float(dam["entering"]) == 100
    assert float(dam["leaving"]) == 90
    assert float(dam["storage_change"]) == 6
    assert float(dam["residual"]) == 4
    u = np.sqrt(3**2 + 2**2 + 1**2 + 2 * 0.5**2)
    assert float(dam["u"]) == pytest.approx(u)
    assert float(dam["residual_z"]) == pytest.approx(4 / u)


def test_a_reach_without_a_stock_is_judged_by_its_flows(make: SimpleNamespace) -> None:
    reach = found(make).sel(account="REACH")
    assert float(reach["residual"]) == 5
    assert float(reach["u"]) == pytest.approx(np.sqrt(2**2 + 1**2))


def test_what_nothing_leaves_and_what_lies_outside_is_not_judged(
    make: SimpleNamespace,
) -> None:
    result = found(make).sel(account=["FARM", "N", "SEA"])
    assert np.isnan(result["residual"]).all()
    assert np.isnan(result["residual_z"]).all()


def test_a_missing_flow_or_stock_makes_the_residual_unknown(
    make: SimpleNamespace,
) -> None:
    gap = found(make, volume={"take": np.nan}).sel(account="DAM")
    assert np.isnan(gap["residual"])
    assert int(gap["missing"]) == 1
    assert float(gap["leaving"]) == 70
    empty = found(make, stock=(50.0, np.nan)).sel(account="DAM")
    assert np.isnan(empty["residual"])
    assert np.isnan(empty["storage_change"])


def test_a_flow_found_as_what_is_left_over_is_named(make: SimpleNamespace) -> None:
    result = found(make, status={"out": float(Status.BALANCING)})
    assert result["balanced"].sel(account=["DAM", "REACH", "FARM"]).values.tolist() == [
        True,
        True,
        False,
    ]


def test_without_any_uncertainty_there_is_no_z(make: SimpleNamespace) -> None:
    ledger = country(make)
    data = make.sources(VOLUME)
    flows = resolve(ledger, data, make.weights(ledger, data))
    stocks = make.stocks({"DAM": np.array([1.0, 1.0])})
    result = closure(ledger, flows, stocks).isel(period=0)
    assert float(result["residual"].sel(account="DAM")) == 10
    assert np.isnan(result["residual_z"].sel(account="DAM"))
