"""Small grids, written as files and read back."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr

DEGREES = {"y": "degrees_north", "x": "degrees_east"}


@pytest.fixture
def make_grid(tmp_path):
    """Write a variable over time, y and x, and return the path of the file."""

    def make(
        values,
        y,
        x,
        *,
        unit="mm/day",
        start="2023-01-01",
        bounds=True,
        name="g.nc",
        axes=DEGREES,
    ):
        values = np.asarray(values)
        days = np.datetime64(start, "ns") + np.arange(len(values)) * np.timedelta64(
            1, "D"
        )
        data = xr.Dataset(
            {"pr": (("time", "lat", "lon"), values, {"units": unit})},
            coords={
                "time": days,
                "lat": ("lat", y, {"units": axes["y"]}),
                "lon": ("lon", x, {"units": axes["x"]}),
            },
        )
        if bounds:
            data["time"].attrs["bounds"] = "time_bnds"
            edges = np.column_stack([days, days + np.timedelta64(1, "D")])
            data["time_bnds"] = (("time", "nv"), edges)
        data["time"].encoding["units"] = "hours since 1970-01-01"
        path = tmp_path / name
        if name.endswith(".zarr"):
            data.to_zarr(path, consolidated=False)
        else:
            data.to_netcdf(path)
        return path

    return make


@pytest.fixture
def boxes():
    """Territories that are boxes: code to west, south, east, north."""

    def make(**places):
        return gpd.GeoDataFrame(
            {"code": list(places)},
            geometry=[shapely.box(*box) for box in places.values()],
            crs="EPSG:4326",
        )

    return make


@pytest.fixture
def two_basins_folder():
    return Path(__file__).parents[1] / "countries" / "two_basins"
