from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from ewater.errors import UsageError
from ewater.grids import cf, weights, zonal

Y, X = np.array([40.5, 40.0, 39.5, 39.0]), np.array([46.0, 46.5, 47.0])


def grid_of(values, y=Y, x=X, unit="mm"):
    """A grid in memory; days from 2023."""
    values = np.asarray(values, dtype=np.float64)
    days = np.arange(len(values) + 1) + np.datetime64("2023-01-01", "us").astype(
        "M8[D]"
    )
    edges = days.astype("M8[us]")
    return cf.Grid(
        values=xr.DataArray(values, dims=("time", "y", "x")).chunk({"time": 1, "y": 3}),
        x=np.asarray(x),
        y=np.asarray(y),
        crs="EPSG:4326",
        unit=unit,
        bounds=np.column_stack([edges[:-1], edges[1:]]),
    )


def band(south, north, degrees):
    """Area (m2) between two parallels over some degrees of longitude."""
    sines = np.sin(np.radians(north)) - np.sin(np.radians(south))
    return weights.RADIUS_M**2 * np.radians(degrees) * sines


def test_a_mean_weighs_cells_by_the_part_inside_and_their_area_on_the_sphere(boxes):
    values = np.zeros((1, 4, 3))
    values[0, 0, 0], values[0, 1, 0] = 10.0, 20.0
    # upper cell: its lower half; lower cell: all of it
    places = boxes(A=(45.75, 39.75, 46.25, 40.5))
    grid = grid_of(values)
    found = zonal.means(grid, weights.weights(grid, places))
    upper, lower = band(40.25, 40.75, 0.5) / 2, band(39.75, 40.25, 0.5)
    wanted = (10 * upper + 20 * lower) / (upper + lower)
    assert found["mean"].item() == pytest.approx(wanted, rel=1e-9)
    assert found["area"].item() == pytest.approx(upper + lower, rel=1e-9)
    assert found["coverage"].item() == pytest.approx(1.0, rel=1e-12)


def test_territories_that_tile_the_grid_hold_all_of_its_water(boxes):
    values = np.random.default_rng(3).random((5, 4, 3))
    grid = grid_of(values)
    parts = boxes(
        W=(45.75, 38.75, 46.1, 40.75),
        E=(46.1, 38.75, 47.25, 39.9),
        N=(46.1, 39.9, 47.25, 40.75),
    )
    whole = boxes(ALL=(45.75, 38.75, 47.25, 40.75))
    split = zonal.volumes(zonal.means(grid, weights.weights(grid, parts)))
    once = zonal.volumes(zonal.means(grid, weights.weights(grid, whole)))
    np.testing.assert_allclose(split.sum("territory"), once.sel(territory="ALL"), 1e-6)


def test_a_cell_without_value_lowers_coverage_and_is_not_zero(boxes):
    values = np.full((2, 4, 3), 7.0)
    values[1, 0, :] = np.nan
    grid = grid_of(values)
    places = boxes(A=(45.75, 39.75, 47.25, 40.75), TOP=(45.75, 40.25, 47.25, 40.75))
    found = zonal.means(grid, weights.weights(grid, places))
    assert found["mean"].sel(territory="A").values == pytest.approx([7.0, 7.0])
    lower = band(39.75, 40.25, 1) / band(39.75, 40.75, 1)
    assert found["coverage"].sel(territory="A").values == pytest.approx([1, lower])
    assert np.isnan(found["mean"].sel(territory="TOP").values[1])
    assert found["coverage"].sel(territory="TOP").values[1] == 0.0


def test_what_the_grid_does_not_reach_counts_as_not_covered(boxes):
    grid = grid_of(np.ones((1, 4, 3)))
    found = zonal.means(grid, weights.weights(grid, boxes(A=(46.75, 39, 47.75, 40))))
    assert found["coverage"].item() == pytest.approx(0.5)
    assert found["mean"].item() == 1.0
    with pytest.raises(UsageError, match="B lies wholly outside"):
        weights.weights(grid, boxes(B=(10, 10, 11, 11)))


def test_the_order_of_the_axes_does_not_matter(boxes):
    values = np.random.default_rng(1).random((2, 4, 3))
    places = boxes(A=(45.9, 38.9, 46.8, 40.6))
    one, other = grid_of(values), grid_of(values[:, ::-1, ::-1], Y[::-1], X[::-1])
    found = [zonal.means(g, weights.weights(g, places))["mean"] for g in (one, other)]
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_a_grid_of_0_to_360_degrees_is_laid_over_both_sides_of_greenwich(boxes):
    x, y = np.arange(0.5, 360.0), np.array([0.5, -0.5])
    values = np.broadcast_to(x, (1, 2, 360))
    grid = grid_of(values, y, x)
    places = boxes(WEST=(-2, -1, -1, 1), BOTH=(-1, -1, 1, 1), EAST=(179, -1, 180, 1))
    found = zonal.means(grid, weights.weights(grid, places))["mean"].values.ravel()
    assert found == pytest.approx([358.5, (359.5 + 0.5) / 2, 179.5])


@pytest.mark.parametrize(
    ("unit", "depth"),
    [
        ("mm", 2e-3),
        ("m", 2.0),
        ("mm/day", 2e-3),
        ("mm d-1", 2e-3),
        ("kg m-2", 2e-3),
        ("kg m-2 s-1", 2 * 86.4),
        ("m s-1", 2 * 86400.0),
    ],
)
def test_totals_and_rates_become_depths(boxes, unit, depth):
    grid = grid_of(np.full((1, 4, 3), 2.0), unit=unit)
    found = zonal.means(grid, weights.weights(grid, boxes(A=(46, 39, 47, 40))))
    assert zonal.depths(found).item() == pytest.approx(depth)
    volume = found["area"].item() * depth
    assert zonal.volumes(found).item() == pytest.approx(volume)


def test_a_unit_that_is_no_depth_of_water_is_refused(boxes):
    grid = grid_of(np.ones((1, 4, 3)), unit="K")
    found = zonal.means(grid, weights.weights(grid, boxes(A=(46, 39, 47, 40))))
    with pytest.raises(UsageError, match="'K' is no depth of water"):
        zonal.depths(found)


def test_weights_of_another_grid_are_refused(boxes):
    grid, other = grid_of(np.ones((1, 4, 3))), grid_of(np.ones((1, 4, 2)), Y, X[:2])
    found = weights.weights(grid, boxes(A=(46, 39, 47, 40)))
    with pytest.raises(UsageError, match="grid of 12 cells, this one has 8"):
        zonal.means(other, found)


@given(
    west=st.floats(45.8, 46.4), width=st.floats(0.05, 0.8), south=st.floats(38.8, 39.6)
)
def test_a_mean_lies_between_the_least_and_the_greatest_cell(west, width, south):
    import geopandas as gpd
    import shapely

    values = np.random.default_rng(5).random((1, 4, 3))
    grid = grid_of(values)
    shape = shapely.box(west, south, west + width, south + 1.0)
    places = gpd.GeoDataFrame({"code": ["A"]}, geometry=[shape], crs="EPSG:4326")
    found = zonal.means(grid, weights.weights(grid, places))
    assert values.min() <= found["mean"].item() <= values.max()
    assert found["coverage"].item() == pytest.approx(1.0)
    wanted = band(south, south + 1.0, width)
    assert found["area"].item() == pytest.approx(wanted, rel=2e-3)


def test_weights_are_computed_once_and_kept(boxes, tmp_path, monkeypatch):
    grid, places = grid_of(np.ones((1, 4, 3))), boxes(A=(46, 39, 47, 40))
    first = weights.weights(grid, places, tmp_path / "kept")
    monkeypatch.setattr(weights, "_computed", None)
    again = weights.weights(grid, places, tmp_path / "kept")
    assert again.key == first.key
    assert (again.shared != first.shared).nnz == 0
    np.testing.assert_array_equal(again.area, first.area)
    kept = next((tmp_path / "kept").iterdir())
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(UsageError, match="delete the file to compute them anew"):
        weights.weights(grid, places, tmp_path / "kept")


def test_other_territories_or_another_grid_have_other_weights(boxes, tmp_path):
    grid, places = grid_of(np.ones((1, 4, 3))), boxes(A=(46, 39, 47, 40))
    moved = grid_of(np.ones((1, 4, 3)), Y + 0.01)
    keys = {
        weights.weights(grid, places, tmp_path).key,
        weights.weights(moved, places, tmp_path).key,
        weights.weights(grid, boxes(A=(46, 39, 47, 40.1)), tmp_path).key,
        weights.weights(grid, boxes(B=(46, 39, 47, 40)), tmp_path).key,
    }
    assert len(keys) == len(list(tmp_path.iterdir())) == 4


def test_there_must_be_territories_each_once_and_with_a_geometry(boxes):
    grid = grid_of(np.ones((1, 4, 3)))
    places = boxes(A=(46, 39, 47, 40))
    with pytest.raises(UsageError, match="there is no territory"):
        weights.weights(grid, places.iloc[:0])
    with pytest.raises(UsageError, match="A comes twice"):
        weights.weights(grid, places.iloc[[0, 0]])
    with pytest.raises(UsageError, match="A has no geometry"):
        weights.weights(grid, places.assign(geometry=[None]))


@pytest.fixture
def scheduler(tmp_path):
    """Address of a real scheduler with one worker, both processes of their own."""
    address = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
    with (tmp_path / "log").open("wb") as log:
        say = {"stdout": log, "stderr": log, "cwd": tmp_path}
        processes = [
            subprocess.Popen(
                [*command, *options, "--scheduler-file", str(address)], **say
            )
        ]
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard"]
        worker += ["--scheduler-file", str(address), "--no-nanny", "--nthreads", "2"]
        processes.append(subprocess.Popen(worker, **say))
        try:
            deadline = time.monotonic() + 60
            while not address.exists():
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
            import json

            yield json.loads(address.read_text())["address"]
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_by_address_gives_the_same_to_the_last_bit(
    make_grid, boxes, scheduler
):
    values = np.random.default_rng(2).random((20, 40, 30)).astype(np.float32)
    values[3, 5:9, 7] = np.nan
    path = make_grid(values, np.linspace(41, 39, 40), np.linspace(46, 48, 30))
    grid = cf.open_grid(path)
    found = weights.weights(grid, boxes(A=(46.2, 39.3, 47.1, 40.2), B=(47, 40, 48, 41)))
    here = zonal.means(grid, found)
    there = zonal.means(grid, found, cluster=scheduler)
    xr.testing.assert_identical(here, there)


def test_a_cluster_that_does_not_answer_is_named(boxes, monkeypatch):
    grid = grid_of(np.ones((1, 4, 3)))
    found = weights.weights(grid, boxes(A=(46, 39, 47, 40)))
    monkeypatch.setattr(zonal, "PATIENCE_S", 0.2)
    with pytest.raises(UsageError, match="no Dask scheduler answers at tcp://127"):
        zonal.means(grid, found, cluster="tcp://127.0.0.1:9")
