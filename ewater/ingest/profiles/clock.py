"""Times as sources write them: formats, zones, doubled hours, stamps of intervals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numba import njit

from ewater.ingest import parse, rows
from ewater.ingest.cells import BAD as _BAD
from ewater.ingest.cells import days_of as _days
from ewater.ingest.cells import digits_of as _digits
from ewater.ingest.cells import instant_of as _instant
from ewater.ingest.cells import number_of as _number
from ewater.ingest.cells import offset_of as _offset

if TYPE_CHECKING:
    from numpy.typing import NDArray

ISO, NUMERIC, WRITTEN = range(3)
LOCAL = np.int64(-(2**62))  # no offset was written
_ROOM = 64
_DAY_US = np.int64(86_400_000_000)
_ORIGIN_DAYS = {"excel": -25569, "excel_1904": -24107}  # serial 0, days since 1970
_SCALES = {"epoch_s": 1e6, "epoch_ms": 1e3, "excel": 86_400e6, "excel_1904": 86_400e6}
_DIRECTIVES = "YymdHIMSfbjpz"
_Y, _YY, _MONTH, _D, _H, _I, _MIN, _S, _F, _B, _J, _P, _Z = range(len(_DIRECTIVES))
_LITERAL, _SPACES = 256, 255
_DIGITS_OF = np.array([4, 2, 2, 2, 2, 2, 2, 2, 9, 0, 3, 0, 0])
_MONTHS = np.frombuffer(b"janfebmaraprmayjunjulaugsepoctnovdec", np.uint8)
_INTERVAL = re.compile(r"([1-9]\d*) ?(s|min|h|d|month)")
_UNITS_US = {"s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}


@dataclass(frozen=True, slots=True)
class Program:
    """A time format, compiled."""

    kind: int
    steps: NDArray[np.int16]
    scale: float = 0.0
    origin: int = 0


@cache
def program(given: str) -> Program:
    """Compile a format; raise ValueError naming what is allowed.

    Examples
    --------
    >>> program("%d.%m.%Y %H:%M").kind == WRITTEN
    True
    """
    nothing = np.empty(0, np.int16)
    if given == "iso":
        return Program(ISO, nothing)
    if given in _SCALES:
        origin = _ORIGIN_DAYS.get(given, 0) * int(_DAY_US)
        return Program(NUMERIC, nothing, _SCALES[given], origin)
    steps = []
    for mark, letter, literal in re.findall(r"(%(.)|([^%]))", given):
        if literal:
            space = literal.isspace()
            codes = [_SPACES] if space else [_LITERAL + b for b in literal.encode()]
            steps += codes
        elif letter in _DIRECTIVES:
            steps.append(_DIRECTIVES.index(letter))
        else:
            raise ValueError(_refused(given, f"{mark} is unknown"))
    names = {_DIRECTIVES[s] for s in steps if s < len(_DIRECTIVES)}
    day_is_known = "j" in names or ("d" in names and bool(names & {"m", "b"}))
    if not (names & {"Y", "y"} and day_is_known):
        raise ValueError(_refused(given, "it gives no whole date"))
    return Program(WRITTEN, np.array(steps, np.int16))


def _refused(given: str, why: str) -> str:
    return (
        f"time format {given!r}: {why}; write iso, epoch_s, epoch_ms, excel, "
        "excel_1904 or %Y %y %m %b %d %j %H %I %M %S %f %p %z and the text between"
    )


@cache
def interval(given: str) -> tuple[int, str]:
    """Length of an interval: a number of us, days or months, and which of them.

    Examples
    --------
    >>> interval("15 min"), interval("1 d"), interval("1 month")
    ((900000000, 'us'), (1, 'd'), (1, 'month'))
    """
    found = _INTERVAL.fullmatch(given)
    if found is None:
        raise ValueError(f"interval {given!r}; write such as 15 min, 1 h, 1 d, 1 month")
    count, unit = int(found[1]), found[2]
    if unit in _UNITS_US:
        return count * _UNITS_US[unit], "us"
    return count, unit


@cache
def fixed_offset(zone: str) -> int | None:
    """Microseconds east of UTC of ``UTC``, ``Z`` or ``+04:00``; None for a name."""
    if zone in ("UTC", "Z"):
        return 0
    raw = np.frombuffer(zone.encode(), np.uint8)
    if not re.fullmatch(r"[+-]\d\d(:?\d\d)?", zone):
        return None
    east = int(_offset(raw, 0, len(raw)))
    return None if east == _BAD else east


@njit(cache=True, nogil=True)
def _join(data, row, scratch):  # type: ignore[no-untyped-def]
    """Copy the cells of a row, a space between them; how many bytes, or -1."""
    n = 0
    for k in range(len(row)):
        if k:
            scratch[n] = 32
            n += 1
        if n + row[k, 1] - row[k, 0] + 1 > _ROOM:
            return -1
        for i in range(row[k, 0], row[k, 1]):
            scratch[n] = data[i]
            n += 1
    return n


@njit(cache=True, nogil=True)
def _month(text, i, n):  # type: ignore[no-untyped-def]
    """Read an English month of three letters; -1 if it is none."""
    if i + 3 > n:
        return -1
    for m in range(12):
        alike = True
        for k in range(3):
            alike &= text[i + k] | 32 == _MONTHS[3 * m + k]
        if alike:
            return m + 1
    return -1


@njit(cache=True, nogil=True)
def _fields(text, n, steps, field):  # type: ignore[no-untyped-def]  # noqa: C901
    """Fill the fields of a time by a format; return where it ended, or -1."""
    i = 0
    for step in steps:
        if step == _SPACES:
            start = i
            while i < n and (text[i] == 32 or text[i] == 9):
                i += 1
            if i == start:
                return -1
        elif step >= _LITERAL:
            if i == n or text[i] != step - _LITERAL:
                return -1
            i += 1
        elif step == _B:
            field[_MONTH] = _month(text, i, n)
            if field[_MONTH] < 0:
                return -1
            i += 3
        elif step == _P:
            if i + 2 > n or text[i + 1] | 32 != 109:
                return -1
            field[_P] = 1 if text[i] | 32 == 112 else 0
            i += 2
        elif step == _Z:
            start = i
            while i < n and text[i] != 32:
                i += 1
            field[_Z] = _offset(text, start, i)
            if field[_Z] == _BAD:
                return -1
        else:
            start = i
            while i < n and i - start < _DIGITS_OF[step] and 48 <= text[i] <= 57:
                i += 1
            if i == start or (step == _Y and i - start != 4):
                return -1
            field[step] = _digits(text, start, i)
            if step == _F:
                for _ in range(i - start, 6):
                    field[_F] *= 10
                for _ in range(6, i - start):
                    field[_F] //= 10
    return i


@njit(cache=True, nogil=True)
def _date(field, scratch):  # type: ignore[no-untyped-def]
    """Days since 1970 of year, month and day, or year and day of the year."""
    year = field[_Y]
    if field[_YY] >= 0:
        year = field[_YY] + (1900 if field[_YY] >= 69 else 2000)
    month, day = field[_MONTH], field[_D]
    of_year = field[_J]
    if of_year >= 0:
        month, day = np.int64(1), np.int64(1)
    if year < 1 or month < 0 or day < 0 or month > 99 or day > 99:
        return _BAD
    for k, part in enumerate((year // 100, year % 100, month, day)):
        at = 2 * k + (k >= 2) + (k >= 3)
        scratch[at], scratch[at + 1] = 48 + part // 10, 48 + part % 10
    scratch[4] = scratch[7] = 45
    days = _days(scratch, 0)
    if days == _BAD or of_year < 0:
        return days
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return days + of_year - 1 if 1 <= of_year <= 365 + leap else _BAD


@njit(cache=True, nogil=True)
def _written(text, n, steps, field, scratch):  # type: ignore[no-untyped-def]
    """Local microseconds of a written time and its offset, or a bad mark."""
    field[:] = -1
    field[_Z] = LOCAL
    if _fields(text, n, steps, field) != n:
        return _BAD, LOCAL
    days = _date(field, scratch)
    hour = max(field[_H], np.int64(0))
    if field[_I] >= 0:
        if field[_I] < 1 or field[_I] > 12 or field[_P] < 0:
            return _BAD, LOCAL
        hour = field[_I] % 12 + 12 * field[_P]
    minute, second = max(field[_MIN], np.int64(0)), max(field[_S], np.int64(0))
    fraction = max(field[_F], np.int64(0))
    midnight = hour == 24 and minute + second + fraction == 0  # loggers end a day so
    if days == _BAD or (hour > 23 and not midnight) or minute > 59 or second > 59:
        return _BAD, LOCAL
    whole = ((hour * 60 + minute) * 60 + second) * np.int64(1_000_000) + fraction
    return days * _DAY_US + whole, field[_Z]


@njit(cache=True, nogil=True)
def read(  # type: ignore[no-untyped-def]  # noqa: C901 - split it is slower
    data, found, kind, steps, scale, origin, todo, local, offset
):
    """Read the times of the rows in ``todo`` and mark those that are read as done.

    ``found`` (row, cell, 2) are the cells that make a time; ``local`` gets
    microseconds on the clock of the source, ``offset`` those east of UTC, or LOCAL.
    """
    text, scratch = np.empty(_ROOM, np.uint8), np.empty(16, np.uint8)
    field = np.empty(len(_DIGITS_OF), np.int64)
    for i in range(len(found)):
        if not todo[i]:
            continue
        n = _join(data, found[i], text)
        if n <= 0:
            continue
        at, east = _BAD, LOCAL
        if kind == WRITTEN:
            at, east = _written(text, n, steps, field, scratch)
        elif kind == NUMERIC:
            number, status = _number(text, 0, n)
            if status == 0 and abs(number * scale) < 2.5e17:
                at = np.int64(np.rint(number * scale)) + origin
                east = LOCAL if origin else np.int64(0)
        elif n >= 10:
            days = _days(text, 0)
            if days != _BAD and n == 10:
                at = days * _DAY_US
            elif days != _BAD and n >= 16:
                at, zoneless = _instant(text, 0, n, days)
                east = LOCAL if zoneless else np.int64(0)
        if at != _BAD:
            local[i], offset[i], todo[i] = at, east, False


def shifted(local: NDArray[np.int64], by: tuple[int, str]) -> NDArray[np.int64]:
    """Move the starts of intervals to their ends; days and months by the clock."""
    count, unit = by
    if unit == "us":
        return local + count
    if unit == "d":
        return local + count * int(_DAY_US)
    clock = local.view("M8[us]")
    month = clock.astype("M8[M]")
    moved: NDArray[np.int64] = (
        (month + count).astype("M8[us]") + (clock - month)
    ).view(np.int64)
    return moved


def to_utc(
    local: NDArray[np.int64], zone: str, rule: str, series: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Turn local microseconds of one zone into UTC, with a status for each.

    Parameters
    ----------
    local : (reading,), int64 us
        In the order of the file.
    zone
        IANA name or offset.
    rule
        What an hour is that the clock shows twice: ``first``, ``second``, ``reject``,
        or ``by_order``, which is the second from where a series goes back.
    series : (reading,)
        Which readings belong together.

    Notes
    -----
    METHODS 2, Time: an order rule or no time; what the clock skips is refused.
    """
    east = fixed_offset(zone)
    if east is not None:
        return local - east, np.full(len(local), rows.OK, np.uint8)
    utc, status = parse.to_utc(local, zone)
    utc = utc.copy()  # pandas lends it for reading only
    twice = np.flatnonzero(status == parse.status_of("ambiguous_time"))
    if rule == "reject" or len(twice) == 0:
        return utc, status
    known = np.ones(len(twice), np.bool_)
    first = np.full(len(twice), rule == "first")
    if rule == "by_order":
        first, known = _by_order(local[twice], series[twice])
    naive = pd.DatetimeIndex(local[twice].view("M8[us]"))
    aware = naive.tz_localize(zone, ambiguous=first).tz_convert("UTC").tz_localize(None)
    utc[twice[known]] = aware.to_numpy("M8[us]").view(np.int64)[known]
    status[twice[known]] = rows.OK
    return utc, status


def _by_order(
    local: NDArray[np.int64], series: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each time is of the first passage, and whether the order shows it.

    It does so where a series goes back once, no more and no less.
    """
    frame = pd.DataFrame({"series": series, "day": local // _DAY_US, "local": local})
    keys = [frame["series"], frame["day"]]
    back = frame["local"] <= frame.groupby(keys, sort=False)["local"].shift()
    times = back.groupby(keys, sort=False).cumsum().to_numpy()
    once = back.groupby(keys, sort=False).transform("sum").to_numpy() == 1
    return times == 0, once
