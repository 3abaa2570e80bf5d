from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.store import codec
from ewater.store.codec import PayloadError, decode, encode
from ewater.store.rows import Rows


def rows_of(time, value, flag=None, failed=None, lineage=None, load=None) -> Rows:
    count = len(time)
    return Rows(
        time=np.array(time, np.int64),
        value=np.array(value, np.float64),
        flag=np.array(flag if flag is not None else [2] * count, np.uint8),
        failed=np.array(failed if failed is not None else [0] * count, np.uint32),
        lineage=np.array(lineage if lineage is not None else [0] * count, np.uint8),
        load=np.array(load if load is not None else [7] * count, np.int64),
    )


def one(rows: Rows, factor: float = 1.0) -> bytes:
    cuts = np.array([0, len(rows)])
    return encode(rows, cuts, np.array([factor]))[0]


def same(a: Rows, b: Rows) -> None:
    for name in Rows.__slots__:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def by_the_book(payload: bytes) -> dict[str, list[float]]:
    """Decode as docs/chunk-format.md says, with the standard library alone."""
    version, coding, decimals, _zero, count, factor = struct.unpack_from(
        "<BBBBId", payload
    )
    assert version == 1
    at, columns = 124, []
    for column in range(6):
        order, width, first, unit = struct.unpack_from(
            "<BBqq", payload, 16 + 18 * column
        )
        planes = [payload[at + p * count : at + (p + 1) * count] for p in range(width)]
        at += width * count
        raw = [sum(planes[p][i] << (8 * p) for p in range(width)) for i in range(count)]
        if order == 0:
            numbers = [first + unit * z for z in raw]
        elif width == 0:
            numbers = [first + unit * i for i in range(count)]
        else:
            numbers, now = [], first
            for z in raw:
                now += unit * ((z >> 1) ^ -(z & 1))
                numbers.append(now)
        columns.append(numbers)
    assert at == len(payload)
    if coding == 0:
        columns[1] = [n / 10.0**decimals * factor for n in columns[1]]
    else:
        columns[1] = [struct.unpack("<d", struct.pack("<Q", n))[0] for n in columns[1]]
    names = ("time", "value", "flag", "failed", "lineage", "load")
    return dict(zip(names, columns, strict=True))


values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda v: v + 0.0),
    st.integers(-(10**6), 10**6).map(lambda n: n / 100),
)
readings = st.lists(
    st.tuples(
        st.integers(-(10**15), 4 * 10**15),
        values,
        st.sampled_from([1, 2, 3, 4, 9]),
        st.integers(0, 2**32 - 1),
        st.integers(0, 3),
        st.integers(1, 2**40),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda reading: reading[0],
).map(sorted)


@given(readings, st.sampled_from([1.0, 1e6, 0.028316846592, 1 / 3600]))
def test_what_is_encoded_comes_back_bit_for_bit(found, factor):
    rows = rows_of(*zip(*found, strict=True))
    payload = one(rows, factor)
    back, cuts = decode([payload])
    same(rows, back)
    assert cuts.tolist() == [0, len(rows)]
    assert back.value.tobytes() == rows.value.tobytes()


@given(readings)
def test_another_program_reads_the_payload_from_its_description(found):
    rows = rows_of(*zip(*found, strict=True))
    book = by_the_book(one(rows))
    for name in Rows.__slots__:
        assert book[name] == getattr(rows, name).tolist()


def test_many_chunks_are_decoded_as_one_by_one():
    rng = np.random.default_rng(1)
    parts = [
        rows_of(np.arange(n) * 600_000_000, np.round(rng.normal(50, 5, n), 2))
        for n in (1, 2, 500, 3000)
    ]
    cuts = np.cumsum([0, *(len(p) for p in parts)])
    payloads = encode(Rows.concatenate(parts), cuts, np.ones(4))
    back, back_cuts = decode(payloads)
    assert back_cuts.tolist() == cuts.tolist()
    for part, a, b in zip(parts, cuts[:-1], cuts[1:], strict=True):
        same(part, back.take(slice(a, b)))
        assert one(part) in payloads


def test_regular_readings_of_two_decimals_take_two_bytes():
    rng = np.random.default_rng(2)
    count = 4464
    rows = rows_of(
        np.arange(count) * 600_000_000, np.round(rng.normal(80, 4, count), 2)
    )
    assert len(one(rows)) / count < 2.1


def test_values_of_another_unit_stay_as_small_when_their_factor_is_known():
    rng = np.random.default_rng(3)
    factor = 0.028316846592
    value = np.round(rng.normal(500, 20, 2000), 1) * factor
    rows = rows_of(np.arange(2000) * 900_000_000, value)
    assert len(one(rows, factor)) < len(one(rows)) / 2
    same(rows, decode([one(rows, factor)])[0])
    assert codec.factor_of(one(rows, factor)) == factor


def test_no_chunks_are_no_rows():
    rows, cuts = decode([])
    assert len(rows) == 0
    assert cuts.tolist() == [0]


@pytest.mark.parametrize("size", [0, 10, 123, 129])
def test_a_payload_that_is_cut_off_is_refused(size):
    payload = one(rows_of([0, 5, 9], [1.0, 2.5, 3.25]))
    with pytest.raises(PayloadError, match="cut off"):
        decode([payload, payload[:size]])


def test_a_payload_of_another_version_is_refused():
    payload = bytearray(one(rows_of([0], [1.0])))
    payload[0] = 9
    with pytest.raises(PayloadError, match="version 1"):
        decode([bytes(payload)])


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=4),
    st.lists(values, min_size=60, max_size=60),
    st.sampled_from([600_000_000, 1, 77]),
    st.integers(-20, 80),
    st.integers(-20, 80),
    st.booleans(),
)
def test_what_is_decoded_of_a_time_is_that_part_of_the_whole(
    counts, numbers, step, first, last, irregular
):
    parts = []
    for count in counts:
        time = np.arange(count) * step
        if irregular and count > 2:
            time[-1] += 1
        parts.append(rows_of(time, np.array(numbers[:count])))
    cuts = np.cumsum([0, *(len(part) for part in parts)])
    packed = codec.Packed.of(encode(Rows.concatenate(parts), cuts, np.ones(len(parts))))
    limits = (np.full(len(parts), edge * step) for edge in (first, last))
    within = packed.within(*limits)
    rows = Rows.empty(int(within.cuts[-1]))
    within.fill(rows)
    for part, a, b in zip(parts, within.cuts[:-1], within.cuts[1:], strict=True):
        inside = (part.time >= first * step) & (part.time <= last * step)
        got = rows.take(slice(a, b))
        regular = len(part) > 1 and (np.diff(part.time) == step).all()
        same(part.take(inside) if regular else part, got)
