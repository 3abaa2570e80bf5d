"""Verifying an edition where it was sealed: what its store holds now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from sqlalchemy import text

import ewater
from ewater.accounts import pipeline
from ewater.accounts.editions import chain, material, parts
from ewater.accounts.editions.compare import Difference
from ewater.accounts.editions.verify import (
    FAILURES,
    Outcome,
    Sealed,
    tables,
    unread,
    verify,
    withdrawn,
)
from ewater.store import chunks, editions, landing, registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from ewater.accounts.editions.compare import Locate, Span
    from ewater.accounts.editions.material import Material, Spec

_BROKEN_CHUNKS = text(
    """
    SELECT c.id, k.code, c.first_time, c.last_time
    FROM chunk AS c JOIN series_key AS k ON k.id = c.series_id
    LEFT JOIN load AS d ON d.id = c.load_id
    WHERE k.code = ANY(:codes) AND (c.kind <> 'delta' OR d.recorded_from <= :as_of)
        AND sha256(c.payload) <> c.content_hash
    ORDER BY k.code, c.first_time, c.id
    """
)
_NOTED_STEPS = text(
    """
    SELECT substr(object, 9) AS edition, action, after->>'seq' AS seq
    FROM audit AS a WHERE action LIKE 'edition.%' AND after ? 'hash'
        AND NOT EXISTS (SELECT FROM edition_log AS l
            WHERE encode(l.hash, 'hex') = a.after->>'hash')
    ORDER BY a.id
    """
)
_UNNOTED_STEPS = text(
    """
    SELECT seq, state, edition FROM edition_log AS l
    WHERE NOT EXISTS (SELECT FROM audit AS a
        WHERE a.action = 'edition.' || l.state AND a.object = 'edition:' || l.edition
            AND a.actor = l.person AND a.after->>'hash' = encode(l.hash, 'hex'))
    ORDER BY seq
    """
)


def check(engine: Engine, name: str, who: str) -> dict[str, Any]:
    """Verify one edition, keep what was found, and return it.

    Returns
    -------
    dict
        See docs/editions.md.

    Raises
    ------
    UsageError
        There is no edition of this name.
    """
    outcome = outcome_of(engine, name)
    document = outcome.document()
    with engine.begin() as connection:
        editions.keep_check(
            connection,
            name,
            person=landing.person(connection, who),
            version=ewater.__version__,
            intact=outcome.intact,
            found=document,
        )
    return document


def outcome_of(engine: Engine, name: str) -> Outcome:
    """Verify one edition in a snapshot of its store; nothing is written."""
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ"
    ) as connection:
        row = editions.read(connection, name)
        sealed = sealed_of(connection, name)
        found = [*steps(connection, name, sealed.root)]
        try:
            spec = material.Spec.read(sealed.of(parts.PARAMETERS))
            frames = registry.read(connection, spec.as_of)
        except FAILURES as error:
            return unread(sealed, [*found, _unreadable(sealed, error)])
        try:
            present, broken = _material(connection, spec, frames)
        except FAILURES as error:
            found += [_unreadable(sealed, error), *tables(sealed, parts.tables(frames))]
            return unread(sealed, found)
        found += [*_row(row, present), *broken]
        beside = parts.beside(connection, present)
        found += _verdicts(sealed, beside[parts.VERDICTS])
    lines = [*{*sealed.of(parts.CHUNKS)} ^ {*beside[parts.CHUNKS]}]
    lines += [str(one.subject["line"]) for one in broken if "line" in one.subject]
    outcome = verify(sealed, present, found, _locate(lines))
    outcome.notes += withdrawn(row["state"])
    return outcome


def sealed_of(connection: Connection, name: str) -> Sealed:
    """Read what a store keeps of an edition."""
    roots = editions.part_roots(connection, name)
    lines = {part: editions.part(connection, name, part) for part in roots}
    return Sealed(
        name=name,
        root=bytes(editions.read(connection, name)["root"]),
        roots=roots,
        lines={part: found for part, found in lines.items() if found is not None},
    )


def steps(connection: Connection, name: str, root: bytes) -> Iterator[Difference]:
    """Find steps that were altered or lost, in the log of all editions."""
    log = editions.steps(connection)
    state = {step["seq"]: step["state"] for step in log}
    for one in chain.broken(log, editions.keys(connection)):
        item = f"step {one.seq} ({state[one.seq]} {one.edition})"
        yield _step(item, one.why, elsewhere=one.edition != name)
    for row in connection.execute(_NOTED_STEPS):
        what = "is in the audit, and not in the log"
        item = f"step {row.seq} ({row.action.removeprefix('edition.')} {row.edition})"
        yield _step(item, what, elsewhere=row.edition != name)
    for row in connection.execute(_UNNOTED_STEPS):
        what = "is in the log, and not so in the audit"
        item = f"step {row.seq} ({row.state} {row.edition})"
        yield _step(item, what, elsewhere=row.edition != name)
    there = {row["name"] for row in editions.listing(connection)}
    for gone in sorted({step["edition"] for step in log} - there):
        what = "the log has steps of it, and its row is gone"
        yield _step(f"edition {gone}", what, elsewhere=True)
    own = [step for step in log if step["edition"] == name]
    if not own:
        yield _step("step draft", f"no step of {name} is there", elsewhere=False)
    for step in own:
        if bytes(step["root"]) != root:
            what = "it was signed for another root"
            yield _step(f"step {step['seq']} ({step['state']} {name})", what)


def _step(item: str, what: str, *, elsewhere: bool = False) -> Difference:
    return Difference(
        kind="step", item=item, what=what, subject={"elsewhere": elsewhere}
    )


def _unreadable(sealed: Sealed, error: Exception) -> Difference:
    what = f"what was sealed cannot be read again: {error}"
    if not sealed.of(parts.PARAMETERS):
        what = "is gone, or cannot be decoded: nothing can be computed again"
    return Difference(kind="part", item=parts.PARAMETERS, what=what)


def _row(row: Mapping[str, Any], present: Material) -> Iterator[Difference]:
    """Compare the row of the edition, which lists show, with its parameters."""
    spec = present.spec
    said = {
        name: getattr(spec, name) for name in ("name", "territory", "step", "as_of")
    }
    ends = pd.DatetimeIndex(present.bounds[[0, -1]].view("M8[us]"), tz="UTC")
    said |= dict(zip(("period_start", "period_end"), ends, strict=True))
    for name, value in said.items():
        if row[name] != value:
            what = f"{name} is {row[name]}, sealed was {value}"
            yield Difference(kind="part", item="edition", what=what)


def _material(
    connection: Connection, spec: Spec, frames: Mapping[str, pd.DataFrame]
) -> tuple[Material, list[Difference]]:
    """Read the inputs as they are now, also around chunks that are broken."""
    codes = pipeline.needs(frames).all()
    registered = set(chunks.series_codes(connection).values())
    codes = [code for code in codes if code in registered]
    asked = {"codes": codes, "as_of": spec.as_of}
    broken = [
        Difference(
            kind="chunk",
            item=f"{row.id} of {row.code}, {row.first_time:%Y-%m-%d} to "
            f"{row.last_time:%Y-%m-%d}",
            what="its bytes are not those of its SHA-256",
            subject={
                "series": row.code,
                "line": f"{row.code} {row.first_time.isoformat()} "
                f"{row.last_time.isoformat()}",
            },
        )
        for row in connection.execute(_BROKEN_CHUNKS, asked)
    ]
    try:
        readings = chunks.read(connection, codes, as_of=spec.as_of)
    except FAILURES:
        readings, unread = _one_by_one(connection, codes, spec.as_of)
        broken += unread
    return material.of(spec, frames, readings), broken


def _one_by_one(
    connection: Connection, codes: Sequence[str], as_of: datetime
) -> tuple[xr.Dataset, list[Difference]]:
    """Read what can be read, series by series; the others stay empty."""
    found, broken = [], []
    for code in codes:
        try:
            found.append(chunks.read(connection, [code], as_of=as_of))
        except FAILURES as error:
            what = f"its readings cannot be decoded: {error}"
            broken.append(
                Difference(kind="chunk", item=code, what=what, subject={"series": code})
            )
            found.append(chunks.read(connection, [code], 0, 0, as_of=as_of))
    columns = [name for name in found[0].data_vars if name != "row_size"]
    return xr.Dataset(
        {
            "row_size": xr.concat([one["row_size"] for one in found], "series"),
            **{n: xr.concat([one[n] for one in found], "reading") for n in columns},
        },
        coords={"series": list(codes)},
    ), broken


def _locate(lines: Iterable[str]) -> Locate:
    """Say where readings can be altered: in chunks that are not those of the seal.

    Whoever alters a reading alters the hash of its chunk. Where chunks were folded
    since, all of them are others, and this says no more than the year.
    """
    spans: dict[str, set[Span]] = {}
    for line in lines:
        code, *ends = line.split(" ")[:3]
        first, last = (int(pd.Timestamp(end).timestamp() * 1e6) for end in ends)
        spans.setdefault(code, set()).add((first, last))

    def locate(series: str, year: int) -> list[Span]:
        start, end = (
            int(np.datetime64(str(y), "us").astype(np.int64)) for y in (year, year + 1)
        )
        inside = sorted(
            (max(first, start), min(last, end - 1))
            for first, last in spans.get(series, ())
            if first < end and last >= start
        )
        joined: list[Span] = []
        for first, last in inside:
            if joined and first <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return joined

    return locate


def _verdicts(sealed: Sealed, now: Sequence[str]) -> Iterator[Difference]:
    """Compare what people decided about readings."""
    was = sealed.of(parts.VERDICTS)
    for line in sorted({*was} ^ {*now}):
        what = "is gone or altered" if line in set(was) else "was not sealed so"
        yield Difference(kind="verdict", item=line, what=what)
