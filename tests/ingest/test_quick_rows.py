"""Rows read eight bytes at a time say what Python's own readers say of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from ewater.ingest import parse, rows

CODES = ("A", "KUR-1.Q", "KUR-12.Q", "KUR-123456.Q", "Z" * 23)
FACTORS = (1.0, 1000.0, 0.3048, 1e-3, 1e6)
NOW_US = 4_000_000_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCHEMA = parse.Schema.of(
    CODES, np.arange(5, dtype=np.int32), np.array(FACTORS), ["UTC"] * 5
)
TAIL = "\n" * 80  # so that the last row too is read from a word that is all there


def parsed(body, cells=3, schema=SCHEMA):
    data = body if isinstance(body, bytes) else body.encode()
    return parse.parse(data, cells=cells, first_line=2, schema=schema, now_us=NOW_US)


def number_of(text):
    """Status and value of one number by the compiled pass alone."""
    found = np.frombuffer(f"A,2000-01-01T00:00Z,{text}\n{TAIL}".encode(), np.uint8)
    out = rows.room(2)
    lookup, factor = SCHEMA.lookup.arrays, SCHEMA.factor
    rows.read(found, 3, lookup, factor, NOW_US, out)
    return int(out[5][0]), float(out[2][0])


def bits(value):
    return np.float64(value).tobytes()


digits = st.text("0123456789", max_size=9)
plain = st.builds(
    lambda sign, whole, dot, places: sign + whole + dot + places,
    st.sampled_from(["", "-", "+"]),
    digits,
    st.sampled_from(["", "."]),
    digits,
)


@given(plain | st.floats(allow_nan=False, allow_infinity=False).map(repr))
def test_a_number_is_read_bit_for_bit_as_python_reads_it(text):
    found = parsed(f"A,2000-01-01T00:00Z,{text}\n{TAIL}")
    try:
        value = float(text)
    except ValueError:
        why = "no_value" if not text else "value"
        assert [r.reason for r in found.rejects] == [why]
        return
    assert not found.rejects
    if value == 0:
        assert found.value[0] == 0
    else:
        assert bits(found.value[0]) == bits(value)


@given(st.integers(-(10**14), 10**14), st.integers(0, 9))
def test_numbers_of_up_to_fifteen_digits_need_no_slow_reader(whole, places):
    text = f"{'-' if whole < 0 else ''}{abs(whole):0{places + 1}d}"
    text = f"{text[: len(text) - places]}.{text[len(text) - places :]}"
    status, value = number_of(text)
    assert status == rows.OK
    assert value == float(text)


def test_numbers_at_the_ends_of_the_range_are_read_by_the_slow_reader_exactly():
    for text in (
        "5e-324",
        "2.2250738585072011e-308",
        "1.7976931348623157e308",
        "9007199254740993",
        "0.1000000000000000055511151231257827021181583404541015625",
        "123456789012345678901234567890",
        "-0.00000000000000000000000000001",
    ):
        assert number_of(text)[0] == rows.NUMBER
        assert bits(parsed(f"A,2000-01-01T00:00Z,{text}\n").value[0]) == bits(
            float(text)
        )


@given(
    st.datetimes(datetime(1, 1, 3), datetime(2090, 1, 1)),  # noqa: DTZ001
    st.integers(-1439, 1439),
    st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
    st.sampled_from(["T", " ", "t"]),
    st.booleans(),
)
def test_a_time_is_the_instant_that_datetime_reads(moment, east, unit, mark, zulu):
    zone = UTC if zulu else timezone(timedelta(minutes=east))
    text = moment.replace(tzinfo=zone).isoformat(mark, unit)
    if zulu:
        text = text.replace("+00:00", "Z")
    exact = datetime.fromisoformat(text.upper())
    found = parsed(f"A,{text},1\nA,{text},2\n{TAIL}")
    assert not found.rejects
    expected = (exact - EPOCH) // timedelta(microseconds=1)
    assert found.time.tolist() == [expected, expected]


@given(st.text("0123456789:-+TZ. ", min_size=5, max_size=27))
def test_what_is_no_time_is_refused_whatever_stood_before(text):
    try:
        exact = datetime.fromisoformat(f"2024-02-2{text}")
    except ValueError:
        exact = None
    row = f"A,2024-02-2{text},1\n"
    found = parsed(f"A,2024-02-28T10:00:00+04:00,1\n{row}{TAIL}")
    alone = parsed(row)
    assert found.time[1:].tolist() == alone.time.tolist()
    assert [r.reason for r in found.rejects] == [r.reason for r in alone.rejects]
    if len(found.series) == 2 and exact and exact.tzinfo:
        micro = (exact - EPOCH) // timedelta(microseconds=1)
        assert found.time[1] == micro


code = st.sampled_from([*CODES, "KUR-1", "KUR-12.QQ", "", "a"])
clock = st.sampled_from(
    [
        "2024-01-01T00:00Z",
        "2024-01-01T00:10:00Z",
        "2024-01-02T23:59:59+04:00",
        "2024-02-30T00:00:00Z",
        "2024-01-01 00:00:00.5-03:30",
        "2024-01-01T00:00:00+0400",
        "2024-01-01T00:00:00",
        "2024-01-01T24:00:00Z",
        "2099-01-01T00:00:00Z",
        "20240101T000000Z",
        "",
    ]
)
value = st.sampled_from(
    [
        "1",
        "-2.5",
        "12345678",
        "1.",
        ".5",
        ".",
        "",
        "nan",
        "1e3",
        "1e999",
        "--1",
        "123456.7890",
        "1,5",
        '"7"',
        "0x1",
        "1 ",
        "-",
    ]
)
flag = st.sampled_from(["", "1", "2", "3", "4", "9", "5", "0", "11", " 3", "x"])
end = st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\n \r\n"])
row3 = st.tuples(code, clock, value).map(",".join)
row4 = st.tuples(code, clock, value, flag).map(",".join)


def same(one, other):
    assert one.series.tolist() == other.series.tolist()
    assert one.time.tolist() == other.time.tolist()
    assert one.value.tobytes() == other.value.tobytes()
    assert one.flag.tolist() == other.flag.tolist()
    assert one.line.tolist() == other.line.tolist()
    assert [(r.line, r.reason) for r in one.rejects] == [
        (r.line, r.reason) for r in other.rejects
    ]


@given(st.lists(st.tuples(row3 | row4, end), max_size=12), st.sampled_from([3, 4]))
def test_quick_and_careful_reading_of_a_block_agree(given_rows, cells):
    quick = "".join(row + stop for row, stop in given_rows)
    # a space at the start is trimmed, and sends the row to the careful reader
    careful = "".join(" " + row + stop for row, stop in given_rows)
    same(parsed(quick + TAIL, cells), parsed(careful + TAIL, cells))
    same(parsed(quick, cells), parsed(careful, cells))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_alike_at_the_end_of_a_block_and_before_it(data):
    assume(not data.endswith(b"\r") and b'"' not in data)
    for cells in (3, 4):
        row = b"A,2024-01-01T00:00:00Z,1" + b",1" * (cells - 3) + b"\n"
        same(parsed(row + data, cells), parsed(row + data + b"\n" * 80, cells))


def test_places_are_found_only_where_they_are_asked_for():
    body = b"A,2024-01-01T00:00Z,1\n\nB,2024-01-01T00:00Z,1\n"
    found = parse.parse(
        body, cells=3, first_line=2, schema=SCHEMA, now_us=NOW_US, placed=False
    )
    assert len(found.line) == len(found.first) == len(found.last) == 0
    assert [(r.line, r.reason) for r in found.rejects] == [(4, "unknown_series")]
    assert parsed(body).line.tolist() == [2]


def test_series_in_any_order_are_told_apart():
    rng = np.random.default_rng(5)
    order = rng.integers(0, len(CODES), 2_000).tolist()
    body = "".join(f"{CODES[k]},2024-01-01T00:00:00Z,{k}.25\n" for k in order)
    found = parsed(body)
    assert found.series.tolist() == order
    assert found.value.tolist() == [(k + 0.25) * FACTORS[k] for k in order]


def test_a_file_without_registered_series_is_read_whole():
    none = parse.Schema.of([], np.empty(0, np.int32), np.empty(0), [])
    found = parsed(f"A,2024-01-01T00:00:00Z,1\n{TAIL}", schema=none)
    assert [r.reason for r in found.rejects] == ["unknown_series"]


def test_line_breaks_are_counted_in_texts_of_any_length():
    for size in (0, 1, 127, 128, 129, 1000):
        data = np.full(size, 10, np.uint8)
        data[::3] = 65
        assert rows.count_lines(data) == int((data == 10).sum())
    assert math.isfinite(parsed("A,2024-01-01T00:00Z,1").value[0])
