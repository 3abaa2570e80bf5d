"""Whole frames into and out of ordinary tables, through COPY."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql

if TYPE_CHECKING:
    import pandas as pd
    from psycopg import Connection as PsycopgConnection
    from sqlalchemy import Connection, Table


def _driver(connection: Connection) -> PsycopgConnection[tuple[object, ...]]:
    driver: PsycopgConnection[tuple[object, ...]] = (
        connection.connection.driver_connection  # type: ignore[assignment]
    )
    return driver


def copy_in(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Append a frame to a table within the caller's transaction.

    Column names of the frame are columns of the table; NaN, NaT and None become
    NULL; times are UTC.
    """
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    names = sql.SQL(", ").join(sql.Identifier(str(c)) for c in frame.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table.name), names
    )
    buffer = io.BytesIO()
    pa_csv.write_csv(arrow, buffer, pa_csv.WriteOptions(include_header=False))
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(buffer.getbuffer())


def copy_out(connection: Connection, table: Table, run: str) -> pd.DataFrame:
    """Read all rows of one run, in order of the primary key, without its column.

    Returns
    -------
    pandas.DataFrame
        NULL is NaN; times are naive UTC, in microseconds.
    """
    columns = [column for column in table.columns if column.name != "run"]
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    keys = [c.name for c in table.primary_key.columns if c.name != "run"]
    order = sql.SQL(", ").join(sql.Identifier(name) for name in keys)
    statement = sql.SQL(
        "COPY (SELECT {} FROM {} WHERE run = {} ORDER BY {}) TO STDOUT (FORMAT csv)"
    ).format(names, sql.Identifier(table.name), sql.Literal(run), order)
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        data = b"".join(bytes(block) for block in copy)
    types = {
        column.name: _ARROW.get(type(column.type).__name__, pa.string())
        for column in columns
    }
    frame: pd.DataFrame
    if not data:
        frame = pa.table({n: pa.array([], t) for n, t in types.items()}).to_pandas()
        return frame
    frame = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(column_names=list(types)),
        convert_options=pa_csv.ConvertOptions(
            column_types=types,
            timestamp_parsers=["%Y-%m-%d %H:%M:%S%z", pa_csv.ISO8601],
        ),
    ).to_pandas()
    return frame


_ARROW = {
    "Double": pa.float64(),
    "SmallInteger": pa.int8(),
    "DateTime": pa.timestamp("us", "UTC"),
}
