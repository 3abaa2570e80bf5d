"""Returns in the ledger: E11 and E23, each water once, the gaps shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ewater.balance.reported import reported_volumes
from ewater.balance.returns import approved, recirculation, settle, transactions
from ewater.reports import batch as batches
from ewater.reports import ledger
from ewater.terms import Status

BOUNDS = np.array(
    [pd.Timestamp(f"{y}-01-01", tz="Asia/Baku").value // 1000 for y in (2024, 2025)]
)
UTILITY = {
    "intake": [
        {"g4": "river", "g12": 100.0, "g25": 100.0, "g26": 20.0,
         "g42": "industry", "g42e": "E1", "g43": 60.0, "g44": "population", "g45": 20.0}
    ]
}  # fmt: skip
FACTORY = {
    "intake": [
        {"g4": "river", "g12": 40.0, "g29": 250.0, "g48": "sewer", "g48e": "U2",
         "g49": 50.0},
        {"g4": "network", "g7": "U1", "g12": 57.0},
    ],
    "discharge": [{"d4": "river", "d11": 30.0}],
}  # fmt: skip


@pytest.fixture
def told(form):
    batch = batches.of_contents(
        form, [("U1", "2024"), ("E1", "2024")], [UTILITY, FACTORY]
    )
    table = ledger.figures(batch, "Asia/Baku", [1, 1]).drop(columns="owner")
    for name in ("period_start", "period_end"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table


def total(table, item):
    return table.loc[table["item"] == item, "value"].sum()


def test_e11_withdrawal_is_what_is_abstracted_and_never_what_is_used(told):
    assert total(told, "abstraction") == 140.0
    assert total(told, "losses_in_conveyance") == 20.0
    assert total(told, "return_flow") == 30.0
    assert total(told, "received") == 57.0, "apart: it is no second withdrawal"
    settled = settle(approved(told)).reports
    deals = transactions(settled, BOUNDS).set_index(["supplier", "user"])
    deal = deals.loc[("U1", "E1")]
    assert deal["volume"] == pytest.approx(60e3), "the metered seller counts"
    assert deal["unmatched"] == pytest.approx(3e3)
    rates = recirculation(settled, {"E1": "industry"}, BOUNDS)
    assert rates["industry.rate"][0] == pytest.approx(0.7143, abs=1e-4)


def test_e23_recirculation_and_use_after_use_change_no_balance(form, made_content):
    batch = batches.of_contents(form, [("E1", "2024")], [made_content()])
    table = ledger.figures(batch, "Asia/Baku", [1])
    inside = sum(total(table, i) for i in ("losses_in_conveyance", "use", "passed_on"))
    assert total(table, "abstraction") == inside == 500.0


def test_what_is_metered_is_more_certain_and_silence_is_imputed(told, country_frames):
    frames = {
        "reports": told,
        "enterprises": country_frames["enterprises"],
        "sectors": country_frames["sectors"],
        "permits": country_frames["permits"].iloc[:0],
    }
    made = reported_volumes(frames, BOUNDS)
    supply = made.select("abstraction", {"D1"}, "water_supply").total(impute=True)
    assert supply.u_systematic[0] / supply.volume[0] == pytest.approx(0.025)
    norm = made.select("abstraction", {"D1"}, "industry")
    assert np.isnan(norm.total(impute=True).volume[0]), "OLD and NEW never answered"
    mine = norm.rows["enterprise"] == "E1"
    alone = type(norm)(
        rows=norm.rows[mine],
        **{
            n: getattr(norm, n)[mine.to_numpy()]
            for n in ("volume", "coverage", "earlier_volume", "earlier_coverage",
                      "metered")
        },
    )  # fmt: skip
    one = alone.total(impute=True)
    assert one.u_systematic[0] / one.volume[0] == pytest.approx(0.15)
    assert one.status[0] == Status.REPORTED
