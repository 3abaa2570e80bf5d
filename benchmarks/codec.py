"""Encodings of a chunk's columns: bytes per reading, speed both ways.

Candidates: Arrow IPC with lz4 and zstd, plain and after delta and byte planes in numpy;
Parquet with its own page encodings; and the payload of `ewater.store.codec`, alone, as
PostgreSQL stores it (lz4 in the column), and under zstd. Only the payload can be
decoded by a SQL function, because PostgreSQL undoes its own compression first.

    python benchmarks/codec.py [--quick]
"""

from __future__ import annotations

import argparse
import io
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from readings_setup import START, STEP, bar, discharge, fresh_database, machine
from sqlalchemy import text

from ewater.store import codec
from ewater.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH = 4_464
NAMES = Rows.__slots__


def months(count: int) -> list[Rows]:
    """Months of ten-minute discharge with gaps, some flags and 1 % corrections."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(count):
        rows = Rows(
            time=START.astype(np.int64) + np.arange(MONTH) * STEP.astype(np.int64),
            value=discharge(rng, MONTH),
            flag=np.where(rng.random(MONTH) < 0.01, 3, 2).astype(np.uint8),
            failed=np.zeros(MONTH, np.uint32),
            lineage=np.zeros(MONTH, np.uint8),
            load=np.where(rng.random(MONTH) < 0.01, 900, 17).astype(np.int64),
        )
        found.append(rows.take(rng.random(MONTH) > 0.002))
    return found


def arrow(compression: str, *, transformed: bool) -> tuple[Callable, Callable]:
    """Arrow IPC; transformed: steps of times, and byte planes of all wide columns."""

    def encode(rows: Rows) -> bytes:
        columns = {name: getattr(rows, name) for name in NAMES}
        if transformed:
            columns["time"] = np.diff(rows.time, prepend=0)
            columns["value"] = np.diff(rows.value.view(np.int64), prepend=0)
            for name in ("time", "value", "load"):
                planes = columns[name].view(np.uint8).reshape(-1, 8).T
                columns |= {
                    f"{name}{p}": plane.copy() for p, plane in enumerate(planes)
                }
                del columns[name]
        sink = io.BytesIO()
        table = pa.table(columns)
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        return sink.getvalue()

    def decode(payload: bytes) -> Any:
        table = pa.ipc.open_stream(payload).read_all()
        columns = {name: table[name].to_numpy() for name in table.column_names}
        if transformed:
            for name in ("time", "value", "load"):
                planes = np.stack([columns[f"{name}{p}"] for p in range(8)], axis=1)
                columns[name] = np.ascontiguousarray(planes).view(np.int64).ravel()
            columns["time"] = np.cumsum(columns["time"])
            columns["value"] = np.cumsum(columns["value"]).view(np.float64)
        return columns

    return encode, decode


def parquet(compression: str) -> tuple[Callable, Callable]:
    """Parquet with delta pages for whole numbers and split bytes for values."""
    encodings = dict.fromkeys(("time", "load", "failed"), "DELTA_BINARY_PACKED")
    encodings["value"] = "BYTE_STREAM_SPLIT"

    def encode(rows: Rows) -> bytes:
        sink = io.BytesIO()
        table = pa.table({name: getattr(rows, name) for name in NAMES})
        pq.write_table(
            table,
            sink,
            compression=compression,
            use_dictionary=["flag", "lineage"],
            column_encoding=encodings,
            write_statistics=False,
        )
        return sink.getvalue()

    def decode(payload: bytes) -> Any:
        table = pq.read_table(pa.BufferReader(payload), use_threads=False)
        return {name: table[name].to_numpy() for name in table.column_names}

    return encode, decode


def time_candidate(
    name: str, data: list[Rows], encode: Callable, decode: Callable
) -> None:
    count = sum(len(rows) for rows in data)
    decode(encode(data[0]))
    started = time.perf_counter()
    payloads = [encode(rows) for rows in data]
    encoded = time.perf_counter()
    back = [decode(payload) for payload in payloads]
    decoded = time.perf_counter()
    for rows, columns in zip(data, back, strict=True):
        assert np.array_equal(columns["value"], rows.value)
        assert np.array_equal(columns["time"], rows.time)
    show(
        name,
        sum(map(len, payloads)) / count,
        count,
        encoded - started,
        decoded - encoded,
    )


def show(name: str, size: float, count: int, encoding: float, decoding: float) -> None:
    rates = f"{count / encoding / 1e6:7.1f} M/s {count / decoding / 1e6:7.1f} M/s"
    print(f"  {name:38}{size:6.2f} bytes/reading, encode {rates} decode")


def ours(data: list[Rows]) -> tuple[list[bytes], float, float]:
    """Encode and decode all chunks in one call each, as the store does."""
    rows = Rows.concatenate(data)
    cuts = np.cumsum([0, *(len(part) for part in data)])
    factor = np.ones(len(data))
    codec.decode(codec.encode(rows.take(slice(0, int(cuts[1]))), cuts[:2], factor[:1]))
    started = time.perf_counter()
    payloads = codec.encode(rows, cuts, factor)
    encoded = time.perf_counter()
    back, _ = codec.decode(payloads)
    decoded = time.perf_counter()
    assert np.array_equal(back.value, rows.value)
    return payloads, encoded - started, decoded - encoded


def in_postgres(payloads: list[bytes]) -> tuple[dict[str, float], float, float]:
    """Bytes that PostgreSQL stores by compression; seconds and readings of SQL."""
    with fresh_database() as engine, engine.begin() as connection:
        sizes = {}
        for method in ("pglz", "lz4"):
            connection.execute(
                text(f"CREATE TEMP TABLE p_{method} (p bytea COMPRESSION {method})")
            )
            connection.execute(
                text(f"INSERT INTO p_{method} VALUES (:p)"),
                [{"p": p} for p in payloads],
            )
            sizes[method] = connection.execute(
                text(f"SELECT sum(pg_column_size(p)) FROM p_{method}")
            ).scalar_one()
        started = time.perf_counter()
        rows = connection.execute(
            text(
                "SELECT count(*) FROM (SELECT p FROM p_lz4 LIMIT 20) AS c, "
                "LATERAL chunk_rows(c.p)"
            )
        ).scalar_one()
        return sizes, time.perf_counter() - started, float(rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the chunks")
    data = months(40 if parser.parse_args().quick else 400)
    count = sum(len(rows) for rows in data)
    print(f"{machine()}; {len(data)} chunks, {count:,} readings")
    for name in ("lz4", "zstd"):
        time_candidate(f"Arrow IPC, {name}", data, *arrow(name, transformed=False))
        time_candidate(
            f"Arrow IPC, steps and planes, {name}", data, *arrow(name, transformed=True)
        )
    time_candidate("Parquet, delta and split pages, zstd", data, *parquet("zstd"))
    payloads, encoding, decoding = ours(data)
    size = sum(map(len, payloads)) / count
    show("payload", size, count, encoding, decoding)
    zstd = pa.Codec("zstd", compression_level=3)
    packed = sum(len(zstd.compress(p, asbytes=True)) for p in payloads) / count
    print(f"  {'payload under zstd (not for SQL)':38}{packed:6.2f} bytes/reading")
    sizes, seconds, rows = in_postgres(payloads)
    for method, total in sizes.items():
        label = f"payload as PostgreSQL stores it, {method}"
        print(f"  {label:38}{float(total) / count:6.2f} bytes/reading")
    print(f"  decoded by SQL alone: {rows / seconds / 1e6:.2f} M readings/s")
    bar("codec_bytes", float(sizes["lz4"]) / count, "bytes/reading", 8, least=False)
    bar("codec_decode", count / decoding / 1e6, "M/s", 15)


if __name__ == "__main__":
    main()
