from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from ewater.errors import FaultsError, UsageError
from ewater.ingest import jobs, parse, readings_csv, window
from ewater.ingest.outcome import Options
from ewater.ingest.source import Memory
from ewater.store import chunks, landed_files, rejects

NOW = datetime(2024, 6, 1, tzinfo=UTC)
NOW_US = 1_717_200_000_000_000
HEAD = "series,time,value\n"


def schema(codes=("Q1", "Q2"), zones=("Asia/Baku", None), factor=(1.0, 1e6)):
    ids = np.arange(len(codes), dtype=np.int32)
    return parse.Schema.of(codes, ids, np.array(factor, np.float64), zones)


def parsed(body, cells=3, of=None):
    data = body.encode() if isinstance(body, str) else body
    return parse.parse(
        data, cells=cells, first_line=2, schema=of or schema(), now_us=NOW_US
    )


def reason(row, cells=3):
    found = parsed(row, cells)
    assert found.rows_read == 1
    return found.rejects[0].reason if found.rejects else None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Q1,2024-01-01T00:00Z", "cells"),
        ("Q1", "cells"),
        ("Q1,2024-01-01T00:00Z,1,2", "cells"),
        ("Q9,2024-01-01T00:00Z,1", "unknown_series"),
        ("q1,2024-01-01T00:00Z,1", "unknown_series"),
        ("Q1,2024-13-01T00:00Z,1", "time"),
        ("Q1,2023-02-29T00:00Z,1", "time"),
        ("Q1,2024-01-01T24:00Z,1", "time"),
        ("Q1,2024-01-01T00:00:60Z,1", "time"),
        ("Q1,2024-01-01,1", "time"),
        ("Q1,01.01.2024 00:00,1", "time"),
        ("Q1,2024-01-01T00:00+4,1", "time"),
        ("Q1,2024-01-01T00:00:00.1234567Z,1", "time"),
        ("Q1,,1", "time"),
        ("Q2,2024-01-01T00:00,1", "no_zone"),
        ("Q1,2015-10-25T04:30,1", "ambiguous_time"),
        ("Q1,2015-03-29T04:30,1", "nonexistent_time"),
        ("Q1,2024-06-01T00:10:00.000001Z,1", "future"),
        ("Q1,2024-01-01T00:00Z,", "no_value"),
        ("Q1,2024-01-01T00:00Z,-inf", "not_finite"),
        ("Q1,2024-01-01T00:00Z,Infinity", "not_finite"),
        ("Q1,2024-01-01T00:00Z,1e999", "not_finite"),
        ("Q2,2024-01-01T00:00Z,1e305", "not_finite"),
        ("Q1,2024-01-01T00:00Z,1 m3", "value"),
        ("Q1,2024-01-01T00:00Z,.", "value"),
        ("Q1,2024-01-01T00:00Z,-", "value"),
        ("Q1,2024-01-01T00:00Z,0x10", "value"),
        ("Q1,2024-01-01T00:00Z,1_000", "value"),
        ("Q1,2024-01-01T00:00Z,1.2.3", "value"),
        ('Q1,2024-01-01T00:00Z,"1,5"', "cells"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(row, why):
    assert reason(row) == why
    assert parse.REASONS[why]


@pytest.mark.parametrize("flag", ["0", "5", "22", "x", "-1"])
def test_a_flag_that_is_none_is_rejected(flag):
    assert reason(f"Q1,2024-01-01T00:00Z,1,{flag}", 4) == "flag"


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00"),
        ("2024-01-01 00:00+04:00", "2023-12-31T20:00:00"),
        ("2024-02-29T23:59:59.123456-0330", "2024-03-01T03:29:59.123456"),
        ("2024-01-01T00:00:00.5+04", "2023-12-31T20:00:00.5"),
        ("2024-01-01t04:00z", "2024-01-01T04:00:00"),
        ("2024-01-01T04:00", "2024-01-01T00:00:00"),
        ("2015-10-25T04:30+04:00", "2015-10-25T00:30:00"),
        ("2015-10-25T04:30+05:00", "2015-10-24T23:30:00"),
        ("2015-07-01T05:00", "2015-07-01T00:00:00"),
        ("1899-12-31T23:00Z", "1899-12-31T23:00:00"),
        ("2024-06-01T00:10:00Z", "2024-06-01T00:10:00"),
    ],
)
def test_a_time_with_offset_or_of_the_series_zone_becomes_utc(time, utc):
    found = parsed(f"Q1,{time},1\n")
    assert found.time.view("M8[us]").tolist() == [datetime.fromisoformat(utc)]


@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.decimals(allow_nan=False, allow_infinity=False).map(str),
        st.from_regex(
            r"[+-]?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
        ),
    )
)
def test_a_number_is_read_as_python_reads_it(written):
    found = parsed(f"Q1,2024-01-01T00:00Z,{written}\n")
    want = float(written)
    if np.isfinite(want):
        assert found.value.tolist() == [want]
    else:
        assert found.rejects[0].reason == "not_finite"


def test_quotes_spaces_windows_line_ends_and_blank_lines_are_understood():
    found = parsed(
        '"Q1" ,"2024-01-01T00:00Z", 1.5 \r\n\r\n  \nQ1,2024-01-01T01:00Z,"2"\r\n'
    )
    assert found.value.tolist() == [1.5, 2.0]
    assert found.line.tolist() == [2, 5]
    assert found.rejects == []


def test_an_empty_flag_is_not_evaluated_and_units_become_si():
    found = parsed("Q2,2024-01-01T00:00Z,2,\nQ1,2024-01-01T00:00Z,2,3\n", 4)
    assert found.flag.tolist() == [2, 3]
    assert found.value.tolist() == [2e6, 2.0]


def test_line_and_raw_text_of_a_reject_are_exact():
    body = b'Q1,2024-01-01T00:00Z,1\r\n\nQ1, yesterday,\xff1\n"Q1",x,\x001'
    found = parsed(body)
    assert [(r.line, r.raw) for r in found.rejects] == [
        (4, "Q1, yesterday,\\xff1"),
        (5, '"Q1",x,\\x001'),
    ]


def test_no_series_registered_rejects_every_row():
    found = parsed("Q1,2024-01-01T00:00Z,1\n", of=schema((), (), ()))
    assert [r.reason for r in found.rejects] == ["unknown_series"]


cell = st.text('Q12,-:TZ." \r+0', max_size=24)
good = st.builds(
    "{},2024-01-0{}T00:00Z,{}".format,
    st.sampled_from(["Q1", "Q2", "Q7"]),
    st.integers(1, 3),
    st.integers(0, 3),
)


@given(st.lists(st.one_of(cell, good), max_size=12))
def test_every_row_is_accepted_or_rejected(rows):
    body = "\n".join(rows)
    found = parsed(body)
    lines = [line for line in body.split("\n") if line.strip(" \t\r")]
    blank = [
        line
        for line in body.split("\n")
        if line.strip("\r") and not line.strip(" \t\r")
    ]
    assert len(lines) <= found.rows_read <= len(lines) + len(blank)


def ingest(engine, body, head=HEAD, **options):
    found = Memory("readings.csv", (head + body).encode())
    return jobs.ingest(engine, found, Options(now=NOW, daily=False, **options))


def kept(engine, load):
    with engine.connect() as connection:
        return [
            (r["line"], r["reason"], r["raw"]) for r in rejects.read(connection, load)
        ]


def read(engine, code="Q1"):
    with engine.connect() as connection:
        return chunks.read(connection, [code]).value.values.tolist()


@pytest.mark.db
def test_a_file_is_counted_landed_and_its_rejects_kept(country):
    body = (
        "Q1,2024-01-01T01:00Z,2\n"
        "Q1,2024-01-01T00:00Z,1\n"
        "NEW,2024-01-01T00:00Z,1\n"
        "Q1,2024-01-01T02:00Z,inf\n"
        "Q1,2024-01-01T01:00Z,2.0\n"
        "Q2,2024-01-01T0\n"
    )
    done = ingest(country, body)
    assert (done.counts.rows_read, done.counts.accepted, done.counts.rejected) == (
        6,
        3,
        3,
    )
    assert (done.counts.new, done.counts.unchanged) == (2, 1)
    assert read(country) == [1.0, 2.0]
    assert kept(country, done.load) == [
        (4, "unknown_series", "NEW,2024-01-01T00:00Z,1"),
        (5, "not_finite", "Q1,2024-01-01T02:00Z,inf"),
        (7, "cells", "Q2,2024-01-01T0"),
    ]
    with country.connect() as connection:
        raw = b"".join(landed_files.landed(connection, done.load))
        who = connection.execute(
            text("SELECT name FROM person JOIN load ON actor = person.id")
        ).scalar_one()
    assert raw == (HEAD + body).encode()
    assert who


@pytest.mark.db
def test_two_different_readings_for_one_instant_are_both_rejected_by_name(country):
    body = (
        "Q1,2024-01-01T00:00Z,1\nQ1,2024-01-01T01:00Z,5\n"
        "Q1,2024-01-01T04:00+04:00,2\nQ1,2024-01-01T00:00:00Z,1\n"
    )
    done = ingest(country, body)
    assert (done.counts.accepted, done.counts.rejected) == (1, 3)
    assert read(country) == [5.0]
    with country.connect() as connection:
        rows = rejects.read(connection)
    assert [(r["line"], r["reason"]) for r in rows] == [
        (2, "conflict"),
        (4, "conflict"),
        (5, "conflict"),
    ]
    assert "lines 4, 5" in rows[0]["detail"]


@pytest.mark.db
@pytest.mark.parametrize("trial", [False, True])
def test_repeats_in_far_parts_of_a_file_are_found(country, monkeypatch, trial):
    monkeypatch.setattr("ewater.ingest.source.BLOCK", 64)
    for module in (window, readings_csv):
        monkeypatch.setattr(module, "WINDOW_ROWS", 2)
    monkeypatch.setattr("ewater.ingest.repeats.WINDOW_ROWS", 2)
    hours = [f"Q1,2024-01-01T{h:02d}:00Z,{h}" for h in range(12)]
    rows = [
        *hours,
        hours[0],
        "Q1,2024-01-01T03:00Z,99",
        "Q2,2024-01-01T00:00Z,7",
        hours[5],
        "Q1,2024-01-01T11:00Z,98",
        "Q1,2024-01-01T11:00Z,97",
    ]
    ingest(country, "Q1,2024-01-01T00:00Z,0\nQ1,2024-01-01T11:00Z,98\n")
    path = country_file(rows)
    done = jobs.ingest(country, path, Options(now=NOW, daily=False, dry_run=trial))
    counts = done.counts
    assert (counts.rows_read, counts.rejected) == (18, 5)
    # 00:00 twice as stored; 03:00 and 11:00 contradictory; 05:00 twice
    assert (counts.new, counts.unchanged, counts.corrected) == (10, 3, 0)
    if not trial:
        assert read(country) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 98]
        assert [k[0] for k in kept(country, done.load)] == [5, 13, 15, 18, 19]


def country_file(rows):
    import tempfile
    from pathlib import Path

    from ewater.ingest.source import File

    path = Path(tempfile.mkdtemp()) / "far.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return File(path)


@pytest.mark.db
def test_identical_bytes_write_nothing(country):
    body = "Q1,2024-01-01T00:00Z,1\nQ9,2024-01-01T00:00Z,1\n"
    first = ingest(country, body)
    with country.connect() as connection:
        before = size_of(connection)
    again = ingest(country, body)
    assert again.known
    assert (again.load, again.counts) == (first.load, first.counts)
    with country.connect() as connection:
        assert size_of(connection) == before


def size_of(connection):
    tables = ("load", "chunk", "reject", "landed_file", "landed_piece", "daily_due")
    return [
        connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
        for name in tables
    ]


@pytest.mark.db
def test_a_trial_counts_and_writes_nothing(country):
    ingest(country, "Q1,2024-01-01T00:00Z,1\n")
    with country.connect() as connection:
        before = size_of(connection)
    done = ingest(
        country,
        "Q1,2024-01-01T00:00Z,2\nQ1,2024-01-02T00:00Z,2\nQ1,x,2\n",
        dry_run=True,
    )
    assert (done.counts.corrected, done.counts.new, done.counts.rejected) == (1, 1, 1)
    assert done.rejects[0].line == 4
    with country.connect() as connection:
        assert size_of(connection) == before
    assert read(country) == [1.0]


@pytest.mark.db
@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("", "no header"),
        ("series;time;value\n", "unknown header"),
        ("time,series,value\n", "series,time,value"),
        ("\xff\n", "unknown header"),
    ],
)
def test_a_file_of_unknown_header_is_refused_as_a_whole(country, head, says):
    with pytest.raises(FaultsError, match=says):
        ingest(country, "", head=head)
    with country.connect() as connection:
        assert sum(size_of(connection)) == 0


@pytest.mark.db
def test_a_file_with_no_rows_is_a_load_of_nothing(country):
    done = ingest(country, "")
    assert done.counts.rows_read == 0
    assert done.recorded_from


@pytest.mark.db
def test_a_byte_order_mark_is_passed_over(country):
    source = Memory(
        "bom.csv", b"\xef\xbb\xbf" + HEAD.encode() + b"Q1,2024-01-01T00:00Z,1"
    )
    assert jobs.ingest(country, source, Options(now=NOW)).counts.accepted == 1


@pytest.mark.db
def test_what_a_code_means_must_not_change_under_its_readings(country):
    import pandas as pd

    from ewater.store import registry

    start = pd.Timestamp("2020-01-01", tz="UTC")
    frame = pd.DataFrame(
        {
            "code": ["Q1", "Q1"],
            "site": "GIR",
            "quantity": "discharge",
            "unit": ["m3/s", "l/s"],
            "signal": "instantaneous",
            "valid_from": [None, start],
            "valid_to": [start, None],
        }
    )
    registry.load(country, {"series": frame})
    with pytest.raises(FaultsError, match="new code"):
        ingest(country, "Q1,2024-01-01T00:00Z,1\n")


@pytest.mark.db
def test_a_series_that_was_never_registered_cannot_be_read(country):
    with country.connect() as connection, pytest.raises(UsageError):
        chunks.read(connection, ["Q1", "Q77"])
