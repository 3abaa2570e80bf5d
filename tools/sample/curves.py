"""Storage and area curves from capacity, area and depth at full level."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.sample.registry import Registry

ROWS = 36
LOWEST, HIGHEST = 0.25, 1.03  # of the depth at full level


def describe(
    country: Registry,
    site: str,
    capacity_hm3: float,
    area_km2: float,
    depth_m: float,
    full_m: float,
) -> None:
    """Add curves S = C (h / H)^b whose area is dS/dh; b follows from the area.

    The storage is summed from the areas by trapezoids, so that both tables agree
    exactly (METHODS 2, Level to storage).
    """
    if area_km2 != area_km2:
        area_km2 = 2.5 * capacity_hm3 / depth_m
    power = area_km2 * depth_m / capacity_hm3
    step = (HIGHEST - LOWEST) * depth_m / (ROWS - 1)
    bottom = full_m - depth_m
    heights = [
        round(bottom + LOWEST * depth_m + n * step, 2) - bottom for n in range(ROWS)
    ]
    areas = [area_km2 * (h / depth_m) ** (power - 1) for h in heights]
    stored = [capacity_hm3 * (heights[0] / depth_m) ** power]
    for n in range(1, ROWS):
        rise = heights[n] - heights[n - 1]
        stored.append(stored[-1] + 0.5 * (areas[n] + areas[n - 1]) * rise)
    at_full = _at(heights, stored, depth_m)
    scale = capacity_hm3 / at_full
    for kind, values in (("storage", stored), ("area", areas)):
        for height, value in zip(heights, values, strict=True):
            country.add(
                "curves", site=site, kind=kind, x=round(bottom + height, 2),
                y=float(round(value * scale * 1e6)),
            )  # fmt: skip


def _at(heights: list[float], stored: list[float], height: float) -> float:
    for n in range(1, len(heights)):
        if heights[n] >= height:
            part = (height - heights[n - 1]) / (heights[n] - heights[n - 1])
            return stored[n - 1] + part * (stored[n] - stored[n - 1])
    raise ValueError("the table ends below full level")
