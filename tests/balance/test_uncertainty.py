"""Uncertainty over time and between streams: METHODS 4, E21."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ewater.balance.uncertainty import aggregate_uncertainty, combine
from ewater.errors import UsageError


def days(values: object) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, dtype=float), dims="period")


def test_e21_a_year_of_days_keeps_the_systematic_part() -> None:
    hm3 = np.full(365, 1.0)
    u = aggregate_uncertainty(days(0.10 * hm3), days(0.04 * hm3)).item()
    assert u == pytest.approx(14.724, abs=5e-4)
    assert 100 * u / 365 == pytest.approx(4.0341, abs=5e-5)
    independent = aggregate_uncertainty(
        days(np.hypot(0.10, 0.04) * hm3), days(0.0 * hm3)
    ).item()
    assert 100 * independent / 365 == pytest.approx(0.564, abs=5e-4)


@pytest.mark.parametrize(("rho", "expected"), [(0, 10.0), (0.3, 13.784), (1, 20.0)])
def test_e21_four_streams_combine_by_their_correlation(
    rho: float, expected: float
) -> None:
    total, u = combine([100.0] * 4, [5.0] * 4, rho)
    assert total == 400.0
    assert u == pytest.approx(expected, abs=5e-4)


def test_a_matrix_of_correlations_is_taken_pair_by_pair() -> None:
    rho = np.eye(3)
    rho[0, 1] = rho[1, 0] = 1.0
    assert combine([1.0] * 3, [3.0, 1.0, 3.0], rho)[1] == pytest.approx(5.0)


def test_an_unknown_uncertainty_of_one_step_is_not_zero() -> None:
    u = aggregate_uncertainty(days([1.0, np.nan]), days([0.0, 0.0]))
    assert np.isnan(u.item())


@pytest.mark.parametrize(
    ("u", "rho"),
    [
        ([1.0], 0.0),
        ([1.0, 1.0], 1.5),
        ([1.0, 1.0], np.nan),
        ([1.0, 1.0], [[1.0, 0.2], [0.3, 1.0]]),
        ([1.0, 1.0], [0.1, 0.1]),
    ],
)
def test_what_cannot_be_a_correlation_is_refused(u: list[float], rho: object) -> None:
    with pytest.raises(UsageError):
        combine([1.0, 2.0], u, rho)  # type: ignore[arg-type]
