"""The account of territories: METHODS 1 and 4, DESIGN "One ledger"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ewater.balance.account import account
from ewater.balance.ledger import Ledger

if TYPE_CHECKING:
    from types import SimpleNamespace


def test_e8_reservoir_closes_within_its_uncertainty(make: SimpleNamespace) -> None:
    hm3 = 1e6
    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(
                ("LAKE", "reservoir", "AZ"), ("N", "neighbour"), ("AIR", "atmosphere")
            ),
            "flows": make.flows(
                ("I", "N", "LAKE", "inflow_from_neighbours"),
                ("O", "LAKE", "N", "outflow_to_neighbours"),
                ("E", "LAKE", "AIR", "evaporation"),
                ("P", "AIR", "LAKE", "precipitation"),
            ),
            "stocks": make.frame("account", ("LAKE",)),
        }
    )
    volume = {"I": 1000.0, "O": 600.0, "E": 54.66, "P": 13.665}
    percent = {"I": 0.04, "O": 0.02, "E": 0.15, "P": 0.10}
    data = make.sources(
        {code: v * hm3 for code, v in volume.items()},
        u_random={code: volume[code] * percent[code] * hm3 for code in volume},
    )
    # 10 mm on the area at each level: 448 and 463 km2
    stocks = make.stocks(
        {"LAKE": [7517.6 * hm3, 7859.225 * hm3]},
        u_random={"LAKE": [4.48 * hm3, 4.63 * hm3]},
    )
    result = account(ledger, data, make.weights(ledger, data), stocks)
    nation = result.sel(territory="AZ").isel(period=0)
    assert nation["storage_change"].item() == pytest.approx(341.625 * hm3)
    assert nation["residual"].item() == pytest.approx(17.38 * hm3)
    assert nation["residual_u"].item() / hm3 == pytest.approx(43.065, abs=5e-4)
    assert nation["residual_z"].item() == pytest.approx(0.404, abs=5e-4)


def two_basins(make: SimpleNamespace) -> dict[str, object]:
    return {
        "territories": make.territories(
            ("AZ", "country"), ("KUR", "basin", "AZ"), ("ARAZ", "basin", "AZ")
        ),
        "accounts": make.accounts(
            ("UP", "river", "KUR"),
            ("DOWN", "river", "ARAZ"),
            ("N", "neighbour"),
            ("SEA", "sea"),
        ),
        "flows": make.flows(
            ("in", "N", "UP", "inflow_from_neighbours"),
            ("mid", "UP", "DOWN", "outflow_to_downstream"),
            ("out", "DOWN", "SEA", "outflow_to_sea"),
        ),
    }


def test_unknown_flow_makes_totals_unknown_and_is_named_as_missing(
    make: SimpleNamespace,
) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"in": [10.0, 10.0], "mid": [8.0, np.nan], "out": [7.0, 7.0]})
    result = account(ledger, data, make.weights(ledger, data), make.stocks(periods=2))
    basin = result.sel(territory="ARAZ")
    assert np.isnan(basin["inflow"][1])
    assert basin["inflow_known"].values.tolist() == [8.0, 0.0]
    assert basin["inflow_missing"].values.tolist() == [0, 1]
    assert np.isnan(basin["residual"][1])
    assert result["residual"].sel(territory="AZ").values.tolist() == [3.0, 3.0]
    assert result["inflow"].sel(territory="AZ").values.tolist() == [10.0, 10.0]
