from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ewater.errors import UsageError
from ewater.grids import cf

Y, X = np.array([40.5, 40.0, 39.5]), np.array([46.0, 46.5])
ONES = np.ones((4, 3, 2), np.float32)


@pytest.mark.parametrize("name", ["g.nc", "g.zarr"])
def test_a_grid_is_opened_lazily_with_its_periods(make_grid, name):
    grid = cf.open_grid(make_grid(ONES, Y, X, name=name))
    assert grid.values.chunks is not None
    assert grid.geographic
    assert grid.unit == "mm/day"
    assert grid.values.shape == (4, 3, 2)
    np.testing.assert_array_equal(grid.y, Y)
    first = [np.datetime64("2023-01-01", "us"), np.datetime64("2023-01-02", "us")]
    np.testing.assert_array_equal(grid.bounds[0], first)


def test_times_without_bounds_need_to_be_told_what_they_are(make_grid):
    path = make_grid(ONES, Y, X, bounds=False)
    with pytest.raises(UsageError, match="start or the end"):
        cf.open_grid(path)
    day = np.timedelta64(1, "D")
    start = cf.open_grid(path, stamp="start").bounds
    np.testing.assert_array_equal(cf.open_grid(path, stamp="end").bounds, start - day)


def test_uneven_times_without_bounds_are_refused(make_grid, tmp_path):
    data = xr.open_dataset(make_grid(ONES, Y, X, bounds=False)).isel(time=[0, 1, 3])
    data.to_netcdf(tmp_path / "gap.nc")
    with pytest.raises(UsageError, match="not equally spaced"):
        cf.open_grid(tmp_path / "gap.nc", stamp="end")


def test_axes_are_known_by_their_attributes_only(make_grid):
    path = make_grid(ONES, Y, X, axes={"y": "1", "x": "1"})
    with pytest.raises(UsageError, match="Curvilinear grids must be regridded"):
        cf.open_grid(path, "pr")


def test_an_axis_that_is_not_even_is_refused(make_grid):
    path = make_grid(ONES, np.array([40.5, 40.0, 39.0]), X)
    with pytest.raises(UsageError, match="lat is not equally spaced"):
        cf.open_grid(path)


def test_single_precision_axes_are_even_enough(make_grid):
    y = np.linspace(44.9, 35.1, 99).astype(np.float32)
    grid = cf.open_grid(make_grid(np.ones((2, 99, 2)), y, X))
    np.testing.assert_allclose(np.diff(grid.y), -0.1, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.rename(pr="a").assign(b=d["pr"]), "say which variable is meant"),
        (lambda d: d.drop_vars("pr").assign(z=1), "none that has time"),
        (lambda d: d.isel(time=[1, 0]).drop_vars("time_bnds"), "not in order"),
        (lambda d: d.isel(lat=[0]), "lat has 1 value; two are needed"),
    ],
)
def test_what_is_missing_is_named(make_grid, tmp_path, change, message):
    data = xr.open_dataset(make_grid(ONES, Y, X)).load()
    changed = change(data)
    for found in changed.variables.values():
        found.attrs.pop("bounds", None) if "time_bnds" not in changed else None
    changed.to_netcdf(tmp_path / "changed.nc")
    with pytest.raises(UsageError, match=message):
        cf.open_grid(tmp_path / "changed.nc", stamp="start")


def test_an_unknown_variable_unit_or_file_is_named(make_grid, tmp_path):
    path = make_grid(ONES, Y, X, unit="")
    with pytest.raises(UsageError, match="pr has no units"):
        cf.open_grid(path)
    with pytest.raises(UsageError, match="no variable tp; there is pr"):
        cf.open_grid(path, "tp")
    with pytest.raises(UsageError, match="no such file"):
        cf.open_grid(tmp_path / "gone.nc")
    (tmp_path / "text.nc").write_text("not a grid")
    with pytest.raises(UsageError, match="not a NetCDF file that can be read"):
        cf.open_grid(tmp_path / "text.nc")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(UsageError, match="not a Zarr folder"):
        cf.open_grid(tmp_path / "empty.zarr")


def test_one_more_dimension_must_be_chosen_first(make_grid, tmp_path):
    data = xr.open_dataset(make_grid(ONES, Y, X)).load()
    data["pr"] = data["pr"].expand_dims(number=[1, 2])
    data.to_netcdf(tmp_path / "ensemble.nc")
    with pytest.raises(UsageError, match="also runs over number"):
        cf.open_grid(tmp_path / "ensemble.nc")


def test_a_projected_grid_says_what_its_axes_mean(tmp_path):
    from pyproj import CRS

    data = xr.Dataset(
        {
            "et": (("time", "y", "x"), ONES, {"units": "mm", "grid_mapping": "crs"}),
            "crs": ((), 0, CRS("EPSG:32638").to_cf()),
        },
        coords={
            "time": np.arange("2023-01-01", "2023-01-05", dtype="M8[D]").astype(
                "M8[ns]"
            ),
            "y": ("y", [4.4e6, 4.41e6, 4.42e6], {"axis": "Y", "units": "m"}),
            "x": ("x", [5e5, 5.1e5], {"axis": "X", "units": "m"}),
        },
    )
    data.to_netcdf(tmp_path / "utm.nc")
    grid = cf.open_grid(tmp_path / "utm.nc", stamp="start")
    assert not grid.geographic
    assert CRS(grid.crs) == CRS("EPSG:32638")
    del data["et"].attrs["grid_mapping"]
    data.to_netcdf(tmp_path / "lost.nc")
    with pytest.raises(UsageError, match="no grid_mapping says what it is"):
        cf.open_grid(tmp_path / "lost.nc", stamp="start")


def test_blocks_are_of_fair_size_whatever_the_file_has(make_grid, tmp_path):
    wide = xr.DataArray(np.zeros((40, 300, 300), np.float32), dims=("time", "y", "x"))
    wide.encoding["preferred_chunks"] = {"time": 40, "y": 10, "x": 10}
    blocks = cf._blocks(wide)
    size = np.prod(list(blocks.values())) * 4
    assert blocks["time"] == 40
    assert size <= cf.BLOCK_BYTES
