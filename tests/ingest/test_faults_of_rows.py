"""Faults of single rows and cells: docs/ingest-faults.md says which and why."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from ewater.store import chunks, rejects

pytestmark = pytest.mark.db

LONG = "columns: {time: [t], series: [s], value: v}\n"


@pytest.mark.parametrize(
    "cut",
    [
        "Q1,2024-01-01T02:00Z,",
        "Q1,2024-01-01T02:00Z,-",
        "Q1,2024-01-01T02:00Z,1e",
        "Q1,2024-01-01T02:00Z",
        "Q1,2024-0",
        "Q",
    ],
)
def test_a_file_cut_mid_row_is_refused_whole_and_the_line_named(at, cut):
    good = "series,time,value\nQ1,2024-01-01T00:00Z,1\nQ1,2024-01-01T01:00Z,2\n"
    assert "f.csv:4: the file ends within a row" in at.refused(good + cut)
    assert at.load(good + "Q1,2024-01-01T02:00Z,3").counts.new == 3


def test_a_file_of_a_profile_cut_mid_row_is_refused_whole(at):
    profile = "columns: {time: [t], values: 'Q.'}\n"
    said = at.refused("t,Q1,Q2\n2024-01-01T00:00Z,1,2\n2024-01-01T01:00Z,1", profile)
    assert "f.csv:3: the file ends within a row" in said


def test_a_bad_last_row_that_is_whole_is_only_a_bad_row(at):
    done = at.rows("Q1,2024-01-01T00:00Z,1\nQ1,2024-01-01T01:00Z,12,5")
    assert (done.counts.new, at.rejected) == (1, [(3, "cells")])


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-8-sig"])
def test_declared_encodings_are_decoded(at, encoding):
    profile = (
        f"text: {{encoding: {encoding.removesuffix('-sig')}}}\n"
        "columns: {time: [время], series: [пост], value: расход}\n"
        "series: {table: {Кура: Q1}}\n"
    )
    body = "пост,время,расход\nКура,2024-01-01T00:00Z,1.5\n".encode(encoding)
    assert at.load(body, profile).counts.new == 1
    assert at.stored()[0] == [1.5]


def test_a_byte_order_mark_that_contradicts_the_declaration_is_refused(at):
    body = "s,t,v\nQ1,2024-01-01T00:00Z,1\n".encode("utf-16")
    assert "the file starts as utf-16 does" in at.refused(body, LONG)
    assert "not UTF-8 text" in at.refused(body)


def test_invalid_utf8_refuses_the_file_and_names_byte_and_line(at):
    body = b"series,time,value\nQ1,2024-01-01T00:00Z,1\nQ1,2024-01-01T01:00Z,\xd0\n"
    place = body.index(0xD0)
    said = at.refused(body)
    assert f"f.csv:3: 0xd0 at byte {place} is not UTF-8" in said
    of_profile = at.refused(body.replace(b"series,time,value", b"s,t,v"), LONG)
    assert f"0xd0 at byte {place - 12} is not utf-8" in of_profile


def test_a_nul_byte_refuses_the_file_and_names_the_line(at):
    body = b"series,time,value\nQ1,2024-01-01T00:00Z,1\nQ1,2024-01-01T01:00Z,\x001\n"
    assert "f.csv:3: NUL at byte 62" in at.refused(body)
    profile = at.refused(body.replace(b"series,time,value", b"s,t,v"), LONG)
    assert "f.csv:3: NUL" in profile


def test_a_decimal_comma_is_read_where_it_is_declared_and_rejected_elsewhere(at):
    at.load(
        "s;t;v\nQ1;2024-01-01T00:00Z;1,5\nQ1;2024-01-01T01:00Z;2.5\n",
        LONG + 'text: {delimiter: ";", decimal: ","}\n',
    )
    at.rows("Q2,2024-01-01T00:00Z,1,5\n")
    assert at.stored()[0] == [1.5]
    assert at.rejected == [(3, "value"), (2, "cells")]


def test_a_number_with_one_comma_and_three_digits_is_rejected_as_ambiguous(at):
    at.rows('Q1,2024-01-01T00:00Z,"1,234"\n')
    at.load('s,t,v\nQ1,2024-01-01T00:00Z,"1,234"\n', LONG)
    assert at.rejected == [(2, "cells"), (2, "value")]
    at.load('s,t,v\nQ1,2024-01-01T00:00Z,"1,234"\n', LONG + "text: {thousands: ','}\n")
    assert at.stored()[0] == [1234.0]


@pytest.mark.parametrize(
    ("epoch", "serial"), [("excel", 45292.5), ("excel_1904", 43830.5)]
)
def test_excel_serials_of_both_epochs_are_times(at, epoch, serial):
    profile = LONG + f"time: {{formats: [{epoch}], zone: UTC}}\n"
    at.load(f"s,t,v\nQ1,{serial},7\n", profile)
    with at.engine.connect() as connection:
        found = chunks.read(connection, ["Q1"])
    assert str(found.time.values[0])[:19] == "2024-01-01T12:00:00"
    at.load(f"s,t,v\nQ1,{serial},8\n", LONG)
    assert at.rejected == [(2, "time")], "a number is no ISO time: never guessed"


def test_day_and_month_are_as_the_profile_says_and_never_guessed(at):
    body = "s,t,v\nQ1,03/04/2024,1\nQ1,13/04/2024,2\n"
    at.load(body, LONG + "time: {formats: ['%m/%d/%Y'], zone: UTC}\n")
    assert at.rejected == [(3, "time")], "a 13th month, not a 13th day"
    with at.engine.connect() as connection:
        assert str(chunks.read(connection, ["Q1"]).time.values[0])[:10] == "2024-03-04"


def test_a_doubled_local_hour_is_rejected_unless_a_rule_or_an_offset_says_which(at):
    rows = "Q1,2015-10-25T04:30,1\n"
    at.rows(rows + "Q1,2015-10-25T04:45+04:00,2\n")
    assert (at.rejected, at.stored()[0]) == ([(2, "ambiguous_time")], [2.0])
    at.load("s,t,v\n" + rows, LONG + "time: {doubled_hour: second}\n")
    with at.engine.connect() as connection:
        times = chunks.read(connection, ["Q1"]).time.values
    assert [str(t)[11:16] for t in times] == ["00:30", "00:45"]


def test_a_local_hour_that_the_clock_skips_is_rejected(at):
    at.rows("Q1,2015-03-29T04:30,1\nQ1,2015-03-29T05:30,2\n")
    assert (at.rejected, at.stored()[0]) == ([(2, "nonexistent_time")], [2.0])


def test_more_than_ten_minutes_ahead_is_rejected(at):
    at.rows("Q1,2024-06-01T00:10Z,1\nQ1,2024-06-01T00:10:01Z,2\n")
    at.load("s,t,v\nQ2,2024-06-01T00:10Z,1\nQ2,2024-06-01T00:11Z,2\n", LONG)
    assert at.rejected == [(3, "future")] * 2
    assert at.stored()[0] == at.stored("Q2")[0] == [1.0]


def test_nan_and_sentinels_are_stored_as_missing_and_replace_an_older_number(at):
    at.rows("Q1,2024-01-01T00:00Z,5\n", issued_at=datetime(2024, 1, 2, tzinfo=UTC))
    done = at.rows("Q1,2024-01-01T00:00Z,NaN\nQ1,2024-01-01T01:00Z,nan\n")
    assert (done.counts.corrected, done.counts.new, done.counts.rejected) == (1, 1, 0)
    values, flags = at.stored()
    assert all(map(math.isnan, values))
    assert flags == [9, 9]
    at.load(
        "s,t,v\nQ2,2024-01-01T00:00Z,-999.0\nQ2,2024-01-01T01:00Z,NaN\n",
        LONG + "missing: [-999]\n",
    )
    assert at.stored("Q2")[1] == [9, 9]


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e308", "-1e31", "1e400"])
def test_infinite_and_enormous_numbers_are_rejected(at, value):
    at.rows(f"Q1,2024-01-01T00:00Z,{value}\nQ1,2024-01-01T01:00Z,1e29\n")
    at.load(f"s,t,v\nQ2,2024-01-01T00:00Z,{value}\n", LONG)
    assert at.rejected == [(2, "not_finite")] * 2
    assert at.stored()[0] == [1e29]


def test_an_unknown_series_is_held_and_never_made(at):
    done = at.rows("GHOST,2024-01-01T00:00Z,1\nQ1,2024-01-01T00:00Z,2\n")
    assert (done.counts.rejected, at.rejected) == (1, [(2, "unknown_series")])
    with at.engine.connect() as connection:
        assert [r["held"] for r in rejects.read(connection)] == [True]
        assert "GHOST" not in chunks.series_codes(connection).values()


def test_rows_out_of_order_are_sorted_and_accepted(at):
    hours = [5, 1, 3, 0, 4, 2]
    done = at.rows("".join(f"Q1,2024-01-01T0{h}:00Z,{h}\n" for h in hours))
    assert done.counts.new == 6
    assert at.stored()[0] == [0, 1, 2, 3, 4, 5]


def test_values_that_contradict_each_other_for_one_instant_are_all_rejected(at):
    done = at.rows(
        "Q1,2024-01-01T00:00Z,1\nQ1,2024-01-01T04:00+04:00,2\nQ1,2024-01-01T01:00Z,3\n"
    )
    assert at.rejected == [(2, "conflict"), (3, "conflict")]
    assert (done.counts.accepted, at.stored()[0]) == (1, [3.0])


def test_a_formula_is_flagged_and_not_evaluated(at):
    at.rows("Q1,2024-01-01T00:00Z,=1+1\n")
    at.load("s,t,v\nQ1,2024-01-01T00:00Z,=1+1\n", LONG)
    assert at.rejected == [(2, "formula")] * 2
    assert at.stored()[0] == []
