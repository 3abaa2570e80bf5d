from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.ingest.profiles import clock, issue
from ewater.ingest.profiles.find import parse
from ewater.ingest.source import Memory

_LAST = np.datetime64("2068-12-31T00").item()
BAKU_DOUBLED = ["03:30", "04:00", "04:30", "04:00", "04:30", "05:00"]


def one(text, form):
    data = np.frombuffer(text.encode(), np.uint8)
    program = clock.program(form)
    local, offset = np.full(1, clock.LOCAL), np.full(1, clock.LOCAL)
    todo = np.ones(1, np.bool_)
    cells = np.array([[[0, len(data)]]], np.int64)
    clock.read(
        data,
        cells,
        program.kind,
        program.steps,
        program.scale,
        program.origin,
        todo,
        local,
        offset,
    )
    return None if todo[0] else local.view("M8[us]")[0].item()


@given(
    st.datetimes(np.datetime64("1970-01-01T00").item(), _LAST),
    st.sampled_from(
        [
            "%Y-%m-%d %H:%M:%S.%f",
            "%d.%m.%y %H%M",
            "%m/%d/%Y %I:%M %p",
            "%j %Y %H:%M",
            "%d %b %Y",
        ]
    ),
)
def test_a_time_is_read_as_python_reads_it(moment, form):
    written = moment.strftime(form)
    assert one(written, form) == datetime.strptime(written, form)  # noqa: DTZ007


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("31.02.2024", "%d.%m.%Y"),
        ("2024-13-01", "%Y-%m-%d"),
        ("366 2023", "%j %Y"),
        ("2024-01-01 25:00", "%Y-%m-%d %H:%M"),
        ("2024-01-01x", "%Y-%m-%d"),
        ("13:00 PM 2024-01-01", "%I:%M %p %Y-%m-%d"),
        ("24-01-01", "%Y-%m-%d"),
        ("2024-01-01T", "iso"),
        ("9" * 30, "epoch_ms"),
    ],
)
def test_what_is_no_time_of_the_format_is_not_read(text, form):
    assert one(text, form) is None


def test_serials_and_epochs_are_times():
    assert one("45292.5", "excel") == datetime(2024, 1, 1, 12)  # noqa: DTZ001
    assert one("43830.5", "excel_1904") == datetime(2024, 1, 1, 12)  # noqa: DTZ001
    assert one("1704067200", "epoch_s") == datetime(2024, 1, 1)  # noqa: DTZ001
    assert one("1704067200000", "epoch_ms") == datetime(2024, 1, 1)  # noqa: DTZ001


def doubled(read, long, rule, times=BAKU_DOUBLED):
    said = long(time={"zone": "Asia/Baku", "doubled_hour": rule})
    rows = "".join(f"Q1,2015-10-25T{t},{k}\n" for k, t in enumerate(times))
    return read(said, "s,t,v\n" + rows)


def test_the_order_of_rows_tells_the_passages_of_a_doubled_hour(read, long):
    found = doubled(read, long, "by_order")
    hours = [t[11:16] for t in found.times]
    assert hours == ["22:30", "23:00", "23:30", "00:00", "00:30", "01:00"]


def test_a_doubled_hour_is_what_the_rule_says(read, long):
    assert doubled(read, long, "first", ["04:30"]).times == ["2015-10-24T23:30:00"]
    assert doubled(read, long, "second", ["04:30"]).times == ["2015-10-25T00:30:00"]
    assert doubled(read, long, "reject").reasons == [
        (n, "ambiguous_time") for n in (3, 4, 5, 6)
    ]


def test_order_that_tells_nothing_is_not_guessed(read, long):
    assert doubled(read, long, "by_order", ["04:00", "04:30"]).reasons == [
        (2, "ambiguous_time"),
        (3, "ambiguous_time"),
    ]


def test_a_time_that_the_clock_skips_or_that_is_ahead_is_rejected(read, long):
    said = long(time={"zone": "Asia/Baku"})
    found = read(said, "s,t,v\nQ1,2015-03-29T04:30,1\nQ1,2031-01-01T00:00,1\n")
    assert found.reasons == [(2, "nonexistent_time"), (3, "future")]


def test_day_and_month_are_in_the_order_of_the_profile(read, long):
    data = "s,t,v\nQ1,03/04/2024,1\nQ1,25/04/2024,1\n"
    day_first = read(long(time={"formats": ["%d/%m/%Y"]}), data)
    assert day_first.times == ["2024-04-03T00:00:00", "2024-04-25T00:00:00"]
    month_first = read(long(time={"formats": ["%m/%d/%Y"]}), data)
    assert month_first.times == ["2024-03-04T00:00:00"]
    assert month_first.reasons == [(3, "time")]


@pytest.mark.parametrize(
    ("interval", "ends"),
    [
        ("15 min", "2015-10-24T19:15:00"),
        ("1 d", "2015-10-25T20:00:00"),  # a local day of 25 hours
        ("1 month", "2015-11-24T20:00:00"),
    ],
)
def test_the_start_of_an_interval_becomes_its_end(read, long, interval, ends):
    said = long(time={"zone": "Asia/Baku", "stamp": "start", "interval": interval})
    assert read(said, "s,t,v\nQ1,2015-10-25,1\n").times == [ends]


def test_a_zone_beside_the_time_is_understood_or_the_row_rejected(read, long):
    said = long(
        columns={"time": ["d", "c"], "zone": "z"},
        time={"formats": ["%Y-%m-%d %H:%M"], "zones": {"EST": "-05:00"}},
    )
    found = read(
        said,
        "s,d,c,z,v\nQ1,2024-01-01,00:00,EST,1\nQ1,2024-01-01,00:00,+04:00,1\n"
        "Q1,2024-01-01,00:00,XYZ,1\n",
    )
    assert found.times == ["2024-01-01T05:00:00", "2023-12-31T20:00:00"]
    assert found.reasons == [(4, "time")]


def test_a_series_without_zone_cannot_take_local_times(read, long):
    found = read(long(), "s,t,v\nQ1,2024-01-01T00:00,1\n", zone=None)
    assert found.reasons == [(2, "no_zone")]


def issued(name, body, **said):
    text = "columns: {time: [t], series: [s], value: v}\nissued_at:\n"
    text += "".join(f"  {key}: '{value}'\n" for key, value in said.items())
    return issue.issued_at(Memory(name, body), parse(text, "p.yaml", "p"))


def test_a_file_says_in_its_name_or_header_when_it_was_issued():
    by_name = issued(
        "q_20240131.csv", b"", file_name=r"_(?P<time>\d{8})", format="%Y%m%d"
    )
    assert by_name == datetime(2024, 1, 31, tzinfo=UTC)
    by_header = issued(
        "q.csv",
        b"# retrieved: 2024-01-31T04:00+04:00\n",
        header=r"^# retrieved: (?P<time>\S+)",
    )
    assert by_header == datetime(2024, 1, 31, tzinfo=UTC)
