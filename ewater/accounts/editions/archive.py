"""An edition as one file that stands for itself: a tar of texts, JSON and Parquet.

Equal editions give equal bytes: members in one order, without times, owners or names
of people. `docs/editions.md` tells how to re-perform one with other programs.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ewater.accounts.editions import checking, merkle, parts, show
from ewater.accounts.editions.material import Spec, from_store
from ewater.errors import UsageError
from ewater.store import editions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import xarray as xr
    from sqlalchemy import Connection, Engine

    from ewater.accounts.editions.verify import Sealed

FORMAT = "ewater-edition/1"
MANIFEST = "manifest.json"
README = "README.md"
READINGS = "inputs/readings.parquet"
LEAVES = "leaves/"
_ROWS = 1_000_000  # of a row group


def export(engine: Engine, name: str, path: Path) -> dict[str, Any]:
    """Write an edition to a file; an older one is replaced.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    UsageError
        There is no such edition, or what was sealed of it cannot be read.
    """
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ"
    ) as connection:
        sealed = checking.sealed_of(connection, name)
        lost = sorted(set(sealed.roots) - set(sealed.lines))
        if lost or parts.PARAMETERS not in sealed.lines:
            raise UsageError(f"{name} lacks {', '.join(lost)}; see `edition verify`")
        spec = Spec.read(sealed.of(parts.PARAMETERS))
        readings = from_store(connection, spec).readings
        files = _files(sealed, readings)
        manifest = _manifest(connection, sealed, files)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as out:
        write(out, text_of(manifest), files)
    partial.replace(path)
    return manifest


def _files(sealed: Sealed, readings: xr.Dataset) -> dict[str, bytes]:
    """Make all members but the manifest."""
    files = {}
    for name in sealed.roots:
        lines = sealed.of(name)
        files[name] = _text(lines)
        files[f"{LEAVES}{name}.txt"] = _text(merkle.leaf(x).hex() for x in lines)
    files[READINGS] = _parquet(readings)
    readme = resources.files("ewater.accounts.editions") / "archive_readme.md"
    files[README] = readme.read_bytes()
    return files


def _manifest(
    connection: Connection, sealed: Sealed, files: Mapping[str, bytes]
) -> dict[str, Any]:
    document = show.document(connection, sealed.name)
    own = [{**step, "who": None} for step in document["steps"]]
    last = own[-1]["seq"] if own else 0
    return {
        "format": FORMAT,
        "name": sealed.name,
        "state": document["state"],
        "reason": document["reason"],
        "territory": document["territory"],
        "period_start": document["period_start"],
        "period_end": document["period_end"],
        "as_of": document["as_of"],
        "root": sealed.root.hex(),
        "seal": document["seal"],
        "parts": {name: sealed.roots[name].hex() for name in sorted(sealed.roots)},
        "steps": [{k: v for k, v in step.items() if k != "who"} for step in own],
        "chain": [
            bytes(step["hash"]).hex()
            for step in editions.steps(connection)
            if step["seq"] <= last
        ],
        "keys": {
            key.hex(): str(person)
            for key, person in sorted(editions.keys(connection).items())
            if key.hex() in {step["key"] for step in own}
        },
        "files": {
            name: {"size": len(files[name]), "sha256": _sha256(files[name])}
            for name in sorted(files)
        },
    }


def text_of(manifest: Mapping[str, Any]) -> bytes:
    """Write the manifest as JSON in its one form."""
    said = json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1)
    return f"{said}\n".encode()


def write(out: Any, manifest: bytes, files: Mapping[str, bytes]) -> None:
    """Write the members: manifest and readme first, then by name."""
    order = sorted(files, key=lambda name: (name != README, name))
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in [
            (MANIFEST, manifest),
            *((name, files[name]) for name in order),
        ]:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _parquet(readings: xr.Dataset) -> bytes:
    """Write readings: series, time, value (SI), flag, failed tests, lineage."""
    codes = readings["series"].values.astype(str)
    index = np.repeat(np.arange(codes.size, dtype=np.int32), readings["row_size"])
    series = pa.DictionaryArray.from_arrays(index, pa.array(codes, pa.string()))
    time = pa.array(readings["time"].values.astype("M8[us]"), pa.timestamp("us", "UTC"))
    columns = {
        "series": series,
        "time": time,
        **{
            name: pa.array(readings[name].values)
            for name in ("value", "flag", "failed", "lineage")
        },
    }
    out = io.BytesIO()
    pq.write_table(  # type: ignore[no-untyped-call]
        pa.table(columns),
        out,
        compression="zstd",
        row_group_size=_ROWS,
        store_schema=False,
        use_dictionary=["series"],
        column_encoding={"time": "DELTA_BINARY_PACKED"},
    )
    return out.getvalue()
