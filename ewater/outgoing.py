"""What leaves: mail, and JSON to webhooks; and when to try again.

Whoever has something to say keeps it in the database first and marks it when it is
through (`ewater.alerts.send`, `ewater.reports.remind`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx

from ewater.errors import UsageError
from ewater.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: How often a message is tried.
ATTEMPTS = 8
#: What is raised where a message does not arrive.
FAILURES = (OSError, smtplib.SMTPException, httpx.HTTPError, UsageError)
_FIRST_S, _LONGEST_S = 30, 3600
_TIMEOUT_S = 10.0


def again(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts before this one; None: never.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> again(1, datetime(2024, 1, 1, tzinfo=UTC)).isoformat()
    '2024-01-01T00:01:00+00:00'
    """
    if attempts + 1 >= ATTEMPTS:
        return None
    return now + timedelta(seconds=min(_FIRST_S * 2**attempts, _LONGEST_S))


def is_web(address: str) -> bool:
    """Whether an address is that of a webhook."""
    return "://" in address


def can_mail() -> bool:
    """Whether a mail server and a sender are set."""
    chosen = settings()
    return chosen.smtp_url is not None and chosen.mail_from is not None


def post(url: str, said: Mapping[str, Any]) -> None:
    """Post a document to a webhook, signed where there is a key.

    Raises
    ------
    httpx.HTTPError
        It did not arrive.
    UsageError
        There can be no such address.
    """
    body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
    headers = {"content-type": "application/json"}
    key = settings().webhook_key
    if key is not None:
        secret = key.get_secret_value().encode()
        signed = hmac.new(secret, body, hashlib.sha256).hexdigest()
        headers["x-ewater-signature"] = f"sha256={signed}"
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=_TIMEOUT_S)
    except (httpx.InvalidURL, UnicodeError) as error:  # neither is an HTTPError
        raise UsageError(f"{url!r} is no address: {error}") from error
    answer.raise_for_status()


def mail(address: str, subject: str, body: str) -> None:
    """Send a mail.

    Raises
    ------
    UsageError
        No mail server is set, there can be no such address, or the password would
        be sent without TLS.
    OSError, smtplib.SMTPException
        It did not arrive.
    """
    chosen = settings()
    url, sender = chosen.smtp_url, chosen.mail_from
    if url is None or sender is None:
        raise UsageError("no mail server: set EWATER_SMTP_URL and EWATER_MAIL_FROM")
    message = _message(sender, address, subject, body)
    with _server(url.get_secret_value()) as server:
        server.send_message(message)


def _message(sender: str, address: str, subject: str, body: str) -> EmailMessage:
    message = EmailMessage()
    try:
        message["From"], message["To"] = sender, address
    except (MessageError, ValueError, LookupError) as error:  # what it parses with
        raise UsageError(f"{address!r} is no address: {error}") from error
    message["Subject"] = " ".join(subject.split())
    message.set_content(body)
    return message


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
