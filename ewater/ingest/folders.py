"""Files of folders: in order, without what is hidden or still being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

#: Ends of names under which programs write what is not finished, and editors copies.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", "~")


@dataclass(frozen=True, slots=True)
class Found:
    """Files to take, and what was passed over, with the reason."""

    files: tuple[Path, ...]
    skipped: tuple[tuple[Path, str], ...]


def passed_over(name: str) -> str | None:
    """Why a file or folder of this name is not taken; None if it is.

    Examples
    --------
    >>> passed_over("a.csv"), passed_over(".a.csv"), passed_over("a.csv.part")
    (None, 'hidden', 'unfinished')
    """
    if name.startswith("."):
        return "hidden"
    if name.startswith("~$"):
        return "lock of an open workbook"
    return "unfinished" if name.lower().endswith(UNFINISHED) else None


def find(paths: Iterable[Path]) -> Found:
    """Expand folders into the files below them, sorted by path.

    A file that is named is taken whatever its name; links to folders are not
    followed.

    Raises
    ------
    UsageError
        A folder has no file to take.
    """
    files: list[Path] = []
    skipped: list[tuple[Path, str]] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        before = len(files)
        for inner, reason in walk(path):
            if reason is None:
                files.append(inner)
            else:
                skipped.append((inner, reason))
        if len(files) == before:
            raise UsageError(f"{path}: no file to take in this folder or below it")
    return Found(tuple(dict.fromkeys(files)), tuple(skipped))


def walk(
    folder: Path, apart: Collection[Path] = ()
) -> Iterator[tuple[Path, str | None]]:
    """Give the files below a folder in order, with the reason not to take one.

    Nothing is said of the folders ``apart``.
    """
    for path in sorted(folder.iterdir()):
        if path in apart:
            continue
        reason = passed_over(path.name)
        if reason is None and path.is_dir():
            if path.is_symlink():
                yield path, "a link to a folder"
            else:
                yield from walk(path, apart)
        elif reason is None and not path.is_file():
            yield path, "no file"
        else:
            yield path, reason
