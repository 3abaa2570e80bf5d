"""Territory: account, partners, trend, losses, meters."""

from __future__ import annotations

import pytest

from ewater.dashboard import totals, view
from ewater.dashboard.figures.parts import band, runs
from ewater.dashboard.i18n import language
from ewater.dashboard.pages.territory import account, partners, trend, where
from ewater.dashboard.queries import CachedReader
from ewater.dashboard.state import State

EN = language("en")
STATE = State(territory="B-NORTH", year=2023)


@pytest.fixture(scope="module")
def cached(reader):
    return CachedReader(reader)


def test_every_line_of_the_account_can_be_explained(cached):
    sheet = account.account_sheet(cached, STATE, EN)
    cells = [row["cell"] for row in sheet.rows]
    assert cells[:4] == [
        f"balance.{name}"
        for name in ("inflow", "outflow", "storage_change", "residual")
    ]
    assert "balance.sectors.agriculture.use" in cells
    assert "balance.terms.abstraction" in cells
    residual = sheet.rows[3]
    assert residual["z"] == residual["value"]["z"]
    assert residual["verdict"] in ("Closed", "Watch", "Investigate")


def test_a_signed_line_with_a_gap_is_bounded_by_nothing(cached):
    rows = account.account_sheet(cached, State(territory="TL", year=2024), EN).rows
    inflow, residual = rows[0]["value"], rows[3]["value"]
    assert inflow["value"] is None
    assert inflow["known"] > 0
    assert residual["value"] is None
    assert residual["known"] is None
    assert rows[3]["verdict"] == "Cannot be judged"


def test_shares_of_statuses_are_one(cached):
    for row in account.known_sheet(cached, STATE, EN).rows:
        parts = ("measured", "reported", "estimated", "unknown")
        assert sum(row[p] for p in parts) == pytest.approx(1)


def test_a_shared_reach_leaves_only_the_net(cached):
    sheet = partners.sheet(cached, STATE, EN)
    rows = {row["name"]: row for row in sheet.rows}
    assert set(rows) == {"Georgia", "Middle", "Sea"}
    assert rows["Middle"]["received"] is None
    assert rows["Middle"]["net"]["value"] == -110e6
    assert "shared reach" in rows["Middle"]["note"]
    assert rows["Georgia"]["cell"] == "balance.neighbours.NB.GE.inflow"
    received, given, net = partners.chart(sheet, STATE, EN)["data"]
    place = received["y"].index("Middle")
    assert received["x"][place] is None
    assert given["x"][received["y"].index("Sea")] == -700
    assert net["x"][place] == -110


def test_a_year_with_a_gap_breaks_the_line_and_shows_what_is_known(cached):
    sheet = trend.sheet(cached, State(territory="TL", year=2023), EN)
    assert [row["year"] for row in sheet.rows] == [
        "2021",
        "2022",
        "2023",
        "2024",
        "2025",
    ]
    figure = trend.chart(sheet, STATE, EN)
    inflow = [t for t in figure["data"] if t.get("name") == "Inflow"]
    line, partly = inflow
    assert line["y"][3] is None
    assert line["connectgaps"] is False
    assert partly["y"][:3] == [None, None, None]
    assert partly["y"][3] > 0
    areas = [t for t in figure["data"] if t.get("fill") == "toself"]
    of_inflow = [t for t in areas if t["yaxis"] == "y"]
    assert [len(t["x"]) for t in of_inflow] == [6, 2]


def test_losses_keep_open_ranks_and_unknown_ones_are_not_drawn(cached):
    sheet = where.losses_sheet(cached, STATE, EN)
    assert [row["rank"] for row in sheet.rows] == ["1–2", "1–2", "—"]
    assert sheet.rows[2]["note"].startswith("2 flows without data")
    through = [
        flow
        for flow in cached.flows("TL", STATE.start, STATE.end)
        if "D00.CAN" in (flow["from"], flow["to"])
    ]
    whole = totals.add(map(totals.of_flow, through))
    assert sheet.rows[0]["coverage"] == pytest.approx(whole["coverage"])
    assert sheet.rows[0]["status"] == whole["status"]
    assert sheet.rows[0]["cell"] == "balance.accounts.D00.CAN"
    assert sheet.facts.statuses
    figure = where.losses_chart(sheet, STATE, EN)
    key, canal = (t for t in figure["data"] if t["name"] == "Canal")
    assert (key["showlegend"], canal["showlegend"]) == (True, False)
    assert canal["x"] == [50]
    assert canal["error_x"]["array"] == [12]
    assert not any(t["name"] == "Utility" for t in figure["data"])


def test_meters_take_the_uncertainty_down_one_by_one(cached):
    state = STATE.with_more("meter_total", "inflow")
    sheet = where.meters_sheet(cached, state, EN)
    assert [row["number"] for row in sheet.rows] == [1, 2]
    assert any("D11.SHOPS" in note for note in sheet.notes)
    inflow = view.load(cached, STATE).period["inflow"]
    assert sheet.facts.coverage == inflow["coverage"]
    assert sheet.facts.statuses == inflow["status_shares"]
    assert any("Inflow is known to ± 100 hm³" in note for note in sheet.notes)
    (bars,) = where.meters_chart(sheet, state, EN)["data"]
    assert bars["y"] == pytest.approx([100, 100 * 0.4**0.5, 100 * 0.1**0.5])


def test_an_area_is_drawn_for_each_stretch_without_a_gap():
    assert runs([None, 1, 2, None, 3]) == [range(1, 3), range(4, 5)]
    areas = band(["a", "b", "c"], [1.0, None, 3.0], [0.5, 0.5, 1.0], "#000000")
    assert [(area["x"], area["y"]) for area in areas] == [
        (["a", "a"], [0.5, 1.5]),
        (["c", "c"], [2.0, 4.0]),
    ]
