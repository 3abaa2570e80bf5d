"""Simulated returns of enterprises, with misreports planted in known places.

What is simulated: plants with a season, noise from month to month and from year to
year, output, permits, pumps and meters; some closed, some doubled for good. What is
planted: one kind of misreport in a share of the returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

FIRST = 2014
SLIPS = (1e3, 1e-3, 3.6, 1 / 3.6, 86.4, 1 / 86.4)
KINDS = (
    "identity", "over_limit", "no_permit", "meter", "pump_capacity", "pump_energy",
    "history", "unit_slip", "copied_year", "same_figure", "mirror", "discharge",
)  # fmt: skip


@dataclass
class World:
    """True water of plants by year, thousand m3, and what they report of it."""

    codes: np.ndarray
    true: np.ndarray  # (plant, year, month)
    said: np.ndarray  # as reported
    output: np.ndarray  # (plant, year), NaN where it is not given
    metered: np.ndarray  # (plant,) share
    limit: np.ndarray  # (plant,) thousand m3 a year
    pump: np.ndarray  # (plant,) m3/h, NaN where it is not known
    used: np.ndarray  # (plant, year) thousand m3
    share: np.ndarray  # (plant, year) of the intake that is discharged
    supplier: np.ndarray  # (plant,) number of a utility, -1: none
    given: np.ndarray  # (plant, year) by the supplier, thousand m3
    received: np.ndarray  # (plant, year) as reported
    gap: np.ndarray  # (plant, year): the permit has a gap
    planted: np.ndarray  # (plant, year)
    slips: np.ndarray  # (plant, year) factor
    absent: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))


def world(plants: int, years: int, seed: int) -> World:
    """Make plants that report what is true."""
    rng = np.random.default_rng(seed)
    base = np.maximum(np.exp(rng.normal(np.log(300), 1.1, plants)), 30)
    growth = np.cumsum(rng.normal(0, 0.05, (plants, years)), axis=1)
    output = np.exp(rng.normal(3, 1, plants))[:, None] * np.exp(growth)
    level = base[:, None] * np.exp(growth + rng.normal(0, 0.05, (plants, years)))
    closed = rng.random(plants) < 0.01
    doubled = (rng.random(plants) < 0.01) & ~closed
    since = rng.integers(2, years - 1, plants)
    later = np.arange(years) >= since[:, None]
    factor = np.where(later & doubled[:, None], 2.0, 1.0)
    factor = np.where(later & closed[:, None], 0.0, factor)
    season = 1 + 0.35 * np.sin((np.arange(12) - 3) / 12 * 2 * np.pi)
    noise = np.exp(rng.normal(0, 0.08, (plants, years, 12)))
    months = season * noise
    true = (level * factor)[:, :, None] * months / months.sum(axis=2, keepdims=True)
    true = np.round(true, 2)
    total = true.sum(axis=2)
    silent = rng.random(plants) < 0.2
    told = np.where(silent[:, None], np.nan, output * factor)
    supplier = np.where(np.arange(plants) % 7 == 0, np.arange(plants) // 21, -1)
    given = np.round(total * 0.3 * (supplier >= 0)[:, None], 2)
    pump = 1.25 * true.max(axis=(1, 2)) * 1000 / 672
    return World(
        codes=np.array([f"E{n:05d}" for n in range(plants)]),
        true=true,
        said=true.copy(),
        output=told,
        metered=np.where(rng.random(plants) < 0.7, 0.95, 0.0),
        limit=np.round(1.15 * total.max(axis=1), 2),
        pump=np.where(rng.random(plants) < 0.6, pump, np.nan),
        used=np.round(total * 0.75, 2),
        share=np.clip(rng.uniform(0.3, 0.65, plants)[:, None]
                      + rng.normal(0, 0.02, (plants, years)), 0, 0.7),
        supplier=supplier,
        given=given,
        received=np.round(given * (1 + rng.normal(0, 0.01, given.shape)), 2),
        gap=np.zeros(total.shape, dtype=bool),
        planted=np.zeros(total.shape, dtype=bool),
        slips=np.ones(total.shape),
    )  # fmt: skip


def plant(made: World, kind: str, share: float, seed: int, size: float = 1.0) -> None:
    """Plant one kind of misreport; ``size`` scales how far it is from the truth."""
    rng = np.random.default_rng(seed)
    shape = made.planted.shape
    total = made.true.sum(axis=2)
    able = total > 20
    if kind == "pump_capacity":
        able &= ~np.isnan(made.pump)[:, None]
    if kind == "same_figure":
        able &= (made.metered > 0.5)[:, None]
    if kind == "mirror":
        able &= (made.supplier >= 0)[:, None] & (made.given > 5)
    if kind == "copied_year":
        able &= np.arange(shape[1]) >= 3
    chance = share * able.size / max(able.sum(), 1) if kind == "mirror" else share
    hit = (rng.random(shape) < min(chance, 0.05)) & able
    made.planted |= hit
    at = np.nonzero(hit)
    _PLANT[kind](made, at, rng, size)


def _either(rng, low, high, count, size):
    """Factors away from 1, half of them up and half down."""
    away = 1 + (rng.uniform(low, high, count) - 1) * size
    return np.where(rng.random(count) < 0.5, away, 1 / away)


def _scale(made, at, factor):
    made.said[at] = np.round(made.said[at] * factor[:, None], 2)
    made.used[at] = np.round(made.used[at] * factor, 2)


def _identity(made, at, rng, size):
    loss = 0.02 + 0.2 * rng.random(len(at[0])) * size
    made.used[at] = np.round(made.used[at] * (1 - loss), 2)


def _over(made, at, rng, size):
    wanted = made.limit[at[0]] * (1 + size * rng.uniform(0.03, 0.6, len(at[0])))
    _scale(made, at, wanted / made.true[at].sum(axis=1))


def _gap(made, at, rng, size):
    made.gap[at] = True


def _meter(made, at, rng, size):
    # beyond what both uncertainties hide: 2 sqrt(u_r2 + u_m2)
    u = np.where(made.metered[at[0]] > 0.5, 0.032, 0.15)
    away = 1 + size * rng.uniform(3.2, 9, len(at[0])) * u
    up = rng.random(len(at[0])) < 0.5
    _scale(
        made, at, np.where(up, away / (1 - np.minimum(2.2 * u, 0.6)) ** 0.5, 1 / away)
    )


def _pump(made, at, rng, size):
    month = rng.integers(0, 12, len(at[0]))
    most = made.pump[at[0]] * 744 / 1000
    made.said[at[0], at[1], month] = np.round(
        most * (1 + size * rng.uniform(0.05, 1.0, len(month))), 2
    )


def _energy(made, at, rng, size):
    _scale(made, at, _either(rng, 1.8, 2.7, len(at[0]), size))


def _history(made, at, rng, size):
    _scale(made, at, _either(rng, 1.5, 2.5, len(at[0]), size))


def _slip(made, at, rng, size):
    factor = np.array(SLIPS)[rng.integers(0, len(SLIPS), len(at[0]))]
    made.slips[at] = factor
    _scale(made, at, factor)


def _copy(made, at, rng, size):
    lag = rng.integers(1, 4, len(at[0]))
    made.said[at] = made.true[at[0], at[1] - lag]
    made.used[at] = np.round(made.said[at].sum(axis=1) * 0.75, 2)


def _same(made, at, rng, size):
    count = rng.integers(max(4, int(5 * size)), 13, len(at[0]))
    mean = np.round(made.true[at].mean(axis=1), 2)
    order = np.argsort(rng.random((len(at[0]), 12)), axis=1)
    flat = order < count[:, None]
    made.said[at] = np.where(flat, mean[:, None], made.said[at])


def _mirror(made, at, rng, size):
    made.received[at] = np.round(
        made.given[at] * _either(rng, 1.2, 2.5, len(at[0]), size), 2
    )


def _discharge(made, at, rng, size):
    above = rng.random(len(at[0])) < 0.5
    shift = rng.uniform(0.3, 0.6, len(at[0])) * size
    lower = np.maximum(made.share[at] - shift, 0.0)
    odd = np.where(made.share[at] > 0.45, lower, made.share[at] + shift)
    made.share[at] = np.where(above, 1.35 + 0.8 * rng.random(len(at[0])) * size, odd)


_PLANT = {
    "identity": _identity, "over_limit": _over, "no_permit": _gap, "meter": _meter,
    "pump_capacity": _pump, "pump_energy": _energy, "history": _history,
    "unit_slip": _slip, "copied_year": _copy, "same_figure": _same, "mirror": _mirror,
    "discharge": _discharge,
}  # fmt: skip


def rows(made: World) -> pd.DataFrame:
    """Lines of the returns, as an archive in CSV has them."""
    plants, years = made.planted.shape
    plant_of = np.repeat(np.arange(plants), years)
    year = np.tile(np.arange(years), plants)
    at = (plant_of, year)
    months = made.said[at]
    total = np.round(months.sum(axis=1), 2)
    bought = made.received[at]
    passed = np.round(total - made.used[at], 2)
    honest = np.abs(made.used[at] - 0.75 * total) < 0.006 * np.maximum(total, 1) + 0.02
    lost = np.where(honest, passed, np.round(0.25 * total, 2))
    base = {"enterprise": made.codes[plant_of], "period": (FIRST + year).astype(str)}
    intake = pd.DataFrame(
        {
            **base,
            "section": "intake",
            "g1": np.char.add("P-", made.codes[plant_of]),
            "g4": "river",
            "g12": total,
            **{f"g{13 + m}": months[:, m] for m in range(12)},
            "g25": np.round(total * made.metered[plant_of], 2),
            "g26": lost,
            "g31": made.used[at],
            "g32": "production",
            "g33": made.used[at],
        }
    )
    supplied = made.supplier[plant_of] >= 0
    received = pd.DataFrame(
        {
            **{k: v[supplied] for k, v in base.items()},
            "section": "intake",
            "g4": "network",
            "g7": np.char.add("U", made.supplier[plant_of][supplied].astype(str)),
            "g12": bought[supplied],
            "g25": bought[supplied],
            "g31": bought[supplied],
            "g32": "production",
            "g33": bought[supplied],
        }
    )
    discharge = pd.DataFrame(
        {
            **base,
            "section": "discharge",
            "d4": "river",
            "d11": np.round(made.share[at] * (total + bought * supplied), 2),
        }
    )
    general = pd.DataFrame(
        {**base, "section": "general", "output": made.output[at].round(3)}
    )
    parts = [intake, received, discharge, general[general["output"].notna()]]
    table = pd.concat([*parts, _utilities(made)], ignore_index=True)
    return table.sort_values(["enterprise", "period"], kind="stable", ignore_index=True)


def _utilities(made: World) -> pd.DataFrame:
    """Make the returns of the suppliers: what they handed to each plant."""
    plant_of, year = np.nonzero(
        (made.supplier >= 0)[:, None] & np.ones(made.planted.shape, bool)
    )
    given = made.given[plant_of, year]
    return pd.DataFrame(
        {
            "enterprise": np.char.add("U", made.supplier[plant_of].astype(str)),
            "period": (FIRST + year).astype(str),
            "section": "intake",
            "g1": np.char.add("P-U", made.supplier[plant_of].astype(str)),
            "g4": "river",
            "g6": made.codes[plant_of],
            "g12": given,
            "g25": given,
            "g42": "industry",
            "g42e": made.codes[plant_of],
            "g43": given,
        }
    )


def enterprises(made: World) -> pd.DataFrame:
    """Register of plants and suppliers."""
    suppliers = sorted({f"U{n}" for n in made.supplier.tolist() if n >= 0})
    codes = [*made.codes.tolist(), *suppliers]
    kinds = ["C"] * len(made.codes) + ["36"] * len(suppliers)
    districts = [f"D{n % 40}" for n in range(len(codes))]
    pumps = [*made.pump.tolist(), *[np.nan] * len(suppliers)]
    return pd.DataFrame(
        {"code": codes, "isic": kinds, "territory": districts, "pump_m3h": pumps}
    )


def permits(made: World) -> pd.DataFrame:
    """Permits; one with a gap ends in the middle of the year and is given anew."""
    found = []
    for n, code in enumerate(made.codes.tolist()):
        edges = [f"{FIRST}-01-01"]
        for year in np.flatnonzero(made.gap[n]).tolist():
            edges += [f"{FIRST + year}-06-01", f"{FIRST + year}-10-01"]
        edges.append("2040-01-01")
        found += [
            (
                f"P-{code}" if k == 0 else f"P-{code}-{k}",
                code,
                made.limit[n] * 1000,
                a,
                b,
            )
            for k, (a, b) in enumerate(zip(edges[::2], edges[1::2], strict=True))
        ]
    suppliers = sorted({f"U{n}" for n in made.supplier.tolist() if n >= 0})
    found += [(f"P-{u}", u, 1e12, f"{FIRST}-01-01", "2040-01-01") for u in suppliers]
    table = pd.DataFrame(
        found, columns=["code", "enterprise", "limit_m3", "valid_from", "valid_to"]
    )
    for name in ("valid_from", "valid_to"):
        table[name] = pd.to_datetime(table[name]).dt.tz_localize("Asia/Baku")
    return table.assign(source_kind="surface", per="year")
