from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from ewater.forecast.coherent import Balances, cohere, settle

SUM = np.array([[1.0, 1.0, -1.0]])
NODE = Balances.of(sparse.csr_array(SUM))
FREE = np.full(3, np.inf)


def test_one_node_is_that_of_the_methods():
    # METHODS E15
    found = settle(
        np.array([100, 50, 141.0]), np.array([16, 4, 16.0]), NODE, np.zeros(3), FREE
    )
    np.testing.assert_allclose(found, [96, 49, 145])


def test_a_bound_is_kept_as_in_the_methods():
    # METHODS E20
    found = settle(
        np.array([2, 50, 40.0]), np.array([16, 1, 1.0]), NODE, np.zeros(3), FREE
    )
    np.testing.assert_allclose(found, [0, 45, 45], atol=1e-6)


def test_what_has_no_variance_stays():
    found = settle(
        np.array([100, 50, 141.0]), np.array([0, 4, 4.0]), NODE, np.zeros(3), FREE
    )
    np.testing.assert_allclose(found, [100, 45.5, 145.5])


def test_a_balance_in_which_nothing_may_move_keeps_its_difference():
    value = np.array([100, 50, 141.0])
    found = settle(value, np.zeros(3), NODE, np.zeros(3), FREE)
    np.testing.assert_array_equal(found, value)


def test_months_and_accounts_agree_and_no_reservoir_overflows():
    # river -> reservoir -> users, and a stretch that only passes water on
    rng = np.random.default_rng(5)
    balance = sparse.csr_array(np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]))
    storing = sparse.csr_array(np.array([[1.0], [0.0]]))
    flow = rng.uniform(50, 150, (3, 6, 20))
    stock = rng.uniform(0, 400, (1, 6, 20))
    found = cohere(
        flow,
        flow.std(axis=2),
        stock,
        stock.std(axis=2),
        np.array([200.0]),
        np.array([400.0]),
        balance,
        storing,
    )
    change = np.diff(found.stock[0], axis=0)
    np.testing.assert_allclose(found.flow[0] - found.flow[1], change, atol=1e-3)
    np.testing.assert_allclose(found.flow[1], found.flow[2], atol=1e-3)
    assert (found.flow >= 0).all()
    assert ((found.stock >= 0) & (found.stock <= 400)).all()
    assert found.gap.max() < 1e-3


@given(st.lists(st.floats(0, 1e9), min_size=3, max_size=3))
def test_settling_never_goes_below_zero_and_balances(values):
    value = np.array(values)
    found = settle(value, np.maximum(0.1 * value, 1.0) ** 2, NODE, np.zeros(3), FREE)
    assert (found >= 0).all()
    assert abs((SUM @ found)[0]) <= 1e-6 * max(1.0, value.max())
