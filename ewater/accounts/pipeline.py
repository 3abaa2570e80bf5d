"""From country frames and readings to the sources and stocks of an account.

No database: a notebook can call this on the files of a country folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ewater.accounts.alone import select
from ewater.accounts.measured import EXTRAPOLATED, measure, totalisers
from ewater.accounts.memory import Memory
from ewater.balance import expressions
from ewater.balance.evaluate import Evaluation
from ewater.balance.knowledge import Knowledge
from ewater.balance.ledger import Ledger
from ewater.balance.reported import reported_volumes
from ewater.balance.storage import change_of, stock_tables
from ewater.errors import UsageError
from ewater.series import stages, stocks, volumes
from ewater.series.curve_tables import storage_curves

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from numpy.typing import NDArray
    from scipy import sparse

    from ewater.series.calendars import Calendar

    Frames = Mapping[str, pd.DataFrame]

#: Tables that neither the ledger nor what it draws on is made of.
_NO_LEDGER = ("curves", "pumps", "reports")
_ON_WATER = ("evaporation", "precipitation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the views of an account are made of (ARCHITECTURE.md)."""

    ledger: Ledger
    sources: xr.Dataset
    weights: sparse.csr_array
    stocks: xr.Dataset
    gaps: pd.DataFrame  # of the series: ewater.accounts.measured.GAPS
    whole_record: frozenset[str] = frozenset()  # series that count with all they have


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Series that the ledger draws on, by what is made of them."""

    volumes: list[str]
    donors: list[str]  # only to fill the gaps of others
    depths: list[str]
    stocks: list[str]
    areas: dict[str, str]  # site: its level series

    def all(self) -> list[str]:
        """Every series once, in order of code."""
        own = {*self.volumes, *self.depths, *self.stocks, *self.areas.values()}
        return sorted(own | set(self.donors))


def needs(frames: Frames) -> Needs:
    """Find the series that flows and stocks are measured by.

    Raises
    ------
    UsageError
        A rule needs the water area of a site that has no level series.
    """
    flows = [_ways(text) for text in frames["flows"]["measured_by"]]
    known = set(frames["series"]["code"])
    flowing: set[str] = set()
    depths: set[str] = set()
    sites: set[str] = set()
    for way in (way for ways in flows for way in ways):
        match way:
            case expressions.Sum(terms):
                flowing.update(code for _, code in terms)
            case expressions.Rule(name, arguments) if name in _ON_WATER:
                sites.add(str(arguments[0]))
                depths.add(str(arguments[1]))
            case expressions.Rule(("seasonal" | "share"), arguments):
                flowing.update({str(arguments[0])} & known)
    stored = [
        code
        for text in frames["stocks"]["measured_by"]
        for _, code in _stock_terms(text)
    ]
    counters = totalisers(frames["series"], sorted(flowing))
    rows = frames["series"].loc[frames["series"]["quantity"] == "level"]
    levels = dict(zip(rows["site"][::-1], rows["code"][::-1], strict=True))  # first
    return Needs(
        volumes=sorted(flowing),
        donors=sorted({c for found in counters.values() for c in found} - flowing),
        depths=sorted(depths),
        stocks=sorted(set(stored)),
        areas={site: _level_series(levels, site) for site in sorted(sites)},
    )


def compute(
    frames: Frames,
    readings: xr.Dataset,
    bounds: NDArray[np.int64],
    calendar: Calendar,
    memory: Memory | None = None,
) -> Inputs:
    """Make the sources and stocks of all flows and accounts.

    Parameters
    ----------
    frames
        Country frames, with ``site_territories`` where accounts have sites.
    readings
        Contiguous ragged form, of at least the series that :func:`needs` names; the
        long-term means come from all of them.
    bounds : (period + 1,), int64 microseconds UTC
    calendar
        Whose months the long-term means belong to.
    memory
        Of a computation before, of the same periods: what did not change since is
        taken from it. The result is the same.

    Raises
    ------
    EWaterError
        Something in the ledger cannot be evaluated; the message names it.
    """
    memory = memory or Memory()
    every = tuple(frames[name] for name in sorted(frames) if name not in _NO_LEDGER)
    ledger = memory.again("ledger", every, lambda: Ledger.build(frames))
    needed = memory.again("needs", every, lambda: needs(frames))
    series, curves = frames["series"], frames["curves"]
    depth = memory.again(
        "depth",
        (series, bounds, *needed.depths),
        lambda: volumes.depths(select(readings, needed.depths), series, bounds),
        needed.depths,
    )
    levels = sorted(needed.areas.values())
    # only where a stock or an area is asked for must there be good storage curves
    tables: Any = curves
    if levels or needed.stocks:
        tables = memory.again("storage", (curves,), lambda: storage_curves(curves))
    area = memory.again(
        "area",
        (series, tables, bounds, *levels),
        lambda: stocks.mean_area(select(readings, levels), series, tables, bounds),
        levels,
    )
    measured = measure(frames, readings, needed, bounds, calendar, memory)
    stored = memory.again(
        "stocks",
        (*every, tables, bounds),
        lambda: _stocks(frames, readings, needed, bounds, ledger, tables),
        needed.stocks,
    )
    knowledge = Knowledge(
        series=measured.sources,
        depth=depth,
        area=_by_site(area, needed.areas),
        normal=measured.normal,
        storage_change=_changes(stored, measured.sources),
        reported=memory.again(
            "reported",
            (*every, frames["reports"], bounds),
            lambda: reported_volumes(frames, bounds),
        ),
        seconds=np.diff(bounds) / 1e6,
    )
    flows = memory.again(
        "flows",
        every,
        lambda: frames["flows"].set_index("code", drop=False).loc[list(ledger.flows)],
    )
    inside = Descendants(frames["territories"])
    memory.evaluation = Evaluation(
        flows, frames["accounts"], inside, knowledge, memory.evaluation
    )
    sources, weights = memory.evaluation.run()
    return Inputs(
        ledger=ledger,
        sources=with_ratings(sources, frames),
        weights=weights,
        stocks=stored,
        gaps=measured.gaps,
        whole_record=_long_term(frames, measured.gaps),
    )


def with_ratings(sources: xr.Dataset, frames: Frames) -> xr.Dataset:
    """Name the rating behind each source that shares one with others."""
    behind = stages.shared_ratings(frames["series"], frames["curves"])
    codes = [str(code).removeprefix("series:") for code in sources["source"].values]
    return sources.assign_coords(
        rating=("source", [behind.get(code, "") for code in codes])
    )


def _long_term(frames: Frames, gaps: pd.DataFrame) -> frozenset[str]:
    """Series of which a mean is asked, by a gap or a rule, and those that fill gaps."""
    filled = gaps[gaps["method"] != EXTRAPOLATED]
    asked = {str(code) for name in ("series", "donor") for code in filled[name]}
    for text in frames["flows"]["measured_by"]:
        for way in _ways(text):
            if isinstance(way, expressions.Rule) and way.name == "seasonal":
                asked.add(str(way.arguments[0]))
    return frozenset(asked)


class Descendants:
    """Territories within a territory, itself included."""

    def __init__(self, territories: pd.DataFrame) -> None:
        self.children: dict[str, list[str]] = {}
        for code, parent in zip(
            territories["code"], territories["parent"], strict=True
        ):
            if isinstance(parent, str):
                self.children.setdefault(parent, []).append(code)

    def __call__(self, territory: str) -> set[str]:
        """Codes of the territory and all below it."""
        found, open_ = {territory}, [territory]
        while open_:
            below = set(self.children.get(open_.pop(), ())) - found
            found |= below
            open_ += below
        return found


def _ways(text: object) -> tuple[expressions.Way, ...]:
    return expressions.parse(text) if isinstance(text, str) and text else ()


def _stock_terms(text: object) -> tuple[tuple[float, str], ...]:
    ways = _ways(text)
    if not ways:
        return ()
    if len(ways) > 1 or not isinstance(ways[0], expressions.Sum):
        raise UsageError(
            f"stocks.csv: measured_by {text!r} is no sum of series; a stock is "
            "measured by level or storage series"
        )
    return ways[0].terms


def _level_series(levels: Mapping[Hashable, str], site: str) -> str:
    if site not in levels:
        raise UsageError(
            f"flows.csv: a rule needs the water area of {site}, which has no series "
            "of quantity level"
        )
    return str(levels[site])


def _by_site(area: xr.Dataset, levels: dict[str, str]) -> xr.DataArray:
    """Mean areas by site instead of by level series."""
    chosen = area["area"].sel(series=list(levels.values()))
    return chosen.assign_coords(series=list(levels)).rename(series="site")


def _stocks(
    frames: Frames,
    readings: xr.Dataset,
    needed: Needs,
    bounds: NDArray[np.int64],
    ledger: Ledger,
    curves: Any,
) -> xr.Dataset:
    """Stock of each account at each bound, by its sum of level or storage series."""
    series = frames["series"].set_index("code", drop=False)
    given = select(readings, needed.stocks), frames["series"], curves, bounds
    volume = stocks.stocks(*given)["volume"]
    booked = stocks.storage_change(*given)["curve_change"]
    wanted = frames["stocks"].set_index("account")["measured_by"]
    accounts = [str(a) for a in ledger.accounts[ledger.stocked]]
    shape = (len(accounts), len(bounds))
    total, variance, systematic = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
    other = np.zeros(shape)
    for row, account in enumerate(accounts):
        terms = _stock_terms(wanted[account])
        total[row] = 0.0 if terms else np.nan
        for factor, code in terms:
            part = factor * volume.sel(series=code).values
            total[row] += part
            other[row, 1:] += factor * booked.sel(series=code).values
            variance[row] += (_percent(series, code, "u_random_pct") * part) ** 2
            systematic[row] = max(
                systematic[row], _percent(series, code, "u_systematic_pct")
            )
    dims = ("account", "instant")
    return xr.Dataset(
        {
            "volume": (dims, total, {"units": "m3"}),
            "u_random": (dims, np.sqrt(variance), {"units": "m3"}),
            "u_systematic_fraction": ("account", systematic, {"units": "1"}),
            "other_change": (dims, other, {"units": "m3"}),
        },
        coords={"account": accounts, "instant": bounds.view("M8[us]")},
    )


def _percent(series: pd.DataFrame, code: str, column: str) -> float:
    given = series[column].fillna(STOCK_U[column])
    return float(given.to_numpy()[series.index.get_loc(code)]) / 100


# METHODS 4: storage curve U of 2 to 5 % of S, level 10 to 20 mm [D]
STOCK_U = {"u_random_pct": 0.1, "u_systematic_pct": 2.5}


def _changes(stored: xr.Dataset, periods: xr.Dataset) -> xr.Dataset:
    change, variance = change_of(**stock_tables(stored))
    total = np.sqrt(variance)
    dims = ("account", "period")
    return xr.Dataset(
        {"storage_change": (dims, change), "storage_change_u": (dims, total)},
        coords={"account": stored["account"].values, "period": periods["period"]},
    )
