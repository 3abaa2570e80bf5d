"""How a run of ingest is asked for, and what it says it did."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from ewater.errors import EWaterError
from ewater.store.instants import microseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ewater.ingest.parse import Reject
    from ewater.ingest.profiles.model import Profile
    from ewater.store import landing

Kind = Literal["readings", "reports", "edit"]


class KnownError(EWaterError):
    """A load of the same bytes was published while this one was at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did.

    ``load`` is None for a trial; ``known`` says that a load of these very bytes was
    published before and that nothing was written now. ``rejects`` are listed for a
    trial only; those of a load are in the store.
    """

    source: str
    kind: Kind
    load: int | None
    known: bool
    counts: landing.Counts
    seconds: float
    recorded_from: datetime | None = None
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run; the same for every file of a command.

    ``now`` stands for the present where readings of the future are refused; tests
    set it. ``daily`` False leaves the daily sums for a later refresh.
    ``profile`` says what the files are like where they are not canonical.
    """

    issued_at: datetime | None = None
    dry_run: bool = False
    who: str = ""
    now: datetime | None = None
    daily: bool = True
    progress: Callable[[int], None] | None = None
    profile: Profile | None = None

    @property
    def profile_said(self) -> str | None:
        """The profile as it is kept with the load."""
        return self.profile.said() if self.profile else None

    @property
    def now_us(self) -> int:
        """The present, microseconds UTC."""
        return microseconds(self.now or datetime.now(UTC))

    @property
    def person(self) -> str:
        """Who runs it: the account of this process unless given."""
        return self.who or getpass.getuser()
