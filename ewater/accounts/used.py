"""What a run used: series with the span of time whose readings matter, and tables.

A reading counts beyond its own instant, so the span is wider than the periods:

- It reaches from the last usable reading at or before the first bound to the first
  one at or after the last bound, and at least 36 h (or 1.5 intervals) beyond each:
  that far a step, a gap inside a counter or a level at a bound looks. Where there is
  no such reading, whatever comes on that side counts.
- A series of which a long-term mean was asked (for a gap, or by ``rule:seasonal``)
  counts with its whole record, and so does one that stands in for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.accounts import pipeline
from ewater.store.folder_files import FILES
from ewater.store.overtaken import APART
from ewater.terms import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

REACH_S = 36 * 3600.0  # docs/methods-volumes.md, "Stocks and curves"
_INTERVALS = 1.5


def tables() -> list[str]:
    """Tables of the registry from which figures follow."""
    return sorted(set(FILES) - APART)


def inputs(
    frames: Mapping[str, pd.DataFrame],
    readings: xr.Dataset,
    made: pipeline.Inputs,
    bounds: NDArray[np.int64],
) -> pd.DataFrame:
    """List what a run used.

    Parameters
    ----------
    frames, readings, bounds
        What ``pipeline.compute`` was given; every series in ``readings`` was used.
    made
        What it returned.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``code``, ``first_time``, ``last_time`` (UTC; NaT is without end).
    """
    needed = pipeline.needs(frames)
    direct = {*needed.volumes, *needed.depths, *needed.stocks, *needed.areas.values()}
    interval = frames["series"].set_index("code")["interval_s"]
    codes = [str(code) for code in readings["series"].values]
    usual = _INTERVALS * interval.reindex(codes).to_numpy(dtype=float)
    reach = (np.fmax(REACH_S, usual) * 1e6).astype(np.int64)
    whole = np.array([c in made.whole_record or c not in direct for c in codes], bool)
    before, after = _neighbours(readings, int(bounds[0]), int(bounds[-1]))
    first = np.where(before == _NONE, _NONE, np.minimum(before, bounds[0] - reach))
    last = np.where(after == _NONE, _NONE, np.maximum(after, bounds[-1] + reach))
    first[whole] = last[whole] = _NONE
    named = tables()
    nothing = np.full(len(named), _NONE)
    return pd.DataFrame(
        {
            "kind": ["series"] * len(codes) + ["registry"] * len(named),
            "code": codes + named,
            "first_time": _instants(np.concatenate([first, nothing])),
            "last_time": _instants(np.concatenate([last, nothing])),
        }
    )


_NONE = np.int64(np.iinfo(np.int64).min)  # what numpy reads as NaT


def _instants(microseconds: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(microseconds.view("M8[us]"), tz="UTC")


def _neighbours(
    readings: xr.Dataset, start: int, end: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Last usable reading up to the start, first one from the end on, (series,)."""
    size = readings["row_size"].to_numpy().astype(np.int64)
    time = readings["time"].to_numpy().astype("M8[us]").astype(np.int64)
    flag = readings["flag"].to_numpy()
    usable = ~np.isin(flag, (Flag.FAIL, Flag.MISSING))
    usable &= np.isfinite(readings["value"].to_numpy())
    series = np.repeat(np.arange(size.size), size)
    before = np.full(size.size, _NONE)
    early = usable & (time <= start)
    np.maximum.at(before, series[early], time[early])
    after = np.full(size.size, np.iinfo(np.int64).max)
    late = usable & (time >= end)
    np.minimum.at(after, series[late], time[late])
    after[after == np.iinfo(np.int64).max] = _NONE
    return before, after
