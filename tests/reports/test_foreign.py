"""Other countries' files come in by a description alone."""

from __future__ import annotations

import pandas as pd
import pytest

from ewater.errors import FaultsError
from ewater.reports import foreign
from ewater.store import registry

USGS = """
archive: usgs-counties
about: Estimated use of water in the United States, counties, 2015
file: {kind: csv, skip: 1, missing: ["--"]}
unit: Mgal/day
country: US
enterprise: "{FIPS}-{part}"
name: "{COUNTY}, {STATE}"
territory: "US-{STATE}"
period: "{YEAR}"
parts:
  PS: {isic: "36", figures: [{item: abstraction, column: PS-WFrTo}]}
  IN: {isic: C, figures: [{item: abstraction, column: IN-WFrTo}]}
  IR: {isic: "01", figures: [{item: abstraction, column: IR-WFrTo}]}
  PT: {isic: "35", figures: [{item: abstraction, column: PT-WFrTo}]}
"""

COLORADO = """
archive: colorado-allocations
about: Allocations of water rights in Colorado
file: {kind: xlsx, sheet: WaterAllocations}
unit: ft3/s
country: US
enterprise: "CO-{NativeAllocationID}"
name: "{AllocationOwner}"
permits:
  column: AllocationAmount
  code: "{AllocationUID}"
  per: day
  use: BeneficialUseCategory
  isic: {Irrigation: "01", Domestic: T, Municipal: "36", Industrial: C, Commercial: G}
  other: S
"""

SMALL = (
    "a note of its publisher\n"
    "STATE,COUNTY,FIPS,YEAR,PS-WFrTo,IN-WFrTo,IR-WFrTo,PT-WFrTo\n"
    "AL,Autauga County,1001,2015,3.64,34.8,3.52,--\n"
    "AL,Baldwin County,1003,2015,23.67,0,58.28,1\n"
)


@pytest.fixture
def america(engine):
    isic = ["01", "36", "35", "C", "T", "G", "S"]
    sectors = ["agriculture", "water_supply", "energy", "industry", "households",
               "services", "services"]  # fmt: skip
    registry.load(
        engine,
        {
            "calendars": pd.DataFrame({"code": ["US"], "timezone": ["America/Denver"]}),
            "territories": pd.DataFrame({"code": ["US"], "kind": ["country"]}),
            "sectors": pd.DataFrame({"isic": isic, "sector": sectors}),
        },
    )
    return engine


def load(engine, raw, text, file):
    mapping = foreign.parse(text, "mapping.yaml")
    with engine.begin() as connection:
        made = foreign.frames(raw, file, mapping, "America/Denver")
        return foreign.load(connection, made)


def totals(engine, year="2015"):
    with engine.connect() as connection:
        return {(r["sector"], r["item"]): r for r in foreign.totals(connection, year)}


@pytest.mark.db
def test_a_small_file_gives_sector_totals_and_a_gap_is_no_zero(america):
    counts = load(america, SMALL.encode(), USGS, "usgs.csv")
    assert counts == {"territories": 1, "enterprises": 8, "reports": 8}
    found = totals(america)
    gallon_year = 3785.411784 * 365  # 10^6 gallons a day over 2015
    assert found["industry", "abstraction"]["volume_m3"] == pytest.approx(
        34.8 * gallon_year
    )
    assert found["energy", "abstraction"]["missing"] == 1
    assert load(america, SMALL.encode(), USGS, "usgs.csv")["reports"] == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("IN-WFrTo,", "IN,"), "IN-WFrTo: is no column of the file"),
        (("34.8", "a lot"), "usgs.csv:3: IN-WFrTo: 'a lot' is no volume"),
        (("34.8", "-1"), "is no volume"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_place(change, says):
    raw = SMALL.replace(*change).encode()
    with pytest.raises(FaultsError, match=says):
        foreign.frames(raw, "usgs.csv", foreign.parse(USGS, "m.yaml"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("item: abstraction, column: PS", "item: taken, column: PS"),
            "no item 'taken'",
        ),
        (("unit:", "units:"), "units: is no field of a mapping"),
        (("parts:", "x:"), "x: is no field"),
    ],
)
def test_a_mapping_is_refused_with_its_line(change, says):
    with pytest.raises(FaultsError, match=says):
        foreign.parse(USGS.replace(*change), "m.yaml")


@pytest.mark.db
def test_the_counties_of_the_united_states_give_sector_totals(america, shared_data):
    raw = (shared_data / "real/reports/usgs_county_water_use_2015.csv").read_bytes()
    counts = load(america, raw, USGS, "usgs.csv")
    assert counts["reports"] == counts["enterprises"] == 4 * 3223
    found = totals(america)
    # published: irrigation 118 000, industry 14 000 Mgal/d of fresh water
    per_day = 3785.411784 * 365
    assert found["agriculture", "abstraction"]["volume_m3"] / per_day == pytest.approx(
        118_000, rel=0.02
    )
    assert found["industry", "abstraction"]["volume_m3"] / per_day == pytest.approx(
        14_000, rel=0.02
    )


@pytest.mark.db
def test_the_allocations_of_colorado_become_permits(america, shared_data):
    raw = (shared_data / "real/reports/wade_colorado_allocations.xlsx").read_bytes()
    counts = load(america, raw, COLORADO, "colorado.xlsx")
    assert counts["permits"] == 5243 - 2169, "those with an amount"
    found = totals(america, "2016")
    with america.connect() as connection:
        permits = registry.read_table(connection, "permits")
    assert found["agriculture", "permitted"]["volume_m3"] > 0
    # 1 ft3/s is 2446.58 m3 a day
    assert permits["limit_m3"].max() / 2446.5755 == pytest.approx(
        round(permits["limit_m3"].max() / 2446.5755, 4), abs=1e-3
    )
