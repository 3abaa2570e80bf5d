"""How a run of ingest is asked for, and what it says it did."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from ewater.errors import EWaterError
from ewater.store.instants import EARLIEST, LATEST, microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from ewater.ingest.parse import Parsed, Reject, Schema
    from ewater.ingest.profiles.model import Profile
    from ewater.ingest.source import Source
    from ewater.store import landing

Kind = Literal["readings", "reports", "edit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Times that are asked for: from the start, up to but without the end."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def bounds_us(self) -> tuple[int, int]:
        """Start and end, microseconds UTC."""
        start = EARLIEST if self.start is None else microseconds(self.start)
        end = LATEST + 1 if self.end is None else microseconds(self.end)
        return start, end

    @property
    def given(self) -> tuple[datetime | None, datetime | None]:
        """Start and end as they were given."""
        return self.start, self.end

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self.start is None and self.end is None


EVERYTHING = Span()


class Reading(Protocol):
    """Reads the files of a source; the profiles' reader is one."""

    def bodies(
        self, source: Source, tap: Callable[[bytes], None] | None = None
    ) -> Iterator[tuple[bytes, int]]:
        """Blocks of rows, each with the number of its first line."""

    def parse(
        self, body: bytes, first_line: int, schema: Schema, now_us: int
    ) -> Parsed:
        """Read one block."""


class KnownError(EWaterError):
    """A load of the same bytes was published while this one was at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did.

    ``load`` is None for a trial; ``known`` says that a load of these very bytes was
    published before and that nothing was written now. ``rejects`` are listed for a
    trial and for a template; those of a load are in the store. ``outside`` counts rows
    before or after the span that was asked for: they are not among those read.
    ``cleared`` names the blank cells of a template of which the store has a reading.
    """

    source: str
    kind: Kind
    load: int | None
    known: bool
    counts: landing.Counts
    seconds: float
    recorded_from: datetime | None = None
    rejects: tuple[Reject, ...] = ()
    outside: int = 0
    cleared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run; the same for every file of a command.

    ``now`` stands for the present where readings of the future are refused; tests
    set it. ``daily`` False leaves the daily sums for a later refresh, ``judge`` False
    the tests of the readings too: all of them are due then, and stay not evaluated
    until a refresh writes their flags as a load of its own, which takes more work and
    more room than judging while loading.
    ``profile`` says what the files are like where they are not canonical; ``reader``
    reads them instead, where it is given, and ``said`` is what a load keeps of how.
    Only readings in ``span`` are taken.
    ``again`` loads also bytes that were loaded before, as a later word of their
    source. ``published`` is given the load in the transaction that publishes it.
    ``unit_accepted`` says that values are right which seem to be in another unit.
    ``say`` is told what a person should know while it runs.
    """

    issued_at: datetime | None = None
    dry_run: bool = False
    who: str = ""
    now: datetime | None = None
    daily: bool = True
    judge: bool = True
    progress: Callable[[int], None] | None = None
    profile: Profile | None = None
    span: Span = EVERYTHING
    again: bool = False
    published: Callable[[Connection, int], None] | None = None
    reader: Reading | None = None
    unit_accepted: bool = False
    said: str | None = None
    say: Callable[[str], None] | None = None

    @property
    def profile_said(self) -> str | None:
        """The profile as it is kept with the load."""
        return self.profile.said() if self.profile else self.said

    @property
    def now_us(self) -> int:
        """The present, microseconds UTC."""
        return microseconds(self.now or datetime.now(UTC))

    @property
    def person(self) -> str:
        """Who runs it: the account of this process unless given."""
        return self.who or getpass.getuser()
