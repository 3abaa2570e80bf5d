"""What territories exchange with each other and with the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings

from ewater.balance.account import account
from ewater.balance.exchange import exchange
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

few = settings(max_examples=15)
LEVELS = (("B1", "B2"), ("B1a", "B1b", "B2"), ("D1", "D2"))


def two_basins(make: SimpleNamespace, *shares: tuple[str, str, float]) -> Ledger:
    frames = {
        "territories": make.territories(
            ("AZ", "country"), ("W", "basin", "AZ"), ("E", "basin", "AZ")
        ),
        "accounts": make.accounts(
            ("UP", "river", None if shares else "W"),
            ("DOWN", "river", "E"),
            ("FARM", "economy", "E", "agriculture"),
            ("N", "neighbour"),
            ("SEA", "sea"),
            ("AIR", "atmosphere"),
        ),
        "flows": make.flows(
            ("in", "N", "UP", "inflow_from_neighbours"),
            ("pass", "UP", "DOWN", "outflow_to_downstream"),
            ("take", "UP", "FARM", "abstraction"),
            ("back", "FARM", "UP", "return_flow"),
            ("rain", "AIR", "UP", "precipitation"),
            ("sea", "DOWN", "SEA", "outflow_to_sea"),
        ),
    }
    if shares:
        frames["account_territories"] = make.frame("account territory share", *shares)
    return Ledger.build(frames)


VOLUME = {"in": 100, "pass": 60, "take": 30, "back": 5, "rain": 1, "sea": 55}


def found(make: SimpleNamespace, ledger: Ledger, code: str, **more: Any) -> Any:
    data = make.sources(VOLUME | more.pop("volume", {}), **more)
    flows = resolve(ledger, data, make.weights(ledger, data, more.get("given")))
    return exchange(ledger, flows, code)


def test_a_basin_gives_to_the_next_and_receives_what_it_returns(
    make: SimpleNamespace,
) -> None:
    result = found(make, two_basins(make), "W")
    assert result.partners.tolist() == ["E", "N"]
    assert result.kinds.tolist() == ["basin", "neighbour"]
    assert result.given[""][:, 0].tolist() == [90, 0]
    assert result.received[""][:, 0].tolist() == [5, 100]
    assert result.net[""][:, 0].tolist() == [-85, 100]
    other = found(make, two_basins(make), "E")
    assert other.partners.tolist() == ["W", "SEA"]
    assert other.net[""][:, 0].tolist() == [85, -55]


def test_a_meter_that_feeds_both_ways_is_counted_once_in_the_net(
    make: SimpleNamespace,
) -> None:
    ledger = two_basins(make)
    data = make.sources(VOLUME, u_random={"pass": 3.0})
    given = {"back": {"pass": 0.25}}
    flows = resolve(ledger, data, make.weights(ledger, data, given))
    result = exchange(ledger, flows, "W")
    assert result.given["_u"][0, 0] == pytest.approx(3.0)
    assert result.net["_u"][0, 0] == pytest.approx(3.0 * 0.75)


def test_a_gap_makes_an_exchange_unknown_and_says_what_is_known(
    make: SimpleNamespace,
) -> None:
    result = found(make, two_basins(make), "W", volume={"take": np.nan})
    assert np.isnan(result.given[""][0, 0])
    assert result.given["_known"][0, 0] == 60
    assert result.given["_missing"][0, 0] == 1
    assert result.received[""][0, 0] == 5


def test_a_divided_account_makes_only_the_net_meaningful(make: SimpleNamespace) -> None:
    ledger = two_basins(make, ("UP", "W", 0.75), ("UP", "E", 0.25))
    result = found(make, ledger, "W")
    assert result.apportioned[:, 0].tolist() == [True, True]
    assert result.net[""][0, 0] == pytest.approx(0.75 * (5 - 60 - 30))


def test_an_unknown_territory_is_refused(make: SimpleNamespace) -> None:
    with pytest.raises(UsageError, match="NOWHERE"):
        found(make, two_basins(make), "NOWHERE")


def test_partners_together_are_what_crosses_the_border(make: SimpleNamespace) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        ledger = Ledger.build(country.frames)
        data = make.sources(country.volume)
        weights = make.weights(ledger, data)
        flows = resolve(ledger, data, weights)
        stocks = make.stocks(country.stock, len(flows.bounds) - 1)
        net = account(ledger, data, weights, stocks, boundary="territory")["net_inflow"]
        air = np.flatnonzero(ledger.account_kind == "atmosphere")
        for level in LEVELS:
            for code in level:
                share = ledger.membership[ledger.rows([code])].toarray()[0]
                to, back = (
                    np.where(np.isin(one, air), share[other], 0.0)
                    for one, other in (
                        (ledger.flow_from, ledger.flow_to),
                        (ledger.flow_to, ledger.flow_from),
                    )
                )
                result = exchange(ledger, flows, code, "territory")
                total = result.net["_known"].sum(axis=0) + (to - back) @ flows.known
                np.testing.assert_allclose(
                    total, net.sel(territory=code), rtol=1e-9, atol=1e-3
                )

    holds()


def test_what_one_gives_the_other_receives(make: SimpleNamespace) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        ledger = Ledger.build(country.frames)
        data = make.sources(country.volume)
        flows = resolve(ledger, data, make.weights(ledger, data))
        of = {code: exchange(ledger, flows, code) for code in ("B1", "B2")}
        given_, received = (
            {str(p): field[n] for n, p in enumerate(one.partners)}
            for one, field in (
                (of["B1"], of["B1"].given["_known"]),
                (of["B2"], of["B2"].received["_known"]),
            )
        )
        if "B2" in given_ and "B1" in received:
            np.testing.assert_allclose(given_["B2"], received["B1"])
        else:
            assert "B2" not in given_
            assert "B1" not in received

    holds()
