"""The notice that newer data came since the figures of an open page were computed.

The page keeps its figures, all of one run, while newer ones are computed elsewhere; it
looks every few seconds whether they are there, and offers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, dcc, html

from ewater.dashboard import overtaken, view
from ewater.dashboard.html import attributes
from ewater.dashboard.i18n import mark
from ewater.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.i18n import Language
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

TAKE = "renew"  # the button that takes the newer figures
_EVERY_MS = 10_000
_COMPUTING = mark("It is being computed anew.")
_FAILED = mark("Computing it anew failed, and is tried again.")
_READY = mark("Newer figures are ready.")
_TAKE = mark("Show them")


def parts() -> list[Any]:
    """Make the empty notice, its button, and the clock that looks again."""
    take = html.Button(id=TAKE, type="button", className="download", hidden=True)
    return [
        html.Div(
            [html.Span(id="renewal-words"), " ", take],
            id="renewal",
            hidden=True,
            className="renewal",
            **attributes(role="status"),
        ),
        dcc.Interval(id="watch", interval=_EVERY_MS),
    ]


def said(reader: CachedReader, state: State, lang: Language) -> tuple[str, bool]:
    """Say what overtook the figures shown, and whether newer ones are ready.

    Nothing is said of a state that was chosen (`frame.notices` does). Where newer
    figures are not ready, they begin to be computed.
    """
    if state.as_of:
        return "", False
    try:
        balance = view.load(reader, state).balance
    except NotReadyError:  # the page says why there is nothing
        return "", False
    words = overtaken.words(balance, reader.stale(balance["run"]), lang)
    if words is None:
        return "", False
    if reader.shown() != (state.seen or reader.shown()):
        return f"{words} {lang.gettext(_READY)}", True
    doing = _FAILED if reader.renew() else _COMPUTING
    return f"{words} {lang.gettext(doing)}", False


def register(app: Dash, reader: CachedReader) -> None:
    """Connect the notice."""

    @app.callback(
        Output("renewal-words", "children"),
        Output("renewal", "hidden"),
        Output(TAKE, "hidden"),
        Output(TAKE, "children"),
        Input("state", "data"),
        Input("watch", "n_intervals"),
    )
    def show(data: Mapping[str, Any], _: int | None) -> tuple[str, bool, bool, str]:
        state, lang = view.opened(data)
        words, is_ready = said(reader, state, lang)
        return words, not words, not is_ready, lang.gettext(_TAKE)
