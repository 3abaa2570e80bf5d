"""Put guard, limits, sign-in and refusals in front of an application."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dash.exceptions import DependencyException
from flask import Blueprint, Response, request
from flask_limiter import Limiter
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from ewater.dashboard import leaving
from ewater.dashboard.access import elsewhere, pages, refusals
from ewater.errors import EWaterError, ForbiddenError
from ewater.store import database

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from ewater.dashboard.access.guard import Guard

_UNCOUNTED = ("/assets/", "/_dash-component-suites/", "/_favicon.ico", "/api/push/")
_ANYTHING = "/<path:path>"  # the route by which Dash answers what no other takes
LARGEST = 2 << 20  # bytes of a request
_KEPT = frozenset({"Allow", "Retry-After", "Content-Range"})
_log = logging.getLogger(__name__)


def install(
    server: Any, guard: Guard | None, is_page: Callable[[str], bool] = lambda _: True
) -> None:
    """Guard an application: who asks, how often, how much, and what is answered.

    Without a guard it is open: size and faults are looked after all the same.

    Parameters
    ----------
    is_page
        Whether a path is one of a page. Other paths that no route takes are not found,
        by whoever asks: the addresses of pages are no secret.
    """
    server.config["MAX_CONTENT_LENGTH"] = LARGEST
    _answer_faults(server, guard)

    def known() -> Response | None:
        rule = request.url_rule
        anything = rule is not None and rule.rule == _ANYTHING
        return refusals.refuse(404) if anything and not is_page(request.path) else None

    if guard is None:
        server.before_request(_size)
        server.before_request(known)
        return
    server.extensions["ewater.guard"] = guard
    server.config["TRUSTED_HOSTS"] = guard.access.hosts
    if guard.access.proxies:
        count = guard.access.proxies
        server.wsgi_app = ProxyFix(
            server.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    server.before_request(guard.identify)
    server.before_request(_size)
    limiter = _limiter(server, guard)
    server.before_request(lambda: known() if refusals.wants_page() else None)
    server.before_request(guard.enforce)
    server.before_request(known)
    server.register_blueprint(pages.blueprint(guard, limiter))
    if guard.access.provider is not None:
        server.register_blueprint(elsewhere.blueprint(guard, guard.access.provider))


def _size() -> Response | None:
    """Refuse a body that is too large before a byte of it is read."""
    if request.path.startswith("/api/push/"):
        return None  # has limits of its own
    announced, largest = request.content_length, request.max_content_length
    if announced is not None and largest is not None and announced > largest:
        return refusals.refuse(413)
    return None


def _limiter(server: Flask, guard: Guard) -> Limiter:
    def who() -> str:
        user = guard.user()
        return f"person:{user.id}" if user else f"address:{guard.origin()}"

    limiter = Limiter(
        who,
        default_limits=[f"{guard.access.per_minute} per minute"],
        storage_uri="memory://",
        headers_enabled=True,
    )
    limiter.init_app(server)
    limiter.request_filter(lambda: request.path.startswith(_UNCOUNTED))
    return limiter


def _cancelled(error: SQLAlchemyError) -> Response:
    """Answer nothing to a view that was left; else that it took too long."""
    if leaving.was_left():
        return Response(status=204)
    _log.warning("a statement was ended: %s", error)
    return refusals.refuse(504)


def _of_request(error: HTTPException) -> Response | HTTPException:
    """Answer what a request did wrong in words; a way elsewhere is no fault."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    answer = refusals.refuse(error.code)
    for name, value in error.get_headers():
        if name in _KEPT:
            answer.headers[name] = value
    return answer


def _answer_faults(server: Any, guard: Guard | None) -> None:
    """Answer every fault in words; what happened inside is in the log only."""
    server.register_blueprint(
        Blueprint("access_words", __name__, template_folder="templates")
    )

    @server.errorhandler(ForbiddenError)  # type: ignore[untyped-decorator]
    def forbidden(error: ForbiddenError) -> Response:
        if guard is not None:
            guard.note("refused.scope", asked=str(error))
        return refusals.refuse(403)

    @server.errorhandler(DependencyException)  # type: ignore[untyped-decorator]
    def no_such_file(error: DependencyException) -> Response:
        _log.info("refused: %s", error)
        return refusals.refuse(404)

    @server.errorhandler(EWaterError)  # type: ignore[untyped-decorator]
    def meaningless(error: EWaterError) -> Response:
        _log.info("refused: %s", error)
        return refusals.refuse(400)

    @server.errorhandler(SQLAlchemyError)  # type: ignore[untyped-decorator]
    def of_database(error: SQLAlchemyError) -> Response:
        if database.cancelled(error):
            return _cancelled(error)
        if isinstance(error, DataError):  # a number or sign that no column takes
            _log.warning("refused by the database: %s", error)
            return refusals.refuse(400)
        if database.unreachable(error):
            _log.warning("the database does not answer: %s", error)
            return refusals.refuse(503)
        _log.error("a request failed", exc_info=error)
        return refusals.refuse(500)

    @server.errorhandler(HTTPException)  # type: ignore[untyped-decorator]
    def of_request(error: HTTPException) -> Response | HTTPException:
        return _of_request(error)
