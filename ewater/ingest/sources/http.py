"""Services that are asked for what is new, from a cursor less an overlap until now."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from ewater.errors import EWaterError
from ewater.ingest.outcome import Options, Span
from ewater.ingest.source import Memory, digest
from ewater.ingest.sources import running
from ewater.ingest.sources.http_client import Client, Request
from ewater.ingest.sources.model import plain
from ewater.ingest.sources.running import TRANSIENT, Item
from ewater.store import posts, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from ewater.ingest.outcome import Outcome
    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.sources.model import HttpSource
    from ewater.ingest.sources.running import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Times that one request asks for; the last one ends now."""

    start: datetime
    end: datetime
    last: bool


def windows(
    source: HttpSource, cursor: datetime | None, span: Span, now: datetime
) -> Iterator[Window]:
    """Say what to ask for: what follows the cursor, with an overlap, or a span.

    A span that is given is asked for whatever the cursor says.
    """
    start = (
        source.begin if cursor is None else max(source.begin, cursor - source.overlap)
    )
    end = now
    if not span.is_all:
        start, end = span.start or source.begin, span.end or now
    while start < end:
        until = min(start + source.span, end)
        yield Window(start=start, end=until, last=until == end)
        start = until


def run(
    engine: Engine,
    source: HttpSource,
    profile: Profile | None,
    call: Call,
    span: Span,
) -> list[Outcome]:
    """Ask for every site and window; load each answer before the next is asked for.

    The cursor moves in the transaction that publishes an answer. An answer that
    cannot be read is kept as a post that was set aside.

    Raises
    ------
    TransientError, AnswerError
        The service does not answer as it should; what was loaded before stays.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    outcomes: list[Outcome] = []
    with closing(Client(source, call)) as client:
        for site in source.sites or [""]:
            with engine.connect() as connection:
                state = sources.state(connection, source.name, site)
            for window in windows(source, state.cursor, span, now):
                if call.stop():
                    return outcomes
                step = _Step(engine, source, profile, call, site, window, span)
                outcome = step.take(client)
                outcomes += [outcome] if outcome else []
    return outcomes


@dataclass(frozen=True, slots=True)
class _Step:
    """One site and window of a run."""

    engine: Engine
    source: HttpSource
    profile: Profile | None
    call: Call
    site: str
    window: Window
    span: Span

    @property
    def item(self) -> Item:
        times = (
            f"{self.window.start:%Y-%m-%dT%H:%MZ} to {self.window.end:%Y-%m-%dT%H:%MZ}"
        )
        name = f"{self.site} {times}".strip()
        return Item(source=self.source.name, name=name, call=self.call)

    def take(self, client: Client) -> Outcome | None:
        """Ask, and load the answer."""
        try:
            body = client.ask(self._request())
        except EWaterError as error:
            running.fail(self.engine, self.item, error)
            raise
        if not body:
            running.nothing(self.engine, self.item)
            with self.engine.begin() as connection:
                self._advance(connection, None, b"")
            return None
        return self._load(Memory(f"{self.source.name}: {self.item.name}", body))

    def _load(self, data: Memory) -> Outcome | None:
        sha256 = digest(data)
        with self.engine.connect() as connection:
            state = sources.state(connection, self.source.name, self.site)

        def also(connection: Connection, load: int) -> None:
            self._advance(connection, load, sha256)

        # The same answer as last time is known; one given earlier, and another since,
        # is a later word.
        again = state.sha256 != sha256
        options = Options(profile=self.profile, again=again, span=self.span)
        try:
            outcome = running.load(self.engine, self.item, data, options, also)
        except TRANSIENT:
            raise
        except EWaterError as error:
            self._set_aside(data.data, error)
            raise
        if outcome.known:
            with self.engine.begin() as connection:
                self._advance(connection, None, sha256)
        return outcome

    def _advance(self, connection: Connection, load: int | None, sha256: bytes) -> None:
        """Move the cursor: to the newest reading, or past a window that is over."""
        if not self.span.is_all:
            return
        reached = None if self.window.last else self.window.end
        if load is not None:
            newest = connection.execute(
                text("SELECT max(last_time) FROM chunk WHERE load_id = :load"),
                {"load": load},
            ).scalar_one()
            reached = max(filter(None, (reached, newest)), default=None)
        sources.advance(connection, self.source.name, self.site, reached, sha256)

    def _set_aside(self, body: bytes, error: Exception) -> None:
        """Keep an answer that no load could be made of."""
        format = "profile" if self.profile else posts.format_of(body)
        with self.engine.begin() as connection:
            number = posts.keep(
                connection, body, format=format, source=self.source.name
            )
            posts.failed(connection, number, str(error))

    def _request(self) -> Request:
        def filled(given: str) -> str:
            return self.source.filled(
                given, self.site, self.window.start.astimezone(UTC),
                self.window.end.astimezone(UTC),
            )  # fmt: skip

        body = self.source.body
        return Request(
            url=filled(self.source.url),
            params={n: filled(plain(v)) for n, v in self.source.params.items()},
            body=None if body is None else filled(body),
        )
