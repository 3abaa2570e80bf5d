"""Turn the scales until the years add up to what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ewater.simulate.ledger import Scales, check
from ewater.simulate.reservoirs import SimulationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.simulate.ledger import Country, Truth

    Array = NDArray[np.float64]

HM3 = 1e6
TOLERANCE = 1e-5
ROUNDS = 40
FORMED = ("runoff", "baseflow")
DEMANDS = ("industry_and_energy", "households", "services")


def calibrate(country: Country) -> Truth:
    """Solve the ledger so that its targets are met.

    Foreign and formed water of every year, and the use by group and the conveyance
    losses of the years that have targets, agree within `TOLERANCE`.

    Raises
    ------
    SimulationError
        The scales do not settle.
    """
    years = country.model.drivers["years"].set_index("year")
    use = {year: float(years["use_factor"].loc[year]) for year in country.model.years}
    scales = Scales(
        years={
            "foreign": dict.fromkeys(use, 0.8),
            "formed": dict.fromkeys(use, 0.8),
            "use": use,
        },
        groups={},
    )
    for _ in range(ROUNDS):
        truth = country.solve(scales)
        worst = _turn(country, truth, scales)
        if worst < TOLERANCE:
            check(country, truth)
            return truth
    raise SimulationError(f"calibration is still {worst:.2%} off after {ROUNDS} rounds")


def foreign_inflow(country: Country, truth: Truth) -> dict[int, float]:
    """Inflow from neighbours by year, m3: the national share, nothing twice."""
    table = country.table
    share = country.model.frames["accounts"].set_index("code")["share"].fillna(1.0)
    back = set(table["re_enters"].dropna())
    counted = (table["term"] == "inflow_from_neighbours") & ~table["code"].isin(back)
    weight = np.where(counted, table["to"].map(share), 0.0).astype(float)
    return _by_year(truth, weight)


def formed(country: Country, truth: Truth) -> dict[int, float]:
    """Runoff and baseflow formed in the country by year, m3."""
    return _by_year(truth, country.table["term"].isin(FORMED).to_numpy().astype(float))


def _by_year(truth: Truth, weight: Array) -> dict[int, float]:
    daily = weight @ truth.volume
    years = np.unique(truth.days.year).tolist()
    return {year: float(daily[truth.days.within(year)].sum()) for year in years}


def _turn(country: Country, truth: Truth, scales: Scales) -> float:
    """Correct every scale by what its total is off; return the largest error."""
    errors = []
    years = country.model.drivers["years"].set_index("year")
    for group, column, total in (
        ("foreign", "inflow_from_neighbours_hm3", foreign_inflow(country, truth)),
        ("formed", "formed_hm3", formed(country, truth)),
    ):
        for year in scales.years[group]:
            ratio = float(years[column].loc[year]) * HM3 / total[year]
            scales.years[group][year] *= ratio
            errors.append(abs(ratio - 1))
    targets = country.model.drivers["targets"]
    for year, group, value in targets.itertuples(index=False):
        errors.append(_turn_group(country, truth, scales, int(year), group, value))
    return max(errors)


def _turn_group(
    country: Country, truth: Truth, scales: Scales, year: int, group: str, hm3: float
) -> float:
    """Correct one group; only part of a total may answer to its scale."""
    table = country.table
    if group == "losses_in_conveyance":
        counted = (table["term"] == group).to_numpy()
        turned, name = counted & (country.group == "losses"), "losses"
    elif group == "agriculture":
        counted = (table["to"].str.startswith("AG-")).to_numpy()
        turned, name = counted & (country.group == group), group
    else:
        counted = turned = country.group == group
        name = group
    total = _sum(truth, counted, year)
    part = _sum(truth, turned, year)
    scale = scales.groups.get(name, 1.0)
    scales.groups[name] = scale * max(1 + (hm3 * HM3 - total) / part, 0.2)
    return abs(total / (hm3 * HM3) - 1)


def _sum(truth: Truth, rows: NDArray[np.bool_], year: int) -> float:
    return float(truth.volume[rows][:, truth.days.within(year)].sum())
