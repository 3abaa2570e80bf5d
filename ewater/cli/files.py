"""Files that people name: read and written whole, or refused in one line."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def words(error: Exception, path: object) -> str:
    """File and reason: the file that the system names, else the one in hand."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"{path}: {error}"


def read(path: Path) -> bytes:
    """Read a file that was named.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    with _named(path, "read"):
        return path.read_bytes()


def place(path: Path, *, force: bool = True) -> Path:
    """Return a path to which a file can be written: asked before the work begins.

    Raises
    ------
    UsageError
        It is a folder, or in none; without ``force`` also where it is there already.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it first")
    if path.is_file() and not force:
        raise UsageError(f"{path} is there; name another file, or use --force")
    return path


def write(path: Path, content: bytes) -> None:
    """Write a file that was named, whole or not at all.

    Raises
    ------
    UsageError
        It cannot be written.
    """
    with _named(path, "written"):
        write_whole(content, path)


def write_whole(content: bytes, target: Path) -> None:
    """Write a file whole or not at all: what stood there before stays until then."""
    if target.exists() and not target.is_file():
        target.write_bytes(content)  # a device or a pipe, which is not to be replaced
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mode = 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _named(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be {done}: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
