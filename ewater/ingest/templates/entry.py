"""Where ingest meets templates: known by themselves, read, and talked about after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import Fault, FaultsError
from ewater.ingest.parse import REASONS, Reject
from ewater.ingest.source import File
from ewater.store import chunks, rejects
from ewater.terms import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from ewater.ingest.outcome import Options, Outcome, Reading
    from ewater.ingest.source import Source
    from ewater.ingest.templates.reader import Blank

_ZIP = b"PK\x03\x04"


def prepared(source: Source, options: Options) -> tuple[Source, Options]:
    """Give a template its reader; leave every other file as it is.

    Raises
    ------
    FaultsError
        It is another workbook, or another archive.
    """
    if options.reader is not None:
        return source, options
    if not next(iter(source.blocks()), b"").startswith(_ZIP):
        return source, options
    from ewater.ingest.templates import book, reader

    if source.size > book.LARGEST or not book.is_template(b"".join(source.blocks())):
        raise FaultsError([_foreign(source.name)])
    if isinstance(source, File):  # its bytes are not lines
        source = File(source.path, in_lines=False)
    return source, replace(options, reader=reader.Reader(), said=reader.SAID)


def _foreign(file: str) -> Fault:
    return Fault(
        file=file,
        line=None,
        column=None,
        message="is a workbook or archive that `ewater template` did not write",
        allowed="save a template as .xlsx, unpack an archive, or say with --profile "
        "what it is like, such as xlsx",
    )


def reader_of(said: str) -> Reading | None:
    """Find the reader of a load that kept how it was read; None if by a profile."""
    from ewater.ingest.templates import reader

    return reader.Reader() if said == reader.SAID else None


def told(engine: Engine, outcome: Outcome, reader: Reading | None) -> Outcome:
    """Say of a template which cells were refused, and which were cleared in vain."""
    from ewater.ingest.templates.reader import Reader

    if not isinstance(reader, Reader) or outcome.known:
        return outcome
    with engine.connect() as connection:
        found = outcome.rejects
        if outcome.load is not None and outcome.counts.rejected:
            found = tuple(_rejected(connection, outcome.load))
        cleared = tuple(_cleared(connection, reader.blanks))
    return replace(outcome, rejects=found, cleared=cleared)


def _rejected(connection: Connection, load: int) -> list[Reject]:
    return [
        Reject(
            line=row["line"],
            column=row["column"],
            reason=row["reason"],
            detail=row["detail"].removesuffix(REASONS[row["reason"]]).rstrip(": "),
            raw=row["raw"],
        )
        for row in rejects.read(connection, load)
    ]


def _cleared(connection: Connection, blanks: Sequence[Blank]) -> list[str]:
    """Blank cells of which the store has a reading."""
    if not blanks:
        return []
    known = set(chunks.series_codes(connection).values())
    codes = sorted({blank.series for blank in blanks} & known)
    times = [blank.time for blank in blanks]
    found = chunks.read(connection, codes, min(times), max(times) + 1)
    series = np.repeat(np.array(codes, object), found["row_size"].to_numpy())
    stands = found["flag"].to_numpy() != Flag.MISSING
    instants = found["time"].to_numpy().astype("M8[us]").astype(np.int64)
    there = set(zip(series[stands], instants[stands].tolist(), strict=True))
    return [
        f"{blank.place} ({blank.series} at {_utc(blank.time)})"
        for blank in blanks
        if (blank.series, blank.time) in there
    ]


def _utc(time: int) -> str:
    return f"{np.datetime64(time, 'us').astype('M8[s]')}Z"
