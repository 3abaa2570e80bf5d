"""Sources become flows: weights, reverses, gaps, validity, uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from ewater.balance.expected import expected_volume
from ewater.balance.flows import flow_volumes
from ewater.balance.ledger import Ledger
from ewater.errors import UsageError
from ewater.terms import Status

if TYPE_CHECKING:
    from types import SimpleNamespace

    import xarray as xr


@pytest.fixture
def build(make: SimpleNamespace) -> Any:
    """Ledger of two lakes in one country, with the flows given."""

    def built(*rows: tuple[Any, ...], **columns: list[Any]) -> Ledger:
        return Ledger.build(
            {
                "territories": make.territories(("AZ", "country")),
                "accounts": make.accounts(
                    ("A", "lake", "AZ"), ("B", "lake", "AZ"), ("N", "neighbour")
                ),
                "flows": make.flows(*rows).assign(**columns),
            }
        )

    return built


def volumes(
    make: SimpleNamespace, ledger: Ledger, data: xr.Dataset, given: Any = None
) -> xr.Dataset:
    return flow_volumes(ledger, data, make.weights(ledger, data, given))


def test_a_flow_is_the_weighted_sum_of_its_sources(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(("f", "A", "B", "transfer"))
    data = make.sources(
        {"m1": 10.0, "m2": 4.0},
        u_random={"m1": 3.0, "m2": 8.0},
        coverage={"m1": 1.0, "m2": 0.5},
        status={"m1": Status.MEASURED, "m2": Status.REPORTED},
    )
    flow = volumes(make, ledger, data, {"f": {"m1": 1.0, "m2": -0.5}}).isel(flow=0)
    assert flow["volume"].item() == 8.0
    assert flow["u_random"].item() == 5.0
    assert flow["coverage"].item() == pytest.approx((10 * 1.0 + 2 * 0.5) / 12)
    assert flow["status"].item() == Status.MEASURED


def test_a_flow_is_unknown_if_any_source_is_and_if_it_has_none(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(("f", "A", "B", "transfer"), ("g", "A", "B", "transfer"))
    data = make.sources({"m1": [1.0, 1.0], "m2": [1.0, np.nan]})
    result = volumes(make, ledger, data, {"f": {"m1": 1.0, "m2": 1.0}})
    assert result["known"].values.tolist() == [[True, False], [False, False]]
    assert np.isnan(result["volume"].values[1]).all()
    assert result["status"].values[1].tolist() == [Status.UNKNOWN] * 2


def test_a_source_with_zero_weight_does_not_make_a_flow_unknown(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(("f", "A", "B", "transfer"))
    data = make.sources({"m1": 1.0, "m2": np.nan})
    weights = sparse.csr_array((np.array([1.0, 0.0]), ([0, 0], [0, 1])), shape=(1, 2))
    assert flow_volumes(ledger, data, weights)["volume"].item() == 1.0


def test_a_negative_volume_moves_to_the_reverse_flow(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(
        ("back", "B", "A", "transfer"), ("forth", "A", "B", "transfer", "back")
    )
    data = make.sources(
        {"forth": [5.0, -3.0, np.nan]},
        u_random={"forth": [0.5, 0.3, 0.1]},
        coverage={"forth": [1.0, 0.8, 0.0]},
    )
    result = volumes(make, ledger, data)
    back, forth = result.sel(flow="back"), result.sel(flow="forth")
    np.testing.assert_array_equal(forth["volume"], [5.0, 0.0, np.nan])
    np.testing.assert_array_equal(back["volume"], [0.0, 3.0, np.nan])
    np.testing.assert_array_equal(forth["u_random"], [0.5, 0.0, np.nan])
    np.testing.assert_array_equal(back["u_random"], [0.0, 0.3, np.nan])
    assert back["coverage"].values.tolist() == [1.0, 0.8, 0.0]
    assert not result["negative"].any()


def test_a_reverse_flow_with_a_meter_of_its_own_adds_what_it_takes(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(
        ("back", "B", "A", "transfer"), ("forth", "A", "B", "transfer", "back")
    )
    data = make.sources(
        {"forth": [-3.0, np.nan], "back": [1.0, 1.0]},
        coverage={"forth": 0.5, "back": 1.0},
        status={"forth": Status.MODELLED},
    )
    back = volumes(make, ledger, data).sel(flow="back")
    assert back["volume"].values.tolist() == [4.0, 1.0]
    assert back["coverage"].values.tolist() == [0.625, 1.0]
    assert back["status"].values.tolist() == [Status.MODELLED, Status.MEASURED]


def test_a_negative_volume_without_reverse_is_kept_and_marked(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(("f", "A", "B", "transfer"))
    result = volumes(make, ledger, make.sources({"f": [-2.0, 0.0]}))
    assert result["volume"].values.tolist() == [[-2.0, 0.0]]
    assert result["negative"].values.tolist() == [[True, False]]


def test_outside_its_validity_a_flow_is_zero_and_not_missing(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(
        ("f", "A", "B", "transfer"),
        valid_from=[pd.Timestamp("2023-01-02", tz="UTC")],
    )
    data = make.sources({"f": [7.0, 7.0]}, u_random={"f": 1.0})
    result = volumes(make, ledger, data)
    assert result["volume"].values.tolist() == [[0.0, 7.0]]
    assert result["u_random"].values.tolist() == [[0.0, 1.0]]
    assert result["known"].all()


def test_a_reverse_that_does_not_exist_takes_nothing(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(
        ("back", "B", "A", "transfer"),
        ("forth", "A", "B", "transfer", "back"),
        valid_from=[pd.Timestamp("2023-01-02", tz="UTC"), pd.NaT],
    )
    result = volumes(make, ledger, make.sources({"forth": [-1.0, -1.0]}))
    assert result["volume"].sel(flow="forth").values.tolist() == [-1.0, 0.0]
    assert result["volume"].sel(flow="back").values.tolist() == [0.0, 1.0]


def test_a_zero_flow_keeps_the_status_and_coverage_of_its_sources(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(("f", "A", "B", "transfer"))
    status = {"m1": Status.REPORTED, "m2": Status.REPORTED}
    data = make.sources({"m1": 0.0, "m2": 0.0}, status=status)
    flow = volumes(make, ledger, data, {"f": {"m1": 1.0, "m2": 1.0}})
    assert flow["status"].item() == Status.REPORTED
    assert flow["coverage"].item() == 1.0


def test_expected_volume_is_the_own_mean_then_the_common_one_then_one() -> None:
    volume = np.array([[2.0, 4.0, np.nan], [np.nan, np.nan, np.nan], [-9.0, 9.0, 9.0]])
    valid = np.ones(volume.shape, dtype=bool)
    valid[2, 0] = False
    expected = expected_volume(volume, valid)
    assert expected.tolist() == [[2.0, 4.0, 3.0], [6.0, 6.0, 6.0], [0.0, 9.0, 9.0]]
    alone = expected_volume(np.full((2, 2), np.nan), np.ones((2, 2), dtype=bool))
    assert alone.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_weights_of_another_shape_and_broken_periods_are_refused(
    make: SimpleNamespace, build: Any
) -> None:
    ledger = build(("f", "A", "B", "transfer"))
    data = make.sources({"f": [1.0, 1.0]})
    with pytest.raises(UsageError, match="weights are"):
        flow_volumes(ledger, data, sparse.csr_array((3, 3)))
    gap = data.assign_coords(period_end=data["period_end"] - np.timedelta64(1, "h"))
    with pytest.raises(UsageError, match="side by side"):
        flow_volumes(ledger, gap, make.weights(ledger, data))
