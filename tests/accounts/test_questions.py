"""What pages ask about views, losses and meters, and what a scope does not get."""

from __future__ import annotations

import datetime as dt

import pytest

from ewater.accounts.scope import Scope
from ewater.balance.views import compiled
from ewater.dashboard.questions import views, where
from ewater.errors import ForbiddenError, UsageError

pytestmark = pytest.mark.db

YEAR = dt.date(2023, 1, 1), dt.date(2024, 1, 1)
MONTH = dt.date(2023, 4, 1), dt.date(2023, 5, 1)
ALL = Scope()


def test_a_page_is_given_views_and_bridges_of_a_territory_and_period(measured):
    listed = views.views(measured, ALL)
    own = [row["view"] for row in listed if row["own"]]
    assert own == ["own"]
    assert {row["view"] for row in listed} == {*compiled.built_in(), *own}
    document = views.table(measured, ALL, "indicators", "TB", *MONTH)
    (period,) = document["periods"]
    assert period["start"].startswith("2023-04-01")
    named = {row["code"]: row for row in views.bridges(measured, ALL)}
    assert named["losses"]["title"]["ru"]
    assert named["water_used_total"]["to"] == "published:water_used_total"
    bridge = views.bridge(
        measured, ALL, "indicators.abstraction", "indicators.use", "TB", *MONTH
    )
    (period,) = bridge["periods"]
    lines = sum(line["value"] for line in period["lines"])
    assert period["from"] + lines == pytest.approx(period["to"])
    with pytest.raises(UsageError, match="no view 'nothing'"):
        views.table(measured, ALL, "nothing", "TB", *MONTH)


def test_published_items_stand_beside_the_cells_that_the_file_says(measured):
    items = tuple(compiled.published())
    found = views.counterparts(measured, ALL, (*items, "unheard_of"), "TB", *YEAR)
    assert found.keys() == set(items)
    for item, cell in compiled.published().items():
        assert found[item]["cell"] == cell
        view, _, code = cell.partition(".")
        document = views.table(measured, ALL, view, "TB", *YEAR)
        assert found[item]["value"] == document["periods"][0]["cells"][code]["value"]


def test_a_page_is_given_losses_and_meters_of_its_period(measured):
    whole = where.losses(measured, ALL, "TB", *YEAR)
    assert {row["account"] for row in whole} >= {"RIVER-UP", "RIVER-LOW"}
    decades = where.losses(measured, ALL, "TB", *MONTH, "decade")
    assert sorted({row["period_start"][8:10] for row in decades}) == ["01", "11", "21"]
    found = where.meters(measured, ALL, "inflow_from_neighbours", "TB", *MONTH)
    assert len(found["u"]) == 1
    (meter,) = found["meters"]
    assert (meter["flow"], meter["from"], meter["to"]) == ("IN", "NB", "RIVER-UP")


def test_a_scope_is_told_of_its_territories_and_sites_alone(measured):
    east = Scope(territories=("EAST",))
    for question in (
        lambda code: views.table(measured, east, "section", code, *YEAR),
        lambda code: views.bridge(
            measured, east, "indicators.use", "indicators.use", code, *YEAR
        ),
        lambda code: views.counterparts(measured, east, (), code, *YEAR),
        lambda code: where.losses(measured, east, code, *YEAR),
        lambda code: where.meters(
            measured, east, "inflow_from_neighbours", code, *YEAR
        ),
    ):
        for outside in ("TB", "WEST", "NOWHERE"):
            with pytest.raises(ForbiddenError, match=outside):
                question(outside)
        question("EAST")
    agency = Scope(organisations=("Water Agency",))  # it has the pump station alone
    assert where.losses(measured, agency, "TB", *YEAR) == []
    found = where.meters(measured, agency, "inflow_from_neighbours", "TB", *YEAR)
    assert found["meters"] == []
    gauges = Scope(organisations=("Hydromet",))
    mine = where.losses(measured, gauges, "TB", *YEAR)
    assert {row["account"] for row in mine} == {"RIVER-UP", "RIVER-LOW"}
