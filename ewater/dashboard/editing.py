"""Changes to readings from the pages: who may, on what, and that nothing is lost.

Everything that is sent by a browser is looked at again here, in the transaction that
writes: role, scope, and whether somebody else was there first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import current_app, has_request_context
from sqlalchemy import text

from ewater.accounts.scope import Scope
from ewater.dashboard.questions import within
from ewater.errors import ConflictError, ForbiddenError, UsageError
from ewater.ingest import edits, entry, quality
from ewater.people.roles import may
from ewater.series.quality_verdicts import Approval
from ewater.store import audit, chunks
from ewater.store.instants import instant
from ewater.terms import Flag, Lineage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.dashboard.access.guard import Guard
    from ewater.ingest.outcome import Outcome
    from ewater.people.users import User

_MOST_NAMED = 2000  # values that one row of the audit holds
_LONGEST = 500  # characters of a reason
_BY = """
SELECT l.recorded_from, p.name FROM load AS l
LEFT JOIN person AS p ON p.id = l.actor WHERE l.id = :load
"""
_JUDGED_SINCE = """
SELECT made, p.name FROM verdict AS v LEFT JOIN person AS p ON p.id = v.author
WHERE series_id = :id AND starts <= :last AND ends > :first AND made > :seen
ORDER BY made LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """Somebody who is signed in, and what they may do."""

    engine: Engine
    user: User
    address: str

    @property
    def scope(self) -> Scope:
        """What they may see."""
        return Scope(self.user.organisations, self.user.territories)

    def can(self, act: str) -> bool:
        """Whether their role may do something."""
        return may(self.user.role, act)


def guard() -> Guard | None:
    """Guard of the application that answers; None where it is open to everybody."""
    if not has_request_context():
        return None
    found: Guard | None = current_app.extensions.get("ewater.guard")
    return found


def editor() -> Editor | None:
    """Whoever asks, if they are signed in."""
    on = guard()
    user = on.user() if on else None
    if on is None or user is None:
        return None
    return Editor(engine=on.engine, user=user, address=on.address())


def signed_in() -> Editor:
    """Give whoever asks.

    Raises
    ------
    ForbiddenError
        Nobody is signed in: then nobody edits.
    """
    who = editor()
    if who is None:
        raise ForbiddenError("nobody is signed in")
    return who


def may_judge(who: Editor, level: str, flag: str = "") -> bool:
    """Whether somebody may say this of readings.

    Who edits may flag and review them; to approve is for whoever may approve.
    """
    if level == "approved":
        return who.can("approve") and (not flag or who.can("edit"))
    return who.can("edit") or (who.can("approve") and not flag)


@dataclass(slots=True, kw_only=True)
class _Careful:
    """Holds scope and state of the readings against an edit, and audits it."""

    who: Editor
    code: str
    action: str
    first: int
    last: int
    seen: dt.datetime
    reason: str
    said: dict[str, Any]
    times: NDArray[np.int64] | None = None
    _before: dict[str, Any] = field(default_factory=dict)

    def before(self, connection: Connection) -> None:
        """Refuse what is outside the scope, and what others changed meanwhile."""
        series = within.series(connection, self.who.scope, self.code)
        ids = np.array([series["number"]], np.int32)
        window = chunks.Window.of(ids, self.first, self.last + 1)
        _unchanged(connection, window, self.seen)
        rows, _ = chunks.rows_of(connection, window)
        rows = rows.take(rows.lineage != Lineage.RETRACTED)
        if self.times is not None:
            known = dict(zip(rows.time.tolist(), rows.value.tolist(), strict=True))
            values = [known.get(time) for time in self.times.tolist()]
            self._before = {"values": _named(self.times, values)}
            return
        levels = quality.approvals(connection, self.code, self.first, self.last + 1)
        self._before = {
            "levels": _counted(Approval, levels),
            "flags": _counted(Flag, rows.flag),
        }

    def after(self, connection: Connection, load: int | None, count: int) -> None:
        """Say in the audit what is done."""
        audit.record(
            connection,
            self.action,
            f"series:{self.code}",
            who=self.who.user.id,
            before=self._before,
            after=self.said
            | {
                "from": instant(self.first).isoformat(),
                "to": instant(self.last).isoformat(),
                "reason": self.reason,
                "readings": count,
                "load": load,
            },
            address=self.who.address,
        )


def _counted(kind: Any, codes: NDArray[Any]) -> dict[str, int]:
    found, counts = np.unique(codes, return_counts=True)
    pairs = zip(found.tolist(), counts.tolist(), strict=True)
    return {kind(code).name.lower(): count for code, count in pairs}


def _named(
    times: NDArray[np.int64], values: Sequence[float | None]
) -> dict[str, float | None]:
    pairs = zip(times.tolist(), values, strict=True)
    return {instant(time).isoformat(): _plain(value) for time, value in pairs}


def _plain(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else value


def _unchanged(
    connection: Connection, window: chunks.Window, seen: dt.datetime
) -> None:
    """Refuse if a value, or what people say of it, was recorded after ``seen``."""
    rows, _ = chunks.rows_of(connection, window, every=True)
    known = chunks.loads(connection, rows.load)
    limit = (seen - instant(0)) // dt.timedelta(microseconds=1)
    newer = (known.recorded > limit) & ~known.judged
    changed = np.isin(rows.load, known.id[newer])
    values = {
        "id": int(window.series_id[0]),
        "first": instant(int(window.first[0])),
        "last": instant(int(window.last[0])),
        "seen": seen,
    }
    row = connection.execute(text(_JUDGED_SINCE), values).one_or_none()
    if changed.any():
        load = int(rows.load[changed][-1])
        row = connection.execute(
            text(_BY),
            {"load": load},
        ).one()
    if row is not None:
        raise ConflictError(row[1] or "", row[0])


def save_values(
    who: Editor,
    code: str,
    span: tuple[int, int],
    seen: str,
    changes: dict[int, float | None],
    reason: str,
) -> Outcome:
    """Enter, correct and take back readings of a span.

    Parameters
    ----------
    who
        From `signed_in`.
    span
        First and last instant, us UTC, that was shown; all changes lie in it.
    seen
        State of the store that was shown, ISO 8601.
    changes
        Values by time (us UTC), SI; None takes a reading back.
    reason
        Why.

    Raises
    ------
    ConflictError
        Others changed readings of the span since; arguments: who, and when.
    ForbiddenError, UsageError
        Not for this role or scope; not to be meant. Nothing is changed.
    """
    if not who.can("edit"):
        raise ForbiddenError(f"readings of {code}: no edit as {who.user.role}")
    if not changes or len(changes) > _MOST_NAMED:
        raise UsageError(f"change from one to {_MOST_NAMED} readings at once")
    times = np.array(sorted(changes), np.int64)
    if int(times[0]) < span[0] or int(times[-1]) > span[1]:
        raise UsageError("a time lies outside the day that was shown")
    values = [changes[time] for time in times.tolist()]
    given = np.array([np.nan if v is None else v for v in values], np.float64)
    care = _Careful(
        who=who,
        code=code,
        action="readings.edit",
        first=span[0],
        last=span[1],
        seen=_moment(seen),
        reason=_reason(reason),
        said={"values": _named(times, values)},
        times=times,
    )
    return entry.change(
        who.engine, code, times, given, note=care.reason, who=who.user.name, care=care
    )


def save_verdict(
    who: Editor,
    code: str,
    span: tuple[int, int],
    seen: str,
    level: str,
    flag: str,
    reason: str,
) -> Outcome:
    """Say how far the readings of a span have been looked at.

    Arguments and errors as of `save_values`; ``level`` is one of `Approval`, ``flag``
    ``pass``, ``suspect``, ``fail``, or empty: each reading keeps its own.
    """
    if level not in LEVELS or flag not in FLAGS:
        raise UsageError(f"no such level or flag: {level!r}, {flag!r}")
    if not may_judge(who, level, flag):
        raise ForbiddenError(f"readings of {code}: not {level} as {who.user.role}")
    care = _Careful(
        who=who,
        code=code,
        action="readings.approve",
        first=span[0],
        last=span[1],
        seen=_moment(seen),
        reason=_reason(reason),
        said={"level": level, "flag": flag or None},
    )
    return edits.approve(
        who.engine,
        code,
        span[0],
        span[1] + 1,
        level=Approval[level.upper()],
        verdict=Flag[flag.upper()] if flag and level != "working" else None,
        note=care.reason,
        who=who.user.name,
        care=care,
    )


LEVELS = tuple(one.name.lower() for one in Approval)
FLAGS = ("", "pass", "suspect", "fail")


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise UsageError("say why: the reason is kept with the readings")
    if len(reason) > _LONGEST:
        raise UsageError(f"a reason has up to {_LONGEST} characters")
    return reason


def _moment(seen: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(seen)
    except ValueError as error:
        raise UsageError(f"{seen!r} is no time of the store") from error
    if moment.tzinfo is None:
        raise UsageError(f"{seen!r} is no time of the store")
    return moment
