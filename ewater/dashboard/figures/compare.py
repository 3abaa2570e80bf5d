"""Sides of a comparison beside each other, and how far each is from the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import expanded, in_hm3, told
from ewater.dashboard.theme import alpha, axis, base_layout, mixed, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language

HEIGHT = 400
_COLOURS = ("muted", "accent", "use", "outflow", "agriculture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One side; ``signed`` says which lines have a sign.

    ``colour`` is a name of the palette and how much of it; the next of all if absent.
    """

    name: str
    quantities: Sequence[Quantity | None]
    signed: Sequence[bool]
    colour: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far a side is from the first, m3; ``half`` is U, None if not judged."""

    name: str
    values: Sequence[float | None]
    half: Sequence[float | None]


def _height(value: float | None, quantity: Quantity | None, *, signed: bool) -> Any:
    """Length of a bar: the value, or what is known of it if that bounds it."""
    if quantity is None:
        return None
    return in_hm3(value if value is not None or signed else quantity["known"] or None)


def sides(
    names: Sequence[str], series: Sequence[Series], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw the lines of all sides as bars with their U; a paler bar is a part."""
    colours = palette(theme)
    data = []
    for n, one in enumerate(series):
        name, share = one.colour or (_COLOURS[n % len(_COLOURS)], 1.0)
        colour = mixed(colours[name], colours["surface"], share)
        data.append(_key(one.name, names[:1], colour))
        pairs = list(zip(one.quantities, one.signed, strict=True))
        whole = [q is not None and q["value"] is not None for q, _ in pairs]
        data.append(
            {
                "type": "bar",
                "name": one.name,
                "showlegend": False,
                "legendgroup": one.name,
                "offsetgroup": one.name,
                "x": list(names),
                "y": [_height(q and q["value"], q, signed=s) for q, s in pairs],
                "error_y": {
                    "type": "data",
                    "array": [expanded(q["u"]) if q else None for q, _ in pairs],
                    "thickness": 1.3,
                    "width": 3,
                    "color": colours["ink"],
                },
                "marker": {
                    "color": [colour if w else alpha(colour, 0.35) for w in whole],
                    "line": {"color": colour, "width": 1},
                },
                "customdata": [
                    told(q, lang, signed=s) if q else fmt.DASH for q, s in pairs
                ],
                "hovertemplate": f"<b>%{{x}}</b>, {one.name}<br>%{{customdata}}"
                "<extra></extra>",
            }
        )
    return {"data": data, "layout": _layout(theme, lang)}


def _key(name: str, first: Sequence[str], colour: str) -> dict[str, Any]:
    """Stand for a side in the legend, which else is as pale as its first bar."""
    return {
        "type": "bar",
        "name": name,
        "legendgroup": name,
        "offsetgroup": name,
        "x": list(first),
        "y": [None] * len(first),
        "marker": {"color": colour},
        "hoverinfo": "skip",
    }


def differences(
    names: Sequence[str], series: Sequence[Difference], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw differences with their intervals; hollow where zero lies within."""
    colours = palette(theme)
    data = []
    for n, one in enumerate(series, 1):
        colour = colours[_COLOURS[n % len(_COLOURS)]]
        pairs = list(zip(one.values, one.half, strict=True))
        sure = [v is not None and (h is None or abs(v) > h) for v, h in pairs]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": one.name,
                "x": list(names),
                "y": [in_hm3(v) for v, _ in pairs],
                "error_y": {
                    "type": "data",
                    "array": [in_hm3(h) for _, h in pairs],
                    "thickness": 3,
                    "width": 0,
                    "color": alpha(colour, 0.7),
                },
                "marker": {
                    "size": 11,
                    "color": [colour if s else colours["surface"] for s in sure],
                    "line": {"color": colour, "width": 2},
                },
                "customdata": [
                    fmt.DASH
                    if v is None
                    else f"{fmt.signed_hm3(v, lang)} {fmt.UNIT}"
                    + ("" if h is None else f"  ± {fmt.hm3(h, lang)} (95 %)")
                    for v, h in pairs
                ],
                "hovertemplate": f"<b>%{{x}}</b>, {one.name}<br>%{{customdata}}"
                "<extra></extra>",
            }
        )
    layout = _layout(theme, lang)
    layout["scattermode"] = "group"
    layout["scattergap"] = 0.5
    return {"data": data, "layout": layout}


def _layout(theme: str, lang: Language) -> dict[str, Any]:
    colours = palette(theme)
    return {
        **base_layout(theme, lang),
        "height": HEIGHT,
        "margin": {"l": 58, "r": 12, "t": 34, "b": 40},
        "barmode": "group",
        "bargap": 0.28,
        "bargroupgap": 0.06,
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": axis(theme, type="category", showgrid=False),
        "yaxis": axis(
            theme,
            zeroline=True,
            title={
                "text": fmt.UNIT,
                "font": {"size": 11, "color": colours["muted"]},
                "standoff": 6,
            },
        ),
    }
