"""Many returns in one CSV file: a line of a section of the form in each row.

Columns ``enterprise``, ``period`` and ``section``, then those of the form by their
keys; ``unit`` where it is not that of the form, ``form`` and ``version`` where they
are said. Rows of one return stand together.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from pyarrow import csv as arrow_csv

from ewater.errors import Fault, FaultsError
from ewater.reports import cells
from ewater.reports.batch import Batch, Lines
from ewater.store.folder_table import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.reports.form import Form, Section

LARGEST = 2 << 30
_compute: Any = pyarrow.compute  # its functions are made when it is imported
_HEADS = ("enterprise", "period", "section")
_MAY = ("unit", "form", "version")


def read(raw: bytes, file: str, form: Form) -> Batch:
    """Read a file of returns.

    Raises
    ------
    FaultsError
        It is no CSV, has no header of the form, or lacks a column.
    """
    table = _table(raw, file)
    _check_header(table.column_names, file, form)
    heads = [_objects(table[name]) for name in _HEADS]
    rows = np.arange(2, len(table) + 2)
    owner, first = _owners(heads[0], heads[1])
    unit = (
        _objects(table["unit"])
        if "unit" in table.column_names
        else np.full(len(table), form.unit, dtype=object)
    )
    unit[unit == ""] = form.unit
    unknown = _unknown(form, heads[2], owner)
    return Batch(
        form=form,
        enterprise=heads[0][first],
        period=heads[1][first],
        unit=unit[first],
        sections={
            section.key: _lines(table, section, heads[2], owner, rows, unit)
            for section in form.sections
        },
        form_code=_first(table, "form", first, form.form),
        form_version=_first(table, "version", first, str(form.version)),
        place=_places(form),
        heads=rows[first],
        unknown=unknown,
    )


def _table(raw: bytes, file: str) -> pa.Table:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise _refused(file, line, byte, "save it as UTF-8") from error
    header = raw.partition(b"\n")[0].decode("utf-8-sig").strip().split(",")
    types = {name.strip('"'): pa.string() for name in header}
    try:
        return arrow_csv.read_csv(
            io.BytesIO(raw),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowException as error:
        raise _refused(file, None, str(error), "one cell for each column") from error


def _check_header(names: list[str], file: str, form: Form) -> None:
    columns = [column.key for _, column in form.columns()]
    known = [*_HEADS, *_MAY, *columns]
    faults = [
        Fault(
            file=file,
            line=1,
            column=name,
            message="is no column of the form",
            allowed=nearest(name, known, "use a column"),
        )
        for name in names
        if name not in known
    ]
    faults += [
        Fault(file=file, line=1, column=name, message="is missing", allowed="give it")
        for name in _HEADS
        if name not in names
    ]
    faults += [
        Fault(
            file=file, line=1, column=name, message="stands twice", allowed="keep one"
        )
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise FaultsError(faults)


def _refused(file: str, line: int | None, message: str, allowed: str) -> FaultsError:
    fault = Fault(file=file, line=line, column=None, message=message, allowed=allowed)
    return FaultsError([fault])


def _objects(column: Any) -> NDArray[np.object_]:
    filled = _compute.fill_null(_compute.utf8_trim_whitespace(column), "")
    found: NDArray[np.object_] = filled.to_numpy(zero_copy_only=False).astype(object)
    return found


def _owners(
    enterprise: NDArray[np.object_], period: NDArray[np.object_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Position of the return of each row, and the first row of each return."""
    if not len(enterprise):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    new = np.ones(len(enterprise), dtype=bool)
    new[1:] = (enterprise[1:] != enterprise[:-1]) | (period[1:] != period[:-1])
    return (np.cumsum(new) - 1).astype(np.intp), np.flatnonzero(new)


def _first(
    table: pa.Table, name: str, first: NDArray[np.intp], usual: str
) -> NDArray[np.object_] | None:
    if name not in table.column_names:
        return None
    said = _objects(table[name])[first]
    said[said == ""] = usual
    return said


def _unknown(
    form: Form, said: NDArray[np.object_], owner: NDArray[np.intp]
) -> list[tuple[int, str, int, str]]:
    known = {section.key for section in form.sections}
    wrong = np.flatnonzero(~np.isin(said.astype(str), list(known)))
    return [(int(owner[at]), str(said[at]), 0, "") for at in wrong]


def _lines(
    table: pa.Table,
    section: Section,
    said: NDArray[np.object_],
    owner: NDArray[np.intp],
    rows: NDArray[np.int64],
    unit: NDArray[np.object_],
) -> Lines:
    mask = said == section.key
    mine = pa.array(mask)
    my_owner = owner[mask]
    lines = Lines(
        owner=my_owner,
        line=_counted(my_owner),
        row=rows[mask],
        raw={},
        units=unit[mask],
    )
    for column in section.columns:
        key = column.key
        if key not in table.column_names:
            blank = np.full(len(my_owner), None, dtype=object)
            lines.raw[key] = blank
            if column.kind == "number":
                lines.number[key] = np.full(len(my_owner), np.nan)
            else:
                lines.text[key] = blank
            continue
        given = table[key].filter(mine)
        if column.kind == "number":
            _numbers(lines, key, given)
        else:
            lines.text[key] = cells.texts(
                given.to_numpy(zero_copy_only=False).astype(object)
            )
    return lines


def _counted(owner: NDArray[np.intp]) -> NDArray[np.int64]:
    """Count the lines of each return from 1."""
    at = np.arange(len(owner))
    new = np.ones(len(owner), dtype=bool)
    new[1:] = owner[1:] != owner[:-1]
    return at - np.maximum.accumulate(np.where(new, at, 0)) + 1


def _numbers(lines: Lines, key: str, given: Any) -> None:
    """Read a column at once; where that fails, cell by cell, to name what is wrong."""
    try:
        values = _compute.cast(given, pa.float64()).to_numpy(zero_copy_only=False)
        plain = bool(np.isfinite(values[~np.isnan(values)]).all()) and (
            int(np.isnan(values).sum()) == given.null_count
        )
    except pa.ArrowInvalid:
        plain = False
    if plain:
        lines.number[key] = values.astype(np.float64)
        return
    raw = given.to_numpy(zero_copy_only=False).astype(object)
    lines.raw[key] = raw
    lines.number[key], problems = cells.numbers(raw)
    if problems:
        lines.problems[key] = problems


def _places(form: Form) -> dict[tuple[str, str], str]:
    """Where a cell stands: the line of the file, and the column."""
    found = {
        (section.key, column.key): f"line {{row}}, column {column.key}"
        for section in form.sections
        for column in section.columns
    }
    return {**found, ("", "unit"): "line {row}, column unit", ("", ""): "line {row}"}
