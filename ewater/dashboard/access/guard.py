"""Who asks, and whether they may: before anything else looks at a request."""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from flask import Response, g, has_request_context, redirect, request
from sqlalchemy.exc import SQLAlchemyError

from ewater.accounts.scope import Scope
from ewater.dashboard.access import refusals
from ewater.people import guesses, sessions, tokens
from ewater.store import audit, database

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ewater.dashboard.access.config import Access
    from ewater.people.users import User

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Paths of what is no secret and the same for everybody.
FILES = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
_ENTRANCES = ("/health", "/login")  # and what is below them
_PUBLIC = frozenset({"/public", "/public/figures.csv"})  # where it is switched on
_CHANGING = ("/password", "/logout")  # for whoever must change the first password
_WITH_KEYS = ("/api/push/", "/api/reports/")  # keys of their own, no cookies
_OUTAGE_S = 600  # how long a session is believed that cannot be looked up
_REMEMBERED = 1000
_log = logging.getLogger(__name__)


class Guard:
    """Sessions and scope of the requests to one application.

    While the database does not answer, nothing can be withdrawn in it either: a
    session that held shortly before still sees the last view.
    """

    def __init__(self, engine: Engine, access: Access) -> None:
        self.engine = engine
        self.access = access
        self._held: OrderedDict[bytes, tuple[float, User]] = OrderedDict()

    @property
    def cookie(self) -> str:
        """Name of the cookie; the prefix binds it to this host over https."""
        return "__Host-ewater" if self.access.secure else "ewater"

    def user(self) -> User | None:
        """Who asks; None outside requests and for whoever is not signed in."""
        return g.get("user") if has_request_context() else None

    def scope(self) -> Scope:
        """Tell what the asker may see."""
        user = self.user()
        if user is None:
            return Scope()
        return Scope(user.organisations, user.territories)

    def identify(self) -> None:
        """Find out who asks; the first thing done with a request."""
        g.user = None
        token = request.cookies.get(self.cookie)
        if not token or request.path.startswith(FILES):
            return
        try:
            g.user = self._find(token)
        except SQLAlchemyError as error:
            if not database.unreachable(error):
                raise
            g.user = self._remembered(token)
            g.outage = True

    def enforce(self) -> Response | None:
        """Refuse what must not be answered."""
        if request.path.startswith(_WITH_KEYS):
            return None
        if request.method not in _SAFE and not self._of_this_site():
            self.note("refused.origin")
            return refusals.refuse(403)
        if self._is_open(request.path):
            return None
        user = self.user()
        if user is None:
            return self._sign_in_first()
        if user.must_change and not request.path.startswith(_CHANGING):
            if refusals.wants_page():
                return redirect_to("/password")
            return refusals.refuse(403)
        return None

    def address(self) -> str:
        """Where the request comes from."""
        return request.remote_addr or "unknown"

    def origin(self) -> str:
        """Whom limits count where nobody is signed in."""
        return guesses.household(self.address())

    def note(self, action: str, **after: Any) -> None:
        """Say in the audit that a request was refused."""
        user = self.user()
        try:
            with self.engine.begin() as connection:
                audit.record(
                    connection,
                    action,
                    f"path:{request.path}"[:200],
                    who=None if user is None else user.id,
                    after=after or None,
                    address=self.address(),
                )
        except SQLAlchemyError:
            _log.exception("a refusal could not be audited")

    def _find(self, token: str) -> User | None:
        autocommit = self.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with autocommit as connection:
            user = sessions.find(
                connection, token, idle_minutes=self.access.idle_minutes
            )
        sha256 = tokens.hashed(token)
        self._held.pop(sha256, None)
        if user is not None:
            self._held[sha256] = time.monotonic(), user
            while len(self._held) > _REMEMBERED:
                self._held.popitem(last=False)
        return user

    def _remembered(self, token: str) -> User | None:
        at, user = self._held.get(tokens.hashed(token), (float("-inf"), None))
        return user if time.monotonic() - at < _OUTAGE_S else None

    def _is_open(self, path: str) -> bool:
        entrance = any(path == one or path.startswith(f"{one}/") for one in _ENTRANCES)
        is_public = self.access.public and path in _PUBLIC
        return entrance or is_public or path.startswith(FILES)

    def _sign_in_first(self) -> Response:
        if g.get("outage"):
            return refusals.refuse(503)
        if not refusals.wants_page() or request.method not in _SAFE:
            return refusals.refuse(401)
        if self.access.public and request.path == "/" and not request.query_string:
            return redirect_to("/public")
        wanted = request.full_path.rstrip("?")
        return redirect_to(f"/login?next={quote(wanted)}")

    def _of_this_site(self) -> bool:
        """Whether a request that changes something was sent by a page of ours."""
        fetched = request.headers.get("Sec-Fetch-Site")
        if fetched is not None and fetched != "same-origin":
            return False
        origin = request.headers.get("Origin")
        if origin is None:
            # no browser leaves both out of a post
            return fetched is not None or self.cookie not in request.cookies
        return origin in {self.access.public_url, request.host_url.rstrip("/")}


def redirect_to(path: str) -> Response:
    """Send the browser to another page of ours."""
    answer = redirect(path, 303)
    answer.headers["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]


def own_page(wanted: str | None) -> str:
    """Page of ours to open next; anything else is the first page.

    Examples
    --------
    >>> own_page("/?lang=az"), own_page("///elsewhere"), own_page("https://elsewhere")
    ('/?lang=az', '/', '/')
    """
    wanted = wanted or "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:  # no address at all
        return "/"
    foreign = parts.scheme or parts.netloc or not re.match(r"/(?!/)", wanted)
    unsafe = "\\" in wanted or any(ord(c) < 33 for c in wanted)
    again = parts.path in {"/login", "/logout", "/password"}
    return "/" if foreign or unsafe or again else wanted
