"""The skeleton of the overview: key figures above a board of exhibits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from ewater.dashboard.exhibits import board

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.exhibits import Exhibit
    from ewater.dashboard.i18n import Language
    from ewater.dashboard.state import State


def layout(exhibits: Sequence[Exhibit], state: State, lang: Language) -> html.Div:
    """Make the empty page."""
    return html.Div(
        [
            html.Div(id="kpis", className="kpis"),
            board("overview", exhibits, state, lang),
        ]
    )
