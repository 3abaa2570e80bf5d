"""Canals, pipelines and collectors, and the fields they serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.sample.patterns import mean_product
from tools.sample.waters import BASINS, PERCENT

if TYPE_CHECKING:
    from tools.sample.registry import Registry

HOUR, DAY = 3600, 86400
AG_CONSUMPTION = 0.62


@dataclass(frozen=True, slots=True)
class Canal:
    """A canal or pipeline: names, basin, source, losses and the fields it serves.

    ``use`` is what the fields of all its districts use in a year like 2023, hm3.
    ``losses`` is water lost for each unit that arrives.
    """

    names: tuple[str, str, str]
    basin: str
    source: str
    lat: float
    lon: float
    use: float = 0.0
    districts: tuple[int, ...] = ()
    losses: float = 0.45
    main: bool = False


CANALS = {
    "C-AGS": Canal(("Ağstafaçay kanalı", "Agstafachay canal", "Агстафачайский канал"),
                   "KUR-MID", "RES-AGS", 41.06, 45.29, 60, (1, 2)),
    "C-SHM": Canal(("Şəmkir kanalı", "Shamkir canal", "Шамкирский канал"),
                   "KUR-MID", "RES-SHM", 40.95, 46.13, 300, (3, 62)),
    "C-SHC": Canal(("Şəmkirçay kanalı", "Shamkirchay canal", "Шамкирчайский канал"),
                   "KUR-MID", "RES-SHC", 40.62, 46.04, 50, (25, 55)),
    "C-UKC": Canal(("Yuxarı Qarabağ kanalı", "Upper Karabakh canal",
                    "Верхне-Карабахский канал"), "KUR-KAR", "RES-MIN", 40.77, 47.02,
                   1550, (51, 69, 61, 49, 74, 33, 32), main=True),
    "C-USC": Canal(("Yuxarı Şirvan kanalı", "Upper Shirvan canal",
                    "Верхне-Ширванский канал"), "GAN-SHI", "RES-MIN", 40.80, 47.04,
                   1100, (73, 66, 72, 56, 63, 53), main=True),
    "C-TAR": Canal(("Tərtərçay kanalları", "Tartarchay canals", "Тертерские каналы"),
                   "KUR-KAR", "RES-SUG", 40.33, 46.77, 140, (50,), main=True),
    "C-KHN": Canal(("Xaçınçay kanalı", "Khachinchay canal", "Хачинчайский канал"),
                   "KUR-KAR", "RES-KHN", 39.99, 46.78, 14, (47,)),
    "C-ZAR": Canal(("Zərdab nasos kanalı", "Zardab pumped canal",
                    "Зардабский насосный канал"), "GAN-SHI", "R-KURA-4", 40.22, 47.70,
                   150, (57,), 0.3),
    "C-LKU": Canal(("Aşağı Kür nasos kanalları", "Lower Kura pumped canals",
                    "Нижнекуринские насосные каналы"), "KUR-LOW", "R-KURA-6", 40.00,
                   48.60, 620, (58, 40), 0.3, main=True),
    "C-NEF": Canal(("Neftçala kanalı", "Neftchala canal", "Нефтечалинский канал"),
                   "KUR-LOW", "R-KURA-7", 39.45, 49.10, 130, (41,), 0.3),
    "C-MIL": Canal(("Baş Mil kanalı", "Main Mil canal", "Главный Мильский канал"),
                   "ARA-LOW", "R-ARA-1", 39.68, 47.95, 380, (26,), main=True),
    "C-MUG": Canal(("Baş Muğan kanalı", "Main Mughan canal", "Главный Муганский канал"),
                   "LAN-MUG", "R-ARA-1", 39.67, 48.05, 780, (60, 27, 28), main=True),
    "C-ARP": Canal(("Arpaçay kanalları", "Arpachay canals", "Арпачайские каналы"),
                   "ARA-NAX", "R-ARP", 39.58, 45.07, 58, (10, 11, 12), 0.35),
    "C-SAC-1": Canal(("Samur–Abşeron kanalı, I hissə", "Samur–Absheron canal, part I",
                      "Самур-Апшеронский канал, часть I"), "SAM-CAS", "R-SAM", 41.60,
                     48.37, 95, (19, 35, 36), 0.3, main=True),
    "C-SAC-2": Canal(("Samur–Abşeron kanalı, II hissə", "Samur–Absheron canal, part II",
                      "Самур-Апшеронский канал, часть II"), "SAM-CAS", "RES-TAK",
                     41.10, 49.02, 60, (54, 37), 0.12, main=True),
    "C-LAN": Canal(("Lənkəran kanalları", "Lankaran canals", "Ленкоранские каналы"),
                   "LAN-MUG", "RES-KHB", 38.74, 48.73, 17, (42, 34), 0.3),
    "C-VIL": Canal(("Viləşçay kanalı", "Vilashchay canal", "Виляшчайский канал"),
                   "LAN-MUG", "RES-VIL", 38.97, 48.57, 26, (43,), 0.3),
    "C-AYR": Canal(("Əyriçay kanalı", "Ayrichay canal", "Айричайский канал"),
                   "GAN-SHI", "RES-AYR", 41.09, 47.17, 40, (22,), 0.3),
    "C-KBW": Canal(("Kür–Bakı su kəməri", "Kura–Baku water pipeline",
                    "Водовод Кура–Баку"), "KUR-LOW", "R-KURA-6", 39.93, 48.95,
                   losses=0.08, main=True),
    "C-OGB": Canal(("Oğuz–Qəbələ–Bakı su kəməri", "Oghuz–Gabala–Baku water pipeline",
                    "Водовод Огуз–Габала–Баку"), "GAN-SHI", "GW-SHI", 40.98, 47.60,
                   losses=0.05, main=True),
}  # fmt: skip

#: collector: (names, basin, lat, lon, districts whose fields drain into it)
COLLECTORS = {
    "D-MSK": (("Baş Şirvan kollektoru", "Main Shirvan collector",
               "Главный Ширванский коллектор"), "KUR-LOW", 39.80, 49.20,
              (73, 66, 72, 56, 63, 53, 57)),
    "D-MMK": (("Baş Mil–Muğan kollektoru", "Main Mil–Mughan collector",
               "Главный Миль-Муганский коллектор"), "LAN-MUG", 39.35, 48.75,
              (74, 33, 32, 26, 60, 27, 58)),
    "D-KAR": (("Baş Qarabağ kollektoru", "Main Karabakh collector",
               "Главный Карабахский коллектор"), "KUR-KAR", 40.25, 47.35,
              (69, 61, 49, 51, 50)),
}  # fmt: skip

#: district: river that it diverts, part of its DIVERSION (see patterns)
DIVERTED = {
    17: ("R-KAT", 0.8), 18: ("R-TAL", 0.8), 23: ("R-KUM", 0.8), 24: ("R-TUR", 0.35),
    21: ("R-TUR", 0.35), 68: ("R-GOY", 0.8), 64: ("R-GRD", 0.7), 67: ("R-SUM", 0.7),
    5: ("R-SHA", 0.2), 4: ("R-SHA", 0.25), 6: ("R-TAR-1", 0.25), 7: ("R-HAK", 0.15),
    8: ("R-HAK", 0.2), 9: ("R-HAK", 0.2), 52: ("R-QAR", 0.5), 46: ("R-QAR", 0.3),
    14: ("R-NAX", 0.3), 13: ("R-NAX", 0.5), 16: ("R-GIL", 0.4), 15: ("R-GIL", 0.4),
    65: ("R-QUD", 0.4), 20: ("R-QUD", 0.4), 29: ("R-VIL", 0.5), 30: ("R-LAN", 0.5),
}  # fmt: skip

#: district: groundwater for its fields, hm3 in a year like 2023
WELLS = {3: 30, 62: 45, 51: 45, 61: 70, 49: 60, 74: 80, 50: 50, 22: 35, 18: 15,
         17: 12, 24: 20, 19: 45, 65: 15, 10: 25, 13: 20, 43: 12, 42: 10, 55: 30,
         25: 40, 1: 12, 31: 25, 33: 15, 26: 10}  # fmt: skip

#: districts whose irrigation department reports; the others have instruments
DEPARTMENTS = (1, 25, 33, 58, 61, 62, 19, 49)

FIELD_RETURN = 1 - AG_CONSUMPTION


def ne(number: int) -> str:
    """Code of a district."""
    return f"NE-{number:02d}"


def describe(country: Registry, districts: dict[str, dict]) -> None:
    """Add canals, collectors and the agriculture account of every farming district."""
    for code, canal in CANALS.items():
        _canal(country, code, canal)
    _samur_absheron(country)
    for code, (names, basin, lat, lon, _) in COLLECTORS.items():
        country.account(code, "canal", basin, names)
        country.site(code, "canal", names, lat, lon)
        if code != "D-KAR":
            _out_to_sea(country, code)
    country.series("D-KAR.Q", "D-KAR", "discharge", "m3/s", "mean_preceding", DAY,
                   "D-KAR:D-MMK", u=PERCENT["canal"], resolution=0.001)  # fmt: skip
    country.flow("D-KAR", "D-MMK", "transfer", "D-KAR.Q", ("rest",))
    served = {d: code for code, canal in CANALS.items() for d in canal.districts}
    for number in sorted({*served, *DIVERTED, *WELLS}):
        _fields(country, number, served.get(number), districts)


def _out_to_sea(country: Registry, code: str) -> None:
    flow = country.flow(code, "CASPIAN", "outflow_to_sea", f"{code}.Q", ("rest",))
    country.series(f"{code}.Q", code, "discharge", "m3/s", "mean_preceding", DAY, flow,
                   u=PERCENT["canal"], resolution=0.001)  # fmt: skip


def _canal(country: Registry, code: str, canal: Canal) -> None:
    """Intake by what the canal has to deliver, and its losses."""
    short = BASINS[canal.basin][0]
    country.account(code, "canal", canal.basin, canal.names)
    country.site(code, "canal", canal.names, canal.lat, canal.lon)
    term = "transfer" if canal.source == "RES-TAK" else "abstraction"
    flow = country.flow(canal.source, code, term, f"{code}.Q", ("need", 1.0))
    step = HOUR if canal.main else DAY
    country.series(
        f"{code}.Q", code, "discharge", "m3/s", "mean_preceding", step, flow,
        u=PERCENT["canal"], resolution=0.001, fault="late" if code == "C-UKC" else None,
    )  # fmt: skip
    lost = canal.losses / (1 + canal.losses)
    for end, part in ((f"GW-{short}", 0.82), ("ATM", 0.18)):
        country.flow(
            code, end, "losses_in_conveyance",
            f"rule:share({code}.Q, {lost * part:.4f})",
            ("loss", canal.losses * part, None, "losses"), u=20.0,
        )  # fmt: skip


def _samur_absheron(country: Registry) -> None:
    """Let the canal fill its two reservoirs on the way to Absheron."""
    for start, end, site in (
        ("C-SAC-1", "RES-TAK", "RES-TAK"),
        ("C-SAC-2", "RES-JEY", "RES-JEY"),
    ):
        flow = country.flow(start, end, "transfer", f"{end}.QIN", ("need", 1.0))
        country.series(
            f"{end}.QIN", site, "discharge", "m3/s", "mean_preceding", DAY, flow,
            u=PERCENT["canal"], resolution=0.001,
        )  # fmt: skip


def _fields(
    country: Registry, number: int, canal: str | None, districts: dict[str, dict]
) -> None:
    """Fields of a district: water in, consumption, return."""
    code = ne(number)
    district = districts[code]
    account = country.account(f"AG-{code}", "economy", code, sector="agriculture")
    reporting = number in DEPARTMENTS
    size, main = {}, None
    if canal:
        main = f"{canal}:{account}"
        area = sum(districts[ne(d)]["area_km2"] for d in CANALS[canal].districts)
        size[main] = CANALS[canal].use * district["area_km2"] / area
        measured = "report:received else rule:last_report(received)"
        if not reporting:
            measured = _offtake(country, code, district, main, "OFF")
        country.flow(
            canal, account, "delivery", measured,
            ("demand", size[main], "irrigation", "agriculture"), sector="agriculture",
        )  # fmt: skip
    if number in DIVERTED:
        river, part = DIVERTED[number]
        main = f"{river}:{account}"
        size[main] = 1.0
        measured = _offtake(country, code, district, main, "DIV")
        country.flow(
            river, account, "abstraction", measured,
            ("fraction", part, "diversion"), sector="agriculture",
        )  # fmt: skip
    if number in WELLS:
        _wells(country, number, district, account, reporting=reporting)
        main = main or f"GW-{district['short']}:{account}"
        size[f"GW-{district['short']}:{account}"] = float(WELLS[number])
    _leaving_fields(country, number, account, main, size, district)


def _wells(country, number, district, account, *, reporting):
    source = f"GW-{district['short']}"
    measured = "report:abstraction else rule:last_report(abstraction)"
    if not reporting:
        site = f"WEL-{ne(number)}"
        _site(country, site, "well", ("quyuları", "wells", "скважины"), district)
        measured = country.series(
            f"{site}.V", site, "volume", "m3", "total_preceding", DAY,
            f"{source}:{account}", u=(8.0, 6.0), resolution=1.0,
        )  # fmt: skip
    country.flow(
        source, account, "abstraction", measured,
        ("demand", float(WELLS[number]), "irrigation", "wells"), sector="agriculture",
    )  # fmt: skip


def _leaving_fields(country, number, account, main, size, district):
    """Consumption and return, as parts of the main water of the fields."""
    if number in DIVERTED:
        whole = _with_wells(number)
    else:
        whole = sum(size.values()) / size[main]
    drain = next((c for c, row in COLLECTORS.items() if number in row[4]), None)
    if number in (40, 41):
        drain = "CASPIAN"
    country.flow(
        account, "ATM", "consumption",
        f"rule:share({main}, {AG_CONSUMPTION * whole:.4f})",
        ("fraction", AG_CONSUMPTION, "flat", "noisy"), u=12.0, sector="agriculture",
    )  # fmt: skip
    country.flow(
        account, drain or f"GW-{district['short']}", "return_flow",
        f"rule:share({main}, {FIELD_RETURN * whole:.4f})", ("rest",), u=20.0,
        sector="agriculture",
    )  # fmt: skip


#: river: mean discharge where fields divert it, m3/s
_RIVER_MEAN = {"R-KAT": 9.94, "R-TAL": 3.35, "R-KUM": 4.6, "R-TUR": 18.8,
               "R-QUD": 15.8, "R-NAX": 7.7, "R-GIL": 5.7}  # fmt: skip
_DRY = 0.85  # of the long-term mean, in a year like 2023


def _with_wells(number: int) -> float:
    """All water of the fields of a district for each unit it diverts."""
    if number not in WELLS:
        return 1.0
    river, part = DIVERTED[number]
    mean = part * mean_product("diversion", "snow") * _RIVER_MEAN[river] * _DRY
    return 1 + WELLS[number] / (mean * 31.557)


def _offtake(country, code, district, truth, prefix):
    site = f"{prefix}-{code}"
    words = ("suqəbuledicisi", "offtake", "водовыдел")
    _site(country, site, "intake", words, district)
    return country.series(
        f"{site}.Q", site, "discharge", "m3/s", "mean_preceding", DAY, truth,
        u=PERCENT["canal"], resolution=0.001,
    )  # fmt: skip


def _site(country, code, kind, words, district):
    az, en, ru = words
    country.site(
        code, kind,
        (f"{district['name_az']} {az}", f"{district['name_en']} {en}",
         f"{district['name_ru']}, {ru}"),
        district["lat"], district["lon"],
    )  # fmt: skip


def reported_by_department(number: int, districts: dict) -> dict[str, float]:
    """Items, with a year's volume in hm3, that an irrigation department reports."""
    items = {}
    for canal in CANALS.values():
        if number in canal.districts:
            area = sum(districts[ne(d)]["area_km2"] for d in canal.districts)
            items["received"] = canal.use * districts[ne(number)]["area_km2"] / area
    if number in WELLS:
        items["abstraction"] = float(WELLS[number])
    return items
