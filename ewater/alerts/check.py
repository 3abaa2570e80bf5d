"""Follow every rule through what came since it was last checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ewater.alerts.follow import State, follow
from ewater.alerts.samples import HOUR_US, gather
from ewater.alerts.send import send_due
from ewater.store import alerts
from ewater.store.instants import instant, microseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from ewater.alerts.samples import Closures, Samples

#: A rule that is new looks back so far: what happened long ago is no alert.
LOOK_BACK_H = 48.0
_LOOK_BACK_CLOSURE_H = 40 * 24.0  # the last whole month ended at most 31 days ago


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to."""

    rules: int
    raised: int
    ended: int


def check(engine: Engine, closures: Closures, now: datetime | None = None) -> Checked:
    """Raise and end alerts by what came since the last check, in one transaction.

    Parameters
    ----------
    engine
        Database at the newest schema.
    closures
        Gives the |z| of the residual of the last whole month by territory.
    now
        The present if not given; aware.
    """
    now = now or datetime.now(UTC)
    with engine.begin() as connection:
        alerts.lock(connection)
        alerts.withdraw(connection, now)
        rules = alerts.rules(connection, now)
        if rules.empty:
            return Checked(0, 0, 0)
        seen_to, state, since = _standing(rules, now)
        samples = gather(connection, rules, seen_to, now, closures)
        events = _follow(rules, samples, state, since)
        _keep(connection, rules, samples, state, since, seen_to)
        return Checked(len(rules), *_say(connection, rules, samples, events))


def watch(closures: Closures) -> Callable[[Engine], None]:
    """Make what the worker does every minute: check all rules, send what is due."""

    def act(engine: Engine) -> None:
        check(engine, closures)
        send_due(engine)

    return act


def _standing(
    rules: pd.DataFrame, now: datetime
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How far each rule has seen, its state and since when.

    What a changed rule had raised stays raised until its new limits say otherwise;
    what it was about to raise or end begins anew.
    """
    back = np.where(rules["kind"] == "closure", _LOOK_BACK_CLOSURE_H, LOOK_BACK_H)
    start = microseconds(now) - (back * HOUR_US).astype(np.int64) - _hold(rules)
    seen = pd.to_datetime(rules["seen_to"], utc=True)
    seen_to = np.where(seen.isna(), start, _us(seen))
    state = rules["state"].fillna(State.QUIET).to_numpy(np.int64).copy()
    changed = (rules["seen_rule"] != rules["id"]).to_numpy()
    state[changed & (state == State.RISING)] = State.QUIET
    state[changed & (state == State.FALLING)] = State.RAISED
    return seen_to, state, _us(pd.to_datetime(rules["since"], utc=True))


def _hold(rules: pd.DataFrame) -> NDArray[np.int64]:
    hours = rules["hold_h"].astype(np.float64).fillna(0.0).to_numpy()
    return np.asarray(hours * HOUR_US, np.int64)


def _us(times: pd.Series[pd.Timestamp]) -> NDArray[np.int64]:
    """Microseconds; 0 where there is no time."""
    epoch = pd.Timestamp(0, tz="UTC")
    us = times.fillna(epoch).dt.as_unit("us").astype("int64")
    return np.array(us.to_numpy(), np.int64)


def _follow(
    rules: pd.DataFrame,
    samples: Samples,
    state: NDArray[np.int64],
    since: NDArray[np.int64],
) -> list[tuple[int, bool, int, int]]:
    limit = rules["above"].fillna(rules["below"]).to_numpy(np.float64)
    clear = rules["clear"].to_numpy(np.float64)
    found = follow(
        samples.cuts,
        samples.time,
        samples.value,
        limit,
        np.where(np.isnan(clear), limit, clear),
        np.where(rules["above"].notna(), 1.0, -1.0),
        _hold(rules),
        state,
        since,
    )
    return list(zip(*(column.tolist() for column in found), strict=True))


def _keep(
    connection: Connection,
    rules: pd.DataFrame,
    samples: Samples,
    state: NDArray[np.int64],
    since: NDArray[np.int64],
    seen_to: NDArray[np.int64],
) -> None:
    rows: list[dict[str, Any]] = []
    for r, (code, number) in enumerate(zip(rules["code"], rules["id"], strict=True)):
        mine = slice(*samples.cuts[r : r + 2])
        time, value = samples.time[mine], samples.value[mine]
        known = value[~np.isnan(value)]
        rows.append(
            {
                "rule": code,
                "rule_id": int(number),
                "state": int(state[r]),
                "since": instant(int(since[r])) if state[r] in (1, 3) else None,
                "value": float(known[-1]) if len(known) else None,
                "seen_to": instant(int(time[-1] if len(time) else seen_to[r])),
            }
        )
    alerts.watched(connection, rows)


def _say(
    connection: Connection,
    rules: pd.DataFrame,
    samples: Samples,
    events: list[tuple[int, bool, int, int]],
) -> tuple[int, int]:
    count = {True: 0, False: 0}
    for r, is_raised, at, seen in events:
        rule = rules.iloc[r]
        row = {
            "rule": rule["code"],
            "rule_id": int(rule["id"]),
            "at": instant(at),
            "value": float(samples.value[seen]),
        }
        addresses = rule["notify"].split() if isinstance(rule["notify"], str) else []
        (alerts.raised if is_raised else alerts.ended)(connection, row, addresses)
        count[is_raised] += 1
    return count[True], count[False]
