"""A filled-in workbook, read back by the cell; what was moved or hidden is refused."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.errors import Fault, FaultsError
from ewater.reports import batch as batches
from ewater.reports import workbook
from ewater.reports.cells import Formula, Kept, is_blank
from ewater.reports.findings import Finding
from ewater.reports.workbook import CODE, FIRST, IDENTITY, MARK
from ewater.workbooks import check_size, letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ewater.reports.batch import Batch
    from ewater.reports.form import Form, Section

LARGEST = 8 << 20
_MOST_ROWS = 5000
_AGAIN = "take a new one with `ewater report template` and copy the values into it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a workbook says: a batch of one return, and what is wrong with the book."""

    batch: Batch
    findings: list[Finding]
    enterprise: str
    period: str
    language: str

    @property
    def content(self) -> dict[str, Any]:
        """The return as it was typed."""
        return self.batch.content(0)


def read(raw: bytes, file: str, form_of: Callable[[str], Form]) -> Filled:
    """Read a filled-in workbook.

    Parameters
    ----------
    form_of
        Gives the form in force by its code.

    Raises
    ------
    FaultsError
        It is no workbook of ours, damaged, or too large.
    """
    book = _opened(raw, file)
    said = _identity(book, file)
    form = form_of(said[0][1])
    enterprise, period, language = said[1][1:4]
    found = [*_version(form, said[0][2]), *_sheets(book, form, language)]
    written = workbook.prefilled(form)
    content: dict[str, list[dict[str, Any]]] = {}
    rows: dict[str, list[int]] = {}
    for section in form.sections:
        name = workbook.sheet_name(section, language)
        content[section.key], rows[section.key] = [], []
        if name not in book.sheetnames:
            continue
        found += _headings(book[name], section)
        for row, line in _lines(book[name], section, written, found):
            content[section.key].append(line)
            rows[section.key].append(row)
    batch = batches.of_contents(
        form,
        [(enterprise, period)],
        [content],
        rows=[rows],
        place=workbook.places(form, language),
    )
    return Filled(
        batch=batch,
        findings=found,
        enterprise=enterprise,
        period=period,
        language=language,
    )


def _opened(raw: bytes, file: str) -> Any:
    from openpyxl import load_workbook

    if len(raw) > LARGEST:
        raise _refused(file, f"{len(raw):,} bytes are too many", f"at most {LARGEST:,}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl does not read, nor do we
        try:
            check_size(raw)
            return load_workbook(io.BytesIO(raw))
        except Exception as error:
            said = str(error) or type(error).__name__
            raise _refused(file, f"no whole workbook: {said}", _AGAIN) from error


def _identity(book: Any, file: str) -> list[list[str]]:
    if IDENTITY not in book.sheetnames:
        message = f"is no template of a return: it has no hidden sheet {IDENTITY}"
        raise _refused(file, message, _AGAIN)
    rows = [
        ["" if value is None else str(value) for value in row]
        for row in book[IDENTITY].iter_rows(max_row=3, max_col=4, values_only=True)
    ]
    said = [[*row[:3]] if row[0] == MARK else row for row in rows[:2]]
    if (
        len(rows) < 3
        or said[0][0] != MARK
        or rows[2][:2] != ["seal", workbook.seal(said)]
    ):
        raise _refused(file, "its hidden sheet was changed", _AGAIN)
    return said


def _version(form: Form, said: str) -> Iterator[Finding]:
    if said != str(form.version):
        values = {"value": said, "right": form.version}
        yield Finding(code="wrong_version", severity="error", values=values)


def _sheets(book: Any, form: Form, language: str) -> Iterator[Finding]:
    own = {workbook.sheet_name(section, language) for section in form.sections}
    shown = workbook.say("previous", language)
    for name in book.sheetnames:
        if name == IDENTITY:
            continue
        if book[name].sheet_state != "visible":
            yield _book("hidden_sheet", name)
        elif name not in own and not name.startswith(shown):
            yield _book("foreign_sheet", name)
    for name in sorted(own - set(book.sheetnames)):
        yield _book("missing_sheet", name)
    for name in sorted(own & set(book.sheetnames)):
        for merged in book[name].merged_cells.ranges:
            yield Finding(
                code="merged",
                severity="error",
                place=f"{name}!{merged.coord}",
                values={"value": merged.coord},
            )


def _book(code: str, name: str) -> Finding:
    return Finding(code=code, severity="error", values={"value": name})


def _headings(page: Any, section: Section) -> Iterator[Finding]:
    for at, column in enumerate(section.columns, start=1):
        said = page.cell(CODE, at).value
        if said != column.key:
            yield Finding(
                code="moved_column",
                severity="error",
                place=f"{page.title}!{letter(at)}{CODE}",
                values={"value": repr(said), "right": repr(column.key)},
            )


def _lines(
    page: Any, section: Section, written: set[str], found: list[Finding]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Lines in which a person typed something, with their rows."""
    wide = len(section.columns)
    last = min(page.max_row, FIRST + _MOST_ROWS)  # openpyxl makes cells that are asked
    for row in page.iter_rows(min_row=FIRST, max_row=last):
        line = {
            column.key: _value(cell)
            for column, cell in zip(section.columns, row, strict=False)
            if not is_blank(cell.value)
        }
        found += [
            _beside(page, cell) for cell in row[wide:] if not is_blank(cell.value)
        ]
        if set(line) - written:
            yield row[0].row, line


def _beside(page: Any, cell: Any) -> Finding:
    return Finding(
        code="beside",
        severity="error",
        place=f"{page.title}!{cell.coordinate}",
        values={"value": repr(str(cell.value))},
    )


def _value(cell: Any) -> Any:
    if cell.data_type == "f":
        return Formula(str(getattr(cell.value, "text", cell.value)))
    if cell.data_type == "e":
        return Kept(str(cell.value))
    return Kept(cell.value) if isinstance(cell.value, str) else cell.value


def _refused(file: str, message: str, allowed: str) -> FaultsError:
    fault = Fault(file=file, line=None, column=None, message=message, allowed=allowed)
    return FaultsError([fault])


def whose(filled: Filled, wanted: Sequence[str]) -> Iterator[Finding]:
    """Refuse a workbook of another enterprise than those that may be reported for."""
    if wanted and filled.enterprise not in wanted:
        values = {"value": filled.enterprise, "right": ", ".join(wanted)}
        yield Finding(code="other_enterprise", severity="error", values=values)
