"""The true ledger: every flow of every day, and stocks that close exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.simulate import reservoirs, weather
from ewater.simulate.model import Days
from ewater.simulate.reservoirs import SimulationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.simulate.model import Model
    from ewater.simulate.reservoirs import Reservoir

    Array = NDArray[np.float64]

DAY_S = 86400.0
YEAR_D = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """What calibration may turn: years by group, and groups of demand and loss."""

    years: dict[str, dict[int, float]]
    groups: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Daily volumes of flows (flow, day) and stocks (account, day + 1), m3."""

    days: Days
    flows: pd.Index
    volume: Array
    accounts: pd.Index
    stock: Array


class Country:
    """Solves the ledger for given scales; what does not depend on them is kept."""

    def __init__(self, model: Model, seed: int) -> None:
        self.model = model
        self.days = Days.of(model.years)
        self.seed = seed
        table = model.frames["flows"].merge(
            model.drivers["flows"], left_on="code", right_on="flow", how="left"
        )
        if table["rule"].isna().any():
            code = table.loc[table["rule"].isna(), "code"].iloc[0]
            raise SimulationError(f"simulation/flows.csv says nothing of {code}")
        self.table = table
        self.codes = pd.Index(table["code"])
        self.rule = table["rule"].to_numpy(dtype=object)
        self.value = table["value"].to_numpy(dtype=float)
        self.group = table["group"].fillna("").to_numpy(dtype=object)
        self.source_of = table["of"].to_numpy(dtype=object)
        self.start = table["from"].to_numpy(dtype=object)
        self.end = table["to"].to_numpy(dtype=object)
        self.outs = table.groupby("from").indices
        self.ins = table.groupby("to").indices
        self.seasons = weather.Seasons(model.drivers["patterns"])

    @cached_property
    def shapes(self) -> Array:
        """Season and chance of each flow before any scale, (flow, day)."""
        count = len(self.days)
        common: dict[str, Array] = {}
        result = np.ones((len(self.codes), count))
        for row, (code, pattern) in enumerate(
            zip(self.codes, self.table["pattern"], strict=True)
        ):
            if not isinstance(pattern, str):
                continue
            season = self.seasons.on(pattern, self.days.doy)
            rng = weather.generator(self.seed, "flow", code)
            if self.rule[row] == "source" and pattern != "flat":
                if pattern not in common:
                    shared = weather.generator(self.seed, "season", pattern)
                    common[pattern] = weather.chance(shared, count, 0.16, 25)
                season = season * common[pattern] * weather.chance(rng, count, 0.12, 5)
            elif self.rule[row] == "source":
                season = season * weather.chance(rng, count, 0.03, 60)
            elif self.rule[row] == "demand":
                season = season * weather.chance(rng, count, 0.05, 20)
            elif self.group[row] == "noisy":
                season = season * weather.chance(rng, count, 0.06, 90)
            result[row] = season
        return result

    @cached_property
    def depths(self) -> dict[str, tuple[Array, Array]]:
        """Evaporation and rain of each climate site, m a day."""
        result: dict[str, list[Array]] = {}
        for truth in self.model.drivers["series"]["truth"]:
            kind, *rest = truth.split()
            if kind not in ("evaporation", "precipitation") or len(rest) != 2:
                continue
            site, annual = rest[0], float(rest[1])
            rng = weather.generator(self.seed, kind, site)
            season = self.seasons.on(
                "rain" if kind == "precipitation" else kind, self.days.doy
            )
            mean = annual / YEAR_D * season
            if kind == "evaporation":  # of a pan; a lake evaporates 0.7 of it
                depth = 0.7 * mean * weather.chance(rng, len(season), 0.12, 4)
            else:
                wet = rng.random(len(season)) < 0.25
                depth = mean * wet / 0.25 * rng.gamma(0.8, 1 / 0.8, len(season))
            result.setdefault(site, [np.empty(0), np.empty(0)])
            result[site][kind == "precipitation"] = depth
        return {site: (pair[0], pair[1]) for site, pair in result.items()}

    @cached_property
    def reservoirs(self) -> dict[str, Reservoir]:
        """Reservoirs by account."""
        return reservoirs.build(self.model, self.days, self.depths, self.seasons)

    def solve(self, scales: Scales) -> Truth:
        """Compute every flow and stock.

        Raises
        ------
        SimulationError
            Nothing says how a flow comes about. Whether there is water enough is
            for `check` to say, once the scales are final.
        """
        return _Solution(self, scales).solve()


class _Solution:
    """One pass: what is driven first, what is needed upstream, what is left over."""

    def __init__(self, country: Country, scales: Scales) -> None:
        self.country = country
        self.scales = scales
        self.volume = np.full((len(country.codes), len(country.days)), np.nan)
        self.stock: dict[str, Array] = {}
        self.position = {code: row for row, code in enumerate(country.codes)}

    def solve(self) -> Truth:
        country = self.country
        self._driven()
        for row in np.flatnonzero(country.rule == "need").tolist():
            if np.isnan(self.volume[row, 0]):
                self._need(row)
        for row in np.flatnonzero(country.rule == "loss").tolist():
            if np.isnan(self.volume[row, 0]):
                self._outs(country.start[row])
        self._downstream()
        self._complete()
        accounts = pd.Index(list(self.stock), name="account")
        return Truth(
            days=country.days,
            flows=country.codes,
            volume=self.volume,
            accounts=accounts,
            stock=np.array([self.stock[a] for a in accounts]),
        )

    def _driven(self) -> None:
        """Give sources and demands their season, chance and year."""
        country, days = self.country, self.country.days
        years = {
            group: weather.of_years(values, days)
            for group, values in self.scales.years.items()
        }
        for row, rule in enumerate(country.rule):
            group = country.group[row]
            if rule == "source":
                base = country.value[row] * DAY_S * country.shapes[row]
                self.volume[row] = base * years[group] if group in years else base
            elif rule == "demand":
                daily = country.value[row] * 1e6 / YEAR_D * country.shapes[row]
                scale = self.scales.groups.get(group, 1.0)
                self.volume[row] = daily * scale * years["use"]

    def _need(self, row: int) -> None:
        """Intake: its part of what the account it feeds has to give."""
        account = self.country.end[row]
        self.volume[row] = self.country.value[row] * self._required(account)

    def _required(self, account: str) -> Array:
        total = self._outs(account)
        reservoir = self.country.reservoirs.get(account)
        if reservoir is None:
            return total
        days = self.country.days
        stock = reservoir.planned(days)
        area = reservoir.area(stock)
        evaporated = reservoir.evaporation * area
        rained = reservoir.precipitation * area
        self._weathered(account, evaporated, rained)
        self.stock[account] = stock
        return total + evaporated - rained + np.diff(stock)

    def _outs(self, account: str) -> Array:
        """Sum what leaves an account that is run by what it has to deliver."""
        country = self.country
        wanted = np.zeros(len(country.days))
        losses = []
        for row in country.outs.get(account, ()):
            rule = country.rule[row]
            if rule == "loss":
                losses.append(row)
            elif rule == "need":
                if np.isnan(self.volume[row, 0]):
                    self._need(row)
                wanted = wanted + self.volume[row]
            elif rule in ("demand", "source"):
                wanted = wanted + self.volume[row]
        for row in losses:
            scale = self.scales.groups.get(country.group[row], 1.0)
            self.volume[row] = country.value[row] * scale * wanted
        return np.asarray(wanted + self.volume[losses].sum(axis=0))

    def _weathered(self, account: str, evaporated: Array, rained: Array) -> None:
        for row in self.country.outs[account]:
            if self.country.rule[row] == "evaporation":
                self.volume[row] = evaporated
        for row in self.country.ins[account]:
            if self.country.rule[row] == "precipitation":
                self.volume[row] = rained

    def _downstream(self) -> None:
        """Work down from the sources: an account is ready once all it gets is known."""
        country = self.country
        waiting = {
            country.start[row]
            for row, rule in enumerate(country.rule)
            if rule in ("rest", "release", "fraction")
        }
        copies = set(np.flatnonzero(country.rule == "copy").tolist())
        while waiting or copies:
            done = {row for row in copies if self._copied(row)}
            ready = {account for account in waiting if self._ready(account)}
            if not done and not ready:
                raise SimulationError(
                    "these accounts wait for each other: " + ", ".join(sorted(waiting))
                )
            copies -= done
            waiting -= ready
            for account in sorted(ready):
                self._pass_on(account)

    def _copied(self, row: int) -> bool:
        origin = self.volume[self.position[self.country.source_of[row]]]
        if np.isnan(origin[0]):
            return False
        self.volume[row] = self.country.value[row] * origin
        return True

    def _ready(self, account: str) -> bool:
        rows = [
            row
            for row in self.country.ins.get(account, ())
            if self.country.rule[row] != "precipitation"
        ]
        return not np.isnan(self.volume[rows, 0]).any()

    def _pass_on(self, account: str) -> None:
        country = self.country
        ins = [r for r in country.ins[account] if country.rule[r] != "precipitation"]
        total = self.volume[ins].sum(axis=0)
        outs = country.outs[account]
        for row in outs:
            if country.rule[row] == "fraction":
                self.volume[row] = total * country.value[row] * country.shapes[row]
        known = [r for r in outs if not np.isnan(self.volume[r, 0])]
        left = total - self.volume[known].sum(axis=0)
        if account in country.reservoirs:
            evaporated, rained, left, stock = country.reservoirs[account].run(
                left, country.days
            )
            self._weathered(account, evaporated, rained)
            self.stock[account] = stock
        for row in outs:
            if country.rule[row] == "rest":
                self.volume[row] = left
            elif country.rule[row] == "release":
                self.volume[row] = country.value[row] * left

    def _complete(self) -> None:
        unknown = np.isnan(self.volume).any(axis=1)
        if unknown.any():
            codes = ", ".join(self.country.codes[unknown][:5])
            raise SimulationError(f"nothing says how these flows come about: {codes}")


def check(country: Country, truth: Truth) -> None:
    """Refuse a ledger that needs water which is not there.

    Raises
    ------
    SimulationError
        A flow is negative or a reservoir falls below its dead volume; all are named.
    """
    faults: list[str | None] = []
    for row in np.flatnonzero((truth.volume < 0).any(axis=1)).tolist():
        days = truth.volume[row] < 0
        first = truth.days.start[int(np.argmax(days))].date()
        short = -truth.volume[row][days].sum() / 1e6
        faults.append(
            f"{truth.flows[row]} is negative on {days.sum()} days from {first}, "
            f"{short:.2f} hm3: {country.start[row]} has to give more than it gets"
        )
    for account, stock in zip(truth.accounts, truth.stock, strict=True):
        faults.append(country.reservoirs[account].fault(stock))
    found = [fault for fault in faults if fault]
    if found:
        raise SimulationError("\n".join(found))
