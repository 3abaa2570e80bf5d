"""How full reservoirs are, beside what was usual on the same day of past years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard.theme import alpha, axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Fullness:
    """One reservoir; shares of its capacity, None where unknown."""

    name: str
    full: float | None
    dead: float | None
    past: tuple[float, float, float] | None  # 10, 50, 90 %
    hover: str


def fullness(
    reservoirs: Sequence[Fullness],
    words: Mapping[str, str],
    *,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw a bar for each, the fullest on top; ``words`` name the parts."""
    colours = palette(theme)
    rows = list(reversed(reservoirs))
    names = [row.name for row in rows]

    def bar(values: list[float | None], name: str, colour: str) -> dict[str, Any]:
        return {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": values,
            "name": name,
            "marker": {"color": colour},
            "customdata": [row.hover for row in rows],
            "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra></extra>",
        }

    dead = [_percent(_below(row)) for row in rows]
    live = [
        None if row.full is None else _percent(row.full - (_below(row) or 0.0))
        for row in rows
    ]
    usual = [row for row in rows if row.past is not None]
    middle = [100 * row.past[1] for row in usual if row.past]
    traces = [
        bar(dead, words["dead"], alpha(colours["storage"], 0.45)),
        bar(live, words["live"], colours["storage"]),
        {
            "type": "scatter",
            "mode": "markers",
            "y": [row.name for row in usual],
            "x": middle,
            "name": words["usual"],
            "marker": {
                "symbol": "line-ns-open",
                "size": 13,
                "color": colours["ink"],
                "line": {"width": 2.5, "color": colours["ink"]},
            },
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": [
                    100 * (row.past[2] - row.past[1]) for row in usual if row.past
                ],
                "arrayminus": [
                    100 * (row.past[1] - row.past[0]) for row in usual if row.past
                ],
                "color": colours["ink"],
                "thickness": 1.2,
                "width": 3,
            },
            "hovertemplate": "%{x:.0f} %<extra>%{fullData.name}</extra>",
        },
    ]
    top = max([100.0, *(100 * row.full for row in rows if row.full is not None)])
    return {
        "data": traces,
        "layout": {
            **base_layout(theme, lang),
            "barmode": "stack",
            "bargap": 0.35,
            "margin": {"l": 8, "r": 16, "t": 30, "b": 8},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.0,
                "yanchor": "bottom",
                "traceorder": "normal",
            },
            "xaxis": axis(theme, range=[0, top + 4], ticksuffix=" %"),
            "yaxis": axis(theme, gridcolor=colours["surface"], ticksuffix="  "),
            "shapes": [
                {
                    "type": "line",
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "x0": 100,
                    "x1": 100,
                    "line": {"color": colours["muted"], "width": 1, "dash": "dash"},
                }
            ],
        },
    }


def _below(row: Fullness) -> float | None:
    """Part of the dead volume that is filled."""
    if row.full is None or row.dead is None:
        return None
    return min(row.full, row.dead)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
