"""Bridges: the lines lead from one figure to the other and nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.views import compiled
from ewater.balance.views.basis import Basis, Given
from ewater.balance.views.bridge import bridge, published, to_published
from ewater.balance.views.evaluate import Evaluated
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

VOLUMES = [
    "indicators.use", "indicators.use_with_losses", "indicators.abstraction",
    "seea_supply_use.use.total", "seea_supply_use.consumption.total",
    "seea_asset.residual.total", "seea_asset.closing.total", "wa_plus.residual",
    "iwa.nrw", "section.before_environment", "statutory.residual", "indicators.trwr",
    "indicators.trwr_lta",
]  # fmt: skip
SHARES = [
    "indicators.loss_of_use", "indicators.loss_of_abstraction",
    "indicators.loss_of_intake", "indicators.agriculture_of_use",
    "indicators.agriculture_of_abstraction", "indicators.agriculture_of_consumption",
    "indicators.exploitation_lta", "indicators.exploitation_actual",
    "indicators.stress_lta", "indicators.wei_plus", "indicators.wei_plus_inflow",
]  # fmt: skip
E22 = (
    ("head", "RIVER", "CANAL", "abstraction", 12_806.4),
    ("seep", "CANAL", "GW", "losses_in_conveyance", 3_034.4),
    ("fields", "CANAL", "FARM", "delivery", 7_207.0),
    ("homes", "CANAL", "HH", "delivery", 342.7),
    ("works", "CANAL", "IND", "delivery", 2_145.0),
)


def ends(found: Any, name: str) -> tuple[Evaluated, str]:
    view, _, cell = name.partition(".")
    return found.view(view), cell


def total(lines: Any) -> Any:
    return sum(line.value for line in lines)


@pytest.mark.parametrize("pool", [VOLUMES, SHARES], ids=["volumes", "shares"])
def test_lines_add_up_to_the_difference(make: SimpleNamespace, pool: list[str]) -> None:
    volumes = st.one_of(st.just(0.0), st.floats(1.0, 1e9))

    @settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
    @given(make.countries(volumes), st.sampled_from(pool), st.sampled_from(pool))
    def holds(country: Any, first: str, second: str) -> None:
        ledger = Ledger.build(country.frames)
        data = make.sources(country.volume)
        flows = resolve(ledger, data, make.weights(ledger, data))
        given_ = {
            name: Given(value=np.full((7, 2), value), u=np.zeros((7, 2)))
            for name, value in (
                ("irwr_surface", 5e9),
                ("irwr_groundwater", 6e9),
                ("irwr_overlap", 4e9),
                ("erwr", 2e10),
                ("environmental_flow_requirement", 1e10),
            )
        }
        stocks = make.stocks(country.stock, 2)
        basis = Basis.of(ledger, flows, stocks, inputs=given_)
        views = [
            Evaluated(compiled.find(name.partition(".")[0]), basis)
            for name in (first, second)
        ]
        cells = [name.partition(".")[2] for name in (first, second)]
        found = bridge(views[0], cells[0], views[1], cells[1])
        difference = found.end - found.start
        known = np.isfinite(difference)
        through = max(
            (np.nanmax(np.abs(line.value), initial=0.0) for line in found.lines),
            default=0.0,
        )
        scale = max(np.nanmax(np.abs(found.start), initial=0.0), through, 1.0)
        if found.unit == "m3":
            scale = max(scale, 1e11)
        steps = total(found.lines) + np.zeros_like(difference)
        finite = known & np.isfinite(steps)  # a denominator may pass through zero
        np.testing.assert_allclose(
            steps[finite], difference[finite], rtol=1e-9, atol=1e-9 * scale
        )
        if found.unit == "m3":
            assert finite[known].all()

    holds()


def test_from_use_without_losses_to_use_with_them(country: Callable[..., Any]) -> None:
    found = country(*E22)
    (line,) = bridge(
        *ends(found, "indicators.use"), *ends(found, "indicators.use_with_losses")
    ).lines
    assert line.label["en"] == "losses in conveyance (canal → groundwater)"
    assert line.label["az"] == "nəqletmədə itkilər (kanal → yeraltı sular)"
    assert line.value[0, 0] == 3_034.4


def test_losses_as_a_share_of_use_and_of_abstraction(
    country: Callable[..., Any],
) -> None:
    found = country(*E22, u_systematic={"head": 128.0, "seep": 300.0})
    shares = bridge(
        *ends(found, "indicators.loss_of_use"),
        *ends(found, "indicators.loss_of_abstraction"),
    )
    assert [line.label["en"] for line in shares.lines] == [
        "denominator: abstraction (river → canal)",
        "denominator: delivery (canal → economy)",
    ]
    # 9694.7 is used: first + 12,806.4 in the denominator, then - 9,694.7
    first, second = (line.value[0, 0] for line in shares.lines)
    both = 9_694.7 + 12_806.4
    assert first == pytest.approx(100 * 3034.4 * (1 / both - 1 / 9_694.7))
    assert second == pytest.approx(100 * 3034.4 * (1 / 12_806.4 - 1 / both))
    u = 100 * 300.0 * abs(1 / both - 1 / 9_694.7)
    of_head = 100 * 3034.4 / both**2 * 128.0
    assert shares.lines[0].u[0, 0] == pytest.approx(np.hypot(u, of_head))


def test_stress_on_long_term_and_on_actual_resources(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("rain", "SOIL", "RIVER", "runoff", 6.0),
        ("in", "NB", "RIVER", "inflow_from_neighbours", 16.0),
        ("take", "RIVER", "FARM", "abstraction", 12.0),
        inputs={
            "irwr_surface": 8.0,
            "irwr_groundwater": 0.0,
            "irwr_overlap": 0.0,
            "erwr": 26.0,
        },
    )
    lines = bridge(
        *ends(found, "indicators.exploitation_actual"),
        *ends(found, "indicators.exploitation_lta"),
    ).lines
    labels = [line.label["en"] for line in lines]
    assert labels == [
        "denominator: given: erwr",
        "denominator: given: irwr_groundwater",
        "denominator: given: irwr_overlap",
        "denominator: given: irwr_surface",
        "denominator: runoff (soil → river)",
        "denominator: inflow from neighbours (neighbour → river)",
    ]
    assert total(lines)[0, 0] == pytest.approx(100 * 12 / 34 - 100 * 12 / 22)


def test_agriculture_under_three_definitions(country: Callable[..., Any]) -> None:
    found = country(*E22, ("crops", "FARM", "AIR", "consumption", 5_000.0))
    names = [
        "agriculture_of_use",
        "agriculture_of_abstraction",
        "agriculture_of_consumption",
    ]
    for first in names:
        for second in names:
            made = bridge(
                *ends(found, f"indicators.{first}"),
                *ends(found, f"indicators.{second}"),
            )
            gap = made.end - made.start - total(made.lines)
            np.testing.assert_allclose(gap, 0.0, atol=1e-10)
            assert bool(made.lines) == (first != second)


def test_e22_published_use_leaves_what_its_parts_do_not_say(
    country: Callable[..., Any],
) -> None:
    found = country(*E22)
    start = ends(found, "indicators.use")
    there = ends(found, "indicators.use")
    value = np.array([[9_772.0]])
    (line,) = to_published(*start, there, value).lines
    assert line.label["en"] == "unexplained"
    assert line.value[0, 0] == pytest.approx(77.3)


def test_definitions_lead_to_a_published_figure_as_far_as_they_go(
    country: Callable[..., Any],
) -> None:
    found = country(*E22)
    view, cell = published()["water_used_total"]
    made = to_published(
        *ends(found, "indicators.abstraction"),
        ends(found, f"{view}.{cell}"),
        np.array([[9_772.0]]),
    )
    named = {line.label["en"]: line.value[0, 0] for line in made.lines}
    assert named == {
        "delivery (canal → economy)": pytest.approx(9_694.7),
        "abstraction (river → canal)": pytest.approx(-12_806.4),
        "unexplained": pytest.approx(77.3),
    }
    alone = to_published(*ends(found, "indicators.use"), None, np.array([[1.0]]))
    assert [line.label["en"] for line in alone.lines] == ["unexplained"]


def test_a_gap_is_in_its_line_and_in_no_other(country: Callable[..., Any]) -> None:
    rows = [(*row[:4], np.nan) if row[0] == "seep" else row for row in E22]
    found = country(*rows)
    made = bridge(
        *ends(found, "indicators.use_with_losses"),
        *ends(found, "indicators.abstraction"),
    )
    by_label = {line.label["en"]: line for line in made.lines}
    lost = by_label["losses in conveyance (canal → groundwater)"]
    assert np.isnan(lost.value[0, 0])
    assert lost.missing(0, 0) == ["seep"]
    assert by_label["abstraction (river → canal)"].value[0, 0] == 12_806.4
    assert np.isnan(made.start[0, 0])


def test_figures_that_no_bridge_can_join_are_refused(
    country: Callable[..., Any],
) -> None:
    found, other = country(*E22), country(*E22)
    use, share = ends(found, "indicators.use"), ends(found, "indicators.loss_of_use")
    with pytest.raises(UsageError, match="two volumes, or two shares"):
        bridge(*use, *share)
    with pytest.raises(UsageError, match="one ledger"):
        bridge(*use, *ends(other, "indicators.use"))
    with pytest.raises(UsageError, match=r"iwa\.real is neither a sum of flows nor"):
        bridge(*use, *ends(found, "iwa.real"))
    with pytest.raises(UsageError, match="has no cell 'nothing'"):
        bridge(*use, *ends(found, "indicators.nothing"))


def test_every_published_item_stands_for_a_cell_that_is_there() -> None:
    for view, cell in published().values():
        compiled.find(view).cell(cell)
