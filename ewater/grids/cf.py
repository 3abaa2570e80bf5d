"""One variable of a CF file as a lazy, regular grid with periods of time.

Nothing about place, unit or time is guessed: what the file does not say is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

Stamp = Literal["start", "end"]

BLOCK_BYTES = 32 * 2**20  # of one task; two run at once on two cores
_SPACING = 1e-3  # of a step: single precision coordinates are no finer
_UNITS = {
    "x": ("degrees_east", "degree_east", "degree_E", "degrees_E", "degreesE"),
    "y": ("degrees_north", "degree_north", "degree_N", "degrees_N", "degreesN"),
}
_NAMES = {
    "x": ("longitude", "projection_x_coordinate"),
    "y": ("latitude", "projection_y_coordinate"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A variable on a regular grid.

    ``values`` has dims (time, y, x) and is backed by Dask; ``x`` and ``y`` are the
    middles of the cells, in the order of the file; ``crs`` is what they mean;
    ``bounds`` (time, 2), datetime64[us] UTC, are the periods the values stand for.
    """

    values: xr.DataArray
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    crs: str
    unit: str
    bounds: NDArray[np.datetime64]

    @property
    def geographic(self) -> bool:
        """Whether the axes are degrees."""
        return self.crs == "EPSG:4326"


def open_grid(
    path: str | Path, variable: str | None = None, *, stamp: Stamp | None = None
) -> Grid:
    """Open a variable of a NetCDF file or a Zarr folder; nothing is read yet.

    Parameters
    ----------
    path
        NetCDF file or Zarr folder that follows the CF conventions.
    variable
        Name; may be left out where only one has time and both axes of place.
    stamp
        Where in its period a time stands, for files without bounds of time, whose
        times must then be equally spaced.

    Raises
    ------
    UsageError
        The file, variable, an axis, the unit or the periods are not what is needed;
        the message says what is there.
    """
    data = _opened(Path(path))
    name = _variable(data, variable, path)
    found = data[name]
    axes = {axis: _axis(found, axis, path) for axis in ("y", "x")}
    time = _time(found, path)
    extra = [str(d) for d in found.dims if d not in {*axes.values(), time}]
    if extra:
        raise UsageError(
            f"{path}: {name} also runs over {', '.join(extra)}; choose one of each"
        )
    unit = str(found.attrs.get("units", ""))
    if not unit:
        raise UsageError(f"{path}: {name} has no units; CF wants the attribute `units`")
    ordered = found.transpose(time, axes["y"], axes["x"])
    x, y = (_regular(found[axes[axis]], path) for axis in ("x", "y"))
    return Grid(
        values=ordered.chunk(_blocks(ordered)),
        x=x,
        y=y,
        crs=_crs(data, found, axes["x"], path),
        unit=unit,
        bounds=_periods(data, found, time, stamp, path),
    )


def _opened(path: Path) -> xr.Dataset:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    engine = "zarr" if path.is_dir() else "netcdf4"
    options: dict[str, Any] = {} if engine == "netcdf4" else {"consolidated": False}
    try:
        return xr.open_dataset(path, engine=engine, chunks=None, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        kind = "NetCDF file" if engine == "netcdf4" else "Zarr folder"
        raise UsageError(f"{path}: not a {kind} that can be read: {error}") from error


def _variable(data: xr.Dataset, given: str | None, path: str | Path) -> str:
    gridded = [
        str(name)
        for name, found in data.data_vars.items()
        if found.ndim >= 3 and _find(found, "x") and _find(found, "y")
    ]
    if given is None and len(gridded) == 1:
        return gridded[0]
    there = ", ".join(gridded) or "none that has time and both axes of place"
    if given is None:
        raise UsageError(f"{path}: say which variable is meant; there is {there}")
    if given not in data:
        raise UsageError(f"{path}: there is no variable {given}; there is {there}")
    return given


def _find(found: xr.DataArray, axis: str) -> str | None:
    """Dimension that CF marks as this axis, by attribute and not by its name."""
    for dim in found.dims:
        if dim not in found.coords:
            continue
        says = found[dim].attrs
        if (
            says.get("axis") == axis.upper()
            or says.get("standard_name") in _NAMES[axis]
            or says.get("units") in _UNITS[axis]
        ):
            return str(dim)
    return None


def _axis(found: xr.DataArray, axis: str, path: str | Path) -> str:
    dim = _find(found, axis)
    if dim is None:
        wanted = " or ".join((f"axis={axis.upper()}", _NAMES[axis][0], _UNITS[axis][0]))
        raise UsageError(
            f"{path}: {found.name} has no dimension marked as {axis} ({wanted}); its "
            f"dimensions are {', '.join(map(str, found.dims))}. Curvilinear grids must "
            "be regridded to a regular one first"
        )
    return dim


def _time(found: xr.DataArray, path: str | Path) -> str:
    for dim in found.dims:
        if dim in found.coords and np.issubdtype(found[dim].dtype, np.datetime64):
            return str(dim)
    raise UsageError(
        f"{path}: {found.name} has no dimension of time in the standard calendar"
    )


def _regular(axis: xr.DataArray, path: str | Path) -> NDArray[np.float64]:
    middle = axis.to_numpy().astype(np.float64)
    if middle.size < 2:
        raise UsageError(f"{path}: {axis.name} has {middle.size} value; two are needed")
    step = (middle[-1] - middle[0]) / (middle.size - 1)
    even = middle[0] + step * np.arange(middle.size)
    if not step or not (np.abs(middle - even) <= abs(step) * _SPACING * 10).all():
        raise UsageError(
            f"{path}: {axis.name} is not equally spaced; regrid it to a regular grid"
        )
    return np.asarray(even)


def _blocks(found: xr.DataArray) -> Mapping[Hashable, int]:
    """Chunks of the file, put together in time, then in place, to fair size."""
    native = found.encoding.get("preferred_chunks") or {}
    size = [
        int(native.get(dim, 1 if k == 0 else n))
        for k, (dim, n) in enumerate(zip(found.dims, found.shape, strict=True))
    ]
    for k in (0, 1, 2):
        room = BLOCK_BYTES // (int(np.prod(size)) * found.dtype.itemsize)
        size[k] = min(size[k] * max(room, 1), found.shape[k])
    return dict(zip(found.dims, size, strict=True))


def _crs(data: xr.Dataset, found: xr.DataArray, x: str, path: str | Path) -> str:
    if found[x].attrs.get("units") in _UNITS["x"]:
        return "EPSG:4326"
    mapping = found.attrs.get("grid_mapping") or found.encoding.get("grid_mapping")
    if not mapping or mapping not in data.variables:
        raise UsageError(
            f"{path}: {x} is not in degrees and no grid_mapping says what it is"
        )
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return str(CRS.from_cf(data[mapping].attrs).to_wkt())
    except (CRSError, KeyError) as error:
        raise UsageError(f"{path}: grid_mapping {mapping}: {error}") from error


def _periods(
    data: xr.Dataset,
    found: xr.DataArray,
    time: str,
    stamp: Stamp | None,
    path: str | Path,
) -> NDArray[np.datetime64]:
    axis = found[time]
    stamps = axis.to_numpy().astype("M8[us]")
    if stamps.size == 0 or not (np.diff(stamps) > np.timedelta64(0)).all():
        raise UsageError(f"{path}: times of {found.name} are not in order, or none")
    name = axis.attrs.get("bounds") or axis.encoding.get("bounds")
    if name in data.variables:
        both = data[name].to_numpy().astype("M8[us]")
        if both.shape != (stamps.size, 2) or not (both[:, 0] < both[:, 1]).all():
            raise UsageError(f"{path}: {name} does not hold a start and an end each")
        return np.asarray(both)
    if stamp is None:
        raise UsageError(
            f"{path}: {time} has no bounds; say whether a time is the start or the end "
            "of the period it stands for (stamp)"
        )
    steps = np.unique(np.diff(stamps))
    if steps.size != 1:
        raise UsageError(
            f"{path}: {time} has no bounds and is not equally spaced, so that nothing "
            "tells the length of its periods"
        )
    first = stamps if stamp == "start" else stamps - steps[0]
    return np.column_stack([first, first + steps[0]])
