"""A block of a readings file becomes checked rows in SI and rejects with reasons."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.ingest import rows
from ewater.terms import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HEADERS = ("series,time,value", "series,time,value,flag")
FUTURE_US = 10 * 60 * 1_000_000  # METHODS 3: not more than ten minutes ahead

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_STRANGE = re.compile(r'["\r\n]')  # in a cell, where quotes have been undone
_MISSING = re.compile(r"[+-]?nan", re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(inf|infinity)", re.IGNORECASE)

#: Reasons a row is rejected for, and what would be right.
REASONS = {
    "cells": "wrong number of cells: the row is cut off or has cells too many; "
    "write series,time,value and, where the header has it, flag",
    "unknown_series": "no series of this code is registered; register it with "
    "`ewater load`, then run `ewater rejects --replay`",
    "time": "not a time; write ISO 8601 such as 2024-05-01T10:00:00+04:00",
    "no_zone": "the time has no offset and the series no time zone; write the offset",
    "ambiguous_time": "the clock shows this local time twice; write the offset",
    "nonexistent_time": "the clock skips this local time; write the offset",
    "future": "more than 10 minutes in the future; correct the clock of the source",
    "no_value": "no value; leave the row out, a gap says the same",
    "value": "not a number; write a decimal point and no unit, such as 12.5",
    "not_finite": "infinite, or larger than any quantity; leave the row out, a gap "
    "says the same",
    "flag": "not a flag; write 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing",
    "conflict": "this file gives the instant another reading as well; keep one row",
    "cell": "",
    "formula": "a formula, which is not evaluated; write its value",
    "qualifier": "the profile refuses rows that say so; map the qualifier in flags",
    "unit": "the unit does not fit the quantity of the series; correct the profile",
    "not_allowed": "the key of the post may not write this series; give it one that "
    "may with `ewater key add`",
    "wrong_unit": "say so with `ewater rejects --load N --replay --accept-unit` if the "
    "readings are right; else load the file by a profile that names its unit",
    "unknown_enterprise": "register it with `ewater load`, then run "
    "`ewater rejects --replay`",
}
HELD = ("unknown_series", "unknown_enterprise", "wrong_unit")

_BY_STATUS = {
    rows.CELLS: "cells",
    rows.SERIES: "unknown_series",
    rows.TIME: "time",
    rows.NO_VALUE: "no_value",
    rows.VALUE: "value",
    rows.FLAG: "flag",
    rows.FUTURE: "future",
    rows.NOT_FINITE: "not_finite",
}
_CODES = tuple(REASONS)
_NOWHERE = np.empty(0, np.int64)
_LATER = 64  # statuses from here on are reasons found after the compiled pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that is not loaded."""

    line: int
    reason: str
    raw: str
    detail: str = ""
    column: str = ""  # of a wide row; each of its cells is a reading

    @property
    def held(self) -> bool:
        """Whether it may be loaded later."""
        return self.reason in HELD

    @property
    def message(self) -> str:
        """What is wrong with the row, and what would be right."""
        said = (self.detail, REASONS[self.reason])
        return ": ".join(part for part in said if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What is known of the series before a file is read; arrays run over series."""

    codes: Sequence[str]
    ids: NDArray[np.int32]
    factor: NDArray[np.float64]
    zones: Sequence[str | None]
    lookup: rows.Codes = field(repr=False)
    quantities: Sequence[str] = ()

    @staticmethod
    def of(
        codes: Sequence[str],
        ids: NDArray[np.int32],
        factor: NDArray[np.float64],
        zones: Sequence[str | None],
        quantities: Sequence[str] = (),
    ) -> Schema:
        """Add the compiled lookup."""
        if len(codes) == 0:  # rows of no series still look up their factor
            factor = np.ones(1)
        return Schema(
            codes=codes,
            ids=ids,
            factor=factor,
            zones=zones,
            lookup=rows.Codes(codes),
            quantities=quantities,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Accepted rows of one block, and its rejects.

    ``series`` numbers the series of the schema; ``time`` is int64 us UTC; ``line``
    counts in the file, ``first`` and ``last`` are the row's bytes in the block: these
    three are empty where nobody asked for them.
    ``column`` numbers ``columns`` where a line has readings of several.
    """

    series: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    line: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    rejects: list[Reject]
    column: NDArray[np.int32] | None = None
    columns: Sequence[str] = ("",)
    outside: int = 0  # rows that were left out by `within`

    @property
    def rows_read(self) -> int:
        """Rows that are not blank, accepted or not."""
        return len(self.series) + len(self.rejects)

    def renumbered(self, lines: NDArray[np.int64]) -> Parsed:
        """Name other lines: those the rows, from line 2 on, were copied from."""
        rejects = [replace(r, line=int(lines[r.line - 2])) for r in self.rejects]
        return replace(self, line=lines[self.line - 2], rejects=rejects)

    def only(self, wanted: frozenset[tuple[int, str]]) -> Parsed:
        """Keep the rows of some lines and columns."""
        column = self.column if self.column is not None else np.zeros_like(self.line)
        names = [self.columns[place] for place in column.tolist()]
        place = zip(self.line.tolist(), names, strict=True)
        keep = np.array([cell in wanted for cell in place], np.bool_)
        rejects = [r for r in self.rejects if (r.line, r.column) in wanted]
        return replace(self.take(keep), rejects=rejects)

    def take(self, keep: NDArray[np.bool_]) -> Parsed:
        """Keep some of the accepted rows, and every reject."""
        return replace(
            self,
            series=self.series[keep],
            time=self.time[keep],
            value=self.value[keep],
            flag=self.flag[keep],
            line=self.line[keep],
            first=self.first[keep],
            last=self.last[keep],
            column=None if self.column is None else self.column[keep],
        )

    def within(self, start_us: int, end_us: int) -> Parsed:
        """Leave out accepted rows before a start, and from an end on."""
        keep = (self.time >= start_us) & (self.time < end_us)
        if keep.all():
            return self
        return replace(self.take(keep), outside=int(len(keep) - keep.sum()))


def status_of(reason: str) -> int:
    """Status of a row that is rejected for a reason."""
    return _LATER + _CODES.index(reason)


def reason_of(status: int) -> str:
    """Reason of the status of a rejected row."""
    return _CODES[status - _LATER] if status >= _LATER else _BY_STATUS[status]


def slow_number(text: str) -> tuple[float, int]:
    """Read a number the compiled reader left over, exactly as Python does.

    NaN is no fault: it says that the value is missing.
    """
    if _MISSING.fullmatch(text):
        return np.nan, rows.OK
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value, rows.OK if np.isfinite(value) else status_of("not_finite")
    return 0.0, status_of("not_finite" if _NOT_FINITE.fullmatch(text) else "value")


def _unquoted(line: bytes) -> bytes:
    """Write a row without quotes; a quoted comma makes it a cell too many."""
    text = line.decode("utf-8", "surrogateescape")
    try:
        cells = next(iter(csv.reader([text])), [])
    except csv.Error:
        cells = text.split(",")
    plain = ",".join(_STRANGE.sub("\N{REPLACEMENT CHARACTER}", cell) for cell in cells)
    return plain.encode("utf-8", "surrogateescape") if plain.strip() else b","


class _Block:
    """The rows of a block while their statuses are settled."""

    def __init__(self, data: bytes, wanted: int, schema: Schema, now_us: int) -> None:
        self.data, self.wanted, self.schema = data, wanted, schema
        self.latest = now_us + FUTURE_US
        self.plain: dict[int, bytes] = {}  # rows whose quotes were undone
        arrays, self.settled = self._read(data)
        self.series, self.time, self.value, self.flag, self.local, self.status = arrays

    def _read(self, data: bytes) -> tuple[list[Any], bool]:
        found = np.frombuffer(data, np.uint8)
        out = rows.room(rows.count_lines(found) + 1)
        count, settled = rows.read(
            found,
            self.wanted,
            self.schema.lookup.arrays,
            self.schema.factor,
            self.latest,
            out,
        )
        return [array[:count] for array in out], settled

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], ...]:
        """Line from 0, first and end byte of each row."""
        found = tuple(np.empty(len(self.series), np.int64) for _ in range(3))
        rows.places(np.frombuffer(self.data, np.uint8), *found)
        return found

    def raw(self, row: int) -> bytes:
        """Bytes of a row as received."""
        _, first, last = self.places
        return self.data[int(first[row]) : int(last[row])]

    def settle_quoted(self) -> None:
        """Read rows with quotes again, without them."""
        quoted = np.flatnonzero(self.status == rows.QUOTED)
        if len(quoted) == 0:
            return
        plain = [_unquoted(self.raw(int(row))) for row in quoted]
        data = b"\n".join(plain)
        again, _ = self._read(data)
        series, time, value, flag, local, status = again
        self.series[quoted], self.time[quoted] = series, time
        self.value[quoted], self.flag[quoted] = value, flag
        self.local[quoted], self.status[quoted] = local, status
        self.plain = dict(zip(quoted.tolist(), plain, strict=True))

    def settle_numbers(self) -> None:
        """Read the numbers that the compiled reader left over."""
        for row in np.flatnonzero(self.status == rows.NUMBER).tolist():
            line = self.plain.get(row) or self.raw(row)
            text = line.split(b",")[2].strip(b" \t\r").decode("utf-8", "replace")
            self.value[row], self.status[row] = slow_number(text)
            if np.isnan(self.value[row]):
                self.flag[row] = Flag.MISSING

    def settle_local(self) -> None:
        """Turn local times of a series' zone into UTC."""
        local = np.flatnonzero(self.local & (self.status == rows.OK))
        if len(local) == 0:
            return
        zones = np.array([zone or "" for zone in self.schema.zones])
        zone_of_row = zones[self.series[local]]
        for zone in np.unique(zone_of_row):
            which = local[zone_of_row == zone]
            if not zone:
                self.status[which] = status_of("no_zone")
                continue
            self.time[which], self.status[which] = to_utc(self.time[which], str(zone))

    def settle(self) -> None:
        """Settle what the compiled reader left over."""
        self.settle_quoted()
        late = np.flatnonzero(self.local | (self.status == rows.NUMBER))
        self.settle_numbers()
        self.settle_local()
        self._settle_values(late[self.status[late] == rows.OK])

    def _settle_values(self, late: NDArray[np.intp]) -> None:
        """Convert to SI; refuse what is ahead of the clock."""
        self.status[late[self.time[late] > self.latest]] = rows.FUTURE
        with np.errstate(over="ignore"):  # what overflows is refused below
            self.value[late] *= self.schema.factor[self.series[late]]
        fine = late[self.status[late] == rows.OK]
        self.status[fine[np.isinf(self.value[fine])]] = rows.NOT_FINITE

    def rejects(self, first_line: int) -> list[Reject]:
        """Rows that cannot be loaded."""
        return [
            Reject(
                line=int(self.places[0][row]) + first_line,
                reason=reason_of(int(self.status[row])),
                raw=readable(self.raw(int(row))),
            )
            for row in np.flatnonzero(self.status != rows.OK)
        ]


def readable(raw: bytes) -> str:
    """Text of a row; bytes that are no text are written as escapes."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def to_utc(
    local: NDArray[np.int64], zone: str
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Turn local microseconds into UTC, with a status for each.

    Times that the clock shows twice or never are not guessed (METHODS 2, Time).
    """
    naive = pd.DatetimeIndex(local.view("M8[us]"))
    aware = naive.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    status = np.full(len(local), rows.OK, np.uint8)
    lost = np.asarray(aware.isna())
    if lost.any():
        twice = naive[lost].tz_localize(
            zone, ambiguous=np.ones(int(lost.sum()), bool), nonexistent="NaT"
        )
        status[lost] = np.where(
            twice.isna(), status_of("nonexistent_time"), status_of("ambiguous_time")
        )
    utc = aware.tz_convert("UTC").tz_localize(None).to_numpy("M8[us]")
    return utc.view(np.int64), status


def parse(
    data: bytes,
    *,
    cells: int,
    first_line: int,
    schema: Schema,
    now_us: int,
    placed: bool = True,
) -> Parsed:
    """Read one block of whole rows.

    Parameters
    ----------
    data
        Bytes of the rows, without the header.
    cells
        3, or 4 where the header names ``flag``.
    first_line
        Number of the block's first line in its file, counted from 1.
    schema
        The registered series.
    now_us
        The present, microseconds UTC: later readings are refused.
    placed
        Whether to say where accepted rows stand; rejects say it always.

    Returns
    -------
    Parsed
        Every row that is not blank is in it once, accepted or rejected.
    """
    block = _Block(data, cells, schema, now_us)
    fine: NDArray[np.bool_] | slice = slice(None)  # which copies nothing
    if not block.settled:
        block.settle()
        fine = block.status == rows.OK
    line, first, last = block.places if placed else (_NOWHERE,) * 3
    chosen = fine if placed else slice(None)
    return Parsed(
        series=block.series[fine],
        time=block.time[fine],
        value=block.value[fine],
        flag=block.flag[fine],
        line=line[chosen] + first_line,
        first=first[chosen],
        last=last[chosen],
        rejects=[] if block.settled else block.rejects(first_line),
    )
