"""Verifying an archive of an edition: without the store it came from."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr
from sqlalchemy import text

from ewater.accounts import pipeline
from ewater.accounts.editions import archive, chain, keys, material, merkle, parts
from ewater.accounts.editions.compare import Difference
from ewater.accounts.editions.verify import (
    FAILURES,
    Outcome,
    Sealed,
    is_table,
    table,
    verify,
    withdrawn,
)
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from ewater.accounts.editions.material import Material

    Files = Mapping[str, bytes]
    Manifest = Mapping[str, Any]


def check(path: Path) -> Outcome:
    """Verify the archive at a path.

    Raises
    ------
    UsageError
        It is no archive of an edition, or its manifest cannot be read.
    """
    files, torn = read(path)
    manifest = manifest_of(path, files)
    sealed = _sealed(manifest, files)
    found = [*_files(manifest, files, torn), *_steps(manifest), *_lines(sealed, files)]
    try:
        present = _material(sealed, files)
    except (*FAILURES, pa.ArrowException) as error:
        what = f"inputs cannot be read: {error}"
        found.append(Difference(kind="file", item=str(path), what=what))
        differences = [(one, list[tuple[str, str]](), list[str]()) for one in found]
        return Outcome(
            name=sealed.name, root=sealed.root.hex(), differences=differences
        )
    outcome = verify(sealed, present, found)
    outcome.notes += withdrawn(manifest.get("state"))
    return outcome


def contents(path: Path) -> tuple[Sealed, Material]:
    """Take what an archive holds; a broken one is refused.

    Raises
    ------
    UsageError
        It cannot be read; `check` tells why.
    """
    files, torn = read(path)
    sealed = _sealed(manifest_of(path, files), files)
    if torn or not all(sealed.intact(name) for name in sealed.roots):
        raise UsageError(f"{path} is broken; see `ewater edition verify {path}`")
    return sealed, _material(sealed, files)


def read(path: Path) -> tuple[dict[str, bytes], bool]:
    """Read all members that are whole; say whether the archive ends too early.

    Raises
    ------
    UsageError
        It is no tar at all.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                content = b"" if stream is None else stream.read()
                if len(content) < member.size:
                    return files, True
                files[member.name] = content
    except (tarfile.TarError, OSError, EOFError) as error:
        if not files:
            raise UsageError(f"{path} is no archive of an edition: {error}") from error
        return files, True
    return files, False


def manifest_of(path: Path, files: Files) -> dict[str, Any]:
    """Read the manifest.

    Raises
    ------
    UsageError
        There is none, or it is of another format.
    """
    try:
        manifest = json.loads(files[archive.MANIFEST])
        known = manifest["format"] == archive.FORMAT
        bytes.fromhex(manifest["root"])
        {n: bytes.fromhex(root) for n, root in manifest["parts"].items()}
        dict(manifest["files"]), list(manifest["steps"]), list(manifest["chain"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path}: {archive.MANIFEST} cannot be read: {error!r}"
        ) from error
    if not known:
        raise UsageError(f"{path} is of format {manifest['format']!r}, not known here")
    return dict(manifest)


def strange_steps(connection: Connection, manifest: Manifest) -> Iterator[Difference]:
    """Find steps of an archive that a store does not know: it was put back, or forked.

    A store that was restored from a backup lacks what was done since; an edition that
    was published meanwhile is then known by its archives alone.
    """
    rows = connection.execute(text("SELECT seq, hash FROM edition_log"))
    known = {row.seq: bytes(row.hash).hex() for row in rows}
    for seq, digest in enumerate(manifest["chain"], start=1):
        if known.get(seq) != digest:
            gone = seq not in known
            yield Difference(
                kind="step",
                item=f"step {seq}",
                what="is in the archive and not in the log of this store"
                if gone
                else "is another one in the log of this store",
            )
            return


def _sealed(manifest: Manifest, files: Files) -> Sealed:
    roots = {name: bytes.fromhex(root) for name, root in manifest["parts"].items()}
    return Sealed(
        name=manifest["name"],
        root=bytes.fromhex(manifest["root"]),
        roots=roots,
        lines={name: _split(files[name]) for name in roots if name in files},
    )


def _split(content: bytes) -> list[str]:
    raw = content.decode("utf-8", "replace")
    return raw.removesuffix("\n").split("\n") if raw else []


def _files(manifest: Manifest, files: Files, torn: bool) -> Iterator[Difference]:
    """Compare the members with what the manifest says of them."""
    if torn:
        yield Difference(kind="file", item="archive", what="it ends too early")
    for name, said in manifest["files"].items():
        content = files.get(name)
        if content is None:
            yield Difference(kind="file", item=name, what="is not there")
        elif hashlib.sha256(content).hexdigest() != said["sha256"]:
            what = "its bytes are not those that the manifest names"
            yield Difference(kind="file", item=name, what=what)
    for name in sorted(set(files) - set(manifest["files"]) - {archive.MANIFEST}):
        yield Difference(kind="file", item=name, what="the manifest does not name it")


def _lines(sealed: Sealed, files: Files) -> Iterator[Difference]:
    """Name the lines of broken parts, by the hashes of all lines."""
    for name in sealed.roots:
        if sealed.intact(name) or name not in files:
            continue
        try:
            leaves = [
                bytes.fromhex(x) for x in _split(files[f"{archive.LEAVES}{name}.txt"])
            ]
        except (KeyError, ValueError):
            continue
        if merkle.root_of(leaves) != sealed.roots[name]:
            continue
        known = set(leaves)
        for n, line in enumerate(sealed.of(name), start=1):
            if merkle.leaf(line) not in known:
                yield _line(name, n, line)
        if len(sealed.of(name)) != len(leaves):
            what = f"{len(leaves)} lines were sealed, {len(sealed.of(name))} are there"
            yield Difference(kind="file", item=name, what=what)


def _line(name: str, number: int, line: str) -> Difference:
    try:
        row = json.loads(line) if is_table(name) else {}
    except ValueError:
        row = {}
    kind = table(name) if row else "file"
    return Difference(
        kind=kind, item=f"{name} line {number}", what=f"altered: {line}", subject=row
    )


def _steps(manifest: Manifest) -> Iterator[Difference]:
    """Check the steps of the edition, and that they stand in one chain."""
    hashes = manifest["chain"]
    for step in manifest["steps"]:
        for why in _faults(step, hashes, manifest):
            item = f"step {step.get('seq')} ({step.get('state')} {manifest['name']})"
            yield Difference(kind="step", item=item, what=why)
    states = [step.get("state") for step in manifest["steps"]]
    legal = states[:1] == ["draft"] and all(
        b in chain.NEXT.get(str(a), ()) for a, b in itertools.pairwise(states)
    )
    if not legal or states[-1] != manifest["state"]:
        what = f"{' '.join(map(str, states))} do not lead to {manifest['state']}"
        yield Difference(kind="step", item="steps", what=what)
    last = manifest["steps"][-1]["hash"] if manifest["steps"] else ""
    root = bytes.fromhex(manifest["root"])
    if merkle.node(root, bytes.fromhex(last)).hex() != manifest["seal"]:
        what = "it is not that of the root and the last step"
        yield Difference(kind="step", item="seal", what=what)


def _faults(
    step: Mapping[str, Any], hashes: list[str], manifest: Manifest
) -> Iterator[str]:
    try:
        said = json.loads(step["line"])
        seq, digest = int(said["seq"]), bytes.fromhex(step["hash"])
        prev = hashes[seq - 2] if seq > 1 else chain.NOTHING.hex()
        checks = {
            "its line was altered: the hash is of another one": hashlib.sha256(
                step["line"].encode()
            ).digest()
            == digest,
            "it is not in the chain": hashes[seq - 1] == step["hash"],
            "it does not follow the step before it": said["prev"] == prev,
            "it was signed for another root": said["root"] == manifest["root"],
            "its signature is not of its key": keys.genuine(
                bytes.fromhex(said["key"]), bytes.fromhex(step["signature"]), digest
            ),
            "what is told of it is not its line": all(
                step[name] == said[name] for name in ("seq", "edition", "state", "key")
            ),
            "its key is not of the person it names": manifest["keys"].get(said["key"])
            == said["person"],
        }
    except (KeyError, IndexError, TypeError, ValueError) as error:
        yield f"it cannot be read: {error!r}"
        return
    yield from (why for why, fine in checks.items() if not fine)


def _material(sealed: Sealed, files: Files) -> Material:
    """Make the inputs of what the archive holds."""
    spec = material.Spec.read(sealed.of(parts.PARAMETERS))
    frames = {
        table(name): material.table_of(table(name), sealed.of(name))
        for name in sealed.roots
        if is_table(name)
    }
    return material.of(spec, frames, _readings(frames, files[archive.READINGS]))


def _readings(frames: Mapping[str, Any], content: bytes) -> xr.Dataset:
    """Read the series that the account needs, in their order."""
    found = pq.read_table(io.BytesIO(content))  # type: ignore[no-untyped-call]
    series = found["series"].combine_chunks()
    if not pa.types.is_dictionary(series.type):
        series = series.dictionary_encode()
    codes = series.dictionary.to_pylist()
    index = series.indices.to_numpy(zero_copy_only=False)
    wanted = pipeline.needs(frames).all()
    place = {code: n for n, code in enumerate(wanted)}
    rank = np.array([place.get(code, -1) for code in codes], np.int64)[index]
    time = found["time"].to_numpy().astype("M8[us]")
    columns = {n: found[n].to_numpy() for n in ("value", "flag", "failed", "lineage")}
    order: Any = slice(None)
    later = (rank[1:] > rank[:-1]) | ((rank[1:] == rank[:-1]) & (time[1:] > time[:-1]))
    if not later.all() or (rank < 0).any():
        order = np.lexsort((time, rank))
        order = order[rank[order] >= 0]
    return xr.Dataset(
        {
            "row_size": ("series", np.bincount(rank[order], minlength=len(wanted))),
            "time": ("reading", time[order]),
            **{name: ("reading", column[order]) for name, column in columns.items()},
        },
        coords={"series": np.array(wanted, dtype=object)},
    )
