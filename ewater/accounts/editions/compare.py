"""Two states of one part, line by line: what was altered, added or lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.accounts.editions import fingerprints, results
from ewater.store.folder_files import FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ewater.accounts.editions.fingerprints import Prints

    Row = dict[str, Any]
    Span = tuple[int, int]
    Locate = Callable[[str, int], Sequence[Span]]

_SPANS = 5  # that are told
NAMED = 200  # differences of one part that are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was sealed.

    ``kind`` is ``reading``, ``readings``, a table of the registry, ``step``, ``part``,
    ``chunk``, ``file`` or ``figures``; ``subject`` is what it touches figures by: the
    series of readings, the row of a table. ``spans`` (microseconds UTC, both ends
    within) are where readings differ, if more is known of it than the year.
    """

    kind: str
    item: str
    what: str
    subject: Mapping[str, Any] = field(default_factory=dict)
    spans: Sequence[Span] = ()


def rows(table: str, sealed: Sequence[str], present: Sequence[str]) -> list[Difference]:
    """Differences between two states of a registry table; lines as `table_lines`."""
    lost, come = apart(sealed, present)
    key = FILES[table].row_key if table in FILES else ("site", "territory")
    before, after = (
        {_key(r, key): r for r in map(_row, part)} for part in (lost, come)
    )
    found = []
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        subject = was or now or {}
        found.append(
            Difference(
                kind=table,
                item=" ".join(part for part in name if part),
                what=_changes(was, now),
                subject=subject,
            )
        )
    if not found and sealed != present:
        what = f"{len(sealed)} rows were sealed, {len(present)} are there"
        if len(sealed) == len(present):
            what = "its rows stand in another order, or another one twice"
        found.append(Difference(kind=table, item="all", what=what))
    return found


def readings(
    sealed: Sequence[str],
    present: Sequence[str],
    prints: Prints | None,
    locate: Locate | None = None,
) -> list[Difference]:
    """Differences between fingerprints; one altered reading is named by its time.

    ``prints`` are those that ``present`` was written from; without them times are not
    looked for. ``locate`` says in what spans of a series and year several can lie.
    """
    lost, come = apart(sealed, present)
    before, after = ({tuple(x.split()[:2]): x for x in part} for part in (lost, come))
    place = {key: n for n, key in enumerate(prints.keys)} if prints else {}
    found = []
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        series, year = key
        time = None
        if was and now and prints:
            at = place[series, int(year)]
            time = fingerprints.altered(was, now, prints, at)
        spans: Sequence[Span] = () if time is None else ((time, time),)
        if time is None and locate is not None:
            spans = locate(series, int(year))
        counts = [0 if line is None else int(line.split()[2]) for line in (was, now)]
        found.append(
            Difference(
                kind="readings" if time is None else "reading",
                item=f"{series} {year if time is None else _instant(time)}",
                what=_counted(*counts) + (_within(spans) if time is None else ""),
                subject={"series": series},
                spans=spans,
            )
        )
    return found


def cells(
    sealed: Sequence[str], present: Sequence[str]
) -> Iterator[tuple[results.Key, results.Figure | None, results.Figure | None]]:
    """Cells that are not the same, with both figures; None where there is none."""
    lost, come = apart(sealed, present)
    before, after = results.figures(lost), results.figures(come)
    for key in sorted({*before, *after}):
        yield key, before.get(key), after.get(key)


def apart(sealed: Sequence[str], present: Sequence[str]) -> tuple[list[str], list[str]]:
    """Lines of one that the other lacks, each in order."""
    if sealed == present:
        return [], []
    old, new = set(sealed), set(present)
    return [x for x in sealed if x not in new], [x for x in present if x not in old]


def _row(line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        return {"": line}
    return row if isinstance(row, dict) else {"": line}


def _key(row: Row, key: Sequence[str]) -> tuple[str, ...]:
    return tuple(_short(row.get(name)) for name in (*key, ""))


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text.removesuffix("T00:00:00Z")


def _changes(was: Row | None, now: Row | None) -> str:
    if was is None or now is None:
        return "is gone" if now is None else "was not there"
    return "; ".join(
        f"{name} was {_told(was.get(name))}, is {_told(now.get(name))}"
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    )


def _told(value: Any) -> str:
    text = "empty" if value is None else str(value)
    return text if len(text) < 80 else f"{text[:77]}..."


def _counted(was: int, now: int) -> str:
    if was == now:
        return f"altered, among {was}"
    if not now:
        return f"all {was} are gone"
    return f"{was} were sealed, {now} are there"


def _within(spans: Sequence[Span]) -> str:
    """Say where several readings lie; nothing where only the year is known."""
    told = [" to ".join(map(_instant, span)) for span in spans[:_SPANS]]
    more = f" and {len(spans) - _SPANS} more" if len(spans) > _SPANS else ""
    return f"; they lie in {', '.join(told)}{more}" if told else ""


def _instant(time: int) -> str:
    return f"{np.int64(time).view('M8[us]')}Z".replace(".000000Z", "Z")
