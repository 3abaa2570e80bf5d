"""What a territory receives from and gives to each partner, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import expanded, in_hm3, told
from ewater.dashboard.theme import alpha, axis, base_layout, palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

_LEAST = 250


def height_of(count: int) -> int:
    """Height of a figure of so many partners, pixels."""
    return max(_LEAST, 96 + 40 * count)


def partners(
    rows: Sequence[Mapping[str, Any]], *, theme: str, lang: Language
) -> dict[str, Any]:
    """Draw what comes to the right and what goes to the left.

    Parameters
    ----------
    rows
        ``name``, ``received``, ``given`` (quantities, None where a divided account
        leaves only the net) and ``net``.
    """
    colours = palette(theme)
    ways = (
        ("received", lang.gettext("Received"), colours["inflow"], 1.0),
        ("given", lang.gettext("Given"), colours["outflow"], -1.0),
    )
    data = [_bars(rows, *way, lang) for way in ways]
    data.append(_net(rows, lang.gettext("Net"), colours["ink"], lang))
    layout = {
        **base_layout(theme, lang),
        "height": height_of(len(rows)),
        "margin": {"l": 8, "r": 16, "t": 30, "b": 38},
        "barmode": "relative",
        "bargap": 0.45,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": axis(
            theme, zeroline=True, title={"text": fmt.UNIT, "font": {"size": 11}}
        ),
        "yaxis": axis(theme, autorange="reversed", ticks=""),
    }
    return {"data": data, "layout": layout}


def _bars(
    rows: Sequence[Mapping[str, Any]],
    key: str,
    name: str,
    colour: str,
    sign: float,
    lang: Language,
) -> dict[str, Any]:
    quantities = [row[key] for row in rows]
    lengths = [None if q is None else in_hm3(q["known"] or None) for q in quantities]
    whole = [q is not None and q["value"] is not None for q in quantities]
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [row["name"] for row in rows],
        "x": [None if x is None else sign * x for x in lengths],
        "marker": {
            "color": [colour if w else alpha(colour, 0.35) for w in whole],
            "line": {"color": colour, "width": 1},
        },
        "customdata": ["" if q is None else told(q, lang) for q in quantities],
        "hovertemplate": f"<b>%{{y}}</b>, {name}<br>%{{customdata}}<extra></extra>",
    }


def _net(
    rows: Sequence[Mapping[str, Any]], name: str, colour: str, lang: Language
) -> dict[str, Any]:
    nets = [row["net"] for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "y": [row["name"] for row in rows],
        "x": [in_hm3(q["value"]) for q in nets],
        "error_x": {
            "type": "data",
            "array": [expanded(q["u"]) for q in nets],
            "color": colour,
            "thickness": 1.4,
            "width": 4,
        },
        "marker": {"symbol": "diamond", "size": 8, "color": colour},
        "customdata": [told(q, lang, signed=True) for q in nets],
        "hovertemplate": f"<b>%{{y}}</b>, {name}<br>%{{customdata}}<extra></extra>",
    }
