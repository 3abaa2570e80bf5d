"""What enterprises returned, made of one mind before it is added up (METHODS 6).

Of a year and its quarters the year wins; of a transfer that both sides report the
seller's figure counts, and what the buyer says otherwise is kept as *unmatched*; water
that a plant uses again and again is apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ewater.terms import SECTORS
from ewater.units import factor_to_si

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What makes two returns the same return, but for their period and revision.
LINE = ("enterprise", "item", "source", "purpose", "counterparty")
#: What a supplier says it handed on, against what the other side *received*.
SUPPLIED = ("delivery", "transfer", "passed_on", "wastewater", "reuse")
#: Fresh water that a plant takes in; what it *received* comes by :func:`transactions`.
FRESH = ("abstraction", "desalinated")
_US = 1e6
_SAME = 1e-6  # of a time that two sides cover alike
_REVISED = ("enterprise", "item", "period_start", "period_end", "whole", "parts")


class Settled(NamedTuple):
    """Returns of which no two cover one time, and what was set aside for that."""

    reports: pd.DataFrame
    revised: pd.DataFrame  # whole, parts, difference = whole - parts, m3


def approved(reports: pd.DataFrame) -> pd.DataFrame:
    """Approved returns in m3 (``volume``), the highest revision of each.

    A refusal (no value) is kept with a NaN volume: it is due, and no zero.
    """
    kept = reports[reports["status"] == "approved"]
    key = [*LINE, "period_start", "period_end"]
    newest = kept.sort_values("revision", kind="stable").drop_duplicates(
        key, keep="last"
    )
    factors = {unit: factor_to_si(unit, "volume") for unit in newest["unit"].unique()}
    volume = newest["value"] * newest["unit"].map(factors).astype(float)
    return newest.assign(volume=volume).reset_index(drop=True)


def settle(reports: pd.DataFrame) -> Settled:
    """Let the longer of two returns for one time win (METHODS 6.1).

    Shorter ones that fill a longer one give it its course: they are scaled to its
    total. Where they do not fill it, or reach beyond it, they are set aside.

    Parameters
    ----------
    reports
        From :func:`approved`.

    Returns
    -------
    Settled
        ``revised`` has a row for each longer return, with what the shorter ones say.
    """
    answered = reports[reports["volume"].notna()]
    ordered = answered.sort_values([*LINE, "period_start", "period_end"])
    line = ordered.groupby(list(LINE), dropna=False, sort=False).ngroup()
    latest = ordered["period_end"].groupby(line).cummax().groupby(line).shift()
    crossing = line[(ordered["period_start"] < latest).to_numpy()].unique()
    volume = ordered["volume"].copy()
    dropped: list[Hashable] = []
    rows: list[tuple[Any, ...]] = []
    for number in crossing:
        _settle_line(ordered[line == number], volume, dropped, rows)
    revised = pd.DataFrame(rows, columns=list(_REVISED)).astype(
        {"whole": float, "parts": float}
    )
    return Settled(
        ordered.assign(volume=volume).drop(index=dropped).sort_index(),
        revised.assign(difference=revised["whole"] - revised["parts"]),
    )


def _settle_line(
    mine: pd.DataFrame,
    volume: pd.Series[float],
    dropped: list[Hashable],
    rows: list[tuple[Any, ...]],
) -> None:
    """Settle the returns of one line, the longest first."""
    span = mine["period_end"] - mine["period_start"]
    left = mine.loc[span.sort_values(ascending=False, kind="stable").index]
    while len(left):
        whole, left = left.iloc[0], left.iloc[1:]
        start, end = whole["period_start"], whole["period_end"]
        cross = left[(left["period_start"] < end) & (left["period_end"] > start)]
        if not len(cross):
            continue
        left = left.drop(index=cross.index)
        total = cross["volume"].sum()
        rows.append(
            (whole["enterprise"], whole["item"], start, end, whole["volume"], total)
        )
        if total > 0 and _fill(cross, start, end):
            volume[cross.index] = cross["volume"] * (whole["volume"] / total)
            dropped.append(whole.name)
        else:
            dropped.extend(cross.index)


def _fill(parts: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Whether returns stand side by side from start to end."""
    ordered = parts.sort_values("period_start")
    edges = [start, *ordered["period_end"]]
    return list(ordered["period_start"]) == edges[:-1] and edges[-1] == end


def transactions(reports: pd.DataFrame, bounds: NDArray[np.int64]) -> pd.DataFrame:
    """Match what suppliers handed on with what the other side received.

    Parameters
    ----------
    reports
        Of :func:`settle`; ``counterparty`` names the other side.
    bounds : (period + 1,), int64 microseconds UTC

    Returns
    -------
    pandas.DataFrame
        A row for each ``supplier``, ``user`` and ``period`` (position) with a return:
        ``supplied`` and ``received`` m3, NaN where that side did not report;
        ``volume`` m3, which counts: the supplier's, else the user's; ``unmatched`` =
        supplied - received, NaN unless both report the same time.
    """
    named = reports[reports["counterparty"].notna()]
    sides = []
    for items, supplier, user in (
        (SUPPLIED, "enterprise", "counterparty"),
        (("received",), "counterparty", "enterprise"),
    ):
        mine = named[named["item"].isin(items)]
        pair = pd.MultiIndex.from_arrays(
            [mine[supplier].astype(str), mine[user].astype(str)],
            names=["supplier", "user"],
        )
        sides.append((mine, pair))
    pairs = sides[0][1].union(sides[1][1]).unique()
    shape = (len(pairs), len(bounds) - 1)
    (given, given_s), (taken, taken_s) = (
        spread(mine, pairs.get_indexer(pair), bounds, shape) for mine, pair in sides
    )
    row, period = np.nonzero((given_s > 0) | (taken_s > 0))
    at = (row, period)
    told = np.where(given_s > 0, given, np.nan)[at]
    heard = np.where(taken_s > 0, taken, np.nan)[at]
    alike = np.abs(given_s - taken_s)[at] <= _SAME * given_s[at]
    return pd.DataFrame(
        {
            "supplier": pairs.get_level_values("supplier").to_numpy(object)[row],
            "user": pairs.get_level_values("user").to_numpy(object)[row],
            "period": period,
            "supplied": told,
            "received": heard,
            "volume": np.where(np.isnan(told), heard, told),
            "unmatched": np.where(alike, told - heard, np.nan),
        }
    )


def recirculation(
    reports: pd.DataFrame,
    sectors: Mapping[str, str],
    bounds: NDArray[np.int64],
) -> dict[str, Floats]:
    r"""Recirculation rate of each sector, which enters no balance (METHODS 6.5).

    .. math:: W_{rec} / (W_{rec} + W_{fresh})

    Fresh is what a plant abstracts and receives less what it hands on; received is
    counted once, by :func:`transactions` where the other side is named.

    Parameters
    ----------
    reports
        Of :func:`settle`.
    sectors
        Sector of each enterprise.
    bounds : (period + 1,), int64 microseconds UTC

    Returns
    -------
    dict of (period,)
        ``SECTOR.recirculated`` and ``SECTOR.fresh`` m3 and ``SECTOR.rate``, of the
        plants that recirculate; NaN where one of them does not say what it takes in.
    """
    plants = reports.loc[reports["item"] == "recirculation", "enterprise"].unique()
    place = pd.Index(plants)
    shape = (len(plants), len(bounds) - 1)

    def of(frame: pd.DataFrame, column: str = "enterprise") -> tuple[Floats, Floats]:
        row = place.get_indexer(pd.Index(frame[column]))
        return spread(frame[row >= 0], row[row >= 0], bounds, shape)

    again, again_s = of(reports[reports["item"] == "recirculation"])
    own, own_s = of(reports[reports["item"].isin(FRESH)])
    unnamed = (reports["item"] == "received") & reports["counterparty"].isna()
    other, other_s = of(reports[unnamed])
    handed, _ = of(reports[reports["item"].isin(SUPPLIED[:3])])
    bought, said = np.zeros(shape), np.zeros(shape, dtype=bool)
    deals = transactions(reports, bounds)
    row = place.get_indexer(pd.Index(deals["user"]))
    at = row[row >= 0], deals["period"].to_numpy()[row >= 0]
    np.add.at(bought, at, deals["volume"].to_numpy()[row >= 0])
    said[at] = True
    fresh = own + other + bought - handed
    fresh[~(said | (own_s > 0) | (other_s > 0)) & (again_s > 0)] = np.nan
    found: dict[str, Floats] = {}
    sector = np.array([sectors.get(str(p), "") for p in plants], dtype=np.str_)
    for name in (s for s in SECTORS if (sector == s).any()):
        active = (again_s > 0) & (sector == name)[:, None]
        recycled = np.where(active, again, 0.0).sum(axis=0)
        taken = np.where(active, fresh, 0.0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = recycled / (recycled + taken)
        some = active.any(axis=0)
        found[f"{name}.recirculated"] = np.where(some, recycled, np.nan)
        found[f"{name}.fresh"] = np.where(some, taken, np.nan)
        found[f"{name}.rate"] = np.where(some, rate, np.nan)
    return found


def spread(
    reports: pd.DataFrame,
    row: NDArray[np.integer],
    bounds: NDArray[np.int64],
    shape: tuple[int, int],
) -> tuple[Floats, Floats]:
    """Volume and covered seconds of each row and period, splitting by time.

    Parameters
    ----------
    reports
        ``period_start``, ``period_end``, ``volume`` m3, and `LINE`.
    row : (report,)
        Where each report belongs.
    bounds : (period + 1,), int64 microseconds UTC
    shape
        Rows and periods of the answer.
    """
    start, end = (_microseconds(reports[c]) for c in ("period_start", "period_end"))
    first = np.searchsorted(bounds, start, side="right") - 1
    last = np.searchsorted(bounds, end, side="left")
    first, last = np.clip(first, 0, shape[1]), np.clip(last, 0, shape[1])
    count = np.maximum(last - first, 0)
    report = np.repeat(np.arange(len(reports)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    period = first[report] + offset
    overlap = np.minimum(bounds[period + 1], end[report]) - np.maximum(
        bounds[period], start[report]
    )
    overlap = np.maximum(overlap, 0).astype(float)
    share = overlap / (end - start)[report]
    value = reports["volume"].to_numpy(dtype=float)[report]
    volume, seconds = np.zeros(shape), np.zeros(shape)
    np.add.at(volume, (row[report], period), value * share)
    # one return may hold several lines of an item: its time counts once
    same = reports[["period_start", "period_end"]].assign(row=row)
    counted = ~same.duplicated().to_numpy()[report]
    np.add.at(
        seconds,
        (row[report[counted]], period[counted]),
        overlap[counted] / _US,
    )
    return volume, seconds


def _microseconds(times: pd.Series) -> NDArray[np.int64]:
    stamps: NDArray[np.int64] = (
        times.dt.tz_convert("UTC").dt.as_unit("us").astype("int64").to_numpy()
    )
    return stamps
