"""A filled-in workbook, opened with caps, and checked to be as it was written."""

from __future__ import annotations

import io
import warnings
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ewater.errors import Fault, FaultsError
from ewater.ingest.templates import form as forms
from ewater.ingest.templates.cells import text_of
from ewater.ingest.templates.form import CODE, LABEL, UNIT, Form
from ewater.workbooks import check_size, letter, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ewater.ingest.templates.form import Sheet

LARGEST = 32 << 20  # bytes of a workbook that people fill in
_NAMES = 4 << 20  # bytes of the part that names its sheets
_MOST_CELLS = 2_000_000
_AGAIN = "generate a new workbook with `ewater template` and copy the values into it"


def is_template(raw: bytes) -> bool:
    """Whether bytes are a workbook that `ewater template` wrote, however filled in."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _says(archive, "xl/workbook.xml", f'"{forms.IDENTITY}"') or _says(
                archive, "docProps/custom.xml", f'"{forms.MARK}"'
            )
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
        return False


def _says(archive: zipfile.ZipFile, name: str, words: str) -> bool:
    if name not in archive.namelist() or archive.getinfo(name).file_size > _NAMES:
        return False
    return words.encode() in archive.read(name)


@contextmanager
def opened(raw: bytes, file: str) -> Iterator[Any]:
    """Open a workbook; whatever is wrong with its bytes is a fault of the file.

    Raises
    ------
    FaultsError
        It is damaged, or larger than people fill in.
    """
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl does not read, nor do we
        try:
            check_size(raw)
            book: Any = load_workbook(io.BytesIO(raw), read_only=True)
            yield book
            book.close()
        except FaultsError:
            raise
        except Exception as error:
            said = str(error) or type(error).__name__
            raise FaultsError(
                [_fault(file, None, f"no whole workbook: {said}", _AGAIN)]
            ) from error


def form_of(book: Any, file: str) -> Form:
    """Read what the workbook asks for.

    Raises
    ------
    FaultsError
        Its hidden sheet is gone or changed.
    """
    if forms.IDENTITY not in book.sheetnames:
        message = f"its hidden sheet {forms.IDENTITY} is gone"
        raise FaultsError([_fault(file, None, message, _AGAIN)])
    rows = [
        ["" if value is None else str(value) for value in row]
        for row in limited(book[forms.IDENTITY].iter_rows(values_only=True))
    ]
    try:
        return forms.of_identity(rows)
    except (ValueError, IndexError) as error:
        raise FaultsError([_fault(file, None, str(error), _AGAIN)]) from error


def limited(rows: Iterator[Any]) -> Iterator[Any]:
    """Give rows while there are not too many cells.

    Raises
    ------
    ValueError
        There are.
    """
    cells = 0
    for row in rows:
        cells += len(row) + 1
        if cells > _MOST_CELLS:
            raise ValueError(f"more than {_MOST_CELLS:,} cells")
        yield row


def check(book: Any, form: Form, file: str) -> None:
    """Check that sheets and headings stand as they were written.

    Raises
    ------
    FaultsError
        Each of them that does not, by its cell.
    """
    faults: list[Fault] = []
    for sheet in form.sheets:
        if sheet.name not in book.sheetnames:
            others = [name for name in book.sheetnames if name != forms.IDENTITY]
            message = f"no sheet {sheet.name!r}; it has {', '.join(others)}"
            allowed = "name the sheet as it was"
            faults.append(_fault(file, f"sheet {sheet.name}", message, allowed))
            continue
        faults += _headings(book[sheet.name], sheet, file)
    if faults:
        raise FaultsError(faults)


def _headings(page: Any, sheet: Sheet, file: str) -> Iterator[Fault]:
    head = page.iter_rows(
        min_row=LABEL, max_row=CODE, max_col=sheet.remark, values_only=True
    )
    found = dict(enumerate(head, start=LABEL))
    places = {column.key: at for at, column in enumerate(sheet.columns, start=2)}
    for at, column in enumerate(sheet.columns, start=2):
        expected = {LABEL: column.label, UNIT: column.shown, CODE: column.key}
        for row, wanted in expected.items():
            said = _said(found.get(row, ()), at)
            if said == _plain(wanted):
                continue
            where = f"sheet {place(sheet.name, at, row)}"
            message = _changed(row, said, wanted, places.get(said))
            yield _fault(file, where, message, f"give {wanted!r}")


def _changed(row: int, said: str, wanted: str, other: int | None) -> str:
    what = {LABEL: "the heading", UNIT: "the unit and time", CODE: "the code"}[row]
    if row == CODE and other is not None:
        return (
            f"the column of {wanted!r} now holds {said!r}, which was written to "
            f"column {letter(other)}: columns were moved"
        )
    return f"{what} {wanted!r} now says {said!r}"


def _said(row: Any, at: int) -> str:
    value = row[at - 1] if len(row) >= at else None
    return "" if value is None else _plain(text_of(value))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _fault(file: str, column: str | None, message: str, allowed: str) -> Fault:
    return Fault(file=file, line=None, column=column, message=message, allowed=allowed)
