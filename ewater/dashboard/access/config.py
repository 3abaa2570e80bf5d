"""How people sign in to a server, and the weaknesses with which none is started."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import make_url

from ewater.errors import UsageError
from ewater.people.provider import Provider

if TYPE_CHECKING:
    from ewater.settings import Settings

_DEBUG = ("FLASK_DEBUG", "DASH_DEBUG", "PYTHONINSPECT")
_OFF = frozenset({"", "0", "false", "no", "off"})
_SHORTEST_SECRET = 16
_KNOWN = frozenset(
    {
        "changeme",
        "change-me",
        "change-me-please",
        "secret",
        "client-secret",
        "your-client-secret",
        "password",
        "postgres",
        "ewater",
        "admin",
        "default",
        "example",
    }
)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Settings of the sign-in; `from_settings` checks them."""

    public_url: str | None = None
    proxies: int = 0
    public: bool = False
    idle_minutes: int = 60
    hours: int = 12
    per_minute: int = 1200
    provider: Provider | None = None
    provision: bool = False

    @property
    def secure(self) -> bool:
        """Whether browsers come by https."""
        return (self.public_url or "").startswith("https://")

    @property
    def hosts(self) -> list[str]:
        """Names by which this server may be called; others are refused."""
        named = urlsplit(self.public_url).hostname if self.public_url else None
        return [*LOOPBACK_NAMES, *([named] if named else [])]


def is_loopback(host: str | None) -> bool:
    """Whether an address is of this machine alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_open(host: str | None) -> None:
    """Refuse to be open to others than this machine, or with a debugger.

    Raises
    ------
    UsageError
        Says what to do instead.
    """
    faults = _debug()
    if not is_loopback(host):
        faults.append(
            f"{host} can be reached by others: without sign-in only 127.0.0.1 is "
            "served; add users with `ewater user add` and use `ewater serve`"
        )
    if faults:
        raise UsageError("not started:\n" + "\n".join(faults))


def from_settings(settings: Settings, host: str | None = None) -> Access:
    """Read the settings of a server that listens on an address.

    Raises
    ------
    UsageError
        They would let people in who should not be; all faults at once.
    """
    faults = [
        *_debug(),
        *_address(settings.public_url, host),
        *_provider(settings),
        *_database(settings.database_url),
    ]
    if faults:
        raise UsageError("not started:\n" + "\n".join(faults))
    return Access(
        public_url=settings.public_url and settings.public_url.rstrip("/"),
        proxies=settings.proxies,
        public=settings.public,
        idle_minutes=settings.session_idle_minutes,
        hours=settings.session_hours,
        per_minute=settings.requests_per_minute,
        provider=_made_provider(settings),
        provision=settings.oidc_provision,
    )


def _debug() -> list[str]:
    return [
        f"{name} is on: a debugger runs what a visitor types; unset it"
        for name in _DEBUG
        if os.environ.get(name, "").lower() not in _OFF
    ]


def _address(public_url: str | None, host: str | None) -> list[str]:
    if public_url is None:
        if host is None or is_loopback(host):
            return []
        return [
            f"passwords would travel to {host} in the clear: put a proxy with https in "
            "front and give its address as EWATER_PUBLIC_URL=https://…, or listen on "
            "127.0.0.1"
        ]
    parts = urlsplit(public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        return [f"EWATER_PUBLIC_URL {public_url!r} is no address such as https://host"]
    if parts.path.strip("/"):
        return [f"EWATER_PUBLIC_URL {public_url!r} has a path; pages are at the root"]
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return [f"EWATER_PUBLIC_URL {public_url!r} is not https: passwords are read"]
    return []


def _made_provider(settings: Settings) -> Provider | None:
    if settings.oidc_issuer is None:
        return None
    secret = settings.oidc_client_secret
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        None if secret is None else secret.get_secret_value(),
    )


def _provider(settings: Settings) -> list[str]:
    if settings.oidc_issuer is None:
        return []
    faults = []
    parts = urlsplit(settings.oidc_issuer)
    if not parts.hostname:
        faults.append(f"EWATER_OIDC_ISSUER {settings.oidc_issuer!r} is no address")
    elif parts.scheme != "https" and not is_loopback(parts.hostname):
        faults.append(f"EWATER_OIDC_ISSUER {settings.oidc_issuer!r} is not https")
    if settings.oidc_client_secret is not None and _weak(
        settings.oidc_client_secret.get_secret_value()
    ):
        faults.append(
            "EWATER_OIDC_CLIENT_SECRET is a default or shorter than "
            f"{_SHORTEST_SECRET} characters"
        )
    return faults


def _database(url: str | None) -> list[str]:
    if url is None:
        return []
    address = make_url(url)
    password = None if address.password is None else str(address.password)
    away = address.host is not None and not address.host.startswith("/")
    if not away or is_loopback(address.host) or password is None:
        return []
    if password.casefold() in {*_KNOWN, (address.username or "").casefold()}:
        return ["the password in EWATER_DATABASE_URL is a default; change it"]
    return []


def _weak(secret: str) -> bool:
    return len(secret) < _SHORTEST_SECRET or secret.casefold() in _KNOWN
