"""Reading an archive of an edition: its members, and what its manifest says.

Nothing is unpacked: members are read into memory, and their names are only names.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ewater.accounts.editions import archive
from ewater.accounts.editions.compare import Difference
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Files = Mapping[str, bytes]
    Manifest = Mapping[str, Any]

_Hex = Annotated[str, Field(pattern="^([0-9a-f]{2})+$")]
#: Found in the archive, and of no figure.
BESIDE = {"elsewhere": True}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _File(_Strict):
    size: int
    sha256: _Hex


class _Note(_Strict):
    reason: str
    exceptions: list[str]


class _Step(_Strict):
    seq: Annotated[int, Field(ge=1)]
    at: str
    edition: str
    state: str
    note: _Note
    root: _Hex
    key: _Hex
    prev: _Hex
    hash: _Hex
    signature: _Hex
    person: str
    line: str


class _Manifest(_Strict):
    format: str
    name: str
    state: str
    reason: str
    territory: str
    period_start: str
    period_end: str
    as_of: str
    root: _Hex
    seal: _Hex
    parts: dict[str, _Hex]
    steps: Annotated[list[_Step], Field(min_length=1)]
    chain: list[_Hex]
    keys: dict[_Hex, str]
    files: dict[str, _File]


def read(path: Path) -> tuple[dict[str, bytes], list[Difference]]:
    """Read all members that are whole; tell what else the archive is made of.

    Raises
    ------
    UsageError
        It is no tar at all.
    """
    files: dict[str, bytes] = {}
    found: list[Difference] = []
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if not member.isreg() or member.issparse():
                    found.append(_file(member.name, "is no plain file"))
                    continue
                stream = tar.extractfile(member)
                content = b"" if stream is None else stream.read()
                if len(content) < member.size:
                    return files, [*found, _torn()]
                if member.name in files:
                    found.append(_file(member.name, "is there more than once"))
                files.setdefault(member.name, content)
    except (tarfile.TarError, OSError, EOFError) as error:
        if not files:
            raise UsageError(f"{path} is no archive of an edition: {error}") from error
        return files, [*found, _torn()]
    return files, found


def manifest_of(path: Path, files: Files) -> dict[str, Any]:
    """Read the manifest.

    Raises
    ------
    UsageError
        There is none, or it is of another format.
    """
    try:
        manifest = json.loads(files[archive.MANIFEST])
        kind = manifest["format"]
    except KeyError:
        raise UsageError(f"{path}: no {archive.MANIFEST} is there") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {archive.MANIFEST} is no JSON: {error}") from error
    if kind != archive.FORMAT:
        raise UsageError(
            f"{path} is of format {kind!r}; this program reads {archive.FORMAT!r}"
        )
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path}: {archive.MANIFEST}: {where}: {first['msg']}"
        ) from error
    return dict(manifest)


def members(manifest: Manifest, files: Files) -> Iterator[Difference]:
    """Compare the members with what the manifest says of them."""
    for name, said in manifest["files"].items():
        content = files.get(name)
        beside = name == archive.README or name.startswith(archive.LEAVES)
        if content is None:
            yield _file(name, "is not there", beside=beside)
        elif hashlib.sha256(content).hexdigest() != said["sha256"]:
            what = "its bytes are not those that the manifest names"
            yield _file(name, what, beside=beside)
        elif len(content) != said["size"]:
            yield _file(name, f"the manifest says {said['size']} bytes", beside=True)
    parts = manifest["parts"]
    wanted = {archive.README, archive.READINGS, *parts}
    wanted |= {f"{archive.LEAVES}{name}.txt" for name in parts}
    for name in sorted((wanted | set(files)) - {*manifest["files"], archive.MANIFEST}):
        yield _file(name, "the manifest does not name it")


def written(path: Path, manifest: Manifest, files: Files) -> Iterator[Difference]:
    """Find bytes that no member accounts for: an archive is written in one way."""
    text = archive.text_of(manifest)
    if files[archive.MANIFEST] != text:
        yield _file(archive.MANIFEST, "is not written as `export` does", beside=True)
        return
    sink = _Digest()
    rest = {name: files[name] for name in files if name != archive.MANIFEST}
    archive.write(sink, text, rest)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").digest() != sink.digest.digest():
            what = (
                "headers, padding or what stands behind the end are not as `export` "
                "writes them; its members are"
            )
            yield _file("archive", what, beside=True)


class _Digest:
    """A file of which only the SHA-256 is kept."""

    def __init__(self) -> None:
        self.digest, self._size = hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        self._size += len(content)
        return len(content)

    def tell(self) -> int:
        return self._size


def _torn() -> Difference:
    return _file("archive", "it ends too early, or cannot be read on")


def _file(name: str, what: str, *, beside: bool = False) -> Difference:
    subject = BESIDE if beside else {}
    return Difference(kind="file", item=name, what=what, subject=subject)
