"""Tell people: one message for each address, tried again until it is through.

A message is taken, sent and marked in one transaction, so two workers never send
the same one; a worker that dies between sending and marking sends it once more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import smtplib
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx

from ewater.errors import UsageError
from ewater.settings import settings
from ewater.store import alerts
from ewater.terms import ALERT_KINDS, ALERT_SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

ATTEMPTS = 8
_FIRST_S, _LONGEST_S = 30, 3600
_TIMEOUT_S = 10.0
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
                tell(message["address"], document(message))
            except (OSError, smtplib.SMTPException, httpx.HTTPError, UsageError) as why:
                again = _again(message["attempts"], at)
                _log.warning("message %d not sent: %s", message["id"], why)
                alerts.not_sent(connection, message["id"], str(why)[:500], again)
            else:
                alerts.sent(connection, message["id"], at)
                done += 1
    return done


def _again(attempts: int, now: datetime) -> datetime | None:
    if attempts + 1 >= ATTEMPTS:
        return None
    return now + timedelta(seconds=min(_FIRST_S * 2**attempts, _LONGEST_S))


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


def tell(address: str, said: dict[str, Any]) -> None:
    """Send one message, by mail or to a webhook.

    Raises
    ------
    UsageError
        No mail server is set.
    OSError, smtplib.SMTPException, httpx.HTTPError
        It did not arrive.
    """
    if "://" in address:
        _post(address, said)
    else:
        _mail(address, said)


def _post(url: str, said: dict[str, Any]) -> None:
    body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
    headers = {"content-type": "application/json"}
    key = settings().webhook_key
    if key is not None:
        secret = key.get_secret_value().encode()
        signed = hmac.new(secret, body, hashlib.sha256).hexdigest()
        headers["x-ewater-signature"] = f"sha256={signed}"
    answer = httpx.post(url, content=body, headers=headers, timeout=_TIMEOUT_S)
    answer.raise_for_status()


def _mail(address: str, said: dict[str, Any]) -> None:
    chosen = settings()
    url, sender = chosen.smtp_url, chosen.mail_from
    if url is None or sender is None:
        raise UsageError("no mail server: set EWATER_SMTP_URL and EWATER_MAIL_FROM")
    message = EmailMessage()
    message["From"], message["To"] = sender, address
    names = [name for name in said["names"].values() if name] or [said["rule"]]
    state = "OK" if said["event"] == "ended" else said["severity"].upper()
    message["Subject"] = " ".join(f"[{state}] {names[0]}".split())
    limits = " ".join(f"{side} {limit:g}" for side, limit in said["limit"].items())
    lines = (
        *names,
        "",
        f"{said['event']}: {said['value']:g} ({said['unit']}), limit {limits}",
        f"{said['time']}",
        f"{said['kind']} {said[ALERT_SUBJECTS[said['kind']]]}, rule {said['rule']}, "
        f"alert {said['alert']}",
    )
    message.set_content("\n".join(lines) + "\n")
    with _server(url.get_secret_value()) as server:
        server.send_message(message)


@contextmanager
def _server(url: str) -> Iterator[smtplib.SMTP]:
    """Open the mail server; a password is only ever sent over TLS."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise UsageError("EWATER_SMTP_URL is not smtp[s]://[user:password@]host[:port]")
    safe = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            parts.hostname, parts.port or 465, timeout=_TIMEOUT_S, context=safe
        )
    else:
        server = smtplib.SMTP(parts.hostname, parts.port or 25, timeout=_TIMEOUT_S)
    with server:
        server.ehlo()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=safe)
            server.ehlo()
        elif parts.scheme == "smtp" and parts.username:
            raise UsageError(f"{parts.hostname} has no TLS: the password is not sent")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
