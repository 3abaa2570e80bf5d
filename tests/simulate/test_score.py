"""Estimates are scored against the truth, unknown ones apart."""

from __future__ import annotations

import pandas as pd
import pytest

from ewater.errors import UsageError
from ewater.simulate.truth import score

PERIODS = pd.to_datetime(["2023-01-01", "2023-02-01"], utc=True)


def table(flow: str, volumes: list[float], u: float | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"flow": flow, "period_start": PERIODS, "volume_m3": volumes})
    return frame if u is None else frame.assign(u_m3=u)


def test_bias_rmse_and_cover_are_those_of_the_errors():
    scored = score(table("A", [110.0, 94.0], u=4.0), table("A", [100.0, 100.0]))
    row = scored.loc["A"]
    assert row["periods"] == 2
    assert row["bias_m3"] == pytest.approx(2.0)
    assert row["bias_pct"] == pytest.approx(2.0)
    assert row["rmse_m3"] == pytest.approx((136 / 2) ** 0.5)
    assert row["within_2u"] == pytest.approx(0.5)


def test_an_unknown_estimate_is_counted_and_not_scored():
    estimate = table("A", [float("nan"), 101.0], u=1.0)
    row = score(estimate, table("A", [100.0, 100.0])).loc["A"]
    assert row["unknown"] == 1
    assert row["periods"] == 1
    assert row["bias_m3"] == pytest.approx(1.0)
    assert row["within_2u"] == 1.0


def test_nothing_in_common_is_a_mistake():
    with pytest.raises(UsageError, match="share no flow"):
        score(table("A", [1.0, 1.0], u=1.0), table("B", [1.0, 1.0]))
