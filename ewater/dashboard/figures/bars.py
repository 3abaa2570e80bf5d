"""Bars of volumes: side by side for each name, or lying, the largest on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.format import UNIT
from ewater.dashboard.theme import axis, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.i18n import Language

    Series = Sequence[tuple[str, str, Sequence[float | None]]]


def _scaled(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else value / HM3 for value in values]


def grouped(
    names: Sequence[str], series: Series, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw series (label, colour, m3) side by side; unknown has no bar."""
    colours = palette(theme)
    return {
        "data": [
            {
                "type": "bar",
                "name": label,
                "x": list(names),
                "y": _scaled(values),
                "marker": {"color": colours[colour]},
                "hovertemplate": f"%{{y:,.3~r}} {UNIT}<extra>{label}</extra>",
            }
            for label, colour, values in series
        ],
        "layout": {
            **base_layout(theme, lang),
            "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
            "barmode": "group",
            "xaxis": axis(theme, type="category"),
            "yaxis": axis(theme, title={"text": UNIT}, rangemode="tozero"),
            "legend": {"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom"},
        },
    }


def lying(
    names: Sequence[str], series: Series, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw series (label, colour, m3) as lying bars on top of each other."""
    colours = palette(theme)
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": label,
                "y": list(names),
                "x": _scaled(values),
                "marker": {"color": colours[colour]},
                "hovertemplate": f"%{{x:,.3~r}} {UNIT}<extra>{label}</extra>",
            }
            for label, colour, values in series
        ],
        "layout": {
            **base_layout(theme, lang),
            "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
            "barmode": "stack",
            "xaxis": axis(theme, title={"text": UNIT}, rangemode="tozero"),
            "yaxis": axis(theme, type="category", autorange="reversed"),
            "legend": {"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom"},
        },
    }
