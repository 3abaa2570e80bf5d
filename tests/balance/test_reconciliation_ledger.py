"""Reconciliation of a ledger, period by period and coupled: METHODS 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance.flows import Flows, resolve
from ewater.balance.ledger import Ledger
from ewater.balance.reconciliation.reconcile import reconcile
from ewater.balance.reconciliation.result import Standing, Verdict
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.variables import Total, term_parts
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from types import SimpleNamespace

NAN = np.nan


def valley(make: SimpleNamespace, **tables: Any) -> Ledger:
    """A lake with a stock, a canal that cannot hold water, and a reach that can."""
    return Ledger.build(
        {
            "territories": make.territories(("AZ", "country"), ("D", "district", "AZ")),
            "accounts": make.accounts(
                ("LAKE", "reservoir", "D"),
                ("CANAL", "canal", "D"),
                ("REACH", "river", "D"),
                ("FARM", "economy", "D", "agriculture"),
                ("N", "neighbour"),
                ("SEA", "sea"),
            ),
            "flows": make.flows(
                ("in", "N", "LAKE", "inflow_from_neighbours"),
                ("out", "LAKE", "REACH", "outflow_to_downstream"),
                ("take", "LAKE", "CANAL", "abstraction"),
                ("give", "CANAL", "FARM", "delivery"),
                ("lose", "CANAL", "REACH", "losses_in_conveyance"),
                ("sea", "REACH", "SEA", "outflow_to_sea"),
            ),
            "stocks": make.frame("account", ("LAKE",)),
        }
        | tables
    )


VOLUME = {
    "in": [100.0, 120.0],
    "out": [70.0, 90.0],
    "take": [24.0, 20.0],
    "give": [19.0, 18.0],
    "lose": [4.0, 4.0],
    "sea": [72.0, 95.0],
}
U = {"in": 4.0, "out": 3.0, "take": 1.0, "give": 1.0, "lose": 1.0, "sea": 4.0}


def flows_of(
    make: SimpleNamespace, ledger: Ledger, volume: dict[str, Any] = VOLUME, **more: Any
) -> Flows:
    data = make.sources(volume, u_random={c: U.get(c, 0.0) for c in volume}, **more)
    return resolve(ledger, data, make.weights(ledger, data, more.pop("given", None)))


def held(make: SimpleNamespace, volume: Any = (500.0, 507.0, 515.0)) -> Any:
    return make.stocks({"LAKE": list(volume)}, len(volume) - 1, {"LAKE": 1.0})


def test_every_account_that_is_fully_known_balances(make: SimpleNamespace) -> None:
    ledger = valley(make)
    found = reconcile(ledger, flows_of(make, ledger), held(make))
    assert found.result.rows.tolist() == ["CANAL", "LAKE", "REACH"]
    value = found.flows()["value"].isel(period=0).to_series()
    change = found.changes()["value"].isel(period=0).to_series()
    assert value["take"] == pytest.approx(value["give"] + value["lose"])
    assert value["in"] - value["out"] - value["take"] == pytest.approx(change["LAKE"])
    assert found.result.dof.tolist() == [2, 2]
    assert (found.flows()["u"] <= found.flows()["raw_u"] + 1e-9).all()


def test_a_reach_without_a_stock_changes_by_what_is_left_over(
    make: SimpleNamespace,
) -> None:
    ledger = valley(make)
    found = reconcile(ledger, flows_of(make, ledger), held(make))
    reach = found.changes().sel(account="REACH").isel(period=0)
    assert reach["standing"] == Standing.OBSERVABLE
    value = found.flows()["value"].isel(period=0).to_series()
    assert reach["value"] == pytest.approx(value["out"] + value["lose"] - value["sea"])
    sea = found.flows().sel(flow="sea")
    assert (sea["standing"] == Standing.NOT_REDUNDANT).all()
    assert (sea["adjustment"] == 0).all()
    tight = reconcile(
        ledger,
        flows_of(make, ledger),
        held(make),
        storeless=("canal", "economy", "river"),
    )
    assert tight.result.dof.tolist() == [3, 3]


def test_an_account_known_at_one_end_only_is_not_balanced(
    make: SimpleNamespace,
) -> None:
    ledger = valley(make)
    found = reconcile(ledger, flows_of(make, ledger), held(make))
    # nothing is known to leave the farm: that does not make its delivery nothing
    assert "FARM" not in found.result.rows
    assert found.flows()["value"].sel(flow="give").min() > 15


def test_unknown_flows_are_found_and_loops_stay_unknown(make: SimpleNamespace) -> None:
    ledger = valley(make)
    some = VOLUME | {"give": [NAN, NAN], "lose": [4.0, NAN]}
    found = reconcile(ledger, flows_of(make, ledger, some), held(make))
    flows = found.flows()
    give = flows.sel(flow="give")
    assert give["standing"].values.tolist() == [
        Standing.OBSERVABLE,
        Standing.UNOBSERVABLE,
    ]
    taken = flows["value"].sel(flow="take").values
    assert give["value"].values[0] == pytest.approx(taken[0] - 4.0)
    assert np.isnan(give["value"].values[1])
    assert np.isnan(give["adjustment"]).all()


def test_balancing_items_are_no_measurement(make: SimpleNamespace) -> None:
    ledger = valley(make)
    data = make.sources(VOLUME, u_random=U, status={"lose": float(Status.BALANCING)})
    flows = resolve(ledger, data, make.weights(ledger, data))
    lose = reconcile(ledger, flows, held(make)).flows().sel(flow="lose")
    assert (lose["standing"] == Standing.OBSERVABLE).all()
    assert np.isnan(lose["raw"]).all()


def test_flows_of_one_meter_are_adjusted_together(make: SimpleNamespace) -> None:
    ledger = valley(make)
    volume = {code: v for code, v in VOLUME.items() if code not in ("give", "lose")}
    data = make.sources(volume | {"M": [23.0, 21.0]}, u_random=U | {"M": 2.0})
    weights = make.weights(ledger, data, {"give": {"M": 0.8}, "lose": {"M": 0.2}})
    flows = resolve(ledger, data, weights)
    found = reconcile(ledger, flows, held(make))
    change = found.flows()["adjustment"].isel(period=0).to_series()
    assert change["give"] == pytest.approx(4 * change["lose"])
    assert "M" in found.result.candidates


def test_the_suspect_meter_is_named(make: SimpleNamespace) -> None:
    ledger = valley(make)
    spoiled = VOLUME | {"take": [60.0, 20.0]}
    found = reconcile(ledger, flows_of(make, ledger, spoiled), held(make))
    assert found.result.verdict.tolist() == [
        Verdict.SUSPECTS_REMOVED,
        Verdict.RECONCILED,
    ]
    (suspect,) = found.result.suspects
    assert (suspect.name, suspect.period) == ("take", 0)
    assert found.flows()["value"].sel(flow="take")[0] < 35


def test_a_refused_ledger_keeps_its_residual(make: SimpleNamespace) -> None:
    ledger = valley(make)
    spoiled = VOLUME | {"take": [60.0, 20.0]}
    strict = Policy(eliminate=False)
    found = reconcile(
        ledger, flows_of(make, ledger, spoiled), held(make), policy=strict
    )
    assert found.result.verdict[0] == Verdict.REFUSED
    assert found.flows()["value"].sel(flow="take")[0] == 60
    rows = found.result.rows.tolist()
    assert found.result.residual[rows.index("CANAL"), 0] == pytest.approx(37)


def test_a_flow_that_does_not_exist_yet_is_zero_and_its_account_open(
    make: SimpleNamespace,
) -> None:
    begins = np.datetime64("2023-01-02", "us")
    table = make.flows(
        ("in", "N", "LAKE", "inflow_from_neighbours"),
        ("out", "LAKE", "SEA", "outflow_to_sea", None, None, None, begins),
    )
    ledger = valley(make, flows=table)
    flows = flows_of(make, ledger, {"in": [10.0, 10.0], "out": [NAN, 8.0]})
    found = reconcile(ledger, flows, held(make, (50.0, 61.0, 62.0)))
    assert found.result.dof.tolist() == [0, 1]
    assert found.flows()["value"].sel(flow="out").values[0] == 0
    assert found.flows()["value"].sel(flow="in").values[0] == 10


def test_coupled_stocks_are_continuous_and_totals_hold(make: SimpleNamespace) -> None:
    ledger = valley(make)
    totals = [
        Total(code="first", parts={"take": 1.0}, periods=[0]),
        Total(code="year", parts={"take": 1.0}, value=46.0, u=0.5),
        Total(code="twice", parts={"year": 2.0}),
    ]
    found = reconcile(
        ledger, flows_of(make, ledger), held(make), couple=True, totals=totals
    )
    value, stock = found.flows()["value"], found.stocks()["value"].sel(account="LAKE")
    for t in range(2):
        month = value.isel(period=t).to_series()
        change = float(stock[t + 1] - stock[t])
        assert month["in"] - month["out"] - month["take"] == pytest.approx(change)
    table = found.total_table()
    taken = value.sel(flow="take").values
    assert table.loc["year", "value"] == pytest.approx(taken.sum())
    assert table.loc["first", "value"] == pytest.approx(taken[0])
    assert table.loc["twice", "value"] == pytest.approx(2 * taken.sum())
    assert table.loc["twice", "u"] == pytest.approx(2 * table.loc["year", "u"])
    assert table.loc["year", "u"] < 0.5
    assert table.loc["first", "standing"] == Standing.OBSERVABLE


@pytest.mark.parametrize("couple", [False, True])
def test_a_new_storage_curve_moves_no_water(
    make: SimpleNamespace, couple: bool
) -> None:
    ledger = valley(make)
    flows, plain = flows_of(make, ledger), held(make)
    booked = held(make, (500.0, 507.0, 495.0)).assign(
        other_change=(("account", "instant"), [[0.0, 0.0, -20.0]])
    )
    before = reconcile(ledger, flows, plain, couple=couple)
    after = reconcile(ledger, flows, booked, couple=couple)
    np.testing.assert_allclose(after.flows()["value"], before.flows()["value"])
    np.testing.assert_allclose(after.result.gamma, before.result.gamma)
    if couple:
        moved = after.stocks()["value"] - before.stocks()["value"]
        np.testing.assert_allclose(moved.sel(account="LAKE"), [0, 0, -20], atol=1e-9)


def test_e19_months_and_quarter_of_a_ledger(make: SimpleNamespace) -> None:
    ledger = valley(make)
    months = {"take": [30.0, 28.0, 31.0]}
    data = make.sources(months, u_random={"take": [2.0, 1.0, 2.0]})
    flows = resolve(ledger, data, make.weights(ledger, data))
    found = reconcile(
        ledger,
        flows,
        held(make, [NAN] * 4),
        couple=True,
        totals=[Total(code="Q1", parts={"take": 1.0}, value=93.0, u=3.0)],
    )
    taken = found.flows()["value"].sel(flow="take").values
    assert taken == pytest.approx([30.889, 28.222, 31.889], abs=5e-4)
    assert found.total_table().loc["Q1", "value"] == pytest.approx(91.0)


def test_what_is_systematic_is_one_error_of_all_months(make: SimpleNamespace) -> None:
    ledger = valley(make)
    data = make.sources(
        {"take": [30.0, 30.0, 30.0]}, u_systematic={"take": [3.0, 3.0, 3.0]}
    )
    flows = resolve(ledger, data, make.weights(ledger, data))
    stated = Total(code="Q1", parts={"take": 1.0}, value=96.0, u=0.0)
    found = reconcile(
        ledger, flows, held(make, [NAN] * 4), couple=True, totals=[stated]
    )
    assert found.flows()["value"].sel(flow="take").values == pytest.approx([32] * 3)
    assert found.result.gamma[0] == pytest.approx((6 / 9) ** 2)


def test_a_stock_stays_below_its_capacity(make: SimpleNamespace) -> None:
    ledger = valley(make)
    found = reconcile(
        ledger,
        flows_of(make, ledger),
        held(make),
        couple=True,
        capacity={"LAKE": 514.0},
    )
    stock = found.stocks()["value"].sel(account="LAKE").values
    assert stock[2] == pytest.approx(514.0)
    assert found.result.active_bounds() == ["stock of LAKE @ 2023-01-03"]


def test_terms_of_a_district_are_parts_of_a_total(make: SimpleNamespace) -> None:
    ledger = valley(make)
    assert term_parts(ledger, "D", "abstraction") == {"take": 1.0}
    with pytest.raises(UsageError, match="recharge"):
        term_parts(ledger, "D", "recharge")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"capacity": {"LAKE": 1.0}}, "couple"),
        ({"couple": True, "capacity": {"REACH": 1.0}}, "REACH has none"),
        ({"couple": True, "totals": [Total(code="T", parts={"x": 1.0})]}, "no flow"),
        (
            {
                "couple": True,
                "totals": [Total(code="T", parts={"in": 1.0}, periods=[7])],
            },
            "period",
        ),
        ({"couple": True, "totals": [Total(code="T", parts={})] * 2}, "one code"),
        ({"boundary": "moon"}, "boundary"),
    ],
)
def test_what_the_ledger_does_not_have_is_refused(
    make: SimpleNamespace, options: dict[str, Any], reason: str
) -> None:
    ledger = valley(make)
    with pytest.raises(UsageError, match=reason):
        reconcile(ledger, flows_of(make, ledger), held(make), **options)


def test_stocks_of_other_instants_or_accounts_are_refused(
    make: SimpleNamespace,
) -> None:
    ledger = valley(make)
    flows = flows_of(make, ledger)
    with pytest.raises(UsageError, match="bounds"):
        reconcile(ledger, flows, held(make, (1.0, 2.0)))
    with pytest.raises(UsageError, match="REACH"):
        reconcile(ledger, flows, make.stocks({"REACH": [1.0] * 3}, 2))
    found = reconcile(ledger, flows, held(make))
    with pytest.raises(UsageError, match="changes"):
        found.stocks()
