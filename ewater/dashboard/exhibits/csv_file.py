"""An exhibit as CSV: what it is of in lines that begin with ``#``, then the table."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ewater.dashboard.exhibits import files

if TYPE_CHECKING:
    from ewater.dashboard.exhibits.sheet import Sheet
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_MARK = "\ufeff"  # spreadsheets know UTF-8 by it


def write(reader: CachedReader, state: State, lang: Language, sheet: Sheet) -> bytes:
    """Write a sheet with its metadata: UTF-8, commas, a decimal point."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    say = lang.gettext
    notes = [*files.notes(reader, state, lang), *sheet.notes]
    if not sheet.rows:
        notes.append(files.nothing(sheet, lang))
    pairs = [(say("Title"), sheet.title), *files.about(reader, state, lang, [sheet])]
    word = say("Note")
    for key, value in (*pairs, *((word, note) for note in notes)):
        lines.writerow([f"# {key}", files.safe(value)])
    lines.writerow([files.safe(head.text) for head in files.heads(sheet, lang)])
    for row in files.values(sheet, lang):
        lines.writerow([_written(value) for value in row])
    return (_MARK + text.getvalue()).encode()


def _written(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
