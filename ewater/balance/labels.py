"""Arrays to labelled datasets: dimensions, periods, units, meaning of statuses."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ewater.balance.totals import STATUSES
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

_NO_VOLUME = ("missing", "coverage", "status", "status_shares", "z")


def bounds_of(dataset: xr.Dataset) -> NDArray[np.int64]:
    """Read the bounds of periods side by side, (period + 1,), microseconds UTC.

    Raises
    ------
    UsageError
        A period does not begin where the one before it ends, or there is none.
    """
    starts, ends = (
        dataset[name].to_numpy().astype("datetime64[us]").astype(np.int64)
        for name in ("period", "period_end")
    )
    if not starts.size or (starts[1:] != ends[:-1]).any() or (starts >= ends).any():
        raise UsageError("periods must lie side by side, each ending after it starts")
    return np.append(starts, ends[-1:])


def labelled(
    fields: Mapping[str, NDArray[Any]],
    labels: Mapping[str, ArrayLike],
    bounds: NDArray[np.int64],
) -> xr.Dataset:
    """Name the axes of arrays.

    Parameters
    ----------
    fields
        Arrays (row, period) or (row, period, status); rows run over all
        combinations of ``labels``, the last one fastest.
    labels
        Dimensions before ``period``, with their coordinates.
    bounds : (period + 1,), int64, microseconds UTC
    """
    sizes = tuple(np.size(label) for label in labels.values())
    dims = (*labels, "period", "status")
    rows = prod(sizes)
    data = {}
    for name, array in fields.items():
        full = array.reshape(*sizes, *array.shape[1:]) if rows else array
        units = {} if _is_no_volume(name, array) else {"units": "m3"}
        data[name] = (dims[: full.ndim], full, units)
    times = bounds.astype("datetime64[us]")
    coords: dict[str, Any] = {
        name: (name, np.asarray(label, dtype=np.str_)) for name, label in labels.items()
    }
    coords |= {"period": times[:-1], "period_end": ("period", times[1:])}
    if any("status" in full_dims for full_dims, *_ in data.values()):
        statuses = np.array(STATUSES, dtype=np.int8)
        meanings = " ".join(status.name.lower() for status in STATUSES)
        attributes = {"flag_values": statuses, "flag_meanings": meanings}
        coords["status"] = ("status", statuses, attributes)
    return xr.Dataset(data, coords=coords)


def _is_no_volume(name: str, array: NDArray[Any]) -> bool:
    return array.dtype != np.float64 or name.endswith(_NO_VOLUME)
