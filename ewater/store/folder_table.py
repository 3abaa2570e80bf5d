"""A frame together with the file and the lines it came from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from ewater.store.folder_schema import File

    #: What a ``measured_by`` cell names: pairs of kind and code. Kinds are
    #: ``series``, ``item``, ``flow``, ``site``, ``account``, or several joined by
    #: ``_or_``. Raises ValueError with what is wrong.
    ExpressionCodes = Callable[[str], Iterable[tuple[str, str]]]

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one file; without ``lines`` they are rows already registered."""

    file: File
    frame: pd.DataFrame
    lines: NDArray[np.int64] | None = None

    def fault(
        self, row: int | None, column: str | None, message: str, allowed: str = ""
    ) -> Fault:
        """Name the place of a fault; ``row`` counts the frame's rows from 0."""
        if self.lines is None:
            where = f"{self.file.file_name} (registered)"
            return Fault(
                file=where, line=None, column=column, message=message, allowed=allowed
            )
        return Fault(
            file=self.file.file_name,
            line=None if row is None else int(self.lines[row]),
            column=column,
            message=message,
            allowed=allowed,
        )

    def label(self, row: int) -> str:
        """Name a row by its line, or by its key where it has none."""
        if self.lines is not None:
            return f"line {self.lines[row]}"
        return str(self.frame[self.file.key[0]].iloc[row])

    def codes(self) -> set[str]:
        """Codes other files may refer to: the first column of the key."""
        return set(self.frame[self.file.key[0]].dropna())


def rows_where(mask: pd.Series | NDArray[np.bool_]) -> list[int]:
    """Positions at which a mask holds."""
    return [int(row) for row in np.flatnonzero(np.asarray(mask, dtype=bool))]


def nearest(word: str, words: Iterable[str], what: str) -> str:
    """Say what would be right: the words, or the nearest of many.

    Examples
    --------
    >>> nearest("lattitude", ["lat", "latitude", "lon"], "a column")
    "a column: 'latitude' or 'lat'?"
    """
    known = sorted(words)
    if not known:
        return f"{what}; there is none yet"
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return f"{what}: " + " or ".join(f"'{code}'" for code in close) + "?"
    if len(known) <= _LISTED:
        return f"{what}: " + ", ".join(known)
    return what
