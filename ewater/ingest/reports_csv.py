"""Returns of enterprises in one file: rows that pass become reports of the registry."""

from __future__ import annotations

import hashlib
import time as clock
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ewater.ingest.outcome import KnownError, Options, Outcome
from ewater.ingest.parse import Reject
from ewater.ingest.repeats import differs_from
from ewater.store import folder, folder_csv, landed_files, landing, registry, rejects
from ewater.store.folder_cells import typed
from ewater.store.folder_checks import file_faults
from ewater.store.folder_files import FILES
from ewater.store.folder_links import link_faults
from ewater.store.folder_table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from ewater.errors import Fault
    from ewater.ingest.source import Source

_FILE = FILES["reports"]
_PARTNERS = ("enterprise", "counterparty")
#: Headers of a file of reports; the last column, what is metered, may be left out.
HEADERS = tuple(
    ",".join(name for name in _FILE.names if name not in without)
    for without in ({"valid_from", "valid_to", "metered"}, {"valid_from", "valid_to"})
)
HEADER = HEADERS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Reports that may be registered, and the rows that may not."""

    frame: pd.DataFrame
    rejects: list[Reject]
    repeated: int

    @property
    def rows_read(self) -> int:
        """Rows that are not blank, accepted or not."""
        return len(self.frame) + len(self.rejects) + self.repeated


def check(raw: bytes, connection: Connection) -> Checked:
    """Check every row by itself, against the others, and against the registry.

    Of rows that repeat each other one stays; of rows that give one key different
    contents none does.
    """
    wrong: dict[int, list[tuple[str, str]]] = defaultdict(list)
    faults: list[Fault] = []
    parsed = folder_csv.parse(raw, _FILE, faults)
    _note(wrong, faults, "cells")
    header, cells, lines = parsed or ([], [], [])
    known = {
        name: Table(FILES[name], registry.read_table(connection, name))
        for name in ("calendars", "enterprises")
    }
    zones = known["calendars"].frame["timezone"].dropna().unique()
    zone = str(zones[0]) if len(zones) == 1 else None
    columns = {}
    for column in _FILE.columns:
        at = header.index(column.name) if column.name in header else None
        texts = [None if at is None else row[at] or None for row in cells]
        columns[column.name], bad = typed(column, texts, zone)
        for row, message, allowed in bad:
            wrong[lines[row]].append(("cell", f"{column.name}: {message}; {allowed}"))
    table = _table(pd.DataFrame(columns), np.array(lines, np.int64))
    table, repeated = _settle_repeats(table, wrong)
    _note(wrong, file_faults(table), "cell")
    _note_links(wrong, link_faults({"reports": table}, known, set(), None))
    text = raw.decode("utf-8", "backslashreplace").splitlines()
    rejects = [_reject(line, found, text) for line, found in sorted(wrong.items())]
    assert table.lines is not None  # noqa: S101 - it was made with lines
    fine = ~np.isin(table.lines, list(wrong))
    return Checked(frame=table.frame[fine], rejects=rejects, repeated=repeated)


def _table(frame: pd.DataFrame, lines: np.ndarray) -> Table:
    return Table(_FILE, folder.conform({"reports": frame})["reports"], lines)


def _note(
    wrong: dict[int, list[tuple[str, str]]], faults: Iterable[Fault], reason: str
) -> None:
    for fault in faults:
        place = f"{fault.column}: " if fault.column else ""
        right = f"; {fault.allowed}" if fault.allowed else ""
        message = f"{place}{fault.message}{right}"
        found = wrong[fault.line or 1]
        if not any(said.startswith(place) for _, said in found) or not place:
            found.append((reason, message))


def _note_links(
    wrong: dict[int, list[tuple[str, str]]], faults: Iterable[Fault]
) -> None:
    """Unknown enterprises may be registered later; what else is unknown may not."""
    for fault in faults:
        held = fault.column in _PARTNERS
        _note(wrong, [fault], "unknown_enterprise" if held else "cell")


def _settle_repeats(
    table: Table, wrong: dict[int, list[tuple[str, str]]]
) -> tuple[Table, int]:
    frame, lines = table.frame, table.lines
    assert lines is not None  # noqa: S101 - it was made with lines
    again = frame.duplicated(keep="first").to_numpy() & ~np.isin(lines, list(wrong))
    kept, kept_lines = frame[~again], lines[~again]
    key = list(_FILE.row_key)
    repeated = kept.duplicated(key, keep=False).to_numpy()
    contradicted = repeated & ~np.isin(kept_lines, list(wrong))
    for _, rows in kept[contradicted].groupby(key, dropna=False, sort=False):
        group = kept_lines[kept.index.get_indexer(rows.index)]
        lines_of_key = group.tolist()
        for line in lines_of_key:
            wrong[line].append(("conflict", differs_from(lines_of_key, line)))
    left = ~contradicted
    return _table(kept[left].reset_index(drop=True), kept_lines[left]), int(again.sum())


def _reject(line: int, found: list[tuple[str, str]], text: list[str]) -> Reject:
    reasons = {reason for reason, _ in found}
    reason = "unknown_enterprise" if reasons == {"unknown_enterprise"} else ""
    for candidate in ("cells", "cell", "conflict"):
        reason = reason or (candidate if candidate in reasons else "")
    raw = text[line - 1] if line <= len(text) else ""
    detail = "; ".join(message for _, message in found)
    return Reject(line=line, reason=reason, raw=raw, detail=detail)


def renumbered(checked: Checked, lines: Sequence[int]) -> Checked:
    """Name other lines: those the rows, from line 2 on, were copied from."""
    rejects = [replace(r, line=lines[r.line - 2]) for r in checked.rejects]
    return replace(checked, rejects=rejects)


def load(
    connection: Connection, number: int, checked: Checked, started: float
) -> tuple[landing.Counts, datetime]:
    """Register the reports and publish their load, in one transaction."""
    summary = registry.load(connection, {"reports": checked.frame}).tables["reports"]
    counts = landing.Counts(
        rows_read=checked.rows_read,
        rejected=len(checked.rejects),
        new=summary.new,
        corrected=summary.changed,
        unchanged=summary.unchanged + checked.repeated,
    )
    rejects.keep(
        connection,
        number,
        (
            (r.line, r.column, r.reason, r.message, r.raw, r.held)
            for r in checked.rejects
        ),
    )
    recorded = landing.publish(connection, number, counts, clock.monotonic() - started)
    return counts, recorded


def run(
    engine: Engine, source: Source, key: int, options: Options, started: float
) -> Outcome:
    """Load a file of reports, whole or not at all.

    Raises
    ------
    KnownError
        These bytes were published by another process in the meantime.
    """
    raw = b"".join(source.blocks())
    with engine.begin() as connection:
        checked = check(raw, connection)
        if options.dry_run:
            counts = landing.Counts(
                rows_read=checked.rows_read,
                rejected=len(checked.rejects),
                unchanged=checked.repeated,
                new=len(checked.frame),
            )
            number, recorded = None, None
        else:
            file = landed_files.new_file(connection, len(raw))
            number, _ = landing.begin(
                connection,
                kind="reports",
                source=source.name,
                key=key,
                who=options.person,
                issued_at=options.issued_at,
                file=file,
            )
            landed_files.land(connection, file, 0, raw)
            if not landed_files.seal(connection, file, hashlib.sha256(raw).digest()):
                raise KnownError
            counts, recorded = load(connection, number, checked, started)
            if options.published:
                options.published(connection, number)
    if options.progress:
        options.progress(len(raw))
    return Outcome(
        source=source.name,
        kind="reports",
        load=number,
        known=False,
        counts=counts,
        seconds=clock.monotonic() - started,
        recorded_from=recorded,
        rejects=tuple(checked.rejects) if options.dry_run else (),
    )
