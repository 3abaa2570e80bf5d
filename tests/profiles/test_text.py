from __future__ import annotations

import math

import pytest

from ewater.errors import FaultsError

T = "2024-01-01T00:00Z"


def test_a_decimal_comma_and_thousands_marks_are_read_as_declared(read, long):
    said = long(text={"delimiter": ";", "decimal": ",", "thousands": "."})
    found = read(said, f"s;t;v\nQ1;{T};1.234,5\nQ1;2024-01-01T01:00Z;-0,25\n")
    assert found.values == [1234.5, -0.25]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ({"delimiter": ";"}, "1,234"),
        ({"delimiter": ";", "decimal": ","}, "1.234"),
        ({"delimiter": ";", "thousands": ","}, "12,34"),
        ({"delimiter": ";", "thousands": ","}, "1234,567"),
        ({"delimiter": ";", "thousands": ",", "decimal": "."}, "1,234,5"),
        ({"delimiter": ";", "decimal": ",", "thousands": "."}, "1,234.5"),
    ],
)
def test_a_number_in_another_notation_is_rejected_not_guessed(read, long, text, value):
    found = read(long(text=text), f"s;t;v\nQ1;{T};{value}\n")
    assert (found.rows, found.reasons) == ([], [(2, "value")])
    assert found.rejects[0].raw == f"Q1;{T};{value}"


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-16-le", "utf-8"])
def test_text_is_decoded_as_declared(read, encoding):
    said = {
        "text": {"encoding": encoding},
        "columns": {"time": ["Время"], "series": ["Пост"], "value": "Расход"},
        "series": {"table": {"Кура": "Q1"}},
    }
    data = f"Пост,Время,Расход\nКура,{T},1.5\n".encode(encoding)
    assert read(said, data).values == [1.5]


def test_bytes_of_another_encoding_refuse_the_file_and_name_the_place(read, long):
    with pytest.raises(FaultsError, match=r"sample:2: 0xca at byte 6 is not utf-8"):
        read(long(), b"s,t,v\n" + "Кура,x,1\n".encode("cp1251"))


def test_a_nul_byte_and_another_byte_order_mark_refuse_the_file(read, long):
    with pytest.raises(FaultsError, match="NUL in the text"):
        read(long(), f"s,t,v\nQ1,{T},\0001\n")
    with pytest.raises(FaultsError, match="starts as utf-8 does"):
        read(long(text={"encoding": "cp1251"}), b"\xef\xbb\xbfs,t,v\n")


def test_mojibake_in_a_header_shows_what_the_file_has(read):
    said = {
        "text": {"encoding": "cp1251"},
        "columns": {"time": ["Время"], "series": ["s"], "value": "v"},
    }
    with pytest.raises(FaultsError, match=r"Время: no such column.*the file has 's'"):
        read(said, "s,Время,v\n".encode())


def test_two_columns_of_one_name_are_refused(read, long):
    with pytest.raises(FaultsError, match="two columns have this name"):
        read(long(), f"s,t,v,v\nQ1,{T},1,2\n")


def test_preamble_comments_quotes_and_blank_lines_are_passed_over(read, long):
    said = long(text={"skip": 1, "comment": "#", "after": 1})
    data = f'logger 7\n# c\n"s","t","v"\nunits,,m3/s\n\n# c\n"Q1" ,"{T}", 1.5 \r\n'
    found = read(said, data)
    assert (found.values, found.lines) == ([1.5], [7])


def test_a_quoted_delimiter_stays_in_its_cell(read, long):
    said = long(series={"table": {'a, "b"': "Q1"}})
    assert read(said, f's,t,v\n"a, ""b""",{T},2\n').values == [2.0]


def test_a_line_that_is_cut_off_is_rejected_as_a_whole(read, long):
    found = read(long(), f"s,t,v\nQ1,{T},1\nQ1,2024-01-0")
    assert found.reasons == [(3, "cells")]
    assert len(found.rows) == 1


def test_wide_columns_are_series_and_blanks_are_no_readings(read):
    said = {
        "columns": {"time": ["t"], "values": "Q[0-9]", "flag": "{column}_q"},
        "flags": {"": 2, "ok": 1, "bad": "reject"},
    }
    data = f"t,Q1,Q1_q,Q2,Q2_q\n{T},1,ok,2,bad\n2024-01-01T01:00Z,,,3,\n"
    found = read(said, data, ["Q1", "Q2"])
    assert [(r[0], r[2], r[3]) for r in found.rows] == [("Q1", 1.0, 1), ("Q2", 3.0, 2)]
    bad = found.rejects[0]
    assert (bad.line, bad.column, bad.reason) == (2, "Q2", "qualifier")
    assert "'bad'" in bad.detail


def test_fixed_width_counts_characters_not_bytes(read):
    said = {
        "format": "fixed",
        "text": {
            "header": False,
            "fixed": {"s": [1, 6], "d": [8, 13], "c": [15, 18], "v": [20, 27]},
        },
        "columns": {"time": ["d", "c"], "series": ["s"], "value": "v"},
        "time": {"formats": ["%y%m%d %H%M"]},
        "series": {"table": {"Gəncə": "Q1"}},
    }
    found = read(said, "Gəncə  070101 0010 00008.20\nGəncə  070101 2400 00008.30\n")
    assert found.values == [8.2, 8.3]
    assert found.times == ["2007-01-01T00:10:00", "2007-01-02T00:00:00"]


def test_files_joined_with_their_header_are_read_on(read):
    part = (
        "# c\nagency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd\n"
        "5s\t15s\t20d\t14n\t10s\nUSGS\t7\t2024-01-0{}\t1\tA\n"
    )
    found = read(
        "usgs-rdb-daily", part.format(1) + part.format(2), ["USGS-7-00060-00003"]
    )
    assert (len(found.rows), found.rejects, found.lines) == (2, [], [4, 8])
    with pytest.raises(FaultsError, match="sample:6: another header"):
        read("usgs-rdb-daily", part.format(1) + part.replace("60", "65"))


def test_a_sentinel_of_one_series_is_a_legal_value_of_another(read, long):
    said = long(missing=["NaN", ""], missing_in={"A": [-999, "---"]})
    data = "".join(
        f"{s},2024-01-01T0{k}:00Z,{v}\n"
        for k, (s, v) in enumerate(
            [("A", "-999.0"), ("A", "---"), ("B", "-999"), ("B", "NaN"), ("B", "")]
        )
    )
    found = read(said, "s,t,v\n" + data + "B,2024-01-01T09:00Z,---\n", ["A", "B"])
    assert [f for *_, f in found.rows] == [9, 9, 2, 9, 9]
    assert [math.isnan(v) for v in found.values] == [True, True, False, True, True]
    assert found.reasons == [(7, "value")]


def test_units_are_converted_and_a_unit_that_cannot_be_is_rejected(read, long):
    said = long(units={"A": "l/s", "B": "ft3/s", "C": "m"})
    data = f"s,t,v\nA,{T},1000\nB,{T},1\nC,{T},1\nD,{T},2\n"
    found = read(said, data, ["A", "B", "C", "D"])
    assert found.values == [1.0, 0.028316846592, 2.0]
    assert "does not fit series C" in found.rejects[0].detail


def test_a_unit_beside_the_value_is_understood_by_its_name(read, long):
    said = long(columns={"unit": "u"}, unit_names={"cumecs": "m3/s"})
    found = read(said, f"s,t,v,u\nQ1,{T},2,cumecs\nQ1,{T},2,l/s\nQ1,{T},2,m\n")
    assert found.values == [2.0, 0.002]
    assert found.reasons == [(4, "unit")]


def test_series_are_mapped_by_table_then_pattern_and_the_rest_is_held(read):
    said = {
        "columns": {"time": ["t"], "series": ["site", "par"], "value": "v"},
        "series": {
            "table": {"7:Q": "Q1"},
            "patterns": [{"match": "(?P<site>[0-9]+):Q", "code": "S{site}.Q"}],
            "ignore": ".*:battery",
        },
    }
    data = f"site,par,t,v\n7,Q,{T},1\n8,Q,{T},2\n9,H,{T},3\n9,battery,{T},12\n"
    found = read(said, data, ["Q1", "S8.Q"])
    assert [r[0] for r in found.rows] == ["Q1", "S8.Q"]
    assert found.reasons == [(4, "unknown_series")]
    assert "'9:H'" in found.rejects[0].detail


def test_of_several_qualifiers_the_gravest_counts_and_unknown_ones_reject(read, long):
    said = long(
        columns={"flag": "f"}, flags={"A": 1, "e": 3, "P": 2}, flag_split="[, ]+"
    )
    rows = "".join(f"Q1,2024-01-0{k}T00:00Z,1,{f}\n" for k, f in enumerate("1APe", 1))
    found = read(said, f"s,t,v,f\n{rows}Q1,2024-02-01T00:00Z,1,A e\n")
    assert [r[3] for r in found.rows] == [1, 2, 3, 3]
    assert found.reasons == [(2, "qualifier")]


def test_infinite_and_enormous_values_are_rejected(read, long):
    found = read(long(unit="hm3/s"), f"s,t,v\nQ1,{T},inf\nQ1,{T},1e308\nQ1,{T},1e-3\n")
    assert found.reasons == [(2, "not_finite"), (3, "not_finite")]
    assert found.values == [1000.0]


def test_an_empty_file_is_refused_and_one_without_rows_is_not(read, long):
    assert read(long(), "s,t,v\n").rows == []
    with pytest.raises(FaultsError, match="the file is empty"):
        read(long(), "")
