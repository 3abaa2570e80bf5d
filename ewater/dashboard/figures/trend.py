"""The same period of every year: a line with its uncertainty for each quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import band, expanded, in_hm3, told
from ewater.dashboard.theme import axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language

_ROW = 88  # pixels of one quantity
_GAP = 0.042  # of the height, between two: room for the words above each


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One quantity in every year."""

    name: str
    colour: str  # of the palette
    quantities: Sequence[Quantity]
    signed: bool = False


def height_of(count: int) -> int:
    """Height of a figure of so many lines, pixels."""
    return _ROW * count + 52


def trend(
    years: Sequence[str], lines: Sequence[Line], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw each quantity in a row of its own, over common years.

    A year in which something is missing breaks the line; what is known of it is a
    hollow mark.
    """
    colours = palette(theme)
    size = (1 - _GAP * (len(lines) - 1)) / max(1, len(lines))
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        **base_layout(theme, lang),
        "height": height_of(len(lines)),
        "margin": {"l": 64, "r": 16, "t": 22, "b": 26},
        "showlegend": False,
        "hovermode": "closest",
        "annotations": [],
    }
    for n, line in enumerate(lines):
        top = 1 - n * (size + _GAP)
        name = "" if n == 0 else str(n + 1)
        colour = colours[line.colour]
        data += _line(years, line, colour, f"y{name}", lang)
        layout[f"yaxis{name}"] = axis(
            theme,
            domain=[max(0.0, top - size), top],
            nticks=4,
            zeroline=line.signed,
            rangemode="normal" if line.signed else "tozero",
        )
        layout["annotations"].append(
            {
                "text": f"<b>{fmt.with_unit(line.name)}</b>",
                "xref": "paper",
                "yref": "paper",
                "x": 0.004,
                "y": top,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11, "color": colour},
            }
        )
    last = "" if len(lines) < 2 else str(len(lines))
    layout["xaxis"] = axis(theme, type="category", anchor=f"y{last}", showgrid=False)
    layout["xaxis"] |= {
        "categoryarray": list(years),
        "range": [-0.4, len(years) - 0.6],
    }
    return {"data": data, "layout": layout}


def _line(
    years: Sequence[str], line: Line, colour: str, place: str, lang: Language
) -> list[dict[str, Any]]:
    values = [in_hm3(q["value"]) for q in line.quantities]
    partly = [
        None if q["value"] is not None or line.signed else in_hm3(q["known"] or None)
        for q in line.quantities
    ]
    common = {
        "type": "scatter",
        "x": list(years),
        "yaxis": place,
        "name": line.name,
        "customdata": [told(q, lang, signed=line.signed) for q in line.quantities],
        "hovertemplate": f"<b>{line.name}</b>, %{{x}}<br>%{{customdata}}"
        "<extra></extra>",
    }
    half = [expanded(q["u"]) for q in line.quantities]
    return [
        *band(years, values, half, colour, yaxis=place),
        {
            **common,
            "mode": "lines+markers",
            "y": values,
            "connectgaps": False,
            "line": {"color": colour, "width": 2.2},
            "marker": {"size": 7, "color": colour},
        },
        {
            **common,
            "mode": "markers",
            "y": partly,
            "marker": {
                "size": 9,
                "symbol": "triangle-up-open",
                "color": colour,
                "line": {"width": 1.6},
            },
        },
    ]
