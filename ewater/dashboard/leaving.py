"""Who leaves a view ends the statements that it still asks of the database.

The script of the page names its view with every request, and says when it is left:
another view is chosen, or the page is closed. Statements of questions carry a hash of
that name and of the session as ``application_name``, so that whichever process hears
of the leaving finds them, and nobody can end those of another session.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, has_request_context, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy import Engine

HEADER = "X-Ewater-View"
PATH = "/leave"
_VIEW = re.compile(r"[0-9a-f]{32}-[0-9]{1,9}")
_WATCHED_S = 3.0  # a question may be between two statements when its view is left
_LONGEST_S = 40.0  # longer than any statement may last
_PAUSE_S = 0.1
_REMEMBERED = 1000
_log = logging.getLogger(__name__)

#: Statements of the tag that run now are ended; all sessions that carry it are counted.
_CANCEL = """
SELECT count(*), count(*) FILTER (WHERE state = 'active' AND pg_cancel_backend(pid))
FROM pg_stat_activity
WHERE application_name = :tag AND datname = current_database()
    AND usename = current_user AND pid <> pg_backend_pid()
"""


def tag() -> str:
    """Name for the statements of this request; empty where no view asks."""
    if not has_request_context():
        return ""
    return _tag(request.headers.get(HEADER, ""), _owner())


def _tag(view: str, owner: str) -> str:
    if not _VIEW.fullmatch(view):
        return ""
    return "ewater:" + hashlib.sha256(f"{owner}\0{view}".encode()).hexdigest()[:32]


def _owner() -> str:
    """Session of the asker: the cookie, as the sign-in looks at it; empty without."""
    guard = current_app.extensions.get("ewater.guard")
    return "" if guard is None else request.cookies.get(guard.cookie, "")


class Left:
    """Views that were left, and the ending of what they asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._tags: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, tag: object) -> bool:
        """Whether the view of a tag was left, as far as this process was told."""
        with self._lock:
            return tag in self._tags

    def leave(self, tag: str) -> None:
        """End the statements of a view, also those that are still to begin."""
        with self._lock:
            self._tags[tag] = None
            while len(self._tags) > _REMEMBERED:
                self._tags.popitem(last=False)
        threading.Thread(target=self._end, args=(tag,), daemon=True).start()

    def _end(self, tag: str) -> None:
        try:
            self._end_statements(tag)
        except SQLAlchemyError as error:  # they end with their time limit
            _log.warning("the statements of a view that was left go on: %s", error)

    def _end_statements(self, tag: str) -> None:
        began = time.monotonic()
        while True:
            with self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                there = connection.execute(text(_CANCEL), {"tag": tag}).one()[0]
            passed = time.monotonic() - began
            if passed > _LONGEST_S or (not there and passed > _WATCHED_S):
                return
            time.sleep(_PAUSE_S)


def install(server: Any, engine: Engine) -> None:
    """Listen to views that are left, and answer nothing to what they still ask."""
    left = Left(engine)
    server.extensions["ewater.left"] = left

    @server.before_request  # type: ignore[untyped-decorator]
    def of_left_view() -> Response | None:
        return Response(status=204) if tag() in left else None

    @server.post(PATH)  # type: ignore[untyped-decorator]
    def leave() -> Response:
        found = _tag(request.get_data(as_text=True, cache=False)[:64], _owner())
        if found:
            left.leave(found)
        return Response(status=204)


def ignore(server: Any) -> None:
    """Answer views that are left where no database has statements to end."""
    server.post(PATH, endpoint="leave")(lambda: Response(status=204))


def was_left() -> bool:
    """Whether the view that asks was left meanwhile."""
    left = current_app.extensions.get("ewater.left")
    return left is not None and tag() in left
