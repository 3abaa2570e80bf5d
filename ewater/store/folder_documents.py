"""Documents of a country folder: one file each, in a folder of their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ewater.errors import Fault
from ewater.store import folder_csv

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 1 << 20


def read(folder: Path, faults: list[Fault]) -> pd.DataFrame | None:
    """Read ``*.yaml`` of a folder: ``code``, the stem, and ``body``, as it stands.

    What cannot be read is added to the faults; then None.
    """
    before = len(faults)
    rows = []
    for path in sorted(folder.glob("*.yaml")):
        name = f"{folder.name}/{path.name}"
        if path.stat().st_size > _LARGEST:
            faults.append(_fault(name, "is larger than 1 MB", "a shorter document"))
            continue
        text = folder_csv.decode(path.read_bytes(), name, faults)
        if text is not None:
            rows.append((path.stem, "\n".join(text.splitlines()) + "\n"))
    if len(faults) > before:
        return None
    return pd.DataFrame(rows, columns=["code", "body"])


def write(folder: Path, frame: pd.DataFrame) -> None:
    """Write the documents; those of other names are left as they are."""
    if frame.empty:
        return
    folder.mkdir(exist_ok=True)
    for code, body in zip(frame["code"], frame["body"], strict=True):
        (folder / f"{code}.yaml").write_text(str(body), "utf-8", newline="\n")


def _fault(file: str, message: str, allowed: str) -> Fault:
    return Fault(file=file, line=None, column=None, message=message, allowed=allowed)
