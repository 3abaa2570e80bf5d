"""Returns of one mind: METHODS 6, E11, E23."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ewater.accounts.returned import Returned
from ewater.balance.reported import reported_volumes
from ewater.balance.returns import approved, recirculation, settle, transactions

COLUMNS = (
    "enterprise", "period_start", "period_end", "item", "value", "unit", "source",
    "purpose", "status", "counterparty", "revision",
)  # fmt: skip
YEAR = ("2023-01-01", "2024-01-01")
QUARTERS = ("2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01")


def bounds(*days):
    return np.array([pd.Timestamp(d, tz="UTC").value // 1000 for d in days], np.int64)


def reports(*rows):
    """Rows of enterprise, item, value, counterparty, start, end."""
    full = [(*row, *(None, *YEAR)[len(row) - 3 :]) for row in rows]
    frame = pd.DataFrame(
        [
            (e, start, end, item, value, "hm3", None, None, "approved", other, 0)
            for e, item, value, other, start, end in full
        ],
        columns=COLUMNS,
    )
    for column in ("period_start", "period_end"):
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.as_unit("us")
    return frame


def settled(*rows):
    return settle(approved(reports(*rows)))


E11 = (
    ("UTIL", "abstraction", 100.0),
    ("UTIL", "delivery", 60.0, "IND"),
    ("UTIL", "delivery", 20.0, "TOWN"),
    ("IND", "received", 60.0, "UTIL"),
    ("IND", "abstraction", 40.0),
    ("IND", "recirculation", 250.0),
    ("IND", "wastewater", 50.0, "SEWER"),
    ("TOWN", "received", 18.0, "UTIL"),
    ("SEWER", "received", 64.0),
)


def test_e11_a_delivery_that_both_sides_report_counts_once():
    deals = transactions(settled(*E11).reports, bounds(*YEAR))
    found = deals.set_index(["supplier", "user"])
    assert found.loc[("UTIL", "IND"), "volume"] == 60e6
    assert found.loc[("UTIL", "IND"), "unmatched"] == 0
    assert found.loc[("UTIL", "TOWN"), "volume"] == 20e6  # the seller's
    assert found.loc[("UTIL", "TOWN"), "unmatched"] == 2e6
    assert np.isnan(found.loc[("IND", "SEWER"), "unmatched"])  # one side only
    assert len(found) == 3


def test_e11_recirculation_is_apart():
    rates = recirculation(settled(*E11).reports, {"IND": "industry"}, bounds(*YEAR))
    assert rates["industry.rate"] == pytest.approx(0.7142857)
    assert rates["industry.fresh"] == 100e6  # 40 of its own, 60 received, once
    assert set(rates) == {f"industry.{m}" for m in ("recirculated", "fresh", "rate")}


def test_e11_withdrawal_counts_abstraction_and_no_receipt():
    frames = {
        "reports": reports(*E11),
        "enterprises": pd.DataFrame(
            {"code": ["UTIL", "IND"], "isic": ["36", "C"], "territory": ["D", "D"]}
        ),
        "sectors": pd.DataFrame(
            {"isic": ["36", "C"], "sector": ["water_supply", "industry"]}
        ),
        "permits": pd.DataFrame(
            {
                n: pd.Series(dtype="datetime64[us, UTC]")
                for n in ("valid_from", "valid_to")
            }
        ).assign(enterprise=pd.Series(dtype=object)),
    }
    found = reported_volumes(frames, bounds(*YEAR))
    withdrawn = sum(
        found.select("abstraction", {"D"}, sector).total(impute=False).volume[0]
        for sector in ("water_supply", "industry")
    )
    assert withdrawn == pytest.approx(140e6)


def test_e23_recirculation_of_a_2tp_row_changes_nothing_else():
    row = [
        ("E", "abstraction", 500.0), ("E", "losses_in_conveyance", 40.0),
        ("E", "use", 310.0), ("E", "passed_on", 150.0),
    ]  # fmt: skip
    more = [*row, ("E", "wastewater", 120.0), ("E", "recirculation", 2000.0)]
    plain, full = (
        settled(*rows).reports.set_index("item")["volume"] for rows in (row, more)
    )
    assert plain["abstraction"] == plain[plain.index != "abstraction"].sum() == 500e6
    pd.testing.assert_series_equal(full[plain.index], plain)
    rates = recirculation(settled(*more).reports, {"E": "industry"}, bounds(*YEAR))
    assert rates["industry.rate"] == pytest.approx(2000 / (2000 + 500 - 150))


def test_a_plant_that_hides_its_intake_makes_the_rate_unknown():
    told = settled(
        ("A", "recirculation", 5.0),
        ("A", "abstraction", 5.0),
        ("B", "recirculation", 1.0),
    ).reports
    rates = recirculation(told, {"A": "industry", "B": "industry"}, bounds(*YEAR))
    assert rates["industry.recirculated"] == 6e6
    assert np.isnan(rates["industry.rate"])


def quarters(*values):
    edges = pairwise(QUARTERS)
    return [
        ("E", "use", value, None, start, end)
        for value, (start, end) in zip(values, edges, strict=False)
    ]


def test_the_year_wins_over_its_quarters_which_give_it_its_course():
    found = settled(("E", "use", 20.0), *quarters(1.0, 2.0, 3.0, 4.0))
    np.testing.assert_allclose(found.reports["volume"], [2e6, 4e6, 6e6, 8e6])
    (row,) = found.revised.to_dict("records")
    assert (row["whole"], row["parts"], row["difference"]) == (20e6, 10e6, 10e6)


def test_quarters_that_do_not_fill_the_year_are_set_aside_and_shown():
    found = settled(("E", "use", 20.0), *quarters(1.0, 2.0))
    assert found.reports["volume"].tolist() == [20e6]
    assert found.revised["parts"].tolist() == [3e6]


def test_returns_side_by_side_are_left_alone():
    found = settled(*quarters(1.0, 2.0, 3.0, 4.0), ("F", "use", 9.0))
    assert sorted(found.reports["volume"]) == [1e6, 2e6, 3e6, 4e6, 9e6]
    assert found.revised.empty


def test_a_refusal_is_no_zero_and_no_answer():
    told = approved(reports(("E", "use", np.nan), ("F", "use", 0.0)))
    assert np.isnan(told.set_index("enterprise").loc["E", "volume"])
    kept = settle(told).reports
    assert kept["enterprise"].tolist() == ["F"]
    assert kept["volume"].tolist() == [0.0]


def test_a_deal_of_which_one_side_covers_less_time_is_not_compared():
    half = ("IND", "received", 30.0, "UTIL", "2023-01-01", "2023-07-01")
    found = transactions(
        settled(("UTIL", "delivery", 60.0, "IND"), half).reports, bounds(*YEAR)
    )
    assert found["received"].tolist() == [30e6]
    assert np.isnan(found["unmatched"]).all()


def test_what_disagrees_is_shown_in_every_territory_of_either_side():
    frames = {
        "reports": reports(
            *E11, ("UTIL", "use", 1.0), ("UTIL", "use", 0.4, None, *QUARTERS[:2])
        ),
        "enterprises": pd.DataFrame(
            {
                "code": ["UTIL", "IND", "TOWN"],
                "isic": ["36", "C", "T"],
                "territory": ["D1", "D1", "D2"],
            }
        ),
        "sectors": pd.DataFrame({"isic": ["C"], "sector": ["industry"]}),
        "territories": pd.DataFrame(
            {"code": ["N", "D1", "D2"], "parent": [None, "N", "N"]}
        ),
    }
    returned = Returned(frames, bounds("2023-01-01", "2023-07-01", "2024-01-01"))
    first, _ = returned.of("D2")
    assert [(d["supplier"], d["user"]) for d in first["unmatched"]] == [
        ("UTIL", "TOWN")
    ]
    assert first["unmatched"][0]["unmatched"] == pytest.approx(2e6 * 181 / 365)
    assert first["recirculation"] == {}
    nation, later = returned.of("N")
    assert nation["recirculation"]["industry"]["rate"] == pytest.approx(0.7142857)
    assert [r["parts"] for r in nation["revised"]] == [0.4e6]
    assert later["revised"] == nation["revised"]
