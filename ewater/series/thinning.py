"""Fewer points for a chart: extremes stay, and so does every gap that can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tsdownsample import M4Downsampler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.int64]

_OF_A_BIN = 4  # first, last, smallest, largest
_M4: Any = M4Downsampler()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thinned:
    """Points of a line that are drawn.

    Attributes
    ----------
    index : (kept,)
        Ascending places among the readings.
    broken : (kept,), bool
        A gap lies before this point: the line is not drawn to it.
    bridged : int
        Gaps too narrow to be seen, over which the line is drawn.
    """

    index: NDArray[np.intp]
    broken: NDArray[np.bool_]
    bridged: int


def thin(
    time: Times, value: Floats | Sequence[Floats], most: int, gap: float = np.inf
) -> Thinned:
    """Choose the points to draw (M4: first, last, smallest and largest of each bin).

    Parameters
    ----------
    time : (n,), int64 us
        Strictly increasing.
    value : (n,), or several of them
        Finite; the extremes of each are kept.
    most
        How many points may be drawn for values; gaps may add two for each bin.
    gap
        Readings further apart than this, us, have a gap between them.

    Returns
    -------
    Thinned
        All points where there are no more than ``most``. Else the bins are equally
        wide in time, and gaps narrower than one of them are not drawn.

    Notes
    -----
    Jugel et al. (2014), M4: a visualization-oriented time series data aggregation.
    """
    apart = np.diff(time)
    gaps = apart > gap
    if len(time) <= most:
        return Thinned(
            index=np.arange(len(time)),
            broken=np.concatenate([[False], gaps])[: len(time)],
            bridged=0,
        )
    bins = max(most // _OF_A_BIN, 1)
    wide = gaps & (apart >= (int(time[-1]) - int(time[0])) / bins)
    before = np.flatnonzero(wide)
    time = np.ascontiguousarray(time)
    chosen = [
        _M4.downsample(time, np.ascontiguousarray(row), n_out=bins * _OF_A_BIN)
        for row in np.atleast_2d(value)
    ]
    kept = [rows.astype(np.intp) for rows in chosen]
    # the bins of M4 can leave out the last reading, which may be the largest
    outer = [0, len(time) - 1]
    for row in np.atleast_2d(value):
        outer += [int(row.argmin()), int(row.argmax())]
    index = np.unique(np.concatenate([*kept, outer, before, before + 1]))
    broken = np.zeros(len(index), np.bool_)
    broken[np.searchsorted(index, before + 1)] = True
    return Thinned(index=index, broken=broken, bridged=int(gaps.sum() - wide.sum()))
