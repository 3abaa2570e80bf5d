"""Shares by row and month as a field of colours; what is not due stays blank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.theme import SEQUENCES, axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.i18n import Language

_ROW = 15  # pixels
_BESIDE = 90  # axis and colours


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    *,
    title: str,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw shares (1 is all): rows from the top, one column for each month."""
    colours = palette(theme)
    steps = SEQUENCES[theme]
    scale = [[n / (len(steps) - 1), colour] for n, colour in enumerate(steps)]
    field = {
        "type": "heatmap",
        "x": list(columns),
        "y": list(rows),
        "z": [[None if s is None else 100 * s for s in row] for row in shares],
        "zmin": 0,
        "zmax": 100,
        "colorscale": scale,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "<b>%{y}</b>, %{x}<br>%{z:.0f} %<extra></extra>",
        "colorbar": {
            "title": {"text": title, "side": "right"},
            "ticksuffix": " %",
            "thickness": 10,
            "outlinewidth": 0,
            "tickfont": {"color": colours["muted"], "size": 11},
        },
    }
    return {
        "data": [field],
        "layout": {
            **base_layout(theme, lang),
            "height": max(_ROW * len(rows) + _BESIDE, 200),
            "xaxis": axis(theme, side="top", type="category", showgrid=False),
            "yaxis": axis(
                theme,
                autorange="reversed",
                type="category",
                showgrid=False,
                ticksuffix="  ",
            ),
        },
    }
