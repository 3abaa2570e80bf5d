"""Drop folders: whole files are loaded and moved away, refused ones set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewater.errors import EWaterError
from ewater.ingest import folders
from ewater.ingest.outcome import Options
from ewater.ingest.source import File
from ewater.ingest.sources import running
from ewater.ingest.sources.running import TRANSIENT, Item, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from ewater.ingest.outcome import Outcome, Span
    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.sources.model import FolderSource
    from ewater.ingest.sources.running import Call

DONE, FAILED = "done", "failed"
_Seen = dict["Path", tuple[int, int, int]]


def candidates(source: FolderSource) -> Iterator[Path]:
    """Files that may be taken: in the folder and below, in order of their names."""
    ours = (source.path / DONE, source.path / FAILED)
    for path, reason in folders.walk(source.path, ours):
        if reason is None:
            yield path


def run(
    engine: Engine,
    source: FolderSource,
    profile: Profile | None,
    call: Call,
    span: Span,
) -> list[Outcome]:
    """Load the files that nobody has written to for a while.

    A file is moved to ``done`` once it is loaded, and to ``failed``, with the reason
    beside it, if it is refused. A crash in between leaves it where it is; then its
    bytes are known, and it is moved the next time.

    Raises
    ------
    TransientError
        Some of the files cannot be read; the others were taken.
    """
    before = _look(source)
    if before:
        call.wait(source.settle.total_seconds())
    outcomes, unread = [], []
    for path, was in before.items():
        if call.stop():
            break
        if _state(path) != was:
            continue
        try:
            outcome = _take(engine, source, profile, path, call, span)
        except OSError as error:  # the others can be taken all the same
            unread.append(str(error))
        else:
            outcomes += [outcome] if outcome else []
    if unread:
        raise TransientError("; ".join(unread))
    return outcomes


def _look(source: FolderSource) -> _Seen:
    seen = {path: _state(path) for path in candidates(source)}
    return {path: state for path, state in seen.items() if state}


def _state(path: Path) -> tuple[int, int, int] | None:
    """Size, time of change and number of a file; None if it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _take(
    engine: Engine,
    source: FolderSource,
    profile: Profile | None,
    path: Path,
    call: Call,
    span: Span,
) -> Outcome | None:
    name = str(path.relative_to(source.path))
    item = Item(source=source.name, name=name, call=call)
    options = Options(profile=profile, span=span)
    was = _state(path)
    try:
        outcome = running.load(engine, item, File(path), options)
    except TRANSIENT:
        raise
    except (EWaterError, ValueError) as error:
        if _state(path) == was:
            reason = _moved(source.path, FAILED, path)
            reason.with_name(f"{reason.name}.error").write_text(f"{error}\n", "utf-8")
        return None
    if _state(path) != was:  # it was written to after all: it is taken again
        return outcome
    if source.then == "delete":
        path.unlink()
    else:
        _moved(source.path, DONE, path)
    return outcome


def _moved(folder: Path, where: str, path: Path) -> Path:
    """Move a file below ``where``, beside others of its name; never over one."""
    into = folder / where / path.relative_to(folder).parent
    into.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        target = into / (f"{path.name}.{number}" if number else path.name)
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            number += 1
            continue
        return path.replace(target)
