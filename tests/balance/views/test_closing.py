"""Every view, on random countries and the national sample: identities and places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ewater.balance.account import account_of
from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.sectors import total_use
from ewater.balance.terms import term_totals
from ewater.balance.views import compiled
from ewater.balance.views.basis import Basis
from ewater.balance.views.evaluate import Evaluated
from ewater.store import folder

if TYPE_CHECKING:
    from types import SimpleNamespace

SAMPLE = Path(__file__).parents[3] / "data" / "samples" / "azerbaijan"
VIEWS = compiled.built_in()
few = settings(max_examples=6, phases=[Phase.explicit, Phase.generate])


def ledger_and_flows(make: SimpleNamespace, country: Any) -> tuple[Any, Any, Any]:
    """Ledger, flows and stocks of a random country, some flows through turbines."""
    frames = dict(country.frames)
    flows = frames["flows"].copy()
    flows["structure"] = None
    water = ("river", "lake", "reservoir")
    kind = frames["accounts"].set_index("code")["kind"]
    through = flows["from"].map(kind).isin(water) & flows["to"].map(kind).isin(water)
    flows.loc[through, "structure"] = "turbine"
    ledger = Ledger.build(frames | {"flows": flows})
    data = make.sources(
        country.volume, u_random={c: 0.05 * v for c, v in country.volume.items()}
    )
    resolved = resolve(ledger, data, make.weights(ledger, data))
    return ledger, resolved, make.stocks(country.stock, resolved.bounds.size - 1)


def volumes_of(country: Any) -> float:
    """Sum of all volumes, for what rounding may leave."""
    return float(
        sum(
            np.nansum(np.abs(v))
            for v in (*country.volume.values(), *country.stock.values())
        )
    )


def every_view(make: SimpleNamespace, country: Any) -> Any:
    """All views of a random country, over one basis."""
    ledger, flows, stocks = ledger_and_flows(make, country)
    basis = Basis.of(ledger, flows, stocks)
    return [Evaluated(compiled.find(name), basis) for name in VIEWS]


def test_every_identity_holds_and_every_flow_has_one_place(
    make: SimpleNamespace,
) -> None:
    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        for view in every_view(make, country):
            for closure in view.closures.values():
                assert closure.structural, closure.identity
            for left in view.not_placed:
                for row in range(view.basis.rows.size):
                    assert left.flows(row) == {}

    holds()


def test_cells_of_the_identities_add_up_as_numbers(make: SimpleNamespace) -> None:
    @few
    @given(make.countries(whole=True))
    def holds(country: Any) -> None:
        for view in every_view(make, country):
            for identity in view.view.closes:
                total = 0.0
                for part in identity.replace("- ", "-").replace("+ ", "").split():
                    cell = view.linear[part.lstrip("-")]
                    total = total + (-1 if part[0] == "-" else 1) * cell.totals.known
                np.testing.assert_allclose(total, 0.0, atol=1e-9 * volumes_of(country))

    holds()


@pytest.mark.parametrize("name", [n for n in VIEWS if n != "indicators"])
def test_the_sample_closes_in_every_territory(make: SimpleNamespace, name: str) -> None:
    view = Evaluated(compiled.find(name), sample(make))
    assert all(closure.structural for closure in view.closures.values())
    for left in view.not_placed:
        lost = [left.flows(row) for row in range(view.basis.rows.size)]
        assert not any(lost)


def sample(make: SimpleNamespace, **kinds: Any) -> Basis:
    """National sample with made-up volumes: the structure is what matters."""
    frames = folder.read(SAMPLE)
    frames["site_territories"] = None
    frames = {k: v for k, v in frames.items() if v is not None}
    ledger = Ledger.build(frames)
    volume = {code: float(n + 1) for n, code in enumerate(ledger.flows)}
    data = make.sources(volume, u_systematic={c: 0.1 * v for c, v in volume.items()})
    flows = resolve(ledger, data, make.weights(ledger, data))
    stocked = {str(a): [5.0, 7.0] for a in ledger.accounts[ledger.stocked]}
    return Basis.of(ledger, flows, make.stocks(stocked, 1), **kinds)


def test_views_agree_with_the_account_and_its_totals(make: SimpleNamespace) -> None:
    basis = sample(make)
    ledger, flows = basis.ledger, basis.flows
    plain = resolve_again(make, ledger)
    stocked = {str(a): [5.0, 7.0] for a in ledger.accounts[ledger.stocked]}
    stocks = make.stocks(stocked, 1)
    asset = Evaluated(compiled.find("seea_asset"), basis)
    water = account_of(ledger, plain, stocks, boundary="water_resources")
    np.testing.assert_allclose(
        asset.linear["residual.total"].totals.known, water["residual_known"], atol=1e-6
    )
    np.testing.assert_allclose(
        np.sqrt(asset.linear["residual.total"].totals.variance),
        water["residual_u"],
        rtol=1e-9,
    )
    statutory = Evaluated(compiled.find("statutory"), basis)
    managed = account_of(ledger, plain, stocks, boundary="managed")
    np.testing.assert_allclose(
        statutory.linear["residual"].totals.known, managed["residual_known"], atol=1e-6
    )
    plus = Evaluated(compiled.find("wa_plus"), basis)
    whole = account_of(ledger, plain, stocks, boundary="territory")
    np.testing.assert_allclose(
        plus.linear["residual"].totals.known, whole["residual_known"], atol=1e-6
    )
    nation = list(ledger.territories).index("AZ")
    assert np.isfinite(asset.cell("inflow_upstream.total").value[nation]).all()
    indicators = Evaluated(compiled.find("indicators"), basis)
    use = total_use(ledger, plain)
    np.testing.assert_allclose(
        indicators.linear["use"].totals.known, use["use_known"], atol=1e-6
    )
    np.testing.assert_allclose(
        np.sqrt(indicators.linear["use"].totals.variance), use["use_u"], rtol=1e-9
    )
    terms = term_totals(ledger, plain)["volume"]
    for cell, term in (
        ("abstraction", "abstraction"),
        ("losses", "losses_in_conveyance"),
    ):
        np.testing.assert_allclose(
            indicators.linear[cell].totals.known, terms.sel(term=term), rtol=1e-12
        )
    assert flows.codes.size > plain.codes.size  # the Araz leaves and comes back


def resolve_again(make: SimpleNamespace, ledger: Ledger) -> Any:
    """Flows of the sample without the pairs that a basis adds."""
    volume = {code: float(n + 1) for n, code in enumerate(ledger.flows)}
    data = make.sources(volume, u_systematic={c: 0.1 * v for c, v in volume.items()})
    return resolve(ledger, data, make.weights(ledger, data))


BROKEN = """
view: broken
title: {az: a, en: a, ru: a}
source: test
rows:
  - code: inflow
    label: {az: a, en: a, ru: a}
    flows:
      - {from: [neighbour], to: [open_water], at: to}
      - {from: [soil], to: [river], at: to}
      - {term: [runoff], to: [open_water], at: to}
  - code: outflow
    label: {az: a, en: a, ru: a}
    flows: [{from: [open_water], to: [neighbour], at: from}]
closes: [inflow - outflow]
places:
  - label: {az: a, en: a, ru: a}
    expected:
      - {to: [open_water], at: to}
      - {from: [open_water], at: from, sign: -1}
    cells: inflow - outflow
"""


def test_a_view_that_loses_or_doubles_a_flow_says_so(country: Any) -> None:
    found = country(
        ("in", "NB", "RIVER", "inflow_from_neighbours", 9.0),
        ("run", "SOIL", "RIVER", "runoff", 4.0),
        ("out", "RIVER", "SEA", "outflow_to_sea", 7.0),
    )
    view = found.view(compiled.parse(BROKEN, "broken.yaml"))
    (left,) = view.not_placed
    assert left.flows(0) == {"out": -1.0, "run": -1.0}
    assert left.volume.value[0, 0] == -11.0
    (closure,) = view.closures.values()
    assert not closure.structural
    assert closure.value[0, 0] == 17.0


def test_districts_and_basins_add_up_to_the_nation(make: SimpleNamespace) -> None:
    """Of sums that do not ask what crosses a border between them."""

    @few
    @given(make.countries())
    def holds(country: Any) -> None:
        tolerance = 1e-9 * volumes_of(country)
        for view in every_view(make, country):
            place = {str(t): n for n, t in enumerate(view.basis.ledger.territories)}
            for code in view.linear:
                if asks_what_crosses(view, code):
                    continue
                known = view.linear[code].totals.known
                for parts in (("D1", "D2"), ("B1a", "B1b", "B2")):
                    total = sum(known[place[part]] for part in parts)
                    nation = known[place["AZ"]]
                    np.testing.assert_allclose(total, nation, rtol=1e-9, atol=tolerance)

    holds()


def asks_what_crosses(view: Evaluated, code: str) -> bool:
    """Whether a cell is made of what crosses the border of a territory."""
    return any(
        flow.at in ("enters", "leaves", "within")
        for part in view.compiled.linear[code] or {}
        for flow in view.compiled.cells[part].row.flows or ()
    )


def test_an_empty_territory_has_zeros_and_no_coverage(country: Any) -> None:
    found = country(
        ("in", "NB", "RIVER", "inflow_from_neighbours", 9.0),
        parts={"WET": ("RIVER",), "DRY": ()},
        territories=("DRY",),
    )
    view = found.view("seea_asset")
    cell = view.cell("additions.total")
    assert cell.value[0, 0] == 0.0
    assert np.isnan(cell.coverage[0, 0])
    assert np.isnan(found.value("indicators.loss_of_use"))
    assert view.why("additions.total", 0, 0) is None
    assert found.view("indicators").why("loss_of_use", 0, 0) == "undefined"


@given(st.sampled_from(VIEWS))
@few
def test_labels_are_there_in_three_languages(name: str) -> None:
    view = compiled.find(name).view
    for words in (view.title, *(row.label for row in view.rows)):
        assert all((words.az.strip(), words.en.strip(), words.ru.strip()))
        assert words.az != words.en
