from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ewater.balance.evaluate import RULE_U, evaluate
from ewater.balance.knowledge import Knowledge
from ewater.balance.reported import reported_volumes
from ewater.errors import UsageError
from ewater.terms import Status

PERIODS = pd.to_datetime(["2023-01-01", "2023-02-01"]).astype("datetime64[us]")
ENDS = pd.to_datetime(["2023-02-01", "2023-03-01"]).astype("datetime64[us]")
SECONDS = np.array([31.0, 28.0]) * 86400


def flows(*rows):
    frame = pd.DataFrame(rows, columns=["code", "from", "to", "measured_by", "u_pct"])
    return frame.assign(term="delivery")


ACCOUNTS = pd.DataFrame(
    {
        "code": ["R", "C", "D"],
        "kind": ["river", "canal", "economy"],
        "territory": ["T", "T", "T"],
        "sector": [None, None, "industry"],
    }
)


def series(volumes, *, u_random=0.0, u_systematic=0.05):
    volume = np.array(list(volumes.values()), dtype=float).reshape(-1, 2)
    known = np.isfinite(volume)
    dims = ("series", "period")
    return xr.Dataset(
        {
            "volume": (dims, volume),
            "u_random": (dims, u_random * abs(volume)),
            "u_systematic": (dims, u_systematic * abs(volume)),
            "coverage": (dims, known.astype(float)),
            "status": (dims, np.where(known, 0, 9).astype(np.int8)),
        },
        coords={
            "series": list(volumes),
            "period": PERIODS,
            "period_end": ("period", ENDS),
        },
    )


def knowledge(volumes):
    empty = {"period": PERIODS}
    frames = {
        "reports": pd.DataFrame(
            columns=[
                "enterprise", "period_start", "period_end", "item", "value", "unit",
                "source", "purpose", "status", "counterparty", "revision",
            ]
        ).astype(
            {"period_start": "datetime64[us, UTC]", "period_end": "datetime64[us, UTC]"}
        ),
        "enterprises": pd.DataFrame(columns=["code", "isic", "territory"]),
        "sectors": pd.DataFrame(columns=["isic", "sector"]),
        "permits": pd.DataFrame(columns=["enterprise", "valid_from", "valid_to"]),
    }  # fmt: skip
    edges = np.array([*PERIODS, ENDS[-1]], dtype="datetime64[us]").astype(np.int64)
    dims = ("series", "period")
    return Knowledge(
        series=series(volumes),
        depth=xr.Dataset(
            {"depth": (dims, [[0.120, np.nan]]), "coverage": (dims, [[1.0, 0.0]])},
            coords={"series": ["PAN"], **empty},
        ),
        area=xr.DataArray(
            [[455.5e6, 455.5e6]],
            coords={"site": ["MIN"], **empty},
            dims=("site", "period"),
        ),
        normal=xr.DataArray(
            [[3e6, 4e6]], coords={"series": ["Q"], **empty}, dims=("series", "period")
        ),
        storage_change=xr.Dataset(
            {
                "storage_change": (("account", "period"), [[10.0, 20.0]]),
                "storage_change_u": (("account", "period"), [[3.0, 4.0]]),
            },
            coords={"account": ["C"], **empty},
        ),
        reported=reported_volumes(frames, edges),
        seconds=SECONDS,
    )


def run(volumes, *rows, term=None):
    frame = flows(*rows)
    frame["term"] = [(term or {}).get(code, "delivery") for code in frame["code"]]
    sources, weights = evaluate(
        frame, ACCOUNTS, lambda code: {code}, knowledge(volumes)
    )
    return sources, weights, weights @ sources["volume"].values


def test_a_series_used_twice_is_one_source():
    sources, weights, volume = run(
        {"Q": [100.0, 200.0]},
        ("F1", "R", "C", "Q", np.nan),
        ("F2", "C", "D", "0.5 * Q", np.nan),
    )
    assert list(sources["source"].values) == ["series:Q"]
    assert weights.toarray().tolist() == [[1.0], [0.5]]
    np.testing.assert_array_equal(volume, [[100, 200], [50, 100]])


def test_a_fallback_serves_only_where_the_series_knows_nothing():
    sources, _, volume = run(
        {"Q": [100.0, np.nan]}, ("F1", "R", "C", "Q else rule:seasonal(Q)", np.nan)
    )
    np.testing.assert_array_equal(volume, [[100.0, 4e6]])
    assert sources["status"].values.tolist() == [[Status.MEASURED, Status.IMPUTED]]
    assert sources["coverage"].values.tolist() == [[1.0, 0.0]]


def test_without_a_way_left_the_flow_is_unknown_not_zero():
    sources, _, volume = run({"Q": [100.0, np.nan]}, ("F1", "R", "C", "Q", np.nan))
    assert np.isnan(volume[0, 1])
    assert sources["status"].values[0, 1] == Status.UNKNOWN


def test_the_uncertainty_given_for_a_flow_replaces_that_of_the_series():
    sources, _, _ = run({"Q": [100.0, 200.0]}, ("F1", "R", "C", "Q", 12.0))
    np.testing.assert_allclose(sources["u_systematic"].values, [[12.0, 24.0]])
    assert list(sources["source"].values) == ["flow:F1"]


def test_a_share_follows_another_flow_and_is_modelled():
    sources, _, volume = run(
        {"Q": [100.0, np.nan]},
        ("LOSS", "C", "R", "rule:share(F1, 0.2)", np.nan),
        ("F1", "R", "C", "Q", np.nan),
    )
    np.testing.assert_allclose(volume[0], [20.0, np.nan])
    loss = sources.sel(source="flow:LOSS")
    assert loss["status"].values.tolist() == [Status.MODELLED, Status.UNKNOWN]
    np.testing.assert_allclose(loss["u_systematic"].values, [RULE_U * 20, np.nan])


def test_lake_evaporation_is_depth_times_mean_area_as_in_e8():
    _, _, volume = run({}, ("E", "R", "C", "rule:evaporation(MIN, PAN)", 15.0))
    np.testing.assert_allclose(volume[0] / 1e6, [54.66, np.nan])


def test_a_constant_counts_the_days_of_each_month():
    _, _, volume = run({}, ("W", "R", "C", "rule:constant(1000)", 30.0))
    np.testing.assert_allclose(volume[0], [31000, 28000])


def test_a_balancing_item_closes_its_account_and_inherits_uncertainty():
    sources, _, volume = run(
        {"IN": [100.0, 200.0]},
        ("F1", "R", "C", "IN", np.nan),
        ("REST", "C", "D", "rule:balance(C)", np.nan),
    )
    np.testing.assert_allclose(volume[1], [90, 180])
    rest = sources.sel(source="flow:REST")
    np.testing.assert_allclose(rest["u_systematic"].values, np.hypot([5, 10], [3, 4]))
    assert (rest["status"] == Status.BALANCING).all()


def test_rules_that_go_round_in_a_circle_are_named():
    with pytest.raises(UsageError, match="A -> B -> A"):
        run(
            {},
            ("A", "R", "C", "rule:share(B, 1)", np.nan),
            ("B", "C", "R", "rule:share(A, 1)", np.nan),
        )


def test_a_report_between_accounts_without_economy_is_refused():
    with pytest.raises(UsageError, match="neither end is economy"):
        run({}, ("A", "R", "C", "report:used", np.nan))


def test_consumption_by_coefficient_is_that_of_the_sector_and_modelled():
    sources, _, volume = run(
        {"Q": [100.0, np.nan], "K": [20.0, 20.0]},
        ("IN", "C", "D", "Q", np.nan),
        ("ON", "D", "C", "K", np.nan),  # handed on unused
        ("GONE", "D", "R", "rule:consumed(D)", np.nan),
        term={"GONE": "consumption"},
    )
    np.testing.assert_allclose(volume[2], [0.15 * 80, np.nan])
    assert sources.sel(source="flow:GONE")["status"][0] == Status.MODELLED
    u = sources.sel(source="flow:GONE")["u_systematic"].values[0]
    use = np.hypot(0.05 * 100, 0.05 * 20)
    assert u == pytest.approx(np.hypot(0.15 * use, 0.1 / np.sqrt(12) * 80))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("rule:consumed(C)", "no usual share"),
        ("rule:consumed(D, 1.2)", "cannot consume 1.2"),
        ("rule:consumed(R, 0.2)", "which nothing enters"),
    ],
)
def test_consumption_without_a_share_or_an_account_is_refused(rule, message):
    with pytest.raises(UsageError, match=message):
        run(
            {"Q": [1.0, 1.0]},
            ("IN", "R", "D", "Q", np.nan),
            ("X", "D", "R", rule, np.nan),
        )
