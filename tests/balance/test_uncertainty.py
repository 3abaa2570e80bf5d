"""Uncertainty over time and between streams: METHODS 4, E21."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ewater.balance.uncertainty import (
    SHARED_RATING,
    aggregate_uncertainty,
    combine,
    product,
    through,
)
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


DRAWS = 40_000


def drawn(values: list[float], u: list[float], rho: float) -> np.ndarray:
    """Values with errors of one correlation, (draw, stream)."""
    size = len(values)
    correlation = np.full((size, size), rho) + (1 - rho) * np.eye(size)
    covariance = correlation * np.outer(u, u)
    rng = np.random.default_rng(7)
    return rng.multivariate_normal(values, covariance, DRAWS)


@pytest.mark.parametrize("rho", [0.0, SHARED_RATING, 1.0])
def test_sums_and_differences_agree_with_monte_carlo(rho: float) -> None:
    values, u = [100.0, 60.0, 30.0], [5.0, 4.0, 2.0]
    for signs in ([1.0, 1.0, 1.0], [1.0, -1.0, -1.0]):
        total, uncertainty = combine(values, u, rho, signs)
        tried = drawn(values, u, rho) @ np.array(signs)
        assert total == pytest.approx(np.dot(values, signs))
        assert uncertainty == pytest.approx(tried.std(), rel=0.02, abs=1e-9)


@pytest.mark.parametrize("rho", [0.0, SHARED_RATING])
def test_products_agree_with_monte_carlo(rho: float) -> None:
    values, u = [0.12, 455.5], [0.006, 10.0]
    volume, uncertainty = product(values, u, rho)
    tried = drawn(values, u, rho).prod(axis=1)
    assert volume == pytest.approx(tried.mean(), rel=0.002)
    assert uncertainty == pytest.approx(tried.std(), rel=0.02)


def test_curves_agree_with_monte_carlo() -> None:
    def rating(stage: np.ndarray) -> np.ndarray:
        return 8.0 * np.maximum(stage - 0.2, 0.0) ** 1.6

    found, uncertainty = through(rating, [0.7, 1.1], 0.02, 0.05)
    rng = np.random.default_rng(7)
    error = 0.02 * rng.standard_normal((DRAWS, 1))
    tried = rating(np.array([0.7, 1.1]) + error)
    tried *= 1 + 0.05 * rng.standard_normal((DRAWS, 1))
    assert found == pytest.approx([2.63902, 6.75893], abs=5e-3)
    assert uncertainty == pytest.approx(tried.std(axis=0), rel=0.02)


def test_at_the_end_of_a_table_one_side_says_how_steep_it_is() -> None:
    def table(level: np.ndarray) -> np.ndarray:
        return np.interp(level, [0.0, 10.0], [0.0, 50.0], left=np.nan, right=np.nan)

    found, uncertainty = through(table, [10.0, 11.0], 0.1)
    assert found[0] == 50
    assert uncertainty[0] == pytest.approx(0.5)
    assert np.isnan(found[1])
    assert np.isnan(uncertainty[1])


def test_a_product_with_nothing_is_as_uncertain_as_the_other_allows() -> None:
    assert product([0.0, 4.0], [0.5, 1.0]) == (0.0, 2.0)
