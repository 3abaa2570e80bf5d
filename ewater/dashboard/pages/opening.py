"""Who may open a page: looked at for its address, its callbacks and its downloads.

The navigation leaves out what is refused here; that it is not shown protects nothing.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from dash.exceptions import PreventUpdate
from flask import Response, request

from ewater.dashboard import editing
from ewater.dashboard.access import refusals
from ewater.dashboard.access.guard import redirect_to
from ewater.dashboard.pages.registry import PAGES, page_at
from ewater.errors import ForbiddenError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dash import Dash

    from ewater.dashboard.pages.page import Page

#: What figures of the whole country are for, on whatever page they are.
OVERSEE = ("oversee",)


def may(acts: tuple[str, ...]) -> bool:
    """Whether whoever asks may do one of some acts; without sign-in everybody may."""
    guard = editing.guard()
    if guard is None:
        return True
    user = guard.user()
    return user is not None and any(user.may(act) for act in acts)


def opens(page: Page) -> bool:
    """Whether whoever asks may open a page."""
    return may(page.acts)


def require(acts: tuple[str, ...]) -> None:
    """Refuse whoever may do none of some acts.

    Raises
    ------
    ForbiddenError
        They may not.
    """
    if not may(acts):
        raise ForbiddenError(f"it takes a role that may {' or '.join(acts)}")


class Gate:
    """The application, as a page connects to it: callbacks answer whom it is for."""

    def __init__(self, app: Dash, acts: tuple[str, ...]) -> None:
        self._app = app
        self._acts = acts

    def __getattr__(self, name: str) -> Any:
        """Give everything else of the application as it is."""
        return getattr(self._app, name)

    def callback(self, *args: Any, **options: Any) -> Callable[[Any], Any]:
        """Connect a function as `dash.Dash.callback` does, behind the gate.

        Where there is no account yet it fills nothing.
        """
        connect: Any = self._app.callback(*args, **options)

        def behind(function: Callable[..., Any]) -> Any:
            @wraps(function)
            def answer(*given: Any, **named: Any) -> Any:
                require(self._acts)
                try:
                    return function(*given, **named)
                except NotReadyError as error:  # the notices say so
                    raise PreventUpdate from error

            return connect(answer)

        return behind


def install(server: Any) -> None:
    """Refuse addresses of pages that are not for whoever opens them.

    The first page is the exception: its address is also the way in, and leads on to
    the first page that is for them.
    """

    @server.before_request  # type: ignore[untyped-decorator]
    def enter() -> Response | None:
        page = page_at(request.path)
        if page is None or opens(page):
            return None
        allowed = next((one for one in PAGES if opens(one)), None)
        if page is PAGES[0] and allowed is not None:
            query = request.query_string.decode("utf-8", "replace")
            return redirect_to(allowed.path + (f"?{query}" if query else ""))
        guard = editing.guard()
        if guard is not None:
            guard.note("refused.role")
        return refusals.refuse(403)
