"""Explain: a drawer beside the page that says what made one of its figures.

The script of the page puts what was clicked into a store; everything else is computed
here, under the scope of the asker.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update

from ewater.dashboard import naming, view
from ewater.dashboard.exhibits import explained
from ewater.dashboard.exhibits.table import insufficient
from ewater.dashboard.pages.registry import page_at
from ewater.dashboard.reasons import why_not
from ewater.errors import EWaterError, ForbiddenError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State as View

ASKED, DRAWER = "explain-asked", "explain"
_TOP = 8  # flows and sources listed
_LONGEST = 200  # characters of a cell


def drawer() -> list[Any]:
    """Make the empty drawer and what opens it."""
    return [
        dcc.Store(id=ASKED),
        dmc.Drawer(
            html.Div(id=f"{DRAWER}-content"),
            id=DRAWER,
            position="right",
            size="min(680px, 100vw)",
            opened=False,
            title="",
            closeButtonProps={"aria-label": "×"},
        ),
    ]


def register(app: Dash, reader: CachedReader) -> None:
    """Fill the drawer when a figure is asked for."""

    @app.callback(
        Output(DRAWER, "opened"),
        Output(DRAWER, "title"),
        Output(DRAWER, "closeButtonProps"),
        Output(f"{DRAWER}-content", "children"),
        Input(ASKED, "data"),
        State("state", "data"),
        prevent_initial_call=True,
    )
    def show(asked: Mapping[str, Any] | None, data: Mapping[str, Any]) -> Any:
        state, lang = view.opened(data)
        if not asked:
            return [no_update] * 4
        name = str(asked.get("name", ""))[:_LONGEST]
        title = lang.gettext("Explain {name}").format(name=name)
        close = {"aria-label": lang.gettext("Close")}
        try:
            document = explanation(reader, state, asked)
            around = state.with_changes(territory=document["territory"])
            called = naming.touching(reader, around, lang)
        except ForbiddenError:
            raise
        except EWaterError as error:
            return True, title, close, insufficient(why_not(error, lang), lang)
        shown = explained.content(
            document,
            state,
            lang,
            series_page=page_at("/series") is not None,
            called=called,
        )
        return True, title, close, shown


def explanation(
    reader: CachedReader, state: View, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask what made a cell of the view, or of the territory and period named.

    Raises
    ------
    UsageError
        What is asked makes no sense.
    ForbiddenError
        The territory is outside the scope.
    """
    cell = str(asked.get("cell", ""))[:_LONGEST]
    territory = str(asked.get("territory") or state.territory)
    try:
        start, end = (
            date.fromisoformat(given) if (given := str(asked.get(name) or "")) else own
            for name, own in (("start", state.start), ("end", state.end))
        )
    except ValueError as error:
        raise UsageError(f"no such day: {error}") from error
    years = reader.years()
    if not (start < end and years[0] <= start.year and end.year <= years[-1] + 2):
        raise UsageError(f"there is no account from {start} to {end}")
    told = reader.explain(
        cell, territory, start, end, state.boundary, state.basis, "chunks", _TOP
    )
    return {**told, "stale": reader.stale(told["run"])}
