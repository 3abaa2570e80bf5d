"""Files of a source become checked rows: blocks of lines, readings, SI and UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.ingest import rows
from ewater.ingest.parse import (
    Parsed,
    Schema,
    readable,
    slow_number,
    status_of,
)
from ewater.ingest.profiles import clock, documents, scan, text
from ewater.ingest.profiles.plan import REJECT, Key, Plan, key_of, plan, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.source import Source

_KINDS = {"whitespace": scan.WHITESPACE}
_OFFSET, _SERIES_ZONE = -1, "series"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a block says, before the registry is asked; arrays run over readings.

    ``time`` is on the clock of zone ``zones[zone]``, or UTC where ``zone`` is -1;
    ``value`` is in the unit of its key. ``status`` is that of `ewater.ingest.parse`.
    """

    data: bytes
    keys: list[Key]
    zones: list[str]
    columns: list[str]
    key: NDArray[np.int64]
    zone: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    status: NDArray[np.uint8]
    line: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    column: NDArray[np.int32]
    missing: NDArray[np.bool_]
    qualifier: list[str]
    qualified: NDArray[np.int64]
    blank: int
    ignored: int

    def raw(self, row: int) -> str:
        """Text of the line of a reading."""
        return readable(self.data[int(self.first[row]) : int(self.last[row])])


class Reader:
    """Reads the files of one profile; one reader per file.

    Parameters
    ----------
    profile
        What the files are like.
    """

    def __init__(self, profile: Profile) -> None:
        self.given = profile
        self.profile = documents.as_text(profile)
        self.head = text.Head([], [], "")
        self._plan: Plan | None = None

    def bodies(
        self, source: Source, tap: Callable[[bytes], None] | None = None
    ) -> Iterator[tuple[bytes, int]]:
        """Blocks of lines behind the header, as `ewater.ingest.source.bodies`.

        Raises
        ------
        FaultsError
            The file is none of this profile, damaged, or of another encoding.
        """
        blocks = self._blocks(source, tap)
        if self.profile.time.doubled_hour == "by_order":  # order runs through blocks
            blocks = _joined(blocks)
        first = True
        for block in blocks:
            rest = block
            if first:
                self.head, rest = text.head_of(block, self.profile, source.name)
                self._plan = plan(self.profile, self.head.names, source.name)
                first = False
            whole = text.without_repeated_header(
                rest, self.head, self.profile, source.name
            )
            yield whole.body, whole.first_line
        if first and not documents.is_one(self.given):
            raise text.fault(source.name, None, "the file is empty", "a file with rows")

    def _blocks(
        self, source: Source, tap: Callable[[bytes], None] | None
    ) -> Iterator[text.Block]:
        if documents.is_one(self.given):
            return documents.blocks(source, self.given, tap)
        return text.utf8_blocks(source, self.profile, tap)

    @property
    def plan(self) -> Plan:
        """Where the columns are; known once a block was read."""
        if self._plan is None:
            raise ValueError("no block was read yet")
        return self._plan

    def readings(self, body: bytes, first_line: int) -> Readings:
        """Read a block without asking the registry."""
        return _Block(self.profile, self.plan, body, first_line).readings()

    def parse(
        self, body: bytes, first_line: int, schema: Schema, now_us: int
    ) -> Parsed:
        """Read a block as `ewater.ingest.parse.parse` does."""
        from ewater.ingest.profiles.settle import settle

        return settle(self.readings(body, first_line), self.profile, schema, now_us)


def _joined(blocks: Iterator[text.Block]) -> Iterator[text.Block]:
    parts = list(blocks)
    if parts:
        yield text.Block(b"".join(part.body for part in parts), parts[0].first_line)


class _Block:
    """The lines of a block while they are read."""

    def __init__(self, profile: Profile, where: Plan, body: bytes, first: int) -> None:
        self.profile, self.plan, self.first_line = profile, where, first
        self.body, self.data = body, np.frombuffer(body, np.uint8)
        ends = rows.line_ends(self.data)
        out: tuple[NDArray[Any], ...] = (
            np.zeros((len(ends), len(where.wanted), 2), np.int64),
            np.empty(len(ends), np.uint8),
            *(np.empty(len(ends), np.int64) for _ in range(3)),
        )
        said = profile.text
        kind = _KINDS.get(said.delimiter, scan.DELIMITED)
        kind = scan.FIXED if said.fixed else kind
        expected = len(where.wanted) if said.fixed else len(where.names)
        mark = text.DELIMITERS.get(said.delimiter, said.delimiter)
        marks = np.array([ord(mark), _ord(said.quote)], np.int64)
        comment = np.frombuffer(said.comment.encode(), np.uint8)
        count = scan.cells(
            self.data, ends, comment, kind, marks, where.wanted, expected, out
        )
        found, status, line, begin, end = out
        self.found, self.status = found[:count], status[:count]
        self.line, self.begin, self.end = line[:count], begin[:count], end[:count]

    def readings(self) -> Readings:
        """Read times by line and values by cell."""
        where = self.plan
        wide = len(where.values)
        local, zone, zones = self._times()
        lines = np.repeat(np.arange(len(self.line)), wide)
        column = np.tile(np.arange(wide, dtype=np.int32), len(self.line))
        keys, key = self._keys()
        value = np.empty((len(self.line), wide))
        status = np.empty((len(self.line), wide), np.uint8)
        flag = np.full((len(self.line), wide), 2, np.uint8)
        missing = np.zeros((len(self.line), wide), np.bool_)
        qualified = np.full((len(self.line), wide), -1, np.int64)
        qualifiers: list[str] = []
        empty = np.zeros((len(self.line), wide), np.bool_)
        for v, place in enumerate(where.values):
            cell = self.found[:, place]
            value[:, v], status[:, v] = self._numbers(cell)
            missing[:, v] = self._missing(
                cell, value[:, v], status[:, v], keys, key[:, v]
            )
            empty[:, v] = (status[:, v] == rows.NO_VALUE) & ~missing[:, v]
            if where.flags:
                flag[:, v], words, at = self._flags(where.flags[v])
                qualified[:, v] = at + len(qualifiers)
                qualifiers += words
        value[missing], flag[missing] = np.nan, 9
        status[missing] = rows.OK
        status[(flag == REJECT) & (status == rows.OK)] = status_of("qualifier")
        bad_time = (local == clock.LOCAL)[:, None] & (self.status == rows.OK)[:, None]
        status[np.broadcast_to(bad_time, status.shape)] = rows.TIME
        status[self.status != rows.OK] = self.status[self.status != rows.OK][:, None]
        keep = self._kept(key, keys, empty).ravel()
        return Readings(
            data=self.body,
            keys=keys,
            zones=zones,
            columns=list(where.value_names) if self.profile.columns.values else [""],
            key=key.ravel()[keep],
            zone=zone[lines][keep],
            time=local[lines][keep],
            value=value.ravel()[keep],
            flag=flag.ravel()[keep],
            status=status.ravel()[keep],
            line=self.line[lines][keep] + self.first_line,
            first=self.begin[lines][keep],
            last=self.end[lines][keep],
            column=column[keep],
            missing=missing.ravel()[keep],
            qualifier=qualifiers,
            qualified=qualified.ravel()[keep],
            blank=int(empty.sum()) if self.profile.columns.values else 0,
            ignored=int(np.array([k.ignored for k in keys], np.bool_)[key].sum()),
        )

    def _kept(
        self, key: NDArray[np.int64], keys: list[Key], empty: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Leave out what is no reading: ignored series, and blanks of wide rows."""
        ignored = np.array([k.ignored for k in keys], np.bool_)
        keep = ~ignored[key] if ignored.any() else np.ones(key.shape, np.bool_)
        if self.profile.columns.values:
            keep &= ~empty
        cut_off = self.status != rows.OK
        keep[cut_off] = False
        keep[cut_off, 0] = True  # such a line is one row
        return keep

    def _times(self) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
        said = self.profile.time
        found = np.ascontiguousarray(self.found[:, self.plan.time])
        local = np.full(len(found), clock.LOCAL, np.int64)
        offset = np.full(len(found), clock.LOCAL, np.int64)
        todo = self.status == rows.OK
        for given in said.formats:
            form = clock.program(given)
            clock.read(
                self.data,
                found,
                form.kind,
                form.steps,
                form.scale,
                form.origin,
                todo,
                local,
                offset,
            )
        read = local != clock.LOCAL
        known = read & (offset != clock.LOCAL)
        if said.stamp == "start" and said.interval:
            by = clock.interval(said.interval)
            # an offset that was folded into the time is UTC: its days have 24 hours
            if by[1] != "us":
                local[read] = clock.shifted(local[read], by)
        local[known] -= offset[known]
        zones, zone = self._zones()
        zone[known] = _OFFSET
        unknown = np.array([z == "" for z in zones], np.bool_)
        lost = read & (zone >= 0)
        lost[lost] = unknown[zone[lost]]
        local[lost] = clock.LOCAL
        return local, zone, zones

    def _zones(self) -> tuple[list[str], NDArray[np.int64]]:
        """Zone of every line; "" for words that the profile does not know."""
        said = self.profile.time
        if self.plan.zone is None:
            return [said.zone], np.zeros(len(self.line), np.int64)
        words, group = self._words(self.plan.zone)
        return [_zone_named(said, word) for word in words], group

    def _words(self, place: int) -> tuple[list[str], NDArray[np.int64]]:
        """Different texts of a column, and which of them each line has."""
        cells = np.ascontiguousarray(self.found[:, [place]])
        group, members = scan.groups(self.data, cells)
        return [scan.text_of(self.data, cells[m, 0]) for m in members], group

    def _keys(self) -> tuple[list[Key], NDArray[np.int64]]:
        """Map identifiers; say which each value has (line, value column)."""
        where = self.plan
        wide = len(where.values)
        if not where.key:
            group, members = np.zeros(len(self.line), np.int64), np.zeros(1, np.int64)
            texts: list[dict[str, str]] = [{}]
        else:
            cells = np.ascontiguousarray(self.found[:, where.key])
            group, members = scan.groups(self.data, cells)
            texts = [
                {
                    name: scan.text_of(self.data, cells[m, k])
                    for k, name in enumerate(where.key_names)
                }
                for m in members
            ]
        unit = self.profile.columns.unit
        keys = [
            key_of(self.profile, said, name, said.get(unit) if unit else None)
            for said in texts
            for name in where.value_names
        ]
        return keys, group[:, None] * wide + np.arange(wide)

    def _numbers(
        self, cell: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        said = self.profile.text
        value, status = np.empty(len(cell)), self.status.copy()
        scan.numbers(
            self.data,
            np.ascontiguousarray(cell),
            ord(said.decimal),
            _ord(said.thousands),
            value,
            status,
        )
        for row in np.flatnonzero(status == rows.NUMBER).tolist():
            raw = scan.text_of(self.data, cell[row])
            if said.decimal == ",":
                raw = "" if "." in raw else raw.replace(",", ".")
            value[row], status[row] = slow_number(raw)
        return value, status

    def _missing(
        self,
        cell: NDArray[np.int64],
        value: NDArray[np.float64],
        status: NDArray[np.uint8],
        keys: list[Key],
        key: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Mark the values that stand for none; a number counts, however written."""
        found: NDArray[np.bool_] = np.isnan(value) & (status == rows.OK)
        for numbers in {k.numbers for k in keys if k.numbers}:
            concerned = np.array([k.numbers == numbers for k in keys])[key]
            found |= concerned & np.isin(value, list(numbers)) & (status == rows.OK)
        rest = np.flatnonzero((status != rows.OK) & (self.status == rows.OK))
        if len(rest) == 0 or not any(k.words for k in keys):
            return found
        cells = np.ascontiguousarray(cell[rest][:, None, :])
        group, members = scan.groups(self.data, cells)
        words = [scan.text_of(self.data, cells[m, 0]) for m in members]
        for sentinels in {k.words for k in keys if k.words}:
            concerned = np.array([k.words == sentinels for k in keys])[key[rest]]
            says = np.array([word in sentinels for word in words])[group]
            found[rest] |= concerned & says
        return found

    def _flags(
        self, place: int
    ) -> tuple[NDArray[np.uint8], list[str], NDArray[np.int64]]:
        words, group = self._words(place)
        verdicts = np.array([verdict(self.profile, w) for w in words] or [2], np.uint8)
        return verdicts[group], words, group


def _ord(mark: str) -> int:
    return -1 if mark == "none" else ord(mark)


def _zone_named(said: Any, word: str) -> str:
    if word in said.zones:
        return str(said.zones[word])
    if not word:
        return str(said.zone)
    return word if clock.fixed_offset(word) is not None else ""
