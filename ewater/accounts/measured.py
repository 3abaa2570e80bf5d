"""Volumes of measured series, their gaps filled, as sources of the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ewater.accounts import alone
from ewater.accounts.memory import Memory
from ewater.balance import expressions
from ewater.series import donors, infill, stages, uncertainty, volumes
from ewater.series.donors import Method
from ewater.series.infill import Grade
from ewater.terms import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.accounts.pipeline import Needs
    from ewater.series.calendars import Calendar

    Frames = Mapping[str, pd.DataFrame]
    Bounds = NDArray[np.int64]

#: Columns of the table of gaps: what one method put into one series in one period;
#: ``method`` is *none* where the period is insufficient, and then has its bounds.
GAPS = (
    "series",
    "period_start",
    "method",
    "donor",
    "seconds",
    "volume",
    "u",
    "coverage",
    "lower",
    "upper",
)
#: A method of this table that fills nothing: observed, beyond the gauged range.
EXTRAPOLATED = "extrapolated"
_COUNTERS = ("totaliser", "pulse")
_NETWORK = ("accounts", "flows")  # say who lies next to whom
_CHANNELS = ("river", "canal")  # what enters leaves within days


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Series as sources, their long-term means, and how their gaps were filled."""

    sources: xr.Dataset
    normal: xr.DataArray
    gaps: pd.DataFrame


def measure(
    frames: Frames,
    readings: xr.Dataset,
    needed: Needs,
    bounds: Bounds,
    calendar: Calendar,
    memory: Memory | None = None,
) -> Measured:
    """Integrate the series that flows are measured by, and fill their gaps.

    A source is *measured* (*modelled* if its publisher derived it) where more of its
    volume was observed than filled, else *imputed*. Stages are turned into discharge
    before anything else. What ``memory`` holds of series that did not change is taken
    from there.
    """
    made = alone.Alone(frames, readings, needed, memory or Memory())
    return made.memory.again(
        "measured",
        [*made.of, bounds, *(frames[name] for name in _NETWORK)],
        lambda: _measured(made, bounds, calendar),
        made.wanted,
    )


def _measured(made: alone.Alone, bounds: Bounds, calendar: Calendar) -> Measured:
    frames, needed = made.frames, made.needed
    history = alone.whole(made.span(needed.volumes), bounds, calendar, "month")
    cells = volumes.cells(bounds, history)
    normals = infill.climatology(made.volumes("normals", history), calendar)
    observed = made.observed(cells)
    gappy = _with_gaps(volumes.aggregate(observed, cells, bounds))
    donated = _donate(made, gappy, cells, calendar)
    given, series = frames["series"], made.series
    filled = infill.infill(
        observed,
        bounds,
        normals,
        calendar,
        donated=donated,
        max_rate=dict(zip(series["code"], series["max_rate"], strict=True)),
    )
    u = uncertainty.uncertainty(filled, series, frames["sites"])
    derived = series.set_index("code")["derived"].reindex(needed.volumes).eq(True)
    status = np.where(derived, Status.MODELLED, Status.MEASURED)[:, None]
    tables = {name: filled[name].to_numpy() for name in ("volume", "observed")}
    mostly = np.abs(filled["infilled"].to_numpy()) > np.abs(tables["observed"])
    status = np.where(mostly, Status.IMPUTED, status)
    status = np.where(np.isfinite(tables["volume"]), status, Status.UNKNOWN)
    sources = filled[["volume", "coverage"]].assign(
        {**u.data_vars, "status": (("series", "period"), status.astype(np.int8))}
    )
    shared = stages.shared_ratings(given, frames["curves"])
    sources = sources.assign_coords(
        rating=("series", [shared.get(code, "") for code in needed.volumes])
    )
    return Measured(
        sources=sources,
        normal=infill.usual(normals, cells, bounds, calendar),
        gaps=_table(filled, donated, cells, bounds),
    )


def totalisers(series: pd.DataFrame, codes: Iterable[str]) -> dict[str, list[str]]:
    """Counters at the site of each discharge series."""
    counting = series[
        (series["quantity"] == "volume") & series["signal"].isin(_COUNTERS)
    ]
    at_site = counting.groupby("site")["code"].agg(list).to_dict()
    rows = series[
        series["code"].isin(list(codes)) & (series["quantity"] == "discharge")
    ]
    return {
        str(code): at_site[site]
        for code, site in zip(rows["code"], rows["site"], strict=True)
        if site in at_site
    }


def neighbours(frames: Frames) -> dict[str, list[str]]:
    """Gauges next up- and downstream of each series, through a reach or canal."""
    kind = frames["accounts"].set_index("code")["kind"].to_dict()
    flows = frames["flows"]
    single = [_single(text) for text in flows["measured_by"]]
    into: dict[str, list[str]] = {}
    out_of: dict[str, list[str]] = {}
    for code, start, end in zip(single, flows["from"], flows["to"], strict=True):
        if code is not None:
            into.setdefault(end, []).append(code)
            out_of.setdefault(start, []).append(code)
    found: dict[str, list[str]] = {}
    for account in sorted(set(into) & set(out_of)):
        if kind.get(account) in _CHANNELS:
            for upper in into[account]:
                found.setdefault(upper, []).extend(out_of[account])
            for lower in out_of[account]:
                found.setdefault(lower, []).extend(into[account])
    return {code: sorted(set(near)) for code, near in found.items()}


def _single(text: object) -> str | None:
    """Name the one series that a flow is, if it is one."""
    ways = expressions.parse(text) if isinstance(text, str) and text else ()
    match ways[:1]:
        case (expressions.Sum(terms=((1.0, code),)),):
            return code
    return None


def _with_gaps(found: xr.Dataset) -> list[str]:
    """Series that miss something in a period that is not insufficient."""
    coverage = found["coverage"].to_numpy()
    some = (coverage >= infill.LEAST_COVERAGE) & (coverage < 1)
    return [str(code) for code in found["series"].values[some.any(axis=1)]]


def _donate(
    made: alone.Alone, gappy: Sequence[str], cells: Bounds, calendar: Calendar
) -> xr.Dataset | None:
    """Fill gaps by days from donors, summed up to cells."""
    if not gappy:
        return None
    frames, needed = made.frames, made.needed
    days = alone.whole(made.span(made.wanted), cells, calendar, "day")
    rates = made.rates(days)
    fits = donors.find_donors(
        rates,
        gappy,
        totalisers=totalisers(made.series, gappy),
        neighbours=neighbours(frames),
        u_share=_systematic(frames, made.series, needed.donors),
    )
    if fits.empty:
        return None
    fine = volumes.cells(cells, days)
    targets = sorted(set(fits["series"]))
    found = made.volumes("gaps", fine, targets)
    gap = np.diff(fine) / 1e6 - found["observed_s"].to_numpy()
    return donors.donate(
        xr.DataArray(gap, dims=("series", "cell"), coords={"series": targets}),
        np.searchsorted(days, fine[:-1], side="right") - 1,
        rates,
        fits,
        fine,
        cells,
    )


def _systematic(
    frames: Frames, series: pd.DataFrame, codes: Sequence[str]
) -> dict[str, float]:
    rows = series.set_index("code").loc[list(codes)]
    percent = uncertainty.percentages(rows, frames["sites"])[1]
    return dict(zip(codes, (percent / 100).tolist(), strict=True))


def _table(
    filled: xr.Dataset, donated: xr.Dataset | None, cells: Bounds, bounds: Bounds
) -> pd.DataFrame:
    """List every gap, what was put there or bounds the period, and what is far."""
    grade = filled["grade"].to_numpy()
    codes = filled["series"].to_numpy().astype(str)
    open_ = grade == Grade.INSUFFICIENT
    lost = np.diff(bounds) / 1e6 - filled["observed_s"].to_numpy()
    parts = []
    if donated is not None:
        total = donors.summed(donated, cells, bounds)
        row = pd.Index(codes).get_indexer(pd.Index(total["series"].values))
        fit, period = np.nonzero((total["seconds"].to_numpy() > 0) & ~open_[row])
        parts.append(
            _rows(
                filled,
                (row[fit], period),
                [Method(m).name.lower() for m in total["method"].values[fit]],
                total["donor"].values[fit],
                *(total[n].to_numpy()[fit, period] for n in ("seconds", "volume", "u")),
            )
        )
    seasonal = np.nonzero((filled["seasonal_s"].to_numpy() > 0) & ~open_)
    names = ("seasonal_s", "seasonal", "seasonal_u")
    parts.append(
        _rows(
            filled,
            seasonal,
            "seasonal",
            codes[seasonal[0]],
            *(filled[n].to_numpy()[seasonal] for n in names),
        )
    )
    left = np.nonzero(open_)
    parts.append(
        _rows(filled, left, "none", codes[left[0]], lost[left], np.nan, np.nan)
    )
    for name in ("lower", "upper"):
        parts[-1][name] = filled[name].to_numpy()[left]
    if "extrapolated" in filled:
        parts.append(_far(filled))
    table = pd.concat([part for part in parts if len(part)] or parts[:1])
    order = ["series", "period_start", "method", "donor"]
    return table.sort_values(order, ignore_index=True)


def _far(filled: xr.Dataset) -> pd.DataFrame:
    """Rows of what was read off ratings beyond their gauged range."""
    far = np.nonzero(filled["extrapolated_s"].to_numpy() > 0)
    volume = filled["extrapolated"].to_numpy()[far]
    return _rows(
        filled,
        far,
        EXTRAPOLATED,
        filled["series"].to_numpy().astype(str)[far[0]],
        filled["extrapolated_s"].to_numpy()[far],
        volume,
        filled["extrapolated_u"].to_numpy()[far],
    )


def _rows(
    filled: xr.Dataset,
    at: tuple[NDArray[np.intp], ...],
    method: str | Sequence[str],
    donor: NDArray[np.str_],
    seconds: NDArray[np.float64],
    volume: NDArray[np.float64] | float,
    u: NDArray[np.float64] | float,
) -> pd.DataFrame:
    series, period = at
    table = pd.DataFrame(
        {
            "series": filled["series"].to_numpy().astype(object)[series],
            "period_start": filled["period"].to_numpy()[period],
            "method": method,
            "donor": donor,
            "seconds": seconds,
            "volume": volume,
            "u": u,
            "coverage": filled["coverage"].to_numpy()[series, period],
        }
    )
    return table.assign(lower=np.nan, upper=np.nan)[list(GAPS)]
