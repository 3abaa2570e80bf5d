"""Reads filled-in workbooks the way profiles read files: landed, checked, published.

A block is a line of JSON for each cell that holds something, so that what is wrong
with a cell is known by its place however the load goes on.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.errors import Fault, FaultsError, UsageError
from ewater.ingest import rows
from ewater.ingest.parse import FUTURE_US, Parsed, Reject, reason_of, to_utc
from ewater.ingest.templates import book as books
from ewater.ingest.templates import cells, limits
from ewater.ingest.templates.form import FIRST
from ewater.series import calendars
from ewater.terms import Flag
from ewater.units import factor_to_si
from ewater.workbooks import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ewater.ingest.parse import Schema
    from ewater.ingest.source import Source
    from ewater.ingest.templates.form import Column, Form, Sheet

SAID = '{"template": 1}'  # what a load keeps of how it was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One cell that holds something; ``problem`` says why it is no reading."""

    place: str
    row: int
    series: str
    unit: str
    time: int
    value: float | None
    raw: str
    problem: str = ""
    reason: str = "cell"

    def line(self) -> bytes:
        """Write it as a line."""
        said = [
            self.place, self.row, self.series, self.unit, self.time, self.value,
            self.raw, self.problem, self.reason,
        ]  # fmt: skip
        return (json.dumps(said) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A cell that was left empty: no reading, whatever was handed in before."""

    place: str
    series: str
    time: int


class Reader:
    """Reads one workbook.

    Attributes
    ----------
    blanks
        Cells that were left empty, known once the workbook was read.
    """

    def __init__(self) -> None:
        self.blanks: list[Blank] = []

    def bodies(
        self, source: Source, tap: Callable[[bytes], None] | None = None
    ) -> Iterator[tuple[bytes, int]]:
        """Give the cells of a workbook in one block.

        Raises
        ------
        FaultsError
            It is damaged, or its sheets and headings are not as they were written.
        """
        raw = _whole(source, tap)
        self.blanks = []
        lines: list[bytes] = []
        with books.opened(raw, source.name) as book:
            form = books.form_of(book, source.name)
            books.check(book, form, source.name)
            stamps = _Stamps(form)
            for sheet in form.sheets:
                table = _Table(sheet, stamps, book.epoch)
                page = books.limited(book[sheet.name].iter_rows(min_row=FIRST))
                lines += [given.line() for given in table.read(page)]
                self.blanks += table.blanks
        yield b"".join(lines), 1

    def parse(
        self, body: bytes, first_line: int, schema: Schema, now_us: int
    ) -> Parsed:
        """Settle the cells of a block with the registry."""
        del first_line  # a cell has a place of its own
        lines = body.splitlines(keepends=True)
        given = [Given(**_named(json.loads(line))) for line in lines]
        known = {code: at for at, code in enumerate(schema.codes)}
        ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
        settled = [_settled(cell, known, schema, now_us) for cell in given]
        fine = np.array([isinstance(found, float) for found in settled], np.bool_)
        kept = [cell for cell, ok in zip(given, fine, strict=True) if ok]
        return Parsed(
            series=np.array([known[cell.series] for cell in kept], np.int32),
            time=np.array([cell.time for cell in kept], np.int64),
            value=np.array([v for v in settled if isinstance(v, float)], np.float64),
            flag=np.full(len(kept), Flag.NOT_EVALUATED, np.uint8),
            line=np.array([cell.row for cell in kept], np.int64),
            first=(ends - [len(line) for line in lines])[fine].astype(np.int64),
            last=(ends[fine] - 1).astype(np.int64),
            rejects=[found for found in settled if isinstance(found, Reject)],
            column=np.arange(len(kept), dtype=np.int32),
            columns=[cell.place for cell in kept],
        )


def _named(said: Sequence[Any]) -> dict[str, Any]:
    names = Given.__slots__
    return dict(zip(names, said, strict=True))


def _settled(
    cell: Given, known: dict[str, int], schema: Schema, now_us: int
) -> float | Reject:
    """Value of a cell in SI, or why it has none."""
    reason, detail = cell.reason, cell.problem
    if not detail and cell.reason == "cell":
        at = known.get(cell.series)
        if at is None:
            reason, detail = "unknown_series", f"series {cell.series}"
        else:
            try:
                factor = factor_to_si(cell.unit, schema.quantities[at])
            except UsageError as error:
                reason, detail = "unit", str(error)
            else:
                if cell.time <= now_us + FUTURE_US:
                    return float(cell.value or 0.0) * factor
                reason = "future"
    return Reject(
        line=cell.row, reason=reason, raw=cell.raw, detail=detail, column=cell.place
    )


def _whole(source: Source, tap: Callable[[bytes], None] | None) -> bytes:
    if source.size > books.LARGEST:
        message = f"{source.size:,} bytes are too many for a template"
        allowed = f"at most {books.LARGEST:,}; hand in shorter spans"
        fault = Fault(
            file=source.name, line=None, column=None, message=message, allowed=allowed
        )
        raise FaultsError([fault])
    parts = []
    for part in source.blocks():
        parts.append(part)
        if tap:
            tap(part)
    return b"".join(parts)


class _Stamps:
    """UTC of every day and time of day of a form, and how long its days are."""

    def __init__(self, form: Form) -> None:
        self.form = form
        days = np.datetime64(form.start, "D") + np.arange(form.days + 1)
        self.days = days[:-1]
        self.edges = calendars.to_utc(form.calendar, days)
        self.instants: dict[str, tuple[NDArray[np.int64], NDArray[np.uint8]]] = {}

    def seconds(self, day: int) -> float:
        """Length of a day."""
        return float(self.edges[day + 1] - self.edges[day]) / 1e6

    def of(self, column: Column, day: int) -> tuple[int, str]:
        """Time of a column on a day, and the reason if the clock has none."""
        if not column.at:
            return int(self.edges[day + 1]), "cell"
        if column.at not in self.instants:
            hours, minutes = column.at.split(":")
            since = np.timedelta64(int(hours) * 60 + int(minutes), "m")
            local = (self.days.astype("M8[us]") + since).astype(np.int64)
            self.instants[column.at] = to_utc(local, self.form.calendar.timezone)
        utc, status = self.instants[column.at]
        found = int(status[day])
        return int(utc[day]), "cell" if found == rows.OK else reason_of(found)


class _Table:
    """The rows of one sheet while they are read."""

    def __init__(self, sheet: Sheet, stamps: _Stamps, epoch: dt.datetime) -> None:
        self.sheet, self.stamps, self.epoch = sheet, stamps, epoch
        self.blanks: list[Blank] = []

    def read(self, page: Iterator[Any]) -> Iterator[Given]:
        """Give every cell that holds something; note those that hold nothing."""
        found = [
            (number, row)
            for number, row in enumerate(page, start=FIRST)
            if any(not cells.is_blank(cell.value) for cell in row)
        ]
        dates = {number: self._date(row[0]) for number, row in found}
        count = Counter(d for d in dates.values() if isinstance(d, dt.date))
        for number, row in found:
            date = dates[number]
            if isinstance(date, dt.date) and count[date] > 1:
                others = [n for n, other in dates.items() if other == date]
                rest = ", ".join(f"A{n}" for n in others if n != number)
                date = f"says {date}, as {rest} does; give each date once"
            yield from self._row(number, row, date)

    def _date(self, cell: Any) -> dt.date | str:
        """Date of a row, or what is wrong with it."""
        form = self.stamps.form
        try:
            date = cells.date(cell.value, cell.data_type, self.epoch)
        except cells.CellError as error:
            return f"{error}; give the date as it was written"
        if form.start <= date < form.end:
            return date
        last = form.end - dt.timedelta(days=1)
        return f"says {date}; give a date of this sheet, {form.start} to {last}"

    def _row(self, number: int, row: Sequence[Any], date: dt.date | str) -> Any:
        for at, column in enumerate(self.sheet.columns, start=2):
            cell = row[at - 1] if len(row) >= at else None
            given = self._cell(number, at, column, cell, date)
            if given is not None:
                yield given
        for at, cell in enumerate(row[self.sheet.remark :], self.sheet.remark + 1):
            if not cells.is_blank(cell.value):
                problem = "stands beside the table and is not read; clear the cell"
                yield self._given(number, at, cells.text_of(cell.value), problem)

    def _cell(
        self, number: int, at: int, column: Column, cell: Any, date: dt.date | str
    ) -> Given | None:
        blank = cell is None or cells.is_blank(cell.value)
        if isinstance(date, str):
            if blank:
                return None
            problem = f"the date of the row, A{number}, {date}"
            return self._given(number, at, cells.text_of(cell.value), problem)
        day = (date - self.stamps.form.start).days
        time, reason = self.stamps.of(column, day)
        where = place(self.sheet.name, at, number)
        if blank:
            if reason == "cell":
                self.blanks.append(Blank(place=where, series=column.series, time=time))
            return None
        value, problem = self._value(cell, column, day)
        return Given(
            place=where,
            row=number,
            series=column.series,
            unit=column.unit,
            time=time,
            value=value,
            raw=cells.text_of(cell.value),
            problem=problem,
            reason="cell" if problem else reason,
        )

    def _value(self, cell: Any, column: Column, day: int) -> tuple[float | None, str]:
        try:
            value = cells.number(cell.value, cell.data_type, column)
        except cells.CellError as error:
            return None, str(error)
        most = limits.most(column, self.stamps.seconds(day))
        if most is not None and value > most:
            return None, f"{value:g} is more than the day has; give {most:g} or less"
        return value, ""

    def _given(self, number: int, at: int, raw: str, problem: str) -> Given:
        where = place(self.sheet.name, at, number)
        return Given(
            place=where,
            row=number,
            series="",
            unit="",
            time=0,
            value=None,
            raw=raw,
            problem=problem,
        )
