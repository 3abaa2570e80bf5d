"""Posts joined to one file of a load: every line knows its post and its key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ewater.ingest.parse import HEADERS, Parsed, Reject, Schema, parse, readable
from ewater.ingest.push import body
from ewater.ingest.source import Memory, bodies
from ewater.store.keys import may_write
from ewater.store.posts import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ewater.ingest.outcome import Reading
    from ewater.ingest.source import Source
    from ewater.store.posts import Post

    Patterns = Mapping[str, Sequence[str]]

_CELLS = 4
_ANY = ("*",)


@dataclass(frozen=True, slots=True)
class Batch:
    """Posts, and the file that they make."""

    posts: Sequence[Post]
    data: bytes
    places: Sequence[Place]

    @property
    def name(self) -> str:
        """Name of the load."""
        first, last = self.posts[0], self.posts[-1]
        what = first.source or "push"
        if len(self.posts) == 1:
            return f"{what}: post {first.id}"
        return f"{what}: {len(self.posts)} posts, {first.id} to {last.id}"

    @property
    def source(self) -> Memory:
        """The file."""
        return Memory(self.name, self.data)


def canonical(posts: Sequence[Post]) -> Batch:
    """Join canonical posts under one header."""
    lines, places, at = [f"{HEADERS[1]}".encode()], [], 2
    for post in posts:
        name = f"post {post.id}"
        if post.key_id is None:  # a broker sends what it likes
            body.check(post.body, post.format, name)
        rows = body.rows(post.body, post.format, name)
        lines += rows
        places.append(Place(post.id, at, at + len(rows) - 1))
        at += len(rows)
    return Batch(posts, b"\n".join(lines) + b"\n", places)


def of_profile(posts: Sequence[Post]) -> Batch:
    """Join posts as they are, each on lines of its own."""
    parts, places, at = [], [], 1
    for post in posts:
        whole = post.body if post.body.endswith(b"\n") else post.body + b"\n"
        count = whole.count(b"\n")
        parts.append(whole if len(posts) > 1 else post.body)
        places.append(Place(post.id, at, at + count - 1))
        at += count
    return Batch(posts, b"".join(parts), places)


def line_in_post(format: str, line: int, first: int) -> int:
    """Line of a post, or item of its document, that is a line of the batch."""
    return line - first + (2 if format == "csv" else 1)


class Scoped:
    """Reads a batch, and refuses what the key of a post may not write.

    Parameters
    ----------
    batch
        What is read.
    patterns
        Series that each key may write.
    under
        Reader of the profile; None for the canonical layout.
    """

    def __init__(self, batch: Batch, patterns: Patterns, under: Reading | None) -> None:
        self._under = under
        self._starts = np.array([place.first for place in batch.places], np.int64)
        self._scopes = [
            tuple(patterns.get(post.key_id, ())) if post.key_id else _ANY
            for post in batch.posts
        ]

    def bodies(
        self, source: Source, tap: Callable[[bytes], None] | None = None
    ) -> Iterator[tuple[bytes, int]]:
        """Blocks of rows, each with the number of its first line."""
        if self._under:
            return self._under.bodies(source, tap)
        return bodies(source, tap)

    def parse(
        self, body: bytes, first_line: int, schema: Schema, now_us: int
    ) -> Parsed:
        """Read one block; readings outside a key's scope are rejected."""
        if self._under:
            found = self._under.parse(body, first_line, schema, now_us)
        else:
            found = parse(
                body, cells=_CELLS, first_line=first_line, schema=schema, now_us=now_us
            )
        if all(scope == _ANY for scope in self._scopes):
            return found
        keep = self._allowed(found, schema)
        return replace(
            found.take(keep),
            rejects=[self._known_scope(r) for r in found.rejects]
            + [_refused(found, int(row), body) for row in np.flatnonzero(~keep)],
        )

    def posts(self, lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """Place of the post that each line belongs to."""
        return np.searchsorted(self._starts, lines, "right") - 1

    def _allowed(self, found: Parsed, schema: Schema) -> NDArray[np.bool_]:
        scopes = sorted(set(self._scopes))
        seen, place = np.unique(found.series, return_inverse=True)
        codes = [schema.codes[series] for series in seen.tolist()]
        table = np.array(
            [[may_write(scope, code) for code in codes] for scope in scopes], np.bool_
        ).reshape(len(scopes), len(codes))
        scope_of_post = np.array([scopes.index(scope) for scope in self._scopes])
        allowed: NDArray[np.bool_] = table[scope_of_post[self.posts(found.line)], place]
        return allowed

    def _known_scope(self, reject: Reject) -> Reject:
        """Let a row of an unregistered series wait only if it may be written."""
        if not reject.held:
            return reject
        scope = self._scopes[int(self.posts(np.array([reject.line]))[0])]
        code = reject.raw.split(",", 1)[0].strip().strip('"').strip()
        if scope == _ANY or (self._under is None and may_write(scope, code)):
            return reject
        return replace(reject, reason="not_allowed", detail="")


def _refused(found: Parsed, row: int, body: bytes) -> Reject:
    column = "" if found.column is None else found.columns[int(found.column[row])]
    return Reject(
        line=int(found.line[row]),
        reason="not_allowed",
        raw=readable(body[int(found.first[row]) : int(found.last[row])]),
        column=column,
    )


def before_contradiction(
    batch: Batch, reader: Scoped, schema: Schema, now_us: int
) -> int:
    """How many posts, from the first on, do not contradict each other.

    A later post corrects an earlier one: they belong to loads of their own. What a
    post says against itself is settled in its load.
    """
    parts = [
        reader.parse(block, line, schema, now_us)
        for block, line in reader.bodies(batch.source)
    ]
    if not parts:
        return len(batch.posts)
    series, time, value, flag, line = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("series", "time", "value", "flag", "line")
    )
    post = reader.posts(line)
    order = np.lexsort((post, time, series))
    series, time, post = series[order], time[order], post[order]
    value, flag = value[order], flag[order]
    same = (series[1:] == series[:-1]) & (time[1:] == time[:-1])
    alike = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
    differ = ~alike | (flag[1:] != flag[:-1])
    cut = post[1:][same & differ & (post[1:] != post[:-1])]
    return int(cut.min()) if len(cut) else len(batch.posts)
