"""Operators of canals and mains: what they delivered to those who report receiving."""

from __future__ import annotations

RECEIVED = "report:received"

#: account of the water: operator, district of its office, bias of its meters
OPERATORS = {
    "C-AGS": ("Ağstafaçay Kanalı İdarəsi", "NE-01", 0.01),
    "C-SHC": ("Şəmkirçay Kanalı İdarəsi", "NE-25", -0.01),
    "C-UKC": ("Yuxarı Qarabağ Kanalı İdarəsi", "NE-61", 0.015),
    "C-LKU": ("Kür Nasos Stansiyaları İdarəsi", "NE-58", -0.02),
    "C-SHM": ("Şəmkir Kanalı İdarəsi", "NE-62", 0.02),
    "C-SAC-1": ("Samur–Abşeron Kanalı İdarəsi", "NE-19", 0.0),
    "C-MIL": ("Baş Mil Kanalı İdarəsi", "NE-26", -0.015),
    "C-KBW": ("Kür–Bakı Su Kəməri", "NE-39", 0.005),
    "RES-JEY": ("Ceyranbatan Su Anbarı İdarəsi", "NE-54", -0.005),
}
ISIC = "3600"  # includes the operation of irrigation canals
APART = (-0.015, 0.012)  # degrees from the middle of the district, off its other users


def describe(country, districts: dict[str, dict]) -> None:
    """Add the operators, and name both sides of each of their deliveries."""
    reporters = country.rows["simulation/reporters"]
    district = {r["code"]: r["territory"] for r in country.rows["enterprises"]}
    receiving: dict[str, list[dict]] = {}
    for row in reporters:
        if row["item"] == "received":
            receiving.setdefault(district[row["enterprise"]], []).append(row)
    territory = {r["code"]: r["territory"] for r in country.rows["accounts"]}
    supplied: dict[str, list[dict]] = {source: [] for source in OPERATORS}
    for flow in country.rows["flows"]:
        if str(flow["measured_by"]).startswith(RECEIVED):
            supplied[flow["from"]] += receiving.pop(territory[flow["to"]])
    if receiving:
        raise KeyError(f"nobody supplies {sorted(receiving)}")
    for source, users in supplied.items():
        _operator(country, districts, *OPERATORS[source], users)


def _operator(country, districts, name, office, bias, users) -> None:
    code = f"E{len(country.rows['enterprises']) + 1:03d}"
    country.add(
        "enterprises", code=code, name=name, isic=ISIC, territory=office,
        lat=round(districts[office]["lat"] + APART[0], 4),
        lon=round(districts[office]["lon"] + APART[1], 4),
    )  # fmt: skip
    for user in users:
        user["counterparty"] = code
        country.add(
            "simulation/reporters", enterprise=code, item="delivery",
            share=user["share"], months=user["months"], bias=bias,
            counterparty=user["enterprise"],
        )  # fmt: skip
