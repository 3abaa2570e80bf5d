"""Workbooks and Parquet files as lines of text, numbers to the last digit."""

from __future__ import annotations

import datetime as dt
import io
import time
import zipfile
from typing import TYPE_CHECKING, Any

from ewater.workbooks import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ewater.ingest.profiles.model import Profile

_MOST_CELLS = 20_000_000
_MOST_SECONDS = 300.0


def xlsx(raw: bytes, profile: Profile) -> Iterator[list[str]]:
    """Rows of a sheet, blank ones too; formulas stay text and are never evaluated."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    check_size(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        raise ValueError(f"no workbook: {error}") from error
    names = book.sheetnames
    wanted = profile.sheet or names[0]
    if wanted not in names:
        raise ValueError(f"no sheet {wanted!r}; it has {', '.join(names)}")
    decimal, cells = profile.text.decimal, 0
    latest = time.monotonic() + _MOST_SECONDS
    width = None
    for number, row in enumerate(book[wanted].iter_rows(values_only=True)):
        said = [_cell(value, decimal) for value in row]
        cells += len(said)
        if cells > _MOST_CELLS:
            raise ValueError(f"more than {_MOST_CELLS:,} cells")
        if number % 1000 == 0 and time.monotonic() > latest:
            raise ValueError(f"it is not read after {_MOST_SECONDS:g} s")
        if number == profile.text.skip:  # blank columns behind the header are none
            width = max((k + 1 for k, word in enumerate(said) if word), default=0)
        if width is not None:
            said = (said + [""] * (width - len(said)))[:width] if any(said) else []
        yield said


def _cell(value: Any, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float | int):
        return repr(value).replace(".", decimal)
    if isinstance(value, dt.datetime):
        rounded = value + dt.timedelta(microseconds=500)  # serials are not exact
        return rounded.isoformat(timespec="milliseconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value).strip()


def parquet(raw: bytes, profile: Profile) -> Iterator[bytes]:
    """Header and rows; times become UTC text, numbers keep every digit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened: Any = pq.ParquetFile
    try:
        file: Any = opened(io.BytesIO(raw))
    except pa.ArrowException as error:
        raise ValueError(f"no Parquet file: {error}") from error
    yield ("\t".join(file.schema_arrow.names) + "\n").encode()
    try:
        for batch in file.iter_batches():
            yield _lines([_texts(c, profile.text.decimal) for c in batch.columns])
    except pa.ArrowException as error:
        raise ValueError(f"broken Parquet: {error}") from error


def _lines(columns: list[Any]) -> bytes:
    """Join columns of text to lines, all rows at once."""
    import pyarrow as pa
    import pyarrow.compute as arrow_compute

    pc: Any = arrow_compute
    rows = pc.binary_join_element_wise(
        *columns, "\t", null_handling="replace", null_replacement=""
    )
    ended = pc.binary_join_element_wise(rows, "", "\n")
    data: bytes = pa.concat_arrays([ended]).buffers()[2].to_pybytes()
    ends = len(data) if len(ended) else 0
    return data[:ends]


def _texts(column: Any, decimal: str) -> Any:
    """Text of a column; what has none, such as a list, is left empty."""
    import pyarrow as pa
    import pyarrow.compute as arrow_compute

    pc: Any = arrow_compute  # its functions are made when it is imported
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        plain = column.cast(pa.timestamp("us", "UTC" if zoned else None), safe=False)
        return plain.cast(pa.string())
    texts = column.cast(pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.replace_substring_regex(texts, "[\t\r\n]", " ")
    if decimal != "." and pa.types.is_floating(kind):
        return pc.replace_substring(texts, ".", decimal)
    return texts
