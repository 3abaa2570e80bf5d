"""Tell people: one message for each address, tried again until it is through.

A message is taken, sent and marked in one transaction, so two workers never send
the same one; a worker that dies between sending and marking sends it once more.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ewater import outgoing
from ewater.alerts.letters import letter
from ewater.store import alerts, calendars
from ewater.terms import ALERT_KINDS, ALERT_SUBJECTS

if TYPE_CHECKING:
    from sqlalchemy import Engine

_MOST = 200  # messages at a time, so that a check is never far away
_log = logging.getLogger(__name__)


def send_due(engine: Engine, now: datetime | None = None) -> int:
    """Send what is due; returns how many messages went out.

    What fails is tried again, later each time, and given up after some tries.
    """
    done = 0
    for _ in range(_MOST):
        at = now or datetime.now(UTC)
        with engine.begin() as connection:
            message = alerts.next_message(connection, at)
            if message is None:
                break
            try:
                zone = calendars.zone(connection) or "UTC"
                tell(message["address"], document(message), zone)
            except outgoing.FAILURES as why:
                again = outgoing.again(message["attempts"], at)
                _log.warning("message %d not sent: %s", message["id"], why)
                alerts.not_sent(connection, message["id"], str(why)[:500], again)
            else:
                alerts.sent(connection, message["id"], at)
                done += 1
    return done


def document(message: dict[str, Any]) -> dict[str, Any]:
    """Say what an alert is about, as plain data."""
    kind = message["kind"]
    is_over = message["event"] == "ended"
    limit = "above" if message["above"] is not None else "below"
    return {
        "event": message["event"],
        "alert": message["alert"],
        "rule": message["rule"],
        "names": {lang: message[f"name_{lang}"] for lang in ("az", "en", "ru")},
        "severity": message["severity"],
        "kind": kind,
        ALERT_SUBJECTS[kind]: message[ALERT_SUBJECTS[kind]],
        "limit": {limit: message[limit]},
        "unit": ALERT_KINDS[kind],
        "value": message["end_value"] if is_over else message["value"],
        "time": message["ended_at" if is_over else "raised_at"].isoformat(),
    }


def tell(address: str, said: dict[str, Any], zone: str = "UTC") -> None:
    """Send one message, by mail or to a webhook; fails as `ewater.outgoing`."""
    if outgoing.is_web(address):
        outgoing.post(address, said)
    else:
        outgoing.mail(address, *letter(said, zone))
