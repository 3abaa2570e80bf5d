"""A release that is planned comes to the next reservoir below, hand-checked."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ewater.accounts.forecasting.cascade import Cascade

DAY = 86_400_000_000
MONTH = np.array([0, 30]) * DAY
TENS = np.array([0, 10, 20, 30]) * DAY
KINDS = {
    "AIR": "atmosphere", "CAN": "canal", "FARM": "economy", "LOW": "reservoir",
    "MID": "reservoir", "NB": "neighbour", "RIV": "river", "UP": "reservoir",
}  # fmt: skip
# monthly volumes, the same in two futures but for what NB brings
FLOWS = [
    ("UP", "RIV", 60.0), ("UP", "CAN", 30.0), ("UP", "AIR", 3.0), ("NB", "RIV", 10.0),
    ("RIV", "MID", 60.0), ("RIV", "LOW", 20.0), ("RIV", "FARM", 5.0),
    ("CAN", "FARM", 20.0), ("CAN", "LOW", 10.0), ("MID", "LOW", 45.0),
]  # fmt: skip


@pytest.fixture
def outlook():
    accounts = np.array(sorted(KINDS))
    place = {code: n for n, code in enumerate(accounts)}
    volume = np.array([flow[2] for flow in FLOWS])
    flow = np.repeat(volume[:, None, None], 2, axis=2)
    flow[3, 0] = 5.0, 15.0
    ledger = SimpleNamespace(
        accounts=accounts,
        account_kind=np.array([KINDS[code] for code in accounts]),
        flow_from=np.array([place[flow[0]] for flow in FLOWS]),
        flow_to=np.array([place[flow[1]] for flow in FLOWS]),
    )
    return SimpleNamespace(ledger=ledger, flow=flow, bounds=MONTH, members=2)


def test_reservoirs_are_planned_in_the_order_of_the_water(outlook):
    cascade = Cascade(outlook, TENS)
    assert cascade.order(["LOW", "MID", "UP"]) == ["UP", "MID", "LOW"]
    assert cascade.above(["LOW"], ["LOW", "MID", "UP"]) == ["MID", "UP"]
    assert cascade.above(["UP"], ["LOW", "MID", "UP"]) == []


def test_what_is_planned_otherwise_runs_down_to_the_next(outlook):
    cascade = Cascade(outlook, TENS)
    np.testing.assert_array_equal(cascade.beyond("MID"), np.zeros((3, 2)))
    # 30 in each ten days were forecast: 10 less, as much, 30 more are planned
    cascade.release("UP", np.array([20.0, 30.0, 60.0]))
    more = np.array([-10.0, 0.0, 30.0])[:, None] * np.ones(2)
    # two thirds go by the river; of that three quarters to MID, farms take no more
    np.testing.assert_allclose(cascade.beyond("MID"), more * 2 / 3 * 3 / 4)
    # a quarter to LOW; of the third by the canal a third
    low = more * (2 / 3 * 1 / 4 + 1 / 3 * 1 / 3)
    np.testing.assert_allclose(cascade.beyond("LOW"), low)
    # MID keeps what came: 15 in each ten days were forecast, and are planned
    cascade.release("MID", np.full(3, 15.0))
    np.testing.assert_allclose(cascade.beyond("LOW"), low, atol=1e-12)
    cascade.release("MID", np.full(3, 16.0))
    np.testing.assert_allclose(cascade.beyond("LOW"), low + 1.0)


def test_a_release_nobody_forecast_changes_nothing_below(outlook):
    outlook.flow[0] = np.nan
    cascade = Cascade(outlook, TENS)
    cascade.release("UP", np.full(3, 30.0))
    np.testing.assert_array_equal(cascade.beyond("MID"), np.zeros((3, 2)))


def test_a_circle_of_reservoirs_has_an_order_all_the_same(outlook):
    ledger = outlook.ledger
    place = {str(code): n for n, code in enumerate(ledger.accounts)}
    ledger.flow_from = np.append(ledger.flow_from, place["LOW"])
    ledger.flow_to = np.append(ledger.flow_to, place["UP"])
    outlook.flow = np.concatenate([outlook.flow, np.full((1, 1, 2), 4.0)])
    order = Cascade(outlook, TENS).order(["LOW", "MID", "UP"])
    assert sorted(order) == ["LOW", "MID", "UP"]
