"""Seasonal shapes, as twelve monthly factors, and the years 2021 to 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.sample.registry import Registry

_SHAPES = {
    # what forms a river's year; each is scaled to a mean of 1
    "flat": (1,) * 12,
    "snow": (0.5, 0.5, 0.7, 1.3, 2.1, 2.0, 1.3, 0.9, 0.75, 0.7, 0.65, 0.55),
    "kura": (0.7, 0.75, 1.1, 1.95, 2.1, 1.4, 0.8, 0.55, 0.55, 0.65, 0.75, 0.7),
    "araz": (0.75, 0.8, 1.05, 1.7, 1.8, 1.4, 0.9, 0.65, 0.6, 0.7, 0.8, 0.8),
    "regulated": (1.1, 1.05, 1, 1.05, 1.1, 1.05, 1.05, 0.95, 0.85, 0.85, 0.95, 1),
    "samur": (0.7, 0.7, 0.75, 1.05, 1.45, 1.65, 1.5, 1.25, 0.95, 0.85, 0.8, 0.75),
    "south": (1.1, 1.3, 1.6, 1.5, 0.8, 0.45, 0.3, 0.35, 0.9, 1.45, 1.25, 1.05),
    "dry": (0.6, 0.9, 1.5, 1.8, 1.7, 1.0, 0.5, 0.4, 0.7, 1.1, 1.0, 0.8),
    # what the year asks for
    "irrigation": (0.1, 0.1, 0.4, 1.2, 1.7, 2.2, 2.4, 1.9, 1.1, 0.5, 0.25, 0.15),
    "municipal": (0.95, 0.94, 0.95, 0.97, 1, 1.06, 1.1, 1.1, 1.04, 0.98, 0.96, 0.95),
    "power": (1.08, 1.05, 1, 0.93, 0.92, 1, 1.1, 1.1, 0.98, 0.92, 0.94, 0.98),
    "release": (0.75, 0.75, 0.8, 0.95, 1.15, 1.35, 1.5, 1.35, 1.0, 0.85, 0.78, 0.77),
    "summer": (0.35, 0.35, 0.5, 1, 1.5, 1.9, 2.0, 1.6, 1, 0.7, 0.55, 0.45),
    "evaporation": (0.25, 0.3, 0.55, 0.85, 1.25, 1.65, 1.95, 1.9, 1.4, 0.95, 0.55, 0.4),
    "rain": (0.7, 0.8, 1.0, 1.2, 1.4, 1.1, 0.6, 0.5, 0.9, 1.4, 1.3, 1.1),
}

#: Part of a small river that its diversion takes, month by month: not a shape.
DIVERSION = (0.02, 0.02, 0.08, 0.2, 0.3, 0.4, 0.55, 0.55, 0.4, 0.2, 0.05, 0.02)


def shape(name: str) -> list[float]:
    """Twelve factors; those of a shape have a mean of 1."""
    if name == "diversion":
        return list(DIVERSION)
    values = _SHAPES[name]
    mean = sum(values) / 12
    return [round(v / mean, 6) for v in values]


def mean_product(*names: str) -> float:
    """Annual mean of the product of shapes."""
    total = 0.0
    for month in range(12):
        product = 1.0
        for name in names:
            product *= shape(name)[month]
        total += product
    return total / 12


#: year: (inflow from neighbours, formed in the country, hm3; use against 2023).
#: 2021 as published; the rest is chosen: a low, a middling, a wet and a fair year.
YEARS = {
    2021: (11000, 4000, 0.955),
    2022: (13200, 4900, 0.965),
    2023: (16600, 6300, 1.0),
    2024: (20600, 7900, 1.01),
    2025: (17600, 6600, 0.99),
}

#: Published use of 2023, hm3. Production (2,145) covers industry and energy.
TARGETS_2023 = {
    "agriculture": 7207.0,
    "industry_and_energy": 2145.0,
    "households": 342.7,
    "services": 77.3,
    "losses_in_conveyance": 3034.4,
}


def describe(country: Registry) -> None:
    """Add shapes, years and targets."""
    for name in (*_SHAPES, "diversion"):
        for month, value in enumerate(shape(name), start=1):
            country.add("simulation/patterns", pattern=name, month=month, value=value)
    for year, (foreign, formed, use) in YEARS.items():
        country.add(
            "simulation/years",
            year=year,
            inflow_from_neighbours_hm3=foreign,
            formed_hm3=formed,
            use_factor=use,
        )
    for group, value in TARGETS_2023.items():
        country.add("simulation/targets", year=2023, group=group, value_hm3=value)
