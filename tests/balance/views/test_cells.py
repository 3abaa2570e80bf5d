"""What a cell says: gaps, apportioned accounts, border water, uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance.views import compiled
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

nan = np.nan


def test_a_gap_makes_a_cell_unknown_and_names_the_flow(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("take", "RIVER", "FARM", "abstraction", nan),
        ("more", "RIVER", "FARM", "abstraction", 5.0),
        ("lost", "CANAL", "GW", "losses_in_conveyance", 2.0),
    )
    view = found.view("indicators")
    cell = view.cell("abstraction")
    assert np.isnan(cell.value[0, 0])
    assert cell.known[0, 0] == 5.0
    assert view.missing("abstraction", 0, 0) == ["take"]
    assert view.missing("loss_of_abstraction", 0, 0) == ["take"]
    assert view.missing("losses", 0, 0) == []
    assert np.isnan(found.value("indicators.loss_of_abstraction"))
    assert np.isnan(view.cell("loss_of_abstraction").known[0, 0])
    assert found.value("indicators.losses") == 2.0
    # the unknown flow weighs the mean of the others, 3.5
    known = 100 * 5.0 / (5.0 + 3.5)
    assert found.value("indicators.response_abstraction") == pytest.approx(known)


def test_a_stock_that_nobody_measured_is_missing_and_one_not_modelled_is_no_zero(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("in", "NB", "RIVER", "inflow_from_neighbours", 4.0),
        stocks={"RES": [3.0, nan]},
    )
    view = found.view("seea_asset")
    assert found.value("seea_asset.opening.reservoirs") == 3.0
    assert np.isnan(found.value("seea_asset.closing.reservoirs"))
    assert view.missing("residual.total", 0, 0) == ["RES"]
    assert np.isnan(found.value("seea_asset.opening.rivers"))
    assert view.why("opening.rivers", 0, 0) == "not modelled"
    assert found.value("seea_asset.opening.total") == 3.0
    assert found.value("seea_asset.opening.lakes") == 0.0  # there is no lake


def test_a_border_river_is_in_neither_inflow_nor_outflow(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("leave", "RIVER", "NB", "outflow_to_neighbours", 35.0),
        ("back", "NB", "LOWER", "inflow_from_neighbours", 37.0),
        re_enters={"leave": "back"},
    )
    assert found.value("seea_asset.inflow_upstream.total") == 2.0
    assert found.value("seea_asset.outflow_downstream.total") == 0.0
    assert found.value("seea_asset.re_entering.total") == 35.0
    assert found.value("indicators.erwr") == 2.0
    assert found.value("wa_plus.outflow") == 0.0


def test_an_unknown_return_makes_both_ways_unknown(country: Callable[..., Any]) -> None:
    found = country(
        ("leave", "RIVER", "NB", "outflow_to_neighbours", nan),
        ("back", "NB", "LOWER", "inflow_from_neighbours", 37.0),
        re_enters={"leave": "back"},
    )
    for cell in ("inflow_upstream", "outflow_downstream", "re_entering"):
        assert np.isnan(found.value(f"seea_asset.{cell}.total"))
        assert found.missing(f"seea_asset.{cell}.total") == ["leave"]


def test_our_half_of_a_border_reservoir_takes_half(country: Callable[..., Any]) -> None:
    found = country(
        ("in", "NB", "RES", "inflow_from_neighbours", 40.0),
        ("out", "RES", "RIVER", "outflow_to_downstream", 36.0),
        stocks={"RES": [200.0, 204.0]},
        national={"RES": 0.5},
    )
    assert found.value("seea_asset.inflow_upstream.reservoirs") == 20.0
    assert found.value("seea_asset.inflow_upstream.rivers") == 18.0
    assert found.value("seea_asset.inflow_within.rivers") == 18.0
    assert found.value("seea_asset.change.reservoirs") == 2.0
    assert found.value("seea_asset.residual.reservoirs") == 0.0


def test_what_crosses_a_divided_reach_is_apportioned_but_the_residual_is_known(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("in", "NB", "RIVER", "inflow_from_neighbours", 10.0),
        ("down", "RIVER", "LOWER", "outflow_to_downstream", 8.0),
        parts={"WEST": ("RIVER",), "EAST": ()},
        shares=[("LOWER", "WEST", 0.6), ("LOWER", "EAST", 0.4)],
        territories=("WEST",),
    )
    view = found.view("seea_asset")
    assert np.isnan(found.value("seea_asset.outflow_downstream.rivers"))
    assert view.why("outflow_downstream.rivers", 0, 0) == "apportioned"
    assert view.missing("outflow_downstream.rivers", 0, 0) == []
    # 10 enters, 60 % of what goes down stays: 10 - 8 + 0.6 x 8
    assert found.value("seea_asset.residual.rivers") == pytest.approx(6.8)


def test_hydropower_takes_and_gives_back_and_moves_nothing(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("in", "NB", "RES", "inflow_from_neighbours", 10.0),
        ("turbine", "RES", "RIVER", "outflow_to_downstream", 9.0),
        ("take", "RIVER", "FARM", "abstraction", 3.0),
        structure={"turbine": "turbine"},
    )
    assert found.value("seea_supply_use.abstraction.energy") == 9.0
    assert found.value("seea_supply_use.returns.energy") == 9.0
    assert found.value("seea_supply_use.consumption.energy") == 0.0
    assert found.value("seea_asset.abstraction.total") == 12.0
    assert found.value("seea_asset.returns.reservoirs") == 9.0
    assert found.value("seea_asset.residual.total") == 7.0
    assert found.value("indicators.abstraction") == 3.0


def test_flows_that_one_meter_feeds_are_fully_correlated(
    make: Any, country: Callable[..., Any]
) -> None:
    found = country(
        ("head", "RIVER", "CANAL", "abstraction", 100.0),
        ("field", "CANAL", "FARM", "delivery", 70.0),
        ("leak", "CANAL", "GW", "losses_in_conveyance", 30.0),
        u_systematic={"head": 10.0, "field": 7.0, "leak": 3.0},
    )
    # three meters: shares vary by both; one meter for all would leave none
    u = found.u("indicators.loss_of_intake")
    expected = 100 * np.hypot(70 * 3.0, 30 * 7.0) / 100**2
    assert u == pytest.approx(expected)


def test_uncertainty_of_a_ratio_is_that_of_monte_carlo(
    country: Callable[..., Any],
) -> None:
    given = {"take": 12.0, "back": 4.0, "out": 15.0}
    u = {"take": 0.3, "back": 0.2, "out": 0.4}
    found = country(
        ("take", "RIVER", "FARM", "abstraction", 12.0),
        ("back", "FARM", "RIVER", "return_flow", 4.0),
        ("out", "RIVER", "SEA", "outflow_to_sea", 15.0),
        u_systematic=u,
    )
    draw = np.random.default_rng(1)
    take, back, out = (
        v + u[k] * draw.standard_normal(200_000) for k, v in given.items()
    )
    drawn = 100 * (take - back) / (out + take - back)
    assert found.u("indicators.wei_plus") == pytest.approx(drawn.std(), rel=0.01)


def test_uncertainty_of_a_change_is_that_of_its_two_ends(make: Any) -> None:
    from ewater.balance.flows import resolve
    from ewater.balance.ledger import Ledger
    from ewater.balance.storage import storage_change
    from ewater.balance.views.basis import Basis
    from ewater.balance.views.evaluate import Evaluated

    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(
                ("RES", "reservoir", "AZ"), ("AIR", "atmosphere")
            ),
            "flows": make.flows(("e", "RES", "AIR", "evaporation")),
            "stocks": make.frame("account", ("RES",)),
        }
    )
    data = make.sources({"e": 1.0})
    flows = resolve(ledger, data, make.weights(ledger, data))
    stocks = make.stocks(
        {"RES": [100.0, 130.0]}, 1, u_random={"RES": 2.0}, fraction={"RES": 0.05}
    )
    view = Evaluated(compiled.find("seea_asset"), Basis.of(ledger, flows, stocks))
    change = storage_change(ledger, flows.bounds, stocks, "managed", np.array([0]))
    shown = view.cell("change.reservoirs").u[0, 0]
    assert shown == pytest.approx(np.sqrt(change.variance[0, 0]))
    assert view.cell("opening.reservoirs").u[0, 0] == pytest.approx(np.hypot(2.0, 5.0))
    live = Evaluated(compiled.find("indicators"), view.basis)
    rise = live.cell("storage_rise").u[0, 0]  # the curve's error cancels in the ratio
    assert rise == pytest.approx(100 * np.hypot(2 * 130 / 100**2, 2 / 100))


def test_a_new_storage_curve_is_booked_apart_from_water(make: Any) -> None:
    from ewater.balance.flows import resolve
    from ewater.balance.ledger import Ledger
    from ewater.balance.views.basis import Basis
    from ewater.balance.views.evaluate import Evaluated

    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(("RES", "reservoir", "AZ"), ("NB", "neighbour")),
            "flows": make.flows(("in", "NB", "RES", "inflow_from_neighbours")),
            "stocks": make.frame("account", ("RES",)),
        }
    )
    data = make.sources({"in": 7.0})
    flows = resolve(ledger, data, make.weights(ledger, data))
    stocks = make.stocks({"RES": [100.0, 130.0]}, 1, fraction={"RES": 0.1})
    stocks["other_change"] = (("account", "instant"), np.array([[0.0, 25.0]]))
    view = Evaluated(compiled.find("seea_asset"), Basis.of(ledger, flows, stocks))
    shown = {
        name: view.cell(f"{name}.total").value[0, 0] for name in ("change", "booked")
    }
    assert shown == {"change": 5.0, "booked": 25.0}
    assert view.cell("residual.total").value[0, 0] == 2.0
    assert view.cell("change.total").u[0, 0] == pytest.approx(0.5)
    assert all(closure.structural for closure in view.closures.values())


def test_unknown_views_and_cells_are_refused_by_name(
    country: Callable[..., Any],
) -> None:
    with pytest.raises(UsageError, match="no view 'seea'; there are indicators, iwa"):
        compiled.find("seea")
    found = country(("take", "RIVER", "FARM", "abstraction", 1.0))
    with pytest.raises(
        UsageError, match=r"view iwa has no cell 'nonsense'; it has own"
    ):
        found.view("iwa").cell("nonsense")


def test_cells_come_as_labelled_arrays(country: Callable[..., Any]) -> None:
    found = country(("take", "RIVER", "FARM", "abstraction", [1.0, nan]))
    data = found.view("indicators").dataset()
    assert data.sizes["cell"] == len(found.view("indicators").compiled.cells)
    taken = data.sel(cell="abstraction", territory="AZ")
    assert taken["value"].to_numpy()[0] == 1.0
    assert np.isnan(taken["value"].to_numpy()[1])
    assert str(data["unit"].sel(cell="loss_of_use").item()) == "%"
