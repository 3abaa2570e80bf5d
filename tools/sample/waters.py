"""Rivers, reservoirs and gauges: nodes of nature and what connects them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.sample import curves
from tools.sample.names import RIVERS, STATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from tools.sample.registry import Registry

OUTSIDE = {
    "GE": "neighbour",
    "AM": "neighbour",
    "IR": "neighbour",
    "RU": "neighbour",
    "TR": "neighbour",
    "CASPIAN": "sea",
    "ATM": "atmosphere",
}

#: basin: (short name, lat, lon of its climate site, evaporation m/a, rain m/a)
BASINS = {
    "KUR-MID": ("MID", 40.86, 46.60, 1.05, 0.33),
    "KUR-KAR": ("KAR", 40.10, 46.90, 0.95, 0.42),
    "KUR-LOW": ("LOW", 39.75, 48.75, 1.10, 0.28),
    "GAN-SHI": ("SHI", 41.05, 47.25, 0.90, 0.62),
    "ARA-LOW": ("ARA", 39.30, 47.05, 1.05, 0.40),
    "ARA-NAX": ("NAX", 39.22, 45.45, 1.10, 0.29),
    "SAM-CAS": ("SAM", 41.30, 48.75, 0.85, 0.45),
    "ABS-GOB": ("ABS", 40.45, 49.60, 1.05, 0.22),
    "LAN-MUG": ("LAN", 38.85, 48.70, 0.80, 0.85),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservoir:
    """What the facts do not give is assumed here: see the README of the sample."""

    name: str  # name_en in the facts
    basin: str
    ru: str
    lat: float
    lon: float
    dead: float | None  # hm3; None: capacity less useful volume of the facts
    depth: float | None  # m, deepest water at full level
    area: float | None  # km2, instead of the facts
    full: float | None  # m; None: level of the facts, else depth above a local zero
    mode: str = "annual"
    pattern: str = "release"
    share: float | None = None
    seepage: float = 0.0  # m3/s
    hourly: bool = False
    history: int | None = None


def _r(name, basin, ru, lat, lon, dead=None, depth=None, area=None, full=None, **more):
    return Reservoir(
        name=name,
        basin=basin,
        ru=ru,
        lat=lat,
        lon=lon,
        dead=dead,
        depth=depth,
        area=area,
        full=full,
        **more,
    )


RESERVOIRS = {
    "MIN": _r("Mingachevir", "KUR-MID", "Мингячевирское водохранилище", 40.78889,
              47.02778, None, 75, hourly=True, history=1991, seepage=2.0),
    "SHM": _r("Shamkir", "KUR-MID", "Шамкирское водохранилище", 40.9487, 46.168,
              None, 63, hourly=True, history=1991, mode="pass", seepage=0.8),
    "YEN": _r("Yenikend", "KUR-MID", "Еникендское водохранилище", 40.9325, 46.24722,
              None, 15, mode="pass", hourly=True),
    "VAR": _r("Varvara", "KUR-KAR", "Варваринское водохранилище", 40.6837, 47.0926,
              20, 6, mode="pass", hourly=True),
    "ARZ": _r("Araz", "ARA-NAX", "Аразское водохранилище", 39.09, 45.41,
              150, 19, share=0.5, hourly=True, history=1991, seepage=0.6),
    "SAR": _r("Sarsang", "KUR-KAR", "Сарсангское водохранилище", 40.15, 46.54,
              None, 113, hourly=True, history=1991,
              pattern="summer"),
    "TAK": _r("Takhtakorpu", "SAM-CAS", "Тахтакёрпюнское водохранилище", 41.13, 49.0,
              None, 120, mode="need"),
    "JEY": _r("Jeyranbatan", "ABS-GOB", "Джейранбатанское водохранилище", 40.54, 49.70,
              None, 28.5, mode="need", hourly=True, history=1991),
    "SHC": _r("Shamkirchay", "KUR-MID", "Шамкирчайское водохранилище", 40.60, 46.02,
              None, 157, pattern="flat"),
    "KHU": _r("Khudafarin", "ARA-LOW", "Худаферинское водохранилище", 39.20, 46.98,
              300, 60, share=0.5, hourly=True),
    "GIZ": _r("Giz Galasi", "ARA-LOW", "Водохранилище Гыз Галасы", 39.23, 47.06,
              18, 30, mode="pass", share=0.5),
    "AGS": _r("Agstafachay", "KUR-MID", "Агстафачайское водохранилище", 41.05, 45.27,
              10, 45, pattern="flat"),
    "AYR": _r("Ayrichay", "GAN-SHI", "Айричайское водохранилище", 41.10, 47.15,
              7, 21, pattern="flat"),
    "KHB": _r("Upper Khanbulanchay", "LAN-MUG",
              "Верхнее Ханбуланчайское водохранилище", 38.73, 48.70, 4, 69, 2.46,
              pattern="flat"),
    "VIL": _r("Vilashchay", "LAN-MUG", "Виляшчайское водохранилище", 38.96, 48.55,
              4, 33, pattern="flat"),
    "KHN": _r("Khachinchay", "KUR-KAR", "Хачинчайское водохранилище", 39.98, 46.75,
              2, 40, pattern="flat"),
    "SUG": _r("Sugovushan", "KUR-KAR", "Водохранилище Суговушан (Мадагиз)", 40.31,
              46.73, 1.5, 25, mode="pass"),
    "QAN": _r("Qanligol", "ARA-NAX", "Водохранилище Ганлыгёль", 39.23, 45.66,
              0.1, 19, pattern="flat"),
}  # fmt: skip

#: Useful volume filled at the start of each year from 2021 on; Mingachevir takes
#: what is left of the national total.
FILLS = (0.35, 0.34, 0.40, 0.52, 0.70, 0.72)
NATIONAL_STORAGE_HM3 = (11300, 11250, 11700, 13400, 16200, 16400)

#: Random and systematic standard uncertainty of instruments, % of the value.
PERCENT = {
    "gauge": (3.0, 2.5),
    "bulletin": (3.0, 1.5),
    "turbine": (2.0, 1.0),
    "canal": (5.0, 3.0),
}


def storage_site(country: Registry, key: str, facts: dict[str, str]) -> float:
    """Add a reservoir: site, curves, account, stock, level; return its dead volume."""
    reservoir = RESERVOIRS[key]
    capacity = float(facts["capacity_total_hm3"])
    useful = float(facts["capacity_useful_hm3"] or "nan")
    dead = reservoir.dead if reservoir.dead is not None else capacity - useful
    stated = facts["normal_water_level_m"]
    full = float(stated) if stated else float(reservoir.depth)
    code = f"RES-{key}"
    country.site(
        code,
        "reservoir",
        (
            f"{facts['name_az'].removesuffix(' su anbarı')} su anbarı",
            f"{facts['name_en']} reservoir",
            reservoir.ru,
        ),
        reservoir.lat,
        reservoir.lon,
        capacity_m3=capacity * 1e6,
        dead_m3=round(dead * 1e6, 3),
        full_level_m=full,
        datum="Baltic 1977" if stated and full > 30 else "local",
    )
    area = reservoir.area or float(facts["surface_area_km2"] or "nan")
    curves.describe(country, code, capacity, area, float(reservoir.depth), full)
    country.account(
        code, "reservoir", reservoir.basin, site=code, share=reservoir.share
    )
    country.add("stocks", account=code, measured_by=f"{code}.H")
    short = BASINS[reservoir.basin][0]
    country.series(
        f"{code}.H", code, "level", "m", "instantaneous",
        3600 if reservoir.hourly else 86400, f"level {code}", resolution=0.001,
    )  # fmt: skip
    if reservoir.history:
        country.series(
            f"{code}.HD", code, "level", "m", "instantaneous", 86400,
            f"history {code}.HD", resolution=0.01, start=f"{reservoir.history}-01-01",
            end="2021-01-01",
        )  # fmt: skip
        country.add(
            "simulation/history", series=f"{code}.HD", pattern="regulated",
            group=short, trend=0.0, start=reservoir.history,
        )  # fmt: skip
    country.add(
        "simulation/reservoirs", account=code, site=code, climate=f"CLM-{short}",
        mode=reservoir.mode, release_pattern=reservoir.pattern,
        seepage=reservoir.seepage,
    )  # fmt: skip
    climate = f"CLM-{short}"
    country.flow(
        code, "ATM", "evaporation", f"rule:evaporation({code}, {climate}.E, 0.7)",
        ("evaporation",), u=15.0,
    )  # fmt: skip
    country.flow(
        "ATM", code, "precipitation", f"rule:precipitation({code}, {climate}.P)",
        ("precipitation",), u=15.0,
    )  # fmt: skip
    if reservoir.seepage:
        country.flow(
            code, f"GW-{short}", "seepage",
            f"rule:constant({round(reservoir.seepage * 86400)})",
            ("source", reservoir.seepage, "flat"), u=40.0,
        )  # fmt: skip
    return dead


def reservoirs(country: Registry, facts: Path) -> None:
    """Add all reservoirs and how full they were."""
    with facts.open(encoding="utf-8") as source:
        table = {row["name_en"]: row for row in csv.DictReader(source)}
    others = [0.0] * len(FILLS)
    for key, reservoir in RESERVOIRS.items():
        dead = storage_site(country, key, table[reservoir.name])
        capacity = float(table[reservoir.name]["capacity_total_hm3"])
        for n, fill in enumerate(FILLS):
            others[n] += (reservoir.share or 1) * (dead + fill * (capacity - dead))
        if key == "MIN":
            useful, bottom = capacity - dead, dead
            own = [dead + fill * useful for fill in FILLS]
        else:
            for n, fill in enumerate(FILLS):
                country.add(
                    "simulation/fills", account=f"RES-{key}", year=2021 + n, fill=fill
                )
    for n, total in enumerate(NATIONAL_STORAGE_HM3):
        fill = round((total - (others[n] - own[n]) - bottom) / useful, 4)
        country.add("simulation/fills", account="RES-MIN", year=2021 + n, fill=fill)


def gauges(country: Registry, facts: Path) -> dict[str, float]:
    """Add the 25 stations with their hourly and their historical daily series."""
    means = {}
    in_az = {english: az for az, english, _ in RIVERS.values()}
    with facts.open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    for row in rows:
        code = row["code"]
        az = f"{in_az[row['river']]}, {row['name_az']}"
        country.site(
            code, "river_gauge", (az, f"{row['river']}, {row['name_en']}",
            STATIONS[code]), float(row["lat"]), float(row["lon"]),
            organisation="Milli Hidrometeorologiya Xidməti",
        )  # fmt: skip
        means[code] = float(row["mean_discharge_m3s"])
    return means


def nature(country: Registry) -> None:
    """Add what surrounds the managed waters: outsides, soil, aquifers, climate."""
    for code, kind in OUTSIDE.items():
        country.account(code, kind)
    for basin, (short, lat, lon, evaporation, rain) in BASINS.items():
        country.account(f"GW-{short}", "groundwater", basin)
        country.account(f"SOIL-{short}", "soil", basin)
        site = f"CLM-{short}"
        country.site(
            site, "climate", (f"İqlim məntəqəsi {short}", f"Climate site {short}",
            f"Климатический пункт {short}"), lat, lon,
        )  # fmt: skip
        country.series(
            f"{site}.E", site, "evaporation", "mm", "total_preceding", 86400,
            f"evaporation {site} {evaporation / 0.7:.4f}", u=(8.0, 5.0), resolution=0.1,
        )  # fmt: skip
        country.series(
            f"{site}.P", site, "precipitation", "mm", "total_preceding", 86400,
            f"precipitation {site} {rain}", u=(6.0, 4.0), resolution=0.1,
        )  # fmt: skip


def land(country: Registry, areas: dict[str, float]) -> None:
    """Add rain on land, what plants and soil evaporate, and recharge, by basin."""
    mean_rain = sum(areas[b] * BASINS[b][4] for b in areas) / sum(areas.values())
    for basin, (short, *_, rain) in BASINS.items():
        depth = 0.427 * rain / mean_rain  # published national means, m a year
        fell = areas[basin] * 1e6 * depth
        for start, end, term, part, u in (
            ("ATM", f"SOIL-{short}", "precipitation", 1.0, 20.0),
            (f"SOIL-{short}", "ATM", "actual_evapotranspiration", 308 / 427, 25.0),
            (f"SOIL-{short}", f"GW-{short}", "recharge", 50 / 427, 40.0),
        ):
            day = fell * part / 365.25
            pattern = "evaporation" if term.startswith("actual") else "rain"
            country.flow(
                start, end, term, f"rule:constant({day:.0f})",
                ("source", day / 86400, pattern), u=u,
            )  # fmt: skip
