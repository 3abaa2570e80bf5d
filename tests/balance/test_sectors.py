"""Use, gross use and consumption by sector: METHODS E11, E23, DESIGN "Use"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ewater.balance.flows import resolve
from ewater.balance.ledger import Ledger
from ewater.balance.sectors import sector_totals
from ewater.balance.terms import term_totals

if TYPE_CHECKING:
    from types import SimpleNamespace

    import xarray as xr

USERS = (
    ("UTIL", "economy", "AZ", "water_supply"),
    ("IND", "economy", "AZ", "industry"),
    ("HH", "economy", "AZ", "households"),
    ("SEWER", "economy", "AZ", "sewerage"),
    ("FARM", "economy", "AZ", "agriculture"),
    ("CANAL", "canal", "AZ"),
    ("RIVER", "river", "AZ"),
    ("AQUIFER", "groundwater", "AZ"),
    ("SEA", "sea"),
    ("AIR", "atmosphere"),
)


@pytest.fixture
def sectors(make: SimpleNamespace) -> Any:
    """Make sector and term totals of the nation from rows (code, from, to, term, V)."""

    def made(*rows: tuple[Any, ...], **quality: Any) -> tuple[xr.Dataset, xr.Dataset]:
        ledger = Ledger.build(
            {
                "territories": make.territories(("AZ", "country")),
                "accounts": make.accounts(*USERS),
                "flows": make.flows(*(row[:4] for row in rows)),
            }
        )
        data = make.sources({row[0]: row[4] for row in rows}, **quality)
        flows = resolve(ledger, data, make.weights(ledger, data))
        return tuple(  # type: ignore[return-value]
            of(ledger, flows).sel(territory="AZ").isel(period=0)
            for of in (sector_totals, term_totals)
        )

    return made


E11 = (
    ("take.util", "RIVER", "UTIL", "abstraction", 100.0),
    ("to.ind", "UTIL", "IND", "delivery", 60.0),
    ("to.hh", "UTIL", "HH", "delivery", 20.0),
    ("leak", "UTIL", "AQUIFER", "losses_in_conveyance", 20.0),
    ("take.ind", "RIVER", "IND", "abstraction", 40.0),
    ("ret.ind", "IND", "RIVER", "return_flow", 30.0),
    ("waste.ind", "IND", "SEWER", "wastewater", 50.0),
    ("waste.hh", "HH", "SEWER", "wastewater", 14.0),
    ("ret.sewer", "SEWER", "RIVER", "return_flow", 64.0),
)


def named(result: xr.Dataset, name: str) -> dict[str, float]:
    values = result[name]
    return {
        str(sector): float(value)
        for sector, value in zip(values["sector"].values, values.values, strict=True)
        if value
    }


def test_e11_water_is_withdrawn_once_and_consumed_by_its_users(sectors: Any) -> None:
    sector, term = sectors(*E11)
    volume = term["volume"]
    assert volume.sel(term="abstraction").item() == 140.0
    returns = volume.sel(term=["return_flow", "losses_in_conveyance"]).sum()
    assert returns.item() == 114.0
    assert named(sector, "consumption") == {"industry": 20.0, "households": 6.0}
    received = volume.sel(term=["delivery", "wastewater"]).sum()
    assert received.item() == 144.0


def test_e11_a_utility_uses_nothing_of_what_it_delivers_and_loses(
    sectors: Any,
) -> None:
    sector, _ = sectors(*E11)
    assert named(sector, "use") == {"industry": 100.0, "households": 20.0}
    assert named(sector, "gross_use") == {
        "water_supply": 100.0,
        "industry": 100.0,
        "households": 20.0,
        "sewerage": 64.0,
    }


def test_e23_use_of_a_2tp_row(sectors: Any) -> None:
    sector, _ = sectors(
        ("taken", "RIVER", "IND", "abstraction", 500.0),
        ("lost", "IND", "AQUIFER", "losses_in_conveyance", 40.0),
        ("unused", "IND", "FARM", "passed_on", 150.0),
        ("after", "IND", "SEWER", "wastewater", 120.0),
    )
    assert named(sector, "use") == {"industry": 310.0, "agriculture": 150.0}
    assert sector["gross_use"].sel(sector="industry").item() == 500.0


def test_losses_of_a_canal_lie_between_abstraction_and_use(sectors: Any) -> None:
    sector, term = sectors(
        ("head", "RIVER", "CANAL", "abstraction", 100.0),
        ("seep", "CANAL", "AQUIFER", "losses_in_conveyance", 30.0),
        ("field", "CANAL", "FARM", "delivery", 70.0),
    )
    assert named(sector, "use") == {"agriculture": 70.0}
    assert term["volume"].sel(term="losses_in_conveyance").item() == 30.0


def test_declared_consumption_replaces_the_difference(sectors: Any) -> None:
    sector, _ = sectors(
        ("field", "CANAL", "FARM", "delivery", 70.0),
        ("crop", "FARM", "AIR", "consumption", 45.0),
        ("drain", "FARM", "RIVER", "return_flow", 20.0),
    )
    assert named(sector, "consumption") == {"agriculture": 45.0}


def test_a_loss_to_the_air_is_consumed_and_one_to_the_ground_returns(
    sectors: Any,
) -> None:
    sector, _ = sectors(
        ("take", "RIVER", "UTIL", "abstraction", 100.0),
        ("give", "UTIL", "HH", "delivery", 70.0),
        ("leak", "UTIL", "AQUIFER", "losses_in_conveyance", 20.0),
        ("mist", "UTIL", "AIR", "losses_in_conveyance", 10.0),
        ("sewage", "HH", "SEWER", "wastewater", 70.0),
    )
    assert named(sector, "use") == {"households": 70.0}
    assert sector["consumption"].sel(sector="water_supply").item() == 10.0


def test_sea_water_is_no_use_of_fresh_water(sectors: Any) -> None:
    sector, term = sectors(
        ("salt", "SEA", "UTIL", "seawater_abstraction", 100.0),
        ("fresh", "UTIL", "HH", "desalinated", 40.0),
        ("brine", "UTIL", "SEA", "return_flow", 60.0),
    )
    assert named(sector, "use") == {"households": 40.0}
    assert named(sector, "gross_use") == {"households": 40.0}
    assert named(sector, "consumption") == {"households": 40.0}
    assert term["volume"].sel(term="seawater_abstraction").item() == 100.0


def test_reuse_is_received_and_costs_its_supplier_no_use(sectors: Any) -> None:
    sector, _ = sectors(
        ("sewage", "HH", "SEWER", "wastewater", 10.0),
        ("again", "SEWER", "FARM", "reuse", 10.0),
    )
    assert named(sector, "use") == {"agriculture": 10.0}
    assert sector["consumption"].sel(sector="sewerage").item() == 0.0


def test_a_transfer_is_used_by_one_of_two_utilities(sectors: Any) -> None:
    sector, _ = sectors(
        ("take", "RIVER", "UTIL", "abstraction", 50.0),
        ("pass", "UTIL", "IND", "transfer", 50.0),
    )
    assert named(sector, "use") == {"industry": 50.0}


def test_an_unknown_delivery_makes_use_unknown_and_known_smaller(sectors: Any) -> None:
    sector, term = sectors(
        ("take", "RIVER", "IND", "abstraction", 50.0),
        ("give", "CANAL", "IND", "delivery", np.nan),
    )
    industry = sector.sel(sector="industry")
    assert np.isnan(industry["use"])
    assert industry["use_known"].item() == 50.0
    assert industry["use_missing"].item() == 1
    assert np.isnan(term["volume"].sel(term="delivery"))
    assert term["volume_known"].sel(term="delivery").item() == 0.0


def test_uncertainty_of_use_knows_that_one_meter_serves_two_flows(
    make: SimpleNamespace,
) -> None:
    ledger = Ledger.build(
        {
            "territories": make.territories(("AZ", "country")),
            "accounts": make.accounts(*USERS),
            "flows": make.flows(
                ("in", "CANAL", "IND", "delivery"), ("out", "IND", "HH", "passed_on")
            ),
        }
    )
    data = make.sources({"meter": 100.0}, u_systematic={"meter": 4.0})
    weights = make.weights(ledger, data, {"in": {"meter": 1}, "out": {"meter": 0.25}})
    use = sector_totals(ledger, resolve(ledger, data, weights)).isel(period=0)
    assert use["use"].sel(territory="AZ", sector="industry").item() == 75.0
    assert use["use_u"].sel(territory="AZ", sector="industry").item() == 3.0


def test_a_total_of_no_flow_is_zero_without_coverage(sectors: Any) -> None:
    sector, term = sectors(("take", "RIVER", "IND", "abstraction", 50.0))
    services = sector.sel(sector="services")
    assert services["use"].item() == 0.0
    assert np.isnan(services["use_coverage"])
    assert term["term"].values.tolist() == ["abstraction"]
    assert term["flows"].values.tolist() == [1]
