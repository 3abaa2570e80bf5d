"""Which part of which cell lies in which territory: computed once and kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from scipy import sparse

from ewater.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from ewater.grids.cf import Grid

RADIUS_M = 6_371_007.2  # sphere of the Earth's area, as gridded products use
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Area shared by territories and cells.

    ``shared`` is sparse (territory, cell), m2, cells counted along x, then y, in the
    order of the file; ``area`` (territory,), m2, includes what no cell covers.
    """

    territories: NDArray[np.str_]
    shared: sparse.csr_array
    area: NDArray[np.float64]
    key: str

    def save(self, path: Path) -> None:
        """Keep them in a file of NumPy arrays, whole or not at all."""
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as out:
            np.savez_compressed(
                out,
                territories=self.territories,
                data=self.shared.data,
                indices=self.shared.indices,
                indptr=self.shared.indptr,
                shape=np.array(self.shared.shape),
                area=self.area,
                key=np.array(self.key),
            )
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> Weights:
        """Read what :meth:`save` kept.

        Raises
        ------
        UsageError
            The file is damaged or of another version; delete it to compute it anew.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                found = cls(
                    territories=kept["territories"],
                    shared=sparse.csr_array(
                        (kept["data"], kept["indices"], kept["indptr"]),
                        shape=tuple(kept["shape"]),
                    ),
                    area=kept["area"],
                    key=str(kept["key"]),
                )
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise UsageError(
                f"{path}: not weights of a grid that can be read ({error}); delete the "
                "file to compute them anew"
            ) from error
        return found


def weights(grid: Grid, territories: GeoDataFrame, kept: Path | None = None) -> Weights:
    """Compute, or take from the folder they are kept in, the weights of a grid.

    Parts of cells are exact in the coordinates of the grid (exactextract) and have
    that part of the cell's area: on the sphere for a grid in degrees, in the plane
    for a projected one.

    Parameters
    ----------
    grid
        Only its axes count.
    territories
        Country frame: ``code``, ``geometry`` in EPSG:4326.
    kept
        Folder of weights, by hash of axes and territories; created if absent.

    Raises
    ------
    UsageError
        There is no territory, one has no area or no cell, or a code comes twice.
    """
    codes = territories["code"].astype(str)
    if codes.empty:
        raise UsageError("there is no territory to take means of")
    if not codes.is_unique:
        raise UsageError(f"territory {codes[codes.duplicated()].iloc[0]} comes twice")
    geometry = territories.geometry.to_crs(grid.crs).reset_index(drop=True)
    empty = codes[(geometry.is_empty | geometry.isna()).to_numpy()]
    if len(empty):
        raise UsageError(f"territory {empty.iloc[0]} has no geometry")
    key = _key(grid, codes.to_list(), geometry.to_wkb().to_list())
    path = None if kept is None else kept / f"{key[:32]}.npz"
    if path is not None and path.exists():
        return Weights.load(path)
    found = _computed(grid, codes.to_numpy(dtype=str), geometry, key)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        found.save(path)
    return found


def _key(grid: Grid, codes: list[str], shapes: list[bytes]) -> str:
    found = hashlib.sha256(f"{_FORMAT} {grid.crs}".encode())
    for part in (grid.x.tobytes(), grid.y.tobytes()):
        found.update(len(part).to_bytes(8, "big") + part)
    for code, shape in zip(codes, shapes, strict=True):
        found.update(f"{len(code)} {len(shape)} {code}".encode() + shape)
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Axis of equal cells over grid and territories, and where the grid's cells lie."""

    low: float
    step: float
    count: int
    of_grid: NDArray[np.int64]  # (count,), place in the file, -1 outside of the grid

    @property
    def edges(self) -> NDArray[np.float64]:
        return np.asarray(self.low + self.step * np.arange(self.count + 1))


def _canvas(
    middle: NDArray[np.float64], low: float, high: float, turn: float | None
) -> _Canvas:
    """Lay an axis over a range that may reach beyond the grid.

    ``turn`` is the length of a full circle: a grid of 0 to 360 degrees is laid over
    territories of -180 to 180.
    """
    step = abs(middle[1] - middle[0])
    first = middle.min() - step / 2
    if turn is not None:
        first += turn * np.floor((low - first) / turn + 1e-9)
    start = int(np.floor((low - first) / step))
    count = int(np.ceil((high - first) / step)) - start
    around = np.arange(start, start + count)
    if turn is not None and round(turn / step) == middle.size:
        around %= middle.size
    of_grid = np.where((around >= 0) & (around < middle.size), around, -1)
    if middle[1] < middle[0]:
        of_grid = np.where(of_grid >= 0, middle.size - 1 - of_grid, -1)
    return _Canvas(first + start * step, step, count, of_grid)


def _computed(
    grid: Grid, codes: NDArray[np.str_], geometry: object, key: str
) -> Weights:
    import geopandas as gpd
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    shapes = gpd.GeoDataFrame({"number": range(len(codes))}, geometry=geometry)
    west, south, east, north = shapes.total_bounds
    turn = 360.0 if grid.geographic else None
    across = _canvas(grid.x, west, east, turn)
    down = _canvas(grid.y, south, north, None)
    blank = np.broadcast_to(np.zeros(1, np.float32), (down.count, across.count))
    raster = NumPyRasterSource(
        blank,
        xmin=across.edges[0],
        xmax=across.edges[-1],
        ymin=down.edges[0],
        ymax=down.edges[-1],
        srs_wkt=shapes.crs.to_wkt(),
    )
    rows = exact_extract(
        raster, shapes, ["cell_id", "coverage"], include_cols="number", output="pandas"
    ).sort_values("number")
    sizes = np.array([len(cells) for cells in rows["cell_id"]])
    cell = np.concatenate(rows["cell_id"].to_list()).astype(np.int64)
    part = np.concatenate(rows["coverage"].to_list())
    territory = np.repeat(rows["number"].to_numpy(), sizes)
    from_top, column = np.divmod(cell, across.count)
    row = down.count - 1 - from_top
    shared = part * _heights(grid, down)[row] * _widths(grid, across)
    area = np.bincount(territory, shared, len(codes)).astype(np.float64)
    y, x = down.of_grid[row], across.of_grid[column]
    inside = (y >= 0) & (x >= 0)
    matrix = sparse.csr_array(
        (
            shared[inside],
            (territory[inside], y[inside] * grid.x.size + x[inside]),
        ),
        shape=(len(codes), grid.x.size * grid.y.size),
    )
    outside = np.diff(matrix.indptr) == 0
    if outside.any():
        raise UsageError(
            f"territory {codes[outside][0]} lies wholly outside of the grid, which "
            f"reaches from {grid.x.min():g}, {grid.y.min():g} to {grid.x.max():g}, "
            f"{grid.y.max():g}"
        )
    return Weights(territories=codes, shared=matrix, area=area, key=key)


def _heights(grid: Grid, down: _Canvas) -> NDArray[np.float64]:
    """Size of the rows of cells; on the sphere the difference of the sines."""
    edges = down.edges
    if grid.geographic:
        sines = np.sin(np.radians(np.clip(edges, -90.0, 90.0)))
        return np.asarray(RADIUS_M * np.diff(sines))
    return np.diff(edges)


def _widths(grid: Grid, across: _Canvas) -> float:
    return RADIUS_M * float(np.radians(across.step)) if grid.geographic else across.step
