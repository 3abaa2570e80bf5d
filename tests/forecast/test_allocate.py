from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from ewater.forecast.allocate import Network, share_out

# 0 river into the reservoir, 1 reservoir to canal, 2 lost by the canal (a fifth),
# 3 to fields, 4 to towns, 5 reservoir to the sea
NETWORK = Network(
    balance=sparse.csr_array(
        np.array([[1.0, -1, 0, 0, 0, -1], [0, 1.0, -1, -1, -1, 0]])
    ),
    storing=sparse.csr_array(np.array([[1.0], [0.0]])),
    follows=sparse.csr_array(np.array([[0, -0.2, 1.0, 0, 0, 0]])),
    given=np.array([True, False, False, False, False, False]),
    wanted=np.array([False, False, False, True, True, False]),
    cost=np.array([0.0, 0, 0, 10, 1000, 0]),
)
WANTED = np.array([50.0, 100, 20, 60, 20, 10]) * 1e6
FREE = (np.zeros(6), np.full(6, np.inf))


def shared(river, least=10e6, sea=0.0):
    expected = WANTED.copy()
    expected[0] = river
    low = FREE[0].copy()
    low[5] = sea
    return share_out(
        NETWORK,
        expected,
        low,
        FREE[1],
        np.array([40e6]),
        np.array([30e6]),
        (np.array([least]), np.array([100e6])),
    )


def test_a_short_month_is_worked_out_by_hand():
    # 50 + 40 - 10 leave 80: the canal loses 16, towns have their 20, fields the rest
    found = shared(50e6)
    np.testing.assert_allclose(found.flow / 1e6, [50, 80, 16, 44, 20, 0], atol=1e-6)
    assert found.stock[0] == pytest.approx(10e6)


def test_towns_go_short_only_when_fields_have_nothing():
    found = shared(0.0, least=20e6)
    np.testing.assert_allclose(found.flow[3:5] / 1e6, [0, 16], atol=1e-6)


def test_with_enough_water_everything_is_as_expected():
    found = shared(100e6)
    np.testing.assert_allclose(found.flow / 1e6, [100, 100, 20, 60, 20, 10], atol=1e-6)
    assert found.stock[0] == pytest.approx(30e6)


def test_what_must_reach_the_sea_is_not_given_to_fields():
    found = shared(50e6, sea=10e6)
    np.testing.assert_allclose(found.flow[[3, 5]] / 1e6, [36, 10], atol=1e-6)


def test_what_cannot_be_met_is_named_and_not_hidden():
    found = shared(50e6, sea=200e6)
    assert found.gap[0] == pytest.approx(120e6)
    assert found.gap[1] == pytest.approx(0, abs=1)


@given(st.floats(0, 300e6))
def test_water_is_neither_made_nor_lost(river):
    found = shared(river)
    rest = NETWORK.balance @ found.flow - NETWORK.storing @ (found.stock - 40e6)
    np.testing.assert_allclose(rest, 0, atol=1.0)
    assert (found.flow[3:5] <= WANTED[3:5] + 1).all()
