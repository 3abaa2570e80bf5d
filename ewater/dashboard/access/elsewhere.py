"""Sign-in at the provider: there, and back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ewater.dashboard.access.guard import own_page, redirect_to
from ewater.dashboard.access.pages import enter, login_page
from ewater.dashboard.i18n import mark
from ewater.people import known, signin
from ewater.people.provider import ProviderError
from ewater.store import audit

if TYPE_CHECKING:
    from ewater.dashboard.access.guard import Guard
    from ewater.people.provider import Provider

_COOKIE = "ewater_begun"
_PATH = "/login/back"
FAILED = mark("The sign-in at the provider did not come about.")
UNKNOWN = mark("The provider knows you, but nobody has added you here.")
_log = logging.getLogger(__name__)


def blueprint(guard: Guard, provider: Provider) -> Blueprint:
    """Routes to the provider and back."""
    routes = Blueprint("elsewhere", __name__)
    routes.get("/login/provider")(lambda: _go(guard, provider))
    routes.get(_PATH, endpoint="back")(lambda: _come_back(guard, provider))
    return routes


def _back(guard: Guard) -> str:
    base = guard.access.public_url or request.host_url.rstrip("/")
    return f"{base}{_PATH}"


def _go(guard: Guard, provider: Provider) -> Response:
    try:
        with guard.engine.begin() as connection:
            url, token = provider.begin(
                connection, _back(guard), own_page(request.args.get("next"))
            )
    except ProviderError as error:
        _log.warning("%s", error)
        return login_page(guard, 502, FAILED)
    answer = redirect_to(url)
    answer.set_cookie(
        _COOKIE,
        token,
        max_age=600,
        path=_PATH,
        secure=guard.access.secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _come_back(guard: Guard, provider: Provider) -> Response:
    try:
        with guard.engine.connect() as connection:
            who, path = provider.finish(
                connection,
                request.cookies.get(_COOKIE, ""),
                request.args,
                _back(guard),
            )
    except ProviderError as error:
        return _failed(guard, FAILED, error)
    try:
        with guard.engine.begin() as connection:
            user = known.user_of(connection, who, provision=guard.access.provision)
            token = signin.begin(
                connection, user, hours=guard.access.hours, address=guard.address()
            )
    except ProviderError as error:
        return _failed(guard, UNKNOWN, error)
    answer = enter(guard, token, own_page(path))
    answer.delete_cookie(_COOKIE, path=_PATH)
    return answer


def _failed(guard: Guard, words: str, error: ProviderError) -> Response:
    _log.warning("%s", error)
    with guard.engine.begin() as connection:
        audit.record(
            connection, "login.failed", "provider", who=None, address=guard.address()
        )
    return login_page(guard, 403, words)
