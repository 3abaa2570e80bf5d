"""What a person typed into a cell: a number, nothing, or something to put right."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.ingest.templates import limits

if TYPE_CHECKING:
    from ewater.ingest.templates.form import Column

_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_EITHER = re.compile(r"[+-]?\d{1,3},\d{3}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_TYPED = (str, int, float, dt.date, dt.time, dt.timedelta)


class CellError(ValueError):
    """The cell cannot be read; the text says why, and what to give."""


def text_of(value: Any) -> str:
    """Text of a cell as it is kept with a rejected reading."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(getattr(value, "text", value)).replace("\0", "\\x00").strip()


def is_blank(value: Any) -> bool:
    """Whether nothing was typed."""
    return value is None or (isinstance(value, str) and not value.strip())


def number(value: Any, data_type: str, column: Column) -> float:
    """Read a number.

    Parameters
    ----------
    value, data_type
        Of the cell, as openpyxl gives them.
    column
        What it is a number of.

    Raises
    ------
    CellError
        It is none, or none that can be.
    """
    said = text_of(value)
    if data_type == "f" or not isinstance(value, _TYPED):
        raise CellError(f"{said!r} is a formula and not evaluated; give its result")
    if data_type == "e":
        raise CellError(f"{said!r} is an error of Excel; give a number, or clear it")
    if isinstance(value, bool):
        raise CellError(f"{said!r} is no number; give one, or clear the cell")
    if isinstance(value, str):
        raise CellError(_of_text(said))
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        raise CellError(
            f"{said!r} is a date or time, which Excel makes of what looks like one; "
            "set the format of the cell to Number and type the number again"
        )
    if not np.isfinite(value):
        raise CellError(f"{said} is not finite; give a number, or clear the cell")
    least = limits.least(column)
    if least is not None and value < least:
        raise CellError(f"{said} is negative; give {least:g} or more")
    return float(value)


def _of_text(said: str) -> str:
    if _EITHER.fullmatch(said):
        point, plain = said.replace(",", "."), said.replace(",", "")
        return f"{said!r} is text that may mean {point} or {plain}; give the number"
    if _COMMA.fullmatch(said):
        point = said.replace(",", ".")
        return f"{said!r} is text with a decimal comma; give the number {point}"
    if _PLAIN.fullmatch(said):
        return f"{said!r} is a number kept as text; give the number {said}"
    return f"{said!r} is text; give a number without a unit, or clear the cell"


def date(value: Any, data_type: str, epoch: dt.datetime) -> dt.date:
    """Read the date of a row; serial numbers are counted from the book's epoch.

    Raises
    ------
    CellError
        It is none.
    """
    said = text_of(value)
    if is_blank(value):
        raise CellError("is empty")
    if data_type == "f" or isinstance(value, bool):
        raise CellError(f"says {said!r}, which is no date")
    if isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise CellError(f"says {said!r}, a time of day besides")
        return value.date()
    if isinstance(value, int | float) and float(value).is_integer():
        from openpyxl.utils.datetime import from_excel

        found = from_excel(value, epoch)
        if isinstance(found, dt.datetime):
            return found.date()
    if isinstance(value, str) and _ISO.fullmatch(said):
        try:
            return dt.date.fromisoformat(said)
        except ValueError:
            pass
    raise CellError(f"says {said!r}, which is no date such as 2024-03-05")
