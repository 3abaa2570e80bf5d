"""Bad input: each fault names file, line and column, and what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from ewater.balance.expressions import codes
from ewater.errors import FaultsError, UsageError
from ewater.store import folder

if TYPE_CHECKING:
    from pathlib import Path

    from ewater.errors import Fault


def faults_of(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(FaultsError) as refused:
        folder.read(path, expression_codes=codes)
    return refused.value.faults


class Case(NamedTuple):
    """Spoil ``old`` into ``new`` in a file; expect one fault there."""

    file: str
    old: str
    new: str
    line: int | None
    column: str | None
    message: str
    allowed: str


GEO = "territories.geojson"
CASES = {
    # the file itself
    "unknown column": Case(
        "sites.csv", "lat,lon", "lattitude,lon", 1, "lattitude", "not a column", "'lat'"
    ),
    "missing column": Case(
        "series.csv", "signal,", "", 1, "signal", "missing from the header", "code,site"
    ),
    "repeated column": Case(
        "stocks.csv", "account,", "account,account,", 1, "account", "twice", "once"
    ),
    "truncated line": Case(
        "notices.csv",
        "Telemetry is simulated,Телеметрия смоделирована\n",
        "Telem",
        2,
        None,
        "has 3 cells",
        "4 cells",
    ),
    "open quote": Case(
        "sites.csv", '""West"" branch"', '""West', 5, None, "not CSV", "double quotes"
    ),
    # cells
    "empty required cell": Case(
        "accounts.csv", "SEA,sea", "SEA,", 7, "kind", "is empty", "reservoir"
    ),
    "unknown kind": Case(
        "sites.csv", "PUMP,intake", "PUMP,pump", 6, "kind", "'pump'", "one of river_g"
    ),
    "code with a space": Case(
        "accounts.csv", "AIR,", "A IR,", 8, "code", "'A IR'", "[A-Za-z0-9_.:-]+"
    ),
    "decimal comma": Case(
        "published.csv", "4.5,", '"4,5",', 2, "value", "'4,5'", "12.5"
    ),
    "unit that is neither": Case(
        "treaties.csv", "m3/s", "mm", 2, "unit", "neither a rate", "m3/s, or hm3"
    ),
    "alert of the wrong quantity": Case(
        "alert_rules.csv",
        "discharge,G-MID.Q",
        "level,G-MID.Q",
        2,
        "series",
        "'G-MID.Q' measures discharge",
        "level or groundwater_level",
    ),
    "alert of nothing": Case(
        "alert_rules.csv",
        "missing,G-IN.Q,",
        "missing,,",
        4,
        "series",
        "is empty, but the rule watches missing",
        "a code",
    ),
    "alert of two things": Case(
        "alert_rules.csv",
        "permit,,P1",
        "permit,G-IN.Q,P1",
        5,
        "series",
        "a rule of kind permit watches no series",
        "an empty cell",
    ),
    "alert without a limit": Case(
        "alert_rules.csv", ",TB,3,", ",TB,,", 6, "above", "not none", "either above"
    ),
    "alert that could never end": Case(
        "alert_rules.csv", "15,20", "15,10", 3, "clear", "lies below", "quiet side"
    ),
    "alert that means nothing": Case(
        "alert_rules.csv",
        "P1,,90,",
        "P1,,,90",
        5,
        "below",
        "has no meaning",
        "in above",
    ),
    "alert to no address": Case(
        "alert_rules.csv",
        "https://example.org",
        "javascript://example.org",
        2,
        "notify",
        "'javascript://example.org/hook' is no address",
        "duty@example.org",
    ),
    "alert of a site without capacity": Case(
        "alert_rules.csv",
        "storage,RES.H",
        "storage,G-OUT.H",
        3,
        "series",
        "no capacity_m3",
        "whose capacity is known",
    ),
    "treaty with a river": Case(
        "treaties.csv",
        "TREATY,NB,",
        "TREATY,RES,",
        3,
        "neighbour",
        "'RES' is a reservoir",
        "kind neighbour",
    ),
    "treaty of a flow the other way": Case(
        "treaties.csv",
        "IN,inflow",
        "IN,outflow",
        2,
        "flow",
        "RIVER-UP as its end",
        "an outflow of the neighbour",
    ),
    "nan": Case("sites.csv", "10e6,80", "10e6,NaN", 5, "full_level_m", "NaN", "finite"),
    "inf": Case("curves.csv", "8,0.2", "inf,0.2", 10, "a", "'inf'", "finite"),
    "number too large": Case(
        "sites.csv", "10e6", "1e999", 5, "dead_m3", "'1e999'", "finite"
    ),
    "negative volume": Case(
        "reports.csv", "4.2", "-4.2", 2, "value", "-4.2", "at least 0"
    ),
    "negative percentage": Case(
        "flows.csv", 'RES.E)",20', 'RES.E)",-20', 6, "u_pct", "-20", "at least 0"
    ),
    "latitude": Case(
        "sites.csv", "40.25,46.1", "140.25,46.1", 2, "lat", "140.25", "90"
    ),
    "longitude": Case("sites.csv", "46.1", "461000", 2, "lon", "461000", "-180 to 180"),
    "half a position": Case("sites.csv", "40.25,46.1", "40.25,", 2, "lon", "", "both"),
    "share above 1": Case(
        "accounts.csv", "RES,,0.5", "RES,,50", 3, "share", "50", "from 0 to 1"
    ),
    "neither true nor false": Case(
        "series.csv", "5,3,false", "5,3,no", 3, "derived", "'no'", "true or false"
    ),
    "no such date": Case(
        "permits.csv", "2020-01-01", "2020-02-30", 2, "valid_from", "does not", "2023"
    ),
    "not a time": Case(
        "reports.csv", "2022-01-01", "01.01.2022", 2, "period_start", "not a time", "20"
    ),
    "time that comes twice": Case(
        "meter_events.csv",
        "2022-03-05T10:00:00+04:00",
        "2015-10-25T04:30:00",
        2,
        "time",
        "comes twice",
        "+04:00",
    ),
    "far date for no end": Case(
        "permits.csv",
        "5e6,year,2020-01-01,2023-01-01",
        "5e6,year,2020-01-01,9999-12-31",
        2,
        "valid_to",
        "9999-12-30T20:00:00+00:00",
        "empty where there is no end",
    ),
    "time zone": Case(
        "series.csv",
        "86400,Asia/Baku,,,5",
        "86400,Asia/Bacu,,,5",
        2,
        "timezone",
        "'Asia/Bacu'",
        "Asia/Baku",
    ),
    "day start": Case(
        "calendars.csv", "08:00", "8:00", 3, "day_start", "'8:00'", "08:00"
    ),
    "year start that not every year has": Case(
        "calendars.csv", "10-01", "02-29", 3, "year_start", "'02-29'", "10-01"
    ),
    "unit of another quantity": Case(
        "series.csv",
        "level,cm",
        "level,m3",
        5,
        "unit",
        "'m3' does not fit level",
        "'m'",
    ),
    "report unit that is no volume": Case(
        "reports.csv", "4.2,hm3", "4.2,m3/s", 2, "unit", "does not fit volume", "'m3'"
    ),
    "sector": Case(
        "sectors.csv", "agriculture", "farming", 2, "sector", "'farming'", "households"
    ),
    "report item": Case(
        "reports.csv", "abstraction", "abstracted", 2, "item", "'abstracted'", "abstrac"
    ),
    "report status": Case(
        "reports.csv", "submitted", "sent", 5, "status", "'sent'", "approved"
    ),
    "revision that is not whole": Case(
        "reports.csv", "approved,,1", "approved,,1.5", 4, "revision", "1.5", "whole"
    ),
    # codes of other files
    "unknown account": Case(
        "flows.csv",
        "OUT,RIVER-LOW",
        "OUT,RIVER-LO",
        11,
        "from",
        "'RIVER-LO'",
        "'RIVER-LOW'",
    ),
    "unknown site": Case(
        "curves.csv", "RES,area,,,80", "REX,area,,,80", 9, "site", "'REX'", "'RES'"
    ),
    "unknown parent": Case(
        GEO,
        '"WEST-LOW", "kind": "basin", "parent": "WEST"',
        '"WEST-LOW", "kind": "basin", "parent": "WESTERN"',
        6,
        "parent",
        "'WESTERN'",
        "'WEST'",
    ),
    "unknown counterparty": Case(
        "reports.csv", "submitted,E1", "submitted,E9", 5, "counterparty", "'E9'", "E1"
    ),
    "activity without a sector": Case(
        "enterprises.csv", "0111", "0311", 2, "isic", "'0311'", "sectors.csv"
    ),
    "series in an expression": Case(
        "flows.csv",
        ",G-MID.Q,,turbine",
        ",G-MID.QQ,,turbine",
        5,
        "measured_by",
        "'G-MID.QQ' is not a known series",
        "'G-MID.Q'",
    ),
    "grammar of an expression": Case(
        "stocks.csv", "RES.H", "RES.H ** 2", 2, "measured_by", "+ or -", "rule:NAME"
    ),
    "item in an expression": Case(
        "flows.csv", "report:use", "report:usage", 10, "measured_by", "'usage'", "'use'"
    ),
    # rules within a file
    "repeated key": Case(
        "accounts.csv", "SEA,sea", "NB,sea", 7, "code", "repeats line 6", "one row"
    ),
    "validity backwards": Case(
        "permits.csv",
        "2020-01-01,2023-01-01",
        "2023-01-01,2020-01-01",
        2,
        "valid_to",
        "not after valid_from",
        "after valid_from",
    ),
    "overlapping validity": Case(
        "permits.csv",
        "2020-01-01,2023-01-01",
        "2020-01-01,2023-01-02",
        3,
        "valid_from",
        "starts before another validity of P1 ends",
        "2023-01-01",
    ),
    "overlapping versions of a curve": Case(
        "curves.csv",
        "RES,area,,,80",
        "RES,area,2020-01-01,,80",
        8,
        "x",
        "only point",
        "two points",
    ),
    "dead above capacity": Case(
        "sites.csv", "10e6", "101e6", 5, "dead_m3", "above the capacity", "capacity_m3"
    ),
    "outside in a territory": Case(
        "accounts.csv",
        "SEA,sea,",
        "SEA,sea,EAST",
        7,
        "territory",
        "no territory",
        "empty",
    ),
    "economy without sector": Case(
        "accounts.csv", "agriculture", "", 5, "sector", "of an economy", "households"
    ),
    "flow to where it comes from": Case(
        "flows.csv",
        "OUT,RIVER-LOW,SEA",
        "OUT,SEA,SEA",
        11,
        "to",
        "it leaves",
        "another",
    ),
    "reverse that runs the same way": Case(
        "flows.csv",
        "FROM-RES-BACK,RES,RIVER-UP",
        "FROM-RES-BACK,RIVER-UP,RES",
        3,
        "reverse",
        "the other way",
        "from its 'to' to its 'from'",
    ),
    "reverse that is no flow": Case(
        "flows.csv",
        ",FROM-RES-BACK,\n",
        ",FROM-RES,\n",
        3,
        "reverse",
        "'FROM-RES'",
        "'FROM-RES-BACK'",
    ),
    "return from elsewhere": Case(
        "flows.csv",
        "COMES-BACK,NB,RIVER-LOW",
        "COMES-BACK,SEA,RIVER-UP",
        7,
        "re_enters",
        "the other way",
        "leaves the account this one enters",
    ),
    "shares that do not add up": Case(
        "account_territories.csv",
        "D2,0.75",
        "D2,0.7",
        4,
        "share",
        "shares of RIVER-UP over district add up to 0.95",
        "add up to 1",
    ),
    "report that ends before it starts": Case(
        "reports.csv",
        "2022-01-01,2023-01-01,abs",
        "2022-01-01,2022-01-01,abs",
        2,
        "period_end",
        "not after period_start",
        "after period_start",
    ),
    # curves
    "falling storage": Case(
        "curves.csv",
        "75,45000000",
        "75,450000000",
        4,
        "y",
        "falls from 450000000 at x = 75 to 100000000 at x = 80",
        "not fall",
    ),
    "level twice in a curve": Case(
        "curves.csv",
        "2021-01-01,75,45",
        "2021-01-01,70,45",
        3,
        "site",
        "repeats line 2",
        "valid_from",
    ),
    "segments that do not meet": Case(
        "curves.csv",
        "1.2,12.5",
        "1.2,11",
        11,
        "segment",
        "the segment below gives 8 m3/s at 1.2 m, this one 7.04",
        "1 %",
    ),
    "point and segment in one row": Case(
        "curves.csv",
        "RES,area,,,80,15000000,,",
        "RES,area,,,80,15000000,80,",
        9,
        "segment",
        "both",
        "either x, y or segment",
    ),
    "segment without its factor": Case(
        "curves.csv", "1.2,12.5", "1.2,", 11, "a", "is empty beside", "either x, y"
    ),
    # territories
    "cycle of parents": Case(
        GEO,
        '"parent": "TB", "name_az": "Qərb"',
        '"parent": "WEST-UP", "name_az": "Q"',
        3,
        "parent",
        "WEST -> WEST-UP -> WEST",
        "country",
    ),
    "parent of another kind": Case(
        GEO,
        '"EAST", "kind": "basin", "parent": "TB"',
        '"EAST", "kind": "basin", "parent": "D1"',
        4,
        "parent",
        "'D1' is a district",
        "a country or a basin",
    ),
    "country with a parent": Case(
        GEO,
        '"TB", "kind": "country"',
        '"TB", "kind": "country", "parent": "EAST"',
        2,
        "parent",
        "has no parent",
        "empty",
    ),
    "projected coordinates": Case(
        GEO,
        "[[46.0, 40.0], [48.0, 40.0]",
        "[[460000.0, 4400000.0], [48.0, 40.0]",
        2,
        "geometry",
        "likely projected metres",
        "-180 to 180",
    ),
    "another reference system": Case(
        GEO,
        '"FeatureCollection", ',
        '"FeatureCollection", "crs": {"properties": {"name": "EPSG:32639"}}, ',
        1,
        "geometry",
        "EPSG:32639",
        "EPSG:4326",
    ),
    "ring that crosses itself": Case(
        GEO,
        "[[46.0, 40.0], [48.0, 40.0], [48.0, 41.0], [46.0, 41.0]",
        "[[46.0, 40.0], [48.0, 41.0], [48.0, 40.0], [46.0, 41.0]",
        2,
        "geometry",
        "Self-intersection",
        "valid Polygon",
    ),
    "point for an area": Case(
        GEO,
        '"Polygon", "coordinates": [[[46.0, 40.0], [48.0',
        '"Point", "coordinates": [[[46.0, 40.0], [48.0',
        2,
        "geometry",
        "'Point'",
        "MultiPolygon",
    ),
    "NaN in a geometry": Case(GEO, "46.5, 41.0", "NaN, 41.0", None, None, "NaN", "fin"),
    "truncated GeoJSON": Case(GEO, "\n]}\n", "\n", 9, None, "not JSON", "whole"),
    "unknown property": Case(
        GEO, '"name_en": "North"', '"name": "North"', 7, "name", "property", "'name_en'"
    ),
    "property that is no text": Case(
        GEO,
        '"name_en": "North"',
        '"name_en": 7',
        7,
        "name_en",
        "7 is not text",
        "quotes",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_fault_names_its_place_and_what_is_allowed(country, case):
    path = country / case.file
    text = path.read_text("utf-8")
    assert case.old in text
    path.write_text(text.replace(case.old, case.new, 1), "utf-8")
    faults = faults_of(country)
    place = (case.file, case.line, case.column)
    found = [f for f in faults if (f.file, f.line, f.column) == place]
    assert found, [str(fault) for fault in faults]
    assert case.message in found[0].message
    assert case.allowed in found[0].allowed


ONE_FAULT = [
    name
    for name in CASES
    if name
    not in {
        "unknown column",  # lat alone is missing then
        "unknown kind",
        "overlapping versions of a curve",  # two versions of one point each
        "open quote",
        "code with a space",  # flows name the account
        "ring that crosses itself",
        "cycle of parents",
        "sector",
        "repeated key",  # flows name the account
        "flow to where it comes from",
        "overlapping validity",
        "latitude",
        "return from elsewhere",
        "reverse that runs the same way",
        "far date for no end",  # the next validity overlaps then
        "validity backwards",
        "country with a parent",  # and a cycle
        "point for an area",
        "truncated GeoJSON",
        "unknown site",
    }
]


@pytest.mark.parametrize("name", ONE_FAULT)
def test_one_slip_is_one_fault(country, name):
    case = CASES[name]
    path = country / case.file
    text = path.read_text("utf-8").replace(case.old, case.new, 1)
    path.write_text(text, "utf-8")
    assert len(faults_of(country)) == 1, [str(f) for f in faults_of(country)]


def test_all_faults_of_all_files_are_told_at_once(country):
    flows, sites = country / "flows.csv", country / "sites.csv"
    flows.write_text(flows.read_text("utf-8").replace(",SEA,", ",SEE,"), "utf-8")
    sites.write_text(sites.read_text("utf-8").replace("46.1", "x"), "utf-8")
    faults = faults_of(country)
    assert [(f.file, f.line, f.column) for f in faults] == [
        ("sites.csv", 2, "lon"),
        ("flows.csv", 11, "to"),
    ]
    assert str(FaultsError(faults)).endswith("nothing was loaded.")


def test_bytes_that_are_not_utf8_are_named_by_line(country):
    path = country / "sites.csv"
    path.write_bytes(path.read_bytes().replace("Водохранилище".encode(), b"\xe2\xee"))
    fault = next(f for f in faults_of(country) if f.file == "sites.csv")
    assert (fault.line, fault.column) == (5, None)
    assert "0xe2 is not UTF-8" in fault.message


def test_a_file_that_cannot_be_read_does_not_make_its_codes_unknown(country):
    (country / "sites.csv").write_bytes(b"\xff")
    assert [f.file for f in faults_of(country)] == ["sites.csv"]


def test_lines_are_counted_as_an_editor_does_across_quoted_line_ends(country):
    path = country / "sites.csv"
    text = path.read_text("utf-8").replace("Su anbarı", '"Su\nanbarı"')
    path.write_text(text.replace("PUMP,intake", "PUMP,pump"), "utf-8")
    assert 7 in {f.line for f in faults_of(country) if f.column == "kind"}


def test_an_empty_geometry_is_refused_and_null_is_not_given(country):
    path = country / GEO
    text = path.read_text("utf-8").splitlines()
    start = text[6].index('"geometry"')
    text[6] = text[6][:start] + '"geometry": null},'
    path.write_text("\n".join(text), "utf-8")
    assert folder.read(country)["territories"]["geometry"].isna().sum() == 1
    text[6] = text[6].replace("null", '{"type": "MultiPolygon", "coordinates": []}')
    path.write_text("\n".join(text), "utf-8")
    (fault,) = faults_of(country)
    assert (fault.line, fault.column, fault.message) == (7, "geometry", "is empty")


def test_shares_must_add_up_at_every_time(country):
    (country / "account_territories.csv").write_text(
        "account,territory,share,valid_from,valid_to\n"
        "RIVER-UP,D1,0.25,,2021-01-01\n"
        "RIVER-UP,D2,0.75,,\n"
        "RIVER-UP,D1,0.3,2021-01-01,\n"
    )
    (fault,) = faults_of(country)
    assert fault.message.endswith("add up to 1.05 from 2020-12-31")


def test_versions_of_a_curve_may_not_overlap(country):
    path = country / "curves.csv"
    text = path.read_text("utf-8").replace(
        "storage,2021-01-01,,", "storage,2020-07-01,,"
    )
    path.write_text(text, "utf-8")
    messages = {fault.message for fault in faults_of(country)}
    assert messages == {"starts before another validity of RES ends"}


def test_a_name_that_is_nearly_that_of_a_file_is_not_passed_over(country):
    (country / "flows.csv").rename(country / "flow.csv")
    (country / "readings.csv").write_text("series,time,value\n")
    fault = next(f for f in faults_of(country) if f.file == "flow.csv")
    assert "flows.csv" in fault.allowed


def test_a_folder_without_country_files_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"sites\.csv"):
        folder.read(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        folder.read(tmp_path / "nowhere")
