"""Between the text of a cell and the typed columns of a frame."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ewater.store.folder_schema import MEANING_OF_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ewater.store.folder_schema import Column

    Cells = Sequence[str | None]
    Wrong = list[tuple[int, str, str]]  # row, message, what is allowed

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_BOOLEANS = {"true": True, "false": False}
TIME_DTYPE = "datetime64[us, UTC]"


def typed(column: Column, cells: Cells, zone: str | None) -> tuple[pd.Series, Wrong]:
    """Turn the text of one column into its type.

    Parameters
    ----------
    column
        What the cells may hold.
    cells
        Text; None where the cell is not given.
    zone
        Zone of times without an offset; None if the country has no single one.

    Returns
    -------
    pandas.Series, list
        Values, missing where a cell is not given or wrong; and what is wrong.
    """
    if column.default is not None:
        cells = [column.default if cell is None else cell for cell in cells]
    if column.type == "number":
        return _numbers(cells)
    if column.type == "boolean":
        return _booleans(cells)
    if column.type == "time":
        return _times(cells, zone)
    return pd.Series(list(cells), dtype="str"), []


def _numbers(cells: Cells) -> tuple[pd.Series, Wrong]:
    values = np.full(len(cells), np.nan)
    wrong: Wrong = []
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        number = float(cell) if _NUMBER.fullmatch(cell) else np.nan
        if np.isfinite(number):
            values[row] = number
        else:
            message = f"{cell!r} is not a finite number"
            wrong.append((row, message, MEANING_OF_TYPE["number"]))
    return pd.Series(values), wrong


def _booleans(cells: Cells) -> tuple[pd.Series, Wrong]:
    wrong = [
        (row, f"{cell!r} is neither true nor false", MEANING_OF_TYPE["boolean"])
        for row, cell in enumerate(cells)
        if cell not in _BOOLEANS
    ]
    values = [_BOOLEANS.get(cell or "", False) for cell in cells]
    return pd.Series(values, dtype=bool), wrong


def _times(cells: Cells, zone: str | None) -> tuple[pd.Series, Wrong]:
    distinct = {cell: _time(cell, zone) for cell in set(cells) if cell is not None}
    values = [None if cell is None else distinct[cell][0] for cell in cells]
    wrong = [
        (row, *fault)
        for row, cell in enumerate(cells)
        if cell is not None and (fault := distinct[cell][1])
    ]
    return pd.Series(values, dtype=TIME_DTYPE), wrong


def _time(
    cell: str, zone: str | None
) -> tuple[pd.Timestamp | None, tuple[str, str] | None]:
    match = _TIME.fullmatch(cell)
    allowed = MEANING_OF_TYPE["time"]
    if match is None:
        return None, (f"{cell!r} is not a time", allowed)
    try:
        stamp = pd.Timestamp(cell)
    except ValueError:
        return None, (f"{cell!r} does not exist", allowed)
    if match[4] is not None:
        return stamp.tz_convert("UTC"), None
    if zone is None:
        return None, (
            f"{cell!r} has no offset, and no single time zone is given",
            "an offset such as +04:00, or one zone in calendars.csv",
        )
    try:
        local = stamp.tz_localize(zone, ambiguous="raise", nonexistent="raise")
    except ValueError:
        return None, (
            f"{cell!r} is skipped or comes twice when the clocks of {zone} change",
            "the same time with its offset, such as +04:00",
        )
    return local.tz_convert("UTC"), None


def number_text(value: float) -> str:
    """Write a number so that reading it gives the same one, as short as can be.

    Examples
    --------
    >>> number_text(16400000000.0), number_text(0.1), number_text(1e300)
    ('16400000000', '0.1', '1e+300')
    """
    return repr(float(value)).removesuffix(".0")


def time_text(zone: str) -> Callable[[pd.Timestamp], str]:
    """Write times with the offset of a zone; in UTC where that has seconds."""
    place = ZoneInfo(zone)

    @cache
    def write(stamp: pd.Timestamp) -> str:
        local = stamp.tz_convert(place)
        offset = local.utcoffset()
        if offset is None or offset.total_seconds() % 60:
            local = stamp
        return local.isoformat()

    return write


def texts(column: Column, values: pd.Series, zone: str) -> list[str | None]:
    """Write the cells of one column; None where a value is not given."""
    writers: dict[str, Callable[[Any], str]] = {
        "number": number_text,
        "boolean": lambda value: "true" if value else "false",
        "time": time_text(zone),
    }
    write = writers.get(column.type, str)
    missing = values.isna()
    return [
        None if absent else write(value)
        for value, absent in zip(values, missing, strict=True)
    ]
