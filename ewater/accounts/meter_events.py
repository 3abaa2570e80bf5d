"""Suspected meter events: found in the readings, accepted or dismissed by a person."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import text

from ewater.errors import UsageError
from ewater.series import meter_life
from ewater.store import chunks, landing, proposals, registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

_CHAINED = ("reset", "replacement", "unit_change")
_SIGNALS = ("totaliser", "pulse", "instantaneous", "mean_preceding")
_AT_ONCE = 200  # series whose readings are held in memory together


def find(engine: Engine, series: list[str] | None = None) -> int:
    """Look through the readings of meters; return how many proposals are open.

    Parameters
    ----------
    engine
        A migrated store.
    series
        Codes; default: all that measure discharge or volume.

    Raises
    ------
    UsageError
        A code is not registered.
    """
    with engine.connect() as connection:
        frame = registry.read_table(connection, "series")
        events = registry.read_table(connection, "meter_events")
    measured = frame["quantity"].isin(("volume", "discharge"))
    meters = frame[measured & frame["signal"].isin(_SIGNALS)]
    codes = sorted(meters["code"] if series is None else series)
    strange = sorted(set(codes) - set(meters["code"]))
    if strange:
        raise UsageError(f"{strange[0]} is no registered series of discharge or volume")
    count = 0
    for start in range(0, len(codes), _AT_ONCE):
        some = codes[start : start + _AT_ONCE]
        with engine.begin() as connection:
            readings = chunks.read(connection, some, None, None)
            found = meter_life.suspected(readings, frame, events)
            count += proposals.renew(connection, some, found)
    return count


def listed(engine: Engine, state: str | None = "open") -> list[dict[str, Any]]:
    """List proposals of a state, or all."""
    with engine.connect() as connection:
        return proposals.listed(connection, state)


def accept(
    engine: Engine,
    number: int,
    *,
    reason: str,
    event: str | None = None,
    old: float | None = None,
    new: float | None = None,
    who: str = "",
) -> dict[str, Any]:
    """Register what a proposal suspects; volumes change from this recorded time on.

    Parameters
    ----------
    engine
        A migrated store.
    number
        Of an open proposal.
    reason
        Why, for the record.
    event
        One of ``ewater.terms.METER_EVENTS``; default: the likeliest.
    old, new
        Last reading before and first one after, in the unit of the series. What
        happened in between is not in the readings, so a reset, a replacement and a
        change of unit need both.
    who
        The person; the account of this process unless given.

    Returns
    -------
    dict
        The row of ``meter_events``.

    Raises
    ------
    UsageError
        No open proposal, or old and new reading are not given.
    FaultsError
        The row does not fit the registry.
    """
    _reasoned(reason)
    with engine.begin() as connection:
        found = proposals.open_one(connection, number)
        kind = event or found["events"][0]
        if kind in _CHAINED and (old is None or new is None):
            raise UsageError(
                f"a {kind} joins two readings: give the last one of the old meter with "
                "--old and the first one of the new with --new (the readings show "
                f"{found['old_reading']:g} and {found['new_reading']:g})"
            )
        row = {
            "series": found["series"],
            "time": found["after"],
            "event": kind,
            "old_reading": old,
            "new_reading": new,
        }
        summary = registry.add(connection, "meter_events", pd.DataFrame([row]))
        proposals.decide(
            connection,
            number,
            "accepted",
            who=landing.person(connection, who or getpass.getuser()),
            reason=reason,
            recorded=summary.recorded_at,
        )
        connection.execute(
            text(
                "INSERT INTO daily_due (series_id, first_time, last_time) SELECT id, "
                ":before, :after FROM series_key WHERE code = :series"
            ),
            {name: found[name] for name in ("before", "after", "series")},
        )
    return row


def dismiss(engine: Engine, number: int, *, reason: str, who: str = "") -> None:
    """Set a proposal aside; it is not made again for the same readings.

    Raises
    ------
    UsageError
        No open proposal of this number, or no reason.
    """
    _reasoned(reason)
    with engine.begin() as connection:
        proposals.open_one(connection, number)
        person = landing.person(connection, who or getpass.getuser())
        proposals.decide(connection, number, "dismissed", who=person, reason=reason)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise UsageError("say why with --reason; it is kept with the decision")
