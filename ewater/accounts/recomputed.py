"""Volumes of series straight from the chunks that hold their readings.

What measures water by itself, a discharge or a counter, is integrated while it is
read and never in memory as a whole; pumps and stages, which need more, go the way
over readings in memory. Both give the same, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ewater.series import stages, volumes
from ewater.series.plan import plan
from ewater.series.rows import rows_named
from ewater.store import chunks, registry
from ewater.store.chunks_stream import stream
from ewater.store.instants import EARLIEST, LATEST
from ewater.terms import Flag

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from ewater.series.plan import Plan

_ALWAYS = ("series", "meter_events")
_BESIDES = ("pumps", "curves", "sites")  # what pumps and stages need
_MARGIN = 2 * 86_400_000_000  # where a counter's neighbours are looked for first
_UNUSED = (Flag.FAIL, Flag.MISSING)


def series_volumes(
    connection: Connection,
    codes: Sequence[str],
    bounds: NDArray[np.int64],
    as_of: dt.datetime | None = None,
) -> xr.Dataset:
    """Observed volumes (m3) of series by period.

    Parameters
    ----------
    connection
        In a transaction.
    codes
        Series, each once.
    bounds : (period + 1,), int64 microseconds UTC
    as_of
        What was recorded by then, readings and registry; None for the present.

    Returns
    -------
    xarray.Dataset : (series, period)
        As of `ewater.series.stages.volumes`.
    """
    series, events = (registry.read_table(connection, name, as_of) for name in _ALWAYS)
    rows = rows_named(codes, series)
    alone = rows["quantity"].isin(list(volumes.VOLUME_SIGNALS)).to_numpy()
    if as_of is not None or not alone.any():
        return _in_memory(connection, codes, bounds, series, events, as_of)
    rates = rows[alone]
    planned = plan(rates, bounds, volumes.VOLUME_SIGNALS, events)
    found = volumes.of_sums(planned, _streamed(connection, planned, rates, events))
    if alone.all():
        return found
    others = [code for code, own in zip(codes, alone, strict=True) if not own]
    rest = _in_memory(connection, others, bounds, series, events, None)
    none = xr.zeros_like(found["observed_s"])
    lacking = [name for name in rest.data_vars if name not in found]
    found = found.assign({n: none.assign_attrs(rest[n].attrs) for n in lacking})
    return xr.concat([found, rest], "series").sel(series=list(codes))


def _in_memory(
    connection: Connection,
    codes: Sequence[str],
    bounds: NDArray[np.int64],
    series: pd.DataFrame,
    events: pd.DataFrame,
    as_of: dt.datetime | None,
) -> xr.Dataset:
    more = {name: registry.read_table(connection, name, as_of) for name in _BESIDES}
    readings = chunks.read(connection, codes, None, None, as_of=as_of)
    return stages.volumes(readings, series, bounds, events=events, **more)


def _streamed(
    connection: Connection, planned: Plan, rows: pd.DataFrame, events: pd.DataFrame
) -> NDArray[np.float64]:
    """Add up what lies in the periods and as much around them as decides on it.

    A rate reaches no further than its gap or interval, a counter to its next reading
    on either side, wherever that is: where none was near, it is looked for further.
    """
    out = planned.blank()
    near = np.fmax(planned.steps.gap, planned.steps.interval)
    near = np.where(planned.counts, np.fmax(near, _MARGIN), near)
    window = chunks.Window(
        series_id=chunks.series_ids(connection, planned.codes),
        first=np.maximum(planned.bounds[0] - near, EARLIEST),
        last=np.minimum(planned.bounds[-1] + near, LATEST),
    )
    lacks = _add(connection, planned, window, out)
    further = np.flatnonzero(lacks.any(axis=1))
    if len(further):
        window = chunks.Window(
            series_id=window.series_id[further],
            first=np.where(lacks[further, 0], EARLIEST, window.first[further]),
            last=np.where(lacks[further, 1], LATEST, window.last[further]),
        )
        again = plan(rows.iloc[further], planned.bounds, volumes.VOLUME_SIGNALS, events)
        part = again.blank()
        _add(connection, again, window, part)
        out[further] = part
    return out


def _add(
    connection: Connection,
    planned: Plan,
    window: chunks.Window,
    out: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Add up a window; counters that have no reading before, or behind, the periods."""
    lacks = np.repeat(planned.counts[:, None], 2, axis=1)
    start, end = planned.bounds[[0, -1]]

    def take(
        begin: int,
        cuts: NDArray[np.int64],
        time: NDArray[np.int64],
        value: NDArray[np.float64],
        flag: NDArray[np.uint8],
    ) -> None:
        planned.add(out, begin, cuts, time, value, flag, threads=1)
        own = np.flatnonzero(planned.counts[begin : begin + len(cuts) - 1])
        for place in own.tolist():
            mine = slice(int(cuts[place]), int(cuts[place + 1]))
            used = np.isfinite(value[mine]) & ~np.isin(flag[mine], _UNUSED)
            times = time[mine][used]
            lacks[begin + place, 0] = not (times <= start).any()
            lacks[begin + place, 1] = not (times >= end).any()

    stream(connection, window, take)
    return lacks
