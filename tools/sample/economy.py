"""Utilities, sewerage, households, services, industry, energy; who reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.sample.canals import _site as site_in
from tools.sample.waters import BASINS

if TYPE_CHECKING:
    from tools.sample.registry import Registry

HOUR, DAY = 3600, 86400
NETWORK_LOSSES = 0.6  # for each unit delivered; published 42 to 48 % of what enters
METER = (1.5, 1.0)


@dataclass(frozen=True, slots=True)
class Utility:
    """A water utility: where it sits, whom it serves, where its water comes from."""

    name: str
    district: str
    basins: tuple[str, ...]
    sources: dict[str, float]
    sewer_to: str
    sewered: tuple[str, ...]


UTILITIES = {
    "BAKI": Utility("Bakı Su Təchizatı", "NE-39", ("ABS-GOB",),
                    {"RES-JEY": 0.35, "C-KBW": 0.35, "C-OGB": 0.18, "GW-SAM": 0.12},
                    "CASPIAN", ("NE-39", "NE-54")),
    "SUMQ": Utility("Sumqayıt Su Təchizatı", "NE-38", (), {"RES-JEY": 1.0},
                    "CASPIAN", ("NE-38",)),
    "GANJ": Utility("Gəncə Su Təchizatı", "NE-70", ("KUR-MID",),
                    {"RES-SHC": 0.25, "GW-MID": 0.75}, "R-GAN", ("NE-70", "NE-55")),
    "NAXC": Utility("Naxçıvan Su Təchizatı", "NE-45", ("ARA-NAX",),
                    {"R-NAX": 0.35, "GW-NAX": 0.65}, "R-NAX", ("NE-45",)),
    "SHEK": Utility("Şəki Su Təchizatı", "NE-77", ("GAN-SHI",), {"GW-SHI": 1.0},
                    "R-GNX", ("NE-77", "NE-18")),
    "SHIR": Utility("Şirvan Su Təchizatı", "NE-59", ("KUR-LOW",),
                    {"R-KURA-6": 0.9, "GW-LOW": 0.1}, "R-KURA-6", ("NE-59",)),
    "LANK": Utility("Lənkəran Su Təchizatı", "NE-44", ("LAN-MUG",),
                    {"RES-KHB": 0.3, "GW-LAN": 0.7}, "R-LAN", ("NE-44",)),
    "QUBA": Utility("Quba Su Təchizatı", "NE-65", ("SAM-CAS",),
                    {"R-QUD": 0.3, "GW-SAM": 0.7}, "R-QUD", ("NE-65", "NE-19")),
    "BARD": Utility("Bərdə Su Təchizatı", "NE-61", ("KUR-KAR",), {"GW-KAR": 1.0},
                    "D-KAR", ("NE-61", "NE-76", "NE-75")),
    "IMIS": Utility("İmişli Su Təchizatı", "NE-26", ("ARA-LOW",),
                    {"R-ARA-1": 0.5, "GW-ARA": 0.5}, "D-MMK", ("NE-26",)),
    "MING": Utility("Mingəçevir Su Təchizatı", "NE-71", (), {"RES-MIN": 1.0},
                    "R-KURA-3", ("NE-71",)),
}  # fmt: skip

#: hm3 a year; a district without its own figure gets DEFAULT_HOUSEHOLDS
HOUSEHOLDS = {
    "NE-39": 190.0, "NE-38": 24.0, "NE-70": 19.0, "NE-54": 12.0, "NE-44": 3.2,
    "NE-77": 2.6, "NE-71": 4.6, "NE-45": 4.0, "NE-59": 3.6, "NE-75": 1.2,
    "NE-76": 2.2, "NE-48": 0.2, "NE-11": 0.4, "NE-46": 0.3, "NE-47": 0.4,
    "NE-06": 0.3, "NE-07": 0.3, "NE-08": 0.3, "NE-09": 0.3, "NE-31": 0.2,
}  # fmt: skip
DEFAULT_HOUSEHOLDS = 1.25

SERVICES = {
    "NE-39": 42.0, "NE-38": 5.0, "NE-70": 5.0, "NE-45": 3.0, "NE-77": 2.0,
    "NE-44": 2.5, "NE-71": 2.0, "NE-59": 2.0, "NE-65": 2.5, "NE-24": 3.0,
    "NE-61": 2.0, "NE-75": 1.0, "NE-54": 4.3, "NE-26": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plant:
    """An industrial or energy account and the enterprise behind it."""

    sector: str
    district: str
    source: str
    use: float  # hm3 a year
    consumed: float
    returns_to: str
    enterprises: tuple[tuple[str, str], ...]  # name, ISIC
    metered: bool = False
    pattern: str = "flat"


PLANTS = (
    Plant("industry", "NE-39", "C-KBW", 420, 0.18, "CASPIAN",
          (("Bakı Neft Emalı", "1920"), ("Qaradağ Sement", "2394"),
           ("Bakı Polad", "2410"), ("Bakı Çörək", "1071")), True),
    Plant("industry", "NE-38", "RES-JEY", 80, 0.15, "SW-SUMQ",
          (("Sumqayıt Kimya", "2011"), ("Sumqayıt Boru", "2431"),
           ("Sumqayıt Karbamid", "2012"))),
    Plant("industry", "NE-70", "GW-MID", 45, 0.15, "SW-GANJ",
          (("Gəncə Alüminium", "2420"), ("Gəncə Şərab", "1102")), True),
    Plant("industry", "NE-05", "R-SHA", 14, 0.2, "R-SHA",
          (("Daşkəsən Filiz", "0710"),)),
    Plant("industry", "NE-04", "R-SHA", 8, 0.25, "GW-MID",
          (("Gədəbəy Qızıl", "0729"),)),
    Plant("industry", "NE-59", "R-KURA-6", 50, 0.12, "R-KURA-6",
          (("Şirvan Neft Mədənləri", "0610"),)),
    Plant("industry", "NE-71", "RES-VAR", 40, 0.12, "R-KURA-3",
          (("Mingəçevir Tekstil", "1310"), ("Mingəçevir İzolyator", "2393"))),
    Plant("industry", "NE-54", "C-SAC-2", 40, 0.2, "GW-ABS",
          (("Abşeron Daş Karxanaları", "0810"),), True),
    Plant("industry", "NE-26", "C-MIL", 30, 0.2, "D-MMK",
          (("İmişli Şəkər", "1072"),), False, "irrigation"),
    Plant("industry", "NE-45", "GW-NAX", 15, 0.18, "SW-NAXC",
          (("Naxçıvan Duz", "0893"), ("Naxçıvan Avtomobil", "2910"))),
    Plant("industry", "NE-42", "GW-LAN", 8, 0.2, "GW-LAN",
          (("Lənkəran Konserv", "1030"),)),
    Plant("industry", "NE-19", "GW-SAM", 12, 0.2, "GW-SAM",
          (("Xaçmaz Konserv", "1030"),)),
    Plant("industry", "NE-22", "GW-SHI", 8, 0.2, "GW-SHI", (("Şəki İpək", "1311"),)),
    Plant("industry", "NE-49", "GW-KAR", 6, 0.2, "GW-KAR",
          (("Ağdam Sənaye Parkı", "2395"),)),
    Plant("energy", "NE-71", "RES-VAR", 860, 0.012, "R-KURA-3",
          (("Mingəçevir İES", "3511"),), True, "power"),
    Plant("energy", "NE-59", "R-KURA-6", 330, 0.015, "R-KURA-6",
          (("Şirvan İES", "3511"),), True, "power"),
    Plant("energy", "NE-38", "RES-JEY", 30, 0.6, "SW-SUMQ",
          (("Sumqayıt İES", "3511"),), True, "power"),
    Plant("energy", "NE-39", "C-KBW", 50, 0.6, "SW-BAKI",
          (("Bakı İEM", "3511"),), False, "power"),
    Plant("energy", "NE-45", "GW-NAX", 5, 0.6, "GW-NAX",
          (("Naxçıvan Modul ES", "3511"),), False, "power"),
)  # fmt: skip

#: The one flow without a fallback: its enterprise has not reported in 2025.
SILENT = "Xaçmaz Konserv"


def modulus(hm3: float) -> float:
    """Power of ten close to a year's volume, so that the counter turns over."""
    value, year = 10.0, hm3 * 1e6
    while value < year / 3:
        value *= 10
    return value


class Economy:
    """Adds the accounts of the economy, remembering who serves whom."""

    def __init__(self, country: Registry, districts: dict[str, dict]) -> None:
        self.country = country
        self.districts = districts
        self.utility = {
            code: key
            for key, utility in UTILITIES.items()
            for code, row in districts.items()
            if row["basin_code"] in utility.basins
        }
        self.utility |= {u.district: key for key, u in UTILITIES.items()}
        self.sewer = {d: key for key, u in UTILITIES.items() for d in u.sewered}
        self.enterprises = 0

    def describe(self) -> None:
        """Add everything."""
        for key, utility in UTILITIES.items():
            self._utility(key, utility)
        for code in self.districts:
            self._people(code)
        for plant in PLANTS:
            self._plant(plant)

    def _meter(self, name, place, truth, hm3, step=DAY, fault=None):
        """Add a totaliser and return its code."""
        words = {"ZM": ("zona sayğacı", "zone meter", "зонный счётчик")}
        site = f"{name}-{place}" if place.startswith("NE") else name
        kind = words.get(name, ("sayğacı", "meter", "счётчик"))
        where = place if place.startswith("NE") else UTILITIES[place].district
        site_in(self.country, site, "meter", kind, self.districts[where])
        return self.country.series(
            f"{site}.N", site, "volume", "m3", "totaliser", step, truth, u=METER,
            resolution=1.0, modulus=modulus(hm3),
            max_rate=round(hm3 * 1e6 / 31557600 * 5, 4), fault=fault,
        )  # fmt: skip

    def _utility(self, key: str, utility: Utility) -> None:
        country, account = self.country, f"UT-{key}"
        short = self.districts[utility.district]["short"]
        country.account(account, "economy", utility.district, sector="water_supply")
        country.account(f"SW-{key}", "economy", utility.district, sector="sewerage")
        size = sum(HOUSEHOLDS.get(c, DEFAULT_HOUSEHOLDS) + SERVICES.get(c, 0)
                   for c, k in self.utility.items() if k == key)  # fmt: skip
        for source, part in utility.sources.items():
            flow = f"{source}:{account}"
            name = f"INT-{key}-{source.replace('-', '')}"
            meter = self._meter(
                name, key, flow, size * (1 + NETWORK_LOSSES) * part,
                HOUR if size > 20 else DAY,
                fault="drift" if key == "GANJ" and source == "GW-MID" else None,
            )  # fmt: skip
            taken = source.startswith(("GW", "R-")) or source in (
                "RES-SHC", "RES-KHB", "RES-MIN",
            )  # fmt: skip
            country.flow(
                source, account, "abstraction" if taken else "delivery", meter,
                ("need", part), sector="water_supply",
            )  # fmt: skip
        items = ["losses_in_conveyance"]
        country.flow(
            account, f"GW-{short}", "losses_in_conveyance",
            _reported("losses_in_conveyance"), ("loss", NETWORK_LOSSES, None, None),
            sector="water_supply",
        )  # fmt: skip
        self._enterprise(utility.name, "3600", utility.district, items, size * 1.7, 1)
        self._enterprise(
            f"{utility.name}, kanalizasiya", "3700", utility.district, ["return_flow"],
            size, 3,
        )  # fmt: skip
        country.flow(
            f"SW-{key}", utility.sewer_to, "return_flow", _reported("return_flow"),
            ("rest",), sector="sewerage",
        )  # fmt: skip

    def _people(self, code: str) -> None:
        """Households of a district and, in larger places, its services."""
        key = self.utility[code]
        hm3 = HOUSEHOLDS.get(code, DEFAULT_HOUSEHOLDS)
        account = self._account("HH", code, "households")
        served = f"UT-{key}:{account}"
        meter = self._meter("ZM", code, served, hm3)
        self._used(account, f"UT-{key}", meter, None, hm3, "households", 0.15, code)
        if code in SERVICES:
            size = SERVICES[code]
            account = self._account("SV", code, "services")
            measured = f"rule:share({served}, {size / hm3:.4f})"
            self._used(account, f"UT-{key}", measured, 20.0, size, "services", 0.1,
                       code)  # fmt: skip

    def _account(self, prefix: str, code: str, sector: str) -> str:
        return self.country.account(f"{prefix}-{code}", "economy", code, sector=sector)

    def _used(self, account, source, measured, u, hm3, group, consumed, code):
        country = self.country
        served = country.flow(
            source, account, "delivery", measured,
            ("demand", hm3, "municipal", group), u=u, sector=group,
        )  # fmt: skip
        sewer = self.sewer.get(code)
        end = f"SW-{sewer}" if sewer else f"GW-{self.districts[code]['short']}"
        country.flow(
            account, "ATM", "consumption", f"rule:share({served}, {consumed})",
            ("fraction", consumed, "flat", "noisy"), u=20.0, sector=group,
        )  # fmt: skip
        country.flow(
            account, end, "wastewater" if sewer else "return_flow",
            f"rule:share({served}, {round(1 - consumed, 4)})", ("rest",), u=10.0,
            sector=group,
        )  # fmt: skip

    def _plant(self, plant: Plant) -> None:
        country, code = self.country, plant.district
        prefix = {"industry": "IN", "energy": "EN"}[plant.sector]
        account = self._account(prefix, code, plant.sector)
        taken = plant.source.startswith(("GW", "R-", "RES-VAR"))
        item = "abstraction" if taken else "received"
        served = f"{plant.source}:{account}"
        items = ["wastewater" if plant.returns_to.startswith("SW") else "return_flow"]
        if plant.metered:
            fault = {"NE-70": "reset", "NE-54": "drift"}.get(code)
            measured = self._meter(
                f"MET-{prefix}",
                code,
                served,
                plant.use,
                HOUR,
                fault if plant.sector == "industry" else None,
            )
        else:
            items.append(item)
            measured = _reported(item)
            if plant.enterprises[0][0] == SILENT:
                measured = f"report:{item}"
        country.flow(
            plant.source, account, "abstraction" if taken else "delivery", measured,
            ("demand", plant.use, plant.pattern, "industry_and_energy"),
            sector=plant.sector,
        )  # fmt: skip
        country.flow(
            account, "ATM", "consumption",
            f"rule:share({served}, {plant.consumed})" if plant.enterprises[0][0]
            != SILENT else "rule:constant(6600)",
            ("fraction", plant.consumed, "flat", "noisy"), u=25.0, sector=plant.sector,
        )  # fmt: skip
        country.flow(
            account, plant.returns_to, items[0], _reported(items[0]), ("rest",),
            sector=plant.sector,
        )  # fmt: skip
        count = len(plant.enterprises)
        for name, isic in plant.enterprises:
            self._enterprise(name, isic, code, items, plant.use / count, 3, 1 / count)

    def _enterprise(self, name, isic, district, items, hm3, months, share=1.0):
        self.enterprises += 1
        number = self.enterprises
        code = f"E{number:03d}"
        row = self.districts[district]
        spread = (number * 7 % 11 - 5) / 400  # apart on the map, inside the district
        self.country.add(
            "enterprises", code=code, name=name, isic=isic, territory=district,
            lat=round(row["lat"] + spread, 4), lon=round(row["lon"] - spread, 4),
            pump_m3h=float(round(hm3 * 1e6 / 8766 * 2.5, -1)),
        )  # fmt: skip
        limit = hm3 * (0.95 if number % 9 == 0 else 1.25)  # some exceed their permit
        self.country.add(
            "permits", code=f"P-{code}", enterprise=code,
            source_kind="groundwater" if number % 3 == 0 else "surface",
            limit_m3=float(round(limit * 1e6, -3)), per="year",
            valid_from="2020-01-01T00:00:00+04:00",
            valid_to="2031-01-01T00:00:00+04:00",
        )  # fmt: skip
        silent = {SILENT: ("2025-01-01", "2026-01-01")}.get(name, (None, None))
        if number % 5 == 3 and name != SILENT:
            start = 2022 + number % 4
            silent = (f"{start}-07-01", f"{start}-10-01")
        for item in items:
            self.country.add(
                "simulation/reporters", enterprise=code, item=item,
                share=round(share, 9), months=months,
                bias=round(((number * 13) % 9 - 4) / 100, 3), silent_from=silent[0],
                silent_to=silent[1],
            )  # fmt: skip

    def department(self, number: int, hm3: dict[str, float]) -> None:
        """Add the irrigation department of a district."""
        code = f"NE-{number:02d}"
        name = f"{self.districts[code]['name_az']} Suvarma Sistemləri İdarəsi"
        self._enterprise(name, "0161", code, list(hm3), sum(hm3.values()), 1)


def _reported(item: str) -> str:
    return f"report:{item} else rule:last_report({item})"


def straddling(country: Registry, district: str, shares: dict[str, float]) -> None:
    """Give the economy of a district to the two basins it lies in."""
    for row in country.rows["accounts"]:
        if row["territory"] == district:
            for territory, share in {district: 1.0, **shares}.items():
                country.add(
                    "account_territories", account=row["code"], territory=territory,
                    share=share,
                )  # fmt: skip


def sectors(country: Registry) -> None:
    """Add ISIC Rev. 4 divisions and their sectors (METHODS 1.5)."""
    rows = {
        "agriculture": range(1, 4), "industry": [*range(5, 34), 41, 42, 43],
        "energy": [35], "water_supply": [36], "sewerage": [37],
        "services": [38, 39, *range(45, 97), 99], "households": [97, 98],
    }  # fmt: skip
    for sector, divisions in rows.items():
        for division in divisions:
            country.add("sectors", isic=f"{division:02d}", sector=sector)


__all__ = ["BASINS", "Economy", "sectors", "straddling"]
