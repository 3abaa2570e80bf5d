"""What a profile makes of a sample, and every assumption behind it; no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.ingest import rows
from ewater.ingest.parse import REASONS, reason_of
from ewater.ingest.profiles import documents, issue
from ewater.ingest.profiles.reader import Reader

if TYPE_CHECKING:
    from datetime import datetime

    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.profiles.plan import Key
    from ewater.ingest.profiles.reader import Readings
    from ewater.ingest.source import Source

_SHOWN = 10
_REJECTS = 20


@dataclass(slots=True)
class Report:
    """What was found; ``rows`` are the first readings, as text."""

    readings: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    qualifiers: Counter[tuple[str, int]] = field(default_factory=Counter)
    rejects: list[str] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    blank: int = 0
    ignored: int = 0
    zones: set[str] = field(default_factory=set)
    issued_at: datetime | None = None
    assumptions: list[str] = field(default_factory=list)


def check(source: Source, profile: Profile) -> Report:
    """Read a sample by a profile.

    Raises
    ------
    FaultsError
        The sample is none of this profile.
    """
    reader, report = Reader(profile), Report()
    source = documents.uncut(source, profile)
    report.issued_at = issue.issued_at(source, profile)
    for body, line in reader.bodies(source):
        _add(report, reader.readings(body, line))
    report.assumptions = _assumptions(report, profile)
    return report


def _add(report: Report, found: Readings) -> None:
    report.readings += len(found.key)
    report.blank += found.blank
    report.ignored += found.ignored
    for place, count in enumerate(np.bincount(found.key, minlength=len(found.keys))):
        key = found.keys[place]
        report.keys[key.said] = key
        report.counts[key.said] += int(count)
        lost = int((found.missing & (found.key == place)).sum())
        if lost:
            report.missing[key.said] += lost
    seen = found.qualified[found.qualified >= 0]
    for place, count in enumerate(np.bincount(seen, minlength=0)):
        if count:
            flags = found.flag[(found.qualified == place) & ~found.missing]
            flag = int(flags[0]) if len(flags) else 9
            report.qualifiers[found.qualifier[place], flag] += int(count)
    zones = np.unique(found.zone[found.status == rows.OK]).tolist()
    report.zones |= {found.zones[z] if z >= 0 else "as written" for z in zones}
    _add_rejects(report, found)
    for row in range(min(len(found.key), _SHOWN - len(report.rows))):
        report.rows.append(_row(found, row))


def _add_rejects(report: Report, found: Readings) -> None:
    for row in np.flatnonzero(found.status != rows.OK).tolist():
        reason = reason_of(int(found.status[row]))
        report.rejected[reason] += 1
        if len(report.rejects) < _REJECTS:
            raw = found.raw(row)
            column = found.columns[int(found.column[row])]
            place = f"line {found.line[row]}" + (f", {column}" if column else "")
            report.rejects.append(f"{place}: {reason}: {REASONS[reason]}: {raw}")


def _row(found: Readings, row: int) -> dict[str, Any]:
    key, status = found.keys[int(found.key[row])], int(found.status[row])
    read = status == rows.OK
    zone = found.zones[int(found.zone[row])] if found.zone[row] >= 0 else "UTC"
    number = found.value[row]
    return {
        "line": int(found.line[row]),
        "series": key.code or "",
        "time": str(found.time[row].view("M8[us]"))[:26] if read else "",
        "clock": zone,
        "value": "" if np.isnan(number) else repr(float(number)),
        "unit": key.unit or "of the series",
        "flag": str(found.flag[row]) if read else "",
        "verdict": "ok" if read else reason_of(status),
    }


def _assumptions(report: Report, profile: Profile) -> list[str]:
    """Every assumption in words; what the data raised none of is left out."""
    said = profile.time
    lines = [
        *_text_of(profile),
        f"time: {' '.join(profile.columns.time)} as {' or '.join(said.formats)}; "
        f"clock: {', '.join(sorted(report.zones)) or said.zone}",
        f"hour that a clock shows twice: {said.doubled_hour}",
        "stamp: the end of the interval, as it is written"
        if said.stamp == "end"
        else f"stamp: start of {said.interval}, moved to its end",
    ]
    for name, key in report.keys.items():
        code = key.code or "no code, so its rows will be rejected"
        unit = key.unit or "taken to be in the unit of the series"
        ending = ", ignored" if key.ignored else ""
        lines.append(
            f"series: {name} is {code}; {unit}; {report.counts[name]:,} rows{ending}"
        )
    lines += [
        f"missing: {count:,} of {name} (stored as missing, flag 9)"
        for name, count in report.missing.items()
    ]
    lines += [
        f"qualifier {word!r}: {f'flag {flag}' if flag else 'rejected'}, {count:,} rows"
        for (word, flag), count in report.qualifiers.items()
    ]
    if report.blank:
        lines.append(f"blank cells, which are no readings: {report.blank:,}")
    if report.ignored:
        lines.append(f"ignored by series.ignore: {report.ignored:,} readings")
    if report.issued_at:
        lines.append(f"issued at {report.issued_at.isoformat()}")
    else:
        lines.append("issued when it lands, or as --issued-at says")
    return lines


def _text_of(profile: Profile) -> list[str]:
    said = profile.text
    if documents.is_one(profile):
        return [f"format: {profile.format}; lines count its readings or rows"]
    cells = "fixed columns" if said.fixed else f"cells between {said.delimiter!r}"
    marks = f"decimal {said.decimal!r}, thousands {said.thousands!r}"
    return [f"text: {said.encoding}, {cells}, quote {said.quote}, {marks}"]
