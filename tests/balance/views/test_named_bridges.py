"""The bridges that are named exist, and lead between figures of one unit."""

from __future__ import annotations

import pytest

from ewater.balance.views import compiled

ASKED = {
    ("indicators.loss_of_use", "indicators.loss_of_abstraction"),
    ("indicators.stress_lta", "indicators.stress_actual"),
    ("indicators.use", "indicators.use_with_losses"),
    ("indicators.agriculture_of_use", "indicators.agriculture_of_abstraction"),
    ("indicators.agriculture_of_use", "indicators.agriculture_of_consumption"),
    ("indicators.agriculture_of_abstraction", "indicators.agriculture_of_consumption"),
}


def test_every_bridge_that_the_views_must_have_is_named():
    assert {(one["from"], one["to"]) for one in compiled.bridges()} >= ASKED


@pytest.mark.parametrize("one", compiled.bridges(), ids=lambda one: one["code"])
def test_a_named_bridge_joins_cells_of_one_unit(one):
    assert set(one["title"]) == {"az", "en", "ru"}
    units = set()
    for name in (one["from"], one["to"]):
        view, _, cell = name.partition(".")
        units.add(compiled.find(view).cell(cell).row.unit)
    assert len(units) == 1


def test_every_published_item_stands_for_a_cell_that_is_there():
    for name in compiled.published().values():
        view, _, cell = name.partition(".")
        compiled.find(view).cell(cell)
