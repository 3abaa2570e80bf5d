"""What is copied in as bytes made of columns is what stands in the table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ewater.store import binary_copy
from ewater.store.instants import EARLIEST, LATEST, cursor

TABLE = (
    "CREATE TEMP TABLE kept (n int4, name text, day date, at timestamptz, x float8,"
    " y float8) ON COMMIT DROP"
)
_DAY = 86_400_000_000
rows = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1),
        st.integers(EARLIEST // _DAY + 1, LATEST // _DAY),
        st.integers(EARLIEST, LATEST),
        st.floats(),
        st.floats(),
    ),
    max_size=5,
)


def columns(given, name="çay"):
    n, day, at, x, y = (list(column) for column in zip(*given, strict=True))
    return [
        np.array(n, np.int32),
        np.full(len(n), name.encode()),
        np.array(day, "M8[D]"),
        np.array(at, "M8[us]"),
        np.array(x),
        np.array(y),
    ]


def stored(engine, made):
    with engine.begin() as connection:
        connection.execute(text(TABLE))
        with cursor(connection).copy("COPY kept FROM STDIN (FORMAT binary)") as copy:
            for block in binary_copy.blocks(made):
                copy.write(block)
        found = "n, name, day - '1970-01-01'::date, extract(epoch FROM at) * 1000000"
        return connection.execute(text(f"SELECT {found}, x, y FROM kept")).all()


@pytest.mark.db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(rows.filter(len))
def test_every_value_arrives_and_unknown_is_null(engine, given):
    known = [
        (n, "çay", day, at, *(None if v != v else v for v in values))
        for n, day, at, *values in given
    ]
    assert [tuple(row) for row in stored(engine, columns(given))] == known


@pytest.mark.db
def test_rows_of_several_blocks_arrive_in_order(engine, monkeypatch):
    monkeypatch.setattr(binary_copy, "_BLOCK", 3)
    given = [(n, n, n, np.nan if n % 2 else n, 0.5) for n in range(8)]
    assert [row.n for row in stored(engine, columns(given))] == list(range(8))


@pytest.mark.parametrize("column", [np.array([b"a", b"bb"]), np.array([b""])])
def test_texts_of_several_lengths_are_refused(column):
    with pytest.raises(ValueError, match="of one length"):
        b"".join(binary_copy.blocks([column]))


def test_a_type_that_is_not_known_is_refused():
    with pytest.raises(TypeError, match="int64"):
        b"".join(binary_copy.blocks([np.array([1])]))
