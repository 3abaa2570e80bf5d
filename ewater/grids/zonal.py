"""Means over territories: a sparse product per block of a lazy grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import sparse

from ewater import units
from ewater.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.grids.cf import Grid
    from ewater.grids.weights import Weights

WATER_KG_M3 = 1_000.0
PATIENCE_S = 10.0  # for the first answer of a cluster


def means(grid: Grid, weights: Weights, *, cluster: str | None = None) -> xr.Dataset:
    """Area-weighted means of all territories at all times.

    Cells without a value take no part; ``coverage`` says how much of the territory's
    area had one. Memory holds a few blocks, whatever the length of the file.

    Parameters
    ----------
    grid
        Lazy; read once, block by block.
    weights
        Of this grid.
    cluster
        Address of a ``distributed`` scheduler (``tcp://host:port``) whose workers
        see the same files; default: threads of this process. The result is the same.

    Returns
    -------
    xarray.Dataset : (territory, time)
        ``mean`` in the unit of the grid, NaN where no cell has a value; ``coverage``,
        0 to 1; coordinates ``time`` and ``time_end``; ``area`` (territory), m2.

    Raises
    ------
    UsageError
        The weights are of another grid, or the cluster does not answer.
    """
    if weights.shared.shape[1] != grid.x.size * grid.y.size:
        raise UsageError(
            f"the weights are of a grid of {weights.shared.shape[1]} cells, this one "
            f"has {grid.x.size * grid.y.size}; compute them for this grid"
        )
    sums, covered = _computed(_graph(grid, weights), cluster)
    mean = np.full(sums.shape, np.nan)
    np.divide(sums, covered, out=mean, where=covered > 0)
    dims = ("territory", "time")
    coverage = np.minimum(covered / weights.area, 1.0)  # rounding of the last digit
    return xr.Dataset(
        {
            "mean": (dims, mean.T, {"units": grid.unit}),
            "coverage": (dims, coverage.T, {"units": "1"}),
        },
        coords={
            "territory": weights.territories,
            "time": grid.bounds[:, 0],
            "time_end": ("time", grid.bounds[:, 1]),
            "area": ("territory", weights.area, {"units": "m2"}),
        },
    )


def depths(found: xr.Dataset) -> xr.DataArray:
    """Depth of water (m) that fell or left in each period, from means of any unit.

    Lengths are totals of the period; lengths or masses per area and time are rates
    that held throughout.

    Parameters
    ----------
    found
        Result of :func:`means`.

    Raises
    ------
    UsageError
        The unit is neither.
    """
    unit = str(found["mean"].attrs["units"])
    seconds = (found["time_end"] - found["time"]) / np.timedelta64(1, "s")
    factor, per_second = _to_metres(unit)
    depth = found["mean"] * factor * (seconds if per_second else 1.0)
    return depth.rename("depth").assign_attrs(units="m")


def volumes(found: xr.Dataset) -> xr.DataArray:
    """Volume (m3) on each territory and period; a part without cells is as the rest.

    Parameters
    ----------
    found
        Result of :func:`means`; its ``coverage`` goes with the volumes.
    """
    volume = depths(found) * found["area"]
    return volume.rename("volume").assign_attrs(units="m3")


def _to_metres(unit: str) -> tuple[float, bool]:
    """Factor to m or m s-1, and which of the two it is."""
    light = 1 / WATER_KG_M3
    totals = ("m", 1.0, False), ("kg m-2", light, False)
    rates = ("m s-1", 1.0, True), ("kg m-2 s-1", light, True)
    for target, factor, per_second in (*totals, *rates):
        try:
            return units.factor(unit, target) * factor, per_second
        except UsageError:
            continue
    raise UsageError(
        f"unit {unit!r} is no depth of water; known are lengths (mm, m), masses per "
        "area (kg m-2), and either of them per time (mm/day, kg m-2 s-1)"
    )


def _graph(grid: Grid, weights: Weights) -> list[Any]:
    """Return one delayed sum per block of time, in order."""
    from dask import delayed

    blocks = grid.values.data.to_delayed()
    rows, columns = (np.cumsum((0, *sizes)) for sizes in grid.values.data.chunks[1:])
    cells = np.arange(grid.y.size * grid.x.size).reshape(grid.y.size, grid.x.size)
    by_cell = weights.shared.tocsc()
    parts = {}
    for j in range(blocks.shape[1]):
        for k in range(blocks.shape[2]):
            inside = cells[rows[j] : rows[j + 1], columns[k] : columns[k + 1]].ravel()
            part = sparse.csr_array(by_cell[:, inside])
            if part.nnz:  # nothing is read where no territory is
                parts[j, k] = delayed(part, pure=True)
    total, sums = delayed(_total, pure=True), delayed(_sums, pure=True)
    return [
        total([sums(blocks[i, j, k], part) for (j, k), part in parts.items()])
        for i in range(blocks.shape[0])
    ]


def _sums(block: NDArray[np.floating], part: sparse.csr_array) -> NDArray[np.float64]:
    """Take sums over the cells with a value, of value x area and of area.

    Returns (2, time, territory).
    """
    from ewater.grids import kernels  # numba is slow to import

    out = np.empty((2, len(block), part.shape[0]))
    flat = np.ascontiguousarray(block).reshape(len(block), -1)
    kernels.sums(flat, part.indptr, part.indices, part.data, out)
    return out


def _total(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Sum over the blocks of place, always in one order."""
    out = parts[0].copy()
    for part in parts[1:]:
        out += part
    return out


def _computed(
    graph: list[Any], cluster: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import dask

    if cluster is None:
        found = dask.compute(*graph, scheduler="threads")
    else:
        found = _on_cluster(graph, cluster)
    both = np.concatenate(found, axis=1)
    return both[0], both[1]


def _on_cluster(graph: list[Any], address: str) -> Any:
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        return client.gather(client.compute(graph))
