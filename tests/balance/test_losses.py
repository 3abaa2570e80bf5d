"""Where water is lost, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.losses import losses, ranked
from ewater.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

VOLUME = {"in": 100.0, "take": 40.0, "give": 30.0, "leak": 6.0, "sea": 55.0}
U = {"in": 2.0, "take": 1.0, "give": 0.5, "sea": 1.0}


def country(make: SimpleNamespace) -> Ledger:
    return Ledger.build(
        {
            "territories": make.territories(
                ("AZ", "country"), ("W", "basin", "AZ"), ("E", "basin", "AZ")
            ),
            "accounts": make.accounts(
                ("REACH", "river", "W"),
                ("CANAL", "canal", "W"),
                ("FARM", "economy", "W", "agriculture"),
                ("AQUIFER", "groundwater", "W"),
                ("LONE", "river", "E"),
                ("N", "neighbour"),
                ("SEA", "sea"),
            ),
            "flows": make.flows(
                ("in", "N", "REACH", "inflow_from_neighbours"),
                ("take", "REACH", "CANAL", "abstraction"),
                ("give", "CANAL", "FARM", "delivery"),
                ("leak", "CANAL", "AQUIFER", "losses_in_conveyance"),
                ("sea", "REACH", "SEA", "outflow_to_sea"),
                ("lone", "N", "LONE", "inflow_from_neighbours"),
            ),
        }
    )


def found(make: SimpleNamespace, volume: dict[str, Any] = VOLUME, **more: Any) -> Any:
    ledger = country(make)
    data = make.sources(volume | {"lone": 1.0}, **({"u_random": U} | more))
    flows = resolve(ledger, data, make.weights(ledger, data))
    return ledger, flows, losses(ledger, flows, make.stocks(), "AZ")


def test_a_loss_is_what_enters_and_does_not_come_out(make: SimpleNamespace) -> None:
    _, _, result = found(make)
    assert result["account"].values.tolist() == ["CANAL", "REACH"]
    canal, reach = (result.isel(account=n, period=0) for n in (0, 1))
    assert (canal["loss"], canal["declared"]) == (10, 6)
    assert canal["loss_u"].item() == pytest.approx(np.hypot(1, 0.5))
    assert (reach["loss"], reach["declared"]) == (5, 0)
    assert reach["loss_u"].item() == pytest.approx(np.sqrt(6))
    table = ranked(result).set_index("account")
    assert table.index.tolist() == ["CANAL", "REACH"]
    assert table.loc["CANAL", "unexplained"] == 4
    assert table.loc["CANAL", "share"] == pytest.approx(0.25)
    assert table.loc["REACH", "lower"] == pytest.approx(5 - 2 * np.sqrt(6))
    assert table["sure"].tolist() == [True, True]


def test_intervals_that_overlap_leave_the_rank_open(make: SimpleNamespace) -> None:
    _, _, near = found(make)
    table = ranked(near)
    assert table["rank_first"].tolist() == [1, 1]
    assert table["rank_last"].tolist() == [2, 2]
    _, _, apart = found(make, u_random={"in": 0.1})
    table = ranked(apart)
    assert table["rank_first"].tolist() == [1, 2]
    assert table["rank_last"].tolist() == [1, 2]


def test_over_periods_what_is_systematic_is_one_error(make: SimpleNamespace) -> None:
    decades = {code: [volume] * 3 for code, volume in VOLUME.items()}
    _, _, result = found(
        make, decades, u_random={"take": 1.0}, u_systematic={"give": 2.0}
    )
    canal = result.sel(account="CANAL")
    assert canal["loss_total"].item() == 30
    assert canal["loss_total_u"].item() == pytest.approx(np.sqrt(3 + 6**2))


def test_an_unknown_flow_makes_the_loss_unknown_and_ranks_it_last(
    make: SimpleNamespace,
) -> None:
    _, _, result = found(make, VOLUME | {"give": np.nan})
    canal = result.sel(account="CANAL").isel(period=0)
    assert np.isnan(canal["loss"])
    assert canal["missing"] == 1
    table = ranked(result)
    assert table["account"].tolist() == ["REACH", "CANAL"]
    assert np.isnan(table["rank_first"].iloc[1])


def test_a_territory_without_reach_or_canal_is_named(make: SimpleNamespace) -> None:
    ledger, flows, _ = found(make)
    with pytest.raises(UsageError, match="E has no reach, canal or utility"):
        losses(ledger, flows, make.stocks(), "E")


def test_a_lake_keeps_what_it_does_not_lose(make: SimpleNamespace) -> None:
    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(("R", "river", "AZ"), ("N", "neighbour")),
            "flows": make.flows(
                ("in", "N", "R", "inflow_from_neighbours"),
                ("out", "R", "N", "outflow_to_neighbours"),
            ),
            "stocks": make.frame("account", ("R",)),
        }
    )
    data = make.sources({"in": 10.0, "out": 6.0})
    flows = resolve(ledger, data, make.weights(ledger, data))
    held = make.stocks({"R": [5.0, 8.0]}, u_random={"R": 0.5})
    result = losses(ledger, flows, held).isel(account=0, period=0)
    assert result["loss"] == 1
    assert result["loss_u"].item() == pytest.approx(np.sqrt(0.5))
    assert not result["not_modelled"]
    empty = make.stocks({"R": [5.0, np.nan]})
    assert np.isnan(losses(ledger, flows, empty)["loss"].item())
