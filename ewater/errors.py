"""Errors that say where the fault is and what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class EWaterError(Exception):
    """Base of all errors a user can act on."""


class UsageError(EWaterError):
    """A request that cannot be meant: unknown code, empty period, bad option."""


class NotReadyError(EWaterError):
    """Something needed is missing: binaries, a running cluster, a loaded country."""


class ForbiddenError(EWaterError):
    """Something this person may not see or do."""


class ConflictError(EWaterError):
    """Somebody else has changed meanwhile what this was to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in an input file.

    ``line`` is counted from 1 as an editor does; the header of a CSV file is
    line 1. ``allowed`` says what would be right.
    """

    file: str
    line: int | None
    column: str | None
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        """``file:line: column: message; allowed``, leaving out what is not known."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [place] + ([self.column] if self.column else []) + [self.message]
        text = ": ".join(parts)
        return f"{text}; {self.allowed}" if self.allowed else text


class FaultsError(EWaterError):
    """An input is refused as a whole; every fault in it is listed at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)  # args must rebuild the error in a worker
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """One line per fault, then the count."""
        lines = [str(fault) for fault in self.faults]
        count = len(lines)
        noun = "fault" if count == 1 else "faults"
        return "\n".join([*lines, f"{count} {noun}; nothing was loaded."])
