"""The reference of the country folder, written from the schema itself.

``python -m ewater.store.folder_docs docs/country-folder.md`` renews the tables of
that page; a test fails while they are out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.store.folder_files import FILES

if TYPE_CHECKING:
    from ewater.store.folder_schema import File

BEGIN = "<!-- generated from ewater/store/folder_files.py: begin -->"
END = "<!-- generated: end -->"


def reference() -> str:
    """Describe every file and column in Markdown."""
    return "\n".join(_section(file) for file in FILES.values())


def renew(page: str) -> str:
    """Put the reference between the marks of a page."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def _section(file: File) -> str:
    key = ", ".join(f"`{name}`" for name in file.row_key)
    lines = [
        f"### `{file.file_name}`",
        "",
        f"{file.meaning}. One row for each {key}.",
        "",
        "| column | meaning | a cell holds | required |",
        "|---|---|---|---|",
    ]
    for column in file.columns:
        required = "yes" if column.required else ""
        if column.default is not None:
            required = f"empty means `{column.default}`"
        lines.append(
            f"| `{column.name}` | {column.meaning} | {column.allows} | {required} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renew(target.read_text("utf-8")), "utf-8")
