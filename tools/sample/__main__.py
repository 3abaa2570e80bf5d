"""Build the national sample: ``python -m tools.sample ../shared/data [FOLDER]``.

Writes every generated file of ``data/samples/azerbaijan`` from the facts, the
outlines and the tables of this package. The folder is committed and stands alone;
this is kept so that its origin can be read and changed.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from tools.sample import (
    canals,
    economy,
    geography,
    network,
    patterns,
    suppliers,
    waters,
)
from tools.sample.registry import Registry

TARGET = Path(__file__).parents[2] / "data" / "samples" / "azerbaijan"

NOTICES = {
    "simulated": (
        "Ölçmələr və hesabatlar SİMULYASİYADIR: dərc olunmuş illik rəqəmlərə "
        "uyğunlaşdırılıb, real cihazlardan deyil.",
        "Telemetry and reports are SIMULATED: fitted to published annual totals, "
        "they come from no real instrument or enterprise.",
        "Телеметрия и отчёты СМОДЕЛИРОВАНЫ: они подогнаны под опубликованные "
        "годовые итоги и не получены от реальных приборов и предприятий.",
    ),
    "illustrative_basins": (
        "Hövzə sərhədləri illüstrativdir, rəsmi deyil.",
        "Basin outlines are illustrative, not official.",
        "Границы бассейнов иллюстративны и не являются официальными.",
    ),
}


def _published(country: Registry, facts: Path) -> None:
    with facts.open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            territory = "NE-39" if row["item"].startswith("baku_") else "AZ"
            country.add(
                "published",
                territory=territory,
                year=row["year"],
                item=row["item"] + ("_depth" if row["unit"] == "mm/yr" else ""),
                value=row["value"],
                unit=row["unit"],
                source=row["source_url"],
                note=row["note"],
            )


def _treaties(country: Registry, means: dict[str, float]) -> None:
    """State the two long-term means for which a source is at hand; no treaty is."""
    country.add(
        "treaties",
        code="GE-KURA",
        neighbour="GE",
        flow="GE:R-KURA-1",
        way="inflow",
        kind="normal",
        value=means["KUR-GIR"],
        unit="m3/s",
        source="State Water Cadastre, as cited in doi:10.5194/piahs-96-1-2019",
        note="long-term mean discharge of the Kura at Giragkesaman",
    )
    country.add(
        "treaties",
        code="ERWR",
        way="inflow",
        kind="normal",
        value=26.56,
        unit="km3/yr",
        source="AQUASTAT, 2018 edition",
        note="external renewable resources, with the accounted share of border rivers",
    )


def build(shared: Path, target: Path) -> None:
    """Write the folder."""
    country = Registry()
    target.mkdir(parents=True, exist_ok=True)
    districts = geography.write(shared / "geography", target / "territories.geojson")
    facts = shared / "facts"
    country.add("calendars", code="AZ", timezone="Asia/Baku", day_start="00:00",
                year_start="01-01")  # fmt: skip
    country.add("calendars", code="AZ-WATER", timezone="Asia/Baku", day_start="08:00",
                year_start="10-01")  # fmt: skip
    patterns.describe(country)
    areas: dict[str, float] = {}
    for row in districts.values():
        basin = row["basin_code"]
        areas[basin] = areas.get(basin, 0.0) + row["area_km2"]
    waters.nature(country)
    waters.land(country, areas)
    means = waters.gauges(country, facts / "stations.csv")
    waters.reservoirs(country, facts / "reservoirs.csv")
    network.describe(country, means)
    canals.describe(country, districts)
    people = economy.Economy(country, districts)
    people.describe()
    for number in canals.DEPARTMENTS:
        people.department(number, canals.reported_by_department(number, districts))
    suppliers.describe(country, districts)
    natural = {c for c, row in network.GAUGES.items() if row[1] != "regulated"}
    country.infill(natural - {"ARA-SAA", "TAR-MAD", "KUR-KAR"}, 0.8)
    economy.straddling(country, geography.STRADDLING, geography.SHARES)
    economy.sectors(country)
    _published(country, facts / "published_water_numbers.csv")
    _treaties(country, means)
    for code, (az, en, ru) in NOTICES.items():
        country.add("notices", code=code, text_az=az, text_en=en, text_ru=ru)
    country.add("meter_events", series="MET-IN-NE-70.N",
                time="2023-05-17T10:00:00+04:00", event="replacement",
                old_reading=7345210.0, new_reading=0.0)  # fmt: skip
    country.write(target)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else TARGET)
