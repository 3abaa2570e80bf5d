"""Verifying an archive of an edition: without the store it came from."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr
from sqlalchemy import text

from ewater.accounts import pipeline
from ewater.accounts.editions import archive, chain, keys, material, merkle, parts
from ewater.accounts.editions.archive_read import (
    BESIDE,
    manifest_of,
    members,
    read,
    written,
)
from ewater.accounts.editions.compare import Difference
from ewater.accounts.editions.verify import (
    FAILURES,
    Outcome,
    Sealed,
    is_table,
    table,
    unread,
    verify,
    withdrawn,
)
from ewater.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from ewater.accounts.editions.archive_read import Files, Manifest
    from ewater.accounts.editions.material import Material

_MORE = 1_000_000  # readings above what was sealed, that are still compared


def check(path: Path) -> Outcome:
    """Verify the archive at a path.

    Raises
    ------
    UsageError
        It is no archive of an edition, or its manifest cannot be read.
    """
    files, manifest, sealed, found = look(path)
    try:
        present = _material(sealed, files)
    except (*FAILURES, pa.ArrowException) as error:
        what = f"inputs cannot be read: {error}"
        found.append(Difference(kind="file", item=str(path), what=what))
        return unread(sealed, found)
    outcome = verify(sealed, present, found)
    outcome.notes += withdrawn(manifest.get("state"))
    return outcome


def look(path: Path) -> tuple[Files, Manifest, Sealed, list[Difference]]:
    """Read an archive and find what is broken in it, before anything is computed."""
    files, found = read(path)
    manifest = manifest_of(path, files)
    sealed = _sealed(manifest, files)
    found += [*members(manifest, files), *_lines(sealed, files)]
    if not found:
        found += [*_strange_leaves(sealed, files), *written(path, manifest, files)]
    return (
        files,
        manifest,
        sealed,
        [*found, *_steps(manifest), *_told(manifest, sealed)],
    )


def contents(path: Path) -> tuple[Sealed, Material]:
    """Take what an archive holds; a broken one is refused.

    Raises
    ------
    UsageError
        It cannot be read; `check` tells why.
    """
    files, found = read(path)
    sealed = _sealed(manifest_of(path, files), files)
    if found or not all(sealed.intact(name) for name in sealed.roots):
        raise UsageError(f"{path} is broken; see `ewater edition verify {path}`")
    return sealed, _material(sealed, files)


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


def _lines(sealed: Sealed, files: Files) -> Iterator[Difference]:
    """Name the lines of broken parts, by the hashes of all lines."""
    for name in sealed.roots:
        if name not in files:
            continue
        if sealed.intact(name):
            continue
        leaves = _leaves(files, name)
        if merkle.root_of(leaves) != sealed.roots[name]:
            continue
        known = set(leaves)
        for n, line in enumerate(sealed.of(name), start=1):
            if merkle.leaf(line) not in known:
                yield _line(name, n, line)
        if len(sealed.of(name)) != len(leaves):
            what = f"{len(leaves)} lines were sealed, {len(sealed.of(name))} are there"
            yield Difference(kind="file", item=name, what=what)


def _leaves(files: Files, name: str) -> list[bytes]:
    """Hashes of the lines of a part as the archive says them; none if it does not."""
    try:
        said = _split(files[f"{archive.LEAVES}{name}.txt"])
        return [bytes.fromhex(x) for x in said]
    except (KeyError, ValueError):
        return []


def _strange_leaves(sealed: Sealed, files: Files) -> Iterator[Difference]:
    """Find hashes of lines that are not those of the lines, which are as sealed."""
    for name in filter(sealed.intact, sealed.roots):
        if _leaves(files, name) != [merkle.leaf(line) for line in sealed.of(name)]:
            item = f"{archive.LEAVES}{name}.txt"
            what = f"are not the hashes of the lines of {name}"
            yield Difference(kind="file", item=item, what=what, subject=BESIDE)


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
    last = manifest["steps"][-1]["hash"]
    root = bytes.fromhex(manifest["root"])
    if merkle.node(root, bytes.fromhex(last)).hex() != manifest["seal"]:
        what = "it is not that of the root and the last step"
        yield Difference(kind="step", item="seal", what=what)


def _told(manifest: Manifest, sealed: Sealed) -> Iterator[Difference]:
    """Compare what the manifest tells of the edition with its parts and steps."""
    last = manifest["steps"][-1]
    expected = {"reason": last["note"]["reason"]}
    said = dict(x.split(" ", 1) for x in sealed.of(parts.PARAMETERS) if " " in x)
    try:
        expected |= {key: json.loads(said[key]) for key in ("name", "territory")}
        start, *_, end = json.loads(said["bounds"])
        times = {"period_start": start, "period_end": end}
        times["as_of"] = json.loads(said["as_of"])
        for key, value in times.items():
            meant, told = map(dt.datetime.fromisoformat, (value, manifest[key]))
            expected[key] = manifest[key] if meant == told else value
    except (KeyError, TypeError, ValueError) as error:
        what = f"cannot be compared with {parts.PARAMETERS}: {error!r}"
        yield Difference(kind="file", item=archive.MANIFEST, what=what)
    for key, value in expected.items():
        if manifest[key] != value:
            what = f"{key} is {manifest[key]!r}, sealed or signed was {value!r}"
            yield Difference(kind="file", item=archive.MANIFEST, what=what)
    strange = set(manifest["keys"]) - {step["key"] for step in manifest["steps"]}
    for key in sorted(strange):
        what = f"key {key} signed no step"
        yield Difference(kind="file", item=archive.MANIFEST, what=what, subject=BESIDE)


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
                step[name] == said[name] for name in said if name != "note"
            )
            and step["note"] == json.loads(said["note"]),
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
    counts = (line.split(" ")[2:3] for line in sealed.of(parts.READINGS))
    count = sum(int(n) for found in counts for n in found if n.isdecimal())
    readings = _readings(frames, files[archive.READINGS], count)
    return material.of(spec, frames, readings)


def _readings(frames: Mapping[str, Any], content: bytes, sealed: int) -> xr.Dataset:
    """Read the series that the account needs, in their order; so many were sealed."""
    rows = pq.ParquetFile(io.BytesIO(content)).metadata.num_rows  # type: ignore[no-untyped-call]
    if rows > sealed + _MORE:  # a small file can say that it has any number
        raise ValueError(
            f"{rows:,} readings are said to be there, sealed are {sealed:,}"
        )
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
