"""Reconciled totals of a territory: the figures of the account, with their u."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ewater.balance.account import account_of
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.reconciliation.adjusted import adjusted
from ewater.balance.reconciliation.reconcile import reconcile
from ewater.balance.reconciliation.result import RAW_STANDS
from ewater.balance.reconciliation.settle import Policy
from ewater.balance.reconciliation.territory import TerritoryTotals
from ewater.balance.views import compiled
from ewater.balance.views.basis import Basis
from ewater.balance.views.evaluate import Evaluated
from ewater.errors import UsageError

VOLUME = {
    "in": [100.0, 120.0],
    "out": [70.0, 90.0],
    "take": [24.0, 20.0],
    "give": [19.0, 18.0],
    "lose": [4.0, 4.0],
    "leave": [20.0, 30.0],
    "come": [18.0, 33.0],
    "sea": [70.0, 93.0],
}
U = {"in": 4.0, "out": 3.0, "take": 1.0, "give": 1.0, "lose": 1.0, "leave": 2.0}
U |= {"come": 2.0, "sea": 4.0}
STORELESS = ("canal", "economy", "river")


@pytest.fixture
def valley(make):
    """A lake above, a border river and a canal below; two districts."""
    return Ledger.build(
        {
            "territories": make.territories(
                ("AZ", "country"), ("D1", "district", "AZ"), ("D2", "district", "AZ")
            ),
            "accounts": make.accounts(
                ("LAKE", "reservoir", "D1"),
                ("CANAL", "canal", "D2"),
                ("REACH", "river", "D2"),
                ("FARM", "economy", "D2", "agriculture"),
                ("N", "neighbour"),
                ("SEA", "sea"),
            ),
            "flows": make.flows(
                ("in", "N", "LAKE", "inflow_from_neighbours"),
                ("out", "LAKE", "REACH", "outflow_to_downstream"),
                ("take", "LAKE", "CANAL", "abstraction"),
                ("give", "CANAL", "FARM", "delivery"),
                ("lose", "CANAL", "REACH", "losses_in_conveyance"),
                ("leave", "REACH", "N", "outflow_to_neighbours"),
                ("come", "N", "REACH", "inflow_from_neighbours"),
                ("sea", "REACH", "SEA", "outflow_to_sea"),
            ).assign(re_enters=[None] * 5 + ["come", None, None]),
            "stocks": make.frame("account", ("LAKE",)),
        }
    )


@pytest.fixture
def solve(make, valley):
    """Reconcile with the totals of a territory; volumes may be given."""

    def run(territory, volume=VOLUME, stock=(500.0, 507.0, 515.0)):
        data = make.sources(volume, u_random={c: U[c] for c in volume})
        flows = resolve(valley, data, make.weights(valley, data, None))
        stocks = make.stocks({"LAKE": list(stock)}, 2, {"LAKE": 1.0})
        asked = TerritoryTotals.of(valley, flows, "managed", territory)
        found = reconcile(
            valley, flows, stocks, totals=asked.totals, storeless=STORELESS
        )
        return flows, stocks, found, asked.read(found)

    return run


@pytest.mark.parametrize("territory", ["AZ", "D1", "D2"])
def test_totals_are_those_of_the_account_of_the_reconciled_flows(
    valley, solve, territory
):
    flows, stocks, found, totals = solve(territory)
    adjusted = replace(flows, volume=found.flows()["value"].values)
    account = account_of(valley, adjusted, stocks, territories=[territory])
    for name in ("inflow", "outflow"):
        np.testing.assert_allclose(totals[name][0], account[name].values[0])
    change = found.changes().sel(account="LAKE")["value"].values
    shared = 0.0 if territory == "D2" else change
    np.testing.assert_allclose(totals["storage_change"][0], shared, atol=1e-9)


def test_districts_add_up_to_the_country_by_construction(solve):
    whole, upper, lower = (solve(code)[3] for code in ("AZ", "D1", "D2"))
    for name in ("storage_change", "residual"):
        total = upper[name][0] + lower[name][0]
        np.testing.assert_allclose(total, whole[name][0], atol=1e-6)


def test_every_account_closes_so_what_is_left_is_what_nobody_follows_further(solve):
    _, _, found, totals = solve("AZ")
    # the farm has no flow out: all that is delivered to it stays in the residual
    given = found.flows()["value"].sel(flow="give").values
    np.testing.assert_allclose(totals["residual"][0], given, atol=1e-6)


def test_u_is_that_of_linear_propagation_through_the_whole_solve(solve):
    """Each total moves with each meter by a derivative that a second solve shows."""
    base = solve("AZ")[3]
    variance = {name: np.zeros(2) for name in base}
    for code, u in U.items():
        moved = solve("AZ", VOLUME | {code: [v + u for v in VOLUME[code]]})[3]
        for name in base:
            variance[name] += (moved[name][0] - base[name][0]) ** 2
    for n in range(3):  # a stock acts on the change before and on the one after it
        stock = np.array([500.0, 507.0, 515.0])
        stock[n] += 1.0
        moved = solve("AZ", stock=stock)[3]
        for name in base:
            variance[name] += (moved[name][0] - base[name][0]) ** 2
    for name, (_, u) in base.items():
        np.testing.assert_allclose(u, np.sqrt(variance[name]), rtol=1e-6)


def test_an_unknown_flow_that_the_others_determine_makes_the_total_known(solve):
    gap = VOLUME | {"in": [np.nan, 120.0]}
    _, _, found, totals = solve("AZ", gap)
    value = found.flows()["value"].isel(period=0).to_series()
    change = found.changes().sel(account="LAKE")["value"].values[0]
    assert value["in"] == pytest.approx(value["out"] + value["take"] + change)
    assert np.isfinite(totals["inflow"][0]).all()
    assert totals["inflow"][1][0] > totals["inflow"][1][1]


def test_a_total_by_period_is_not_stated(make, valley):
    from ewater.balance.reconciliation.variables import Total

    data = make.sources(VOLUME, u_random=U)
    flows = resolve(valley, data, make.weights(valley, data, None))
    stocks = make.stocks({"LAKE": [500.0, 507.0, 515.0]}, 2, {"LAKE": 1.0})
    stated = Total(code="X", parts={"in": 1}, value=1.0, u=1.0)
    with pytest.raises(UsageError, match="couple"):
        reconcile(valley, flows, stocks, totals=[stated])
    strange = Total(code="X", parts={"GHOST": 1})
    with pytest.raises(UsageError, match="no flow or change GHOST"):
        reconcile(valley, flows, stocks, totals=[strange])


def reconciled_periods(valley, make, volume=VOLUME, **more):
    """Reconcile, and give each period as flows and stocks of its own."""
    data = make.sources(volume, u_random={c: U[c] for c in volume})
    flows = resolve(valley, data, make.weights(valley, data, None))
    stocks = make.stocks({"LAKE": [500.0, 507.0, 515.0]}, 2, {"LAKE": 1.0})
    asked = TerritoryTotals.of(valley, flows, "managed", "AZ")
    found = reconcile(
        valley,
        flows,
        stocks,
        totals=asked.totals,
        storeless=STORELESS,
        errors=True,
        **more,
    )
    made = [adjusted(valley, flows, stocks, found, n) for n in range(2)]
    return found, asked.read(found), made


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("passes", {}),
        ("found", {"in": [np.nan, 120.0]}),
        ("suspect", {"give": [19.0, 2.0], "lose": [4.0, 2.0]}),
        ("bound", {"give": [26.0, 18.0], "lose": [0.2, 4.0]}),
    ],
)
def test_a_reconciled_period_as_flows_gives_the_account_of_the_whole_solve(
    valley, make, case, changed
):
    found, totals, made = reconciled_periods(valley, make, VOLUME | changed)
    assert bool(found.result.suspects) == (case == "suspect")
    assert found.result.active.any() == (case == "bound")
    for n, one in enumerate(made):
        if one is None:
            assert found.result.verdict[n] in RAW_STANDS
            continue
        account = account_of(
            valley, one.flows, one.stocks, territories=["AZ"], changes=one.changes
        )
        for name, (value, u) in totals.items():
            got = account[name].values[0, 0], account[f"{name}_u"].values[0, 0]
            np.testing.assert_allclose(got, (value[n], u[n]), rtol=1e-6, atol=1e-6)
        each = np.sqrt(one.flows.weights.power(2) @ one.flows.variance).ravel()
        np.testing.assert_allclose(each, found.flows()["u"].values[:, n], atol=1e-6)


def test_sums_of_views_over_a_reconciled_period_have_the_u_of_the_account(valley, make):
    _, totals, made = reconciled_periods(valley, make)
    one = made[0]
    basis = Basis.of(
        valley, one.flows, one.stocks, territories=["AZ"], changes=one.changes
    )
    view = Evaluated(compiled.find("section"), basis)
    for cell, name in (("storage_change", "storage_change"), ("outflow", "outflow")):
        shown = view.cell(cell)
        assert shown.value[0, 0] == pytest.approx(totals[name][0][0])
        assert shown.u[0, 0] == pytest.approx(totals[name][1][0])
    closing = Evaluated(compiled.find("indicators"), basis).cell("stored")
    # the opening stock as measured, and the reconciled change: u of each
    u = np.hypot(1.0, totals["storage_change"][1][0])
    assert closing.u[0, 0] == pytest.approx(u)


def test_a_refused_period_gives_no_reconciled_flows(valley, make):
    wrong = VOLUME | {"in": [100.0, 300.0]}
    found, _, made = reconciled_periods(
        valley, make, wrong, policy=Policy(eliminate=False)
    )
    assert found.result.verdict[1] in RAW_STANDS
    assert made[0] is not None
    assert made[1] is None


def test_reconciled_flows_need_a_solve_that_kept_its_errors(valley, solve):
    flows, stocks, found, _ = solve("AZ")
    with pytest.raises(UsageError, match="errors=True"):
        adjusted(valley, flows, stocks, found, 0)
