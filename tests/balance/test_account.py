"""The account of territories: METHODS 1 and 4, DESIGN "One ledger"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from ewater.balance.account import account
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.missing import Missing
from ewater.balance.terms import neighbours
from ewater.errors import UsageError
from ewater.terms import Status

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


def test_missing_flows_and_unmodelled_accounts_are_named(make: SimpleNamespace) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"in": [10.0, 10.0], "mid": [8.0, np.nan], "out": [7.0, 7.0]})
    flows = resolve(ledger, data, make.weights(ledger, data))
    gaps = Missing.of(ledger, flows, make.stocks(periods=2))
    assert gaps.missing("ARAZ", 1, "inflow") == ["mid"]
    assert gaps.missing("ARAZ", 0, "inflow") == []
    assert gaps.missing("ARAZ", 1, "residual") == ["mid"]
    assert gaps.missing("AZ", 1, "residual") == []
    assert gaps.missing("KUR", 1, "outflow_to_downstream") == ["mid"]
    assert gaps.not_modelled("AZ") == ["DOWN", "UP"]
    with pytest.raises(UsageError, match="storage_change"):
        gaps.missing("AZ", 0, "magic")


def test_a_stock_row_without_data_is_unknown_and_named(make: SimpleNamespace) -> None:
    frames = two_basins(make) | {"stocks": make.frame("account", ("UP",))}
    ledger = Ledger.build(frames)
    data = make.sources({"in": [9.0, 9.0], "mid": [8.0, 8.0], "out": [7.0, 7.0]})
    weights = make.weights(ledger, data)
    stocks = make.stocks({"UP": [1.0, 2.0, np.nan]}, periods=2)
    basin = account(ledger, data, weights, stocks).sel(territory="KUR")
    np.testing.assert_array_equal(basin["storage_change"], [1.0, np.nan])
    np.testing.assert_array_equal(basin["residual"], [0.0, np.nan])
    assert basin["residual_known"].values.tolist() == [0.0, 1.0]
    assert basin["storage_change_missing"].values.tolist() == [0, 1]
    assert basin["not_modelled"].item() == 0
    gaps = Missing.of(ledger, resolve(ledger, data, weights), stocks)
    assert gaps.missing("KUR", 1, "storage_change") == ["UP"]
    assert gaps.missing("KUR", 1, "residual") == ["UP"]
    nothing = account(ledger, data, weights, make.stocks(periods=2))
    assert np.isnan(nothing["storage_change"].sel(territory="KUR")).all()


def test_stocks_must_fit_the_bounds_and_the_rows(make: SimpleNamespace) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"in": 9.0, "mid": 8.0, "out": 7.0})
    weights = make.weights(ledger, data)
    with pytest.raises(UsageError, match="at the bounds"):
        account(ledger, data, weights, make.stocks(periods=2))
    with pytest.raises(UsageError, match=r"no row in stocks\.csv for UP"):
        account(ledger, data, weights, make.stocks({"UP": [1.0, 1.0]}))


def test_systematic_error_of_storage_acts_on_the_change_alone(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make) | {"stocks": make.frame("account", ("UP",))}
    ledger = Ledger.build(frames)
    data = make.sources({"in": 9.0, "mid": 8.0, "out": 7.0})
    stocks = make.stocks(
        {"UP": [1000.0, 1100.0]}, u_random={"UP": [3.0, 4.0]}, fraction={"UP": 0.12}
    )
    basin = account(ledger, data, make.weights(ledger, data), stocks)
    u = basin["storage_change_u"].sel(territory="KUR").item()
    assert u == pytest.approx(13.0)  # 3, 4 and 12


def test_a_flow_between_two_basins_is_one_variable_with_two_signs(
    make: SimpleNamespace,
) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"in": 10.0, "mid": 8.0, "out": 7.0}, u_random={"mid": 2.0})
    result = account(ledger, data, make.weights(ledger, data), make.stocks())
    flat = result.isel(period=0)
    assert flat["outflow"].sel(territory="KUR").item() == 8.0
    assert flat["inflow"].sel(territory="ARAZ").item() == 8.0
    assert flat["residual_u"].sel(territory=["KUR", "ARAZ"]).values.tolist() == [2, 2]
    assert flat["residual_u"].sel(territory="AZ").item() == 0.0
    assert np.isnan(flat["residual_z"].sel(territory="AZ"))


def test_one_meter_on_inflow_and_outflow_cancels_in_the_residual(
    make: SimpleNamespace,
) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"meter": 10.0, "mid": 5.0}, u_systematic={"meter": 1.0})
    feeds = {"in": {"meter": 1.0}, "out": {"meter": 0.75}}
    weights = make.weights(ledger, data, feeds)
    nation = account(ledger, data, weights, make.stocks()).sel(territory="AZ")
    assert nation["inflow_u"].values.tolist() == [1.0]
    assert nation["outflow_u"].values.tolist() == [0.75]
    assert nation["residual_u"].values.tolist() == [0.25]


def test_a_gap_weighs_its_expected_volume_in_coverage_and_status(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make)
    frames["flows"] = make.flows(
        ("big", "N", "UP", "inflow_from_neighbours"),
        ("small", "N", "UP", "inflow_from_neighbours"),
    )
    ledger = Ledger.build(frames)
    data = make.sources(
        {"big": [80.0, 100.0, np.nan], "small": [10.0, 10.0, 10.0]},
        coverage={"big": [1.0, 0.9, 0.0], "small": 0.5},
        status={"big": Status.REPORTED},
    )
    result = account(ledger, data, make.weights(ledger, data), make.stocks(periods=3))
    nation = result.sel(territory="AZ")
    expected = [(80 + 5) / 90, (90 + 5) / 110, (0 + 5) / 100]
    np.testing.assert_allclose(nation["inflow_coverage"], expected)
    statuses = [Status.REPORTED, Status.REPORTED, Status.UNKNOWN]
    assert nation["inflow_status"].values.tolist() == statuses
    share = nation["inflow_status_shares"].isel(period=1)
    assert share.sel(status=Status.MEASURED).item() == pytest.approx(10 / 110)
    np.testing.assert_allclose(nation["inflow_status_shares"].sum("status"), 1.0)


def test_a_border_reservoir_counts_by_its_national_share(make: SimpleNamespace) -> None:
    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(
                ("LAKE", "reservoir", "AZ", None, 0.5), ("N", "neighbour")
            ),
            "flows": make.flows(
                ("in", "N", "LAKE", "inflow_from_neighbours"),
                ("out", "LAKE", "N", "outflow_to_neighbours"),
            ),
            "stocks": make.frame("account", ("LAKE",)),
        }
    )
    data = make.sources({"in": 100.0, "out": 60.0}, u_random={"in": 4.0})
    stocks = make.stocks({"LAKE": [10.0, 50.0]})
    weights = make.weights(ledger, data)
    nation = account(ledger, data, weights, stocks).isel(period=0, territory=0)
    assert not nation["apportioned"]
    assert nation["inflow"].item() == 50.0
    assert nation["inflow_u"].item() == 2.0
    assert nation["storage_change"].item() == 20.0
    assert nation["residual"].item() == 0.0


def test_gross_totals_through_an_apportioned_reach_are_not_given(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make)
    frames["account_territories"] = make.frame(
        "account territory share", ("UP", "KUR", 0.75), ("UP", "ARAZ", 0.25)
    )
    ledger = Ledger.build(frames)
    data = make.sources({"in": 100.0, "mid": 80.0, "out": 60.0})
    result = account(ledger, data, make.weights(ledger, data), make.stocks())
    flat = result.isel(period=0)
    assert flat["apportioned"].to_series().to_dict() == {
        "ARAZ": True,
        "AZ": False,
        "KUR": True,
    }
    for name in ("inflow", "inflow_known", "inflow_u", "outflow", "inflow_coverage"):
        assert np.isnan(flat[name].sel(territory=["KUR", "ARAZ"])).all()
    assert flat["net_inflow"].sel(territory="KUR").item() == 75.0 - 60.0
    assert flat["residual"].sel(territory="ARAZ").item() == 25.0 + 60.0 - 60.0
    assert flat["inflow"].sel(territory="AZ").item() == 100.0


def border_river(make: SimpleNamespace) -> Ledger:
    return Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(
                ("UP", "river", "AZ"),
                ("DOWN", "river", "AZ"),
                ("N", "neighbour"),
                ("M", "neighbour"),
            ),
            "flows": make.flows(
                ("in", "N", "UP", "inflow_from_neighbours"),
                ("leave", "UP", "N", "outflow_to_neighbours", None, "back"),
                ("back", "N", "DOWN", "inflow_from_neighbours"),
                ("out", "DOWN", "M", "outflow_to_neighbours"),
            ),
        }
    )


def test_what_left_from_a_shared_reservoir_comes_back_whole(
    make: SimpleNamespace,
) -> None:
    """Of 80 released by a half-shared reservoir 40 are ours, and 40 come back."""
    frames = {
        "territories": make.territories(("AZ", "country")),
        "accounts": make.accounts(
            ("RES", "reservoir", "AZ", None, 0.5),
            ("DOWN", "river", "AZ"),
            ("N", "neighbour"),
        ),
        "flows": make.flows(
            ("in", "N", "RES", "inflow_from_neighbours"),
            ("leave", "RES", "N", "outflow_to_neighbours", None, "back"),
            ("back", "N", "DOWN", "inflow_from_neighbours"),
        ),
    }
    ledger = Ledger.build(frames)
    data = make.sources({"in": [100.0], "leave": [80.0], "back": [40.0]})
    stocks = make.stocks(periods=1)
    result = account(ledger, data, make.weights(ledger, data), stocks)
    result = result.isel(territory=0, period=0)
    assert result["re_entering"] == 40.0
    assert result["inflow"] == 50.0
    assert result["outflow"] == 0.0
    assert result["residual"] == 50.0


def test_a_river_that_leaves_and_comes_back_is_shown_apart(
    make: SimpleNamespace,
) -> None:
    ledger = border_river(make)
    data = make.sources(
        {
            "in": [100.0] * 3,
            "leave": [80.0, 80.0, np.nan],
            "back": [90.0, 70.0, 70.0],
            "out": [85.0] * 3,
        },
        u_random={"leave": [3.0, 3.0, 0.0], "back": 4.0, "in": 12.0},
    )
    weights = make.weights(ledger, data)
    result = account(ledger, data, weights, make.stocks(periods=3)).isel(territory=0)
    np.testing.assert_array_equal(result["re_entering"], [80.0, 70.0, np.nan])
    # 80 left (u 3) and 90 came back (u 4); then 70 came back, the smaller of the two
    np.testing.assert_allclose(result["re_entering_u"], [3.0, 4.0, np.nan])
    np.testing.assert_array_equal(result["inflow"], [110.0, 100.0, np.nan])
    np.testing.assert_array_equal(result["outflow"], [85.0, 95.0, np.nan])
    np.testing.assert_array_equal(result["residual"], [25.0, 5.0, np.nan])
    # the excess of what comes back, or of what leaves, carries both instruments
    np.testing.assert_allclose(result["inflow_u"][:2], [13.0, 12.0])
    np.testing.assert_allclose(result["outflow_u"][:2], [0.0, 5.0])
    np.testing.assert_allclose(result["residual_u"][:2], [13.0, 13.0])
    gaps = Missing.of(ledger, resolve(ledger, data, weights), make.stocks(periods=3))
    assert gaps.missing("AZ", 2, "inflow") == ["leave"]
    assert gaps.missing("AZ", 2, "outflow") == ["leave"]
    assert result["inflow_missing"].values.tolist() == [0, 0, 1]
    assert result["inflow_known"].values[2] == 100.0


def test_neighbours_receive_and_give_by_name(make: SimpleNamespace) -> None:
    ledger = border_river(make)
    data = make.sources(
        {"in": 100.0, "leave": 80.0, "back": 90.0, "out": np.nan},
        u_random={"in": 3.0, "back": 4.0},
    )
    flows = resolve(ledger, data, make.weights(ledger, data))
    result = neighbours(ledger, flows).sel(territory="AZ").isel(period=0)
    assert result["inflow"].sel(neighbour="N").item() == 190.0
    assert result["inflow_u"].sel(neighbour="N").item() == 5.0
    assert result["outflow"].sel(neighbour="N").item() == 80.0
    assert result["inflow"].sel(neighbour="M").item() == 0.0
    assert np.isnan(result["outflow"].sel(neighbour="M"))
    assert result["outflow_known"].sel(neighbour="M").item() == 0.0


def test_a_turned_flow_counts_on_the_other_side_with_its_uncertainty(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make)
    frames["flows"] = make.flows(
        ("back", "DOWN", "UP", "transfer"), ("mid", "UP", "DOWN", "transfer", "back")
    )
    ledger = Ledger.build(frames)
    data = make.sources({"mid": [5.0, -3.0]}, u_random={"mid": [0.5, 0.3]})
    result = account(ledger, data, make.weights(ledger, data), make.stocks(periods=2))
    basin = result.sel(territory="ARAZ")
    assert basin["inflow"].values.tolist() == [5.0, 0.0]
    assert basin["outflow"].values.tolist() == [0.0, 3.0]
    assert basin["inflow_u"].values.tolist() == [0.5, 0.0]
    assert basin["outflow_u"].values.tolist() == [0.0, 0.3]
    assert basin["residual_u"].values.tolist() == [0.5, 0.3]


def test_balancing_items_are_labelled(make: SimpleNamespace) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources(
        {"in": 10.0, "mid": 8.0, "out": 7.0}, status={"in": Status.BALANCING}
    )
    result = account(ledger, data, make.weights(ledger, data), make.stocks())
    labels = result["after_balancing_items"].isel(period=0).to_series().to_dict()
    assert labels == {"ARAZ": False, "AZ": True, "KUR": True}


def test_a_territory_that_does_not_exist_yet_has_no_account(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make)
    frames["territories"]["valid_from"] = [
        None,
        pd.Timestamp("2023-01-02", tz="UTC"),
        None,
    ]
    ledger = Ledger.build(frames)
    data = make.sources({"in": [9.0, 9.0], "mid": [8.0, 8.0], "out": [7.0, 7.0]})
    result = account(ledger, data, make.weights(ledger, data), make.stocks(periods=2))
    assert np.isnan(result["inflow"].sel(territory="KUR")).values.tolist() == [1, 0]
    assert np.isnan(result["residual_known"].sel(territory="KUR").values[0])


def test_chosen_territories_come_in_the_order_asked_for(make: SimpleNamespace) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"in": 9.0, "mid": 8.0, "out": 7.0})
    weights = make.weights(ledger, data)
    result = account(ledger, data, weights, make.stocks(), territories=["KUR", "AZ"])
    assert result["territory"].values.tolist() == ["KUR", "AZ"]
    assert result["outflow"].values.tolist() == [[8.0], [7.0]]
    with pytest.raises(UsageError, match="no territory XX"):
        account(ledger, data, weights, make.stocks(), territories=["XX"])


def test_an_unknown_uncertainty_is_not_zero(make: SimpleNamespace) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources({"in": 9.0, "mid": 8.0, "out": 7.0}, u_random={"in": np.nan})
    result = account(ledger, data, make.weights(ledger, data), make.stocks())
    flat = result.isel(period=0)
    assert np.isnan(flat["inflow_u"].sel(territory="KUR"))
    assert flat["inflow_u"].sel(territory="ARAZ").item() == 0.0
    assert np.isnan(flat["residual_z"].sel(territory="AZ"))


def test_part_of_a_sum_is_not_known_while_another_part_is_missing(
    make: SimpleNamespace,
) -> None:
    ledger = Ledger.build(two_basins(make))
    data = make.sources(
        {"m1": [6.0, 6.0], "m2": [4.0, np.nan], "mid": 8.0, "out": 7.0},
        u_random={"m1": 3.0, "m2": 4.0, "out": 1.0},
    )
    weights = make.weights(ledger, data, {"in": {"m1": 1.0, "m2": 1.0}})
    result = account(ledger, data, weights, make.stocks(periods=2))
    nation = result.sel(territory="AZ")
    assert nation["inflow_known"].values.tolist() == [10.0, 0.0]
    assert nation["inflow_u"].values.tolist() == [5.0, 0.0]
    assert nation["residual_known"].values.tolist() == [3.0, -7.0]


def test_a_meter_of_two_flows_keeps_feeding_one_when_the_other_ends(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make)
    frames["flows"] = make.flows(
        ("left", "N", "UP", "inflow_from_neighbours"),
        ("right", "N", "UP", "inflow_from_neighbours"),
    ).assign(valid_to=[pd.Timestamp("2023-01-02", tz="UTC"), pd.NaT])
    ledger = Ledger.build(frames)
    data = make.sources({"meter": [10.0, 10.0]}, u_systematic={"meter": 1.0})
    feeds = {"left": {"meter": 0.5}, "right": {"meter": 0.5}}
    weights = make.weights(ledger, data, feeds)
    result = account(ledger, data, weights, make.stocks(periods=2))
    nation = result.sel(territory="AZ")
    assert nation["inflow"].values.tolist() == [10.0, 5.0]
    assert nation["inflow_u"].values.tolist() == [1.0, 0.5]


def test_two_flows_of_one_meter_may_turn_at_different_times(
    make: SimpleNamespace,
) -> None:
    frames = two_basins(make)
    frames["flows"] = make.flows(
        ("a", "UP", "DOWN", "transfer", "a.back"),
        ("a.back", "DOWN", "UP", "transfer"),
        ("b", "UP", "DOWN", "transfer", "b.back"),
        ("b.back", "DOWN", "UP", "transfer"),
    )
    ledger = Ledger.build(frames)
    data = make.sources(
        {"m": [10.0, 10.0, -10.0, -10.0], "k": [0.0, -20.0, 20.0, 0.0]},
        u_random={"m": 3.0, "k": 4.0},
    )
    feeds = {"a": {"m": 1.0}, "b": {"m": 1.0, "k": 1.0}}
    weights = make.weights(ledger, data, feeds)
    basin = account(ledger, data, weights, make.stocks(periods=4)).sel(territory="ARAZ")
    both = np.hypot(6.0, 4.0)  # the meter counts twice
    assert basin["inflow"].values.tolist() == [20.0, 10.0, 10.0, 0.0]
    assert basin["outflow"].values.tolist() == [0.0, 10.0, 10.0, 20.0]
    np.testing.assert_allclose(basin["inflow_u"], [both, 3.0, 5.0, 0.0])
    np.testing.assert_allclose(basin["outflow_u"], [0.0, 5.0, 3.0, both])
    np.testing.assert_allclose(basin["residual_u"], both)


def lake(make: SimpleNamespace) -> Ledger:
    return Ledger.build(
        {
            "territories": make.territories(("AZ", "country"), ("B", "basin", "AZ")),
            "accounts": make.accounts(("LAKE", "reservoir", "B"), ("N", "neighbour")),
            "flows": make.flows(
                ("I", "N", "LAKE", "inflow_from_neighbours"),
                ("O", "LAKE", "N", "outflow_to_neighbours"),
            ),
            "stocks": make.frame("account", ("LAKE",)),
        }
    )


def test_a_new_storage_curve_is_other_change_and_no_water(
    make: SimpleNamespace,
) -> None:
    ledger = lake(make)
    data = make.sources({"I": [10.0, 10.0], "O": [4.0, 4.0]})
    stocks = make.stocks({"LAKE": [100.0, 106.0, 82.0]}, periods=2)
    booked = stocks.assign(other_change=(("account", "instant"), [[0.0, 0.0, -30.0]]))
    before = account(ledger, data, make.weights(ledger, data), stocks)
    assert before["residual"].sel(territory="AZ").values.tolist() == [0, 30]
    assert before["other_change"].sel(territory="AZ").values.tolist() == [0, 0]
    for code in ("AZ", "B"):
        after = account(ledger, data, make.weights(ledger, data), booked)
        nation = after.sel(territory=code)
        assert nation["storage_change"].values.tolist() == [6, 6]
        assert nation["other_change"].values.tolist() == [0, -30]
        assert nation["residual"].values.tolist() == [0, 0]


def test_without_a_stock_the_other_change_is_unknown_too(
    make: SimpleNamespace,
) -> None:
    ledger = lake(make)
    data = make.sources({"I": 10.0, "O": 4.0})
    stocks = make.stocks({"LAKE": [100.0, np.nan]}).assign(
        other_change=(("account", "instant"), [[0.0, np.nan]])
    )
    nation = account(ledger, data, make.weights(ledger, data), stocks).sel(
        territory="AZ"
    )
    assert np.isnan(nation["other_change"].item())
    assert np.isnan(nation["residual"].item())
