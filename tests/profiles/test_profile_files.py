from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import FaultsError, UsageError
from ewater.ingest.profiles.find import built_in, find, parse
from ewater.ingest.profiles.model import Profile

COLUMNS = "columns: {time: [t], series: [s], value: v}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (COLUMNS + "colour: red", r"p:2: colour: is no field"),
        (COLUMNS + "time:\n  zone: Mars/Base", r"p:3: time.zone: zone 'Mars/Base'"),
        (COLUMNS + "time: {stamp: start}", "needs an interval"),
        (COLUMNS + "time: {formats: ['%q']}", "%q is unknown; write iso"),
        (COLUMNS + "time: {formats: ['%H:%M']}", "no whole date"),
        (COLUMNS + "time: {interval: 1 fortnight}", "15 min, 1 h, 1 d"),
        (COLUMNS + "time: {doubled_hour: maybe}", "'by_order'"),
        (COLUMNS + "text: {encoding: klingon}", "utf-8, cp1251"),
        (COLUMNS + "text: {decimal: ',', thousands: ','}", "make them differ"),
        (COLUMNS + "text: {header: false}", "needs text.names"),
        (COLUMNS + "format: fixed", "needs text.fixed"),
        (COLUMNS + "format: dbf", "'parquet'"),
        (COLUMNS + "flags: {A: 7}", "flags.A"),
        (COLUMNS + "units: {'(': m}", "no regular expression"),
        (COLUMNS + "issued_at: {header: x}", "no group named time"),
        (COLUMNS + "series: {patterns: [{match: a, code: '{x}'}]}", "whole match"),
        (COLUMNS + "extends: nothing", "no built-in profile 'nothing'"),
        (COLUMNS + COLUMNS, r"p:2: columns: is given twice"),
        ("columns: {time: [t]}", "value .one column"),
        ("about: x", "columns: is required"),
        ("a: &x 1\nb: *x", r"p:2: aliases are refused"),
        ("a: [1", "no YAML"),
        ("- 1", "is no mapping"),
        ("", "is no mapping"),
    ],
)
def test_a_fault_of_a_profile_names_its_place_and_what_is_allowed(text, why):
    with pytest.raises(FaultsError, match=why):
        parse(text, "p", "p")


def test_every_fault_is_listed_at_once():
    with pytest.raises(FaultsError) as caught:
        parse("colour: red\ncolumns: {time: []}\nformat: dbf", "p", "p")
    assert len(caught.value.faults) == 3


def test_a_profile_lays_its_own_words_over_the_one_it_extends():
    said = parse("extends: usgs-rdb\nseries: {table: {a: b}}", "p", "p")
    base = find("usgs-rdb")
    assert said.series.patterns == base.series.patterns
    assert said.series.table == {"a": "b"}
    assert said.name == "p"


def test_a_profile_kept_with_its_load_is_the_same_again():
    for profile in built_in().values():
        assert Profile.model_validate_json(profile.said()) == profile


def test_a_profile_that_is_nowhere_is_refused():
    with pytest.raises(UsageError, match="built in are campbell-toa5"):
        find("nothing")


def call(*arguments):
    return CliRunner().invoke(app, ["profile", *map(str, arguments)])


def test_profiles_are_listed():
    assert "usgs-rdb-daily" in call("list").output


def test_a_check_prints_rows_and_every_assumption(tmp_path):
    profile, data = tmp_path / "p.yaml", tmp_path / "d.csv"
    profile.write_text(
        COLUMNS
        + "time: {zone: Asia/Baku, stamp: start, interval: 1 h}\nmissing: [-999]\n"
        "unit: l/s\nseries: {ignore: batt}\n"
    )
    data.write_text(
        "s,t,v\nQ1,2024-01-01T00:00,1.5\nQ1,2024-01-01T01:00,-999\n"
        "batt,2024-01-01T01:00,12\nQ1,soon,1\n"
    )
    done = call("check", profile, "--sample", data)
    assert done.exit_code == 1
    for said in (
        "Asia/Baku",
        "start of 1 h, moved to its end",
        "Q1 is Q1; l/s; 3 rows",
        "missing: 1 of Q1",
        "ignored by series.ignore: 1",
        "line 5: time",
        "issued when it lands",
        "twice: reject",
    ):
        assert said in done.output


def test_a_check_of_a_wrong_sample_or_profile_ends_with_two(tmp_path):
    profile = tmp_path / "p.yaml"
    profile.write_text(COLUMNS)
    assert call("check", profile).exit_code == 0
    assert call("check", "usgs-json", "--sample", profile).exit_code == 2
    assert call("check", tmp_path / "none.yaml").exit_code == 2
