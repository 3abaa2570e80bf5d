"""When a file was issued, as its name or its first lines say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ewater.ingest import rows
from ewater.ingest.profiles import clock, text
from ewater.store.instants import instant

if TYPE_CHECKING:
    from datetime import datetime

    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.source import Source

_HEADER = 64 << 10


def issued_at(source: Source, profile: Profile) -> datetime | None:
    """Read the time that the file name or the header says; None if none is asked for.

    Raises
    ------
    FaultsError
        The profile asks for it and it is not there, or no time.
    """
    said = profile.issued_at
    if said is None:
        return None
    if said.file_name:
        where, found = source.name, re.search(said.file_name, source.name)
    else:
        first = next(iter(source.blocks()), b"")[:_HEADER]
        where = "its first lines"
        shown = first.decode(profile.text.encoding, "replace")
        found = re.search(said.header or "", shown, re.MULTILINE)
    if found is None:
        raise text.fault(
            source.name,
            None,
            f"{where} do not match {said.file_name or said.header!r}",
            "correct issued_at of the profile, or give --issued-at",
        )
    moment = _moment(found["time"], said.format, said.zone)
    if moment is None:
        raise text.fault(
            source.name,
            None,
            f"issued at {found['time']!r}, which is no time of format {said.format}",
            "correct issued_at of the profile, or give --issued-at",
        )
    return moment


def _moment(said: str, given: str, zone: str) -> datetime | None:
    form, data = clock.program(given), np.frombuffer(said.encode(), np.uint8)
    cells = np.array([[[0, len(data)]]], np.int64)
    local = np.full(1, clock.LOCAL)
    offset, todo = local.copy(), np.ones(1, np.bool_)
    clock.read(
        data, cells, form.kind, form.steps, form.scale, form.origin, todo, local, offset
    )
    if todo[0]:
        return None
    if offset[0] != clock.LOCAL:
        return instant(int(local[0] - offset[0]))
    utc, status = clock.to_utc(local, zone, "first", np.zeros(1, np.int64))
    return instant(int(utc[0])) if status[0] == rows.OK else None
