"""A country folder is read typed, written canonically, and loses nothing."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ewater.balance.expressions import codes
from ewater.errors import UsageError
from ewater.store import folder
from ewater.store.folder_cells import number_text
from ewater.store.folder_files import FILES

if TYPE_CHECKING:
    from pathlib import Path


def contents(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def test_every_file_of_a_folder_becomes_a_typed_frame_with_all_its_columns(two_basins):
    frames = folder.read(two_basins, expression_codes=codes)
    assert list(frames) == list(FILES)
    kinds = {"number": "float64", "boolean": "bool", "time": "datetime64[us, UTC]"}
    for name, frame in frames.items():
        assert tuple(frame.columns) == FILES[name].names
        for column in FILES[name].columns:
            expected = kinds.get(column.type, "str")
            if column.type == "geometry":
                expected = "geometry"
            assert frame[column.name].dtype == expected, (name, column.name)
    assert frames["territories"].crs.to_epsg() == 4326


def test_absent_files_have_no_frame_until_the_frames_are_completed(country):
    (country / "published.csv").unlink()
    frames = folder.read(country)
    assert "published" not in frames
    assert folder.complete(frames)["published"].empty


def test_an_empty_cell_is_missing_and_a_default_stands_where_one_is_named(two_basins):
    frames = folder.read(two_basins)
    series = frames["series"].set_index("code")
    assert np.isnan(series.loc["G-OUT.H", "u_random_pct"])
    assert pd.isna(series.loc["G-OUT.H", "timezone"])
    assert not series["derived"].any()
    assert sorted(frames["reports"]["revision"]) == [0, 0, 0, 1]


def test_a_bare_date_is_midnight_in_the_zone_of_the_country(two_basins):
    permits = folder.read(two_basins)["permits"]
    assert permits["valid_from"][0] == pd.Timestamp("2019-12-31T20:00Z")


def test_a_bare_date_needs_one_zone_for_the_whole_country(country):
    calendars = country / "calendars.csv"
    calendars.write_text("code,timezone\na,Asia/Baku\nb,Asia/Tbilisi\n", "utf-8")
    with pytest.raises(folder.FaultsError) as refused:
        folder.read(country)
    fault = next(f for f in refused.value.faults if f.file == "permits.csv")
    assert (fault.line, fault.column) == (2, "valid_from")
    assert "no offset" in fault.message
    assert "calendars.csv" in fault.allowed


def test_a_partial_folder_takes_the_zone_from_what_is_registered(two_basins, tmp_path):
    known = folder.read(two_basins)
    permits = (two_basins / "permits.csv").read_bytes()
    (tmp_path / "permits.csv").write_bytes(permits)
    frames = folder.read(tmp_path, known=known)
    pd.testing.assert_frame_equal(frames["permits"], known["permits"])


def test_reading_writing_and_reading_gives_the_same_frames_and_bytes(
    two_basins, tmp_path
):
    frames = folder.read(two_basins)
    folder.write(tmp_path / "first", frames)
    again = folder.read(tmp_path / "first", expression_codes=codes)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, again[name])
    folder.write(tmp_path / "second", again)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_the_order_of_rows_and_columns_does_not_change_what_is_written(
    two_basins, tmp_path
):
    frames = folder.read(two_basins)
    shuffled = {
        name: frame.iloc[::-1, ::-1].reset_index(drop=True)
        for name, frame in frames.items()
    }
    folder.write(tmp_path / "first", frames)
    folder.write(tmp_path / "second", shuffled)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_written_so_that_it_comes_back(number):
    assert float(number_text(number)) == number


printable = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t\n")
free_text = st.text(printable, min_size=1)
some_code = st.text(string.ascii_letters + string.digits + "_.:-", min_size=1)
finite = st.floats(allow_nan=False, allow_infinity=False)
instants = st.datetimes(
    pd.Timestamp("1800-01-01").to_pydatetime(),
    pd.Timestamp("2100-01-01").to_pydatetime(),
)
sites = st.fixed_dictionaries(
    {
        "code": some_code,
        "kind": st.sampled_from(FILES["sites"].column("kind").allowed),
        "name_en": st.none() | free_text,
        "organisation": st.none() | free_text,
        "full_level_m": st.none() | finite,
        "position": st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
        "valid_from": st.none() | instants,
    }
)


@given(st.lists(sites, unique_by=lambda site: site["code"]))
def test_any_site_that_is_allowed_survives_writing_and_reading(tmp_path_factory, rows):
    positions = [row.pop("position") or (None, None) for row in rows]
    frame = pd.DataFrame(rows).assign(
        lat=[lat for lat, _ in positions], lon=[lon for _, lon in positions]
    )
    path = tmp_path_factory.mktemp("sites")
    given_frames = folder.canonical({"sites": frame})
    assert folder.check(given_frames) == []
    folder.write(path, given_frames)
    read = folder.read(path)["sites"]
    pd.testing.assert_frame_equal(read, given_frames["sites"], check_exact=True)


degrees = st.tuples(st.floats(-170, 170), st.floats(-80, 80))


@given(degrees, st.floats(1e-6, 5))
def test_coordinates_come_back_to_the_last_bit(tmp_path_factory, corner, size):
    x, y = corner
    square = shapely.box(x, y, x + size, y + size)
    frame = pd.DataFrame({"code": ["A"], "kind": ["country"], "geometry": [square]})
    path = tmp_path_factory.mktemp("areas")
    folder.write(path, {"territories": frame})
    read = folder.read(path)["territories"]["geometry"].to_numpy()
    expected = shapely.MultiPolygon([square])
    assert shapely.to_wkb(read[0]) == shapely.to_wkb(expected)


def test_a_byte_order_mark_and_windows_line_ends_are_read(country):
    sectors = country / "sectors.csv"
    sectors.write_bytes(b"\xef\xbb\xbf" + sectors.read_bytes().replace(b"\n", b"\r\n"))
    assert list(folder.read(country)["sectors"]["isic"]) == ["01", "36"]


def test_frames_from_a_program_are_checked_as_files_are(two_basins):
    frames = folder.read(two_basins)
    frames["flows"].loc[0, "to"] = "NOWHERE"
    frames["sites"].loc[1, "lat"] = np.inf
    faults = folder.check(frames)
    places = {(fault.file, fault.line, fault.column) for fault in faults}
    assert places == {("flows.csv", 2, "to"), ("sites.csv", 3, "lat")}


def test_a_frame_or_column_that_no_file_has_is_named_with_the_nearest(two_basins):
    frames = folder.read(two_basins)
    with pytest.raises(UsageError, match="'sites'"):
        folder.conform({"site": frames["sites"]})
    with pytest.raises(UsageError, match="'lat'"):
        folder.conform({"sites": frames["sites"].rename(columns={"lat": "latt"})})


def test_finer_isic_codes_roll_up_to_the_sector_of_the_coarser(two_basins):
    sectors = folder.read(two_basins)["sectors"]
    found = folder.sector_of(pd.Series(["0111", "36", "99", None]), sectors)
    assert list(found[:2]) == ["agriculture", "water_supply"]
    assert found[2:].isna().all()
