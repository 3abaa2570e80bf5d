"""The way down the map and back up."""

from __future__ import annotations

import shapely

from ewater.dashboard.geography import Geography
from ewater.dashboard.i18n import language


def test_the_country_shows_its_basins_or_its_districts(reader):
    geography = Geography(reader.territories())
    assert geography.shown("TL", "basin") == ["B-NORTH", "B-MID", "B-SOUTH"]
    assert len(geography.shown("TL", "district")) == 6


def test_a_basin_shows_its_districts_found_by_their_place(reader):
    geography = Geography(reader.territories())
    assert geography.shown("B-MID", "basin") == ["D10", "D11"]
    assert geography.path("D11") == ["TL", "B-MID", "D11"]
    assert geography.shown("D11", "basin") == ["D10", "D11"]


def test_a_district_across_two_basins_is_shown_in_both(reader):
    frame = reader.territories().copy()
    frame.loc["D10", "geometry"] = shapely.box(46.7, 41.0, 48.0, 42.0)
    geography = Geography(frame)
    assert "D10" in geography.districts_of("B-NORTH")
    assert "D10" in geography.districts_of("B-MID")
    assert geography.basin_of("D10") == "B-MID"


def test_the_selector_is_sorted_by_name_in_its_language(reader):
    groups = Geography(reader.territories()).options(language("ru"))
    assert [g["group"] for g in groups] == ["Страна", "Бассейны", "Районы"]
    names = [item["label"] for item in groups[1]["items"]]
    assert names == ["Север", "Средний", "Юг"]


def test_rings_of_the_map_run_clockwise(reader):
    geography = Geography(reader.territories())
    codes = geography.shown("TL", "basin")
    for feature in geography.geojson(codes)["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert not shape.exterior.is_ccw
        assert shape.contains(
            shapely.Point(geography.label_points(codes)[feature["id"]])
        )


def test_a_territory_without_an_outline_is_not_drawn(reader):
    frame = reader.territories().copy()
    frame.loc["D10", "geometry"] = None
    geography = Geography(frame)
    assert geography.drawable(["D10", "D11"]) == ["D11"]
    assert geography.basin_of("D10") is None
    assert geography.path("D10") == ["TL", "D10"]


def test_a_system_shows_all_systems(reader):
    frame = reader.territories().copy()
    frame.loc["S1"] = frame.loc["D00"]
    frame.loc["S1", "kind"] = "system"
    geography = Geography(frame)
    assert geography.shown("S1", "basin") == ["S1"]
    assert geography.path("S1") == ["TL", "S1"]
