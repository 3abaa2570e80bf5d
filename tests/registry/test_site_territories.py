"""Sites fall into every hierarchy by position, in the database."""

from __future__ import annotations

import pandas as pd
import pytest
import shapely
from sqlalchemy import text

from ewater.store import folder, registry

pytestmark = pytest.mark.db


def members(engine, as_of=None) -> dict[str, set[str]]:
    with engine.connect() as connection:
        joined = registry.read(connection, as_of)["site_territories"]
    return {site: set(rows) for site, rows in joined.groupby("site")["territory"]}


@pytest.fixture
def loaded(engine, two_basins):
    registry.load(engine, folder.read(two_basins))
    return engine


def test_a_site_lies_in_a_territory_of_each_kind_and_in_its_parents(loaded):
    found = members(loaded)
    assert found["RES"] == {"WEST-LOW", "WEST", "D2", "TB"}
    assert found["G-OUT"] == {"EAST", "D1", "TB"}


def test_a_site_on_a_common_border_lies_in_the_lowest_code_of_each_kind(loaded):
    # on the border of EAST and WEST-LOW; EAST comes first
    assert members(loaded)["G-MID"] == {"EAST", "D2", "TB"}


def test_a_site_where_four_meet_lies_in_one_chain_of_each_kind(loaded, two_basins):
    sites = folder.read(two_basins)["sites"]
    sites.loc[sites["code"] == "PUMP", ["lat", "lon"]] = [40.5, 46.5]
    registry.load(loaded, {"sites": sites})
    assert members(loaded)["PUMP"] == {"WEST-LOW", "WEST", "D1", "TB"}


def test_a_site_without_position_or_outside_lies_nowhere(loaded, two_basins):
    sites = folder.read(two_basins)["sites"]
    sites.loc[sites["code"] == "PUMP", ["lat", "lon"]] = [None, None]
    sites.loc[sites["code"] == "RES", ["lat", "lon"]] = [0.0, 0.0]
    registry.load(loaded, {"sites": sites})
    assert set(members(loaded)) == {"G-IN", "G-MID", "G-OUT"}


def test_a_district_inside_a_basin_does_not_put_the_site_into_that_basin(
    loaded, two_basins
):
    territories = folder.read(two_basins)["territories"]
    territories.loc[territories["code"] == "D2", "parent"] = "EAST"
    registry.load(loaded, {"territories": territories})
    assert members(loaded)["RES"] == {"WEST-LOW", "WEST", "D2", "TB"}


def test_the_join_is_that_of_the_registry_as_it_stood(loaded, two_basins):
    with loaded.connect() as connection:
        before = registry.version(connection)
    sites = folder.read(two_basins)["sites"]
    sites.loc[sites["code"] == "RES", "lon"] = 47.5
    registry.load(loaded, {"sites": sites})
    assert members(loaded)["RES"] == {"EAST", "D2", "TB"}
    assert members(loaded, before)["RES"] == {"WEST-LOW", "WEST", "D2", "TB"}


def test_the_view_says_the_same_to_sql_users(loaded):
    with loaded.connect() as connection:
        rows = connection.execute(text("SELECT * FROM site_territories")).all()
        read = registry.read(connection)["site_territories"]
    assert sorted(map(tuple, rows)) == list(read.itertuples(index=False, name=None))


def test_the_newest_validity_of_a_site_and_a_territory_counts(engine):
    box = shapely.box(0, 0, 1, 1)
    territories = pd.DataFrame(
        {
            "code": ["A", "B"],
            "kind": "basin",
            "geometry": [box, shapely.box(1, 0, 2, 1)],
        }
    )
    start = pd.Timestamp("2020-01-01", tz="UTC")
    sites = pd.DataFrame(
        {
            "code": ["S", "S"],
            "kind": "well",
            "lat": 0.5,
            "lon": [0.5, 1.5],
            "valid_from": [None, start],
            "valid_to": [start, None],
        }
    )
    registry.load(engine, {"territories": territories, "sites": sites})
    assert members(engine) == {"S": {"B"}}
