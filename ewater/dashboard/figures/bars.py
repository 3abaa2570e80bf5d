"""Bars of volumes: side by side for each name, or lying, the largest on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard.figures.parts import expanded, in_hm3, told
from ewater.dashboard.format import UNIT
from ewater.dashboard.theme import alpha, axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language

    Known = Sequence[tuple[str, str, Sequence[Quantity | None]]]


_UNIT = {"text": UNIT, "font": {"size": 11}}


def _errors(values: Sequence[Quantity | None], colours: Mapping[str, str]) -> Any:
    """Draw U where there is a value to have one; of nothing there is none."""
    return {
        "type": "data",
        "array": [(q and expanded(q["u"])) or None for q in values],
        "color": colours["ink"],
        "thickness": 1.4,
        "width": 4,
    }


def _hover(values: Sequence[Quantity | None], lang: Language) -> list[str]:
    return ["" if q is None else told(q, lang) for q in values]


def grouped(
    names: Sequence[str], series: Known, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw series (label, colour, quantities) side by side with ± U.

    What is unknown has no bar.
    """
    colours = palette(theme)
    return {
        "data": [
            {
                "type": "bar",
                "name": label,
                "x": list(names),
                "y": [q and in_hm3(q["value"]) for q in values],
                "error_y": _errors(values, colours),
                "marker": {"color": colours[colour]},
                "customdata": _hover(values, lang),
                "hovertemplate": f"%{{customdata}}<extra>{label}</extra>",
            }
            for label, colour, values in series
        ],
        "layout": {
            **base_layout(theme, lang),
            "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
            "barmode": "group",
            "xaxis": axis(theme, type="category"),
            "yaxis": axis(theme, title=_UNIT, rangemode="tozero"),
            "legend": {"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom"},
        },
    }


def lying(
    names: Sequence[str], series: Known, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw series (label, colour, quantities) as lying bars that go on from each other.

    Each part has its own ± U at its end.
    """
    colours = palette(theme)
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": label,
                "y": list(names),
                "x": [q and in_hm3(q["value"]) for q in values],
                "error_x": _errors(values, colours),
                "marker": {"color": colours[colour]},
                "customdata": _hover(values, lang),
                "hovertemplate": f"<b>%{{y}}</b>, {label}<br>%{{customdata}}"
                "<extra></extra>",
            }
            for label, colour, values in series
        ],
        "layout": {
            **base_layout(theme, lang),
            "margin": {"l": 8, "r": 8, "t": 34 if len(series) > 1 else 12, "b": 8},
            "barmode": "stack",
            "xaxis": axis(theme, title=_UNIT, rangemode="tozero"),
            "yaxis": axis(theme, type="category", autorange="reversed"),
            "legend": {"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom"},
        },
    }


def measured(
    names: Sequence[str],
    quantities: Sequence[Quantity],
    label: str,
    colour: str,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw quantities as lying bars with ± U; a hatched one is what is known of it."""
    drawn = palette(theme)[colour]
    whole = [q["value"] is not None for q in quantities]
    figure = lying(names, [(label, colour, quantities)], theme, lang)
    figure["data"][0] |= {
        "x": [in_hm3(q["known"]) for q in quantities],
        "marker": {
            "color": [drawn if w else alpha(drawn, 0.25) for w in whole],
            "line": {"color": drawn, "width": 1},
            "pattern": {
                "shape": ["" if w else "/" for w in whole],
                "fgcolor": drawn,
                "size": 6,
                "solidity": 0.25,
            },
        },
    }
    figure["layout"]["xaxis"] |= {"rangemode": "normal", "zeroline": True}
    return figure
