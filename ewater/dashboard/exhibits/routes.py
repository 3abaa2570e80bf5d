"""Downloads: computed here from the address, under the login and scope of the asker.

What a page holds in the browser is not looked at. A territory that the asker may not
see is refused, not replaced by another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from flask import Blueprint, Response, abort, request

from ewater.dashboard import state as states
from ewater.dashboard import view
from ewater.dashboard.exhibits import csv_file, workbook
from ewater.dashboard.i18n import language
from ewater.dashboard.pages import opening
from ewater.errors import ForbiddenError, NotReadyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.exhibits.exhibit import Exhibit
    from ewater.dashboard.pages.page import Page
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def asked_state(reader: CachedReader, query: str) -> State:
    """View that an address asks for, taken by its word.

    Raises
    ------
    ForbiddenError
        There is no such territory, or not for this asker.
    UsageError
        It asks for something else that does not exist.
    NotReadyError
        There is no account yet.
    """
    years, codes = reader.years(), view.geography(reader).codes()
    if not years or not codes:
        raise NotReadyError("there is no account yet")
    pairs = parse_qs(query)
    given = pairs.get("territory")
    if given and given[-1] not in codes:
        raise ForbiddenError(f"territory {given[-1]!r} is outside the scope")
    try:
        seen = states.as_of_text(pairs.get(states.SEEN, [""])[-1])
    except ValueError as error:
        raise UsageError(f"no state of the data: {error}") from error
    state = states.parse(
        query,
        territories=codes,
        years=years,
        calendars=reader.calendars(),
        seen=seen or reader.shown(),
    )
    if state.dropped:
        raise UsageError(f"the address asks in vain for {', '.join(state.dropped)}")
    return state


def blueprint(reader: CachedReader, pages: Sequence[Page]) -> Blueprint:
    """Serve ``/download/PAGE/EXHIBIT.csv|xlsx`` and ``/download/PAGE.xlsx``."""
    made = Blueprint("downloads", __name__)
    known = {page.name: page for page in pages}

    @made.get("/download/<page>/<name>.<kind>")
    def of_exhibit(page: str, name: str, kind: str) -> Response:
        if page not in known or kind not in _TYPES:
            abort(404)
        found = [one for one in known[page].exhibits if one.name == name]
        if not found:
            abort(404)
        return _answer(reader, known[page], found, kind)

    @made.get("/download/<path:_>")
    def of_nothing(_: str) -> Response:
        abort(404)

    @made.get("/download/<page>.xlsx")
    def of_page(page: str) -> Response:
        if page not in known or not known[page].exhibits:
            abort(404)
        return _answer(reader, known[page], known[page].exhibits, "xlsx")

    return made


def _answer(
    reader: CachedReader, page: Page, exhibits: Sequence[Exhibit], kind: str
) -> Response:
    opening.require(page.acts)
    state = asked_state(reader, request.query_string.decode("utf-8", "replace"))
    lang = language(state.lang)
    sheets = [one.made(reader, state, lang) for one in exhibits]
    if kind == "csv":
        body = csv_file.write(reader, state, lang, sheets[0])
    else:
        title = page.heading(state, view.geography(reader), lang)
        body = workbook.write(reader, state, lang, title, sheets)
    name = exhibits[0].name if len(exhibits) == 1 else ""
    return as_download(body, _TYPES[kind], [page.name, name], state, kind)


def as_download(
    body: bytes,
    content_type: str,
    names: Sequence[str],
    state: State,
    kind: str,
    period: str = "",
) -> Response:
    """Answer with a file whose name says what it is of (``period``: not the view's)."""
    answer = Response(body, content_type=content_type)
    of = (state.territory, period or state.start.isoformat())
    parts = filter(None, ("ewater", *names, *of))
    name = _NOT_IN_NAMES.sub("_", "-".join(parts))
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    answer.headers["Cache-Control"] = "no-store"
    return answer
