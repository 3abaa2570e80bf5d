"""What was typed into cells: numbers, text, nothing, or something to put right."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Objects = NDArray[np.object_]

_COMMA = re.compile(r"[+-]?\d+,\d+")
_EITHER = re.compile(r"[+-]?\d{1,3},\d{3}")
_TIMES = (dt.date, dt.time, dt.timedelta)


class Formula(str):
    """A formula of a workbook, which is never evaluated."""

    __slots__ = ()


class Kept(str):
    """Text of a workbook's cell: also where it looks like a number, it is text."""

    __slots__ = ()


def is_blank(value: Any) -> bool:
    """Whether nothing was given.

    Examples
    --------
    >>> is_blank(" "), is_blank(None), is_blank(0)
    (True, True, False)
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return isinstance(value, float) and bool(np.isnan(value))


def number(value: Any) -> tuple[float, str]:
    """Read a number; the second part names what is wrong, empty if nothing is.

    Examples
    --------
    >>> number("12.5"), number("1,234"), number("12,5")
    ((12.5, ''), (nan, 'ambiguous'), (nan, 'decimal_comma'))
    >>> number(Formula("=A1")), number(True), number("much")
    ((nan, 'formula'), (nan, 'boolean'), (nan, 'text'))
    """
    if is_blank(value):
        return np.nan, ""
    if isinstance(value, Formula):
        return np.nan, "formula"
    if isinstance(value, bool | np.bool_):
        return np.nan, "boolean"
    if isinstance(value, _TIMES):
        return np.nan, "date"
    if isinstance(value, str):
        return _of_text(value.strip(), kept=isinstance(value, Kept))
    if not isinstance(value, int | float | np.number):
        return np.nan, "text"
    found = float(value)
    return (found, "") if np.isfinite(found) else (np.nan, "not_finite")


def _of_text(said: str, *, kept: bool) -> tuple[float, str]:
    if said.startswith("="):
        return np.nan, "formula"
    if _EITHER.fullmatch(said):
        return np.nan, "ambiguous"
    if _COMMA.fullmatch(said):
        return np.nan, "decimal_comma"
    try:
        found = float(said)
    except ValueError:
        return np.nan, "text"
    if "_" in said or not said.isascii():
        return np.nan, "text"
    if not np.isfinite(found):
        return np.nan, "not_finite"
    return (np.nan, "number_as_text") if kept else (found, "")


def numbers(raw: Objects) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Read a column of numbers.

    Returns
    -------
    values
        NaN where nothing, or no number, was given.
    problems
        By position, what is wrong.
    """
    values = np.full(len(raw), np.nan)
    problems: dict[int, str] = {}
    plain = np.fromiter((type(v) is float for v in raw), np.bool_, len(raw))
    values[plain] = raw[plain].astype(np.float64)
    for at in np.flatnonzero(~plain | np.isinf(values)):
        values[at], problem = number(raw[at])
        if problem:
            problems[int(at)] = problem
    return values, problems


def texts(raw: Objects) -> Objects:
    """Read a column of text; None where nothing was given."""
    found = [None if is_blank(value) else _text(value) for value in raw]
    return np.array(found, dtype=object)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return " ".join(str(value).split())


def significant(said: str) -> int:
    """How many digits a number was written with.

    Examples
    --------
    >>> significant("0.00120"), significant("123456789012345")
    (3, 15)
    """
    digits = re.sub(r"[eE].*|\D", "", said)
    return len(digits.lstrip("0"))
