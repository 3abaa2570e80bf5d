"""Refusals: to a person in their language, to a program as JSON, never a trace."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from flask import Response, jsonify, render_template, request

from ewater.dashboard.i18n import language, mark
from ewater.dashboard.theme import css_variables
from ewater.written import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ewater.dashboard.i18n import Language

WORDS: Mapping[int, str] = MappingProxyType(
    {
        400: mark("The request could not be understood."),
        401: mark("Your session has ended. Sign in again."),
        403: mark("You may not see or do this."),
        404: mark("There is no such page."),
        405: mark("This address is not asked in this way."),
        413: mark("The request is too large."),
        429: mark("Too many requests. Wait a moment, then try again."),
        500: mark("Something went wrong. It has been recorded."),
        503: mark("The database does not answer. What you see is the last view."),
        504: mark("The question took too long. Ask for less time or fewer series."),
    }
)
THEMES = ("light", "dark")


def asked(name: str) -> str:
    """Find a choice in this address, the page to open afterwards, or the page left."""
    sources = (
        request.full_path,
        request.args.get("next", ""),
        request.headers.get("Referer", ""),
    )
    for source in sources:
        # what a browser sends may be no address, so it is not taken for one
        query = source.partition("#")[0].partition("?")[2]
        if given := parse_qs(query).get(name):
            return given[-1]
    return ""


def browser_language() -> str:
    """Language that the browser of this request asks for."""
    return request.accept_languages.best_match(LANGUAGES) or "en"


def asked_language() -> Language:
    """Language of the answer to this request."""
    given = asked("lang")
    return language(given if given in LANGUAGES else browser_language())


def wants_page() -> bool:
    """Whether a person opens a page, not a program that asks."""
    inner = request.path.startswith(("/_", "/api/", "/download"))
    return (
        not inner
        and request.accept_mimetypes.accept_html
        and request.method
        in {
            "GET",
            "HEAD",
            "POST",
        }
    )


def _opens_a_file() -> bool:
    """Whether a person follows a link to a file, and would see a refusal."""
    mode = request.headers.get("Sec-Fetch-Mode", "")
    return request.path.startswith("/download") and mode == "navigate"


def page(template: str, status: int = 200, **values: object) -> Response:
    """Write one of the pages that need no script."""
    lang = asked_language()
    theme = asked("theme")
    body = render_template(
        template,
        lang=lang,
        say=lang.gettext,
        theme=theme if theme in THEMES else "light",
        variables=css_variables(),
        languages=LANGUAGES,
        **values,
    )
    answer = Response(body, status, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def words_of(status: int) -> str:
    """Give the words of a status; one without its own has those of its kind."""
    return WORDS.get(status, WORDS[400 if status < 500 else 500])


def refuse(status: int, message: str | None = None) -> Response:
    """Answer with a refusal, as a page or as JSON."""
    words = asked_language().gettext(message or words_of(status))
    if wants_page() or _opens_a_file():
        return page("refused.html", status, words=words)
    answer = jsonify({"error": words})
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
