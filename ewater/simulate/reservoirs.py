"""Run a reservoir: fill it as planned, release the rest, stay between its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import EWaterError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ewater.simulate.model import Days, Model

    Array = NDArray[np.float64]

FULL = 0.995  # of the capacity: spilling starts below the crest
SWING = 0.05  # seasonal part of the useful volume of reservoirs that pass water on


class SimulationError(EWaterError):
    """The tables of the simulation ask for water that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservoir:
    """A reservoir as it is run; volumes in m3, depths in m a day."""

    account: str
    mode: str
    dead: float
    capacity: float
    anchors: Array  # (instant of day,) prescribed stock between New Years
    shape: Array  # (day,) of the release
    evaporation: Array
    precipitation: Array
    stored: Array
    surface: Array

    def area(self, stock: Array) -> Array:
        """Water surface of each day from the stocks at its ends, m2."""
        middle = 0.5 * (stock[1:] + stock[:-1])
        return np.asarray(np.interp(middle, self.stored, self.surface))

    def planned(self, days: Days) -> Array:
        """Prescribed stock at each day's start and at the end of the last."""
        position = np.append(days.doy, days.doy[-1])
        part = SWING if self.mode == "pass" else 0.0
        swing = part * (self.capacity - self.dead)
        stock = self.anchors + swing * np.cos(2 * np.pi * (position - 0.4))
        return np.clip(stock, self.dead * 1.002, self.capacity * FULL)

    def fault(self, stock: Array) -> str | None:
        """Say so if the stock falls below the dead volume, by more than rounding."""
        short = self.dead - float(stock.min())
        if short <= 1.0:
            return None
        return (
            f"{self.account} falls {short / 1e6:.2f} hm3 below its dead volume; give "
            "it more water or a fuller start"
        )

    def run(self, gain: Array, days: Days) -> tuple[Array, Array, Array, Array]:
        """Find release and stock for what comes in less what is taken out.

        Parameters
        ----------
        gain : (day,), m3
            Inflow less abstraction and seepage, without rain and evaporation.

        Returns
        -------
        evaporation, precipitation, release : (day,), m3
        stock : (day + 1,), m3
        """
        stock = self.planned(days)
        for _ in range(3):  # the surface follows the stock, which follows the surface
            area = self.area(stock)
            evaporated = self.evaporation * area
            rained = self.precipitation * area
            net = gain + rained - evaporated
            release = self._release(net, days)
            stock = self._bounded(net, release)
        return evaporated, rained, release, stock

    def _release(self, net: Array, days: Days) -> Array:
        if self.mode == "pass":
            wanted = net - np.diff(self.planned(days))
            return np.asarray(np.maximum(wanted, 0.02 * net.mean()))
        release = np.empty_like(net)
        for year in np.unique(days.year):
            inside = days.year == year
            place = np.flatnonzero(inside)
            change = self.anchors[place[-1] + 1] - self.anchors[place[0]]
            volume = net[inside].sum() - change
            release[inside] = volume * self.shape[inside] / self.shape[inside].sum()
        edge = 20
        padded = np.pad(release, edge, mode="edge")
        width = 2 * edge + 1
        return np.asarray(np.convolve(padded, np.full(width, 1 / width), mode="valid"))

    def _bounded(self, net: Array, release: Array) -> Array:
        """Stock that results; changes ``release`` where it would leave the bounds."""
        start = float(np.clip(self.anchors[0], self.dead, self.capacity * FULL))
        stock = start + np.concatenate([[0.0], np.cumsum(net - release)])
        low, high = self.dead, self.capacity * FULL
        if stock.min() >= low and stock.max() <= high and release.min() >= 0:
            return stock
        for day in range(len(net)):
            least = max(stock[day] + net[day] - high, 0.0)
            most = stock[day] + net[day] - low
            release[day] = max(min(max(release[day], least), most), 0.0)
            stock[day + 1] = stock[day] + net[day] - release[day]
        return stock


def build(
    model: Model, days: Days, depths: dict[str, tuple[Array, Array]], shapes: object
) -> dict[str, Reservoir]:
    """Make every reservoir of the country.

    Parameters
    ----------
    depths
        Evaporation and precipitation in m a day by climate site.
    shapes
        `weather.Seasons`.
    """
    sites = model.frames["sites"].set_index("code")
    curves = model.frames["curves"]
    fills = model.drivers["fills"].pivot_table(
        index="account", columns="year", values="fill"
    )
    result = {}
    for row in model.drivers["reservoirs"].to_dict("records"):
        code, place = str(row["account"]), str(row["site"])
        dead = float(sites["dead_m3"].loc[place])
        capacity = float(sites["capacity_m3"].loc[place])
        stored, surface = (_curve(curves, place, k) for k in ("storage", "area"))
        evaporation, rain = depths[str(row["climate"])]
        result[code] = Reservoir(
            account=code,
            mode=str(row["mode"]),
            dead=dead,
            capacity=capacity,
            anchors=dead
            + (capacity - dead) * _anchors(fills.loc[[code]].iloc[0], days),
            shape=shapes.on(str(row["release_pattern"]), days.doy),  # type: ignore[attr-defined]
            evaporation=evaporation,
            precipitation=rain,
            stored=stored,
            surface=surface,
        )
    return result


def _curve(curves: pd.DataFrame, site: str, kind: str) -> Array:
    mine = curves[(curves["site"] == site) & (curves["kind"] == kind)]
    return mine.sort_values("x")["y"].to_numpy(dtype=float)


def _anchors(fill: pd.Series, days: Days) -> Array:
    """Fill the useful part at each day's start, between the New Years given."""
    instants = [days.index(f"{year}-01-01") for year in fill.index]
    filled = np.interp(np.arange(len(days) + 1), instants, fill.to_numpy(dtype=float))
    return np.asarray(filled)
