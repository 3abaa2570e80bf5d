"""Losses with their intervals, the largest first; what the next meters are worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ewater.dashboard import format as fmt
from ewater.dashboard.figures.parts import in_hm3
from ewater.dashboard.labels import STATUSES
from ewater.dashboard.theme import alpha, axis, base_layout, palette
from ewater.units import HM3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ewater.dashboard.i18n import Language

_KINDS = {"river": "inflow", "canal": "storage", "utility": "residual"}
_SYMBOLS = {"river": "circle", "canal": "square", "utility": "diamond"}


def losses(
    rows: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, str],
    *,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw each loss as a mark with its interval of 95 %.

    Parameters
    ----------
    rows
        ``name``, ``kind``, ``loss``, ``lower``, ``upper`` (m3), ``sure``, ``coverage``
        and ``status`` of the flows it rests on; without those whose loss is unknown.
    kinds
        Word of each kind.
    """
    colours = palette(theme)
    data = []
    for kind, word in kinds.items():
        of = [row for row in rows if row["kind"] == kind]
        if not of:
            continue
        colour = colours[_KINDS[kind]]
        data.append(_in_legend(word, colour, _SYMBOLS[kind]))
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": word,
                "showlegend": False,
                "y": [row["name"] for row in of],
                "x": [in_hm3(row["loss"]) for row in of],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [(row["upper"] - row["loss"]) / HM3 for row in of],
                    "arrayminus": [(row["loss"] - row["lower"]) / HM3 for row in of],
                    "color": alpha(colour, 0.75),
                    "thickness": 3,
                    "width": 0,
                },
                "marker": {
                    "size": 10,
                    "symbol": _SYMBOLS[kind],
                    "color": [
                        colour if row["sure"] else colours["surface"] for row in of
                    ],
                    "line": {"color": colour, "width": 2},
                },
                "customdata": [
                    f"{fmt.hm3(row['loss'], lang)} {fmt.UNIT} "
                    f"({fmt.hm3(row['lower'], lang)} … {fmt.hm3(row['upper'], lang)})"
                    f"<br>{lang.gettext('Coverage')} "
                    f"{fmt.percent(row['coverage'], lang)}, "
                    f"{lang.gettext(STATUSES[row['status']])}"
                    for row in of
                ],
                "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra></extra>",
            }
        )
    order = [row["name"] for row in rows]
    layout = {
        **base_layout(theme, lang),
        "height": height_of(len(rows)),
        "margin": {"l": 8, "r": 16, "t": 30, "b": 38},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": axis(
            theme, zeroline=True, title={"text": fmt.UNIT, "font": {"size": 11}}
        ),
        "yaxis": axis(
            theme,
            type="category",
            categoryarray=order,
            categoryorder="array",
            range=[len(order) - 0.5, -0.5],
            ticks="",
        ),
    }
    return {"data": data, "layout": layout}


def _in_legend(word: str, colour: str, symbol: str) -> dict[str, Any]:
    """Explain a colour: the marks of a kind may be hollow or filled."""
    marker = {"size": 10, "color": colour, "symbol": symbol}
    blank: list[None] = [None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": word,
        "x": blank,
        "y": blank,
        "marker": marker,
        "showlegend": True,
    }


def height_of(count: int) -> int:
    """Height of a figure of so many rows, pixels."""
    return max(474, 84 + 26 * count)


def meters(
    u: float,
    rows: Sequence[Mapping[str, Any]],
    *,
    theme: str,
    lang: Language,
) -> dict[str, Any]:
    """Draw how the uncertainty of a total falls, meter by meter.

    Parameters
    ----------
    u
        Standard uncertainty of the total before, m3.
    rows
        ``flow`` and ``left``, the share of the variance that remains with it.
    """
    colours = palette(theme)
    left = [fmt.EXPANSION * u / HM3 * math.sqrt(max(0.0, row["left"])) for row in rows]
    before = fmt.EXPANSION * u / HM3
    names = ["0", *(str(n) for n in range(1, len(rows) + 1))]
    told = [lang.gettext("as it is now"), *(str(row["name"]) for row in rows)]
    data = [
        {
            "type": "bar",
            "x": names,
            "y": [before, *left],
            "marker": {"color": [colours["muted"], *[colours["accent"]] * len(rows)]},
            "customdata": [
                f"{text}<br>± {fmt.figure(value, lang)} {fmt.UNIT} (95 %)"
                for text, value in zip(told, [before, *left], strict=True)
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]
    small = {"font": {"size": 11, "color": colours["muted"]}, "standoff": 6}
    layout = {
        **base_layout(theme, lang),
        "height": 330,
        "margin": {"l": 60, "r": 12, "t": 10, "b": 44},
        "bargap": 0.3,
        "xaxis": axis(
            theme,
            type="category",
            title={"text": lang.gettext("New meters, the most useful first"), **small},
        ),
        "yaxis": axis(
            theme, rangemode="tozero", title={"text": f"± U, {fmt.UNIT}", **small}
        ),
    }
    return {"data": data, "layout": layout}
