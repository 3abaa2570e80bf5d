"""What a workbook asks for, and how it carries that within itself.

A hidden sheet names the kind, the calendar, the days and, for every column, the
series, its unit and what its heading says. The reader goes by it alone: a workbook
means what it told the operator, whatever the registry has become since.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ewater.series.calendars import Calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

IDENTITY = "_ewater"  # name of the hidden sheet
MARK = "ewater template"
VERSION = "1"
TITLE, NOTE, LABEL, UNIT, CODE, FIRST = range(1, 7)  # rows of a sheet, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of values.

    ``at`` is the local time ``HH:MM`` of an instant, empty for a whole day; ``label``
    and ``shown`` stand in its heading, ``unit`` is that of its numbers.
    """

    series: str
    quantity: str
    signal: str
    unit: str
    at: str
    label: str
    shown: str

    @property
    def key(self) -> str:
        """What the row of codes says."""
        return f"{self.series} {self.at}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The table of one site; its columns stand from B on."""

    name: str
    title: str
    columns: tuple[Column, ...]

    @property
    def remark(self) -> int:
        """Number of the column for remarks, from 1."""
        return len(self.columns) + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A workbook: sheets of one kind over the days ``[start, end)``."""

    kind: str
    language: str
    calendar: Calendar
    start: dt.date
    end: dt.date
    sheets: tuple[Sheet, ...]

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.end - self.start).days


def identity(form: Form) -> list[list[str]]:
    """Rows of the hidden sheet; the last one seals the others."""
    calendar = form.calendar
    rows = [
        [MARK, VERSION, form.kind, form.language],
        [
            "calendar",
            calendar.code,
            calendar.timezone,
            calendar.day_start,
            calendar.year_start,
        ],
        ["days", form.start.isoformat(), form.end.isoformat()],
    ]
    for sheet in form.sheets:
        rows.append(["sheet", sheet.name, sheet.title])
        rows += [
            ["column", c.series, c.quantity, c.signal, c.unit, c.at, c.label, c.shown]
            for c in sheet.columns
        ]
    return [*rows, ["seal", _seal(rows)]]


def of_identity(rows: Sequence[Sequence[str]]) -> Form:
    """Read the hidden sheet.

    Raises
    ------
    ValueError
        It is of another version, or not as it was written.
    """
    rows = [list(row) for row in rows if any(row)]
    if not rows or rows[0][0] != MARK:
        raise ValueError("its hidden sheet is not that of a template")
    if rows[0][1] != VERSION:
        raise ValueError(f"it is of version {rows[0][1]}, this ewater reads {VERSION}")
    if rows[-1][:2] != ["seal", _seal(rows[:-1])]:
        raise ValueError("its hidden sheet was changed")
    edges = [number for number, row in enumerate(rows) if row[0] == "sheet"]
    sheets = [
        Sheet(
            name=rows[a][1],
            title=rows[a][2],
            columns=tuple(_column(row) for row in rows[a + 1 : b]),
        )
        for a, b in pairwise([*edges, len(rows) - 1])
    ]
    return Form(
        kind=rows[0][2],
        language=rows[0][3],
        calendar=Calendar(*rows[1][1:5]),
        start=dt.date.fromisoformat(rows[2][1]),
        end=dt.date.fromisoformat(rows[2][2]),
        sheets=tuple(sheets),
    )


def _column(row: Sequence[str]) -> Column:
    series, quantity, signal, unit, at, label, shown = [*row, "", ""][1:8]
    return Column(
        series=series,
        quantity=quantity,
        signal=signal,
        unit=unit,
        at=at,
        label=label,
        shown=shown,
    )


def _seal(rows: Sequence[Sequence[str]]) -> str:
    text = "\n".join("\t".join(row).rstrip("\t") for row in rows)
    return hashlib.sha256(text.encode()).hexdigest()
