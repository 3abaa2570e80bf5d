"""Rivers from source to sea: who flows into whom, and what measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.sample import names
from tools.sample.waters import BASINS, PERCENT

if TYPE_CHECKING:
    from tools.sample.registry import Registry

HOUR, DAY = 3600, 86400

#: river account: basin. Reaches of the Kura and Araz are numbered downstream.
RIVERS = {
    "R-KURA-1": "KUR-MID", "R-KURA-2": "KUR-MID", "R-SHA": "KUR-MID",
    "R-GAN": "KUR-MID", "R-KURA-3": None, "R-KURA-4": "KUR-KAR",
    "R-TAR-1": "KUR-KAR", "R-TAR-2": "KUR-KAR", "R-KHN": "KUR-KAR",
    "R-QAR": "KUR-KAR", "R-KURA-5": "KUR-LOW", "R-KURA-6": "KUR-LOW",
    "R-KURA-7": "KUR-LOW", "R-GNX": "GAN-SHI", "R-KAT": "GAN-SHI",
    "R-TAL": "GAN-SHI", "R-KUM": "GAN-SHI", "R-TUR": "GAN-SHI",
    "R-GOY": "GAN-SHI", "R-GRD": "GAN-SHI", "R-HAK": "ARA-LOW",
    "R-ARA-1": "ARA-LOW", "R-ARA-2": "ARA-LOW", "R-ARP": "ARA-NAX",
    "R-NAX": "ARA-NAX", "R-GIL": "ARA-NAX", "R-SAM": "SAM-CAS",
    "R-QUD": "SAM-CAS", "R-VAL": "SAM-CAS", "R-SUM": "ABS-GOB",
    "R-PIR": "ABS-GOB", "R-LAN": "LAN-MUG", "R-VIL": "LAN-MUG",
    "R-BOL": "LAN-MUG",
}  # fmt: skip

#: gauge: (flow it measures, shape, group, trend 1991-2020, spikes or other fault)
GAUGES = {
    "KUR-GIR": ("GE:R-KURA-1", "kura", "KURA", -0.09, "spikes"),
    "KUR-KAR": ("R-KURA-2:RES-MIN", "kura", "KURA", -0.10, None),
    "KUR-MIN": ("RES-MIN:RES-VAR + RES-MIN:RES-VAR:SPILL", "regulated", "KURA", -0.28,
                None),
    "KUR-YEV": ("R-KURA-3:R-KURA-4", "regulated", "KURA", -0.28, "corrected"),
    "KUR-ZAR": ("R-KURA-4:R-KURA-5", "regulated", "KURA", -0.28, None),
    "KUR-SUR": ("R-KURA-5:R-KURA-6", "regulated", "KURA", -0.25, "late"),
    "KUR-SAL": ("R-KURA-6:R-KURA-7", "regulated", "KURA", -0.25, None),
    "ARA-SAA": ("R-ARA-2:R-KURA-5", "araz", "ARAZ", -0.15, "spikes"),
    "HAK-GAR": ("SOIL-ARA:R-HAK", "snow", "ARAZ", 0.0, None),
    "TAR-MAD": ("RES-SAR:RES-SUG", "snow", "KAR", 0.0, None),
    "QAR-AGH": ("SOIL-KAR:R-QAR", "snow", "KAR", 0.0, None),
    "TUR-SAV": ("SOIL-SHI:R-TUR", "snow", "SHI", 0.0, "late"),
    "GOY-GOY": ("SOIL-SHI:R-GOY", "snow", "SHI", 0.0, None),
    "KAT-GAB": ("SOIL-SHI:R-KAT", "snow", "SHI", 0.0, None),
    "TAL-ZAQ": ("SOIL-SHI:R-TAL", "snow", "SHI", 0.0, None),
    "KUM-ILI": ("SOIL-SHI:R-KUM", "snow", "SHI", 0.0, None),
    "GAN-ZUR": ("SOIL-MID:R-GAN", "snow", "MID", 0.0, None),
    "SHA-CHU": ("SOIL-MID:R-SHA", "snow", "MID", 0.0, None),
    "NAX-QAR": ("SOIL-NAX:R-NAX", "snow", "NAX", 0.0, None),
    "GIL-NUR": ("SOIL-NAX:R-GIL", "snow", "NAX", 0.0, None),
    "QUD-KUP": ("SOIL-SAM:R-QUD", "snow", "SAM", 0.0, "spikes"),
    "VAL-TEN": ("SOIL-SAM:R-VAL", "snow", "SAM", 0.0, None),
    "SUM-PER": ("SOIL-ABS:R-SUM", "dry", "ABS", 0.0, None),
    "LAN-SIF": ("SOIL-LAN:R-LAN", "south", "LAN", 0.0, None),
    "VIL-SHI": ("SOIL-LAN:R-VIL", "south", "LAN", 0.0, None),
}  # fmt: skip

#: Posts that are no station of the facts: illustrative, near the place named.
#: code: (names az, en, ru, lat, lon, truth, hourly)
POSTS = {
    "PST-GNX": ("Qanıx sərhəd məntəqəsi", "Ganikh border post", "Ганых, граница",
                41.55, 46.22, "GE:R-GNX", True),
    "PST-GNM": ("Qanıx mənsəb məntəqəsi", "Ganikh mouth post", "Ганых, устье",
                41.02, 46.66, "R-GNX:RES-MIN", True),
    "PST-QAB": ("Qabırrı məntəqəsi", "Gabirri post", "Габырры, пост", 41.10, 46.35,
                "GE:RES-MIN", False),
    "PST-SED": ("Sədərək Araz məntəqəsi", "Sadarak Araz post", "Садарак, Аракс",
                39.66, 44.86, "TR:RES-ARZ", True),
    "PST-ARP": ("Arpaçay məntəqəsi", "Arpachay post", "Арпачай, пост", 39.60, 45.05,
                "AM:R-ARP", False),
    "PST-HOR": ("Horadiz Araz məntəqəsi", "Horadiz Araz post", "Горадиз, Аракс",
                39.44, 47.36, "IR:R-ARA-1 + IR:R-ARA-1:NEW", True),
    "HJ-SAM": ("Samur hidroqovşağı", "Samur hydro-junction", "Самурский гидроузел",
                41.62, 48.35, "RU:R-SAM", True),
    "PST-SMS": ("Samur mənsəb məntəqəsi", "Samur mouth post", "Самур, устье",
                41.80, 48.56, "R-SAM:CASPIAN", False),
    "HJ-BAH": ("Bəhramtəpə hidroqovşağı", "Bahramtapa hydro-junction",
               "Бахрамтапинский гидроузел", 39.67, 48.02, "R-ARA-1:R-ARA-2", True),
    "HJ-SUG": ("Suqovuşan hidroqovşağı", "Sugovushan (Madagiz) hydro-junction",
               "Гидроузел Суговушан (Мадагиз)", 40.32, 46.74, "RES-SUG:R-TAR-2",
               False),
    "HJ-VAR": ("Varvara hidroqovşağı", "Varvara hydro-junction",
               "Варваринский гидроузел", 40.68, 47.10, "RES-VAR:R-KURA-3", True),
}  # fmt: skip


def rivers(country: Registry) -> None:
    """Add river accounts; the reach below Mingachevir is shared by two basins."""
    for code, basin in RIVERS.items():
        country.account(code, "river", basin or "AZ", names.river(code))
    for basin in ("KUR-MID", "KUR-KAR"):
        country.add(
            "account_territories", account="R-KURA-3", territory=basin, share=0.5
        )


def instruments(country: Registry, means: dict[str, float]) -> None:
    """Add the series of gauges and posts."""
    for code, (truth, shape, group, trend, fault) in GAUGES.items():
        limit = round(means[code] * 25)
        country.series(
            f"{code}.Q", code, "discharge", "m3/s", "instantaneous", HOUR, truth,
            u=PERCENT["gauge"], resolution=0.01 if means[code] > 20 else 0.001,
            max_rate=None, fault=fault,
        )  # fmt: skip
        country.series(
            f"{code}.QD", code, "discharge", "m3/s", "mean_preceding", DAY,
            f"history {code}.QD", u=PERCENT["bulletin"], start="1991-01-01",
            end="2021-01-01", resolution=0.1 if limit > 500 else 0.01,
        )  # fmt: skip
        country.add(
            "simulation/history", series=f"{code}.QD", mean_m3s=means[code],
            pattern=shape, group=group, trend=trend, start=1991,
        )  # fmt: skip
    for code, (az, en, ru, lat, lon, truth, hourly) in POSTS.items():
        kind = "hydro_junction" if code.startswith("HJ") else "river_gauge"
        country.site(code, kind, (az, en, ru), lat, lon)
        country.series(
            f"{code}.Q", code, "discharge", "m3/s",
            "instantaneous" if hourly else "mean_preceding", HOUR if hourly else DAY,
            truth, u=PERCENT["gauge"],
        )  # fmt: skip


def _entering(country: Registry, means: dict[str, float]) -> None:
    """Water from neighbours."""

    def enters(start, end, measured, value, shape, u=None):
        country.flow(
            start, end, "inflow_from_neighbours", measured,
            ("source", value, shape, "foreign"), u=u,
        )  # fmt: skip

    enters("GE", "R-KURA-1", "KUR-GIR.Q", means["KUR-GIR"], "kura")
    enters("GE", "R-GNX", "PST-GNX.Q", 64, "snow")
    enters("GE", "RES-MIN", "PST-QAB.Q", 9, "kura")
    enters("AM", "RES-AGS", "RES-AGS.QIN", 8.05, "snow")
    enters("AM", "R-KURA-1", "rule:share(RES-AGS.QIN, 0.25)", 2, "snow", 25.0)
    enters("TR", "RES-ARZ", "PST-SED.Q", 62, "araz")
    enters("AM", "RES-ARZ", "rule:share(PST-SED.Q, 0.97)", 60, "araz", 20.0)
    enters("IR", "RES-ARZ", "rule:share(PST-SED.Q, 0.45)", 28, "araz", 20.0)
    enters("AM", "R-ARP", "PST-ARP.Q", 14, "snow")
    enters(
        "IR",
        "RES-KHU",
        "RES-KHU.QIN - RES-ARZ.QT else rule:seasonal(RES-KHU.QIN, 0.42)",
        105,
        "araz",
    )
    enters("AM", "R-HAK", "rule:share(HAK-GAR.Q, 0.8)", 11.6, "snow", 30.0)
    enters("RU", "R-SAM", "HJ-SAM.Q", 88, "samur")
    enters("IR", "R-BOL", "rule:constant(67000)", 1, "south", 35.0)


def _border_araz(country: Registry) -> None:
    """Let the Araz leave below the Araz and Giz Galasi dams, and come back.

    Both stretches are border water: what leaves is measured in full, the national
    half of it (share 0.5) returns, and the rest of what arrives is new.
    """
    country.flow(
        "RES-ARZ", "IR", "outflow_to_neighbours", "RES-ARZ.QT",
        ("release", 1.0), structure="turbine", re_enters="IR:RES-KHU:BACK",
    )  # fmt: skip
    country.flow(
        "IR", "RES-KHU", "inflow_from_neighbours", "RES-ARZ.QT",
        ("copy", 1.0, None, None, "RES-ARZ:IR"), code="IR:RES-KHU:BACK",
    )  # fmt: skip
    country.flow(
        "RES-KHU", "RES-GIZ", "outflow_to_downstream", "RES-KHU.QT",
        ("release", 1.0), structure="turbine",
    )  # fmt: skip
    country.flow(
        "RES-GIZ", "IR", "outflow_to_neighbours", "RES-GIZ.QT",
        ("release", 1.0), structure="turbine", re_enters="IR:R-ARA-1",
    )  # fmt: skip
    country.flow(
        "IR", "R-ARA-1", "inflow_from_neighbours",
        "0.5 * RES-GIZ.QT else rule:seasonal(RES-GIZ.QT, 0.5)",
        ("copy", 0.5, None, None, "RES-GIZ:IR"),
    )  # fmt: skip
    country.flow(
        "IR", "R-ARA-1", "inflow_from_neighbours",
        "PST-HOR.Q - 0.5 * RES-GIZ.QT else rule:seasonal(PST-HOR.Q, 0.47)",
        ("copy", 0.45, None, None, "RES-GIZ:IR"), code="IR:R-ARA-1:NEW",
    )  # fmt: skip


#: river or reservoir: runoff that forms there, m3/s, its gauge or donor
RUNOFF = {
    "R-KURA-1": (9.0, None, "SHA-CHU"), "R-KURA-2": (3.0, None, "SHA-CHU"),
    "R-SHA": (8.46, "SHA-CHU", None), "R-GAN": (4.22, "GAN-ZUR", None),
    "R-GNX": (18.0, None, "KAT-GAB"), "R-KAT": (9.9356, "KAT-GAB", None),
    "R-TAL": (3.3456, "TAL-ZAQ", None), "R-KUM": (4.5982, "KUM-ILI", None),
    "R-TUR": (15.812, "TUR-SAV", None), "R-GOY": (12.876, "GOY-GOY", None),
    "R-GRD": (8.0, None, "GOY-GOY"), "R-TAR-1": (22.6, "RES-SAR", None),
    "R-TAR-2": (3.0, None, "TAR-MAD"), "R-QAR": (1.4042, "QAR-AGH", None),
    "RES-KHN": (2.5, "RES-KHN", None), "RES-AYR": (3.8, "RES-AYR", None),
    "R-HAK": (14.553, "HAK-GAR", None), "R-NAX": (5.7023, "NAX-QAR", None),
    "R-GIL": (2.24913, "GIL-NUR", None), "RES-QAN": (0.06, None, "GIL-NUR"),
    "R-QUD": (6.8244, "QUD-KUP", None), "R-VAL": (3.82, "VAL-TEN", None),
    "R-SUM": (1.2, "SUM-PER", None), "R-PIR": (1.8, None, "SUM-PER"),
    "R-LAN": (7.9477, "LAN-SIF", None), "R-VIL": (4.4745, "VIL-SHI", None),
    "RES-KHB": (2.4, "RES-KHB", None), "R-BOL": (2.0, None, "VIL-SHI"),
}  # fmt: skip

#: river: ungauged runoff beside the gauged, m3/s
MORE_RUNOFF = {"R-GAN": 7.0, "R-QAR": 3.5, "R-GIL": 3.5, "R-QUD": 9.0,
               "R-NAX": 2.0, "R-VAL": 3.0, "R-LAN": 4.0}  # fmt: skip

#: river: what groundwater feeds, m3/s
BASEFLOW = {"R-KURA-1": 6.0, "R-KURA-2": 4.0, "R-GNX": 9.0, "R-KURA-4": 6.0,
            "R-HAK": 3.0, "R-ARP": 2.0, "R-TUR": 3.0, "R-SAM": 4.0}  # fmt: skip


def shape_of(short: str) -> str:
    """Shape of the rivers of a basin."""
    return {"LAN": "south", "ABS": "dry"}.get(short, "snow")


def _forming(country: Registry, means: dict[str, float]) -> None:
    """Water that forms inside the country."""
    where = {
        row["code"]: BASINS[row["territory"]][0]
        for row in country.rows["accounts"]
        if row["territory"] in BASINS
    }
    for body, (value, gauge, donor) in RUNOFF.items():
        short = where[body]
        if gauge is None:
            part = value / means[str(donor)]
            measured, u = f"rule:share({donor}.Q, {part:.4f})", 25.0
        else:
            measured = f"{gauge}.Q" if gauge in means else f"{gauge}.QIN"
            u = None
        country.flow(
            f"SOIL-{short}", body, "runoff", measured,
            ("source", value, shape_of(short), "formed", body), u=u,
        )  # fmt: skip
        if body in MORE_RUNOFF:
            more = MORE_RUNOFF[body]
            country.flow(
                f"SOIL-{short}", body, "runoff",
                f"rule:share({gauge}.Q, {more / value:.4f})",
                ("source", more, shape_of(short), "formed", body),
                code=f"SOIL-{short}:{body}:MORE", u=25.0,
            )  # fmt: skip
    for body, value in BASEFLOW.items():
        short = where[body]
        country.flow(
            f"GW-{short}", body, "baseflow", f"rule:constant({value * 65000:.0f})",
            ("source", value, "flat", "formed"), u=35.0,
        )  # fmt: skip


def _passing(country: Registry) -> None:
    """Water that passes from one inland account to the next."""

    def passes(start, end, measured, rule="rest", structure=None, u=None):
        country.flow(
            start, end, "outflow_to_downstream", measured,
            ("release", 1.0) if rule == "release" else ("rest",), u=u,
            structure=structure,
        )  # fmt: skip

    passes("R-KURA-1", "RES-SHM", "RES-SHM.QIN")
    passes("R-SHA", "RES-SHC", "RES-SHC.QIN")
    passes("RES-SHC", "RES-SHM", "RES-SHC.QT", "release", "outlet")
    passes("RES-AGS", "R-KURA-1", "RES-AGS.QT", "release", "outlet")
    passes("RES-SHM", "RES-YEN", "RES-SHM.QT", "release", "turbine")
    passes("RES-YEN", "R-KURA-2", "RES-YEN.QT", "release", "turbine")
    passes("R-KURA-2", "RES-MIN", "KUR-KAR.Q")
    passes("R-GAN", "RES-MIN", "rule:share(GAN-ZUR.Q, 3.2)", u=25.0)
    passes("R-GNX", "RES-MIN", "PST-GNM.Q")
    country.flow(
        "RES-MIN", "RES-VAR", "outflow_to_downstream",
        "KUR-MIN.Q - RES-MIN.QS else rule:seasonal(KUR-MIN.Q, 0.95)",
        ("release", 0.95), structure="turbine",
    )  # fmt: skip
    country.flow(
        "RES-MIN", "RES-VAR", "outflow_to_downstream", "RES-MIN.QS",
        ("release", 0.05), code="RES-MIN:RES-VAR:SPILL", structure="spill",
    )  # fmt: skip
    passes("RES-VAR", "R-KURA-3", "HJ-VAR.Q", "release", "turbine")
    passes("R-KURA-3", "R-KURA-4", "KUR-YEV.Q")
    passes("R-KURA-4", "R-KURA-5", "KUR-ZAR.Q")
    passes("R-KURA-5", "R-KURA-6", "KUR-SUR.Q")
    passes("R-KURA-6", "R-KURA-7", "KUR-SAL.Q")
    passes(
        "R-KAT", "R-GNX", "KAT-GAB.Q - DIV-NE-17.Q else rule:seasonal(KAT-GAB.Q, 0.78)"
    )
    passes(
        "R-TAL", "R-GNX", "TAL-ZAQ.Q - DIV-NE-18.Q else rule:seasonal(TAL-ZAQ.Q, 0.78)"
    )
    passes(
        "R-KUM", "R-GNX", "KUM-ILI.Q - DIV-NE-23.Q else rule:seasonal(KUM-ILI.Q, 0.78)"
    )
    passes("RES-AYR", "R-GNX", "RES-AYR.QT", "release", "outlet")
    passes("R-TUR", "R-KURA-4", "rule:share(TUR-SAV.Q, 0.95)", u=20.0)
    passes(
        "R-GOY",
        "R-KURA-5",
        "GOY-GOY.Q - DIV-NE-68.Q else rule:seasonal(GOY-GOY.Q, 0.78)",
    )
    passes("R-GRD", "R-KURA-5", "rule:share(GOY-GOY.Q, 0.5)", u=30.0)
    passes(
        "R-TAR-1",
        "RES-SAR",
        "RES-SAR.QIN - DIV-NE-06.Q else rule:seasonal(RES-SAR.QIN, 0.94)",
    )
    passes("RES-SAR", "RES-SUG", "TAR-MAD.Q", "release", "turbine")
    passes("RES-SUG", "R-TAR-2", "HJ-SUG.Q", "release", "outlet")
    passes("R-TAR-2", "R-KURA-4", "rule:share(HJ-SUG.Q, 1.28)", u=20.0)
    passes("RES-KHN", "R-KHN", "RES-KHN.QT", "release", "outlet")
    passes("R-KHN", "R-KURA-4", "RES-KHN.QT")
    passes("R-QAR", "R-KURA-4", "rule:share(QAR-AGH.Q, 2.1)", u=25.0)
    passes("R-HAK", "R-ARA-1", "rule:share(HAK-GAR.Q, 1.65)", u=25.0)
    passes("R-ARA-1", "R-ARA-2", "HJ-BAH.Q")
    passes("R-ARA-2", "R-KURA-5", "ARA-SAA.Q")
    passes(
        "R-VIL",
        "RES-VIL",
        "VIL-SHI.Q - DIV-NE-29.Q else rule:seasonal(VIL-SHI.Q, 0.93)",
    )
    passes("RES-QAN", "R-GIL", "rule:constant(3400)", "release", "outlet", u=40.0)


def _leaving(country: Registry) -> None:
    """Water that leaves to neighbours and the sea."""

    def leaves(start, end, measured, rule="rest", u=None):
        term = "outflow_to_sea" if end == "CASPIAN" else "outflow_to_neighbours"
        country.flow(
            start, end, term, measured,
            ("release", 1.0) if rule == "release" else ("rest",), u=u,
        )  # fmt: skip

    leaves("R-ARP", "IR", "rule:share(PST-ARP.Q, 0.9)", u=25.0)
    leaves("R-NAX", "IR", "rule:share(NAX-QAR.Q, 1.08)", u=25.0)
    leaves("R-GIL", "IR", "rule:share(GIL-NUR.Q, 1.95)", u=25.0)
    leaves(
        "R-KURA-7", "CASPIAN", "KUR-SAL.Q - C-NEF.Q else rule:seasonal(KUR-SAL.Q, 0.98)"
    )
    leaves("R-SAM", "CASPIAN", "PST-SMS.Q")
    leaves("R-QUD", "CASPIAN", "rule:share(QUD-KUP.Q, 1.7)", u=25.0)
    leaves("R-VAL", "CASPIAN", "rule:share(VAL-TEN.Q, 1.78)", u=25.0)
    leaves(
        "R-SUM",
        "CASPIAN",
        "SUM-PER.Q - DIV-NE-67.Q else rule:seasonal(SUM-PER.Q, 0.85)",
    )
    leaves("R-PIR", "CASPIAN", "rule:share(SUM-PER.Q, 1.5)", u=30.0)
    leaves("R-LAN", "CASPIAN", "rule:share(LAN-SIF.Q, 1.4)", u=25.0)
    leaves("RES-VIL", "CASPIAN", "RES-VIL.QT", "release")
    leaves("RES-KHB", "CASPIAN", "RES-KHB.QT", "release")
    leaves("R-BOL", "CASPIAN", "rule:share(VIL-SHI.Q, 0.68)", u=35.0)


#: reservoir: its posts (in, out, spill) and whether they send hourly
RESERVOIR_POSTS = {
    "SHM": ("QIN QT", True), "YEN": ("QT", True), "MIN": ("QS", True),
    "ARZ": ("QT", True), "KHU": ("QIN QT", True), "GIZ": ("QT", False),
    "SAR": ("QIN", True), "SHC": ("QIN QT", False), "AGS": ("QIN QT", False),
    "AYR": ("QIN QT", False), "KHN": ("QIN QT", False), "KHB": ("QIN QT", False),
    "VIL": ("QT", False),
}  # fmt: skip

_OBSERVED = {
    "SHM.QIN": "R-KURA-1:RES-SHM", "SHM.QT": "RES-SHM:RES-YEN",
    "YEN.QT": "RES-YEN:R-KURA-2", "MIN.QS": "RES-MIN:RES-VAR:SPILL",
    "ARZ.QT": "RES-ARZ:IR", "KHU.QIN": "IR:RES-KHU:BACK + IR:RES-KHU",
    "KHU.QT": "RES-KHU:RES-GIZ", "GIZ.QT": "RES-GIZ:IR",
    "SAR.QIN": "SOIL-KAR:R-TAR-1", "SHC.QIN": "R-SHA:RES-SHC",
    "SHC.QT": "RES-SHC:RES-SHM", "AGS.QIN": "AM:RES-AGS", "AGS.QT": "RES-AGS:R-KURA-1",
    "AYR.QIN": "SOIL-SHI:RES-AYR", "AYR.QT": "RES-AYR:R-GNX",
    "KHN.QIN": "SOIL-KAR:RES-KHN", "KHN.QT": "RES-KHN:R-KHN",
    "KHB.QIN": "SOIL-LAN:RES-KHB", "KHB.QT": "RES-KHB:CASPIAN",
    "VIL.QT": "RES-VIL:CASPIAN",
}  # fmt: skip


def describe(country: Registry, means: dict[str, float]) -> None:
    """Add the whole surface water network."""
    rivers(country)
    instruments(country, means)
    for key, (posts, hourly) in RESERVOIR_POSTS.items():
        for post in posts.split():
            country.series(
                f"RES-{key}.{post}", f"RES-{key}", "discharge", "m3/s",
                "mean_preceding", HOUR if hourly else DAY, _OBSERVED[f"{key}.{post}"],
                u=PERCENT["turbine" if post == "QT" else "gauge"], resolution=0.001,
            )  # fmt: skip
    _entering(country, means)
    _border_araz(country)
    _forming(country, means)
    _passing(country)
    _leaving(country)
