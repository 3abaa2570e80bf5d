"""Zonal means of daily grids: against reading alone, memory, and ten times the days.

The file is compressed NetCDF, a day a chunk, single precision. Reading is the same
file through the same Dask blocks with nothing done to them. Memory is the peak of a
process of its own, with one times and ten times the days; its library and file
buffers are in both. Linear in time is meant of the processor's: the disk may hold the
short file in memory and not the long one, and minutes lie between the two.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import netCDF4
import numpy as np
import shapely
import shapely.affinity

from ewater.grids import cf, weights, zonal

TERRITORIES = (25, 20)


def write(path: Path, days: int, side: int) -> None:
    """Rain on a grid of 40 by 40 degrees; one day out of three is dry."""
    random = np.random.default_rng(1)
    with netCDF4.Dataset(path, "w") as out:
        for name, size in (("time", days), ("lat", side), ("lon", side)):
            out.createDimension(name, size)
        when = out.createVariable("time", "f8", ("time",))
        when.units = "days since 2023-01-01"
        when[:] = np.arange(days)
        step = 40.0 / side
        for name, unit, sign in (
            ("lat", "degrees_north", -1),
            ("lon", "degrees_east", 1),
        ):
            axis = out.createVariable(name, "f8", (name,))
            axis.units = unit
            axis[:] = 40.0 + sign * (np.arange(side) + 0.5) * step
        rain = out.createVariable(
            "pr", "f4", ("time", "lat", "lon"), zlib=True, complevel=1,
            chunksizes=(1, side, side), fill_value=-9999.0,
        )  # fmt: skip
        rain.units = "mm/day"
        fields = random.gamma(0.5, 8.0, (3, side, side)).round(1).astype("f4")
        fields[:, : side // 50] = -9999.0
        for day in range(days):
            rain[day] = fields[day % 3] if day % 3 else 0.0


def territories() -> gpd.GeoDataFrame:
    """Parallelograms that tile the grid, with borders that cut its cells."""
    across, down = TERRITORIES
    wide, high = 40.0 / across, 40.0 / down
    shapes = [
        shapely.affinity.skew(
            shapely.box(40 + i * wide, j * high, 40 + (i + 1) * wide, (j + 1) * high),
            xs=2.0,
            origin=(60.0, 20.0),
        ).intersection(shapely.box(40, 0, 80, 40))
        for i in range(across)
        for j in range(down)
    ]
    codes = [f"T{k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs="EPSG:4326")


def measure(path: Path, kept: Path) -> dict[str, float]:
    """Time of the means and of reading alone, and the peak of memory."""
    import dask

    grid = cf.open_grid(path, stamp="start")
    began = time.perf_counter()
    shared = weights.weights(grid, territories(), kept)
    prepared = time.perf_counter() - began
    began, used = time.perf_counter(), time.process_time()
    found = zonal.means(grid, shared)
    took, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert float(found["coverage"].max()) > 0.99
    began = time.perf_counter()
    blocks = grid.values.data.to_delayed().ravel()
    touch = dask.delayed(lambda block: float(block[0, 0, 0]), pure=True)
    dask.compute(*[touch(block) for block in blocks], scheduler="threads")
    reading = time.perf_counter() - began
    return {
        "weights": prepared,
        "means": took,
        "used": used,
        "reading": reading,
        "peak": peak,
    }


def in_process(path: Path, kept: Path) -> dict[str, float]:
    """Measure in a fresh process, whose peak of memory is its own."""
    command = [sys.executable, __file__, "--measure", str(path), str(kept)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--measure", nargs=2, type=Path)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    days, side = (36, 500) if options.quick else (365, 2000)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        found = []
        for times in (1, 10):
            path = place / f"{times}.nc"
            write(path, days * times, side)
            found.append(in_process(path, place / "kept"))
            size = path.stat().st_size / 1e6
            print(
                f"{days * times} days of {side} x {side}, {size:.0f} MB: weights "
                f"{found[-1]['weights']:.2f} s, means {found[-1]['means']:.2f} s "
                f"({found[-1]['used']:.2f} s of processor), "
                f"reading {found[-1]['reading']:.2f} s, peak {found[-1]['peak']:.0f} MB"
            )
            path.unlink()
    once, ten = found
    bars = [
        ("means_against_reading", ten["means"] / ten["reading"], "ratio", 2.0),
        ("ten_times_the_days", ten["used"] / once["used"], "ratio", 11.0),
        ("memory_of_ten_times", ten["peak"] / once["peak"], "ratio", 1.2),
    ]
    for name, value, unit, bar in bars:
        print(
            f"{name} {value:.2f} {unit} bar {bar} {'ok' if value <= bar else 'short'}"
        )


if __name__ == "__main__":
    main()
