"""Sums of users on the page of sectors: metered parts by themselves, norms together."""

from __future__ import annotations

import pytest

from ewater.dashboard.pages.sectors import sums


def test_meters_err_each_by_itself_and_norms_all_alike():
    # metered 300 and 400: 2.5 % of each in quadrature, 12.5; norms 100 + 100: 15 %, 30
    found = sums.reported([(400.0, 300.0), (500.0, 400.0), (None, None)])
    assert found["value"] == 900.0
    assert found["u"] == pytest.approx((12.5**2 + 30**2) ** 0.5)


def test_nothing_returned_is_unknown_and_no_zero():
    assert sums.reported([(None, None)]) is None
    assert sums.imputed(None) is None


def test_what_is_imputed_is_worth_thirty_percent():
    assert sums.imputed(200.0)["u"] == pytest.approx(60.0)


def test_a_difference_has_the_uncertainty_of_both_sides():
    first, second = sums.reported([(100.0, 0.0)]), sums.reported([(80.0, 0.0)])
    apart = sums.apart(first, second, 20.0)
    assert apart["u"] == pytest.approx((15**2 + 12**2) ** 0.5)
    assert sums.apart(first, second, None) is None
    assert sums.apart(first, None, 20.0) is None
