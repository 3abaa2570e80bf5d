"""Sign-in, sign-out, password and health: pages without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, g, jsonify, request

from ewater import __version__
from ewater.dashboard.access import public, refusals
from ewater.dashboard.access.guard import own_page, redirect_to
from ewater.dashboard.i18n import mark
from ewater.errors import UsageError
from ewater.people import passwords, sessions, signin, users
from ewater.store import audit, database

if TYPE_CHECKING:
    from flask_limiter import Limiter

    from ewater.dashboard.access.guard import Guard

LOGINS_PER_MINUTE = 30  # from one address; wrong ones are locked out long before
WRONG = mark("Name or password is wrong.")
LOCKED = mark("Too many attempts. Wait a few minutes, then try again.")
#: What `people.passwords` refuses is told in words of the page.
REFUSED = mark(
    "This password is not taken: the present one is wrong, or the new one is too "
    "short, too simple, has your name in it or is the one before."
)
DIFFER = mark("The two new passwords differ.")

#: What the templates say.
TEMPLATE_WORDS = (
    mark("National water balance"),
    mark("Language"),
    mark("Dark theme"),
    mark("Light theme"),
    mark("Sign in"),
    mark("Name"),
    mark("Password"),
    mark("or"),
    mark("Sign in with {provider}"),
    mark("Published editions, without signing in"),
    mark("Change the password"),
    mark("Your password is a first one. Choose your own before you go on."),
    mark("Present password"),
    mark("New password"),
    mark("At least {count} characters; a few words are best. Leave your name out."),
    mark("New password again"),
    mark("Change it"),
    mark("Sign out"),
    mark("To the first page"),
)


def blueprint(guard: Guard, limiter: Limiter) -> Blueprint:
    """Routes of the pages."""
    pages = Blueprint("access", __name__)
    limited = limiter.limit(
        f"{LOGINS_PER_MINUTE} per minute", key_func=guard.origin, methods=["POST"]
    )
    pages.get("/login")(lambda: _login_page(guard))
    pages.post("/login", endpoint="sign_in")(limited(lambda: _sign_in(guard)))
    pages.post("/logout", endpoint="sign_out")(lambda: _sign_out(guard))
    pages.get("/password", endpoint="password")(lambda: _password_page(guard))
    pages.post("/password", endpoint="change_password")(
        limited(lambda: _change_password(guard))
    )
    pages.get("/health", endpoint="health")(lambda: _health(guard))
    if guard.access.public:
        public.register(pages, guard)
    return pages


def enter(guard: Guard, token: str, path: str) -> Response:
    """Give the browser its new session; the one before ends."""
    before = request.cookies.get(guard.cookie)
    if before:
        with guard.engine.begin() as connection:
            sessions.end(connection, before)
    answer = redirect_to(path)
    answer.set_cookie(
        guard.cookie,
        token,
        max_age=guard.access.hours * 3600,
        secure=guard.access.secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


def login_page(guard: Guard, status: int = 200, error: str = "") -> Response:
    """Write the sign-in page; what it says is translated."""
    lang, provider = refusals.asked_language(), guard.access.provider
    return refusals.page(
        "login.html",
        status,
        error=lang.gettext(error),
        name=request.form.get("name", "")[:100],
        next=own_page(request.values.get("next")),
        provider=provider and urlsplit(provider.issuer).hostname,
        public=guard.access.public,
    )


def _login_page(guard: Guard) -> Response:
    if guard.user() is not None:
        return redirect_to(own_page(request.args.get("next")))
    return login_page(guard)


def _sign_in(guard: Guard) -> Response:
    try:
        user, token = signin.sign_in(
            guard.engine,
            request.form.get("name", ""),
            request.form.get("password", ""),
            hours=guard.access.hours,
            address=guard.address(),
        )
    except signin.LockedError:
        return login_page(guard, 429, LOCKED)
    except signin.WrongError:
        return login_page(guard, 401, WRONG)
    path = own_page(request.form.get("next"))
    if user.must_change:
        path = f"/password?next={quote(path)}"
    return enter(guard, token, path)


def _sign_out(guard: Guard) -> Response:
    token, user = request.cookies.get(guard.cookie), guard.user()
    if token and user:
        with guard.engine.begin() as connection:
            sessions.end(connection, token)
            audit.record(
                connection,
                "logout",
                f"person:{user.id}",
                who=user.id,
                address=guard.address(),
            )
    answer = redirect_to("/login")
    answer.delete_cookie(
        guard.cookie, secure=guard.access.secure, httponly=True, samesite="Lax"
    )
    return answer


def _password_page(guard: Guard, status: int = 200, error: str = "") -> Response:
    user = guard.user()
    if user is None or user.method != "password":
        return refusals.refuse(404)
    return refusals.page(
        "password.html",
        status,
        error=refusals.asked_language().gettext(error),
        user=user,
        must_change=user.must_change,
        shortest=passwords.SHORTEST,
        next=own_page(request.values.get("next")),
    )


def _change_password(guard: Guard) -> Response:
    user = guard.user()
    if user is None or user.method != "password":
        return refusals.refuse(404)
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if new != request.form.get("again"):
        return _password_page(guard, 400, DIFFER)
    try:
        with guard.engine.begin() as connection:
            users.change_password(connection, user, old, new, address=guard.address())
            token = sessions.begin(
                connection,
                user.id,
                hours=guard.access.hours,
                address=guard.address(),
            )
    except UsageError:
        return _password_page(guard, 400, REFUSED)
    return enter(guard, token, own_page(request.form.get("next")))


def _health(guard: Guard) -> Response:
    """Say whether pages can be served with fresh figures; no secrets."""
    g.user = None
    answers = database.answers(guard.engine)
    answer = jsonify(
        {
            "status": "ok" if answers else "failing",
            "database": "ok" if answers else "does not answer",
            "version": __version__,
        }
    )
    answer.status_code = 200 if answers else 503
    answer.headers["Cache-Control"] = "no-store"
    return answer
