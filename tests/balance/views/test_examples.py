"""METHODS, worked examples that concern views; figures are those of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = ("FARM", "IND", "POWER", "UTIL", "SEWER", "SHOP", "HH")
COLUMNS = (
    "agriculture", "industry", "energy", "water_supply", "sewerage", "services",
    "households",
)  # fmt: skip
E = (108.4, 114.6, 404.2, 428.7, 100.1, 2.3, 10.8)
R = (50.7, 85.7, 3.9, 0.0, 427.1, 51.1, 239.5)
D = (17.9, 127.6, 5.6, 379.6, 42.7, 49.1, 235.5)
H = (65.0, 29.4, 400.0, 47.3, 483.8, 0.7, 4.8)


def corner(given: tuple[float, ...], taken: tuple[float, ...]) -> np.ndarray:
    """A table with these sums of rows and columns, filled from one corner."""
    table, left, need = np.zeros((len(given), len(taken))), list(given), list(taken)
    for row in range(len(given)):
        for column in range(len(taken)):
            table[row, column] = moved = min(left[row], need[column])
            left[row] -= moved
            need[column] -= moved
    return table


def test_e10_supply_and_use_of_seven_groups(country: Callable[..., Any]) -> None:
    flows = []
    for unit, taken, returned in zip(UNITS, E, H, strict=True):
        flows += [(f"e.{unit}", "RIVER", unit, "abstraction", taken)]
        flows += [(f"h.{unit}", unit, "LOWER", "return_flow", returned)]
    for row, column in np.argwhere(corner(D, R) > 1e-9):
        moved = corner(D, R)[row, column]
        names = f"{UNITS[row]}-{UNITS[column]}"
        if row == column:  # a flow has two ends; two shops, two farms
            flows += [(f"d.{names}", UNITS[row], "CANAL", "delivery", moved)]
            flows += [(f"r.{names}", "CANAL", UNITS[row], "delivery", moved)]
        else:
            flows += [(f"d.{names}", UNITS[row], UNITS[column], "delivery", moved)]
    found = country(*flows)

    def line(row: str) -> list[float]:
        return [found.value(f"seea_supply_use.{row}.{c}") for c in COLUMNS]

    consumed = (76.2, 43.3, 2.5, 1.8, 0.7, 3.6, 10.0)
    assert line("consumption") == pytest.approx(consumed, abs=1e-9)
    assert line("abstraction") == pytest.approx(E)
    assert line("returns") == pytest.approx(H)
    through = sum(row[4] for row in flows if row[1] == "CANAL")
    for row in ("received", "delivered"):
        total = found.value(f"seea_supply_use.{row}.total")
        assert total - through == pytest.approx(858.0)
    assert found.value("seea_supply_use.abstraction.total") == pytest.approx(1169.1)
    assert found.value("seea_supply_use.returns.total") == pytest.approx(1031.0)
    assert found.value("seea_supply_use.consumption.total") == pytest.approx(138.1)


E11 = (
    ("take.util", "RIVER", "UTIL", "abstraction", 100.0),
    ("to.ind", "UTIL", "IND", "delivery", 60.0),
    ("to.hh", "UTIL", "HH", "delivery", 20.0),
    ("leak", "UTIL", "GW", "losses_in_conveyance", 20.0),
    ("take.ind", "RIVER", "IND", "abstraction", 40.0),
    ("ret.ind", "IND", "RIVER", "return_flow", 30.0),
    ("waste.ind", "IND", "SEWER", "wastewater", 50.0),
    ("waste.hh", "HH", "SEWER", "wastewater", 14.0),
    ("ret.sewer", "SEWER", "RIVER", "return_flow", 64.0),
)


def test_e11_no_water_is_counted_twice(country: Callable[..., Any]) -> None:
    found = country(*E11)
    table = {
        name: found.value(f"seea_supply_use.{name}.total")
        for name in ("abstraction", "returns", "consumption", "received", "delivered")
    }
    assert table == {
        "abstraction": 140.0,
        "returns": 114.0,
        "consumption": 26.0,
        "received": 144.0,
        "delivered": 144.0,
    }
    assert found.value("seea_supply_use.consumption.industry") == 20.0
    assert found.value("seea_supply_use.consumption.households") == 6.0
    assert found.value("seea_supply_use.from_water_supply.industry") == 60.0
    assert found.value("indicators.abstraction") == 140.0
    assert found.value("indicators.use") == 120.0


def test_e12_balance_of_a_utility(country: Callable[..., Any]) -> None:
    found = country(
        ("well", "GW", "UTIL", "abstraction", 10_000.0),
        ("homes", "UTIL", "HH", "delivery", 5_000.0),
        ("works", "UTIL", "IND", "delivery", 1_500.0),
        inputs={
            "billed_unmetered": 300.0,
            "unbilled_authorised": 150.0,
            "unauthorised_consumption": 200.0,
            "data_errors": 30.0,
            "meter_under_registration": 0.02,
        },
    )
    assert found.value("iwa.input") == 10_000.0
    assert found.value("iwa.apparent") == pytest.approx(356.5306, abs=5e-5)
    assert found.value("iwa.real") == pytest.approx(2_993.4694, abs=5e-5)
    assert found.value("iwa.nrw") == 3_500.0
    assert found.value("iwa.nrw_share") == pytest.approx(35.0)


AQUASTAT_2018 = {
    "irwr_surface": 5.955,
    "irwr_groundwater": 6.51,
    "irwr_overlap": 4.35,
    "erwr": 26.56,
    "environmental_flow_requirement": 12.03,
}


def stress(country: Callable[..., Any], taken: float, **inputs: float) -> Any:
    """Country that takes some of its long-term resources, km3."""
    return country(("take", "RIVER", "FARM", "abstraction", taken), inputs=inputs)


def test_e13_water_stress_dependency_and_resources_per_capita(
    country: Callable[..., Any],
) -> None:
    found = stress(country, 12.167, **AQUASTAT_2018, population=9_949_537e-9)
    assert found.value("indicators.irwr_lta") == pytest.approx(8.115)
    assert found.value("indicators.trwr_lta") == pytest.approx(34.675)
    assert found.value("indicators.dependency_lta") == pytest.approx(76.597, abs=5e-4)
    assert found.value("indicators.per_capita_lta") == pytest.approx(3485.09, abs=5e-3)
    assert found.value("indicators.stress_lta") == pytest.approx(53.7293, abs=5e-5)
    without = found.value("indicators.exploitation_lta")
    assert without == pytest.approx(35.0887, abs=5e-5)


@pytest.mark.parametrize(
    ("taken", "resources", "reserved", "expected"),
    [(58.904, 48.87, 14.0, 168.925), (0.7701, 0.02, 0.0, 3850.5)],
)
def test_e13_stress_is_never_clipped(
    country: Callable[..., Any],
    taken: float,
    resources: float,
    reserved: float,
    expected: float,
) -> None:
    found = stress(
        country,
        taken,
        irwr_surface=resources,
        irwr_groundwater=0.0,
        irwr_overlap=0.0,
        erwr=0.0,
        environmental_flow_requirement=reserved,
    )
    assert found.value("indicators.stress_lta") == pytest.approx(expected, abs=5e-4)


def test_e13_without_an_environmental_flow_the_indicator_is_unknown(
    country: Callable[..., Any],
) -> None:
    given = {k: v for k, v in AQUASTAT_2018.items() if not k.startswith("env")}
    found = stress(country, 12.167, **given)
    assert np.isnan(found.value("indicators.stress_lta"))
    lacks = found.missing("indicators.stress_lta")
    assert lacks == ["input:environmental_flow_requirement"]
    assert found.value("indicators.exploitation_lta") == pytest.approx(35.08868)


def test_e14_water_use_efficiency_of_azerbaijan(country: Callable[..., Any]) -> None:
    shares = (0.92356373798, 0.04347826087, 0.032958001151)
    each = (0.1594179955, 50.3179163305, 46.6042812213)
    found = country(
        ("farm", "RIVER", "FARM", "abstraction", shares[0]),
        ("works", "RIVER", "IND", "abstraction", shares[1]),
        ("shops", "RIVER", "SHOP", "abstraction", shares[2]),
        inputs={
            "gva_agriculture": shares[0] * each[0] / 0.8,
            "rainfed_share": 0.2,
            "gva_industry": shares[1] * each[1],
            "gva_services": shares[2] * each[2],
        },
    )
    assert found.value("indicators.efficiency") == pytest.approx(3.87095, abs=5e-6)
    assert found.value("indicators.efficiency_agriculture") == pytest.approx(each[0])


def test_e22_wei_plus_counts_filling_as_a_resource(country: Callable[..., Any]) -> None:
    found = country(
        ("take", "RIVER", "FARM", "abstraction", 12.0),
        ("back", "FARM", "RIVER", "return_flow", 4.0),
        ("out", "RIVER", "SEA", "outflow_to_sea", 15.0),
        stocks={"RES": [7.0, 8.0]},
    )
    assert found.value("indicators.wei_plus") == pytest.approx(100 / 3)


def test_e22_losses_of_2023_under_each_denominator(country: Callable[..., Any]) -> None:
    found = country(
        ("head", "RIVER", "CANAL", "abstraction", 12_806.4),
        ("seep", "CANAL", "GW", "losses_in_conveyance", 3_034.4),
        ("fields", "CANAL", "FARM", "delivery", 7_207.0),
        ("homes", "CANAL", "HH", "delivery", 342.7),
        ("works", "CANAL", "IND", "delivery", 2_145.0),
        ("rest", "CANAL", "SHOP", "delivery", 77.3),
    )
    assert found.value("indicators.use") == pytest.approx(9_772.0)
    assert found.value("indicators.loss_of_use") == pytest.approx(31.05, abs=5e-3)
    for cell in ("loss_of_abstraction", "loss_of_intake"):
        assert found.value(f"indicators.{cell}") == pytest.approx(23.69, abs=5e-3)


def test_e22_storage_against_capacity_and_over_the_period(
    country: Callable[..., Any],
) -> None:
    found = country(
        ("in", "RIVER", "RES", "outflow_to_downstream", 6.2),
        stocks={"RES": [10.2, 16.4]},
        capacity={"full": {"RES": 21.5424}, "dead": {"RES": 8.6}},
    )
    assert found.value("indicators.storage_gross") == pytest.approx(76.13, abs=5e-3)
    assert found.value("indicators.storage_rise") == pytest.approx(60.78, abs=5e-3)
    live = 100 * (16.4 - 8.6) / (21.5424 - 8.6)
    assert found.value("indicators.storage_live") == pytest.approx(live)


def test_e24_a_section_in_deficit(country: Callable[..., Any]) -> None:
    found = country(
        ("in", "NB", "RIVER", "inflow_from_neighbours", 500.0),
        ("lateral", "SOIL", "RIVER", "runoff", 120.0),
        ("wells", "GW", "FARM", "abstraction", 30.0),
        ("returned", "FARM", "RIVER", "return_flow", 60.0),
        ("donated", "NB", "CANAL", "transfer", 20.0),
        ("evaporated", "RES", "AIR", "evaporation", 15.0),
        ("seeped", "RIVER", "GW", "seepage", 25.0),
        ("induced", "RIVER", "GW", "seepage", 10.0),
        ("taken", "RIVER", "CANAL", "abstraction", 550.0),
        ("out", "RIVER", "SEA", "outflow_to_sea", 120.0),
        stocks={"RES": [140.0, 100.0]},
        structure={"induced": "wells"},
        inputs={"environmental_flow": 150.0},
    )
    parts = {
        "inflow": 500, "lateral": 120, "ground": 30, "returns": 60, "transfer_in": 20,
        "release": 40, "evaporation": 15, "seepage": 25, "induced": 10,
        "transfer_out": 0, "demand": 600, "environment": 150, "balance": -30,
        "residual": 0,
    }  # fmt: skip
    assert {name: found.value(f"section.{name}") for name in parts} == parts


def test_e25_wa_plus_sheet_1(country: Callable[..., Any]) -> None:
    found = country(
        ("rain", "AIR", "SOIL", "precipitation", 100.0),
        ("et", "SOIL", "AIR", "actual_evapotranspiration", 55.0),
        ("crops", "FARM", "AIR", "consumption", 12.0),
        ("out", "RIVER", "SEA", "outflow_to_sea", 23.0),
        stocks={"RES": [40.0, 50.0]},
        inputs={
            "non_utilisable": 3.0,
            "committed_outflow": 8.0,
            "navigation_flow": 5.0,
            "environmental_flow": 2.0,
        },
    )
    sheet = {
        "gross": 100, "storage_change": 10, "net": 90, "landscape": 55,
        "exploitable": 35, "available": 24, "utilised": 12, "utilisable_outflow": 12,
        "outflow": 23, "residual": 0,
    }  # fmt: skip
    assert {name: found.value(f"wa_plus.{name}") for name in sheet} == sheet
