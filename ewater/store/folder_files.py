"""What every file of a country folder holds: one truth for reader, writer and tables.

Files, columns and their order, types, allowed values and references are data;
the checks, `docs/country-folder.md` and the comments in the database follow them.
"""

from __future__ import annotations

from types import MappingProxyType

from ewater.store import folder_files_given as given
from ewater.store import folder_files_ledger as ledger
from ewater.store import folder_files_measured as measured
from ewater.store.folder_files_given import REPORT_ITEMS

__all__ = ["FILES", "REPORT_ITEMS"]

#: Every file by its name, in the order in which they refer to each other.
FILES = MappingProxyType(
    {file.name: file for file in (*measured.FILES, *ledger.FILES, *given.FILES)}
)
